package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"mavis/rules/lint"
	"mavis/testdata/peer"
)

// TestEveryCodeHasAPage looks for codes in all sources of the program: each must be in the catalogue.
func TestEveryCodeHasAPage(t *testing.T) {
	code := regexp.MustCompile(`"([PVLRBSDQXCKY][0-9]{3})"`)
	seen := map[string]bool{}
	err := filepath.WalkDir(peer.Repo(t), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range code.FindAllSubmatch(text, -1) {
			seen[string(m[1])] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(seen) < 100 {
		t.Errorf("only %d codes were found: the test looks at the wrong place", len(seen))
	}
	for c := range seen {
		if r, ok := lint.Find(c); !ok || r.Page.What == "" {
			t.Errorf("%s has no page", c)
		}
	}
}
