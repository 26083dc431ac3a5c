package av

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mavis/perlconf/eval"
	"mavis/rules"
)

// The clock of regexp2 ends by itself some time after the last match.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/dlclark/regexp2/v2.runClock"))
}

func shell(body string) rules.Scanner {
	return rules.Scanner{Name: "sh", Programs: []string{"/bin/sh"}, ArgList: []string{"-c", body, "sh", "{}"},
		Clean: rules.Outcome{Status: []int{0}}, Infected: rules.Outcome{Status: []int{1}}}
}

// Scanners that hang, flood or die cost their own share of the time; the one that answers is heard.
func TestOthersAreHeard(t *testing.T) {
	stop := make(chan struct{})
	defer close(stop)
	hang := daemon(t, func(string) string { <-stop; return "" })
	for name, bad := range map[string]rules.Scanner{
		"hanging daemon":  clamd(t, hang),
		"hanging session": {Name: "Sophie", Call: "ask_daemon", Query: []string{"{}\n"}, Sockets: []string{hang}},
		"hanging clamd":   {Name: "c", Call: "ask_daemon", Query: []string{"*"}, Sockets: []string{"clamd:" + hang}},
		"hanging sssp":    {Name: "c", Call: "ask_daemon", Query: []string{"*"}, Sockets: []string{"sssp:" + hang}},
		"hanging savapi":  {Name: "c", Call: "ask_daemon", Query: []string{"*"}, Sockets: []string{"savapi:" + hang}},
		"hanging program": shell("sleep 100"),
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), 250*time.Millisecond)
			defer cancel()
			begin := time.Now()
			v, err := (&Scanner{Primary: []rules.Scanner{bad, shell("exit 0")}}).Scan(ctx, job(t))
			if err != nil || len(v.Answered) != 1 || len(v.Results) != 2 || time.Since(begin) > 4*time.Second {
				t.Errorf("%+v, %v after %v", v, err, time.Since(begin))
			}
		})
	}
}

func TestPanicIsAFailure(t *testing.T) {
	e := clamd(t, daemon(t, func(string) string { return "x: V FOUND\n" }))
	s := &Scanner{Primary: []rules.Scanner{e}, Spam: func(string) (string, bool) { panic("table") }}
	if _, err := scan(t, s, job(t)); !errors.Is(err, ErrNone) {
		t.Errorf("%v", err)
	}
}

// Names go into requests as they are: one that could end a request is none of ours.
func TestStrangeNames(t *testing.T) {
	e := clamd(t, daemon(t, func(string) string { return "OK\n" }))
	for _, name := range []string{"", "a\nb", "../x", "a\x00"} {
		if v, err := scan(t, &Scanner{Primary: []rules.Scanner{e}}, Job{"/x", []string{"p001", name}}); !errors.Is(err, ErrNone) {
			t.Errorf("%q: %+v, %v", name, v, err)
		}
	}
}

// The first infected ends those that come after it in the list, and no alarm is raised about them.
func TestFirstInfectedStops(t *testing.T) {
	var log []string
	s := &Scanner{Primary: []rules.Scanner{shell("exit 1"), shell("sleep 100")}, FirstInfectedStops: true,
		Log: func(level int, f string, a ...any) {
			if level < 2 {
				log = append(log, fmt.Sprintf(f, a...))
			}
		}}
	begin := time.Now()
	v, err := scan(t, s, job(t))
	if err != nil || !v.Infected || len(log) > 0 || time.Since(begin) > 5*time.Second {
		t.Errorf("%+v, %v, %q after %v", v, err, log, time.Since(begin))
	}
}

// A daemon that never stops talking is cut; what it said first cannot acquit.
func TestDaemonFlood(t *testing.T) {
	for _, c := range []struct{ first, unit string }{{"OK\n", "OK\n"}, {"", "0\n"}, {"", strings.Repeat("z", 1000)}} {
		l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				go func() {
					defer conn.Close()
					w := bufio.NewWriterSize(conn, 64<<10)
					for _, err := w.WriteString(c.first); err == nil; _, err = w.WriteString(c.unit) {
					}
				}()
			}
		}()
		for _, proto := range []string{"", "sophie:", "clamd:", "sssp:", "savapi:"} {
			e := clamd(t, proto+l.Addr().String())
			if proto != "" {
				e.Query = []string{"*"}
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			v, err := scan(t, &Scanner{Primary: []rules.Scanner{e}}, job(t))
			runtime.ReadMemStats(&after)
			if !errors.Is(err, ErrNone) {
				t.Errorf("%q %q: %+v, %v", proto, c.unit, v, err)
			}
			if n := after.TotalAlloc - before.TotalAlloc; n > 20<<20 {
				t.Errorf("%q: %d bytes allocated", proto, n)
			}
		}
		l.Close()
	}
}

