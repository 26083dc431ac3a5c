package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"mavis/testdata/peer"
	"mavis/testdata/seed"
)

// What docs/explain.md shows is what the commands print. A line … stands for any number of lines.
func TestDocsShowWhatCommandsPrint(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(peer.Repo(t), "docs", "explain.md"))
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	changed := strings.NewReplacer("$final_virus_destiny      = D_DISCARD", "$final_virus_destiny      = D_REJECT",
		"'*** SPAM *** '", "'[spam] '").Replace(string(seed.Config))
	files := map[string]string{"amavisd.conf": string(seed.Config), "new.conf": changed,
		"local.conf": "use strict;\n$log_level = 3;\n$sa_kill_level_deflt = 6.5;\n$policy_bank{'MYNETS'} = { originating => 1, final_spam_destiny => D_BOUNCE };\n1;\n",
		"late.conf":  "@bypass_spam_checks_maps = ();\n$recipient_delimiter = '+';\n1;\n"}
	blocks := regexp.MustCompile("(?s)```console\n\\$ ([^\n]*)\n(.*?)```\n").FindAllStringSubmatch(string(text), -1)
	if len(blocks) < 9 {
		t.Fatalf("%d examples", len(blocks))
	}
	for _, b := range blocks {
		if name, ok := strings.CutPrefix(b[1], "cat "); ok {
			files[name] = b[2]
			files["new.suite"] = strings.ReplaceAll(b[2], "amavisd.conf", "new.conf")
		}
	}
	for name, content := range files {
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, b := range blocks {
		args := strings.Fields(b[1])
		if args[0] == "cat" {
			continue
		}
		var out, errs bytes.Buffer
		if status := run(args[1:], streams{&out, &errs}); status > 1 || errs.Len() > 0 {
			t.Errorf("%s: status %d, %s", b[1], status, errs.String())
		}
		if !fits(strings.Split(b[2], "\n"), strings.Split(out.String(), "\n")) {
			t.Errorf("%s prints\n%s", b[1], out.String())
		}
	}
}

// fits compares lines; … in want stands for any number of lines.
func fits(want, got []string) bool {
	for i, w := range want {
		if w == "…" {
			for n := 0; n <= len(got)-i; n++ {
				if fits(want[i+1:], got[i+n:]) {
					return true
				}
			}
			return false
		}
		if i >= len(got) || got[i] != w {
			return false
		}
	}
	return len(want) == len(got)
}
