package lint_test

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mavis/perlconf/diag"
	"mavis/rules"
	"mavis/rules/lint"
	"mavis/rules/load"
	"mavis/rules/lookup"
	"mavis/testdata/peer"
)

// TestCorpus checks all configurations of the corpus. None makes a check fail, and none that the original loads has an
// error; what is about the place where a file stands (no socket in a part of a configuration) does not count.
func TestCorpus(t *testing.T) {
	f, err := os.Open(peer.Shared(t, "corpus", "oracle.jsonl.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	loaded, total := 0, 0
	for dec := json.NewDecoder(z); ; {
		var a struct {
			Files []string
			Want  map[string]any
		}
		if err := dec.Decode(&a); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		var files []string
		for _, name := range a.Files {
			path := peer.Shared(t, "corpus")
			if _, err := os.Stat(filepath.Join(path, name)); err != nil {
				name = filepath.Join("multi", name)
			}
			files = append(files, filepath.Join(path, name))
		}
		_, refused := a.Want["error"]
		total++
		if !refused {
			loaded++
		}
		bag := &diag.Bag{}
		in := lint.Input{}
		if in.Loaded, err = load.Files(load.Options{Host: load.LintHost{}, Bag: bag, KeepGoing: true, StubMissing: true}, files...); err != nil {
			t.Errorf("%v: %v", a.Files, err)
			continue
		}
		in.Config = rules.Bind(in.Loaded.Vars, bag)
		in.Loaded.Vars.Leftovers(bag)
		lint.Run(in, bag)
		for _, d := range bag.All {
			if d.Code == lint.CodeRuleFailed {
				t.Errorf("%v: %v", a.Files, d)
			}
			if strings.HasPrefix(a.Files[0], "amavis/") && d.Severity >= diag.Warning {
				counts[d.Code]++
			}
			if !refused && d.Severity == diag.Error && !later(d) {
				t.Errorf("%v: the original loads this: %v", a.Files, d)
			}
		}
	}
	if total < 300 || loaded < 200 {
		t.Errorf("%d configurations, %d of them load: the test looks at the wrong place", total, loaded)
	}
	t.Logf("%d configurations, %d load; findings over amavis/: %v", total, loaded, counts)
}

// later says of an error that it is none while loading, but right all the same: the original dies of a name among networks
// when the first client is looked up, and code that this program does not run (B203) is refused in so many words.
func later(d diag.Diagnostic) bool {
	switch d.Code {
	case rules.CodeNoListener, rules.CodeAction, "D306": // it loads with a host name that is none, and then does not start
		return true
	case lookup.CodeNetwork:
		for _, name := range []string{"__STUB__ ", "MY_NETWORKS", "postfix-ip"} {
			if strings.Contains(d.Message, name) {
				return true
			}
		}
	}
	return false
}
