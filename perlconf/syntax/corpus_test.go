package syntax

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mavis/perlconf/diag"
	"mavis/perlconf/source"
	"mavis/testdata/peer"
)

// amavisWords are the words of amavisd that a configuration uses without parentheses, as rules/load would pass them in.
func amavisWords() map[string]*string {
	m := map[string]*string{}
	empty := ""
	for _, w := range wordsOf(`D_DISCARD D_BOUNCE D_REJECT D_PASS D_TEMPFAIL CC_CATCHALL CC_CLEAN CC_MTA CC_OVERSIZED CC_BADH
		CC_SPAMMY CC_SPAM CC_UNCHECKED CC_BANNED CC_VIRUS EC_ENOERR`) {
		m[w] = &empty
	}
	for _, w := range wordsOf(`new_RE read_hash read_array read_text read_cidr read_l10n_templates ask_daemon ask_clamav
		include_config_files include_optional_config_files dkim_key do_log ll c cr ca sanitize_str build_mime_entity
		iso8601_timestamp am_id`) {
		m[w] = nil
	}
	return m
}

func parseText(name, text string) (*File, *diag.Bag) {
	bag := &diag.Bag{}
	f := Parse(source.New(name, []byte(text)), Options{Protos: amavisWords(), Package: "Amavis::Conf"}, bag)
	return f, bag
}

// TestCorpusParses reads every configuration that the original loads.
func TestCorpusParses(t *testing.T) {
	dir := peer.Shared(t, "corpus")
	index, err := os.ReadFile(filepath.Join(dir, "INDEX.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	loads := map[string]bool{}
	for _, line := range strings.Split(string(index), "\n") {
		f := strings.Split(line, "\t")
		if len(f) > 5 {
			loads[f[0]] = f[5] == "loads" || len(f) > 7 && f[7] == "loads"
		}
	}
	n := 0
	err = filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		if strings.HasPrefix(name, "clamd") || strings.HasSuffix(name, ".gz") || strings.Contains(name, "clamd") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		_, bag := parseText(name, string(text))
		if loads[name] {
			n++
			for _, d := range bag.All {
				if d.Severity == diag.Error {
					t.Errorf("%v", d)
				}
			}
		} else if testing.Verbose() {
			for _, d := range bag.All {
				t.Logf("(does not load) %v", d)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n < 190 {
		t.Errorf("only %d files that load were found", n)
	}
}
