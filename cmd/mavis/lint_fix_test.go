package main

import (
	"bytes"
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"mavis/testdata/peer"
)

func TestReplaceFile(t *testing.T) {
	dir := t.TempDir()
	real, link := filepath.Join(dir, "real.conf"), filepath.Join(dir, "link.conf")
	if err := os.WriteFile(real, []byte("old"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(real, 0o604); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("real.conf", link); err != nil {
		t.Fatal(err)
	}
	if err := replaceFile(link, []byte("new"), []byte("something else"), 0o644); err == nil {
		t.Error("a file that was changed in the meantime was replaced")
	}
	if err := replaceFile(link, []byte("new"), []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(real); err != nil || string(text) != "new" {
		t.Errorf("the file holds %q, %v", text, err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v", err)
	}
	if info, err := os.Stat(real); err != nil || info.Mode().Perm() != 0o604 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if names, err := os.ReadDir(dir); err != nil || len(names) != 2 {
		t.Errorf("something was left behind: %v, %v", names, err)
	}
	if os.Geteuid() == 0 {
		if err := os.Chown(real, 1, 2); err != nil {
			t.Fatal(err)
		}
		if err := replaceFile(real, []byte("newer"), []byte("new"), 0o644); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command("stat", "-c", "%u:%g", real).Output(); err != nil || string(out) != "1:2\n" {
			t.Errorf("owner %s, %v", out, err)
		}
	}
	if err := replaceFile(filepath.Join(dir, "fresh"), []byte("x"), nil, 0o644); err != nil {
		t.Error(err)
	}
	if err := replaceFile(filepath.Join(dir, "no", "where"), []byte("x"), nil, 0o644); err == nil {
		t.Error("a file was made in a folder that is not there")
	}
}

// TestUnified lets patch(1) apply the differences of random texts.
func TestUnified(t *testing.T) {
	patch := peer.Need(t, "patch")
	r := rand.New(rand.NewSource(1))
	text := func() []byte {
		var b bytes.Buffer
		for range r.Intn(40) {
			fmt.Fprintf(&b, "line %d\n", r.Intn(8))
		}
		if r.Intn(4) == 0 {
			b.WriteString("no newline")
		}
		return b.Bytes()
	}
	dir := t.TempDir()
	for i := range 60 {
		old, new := text(), text()
		if i%3 == 0 { // a small change of a longer text
			new = append(append([]byte{}, old...), "tail\n"...)
		}
		diff := unified("f", old, new)
		if bytes.Equal(old, new) {
			if len(diff) > 0 {
				t.Errorf("equal texts differ: %s", diff)
			}
			continue
		}
		file, out := filepath.Join(dir, "f"), filepath.Join(dir, "out")
		if err := os.WriteFile(file, old, 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(patch, "-s", "-o", out, file)
		cmd.Stdin = bytes.NewReader(diff)
		if msg, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("patch: %v %s\n%s", err, msg, diff)
		}
		if got, err := os.ReadFile(out); err != nil || !bytes.Equal(got, new) {
			t.Fatalf("patch made %q of %q, want %q (%v)\n%s", got, old, new, err, diff)
		}
	}
}
