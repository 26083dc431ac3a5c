package load

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"mavis/perlconf/diag"
	"mavis/perlconf/eval"
)

func fileHost(files map[string]string) mapHost {
	h := mapHost{files: fstest.MapFS{}}
	for name, text := range files {
		h.files[name[1:]] = &fstest.MapFile{Data: []byte(text), Mode: 0o644}
	}
	return h
}

// found lists diagnostics as "FILE:LINE:COLUMN CODE".
func found(bag *diag.Bag, least diag.Severity) (out []string) {
	for _, d := range bag.All {
		if d.Severity >= least {
			out = append(out, d.Span.String()+" "+d.Code)
		}
	}
	return out
}

func TestIncludeChain(t *testing.T) {
	h := fileHost(map[string]string{
		"/a": "use strict;\n$log_level = 1;\n include_config_files('/b');\n$log_level = 3;\n1;",
		"/b": "$log_level = 2;\n$virus_admin = 'x';\n1;",
	})
	res, err := Files(Options{Host: h}, "/a")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"/a", "/b"}, res.Files); d != "" {
		t.Error(d)
	}
	var chain []string
	for o := res.Vars.Origin("$log_level"); o != nil; o = o.Prev {
		chain = append(chain, o.Span.String())
	}
	if d := cmp.Diff("/a:4:1 /b:1:1 /a:2:1", strings.Join(chain, " ")); d != "" {
		t.Error(d)
	}
	o := res.Vars.Origin("$virus_admin")
	if o == nil || o.Span.File.IncludedAt.String() != "/a:3:2" {
		t.Errorf("origin of $virus_admin: %+v", o)
	}
}

func TestErrorInInclude(t *testing.T) {
	h := fileHost(map[string]string{"/a": "1;\ninclude_config_files('/b');\n1;", "/b": "use strict;\n\n$nonsense = 1;\n1;"})
	res, err := Files(Options{Host: h}, "/a")
	if err == nil {
		t.Fatal("accepted")
	}
	if got := found(res.Diags, diag.Error); len(got) == 0 || got[0] != "/b:3:1 P200" {
		t.Errorf("%v", got)
	}
}

func TestDepth(t *testing.T) {
	h := fileHost(map[string]string{"/a": "include_config_files('/a'); 1;"})
	res, err := Files(Options{Host: h}, "/a")
	var e *eval.Error
	if !errors.As(err, &e) || e.Diag.Code != CodeDepth || len(res.Files) != maxFiles {
		t.Errorf("%v, %d files", err, len(res.Files))
	}
}

func TestOrderOfFiles(t *testing.T) {
	h := fileHost(map[string]string{"/a": `$myhostname = 'a.example'; $mydomain = "from-a";`, "/b": `$mydomain .= "-b";`})
	var stages []Stage
	res, err := Files(Options{Host: h, At: func(s Stage, v *Vars) {
		stages = append(stages, s)
		if s == Fresh {
			v.Scalar("MYHOME").V = "/from/option"
		}
	}}, "/a", "/b")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]Stage{Fresh, FilesRun, Complete}, stages); d != "" {
		t.Error(d)
	}
	for name, want := range map[string]string{"mydomain": "from-a-b", "TEMPBASE": "/from/option", "myhostname": "a.example"} {
		if got := eval.ToString(res.Vars.Scalar(name).Get()); got != want {
			t.Errorf("$%s = %q", name, got)
		}
	}
	if res.Vars.Scalar("no_such") != nil || res.Vars.Hash("mydomain") != nil {
		t.Error("a variable that is not there")
	}
}

func TestRefusedFiles(t *testing.T) {
	h := fileHost(map[string]string{"/dir/x": ""})
	for _, name := range []string{"/none", "/dir"} {
		res, err := Files(Options{Host: h}, name)
		if err == nil || len(found(res.Diags, diag.Error)) != 1 || res.Diags.All[0].Code != CodeRefused {
			t.Errorf("%s: %v, %v", name, err, res.Diags.All)
		}
	}
}

func TestLeftovers(t *testing.T) {
	h := fileHost(map[string]string{"/a": "$log_level = 1;\n$DO_SYSLOG = 1;\n$max_servers = 3;\n$virus_lovers{'x@y'} = 1;\n$warnvirussender = 1;\n1;"})
	res, err := Files(Options{Host: h}, "/a")
	if err != nil {
		t.Fatal(err)
	}
	res.Vars.ClaimName("$log_level")
	var bag diag.Bag
	res.Vars.Leftovers(&bag)
	if d := cmp.Diff("/a:2:1 L104 /a:3:1 L104 /a:4:1 L104", strings.Join(found(&bag, diag.Info), " ")); d != "" {
		t.Error(d, bag.All)
	}
}
