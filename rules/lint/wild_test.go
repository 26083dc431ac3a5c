package lint_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mavis/perlconf/clamconf"
	"mavis/perlconf/diag"
	"mavis/perlconf/source"
	"mavis/rules"
	"mavis/rules/lint"
	"mavis/rules/load"
	"mavis/testdata/peer"
)

// TestWild finds what is wrong in configurations that people have published, at its line.
func TestWild(t *testing.T) {
	for _, c := range []struct{ code, file, line, text string }{
		{"L301", "amavis/028-slackermail-slackermail-amavisd.conf", "83", "'127.0.0.1' is never looked at"},
		{"L301", "multi/sl4dy-gpgalias", "21", "this table is never looked at"},
		{"L302", "amavis/117-peterlholm-docker-mailserver-amavis.conf", "11", "so do 15 more"},
		{"L303", "amavis/086-plumzl-mail-server-conf-50-user.conf", "11", "every domain local"},
		{"B301", "amavis/019-iredmail-dockerized-amavisd.conf", "587", "nothing loads policy bank NO_SPAM_CHECK"},
		{"B302", "amavis/002-amtc-aiolinux01-amavisd.conf", "71", "port 10026; policy bank ORIGINATING is never loaded"},
		{"B303", "amavis/019-iredmail-dockerized-amavisd.conf", "101", "policy bank MLMMJ"},
		{"B304", "multi/sl4dy-gpgalias", "7", "policy bank WHITELIST is not defined"},
		{"S301", "amavis/002-amtc-aiolinux01-amavisd.conf", "325", "unfreeze, freeze -d"},
		{"S304", "amavis/006-benedekl-docker-amavis-amavisd.conf", "12", "no mail is scanned"},
		{"D302", "amavis/009-boklm-mageia-puppet-amavisd.conf", "64", "port 10025"},
		{"D303", "amavis/060-dejanstrbac-rspamd-slac-2019-51-kurs.conf", "56", "bounce viruses"},
		{"D304", "amavis/026-probesys-agentj-amavisd.conf", "76", "no bounce is sent"},
		{"D306", "amavis/035-williamfromtw-docker-postfix-ad-amavisd.conf", "169", "'HOST_NAME'"},
		{"D307", "amavis/011-clearos-amavisd-new-amavisd.conf", "16", "$mydomain is not set"},
		{"Q302", "amavis/002-amtc-aiolinux01-amavisd.conf", "", "$QUARANTINEDIR is not set"},
		{"C301", "amavis/002-amtc-aiolinux01-amavisd.conf", "", "CVE-2024-28054"},
		{"C303", "amavis/002-amtc-aiolinux01-amavisd.conf", "342", "do_lha"},
	} {
		t.Run(c.code, func(t *testing.T) {
			files := []string{peer.Shared(t, "corpus", c.file)}
			if info, err := os.Stat(files[0]); err == nil && info.IsDir() {
				files, _ = filepath.Glob(filepath.Join(files[0], "*"))
			}
			found, _ := wild(files)
			for _, d := range found {
				if d.Code == c.code && strings.Contains(d.Message, c.text) && (c.line == "" || strings.Contains(d.Span.String(), ":"+c.line+":")) {
					return
				}
			}
			t.Errorf("%s at line %s is not among %v", c.code, c.line, found)
		})
	}
}

// wild lints files as on a foreign machine, without what loading itself says.
func wild(files []string) ([]diag.Diagnostic, *load.Result) {
	bag := &diag.Bag{}
	res, _ := load.Files(load.Options{StubMissing: true, KeepGoing: true, Bag: bag}, files...)
	cfg := rules.Bind(res.Vars, bag)
	bag.All = nil
	lint.Run(lint.Input{Config: cfg, Loaded: res}, bag)
	return bag.All, res
}

// TestWildClamd holds every published clamd.conf against the stock scanner entry.
func TestWildClamd(t *testing.T) {
	dir := peer.Shared(t, "corpus", "clamd")
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	const conf = `$daemon_user = 'amavis'; $max_servers = 4; $mydomain = 'example.com';
@av_scanners = ( ['ClamAV-clamd', \&ask_daemon, ["CONTSCAN {}\n", '/var/run/clamav/clamd.ctl'],
  qr/\bOK$/m, qr/\bFOUND$/m, qr/^.*?: (?!Infected Archive)(.*) FOUND$/m] );
`
	name := filepath.Join(t.TempDir(), "amavisd.conf")
	if err := os.WriteFile(name, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	res, err := load.Files(load.Options{}, name)
	if err != nil {
		t.Fatal(err)
	}
	cfg := rules.Bind(res.Vars, &diag.Bag{})
	count := map[string]int{}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		file := source.New(filepath.Base(f), text)
		bag := &diag.Bag{}
		lint.Run(lint.Input{Config: cfg, Loaded: res, Clamd: []lint.Clamd{{File: file, Config: clamconf.Parse(file, &diag.Bag{})}}}, bag)
		for _, d := range bag.All {
			if d.Code[0] != 'X' {
				continue
			}
			count[d.Code]++
			set := func(option string) bool {
				return strings.Contains("\n"+string(text), "\n"+option+" ") || strings.Contains("\n"+string(text), "\n"+option+"\t")
			}
			switch {
			case d.Code == "X401" && !set("LocalSocket") && !set("TCPSocket"), d.Code == "X402" && !set("User"), d.Code == "X403" && !set("ScanMail"),
				d.Code == "X405" && !set("MaxThreads"), d.Code == "X401" && strings.Contains(string(text), "\nLocalSocket /var/run/clamav/clamd.ctl\n"):
				t.Errorf("%s: %v", f, d)
			}
		}
	}
	t.Log(count)
	for _, code := range []string{"X401", "X402", "X403", "X405"} {
		if count[code] == 0 {
			t.Errorf("%s is never found", code)
		}
	}
}

// TestWildErrors lets no rule call a configuration faulty that the original loads.
func TestWildErrors(t *testing.T) {
	index, err := os.ReadFile(peer.Shared(t, "corpus", "INDEX.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	looked := 0
	for line := range strings.Lines(string(index)) {
		f := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if len(f) < 6 || f[5] != "loads" || !strings.HasPrefix(f[0], "amavis/") && !strings.HasPrefix(f[0], "snippets/") {
			continue
		}
		looked++
		found, _ := wild([]string{peer.Shared(t, "corpus", f[0])})
		for _, d := range found {
			if d.Severity == diag.Error || d.Code == lint.CodeRuleFailed {
				t.Errorf("%s: %v", f[0], d)
			}
		}
	}
	if looked < 150 {
		t.Errorf("only %d files were looked at", looked)
	}
}
