package shadow

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestTail(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(name, []byte("old\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := make(chan string, 10)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- (&tail{name: name, pause: time.Millisecond}).follow(ctx, func(s string) { got <- s })
	}()
	next := func(want string) {
		t.Helper()
		select {
		case s := <-got:
			if s != want {
				t.Fatalf("%q, want %q", s, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("no line, want %q", want)
		}
	}
	write := func(s string) {
		t.Helper()
		f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(s); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	for i := 0; ; i++ { // until the follower has found the end
		write("probe\n")
		select {
		case <-got:
		case <-time.After(20 * time.Millisecond):
			continue
		}
		break
	}
	write("one\ntw")
	for s := range got {
		if s == "one" {
			break
		}
	}
	write("o\n")
	next("two")
	if err := os.Rename(name, name+".1"); err != nil {
		t.Fatal(err)
	}
	write("three\n")
	next("three")
	if err := os.WriteFile(name, nil, 0o600); err != nil { // copytruncate
		t.Fatal(err)
	}
	time.Sleep(20 * time.Millisecond)
	write("four\n" + strings.Repeat("x", 100<<10) + "\nfive\n")
	next("four")
	if s := <-got; len(s) > 100<<10 {
		t.Errorf("line of %d bytes", len(s))
	}
	next("five")
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
