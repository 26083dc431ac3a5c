package lint_test

import (
	"io/fs"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"

	"mavis/perlconf/clamconf"
	"mavis/perlconf/diag"
	"mavis/perlconf/eval"
	"mavis/perlconf/source"
	"mavis/rules"
	"mavis/rules/lint"
	"mavis/rules/load"
)

// memory is a machine that has only the files of an example.
type memory struct {
	eval.NoHost
	files fstest.MapFS
}

func (m memory) ReadFile(name string) ([]byte, error) {
	text, err := fs.ReadFile(m.files, strings.TrimPrefix(name, "/"))
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: syscall.ENOENT}
	}
	return text, nil
}

func (m memory) Stat(name string) (fs.FileInfo, error) {
	info, err := fs.Stat(m.files, strings.TrimPrefix(name, "/"))
	if err != nil {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: syscall.ENOENT}
	}
	return info, nil
}

func (m memory) Lstat(name string) (fs.FileInfo, error) { return m.Stat(name) }

func (m memory) Access(name string, _ byte) error {
	_, err := m.Stat(name)
	return err
}

func (memory) Module(name string) bool { return load.LintHost{}.Module(name) }

func (memory) Hostname() (string, error) { return "mx.example.org", nil }

// check loads the files of an example and gives all that is found.
func check(t *testing.T, text string) []diag.Diagnostic {
	t.Helper()
	if !strings.HasPrefix(text, "-- ") {
		text = "-- amavisd.conf --\n" + text
	}
	bag := &diag.Bag{}
	host := memory{files: fstest.MapFS{}}
	var in lint.Input
	var main []string
	for _, f := range txtar.Parse([]byte(text)).Files {
		host.files[f.Name] = &fstest.MapFile{Data: f.Data}
		file := source.New(f.Name, f.Data)
		switch {
		case f.Name == "clamd.conf":
			in.Clamd = append(in.Clamd, lint.Clamd{File: file, Config: clamconf.Parse(file, bag)})
		case f.Name == "master.cf":
			in.MasterCF = file
		case f.Name == "main.cf":
			in.MainCF = file
		case strings.HasSuffix(f.Name, ".conf"):
			main = append(main, f.Name)
		}
	}
	in.Loaded, _ = load.Files(load.Options{Host: host, Bag: bag, KeepGoing: true, MaxSteps: 100_000}, main...)
	in.Config = rules.Bind(in.Loaded.Vars, bag)
	in.Loaded.Vars.Leftovers(bag)
	lint.Run(in, bag)
	bag.All, _ = lint.Suppress(in, bag.All)
	bag.Sort()
	return bag.All
}

func codes(ds []diag.Diagnostic) map[string]int {
	out := map[string]int{}
	for _, d := range ds {
		out[d.Code]++
	}
	return out
}

// TestExamples runs the examples of all pages: the wrong one gives the code, the right one does not, and a fix turns
// one into the other.
func TestExamples(t *testing.T) {
	for _, r := range lint.Rules() {
		t.Run(r.Code, func(t *testing.T) {
			if r.Page.Wrong == "" {
				if r.Page.NoExample == "" {
					t.Fatal("neither an example nor a reason for having none")
				}
				return
			}
			ds := check(t, r.Page.Wrong)
			if codes(ds)[r.Code] == 0 {
				t.Fatalf("the wrong example does not give %s but %v", r.Code, ds)
			}
			if right := check(t, r.Page.Right); codes(right)[r.Code] > 0 {
				t.Fatalf("the right example gives %s: %v", r.Code, right)
			}
			var own []diag.Diagnostic
			for _, d := range ds {
				if d.Code == r.Code && len(d.Fixes) > 0 {
					own = append(own, d)
				}
			}
			if len(own) == 0 {
				return
			}
			for f, text := range lint.Apply(own, true).Text {
				right := r.Page.Right
				if strings.HasPrefix(right, "-- ") {
					for _, part := range txtar.Parse([]byte(right)).Files {
						if part.Name == f.Name {
							right = string(part.Data)
						}
					}
				}
				if string(text) != right {
					t.Errorf("the fix makes of %s:\n%swant:\n%s", f.Name, text, right)
				}
			}
		})
	}
}

// TestPages wants every code once, named, with all sections of its page.
func TestPages(t *testing.T) {
	seen, names := map[string]bool{}, map[string]bool{}
	for _, r := range lint.Rules() {
		if seen[r.Code] || names[r.Name] {
			t.Errorf("%s %s is there twice", r.Code, r.Name)
		}
		seen[r.Code], names[r.Name] = true, true
		if r.Name == "" || r.Summary == "" || r.Page.What == "" || r.Page.Why == "" || r.Page.Fix == "" {
			t.Errorf("%s: something of the page is empty: %+v", r.Code, r)
		}
		if lint.Families()[r.Code[0]] == "" || len(r.Code) != 4 {
			t.Errorf("%s is of no family", r.Code)
		}
		if strings.HasSuffix(r.Summary, ".") || r.Page.Wrong != "" && r.Page.Right == "" {
			t.Errorf("%s: a summary ends without a stop, and what is wrong has its right", r.Code)
		}
	}
}
