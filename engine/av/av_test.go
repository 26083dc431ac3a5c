package av

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mavis/perlconf/regex"
	"mavis/rules"
)

func re(t *testing.T, pattern string) *regex.Regexp {
	t.Helper()
	r, err := regex.Compile(pattern, "m")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// clamd is the stock entry for ClamAV's daemon.
func clamd(t *testing.T, sockets ...string) rules.Scanner {
	return rules.Scanner{Name: "ClamAV-clamd", Call: "ask_daemon", Query: []string{"CONTSCAN {}\n"}, Sockets: sockets,
		Clean: rules.Outcome{Pattern: re(t, `\bOK$`)}, Infected: rules.Outcome{Pattern: re(t, `\bFOUND$`)},
		NameRE: re(t, `^.*?: (?!Infected Archive)(.*) FOUND$`)}
}

// daemon answers each connection with what reply makes of the query.
func daemon(t *testing.T, reply func(query string) string) string {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				q, _ := bufio.NewReader(c).ReadString('\n')
				fmt.Fprint(c, reply(q))
			}()
		}
	}()
	return socket
}

func job(t *testing.T) Job {
	t.Helper()
	dir := t.TempDir()
	for _, f := range []string{"p001", "p002"} {
		if err := os.WriteFile(filepath.Join(dir, f), []byte(f), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return Job{dir, []string{"p001", "p002"}}
}

func scan(t *testing.T, s *Scanner, j Job) (*Verdict, error) {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	s.Pause = func(context.Context, time.Duration) {}
	return s.Scan(ctx, j)
}

func TestDaemon(t *testing.T) {
	j := job(t)
	for _, c := range []struct {
		name, answer string
		infected     bool
		names        []string
		output       string
	}{
		{"clean", j.Folder + ": OK\n", false, nil, ""},
		{"infected", j.Folder + "/p002: Eicar-Test-Signature FOUND\n", true, []string{"Eicar-Test-Signature"}, "p002: Eicar-Test-Signature FOUND\n"},
		{"two, one twice", j.Folder + "/p001: A FOUND\n" + j.Folder + "/p002: B FOUND\n" + j.Folder + "/p002: A FOUND\n", true, []string{"A", "B"},
			"p001: A FOUND\np002: B FOUND\np002: A FOUND\n"},
		{"infected without a name", "Infected Archive FOUND\n", true, []string{""}, "Infected Archive FOUND\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			socket := daemon(t, func(q string) string {
				if q != "CONTSCAN "+j.Folder+"\n" {
					return "unexpected " + q
				}
				return c.answer
			})
			v, err := scan(t, &Scanner{Primary: []rules.Scanner{clamd(t, socket)}}, j)
			if err != nil {
				t.Fatal(err)
			}
			if v.Infected != c.infected || v.Output != c.output {
				t.Errorf("%+v", v)
			}
			if d := cmp.Diff(c.names, v.Names); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestDaemonFailures(t *testing.T) {
	j := job(t)
	backup := rules.Scanner{Name: "backup", Programs: []string{"/bin/sh"}, ArgList: []string{"-c", "exit 0"}, Clean: rules.Outcome{Status: []int{0}}}
	dead := filepath.Join(t.TempDir(), "nobody")
	t.Run("an answer that is neither", func(t *testing.T) {
		socket := daemon(t, func(string) string { return "/x: Can't open file ERROR\n" })
		if _, err := scan(t, &Scanner{Primary: []rules.Scanner{clamd(t, socket)}}, j); !errors.Is(err, ErrNone) || !strings.Contains(err.Error(), "ERROR") {
			t.Errorf("%v", err)
		}
	})
	t.Run("the second socket answers", func(t *testing.T) {
		socket := daemon(t, func(string) string { return "OK\n" })
		v, err := scan(t, &Scanner{Primary: []rules.Scanner{clamd(t, dead, socket)}}, j)
		if err != nil || len(v.Answered) != 1 {
			t.Errorf("%+v, %v", v, err)
		}
	})
	t.Run("the backup answers", func(t *testing.T) {
		var log []string
		s := &Scanner{Primary: []rules.Scanner{clamd(t, dead)}, Backup: []rules.Scanner{backup},
			Log: func(_ int, f string, a ...any) { log = append(log, fmt.Sprintf(f, a...)) }}
		v, err := scan(t, s, j)
		if err != nil || cmp.Diff([]string{"backup"}, v.Answered) != "" {
			t.Errorf("%+v, %v", v, err)
		}
		if !strings.Contains(strings.Join(log, "\n"), "considering backups") {
			t.Errorf("log: %q", log)
		}
	})
	t.Run("a daemon that hangs costs the deadline and no more", func(t *testing.T) {
		stop := make(chan struct{})
		defer close(stop)
		socket := daemon(t, func(string) string { <-stop; return "" })
		ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
		defer cancel()
		begin := time.Now()
		_, err := (&Scanner{Primary: []rules.Scanner{clamd(t, socket)}}).Scan(ctx, j)
		if !errors.Is(err, ErrNone) || time.Since(begin) > 3*time.Second {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
	})
	t.Run("nothing usable", func(t *testing.T) {
		s := &Scanner{Primary: []rules.Scanner{{Name: "gone", Programs: []string{"no-such-program-here"}}}}
		if _, err := scan(t, s, j); !errors.Is(err, ErrNone) || !strings.Contains(err.Error(), "AVAILABLE") {
			t.Errorf("%v", err)
		}
	})
	t.Run("no files are clean without asking", func(t *testing.T) {
		if v, err := scan(t, &Scanner{}, Job{Folder: j.Folder}); err != nil || v.Infected {
			t.Errorf("%+v, %v", v, err)
		}
	})
}

func TestCommand(t *testing.T) {
	j := job(t)
	script := func(body string, o ...func(*rules.Scanner)) rules.Scanner {
		s := rules.Scanner{Name: "sh", Programs: []string{"nothing-here", "/bin/sh"}, ArgList: []string{"-c", body, "sh", "{}"},
			Clean: rules.Outcome{Status: []int{0}}, Infected: rules.Outcome{Status: []int{1}}, NameRE: re(t, `^.*?: (.*) FOUND$`)}
		for _, f := range o {
			f(&s)
		}
		return s
	}
	for _, c := range []struct {
		name  string
		entry rules.Scanner
		names []string
		fails bool
	}{
		{"clean", script("exit 0"), nil, false},
		{"infected, names from both outputs", script(`echo "$1/p001: A FOUND"; echo "x: B FOUND" >&2; exit 1`), []string{"A", "B"}, false},
		{"unexpected status", script("echo oops; exit 7"), nil, true},
		{"killed", script("kill -9 $$"), nil, true},
		{"files as arguments, in the folder", script(`[ -f "$1" ] && [ -f "$2" ] && exit 0; exit 3`, func(s *rules.Scanner) { s.ArgList[3] = "*" }), nil, false},
		{"full names as arguments", script(`[ -f "$2" ] && exit 0; exit 3`, func(s *rules.Scanner) { s.ArgList[3] = "{}/*" }), nil, false},
		{"words from a string", rules.Scanner{Name: "true", Programs: []string{"/bin/true"}, Args: "-r {}", Clean: rules.Outcome{Status: []int{0}}}, nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, err := scan(t, &Scanner{Primary: []rules.Scanner{c.entry}}, j)
			if c.fails {
				if !errors.Is(err, ErrNone) {
					t.Errorf("%+v, %v", v, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.names, v.Names); d != "" {
				t.Error(d)
			}
		})
	}
}

// An entry without a rule for clean finds things but vouches for nothing: alone it is not enough.
func TestInconclusiveAlone(t *testing.T) {
	e := rules.Scanner{Name: "jpeg", Programs: []string{"/bin/true"}, Args: "{}", Infected: rules.Outcome{Status: []int{1}}}
	if v, err := scan(t, &Scanner{Primary: []rules.Scanner{e}}, job(t)); !errors.Is(err, ErrNone) {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestNamesThatAreSpamOnly(t *testing.T) {
	socket := daemon(t, func(string) string { return "/p: Phishing.X FOUND\n" })
	s := &Scanner{Primary: []rules.Scanner{clamd(t, socket)}, Spam: func(v string) (string, bool) { return "0.1", strings.HasPrefix(v, "Phishing.") }}
	v, err := scan(t, s, job(t))
	if err != nil || v.Infected {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestSocketProtocol(t *testing.T) {
	for spec, want := range map[string][2]string{
		"/run/clamd.sock":       {"", "/run/clamd.sock"},
		"127.0.0.1:3310":        {"", "127.0.0.1:3310"},
		"[::1]:3310":            {"", "[::1]:3310"},
		"localhost:3310":        {"", "localhost:3310"},
		"simple:/run/s":         {"simple", "/run/s"},
		"clamd:127.0.0.1:3310":  {"clamd", "127.0.0.1:3310"},
		"sssp:/var/run/savdi/s": {"sssp", "/var/run/savdi/s"},
	} {
		if p, a := socketProtocol(spec); p != want[0] || a != want[1] {
			t.Errorf("%s: %q %q", spec, p, a)
		}
	}
}
