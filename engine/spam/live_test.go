package spam

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mavis/engine/mail"
	"mavis/perlconf/eval"
	"mavis/testdata/peer"
)

type assassinCases struct {
	Site  string
	Files map[string]string
	Cases []struct {
		Name, Sender, Config, Fill, Fingerprint string
		Rcpts, Mail                             []string
		Times, Originating                      int
	}
}

type assassinGolden struct {
	Name            string
	Info            map[string]string
	Report, Summary string
	Rcpts           []struct{ Level, Tests string }
}

// letter makes a message of a text with line feeds.
func letter(text string) *mail.Message {
	crlf := strings.ReplaceAll(text, "\n", "\r\n")
	head := int64(strings.Index(crlf, "\r\n\r\n") + 4)
	if strings.HasPrefix(crlf, "\r\n") {
		head = 2
	}
	return &mail.Message{Body: bytes.NewReader([]byte(crlf)), HeaderSize: head}
}

// host is a folder as $MYHOME, and whom spamd may run as.
func host(t *testing.T, files map[string]string, site string) (string, *syscall.Credential) {
	t.Helper()
	home, err := os.MkdirTemp("", "spamhome-") // others may not enter the folder above t.TempDir
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(home) })
	var who *syscall.Credential
	if os.Geteuid() == 0 {
		who = &syscall.Credential{Uid: 65534, Gid: 65534, NoSetGroups: false}
		if err := os.Chown(home, 65534, 65534); err != nil {
			t.Fatal(err)
		}
	}
	write := func(name, text string) {
		name = filepath.Join(home, name)
		err := os.MkdirAll(filepath.Dir(name), 0o755)
		if err == nil {
			err = os.WriteFile(name, []byte(text), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range files {
		write(name, text)
	}
	for _, kind := range []string{"*.pre", "*.cf"} {
		list, _ := filepath.Glob("/etc/spamassassin/" + kind)
		for _, f := range list {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			write("site/"+filepath.Base(f), string(b))
		}
	}
	write("site/zz.cf", site)
	return home, who
}

// TestSpamd runs the real spamd once: scores, tests and notes must be those that the original gives (testdata/assassin.pl).
// Then spamd is killed under load.
func TestSpamd(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a spamd")
	}
	program := peer.Need(t, "spamd")
	if *update {
		peer.Need(t, "amavisd")
		out, err := exec.Command(peer.Need(t, "perl"), "testdata/assassin.pl", "testdata/assassin.json").Output()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("testdata/assassin.golden.json", out, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var cases assassinCases
	var golden []assassinGolden
	readJSON(t, "assassin.json", &cases)
	readJSON(t, "assassin.golden.json", &golden)
	home, who := host(t, cases.Files, cases.Site)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	var mu sync.Mutex
	var log []string
	d, err := StartSpamd(ctx, SpamdOptions{Program: program, Home: home, Local: true, SiteConfigPath: filepath.Join(home, "site"),
		Credential: who, Children: 3, Log: func(level int, format string, args ...any) {
			mu.Lock()
			defer mu.Unlock()
			log = append(log, fmt.Sprintf("%d "+format, append([]any{level}, args...)...))
		}})
	if err != nil {
		t.Fatal(err)
	}
	closed := false
	defer func() {
		if t.Failed() {
			mu.Lock()
			t.Log(strings.Join(log[max(0, len(log)-40):], "\n"))
			mu.Unlock()
		}
		if !closed {
			d.Close()
		}
	}()
	s := &Scanner{Spamd: d}
	for i, c := range cases.Cases {
		t.Run(c.Name, func(t *testing.T) {
			p := policy(t, "$MYHOME = '"+home+"';"+c.Config)
			m := &Mail{Message: letter(strings.Join(c.Mail, "\n") + "\n" + strings.Repeat(c.Fill, c.Times)), Sender: c.Sender,
				Originating: c.Originating == 1, Rcpts: recipients(p, c.Rcpts...), Fingerprint: c.Fingerprint}
			r, err := s.Scan(ctx, p, m)
			if err != nil {
				t.Fatal(err)
			}
			want := golden[i]
			if v := want.Info["VERSION"]; r.Info["VERSION"] != v {
				peer.Missing(t, "recorded with SpamAssassin "+v+", here is "+r.Info["VERSION"])
			}
			compareScan(t, r, want)
		})
	}
	t.Run("killed under load", func(t *testing.T) { killed(t, ctx, s, d) })
	pid := d.PID()
	closed = true
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if left := group(t, pid); len(left) > 0 {
		t.Errorf("processes of spamd are left: %q", left)
	}
	if _, err := s.Scan(ctx, policy(t, ""), &Mail{Message: letter("A: b\n\nc\n"), Rcpts: nil}); err != nil {
		t.Errorf("nobody to scan for: %v", err)
	}
}

func compareScan(t *testing.T, r *Result, want assassinGolden) {
	t.Helper()
	delete(r.Info, "TIMING")
	same := true
	for j, w := range want.Rcpts {
		if got := eval.ToString(r.Shares[j].Score); got != w.Level {
			t.Errorf("recipient %d: score %s, want %s", j, got, w.Level)
		}
		same = same && w.Level == want.Rcpts[0].Level
	}
	if !same { // with several settings the original shows everybody the tests of the last of them
		return
	}
	for j, w := range want.Rcpts {
		if tests := strings.Join(r.Shares[j].Tests, ","); tests != w.Tests {
			t.Errorf("recipient %d: tests %s\nwant %s", j, tests, w.Tests)
		}
	}
	for k, v := range want.Info {
		if got, ok := r.Info[k]; !ok || got != latin(v) {
			t.Errorf("%s: %q, want %q", k, got, v)
		}
	}
	for k, v := range r.Info {
		if _, ok := want.Info[k]; !ok {
			t.Errorf("%s: %q, the original has none", k, v)
		}
	}
	if sorted(r.Report) != sorted(latin(want.Report)) || sorted(r.Summary) != sorted(latin(want.Summary)) {
		t.Errorf("report %q\n%q\nwant %q\n%q", r.Report, r.Summary, want.Report, want.Summary)
	}
}

// latin turns characters into the bytes that the golden file shows by them.
func latin(s string) string {
	var b []byte
	for _, c := range s {
		b = append(b, byte(c))
	}
	return string(b)
}

// sorted undoes the order of rules in a report, which is that of a Perl hash.
func sorted(report string) string {
	lines := strings.SplitAfter(report, "\n")
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// killed ends spamd the hard way while messages are scanned: each must have its score, or an error.
func killed(t *testing.T, ctx context.Context, s *Scanner, d *Spamd) {
	p := policy(t, "")
	const n = 24
	var wg sync.WaitGroup
	results := make([]*Result, n)
	errs := make([]error, n)
	gate := make(chan struct{}, 4)
	for i := range n {
		wg.Add(1)
		go func() {
			defer wg.Done()
			gate <- struct{}{}
			defer func() { <-gate }()
			if i == 6 {
				syscall.Kill(d.PID(), syscall.SIGKILL)
			}
			m := &Mail{Message: letter(fmt.Sprintf("From: a@x.test\nSubject: number %d\n\nhello\n", i)), Rcpts: recipients(p, "bob@example.com")}
			results[i], errs[i] = s.Scan(ctx, p, m)
		}()
	}
	wg.Wait()
	lost := 0
	for i := range n {
		if errs[i] != nil {
			lost++
			if results[i].Shares[0].Scored {
				t.Errorf("message %d has a score and an error: %v", i, errs[i])
			}
			continue
		}
		if sh := results[i].Shares[0]; !sh.Scored || len(sh.Tests) < 2 || sh.Score == 0 {
			t.Errorf("message %d has no score: %+v", i, sh)
		}
	}
	t.Logf("%d of %d messages deferred, %d starts", lost, n, d.Starts())
	if d.Starts() != 2 {
		t.Errorf("spamd was started %d times, want 2", d.Starts())
	}
	if lost > 4 {
		t.Errorf("%d messages deferred; those after the restart need not be", lost)
	}
}

// group lists the processes of a group that are more than zombies. The kernel may need a moment to end them.
func group(t *testing.T, pgid int) (left []string) {
	t.Helper()
	for range 100 {
		left = nil
		stats, _ := filepath.Glob("/proc/[0-9]*/stat")
		for _, f := range stats {
			b, err := os.ReadFile(f)
			if err != nil {
				continue
			}
			_, rest, _ := strings.Cut(string(b), ") ")
			if fields := strings.Fields(rest); len(fields) > 2 && fields[0] != "Z" && fields[2] == fmt.Sprint(pgid) {
				left = append(left, string(b))
			}
		}
		if left == nil {
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return left
}

func TestApply(t *testing.T) {
	r := &Result{Shares: []Share{{Scored: true, Score: 1.5, Tests: []string{"A=1", "B=0.5"}}, {}}}
	rcpts := []*mail.Recipient{{SpamLevel: 2, SpamScored: true, SpamTests: []string{"AM.WBL=2"}}, {}}
	r.Apply(rcpts)
	if rcpts[0].SpamLevel != 3.5 || !reflect.DeepEqual(rcpts[0].SpamTests, []string{"AM.WBL=2", "A=1", "B=0.5"}) {
		t.Errorf("%+v", rcpts[0])
	}
	if rcpts[1].SpamScored || rcpts[1].SpamTests != nil {
		t.Errorf("%+v", rcpts[1])
	}
}
