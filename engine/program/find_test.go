package program

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFind(t *testing.T) {
	one, two := t.TempDir(), t.TempDir()
	for _, f := range []string{filepath.Join(one, "gzip"), filepath.Join(two, "7za"), filepath.Join(two, "gzip")} {
		if err := os.WriteFile(f, []byte("#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(one, "plain"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(one, "folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	path := []string{one, two}
	for _, c := range []struct {
		name string
		alts []string
		want []string
	}{
		{"first folder wins", []string{"gzip -d"}, []string{filepath.Join(one, "gzip"), "-d"}},
		{"first alternative found wins", []string{"7zr", "7za", "gzip"}, []string{filepath.Join(two, "7za")}},
		{"absolute", []string{filepath.Join(two, "7za") + " x -y"}, []string{filepath.Join(two, "7za"), "x", "-y"}},
		{"not executable", []string{"plain"}, nil},
		{"a folder", []string{"folder"}, nil},
		{"relative names are not looked up", []string{"bin/gzip"}, nil},
		{"nothing", []string{"", " "}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok := Find(c.alts, path)
			if d := cmp.Diff(c.want, got); d != "" || ok != (c.want != nil) {
				t.Errorf("found %v: %s", ok, d)
			}
		})
	}
}
