package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mavis/testdata/peer"
)

var updateDocs = flag.Bool("update-docs", false, "write what the commands in docs/lint.md print into it")

// TestLintPage runs the commands shown in docs/lint.md on the published seed.
func TestLintPage(t *testing.T) {
	seed, err := os.ReadFile(peer.Shared(t, "corpus", "seed-as-published.conf"))
	if err != nil {
		t.Fatal(err)
	}
	page := filepath.Join(peer.Repo(t), "docs", "lint.md")
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	if err := os.WriteFile("amavisd.conf", seed, 0o600); err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(text), "```\n")
	ran := 0
	for i := 1; i < len(blocks); i += 2 {
		command, was, _ := strings.Cut(blocks[i], "\n")
		args, ok := strings.CutPrefix(command, "$ mavis ")
		if !ok {
			t.Fatalf("a block that shows no command: %s", command)
		}
		ran++
		var out, errs bytes.Buffer
		run(strings.Fields(args), streams{&out, &errs})
		if errs.Len() > 0 {
			t.Errorf("%s: %s", command, errs.String())
		}
		now := strings.TrimRight(out.String(), "\n") + "\n"
		if now != was && !*updateDocs {
			t.Errorf("%s: the page shows something else (-update-docs writes it anew)\n%s", command, unified("docs/lint.md", []byte(was), []byte(now)))
		}
		blocks[i] = command + "\n" + now
	}
	if ran < 4 {
		t.Errorf("%d commands were found", ran)
	}
	if *updateDocs {
		if err := os.WriteFile(page, []byte(strings.Join(blocks, "```\n")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
