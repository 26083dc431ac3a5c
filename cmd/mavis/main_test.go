package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"mavis/engine/unpack"
	"mavis/testdata/seed"
)

// TestMain lets the test binary be the program too.
func TestMain(m *testing.M) {
	unpack.ChildMain()
	testscript.Main(m, map[string]func(){"mavis": main})
}

// TestScripts runs the command line as testdata/script tells; beside testscript's own there are these commands:
//
// Each script finds the seed's configuration as seed.conf.
//
//	lines N            standard output of the last command has so many lines
//	status N COMMAND   run a command, which must end with that status
//	began              the seconds that "within" counts begin
//	within SECONDS     no more have passed
func TestScripts(t *testing.T) {
	begin := time.Now()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			if err := os.WriteFile(filepath.Join(env.WorkDir, "seed.conf"), seed.Config, 0o644); err != nil {
				return err
			}
			return os.MkdirAll(env.Getenv("TMPDIR"), 0o755)
		},
		Condition: func(cond string) (bool, error) {
			if cond == "scanner" { // a clamd of the host would decide in the stand-in's place
				_, err := os.Stat("/var/run/clamav/clamd.sock")
				return !errors.Is(err, fs.ErrNotExist), nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"lines": func(ts *testscript.TestScript, _ bool, args []string) {
				if n := strings.Count(ts.ReadFile("stdout"), "\n"); fmt.Sprint(n) != args[0] {
					ts.Fatalf("%d lines, want %s", n, args[0])
				}
			},
			"status": func(ts *testscript.TestScript, _ bool, args []string) {
				got := 0
				if err := ts.Exec(args[1], args[2:]...); err != nil {
					var exit *exec.ExitError
					if !errors.As(err, &exit) {
						ts.Fatalf("%v", err)
					}
					got = exit.ExitCode()
				}
				if fmt.Sprint(got) != args[0] {
					ts.Fatalf("status %d, want %s", got, args[0])
				}
			},
			"began": func(*testscript.TestScript, bool, []string) { begin = time.Now() },
			"within": func(ts *testscript.TestScript, _ bool, args []string) {
				if limit, err := time.ParseDuration(args[0] + "s"); err != nil || time.Since(begin) > limit {
					ts.Fatalf("it took %v, %v", time.Since(begin), err)
				}
			},
		},
	})
}
