package asperl_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mavis/perlconf/diag"
	"mavis/rules/load"
	"mavis/rules/load/asperl"
	"mavis/testdata/peer"
)

// expectation is what a file of testdata/conf says of itself.
type expectation struct {
	values   map[string]any
	refused  string   // "LINE CODE"
	warnings []string // "LINE CODE"
}

func readCase(t *testing.T, file string) expectation {
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	e := expectation{values: map[string]any{}}
	for s := bufio.NewScanner(f); s.Scan(); {
		mark, rest, _ := strings.Cut(s.Text(), " ")
		switch mark {
		case "#=":
			name, text, _ := strings.Cut(rest, " ")
			var v any
			if err := json.Unmarshal([]byte(text), &v); err != nil {
				t.Fatalf("%s: %s: %v", file, name, err)
			}
			e.values[name] = v
		case "#!":
			e.refused = rest
		case "#w":
			e.warnings = append(e.warnings, rest)
		}
	}
	if len(e.values) == 0 && e.refused == "" {
		t.Fatalf("%s expects nothing", file)
	}
	return e
}

// value finds a variable in a document.
func value(doc map[string]any, name string) any {
	if name == "%policy_bank" {
		return doc["policy_bank"]
	}
	group, _ := doc[map[byte]string{'$': "scalars", '@': "arrays", '%': "hashes"}[name[0]]].(map[string]any)
	if v, ok := group[name[1:]]; ok {
		return v
	}
	extra, _ := doc["extra"].(map[string]any)
	return extra[name]
}

func cases(t *testing.T) []string {
	files, err := filepath.Glob(filepath.Join(peer.Repo(t), "testdata", "conf", "*.conf"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	return files
}

func TestCases(t *testing.T) {
	for _, file := range cases(t) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".conf"), func(t *testing.T) {
			want := readCase(t, file)
			doc, res := asperl.Files(load.Options{Host: corpusHost{}, Program: "PROGRAM"}, file)
			if _, refused := doc.(*asperl.Refusal); refused != (want.refused != "") {
				t.Fatalf("refused: %v; %v", refused, res.Diags.All)
			}
			at := func(s diag.Severity) (out []string) {
				for _, d := range res.Diags.All {
					if d.Severity == s {
						out = append(out, fmt.Sprintf("%d %s", d.Span.Pos().Line, d.Code))
					}
				}
				sort.Strings(out)
				return out
			}
			if d := cmp.Diff(want.warnings, at(diag.Warning)); d != "" {
				t.Error("warnings: ", d)
			}
			if want.refused != "" {
				if got := append(at(diag.Error), ""); got[0] != want.refused {
					t.Errorf("refused with %v", res.Diags.All)
				}
				return
			}
			compare(t, want.values, document(t, doc))
		})
	}
}

func compare(t *testing.T, want, doc map[string]any) {
	t.Helper()
	for name, v := range want {
		if d := cmp.Diff(v, value(doc, name)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func document(t *testing.T, doc any) map[string]any {
	t.Helper()
	raw, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestCasesOriginal asks the original for the same cases.
func TestCasesOriginal(t *testing.T) {
	perl := peer.Need(t, "perl")
	if exec.Command(perl, "-MAmavis::Boot", "-MAmavis::Conf", "-e", "1").Run() != nil {
		peer.Missing(t, "amavisd-new is not installed")
	}
	peer.Root(t) // the original takes only files of root
	files := cases(t)
	args := []string{"-T", "testdata/ask.pl"}
	for _, f := range files {
		var names []string
		for n := range readCase(t, f).values {
			names = append(names, n)
		}
		args = append(args, f, strings.Join(names, ","))
	}
	cmd := exec.Command(perl, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(bytes.NewReader(out))
	for _, file := range files {
		var got struct {
			Error    string
			Warnings []string
			Values   map[string]any
		}
		if err := dec.Decode(&got); err != nil {
			t.Fatal(err)
		}
		t.Run(strings.TrimSuffix(filepath.Base(file), ".conf"), func(t *testing.T) {
			want := readCase(t, file)
			if (got.Error != "") != (want.refused != "") {
				t.Fatalf("original: %s", got.Error)
			}
			for _, w := range want.warnings {
				line, code, _ := strings.Cut(w, " ")
				if code == load.CodeRetired && !strings.Contains(strings.Join(got.Warnings, ""), " line "+line+".") {
					t.Errorf("warnings: %v", got.Warnings)
				}
			}
			if want.refused == "" {
				if d := cmp.Diff(want.values, got.Values, cmpopts.EquateEmpty()); d != "" {
					t.Error(d)
				}
				return
			}
			line, _, _ := strings.Cut(want.refused, " ")
			// some of the original's messages name no line, or that of its own source
			if strings.Contains(got.Error, filepath.Base(file)+" line ") && !strings.Contains(got.Error, " line "+line) {
				t.Errorf("line %s: original: %s", line, got.Error)
			}
		})
	}
}
