package spam

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"mavis/perlconf/eval"
	"mavis/testdata/peer"
)

// script makes a program that keeps its input and prints a text.
func script(t *testing.T, name, output string, more string) (path, input string) {
	t.Helper()
	dir := t.TempDir()
	path, input = filepath.Join(dir, name), filepath.Join(dir, "in")
	err := os.WriteFile(filepath.Join(dir, "out"), []byte(output), 0o600)
	if err == nil {
		err = os.WriteFile(path, []byte("#!/bin/sh\ncat >'"+input+"'\ncat '"+dir+"/out'\n"+more+"\n"), 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path, input
}

// TestExtProgAsOriginal compares with what the original makes of the same output of programs (testdata/extprog.pl).
func TestExtProgAsOriginal(t *testing.T) {
	if *update {
		peer.Need(t, "amavisd")
		out, err := exec.Command(peer.Need(t, "perl"), "testdata/extprog.pl", "testdata/extprog.json").Output()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("testdata/extprog.golden.json", out, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var cases []struct {
		Name, Program, Output string
		Status, Lines         int
		Options               map[string]float64
	}
	var golden []struct {
		Name, Tests, Input string
		Failed             int
		Level              *string
		Info               map[string]string
	}
	readJSON(t, "extprog.json", &cases)
	readJSON(t, "extprog.golden.json", &golden)
	for i, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			want := golden[i]
			path, input := script(t, c.Program, c.Output, fmt.Sprintf("exit %d", c.Status))
			options := ""
			for k, v := range c.Options {
				options += fmt.Sprintf(", %s => %v", k, v)
			}
			p := policy(t, "@spam_scanners = (['Prog', 'Amavis::SpamControl::ExtProg', '"+path+"', []"+options+"])")
			m := &Mail{Message: letter("Subject: x\n\nhello\n" + strings.Repeat("0123456789\n", c.Lines)), Sender: "a@x.test",
				Rcpts: recipients(p, "bob@example.com")}
			r, err := (&Scanner{}).Scan(t.Context(), p, m)
			if (err != nil) != (want.Failed == 1) {
				t.Fatalf("error %v", err)
			}
			sh := r.Shares[0]
			level := ""
			if want.Level != nil {
				level = *want.Level
			}
			got := ""
			if sh.Scored {
				got = eval.ToString(sh.Score)
			}
			if got != level || strings.Join(sh.Tests, ",") != want.Tests {
				t.Errorf("score %s tests %s, want %s %s", got, sh.Tests, level, want.Tests)
			}
			if want.Failed == 0 && !(len(r.Info) == 0 && len(want.Info) == 0) && !reflect.DeepEqual(r.Info, want.Info) {
				t.Errorf("%q\nwant\n%q", r.Info, want.Info)
			}
			if b, _ := os.ReadFile(input); string(b) != want.Input {
				t.Errorf("sent %q\nwant %q", b, want.Input)
			}
		})
	}
}

func TestExtProgBounds(t *testing.T) {
	p := policy(t, "@spam_scanners = (['Prog', 'Amavis::SpamControl::ExtProg', '/nonexistent/dspam', []])")
	if r, err := (&Scanner{}).Scan(t.Context(), p, hello(p)); err != nil || r.Shares[0].Scored {
		t.Errorf("a program that is not there: %v", err)
	}
	path, _ := script(t, "dspam", "", "exec sleep 100")
	p = policy(t, "@spam_scanners = (['Prog', 'Amavis::SpamControl::ExtProg', '"+path+"', []])")
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	if _, err := (&Scanner{}).Scan(ctx, p, hello(p)); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 5*time.Second {
		t.Errorf("a program that hangs: %v after %v", err, time.Since(began))
	}
	path, _ = script(t, "dspam", "X-DSPAM-Result: Spam\n", "yes | head -c 3000000; yes >&2 | head -c 1000")
	p = policy(t, "@spam_scanners = (['Prog', 'Amavis::SpamControl::ExtProg', '"+path+"', [], lock_file => '"+filepath.Join(t.TempDir(), "lock")+"'])")
	for range 2 {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		if _, err := (&Scanner{}).Scan(ctx, p, hello(p)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a program that floods: %v", err)
		}
		cancel()
	}
	path, _ = script(t, "dspam", "X-DSPAM-Result: Spam\n\n", "exit 0")
	if err := os.WriteFile(path, []byte("#!/bin/sh\nprintf 'X-DSPAM-Result: Spam\\n'\n"), 0o755); err != nil { // reads nothing
		t.Fatal(err)
	}
	p = policy(t, "@spam_scanners = (['Prog', 'Amavis::SpamControl::ExtProg', '"+path+"', []])")
	m := hello(p)
	m.Message = letter("Subject: x\n\n" + strings.Repeat("0123456789\n", 100000))
	if r, err := (&Scanner{}).Scan(t.Context(), p, m); err != nil || r.Shares[0].Score != 10 {
		t.Errorf("a program that does not read: %v", err)
	}
}

// TestProgramsTellSpamAssassin keeps that fields of a program reach the pseudo header of a SpamAssassin that comes after.
func TestProgramsTellSpamAssassin(t *testing.T) {
	p := policy(t, "")
	got := pseudoHeader(p, hello(p), &Result{Info: map[string]string{"X-CRM114-Status": "SPAM  ( -23.45 )"}}, -1, avTest)
	if !strings.HasSuffix(got, "X-CRM114-Status: SPAM  ( -23.45 )\n") {
		t.Errorf("%q", got)
	}
}