func TestCommandFlood(t *testing.T) {
	begin := time.Now()
	if _, err := scan(t, &Scanner{Primary: []rules.Scanner{shell("exec yes")}}, job(t)); !errors.Is(err, ErrNone) {
		t.Errorf("%v", err)
	}
	if time.Since(begin) > 8*time.Second {
		t.Errorf("took %v", time.Since(begin))
	}
	// A status is a status however much was said before; a pattern may have been missed.
	noisy := shell("head -c 3000000 /dev/zero | tr '\\0' z; exit 0")
	if v, err := scan(t, &Scanner{Primary: []rules.Scanner{noisy}}, job(t)); err != nil || v.Infected {
		t.Errorf("%+v, %v", v, err)
	}
	noisy.Infected = rules.Outcome{Pattern: re(t, "FOUND$")}
	if v, err := scan(t, &Scanner{Primary: []rules.Scanner{noisy}}, job(t)); !errors.Is(err, ErrNone) {
		t.Errorf("%+v, %v", v, err)
	}
}

// What a program leaves running is ended with it, whether it ended by itself or was ended.
func TestLeftovers(t *testing.T) {
	for _, body := range []string{"sleep 300 & echo $! > %s; exit 0", "sleep 300 & echo $! > %s; sleep 300"} {
		file := filepath.Join(t.TempDir(), "pid")
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		(&Scanner{Primary: []rules.Scanner{shell(fmt.Sprintf(body, file))}}).Scan(ctx, job(t))
		cancel()
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		pid, _ := strconv.Atoi(strings.TrimSpace(string(b)))
		gone := false
		for range 100 {
			if gone = syscall.Kill(pid, 0) != nil || zombie(pid); gone {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		if !gone {
			t.Errorf("%q: process %d still runs", body, pid)
		}
	}
}

func zombie(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	return strings.HasPrefix(rest, "Z")
}

// Primaries that hang leave time for the backups.
func TestShare(t *testing.T) {
	for left, want := range map[time.Duration]time.Duration{480: 288, 60: 36, 20: 12, 12: 8, 10: 8, 7: 7, 3: 3} {
		if got := share(left * time.Second); got != want*time.Second {
			t.Errorf("%ds: %v, want %ds", left, got, want)
		}
	}
}

// FuzzAnswers: whatever a daemon says, no dialogue may panic, hang, or call silence clean.
func FuzzAnswers(f *testing.F) {
	for _, s := range []string{"1: stream: OK\x00", "OK SSSP/1.0\r\nACC 1\r\nDONE OK\r\n\r\n", "100 SAVAPI:1\n100\n100\n100\n200\n", "0\n", "x: OK\n", "100 SAVAPI:\n"} {
		f.Add(s)
	}
	dir := f.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "p001"), []byte("x"), 0o600); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, said string) {
		l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				io.WriteString(c, said)
				c.(*net.UnixConn).CloseWrite()
				go func() { io.Copy(io.Discard, c); c.Close() }()
			}
		}()
		for _, proto := range []string{"", "sophie:", "clamd:", "sssp:", "savapi:"} {
			e := clamd(t, proto+l.Addr().String())
			e.Query = []string{"*"}
			v, err := scan(t, &Scanner{Primary: []rules.Scanner{e}}, Job{dir, []string{"p001"}})
			if err == nil && !strings.Contains(said, "OK") && !v.Infected {
				t.Errorf("%q: clean after %q", proto, said)
			}
		}
	})
}

func TestCode(t *testing.T) {
	own, names, around := &eval.Code{}, &eval.Code{}, &eval.Code{}
	var called []string
	run := func(status ...eval.Value) func(*eval.Code, ...eval.Value) ([]eval.Value, error) {
		return func(c *eval.Code, args ...eval.Value) ([]eval.Value, error) {
			switch c {
			case own:
				called = append(called, "own "+eval.ToString(args[0].(*eval.Array).Get(1)))
				return status, nil
			case names:
				return []eval.Value{"N:" + eval.ToString(args[0]), nil}, nil
			}
			called = append(called, "around "+eval.ToString(args[3]))
			return nil, nil
		}
	}
	ask := func(e rules.Scanner, status ...eval.Value) (*Verdict, error) {
		return scan(t, &Scanner{Primary: []rules.Scanner{e}, Run: run(status...)}, job(t))
	}
	e := rules.Scanner{Name: "own", CallCode: own}
	if v, err := ask(e, int64(0)); err != nil || v.Infected {
		t.Errorf("always clean: %+v, %v", v, err)
	}
	if v, err := ask(e); err == nil {
		t.Errorf("no status: %+v", v)
	}
	if v, err := ask(e, int64(1), "text", eval.NewArray("A", "B", "A")); err != nil || strings.Join(v.Names, " ") != "A B" || v.Output != "text" {
		t.Errorf("infected: %+v, %v", v, err)
	}
	if v, err := ask(e, int64(1)); err != nil || !v.Infected || len(v.Names) != 1 {
		t.Errorf("infected without names: %+v, %v", v, err)
	}
	called = nil
	sh := shell("echo bad; exit 1")
	sh.NameCode, sh.Pre, sh.Post = names, around, around
	if v, err := ask(sh); err != nil || v.Names[0] != "N:bad" || strings.Join(called, ",") != "around sh,around sh" {
		t.Errorf("%+v, %v, %v", v, err, called)
	}
	if _, err := scan(t, &Scanner{Primary: []rules.Scanner{sh}}, job(t)); !errors.Is(err, ErrNone) {
		t.Errorf("code that cannot be run: %v", err)
	}
}
