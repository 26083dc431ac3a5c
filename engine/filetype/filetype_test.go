package filetype

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func write(t *testing.T, dir, name, data string) string {
	t.Helper()
	p := filepath.Join(dir, name)
	if err := os.WriteFile(p, []byte(data), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestFileProgram(t *testing.T) {
	program, err := exec.LookPath("file")
	if err != nil {
		t.Skip("file(1) is not installed")
	}
	defer goleak.VerifyNone(t)
	dir := t.TempDir()
	c := New(program, Options{Files: 3})
	defer c.Close()
	var paths []string
	for i := range 10 {
		paths = append(paths, write(t, dir, fmt.Sprintf("p%03d", i), strings.Repeat("text\n", i+1)))
	}
	paths = append(paths, write(t, dir, "zip", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"), filepath.Join(dir, "absent"))
	got, err := c.Classify(context.Background(), paths)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		if got[i] != "ASCII text" {
			t.Errorf("%s: %q", paths[i], got[i])
		}
	}
	if !strings.HasPrefix(got[10], "gzip compressed data") || !strings.Contains(got[11], "cannot open") {
		t.Errorf("got %q", got[10:])
	}
}

func TestProgramDiesAndStalls(t *testing.T) {
	defer goleak.VerifyNone(t)
	dir := t.TempDir()
	p := write(t, dir, "p001", "x")
	script := write(t, dir, "half", "#!/bin/sh\nread x\necho one\nread x\nexit 1\n")
	os.Chmod(script, 0o700)
	c := New(script, Options{})
	defer c.Close()
	got, err := c.Classify(context.Background(), []string{p, p})
	if err != nil || len(got) != 2 || got[1] != "one" {
		t.Errorf("after a restart: %q, %v", got, err)
	}
	stall := New("/bin/sleep", Options{Args: []string{"60"}, Patience: 50 * time.Millisecond})
	defer stall.Close()
	if _, err := stall.Classify(context.Background(), []string{p}); err == nil {
		t.Error("a stalled program gave no error")
	}
	if _, err := c.Classify(context.Background(), []string{"a\nb"}); err == nil {
		t.Error("a name with a newline was taken")
	}
}

func TestGuess(t *testing.T) {
	for data, want := range map[string]string{
		"":                                     "empty",
		"plain\n":                              "ASCII text",
		"caf\xc3\xa9":                          "UTF-8 Unicode text",
		"caf\xe9":                              "ISO-8859 text",
		"PK\x03\x04....":                       "Zip archive data",
		"<HTML><body>":                         "HTML document text",
		"\x00\x01\x02":                         "data",
		"MZ" + strings.Repeat("\x00", 80):      "MS-DOS executable",
		"begin 644 x\n#0V%T\n`\nend\n":         "uuencoded text",
		"\x1f\x8b\x08":                         "gzip compressed data",
		"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00": "Composite Document File V2 Document",
	} {
		if got := Guess([]byte(data)); got != want {
			t.Errorf("Guess(%q) = %q, want %q", data, got, want)
		}
	}
}

func FuzzGuess(f *testing.F) {
	for _, m := range table {
		f.Add([]byte(strings.Repeat("\x00", min(m.at, 600)) + m.bytes))
	}
	f.Add([]byte("MZ" + strings.Repeat("\xff", 80)))
	f.Fuzz(func(t *testing.T, b []byte) {
		if Guess(b) == "" {
			t.Error("no answer")
		}
	})
}
