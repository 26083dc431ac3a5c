package filetype

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mavis/testdata/peer"
)

// counter is a stand-in for file(1) that answers each name with the number of its question.
const counter = "#!/bin/sh\nn=0\nwhile read x; do n=$((n+1)); echo \"$$ answer $n\"; done\n"

func ask(t *testing.T, c *Classifier, paths ...string) []string {
	t.Helper()
	got, err := c.Classify(context.Background(), paths)
	if err != nil || len(got) != len(paths) {
		t.Fatalf("%q: %q, %v", paths, got, err)
	}
	for i, g := range got {
		_, got[i], _ = strings.Cut(g, " ")
	}
	return got
}

func TestAnswersAreKept(t *testing.T) {
	defer goleak.VerifyNone(t)
	dir := t.TempDir()
	script := write(t, dir, "counter", counter)
	os.Chmod(script, 0o700)
	c := New(script, Options{Processes: 1, Keep: 4})
	defer c.Close()
	a, b, same := write(t, dir, "a", "one"), write(t, dir, "b", "two"), write(t, dir, "c", "one")
	large := write(t, dir, "large", strings.Repeat("x", hashedSize+1))
	for i, x := range []struct {
		paths []string
		want  string
	}{
		{[]string{a, b, same}, "[answer 1 answer 2 answer 3]"}, // asked together
		{[]string{same, b, a}, "[answer 3 answer 2 answer 3]"},
		{[]string{b, large, a}, "[answer 2 answer 4 answer 3]"},
		{[]string{large}, "[answer 5]"},
	} {
		if got := fmt.Sprint(ask(t, c, x.paths...)); got != x.want {
			t.Errorf("%d: %s, want %s", i, got, x.want)
		}
	}
	os.Chmod(a, 0o700)
	if got := ask(t, c, a); got[0] != "answer 6" {
		t.Errorf("another mode: %q", got)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(b, link); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, c, link); got[0] != "answer 7" {
		t.Errorf("symbolic link: %q", got)
	}
	for i := range 20 { // no more than Keep stay
		ask(t, c, write(t, dir, fmt.Sprint(i), fmt.Sprint("other ", i)))
	}
	if n := len(c.known.young) + len(c.known.old); n > 4 {
		t.Errorf("%d answers kept", n)
	}
	if got := ask(t, c, b); got[0] != "answer 28" {
		t.Errorf("forgotten and asked again: %q", got)
	}
	c.known.since = time.Now().Add(-maxAge - time.Second)
	if got := ask(t, c, b); got[0] != "answer 29" {
		t.Errorf("after an hour: %q", got)
	}
}

func TestTroubleIsNotKept(t *testing.T) {
	defer goleak.VerifyNone(t)
	dir := t.TempDir()
	script := write(t, dir, "trouble", "#!/bin/sh\nread x; echo 'ERROR: out of memory'; while read x; do echo fine; done\n")
	os.Chmod(script, 0o700)
	c := New(script, Options{Processes: 1})
	defer c.Close()
	p := write(t, dir, "p001", "x")
	for _, want := range []string{"ERROR: out of memory", "fine", "fine"} {
		if got, err := c.Classify(context.Background(), []string{p}); err != nil || got[0] != want {
			t.Errorf("%q, %v, want %s", got, err, want)
		}
	}
}

func TestIdleProcessEnds(t *testing.T) {
	defer goleak.VerifyNone(t)
	dir := t.TempDir()
	script := write(t, dir, "counter", counter)
	os.Chmod(script, 0o700)
	c := New(script, Options{Processes: 2, Idle: 30 * time.Millisecond})
	defer c.Close()
	first, _ := c.Classify(context.Background(), []string{write(t, dir, "a", "1")})
	pid, _, _ := strings.Cut(first[0], " ")
	for range 500 {
		if _, err := os.Stat("/proc/" + pid); err != nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if _, err := os.Stat("/proc/" + pid); err == nil {
		t.Error("an idle co-process goes on")
	}
	if got := ask(t, c, write(t, dir, "a", "1")); got[0] != "answer 1" {
		t.Errorf("a new co-process begins with nothing kept: %q", got)
	}
}

// BenchmarkText is the cost of a text of 4 kB, which comes again or is each time another.
func BenchmarkText(b *testing.B) {
	program := peer.Need(b, "file")
	for name, different := range map[string]bool{"same": false, "different": true} {
		b.Run(name, func(b *testing.B) {
			c := New(program, Options{Processes: 1})
			defer c.Close()
			path := filepath.Join(b.TempDir(), "p001")
			for i := range b.N {
				if i == 0 || different {
					text := strings.Repeat(fmt.Sprintf("the meeting on Tuesday will begin at nine, room %d\n", i), 80)
					if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
						b.Fatal(err)
					}
				}
				if _, err := c.Classify(context.Background(), []string{path}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
