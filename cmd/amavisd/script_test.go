package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"mavis/testdata/seed"
)

// TestScripts runs the command line as testdata/script tells. Each script has a site of its own, with a next hop and a
// scanner; beside testscript's own there are these commands:
//
//	settings TEXT...     write etc/amavisd.conf anew, with the text after the seed's settings
//	mail SAMPLE REPLY    send a sample of testdata/seed; the reply must begin so
//	logged TEXT          wait until the log holds the text
//	listens PORT         wait until something listens; with ! until nothing does
//	gone FILE            wait until the file is not there
//	signal NAME FILE     signal the process of a pid file: TERM, INT, HUP or KILL
//	unprivileged         the process of the pid file has the rights of the daemon's user and no others
func TestScripts(t *testing.T) {
	root, err := os.MkdirTemp("", "amavisd-scripts-")
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(root)) })
	must(t, os.Chmod(root, 0o755))
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		WorkdirRoot:         root,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Condition: func(cond string) (bool, error) {
			if cond == "root" {
				return os.Getuid() == 0, nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
		Setup: func(env *testscript.Env) error {
			s := siteIn(t, env.WorkDir)
			standIn(t, s.clamd)
			startHop(t, s.hop)
			env.Values["site"] = s
			env.Defer(func() { s.killAll() })
			for name, value := range map[string]string{"PATH": filepath.Dir(program) + ":" + os.Getenv("PATH"), "PORT": strconv.Itoa(s.port),
				"FREE": strconv.Itoa(freePort(t)), "HOP": strconv.Itoa(s.hop), "USER": s.user, "GORACE": "exitcode=66"} {
				env.Setenv(name, value)
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"settings": func(ts *testscript.TestScript, _ bool, args []string) { siteOf(ts).write(strings.Join(args, " ")) },
			"mail": func(ts *testscript.TestScript, _ bool, args []string) {
				if len(args) != 2 {
					ts.Fatalf("usage: mail SAMPLE REPLY")
				}
				got, err := post("127.0.0.1:"+ts.Getenv("PORT"), bob(sample(ts, args[0])))
				if err != nil || !strings.HasPrefix(got, args[1]) {
					ts.Fatalf("reply %q, %v", got, err)
				}
			},
			"logged": func(ts *testscript.TestScript, _ bool, args []string) {
				s := siteOf(ts)
				patience(ts, "the log holds "+args[0], func() bool { return strings.Contains(s.logged(), args[0]) })
			},
			"listens": func(ts *testscript.TestScript, neg bool, args []string) {
				port, err := strconv.Atoi(args[0])
				ts.Check(err)
				patience(ts, "port "+args[0]+" changes", func() bool { return listening(port) != neg })
			},
			"gone": func(ts *testscript.TestScript, _ bool, args []string) {
				patience(ts, args[0]+" is gone", func() bool {
					_, err := os.Lstat(ts.MkAbs(args[0]))
					return errors.Is(err, fs.ErrNotExist)
				})
			},
			"signal": func(ts *testscript.TestScript, _ bool, args []string) {
				sig := map[string]syscall.Signal{"TERM": syscall.SIGTERM, "INT": syscall.SIGINT, "HUP": syscall.SIGHUP, "KILL": syscall.SIGKILL}
				ts.Check(syscall.Kill(pidIn(ts.MkAbs(args[1])), sig[args[0]]))
			},
			"unprivileged": unprivileged,
		},
	})
}

func siteOf(ts *testscript.TestScript) *site { return ts.Value("site").(*site) }

func sample(ts *testscript.TestScript, name string) string {
	for _, m := range seed.Mails() {
		if m.Name == name {
			return string(m.Data)
		}
	}
	ts.Fatalf("no sample %q", name)
	return ""
}

func patience(ts *testscript.TestScript, what string, done func() bool) {
	for end := time.Now().Add(20 * time.Second); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			ts.Fatalf("waited in vain until %s", what)
		}
	}
}

// killAll ends what pid files name, when a script broke off.
func (s *site) killAll() {
	names, err := filepath.Glob(s.dir + "/*/*.pid")
	must(s.t, err)
	for _, name := range names {
		if pid := pidIn(name); pid > 1 {
			syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

// pidIn gives the number in a pid file, 0 when there is none.
func pidIn(name string) int {
	text, err := os.ReadFile(name)
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0
	}
	return pid
}

func unprivileged(ts *testscript.TestScript, _ bool, _ []string) {
	s := siteOf(ts)
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pidIn(s.home+"/amavisd.pid")))
	ts.Check(err)
	fields := map[string]string{}
	for line := range strings.Lines(string(status)) {
		key, value, _ := strings.Cut(line, ":")
		fields[key] = strings.Join(strings.Fields(value), " ")
	}
	four := func(n int) string { return strings.TrimSpace(strings.Repeat(strconv.Itoa(n)+" ", 4)) }
	for key, want := range map[string]string{"Uid": four(s.uid), "Gid": four(s.gid), "Groups": strconv.Itoa(s.gid), "CapPrm": "0000000000000000",
		"CapEff": "0000000000000000"} {
		if fields[key] != want {
			ts.Fatalf("%s of the daemon is %q, want %q", key, fields[key], want)
		}
	}
}
