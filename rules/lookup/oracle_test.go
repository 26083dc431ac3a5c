package lookup

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"mavis/perlconf/eval"
	"mavis/testdata/peer"
)

var update = flag.Bool("update", false, "record the golden file anew by asking the original")

type oracleCase struct {
	Name    string
	Options struct {
		Delimiter string
		Case      int
		Append    string
	}
	Tables []any
	Keys   []any
	IP     bool
}

type oracleAnswer struct {
	First   []any    `json:"first"`
	All     [][]any  `json:"all"`
	Keys    []string `json:"keys"`
	Died    int      `json:"died"`
	Invalid int      `json:"invalid"`
}

type oracleGolden struct {
	Name    string
	Answers []oracleAnswer
}

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		t.Fatal(path, err)
	}
}

// build makes what the table of a case would be in Perl.
func build(t any) eval.Value {
	m := t.(map[string]any)
	for kind, d := range m {
		switch kind {
		case "const", "hash", "list":
			return buildValue(d)
		case "re":
			a := &eval.Array{Class: "Amavis::Lookup::RE"}
			for _, e := range d.([]any) {
				if pair, ok := e.([]any); ok {
					vals := []eval.Value{buildPattern(pair[0])}
					for _, v := range pair[1:] {
						vals = append(vals, buildValue(v))
					}
					a.Push(eval.NewArray(vals...))
					continue
				}
				a.Push(buildPattern(e))
			}
			return a
		case "label":
			return &eval.Scalar{V: d.(string), Class: "Amavis::Lookup::Label"}
		case "opaque":
			return &eval.Scalar{V: buildValue(d), Class: "Amavis::Lookup::Opaque"}
		case "opaqueref":
			return &eval.Scalar{V: eval.NewScalar(buildValue(d)), Class: "Amavis::Lookup::OpaqueRef"}
		case "ref":
			return eval.NewScalar(build(d))
		case "ip":
			a := buildValue(d).(*eval.Array)
			a.Class = "Amavis::Lookup::IP"
			return a
		case "code":
			v := build(d)
			return &eval.Code{Native: func(*eval.Call) ([]eval.Value, error) { return []eval.Value{v}, nil }}
		}
	}
	panic(fmt.Sprint("unknown table ", t))
}

func buildPattern(p any) eval.Value {
	if m, ok := p.(map[string]any); ok {
		return &eval.Regexp{Pattern: m["qr"].(string), Flags: m["flags"].(string)}
	}
	return buildValue(p)
}

func buildValue(v any) eval.Value {
	switch x := v.(type) {
	case json.Number:
		if i, err := x.Int64(); err == nil {
			return i
		}
		f, _ := x.Float64()
		return f
	case string:
		return x
	case []any:
		a := eval.NewArray()
		for _, e := range x {
			a.Push(buildValue(e))
		}
		return a
	case map[string]any:
		h := eval.NewHash()
		for k, e := range x {
			h.Put(k, buildValue(e))
		}
		return h
	}
	return nil
}

// caller runs native code, as a configuration's evaluator would.
type caller struct{}

func (caller) Late(Late) (eval.Value, error) { return nil, ErrUnavailable }
func (caller) Call(code *eval.Code, key string, all bool) (eval.Value, error) {
	v, err := code.Native(&eval.Call{Args: []*eval.Scalar{eval.NewScalar(key)}})
	return v[0], err
}
func (caller) Field(*Field, string, bool) ([]Result, error) { return nil, ErrUnavailable }

// plain is a value as the recording shows it: text by octets.
func plain(v eval.Value) any {
	switch x := v.(type) {
	case nil:
		return nil
	case *eval.Array:
		out := []any{}
		for _, e := range x.Values() {
			out = append(out, plain(e))
		}
		return out
	case *eval.Hash:
		out := map[string]any{}
		for k, e := range x.M {
			out[k] = plain(e.Get())
		}
		return out
	}
	return octets(eval.ToString(v))
}

func octets(s string) string {
	r := make([]rune, len(s))
	for i := range len(s) {
		r[i] = rune(s[i])
	}
	return string(r)
}

var addressRE = regexp.MustCompile(`\(0x[0-9a-f]+\)`)

func shown(r Result, ok bool) []any {
	if !ok {
		return []any{nil, nil}
	}
	return []any{plain(r.Value), octets(addressRE.ReplaceAllString(r.Key, "(0x0)"))}
}

// TestOriginal compares every answer and matching key with what amavisd-new 2.13.0 gave.
func TestOriginal(t *testing.T) {
	dir := filepath.Join(peer.Repo(t), "testdata", "lookup")
	if *update {
		if err := os.WriteFile(filepath.Join(dir, "golden.json"), askOriginal(t, dir), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var cases []oracleCase
	var golden []oracleGolden
	readJSON(t, filepath.Join(dir, "cases.json"), &cases)
	readJSON(t, filepath.Join(dir, "golden.json"), &golden)
	if len(cases) != len(golden) {
		t.Fatalf("%d cases, but %d recorded", len(cases), len(golden))
	}
	for i, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			opt := &Options{LocalpartCaseSensitive: c.Options.Case != 0, Delimiter: c.Options.Delimiter,
				Append: c.Options.Append, Resolver: caller{}}
			list := eval.NewArray()
			for _, tb := range c.Tables {
				list.Push(build(tb))
			}
			var comp Compiler
			for j, k := range c.Keys {
				want := golden[i].Answers[j]
				if c.IP {
					checkIP(t, comp.Networks(list, false, nil), k.(string), want)
					continue
				}
				checkKey(t, comp.Tables(list, nil), k, opt, want)
			}
		})
	}
}

func checkKey(t *testing.T, tables *Tables, key any, opt *Options, want oracleAnswer) {
	t.Helper()
	var q *Query
	if names, ok := key.([]any); ok {
		var list []string
		for _, n := range names {
			list = append(list, n.(string))
		}
		q = NewListQuery(list, opt)
	} else {
		q = NewQuery(key.(string), opt)
	}
	r, ok, err := tables.Find(q)
	if died := want.Died != 0; died != (err != nil) {
		t.Errorf("%q: error %v, original died: %v", key, err, died)
	}
	if got := shown(r, ok); err == nil && !reflect.DeepEqual(got, want.First) {
		t.Errorf("%q: first result %q, want %q", key, got, want.First)
	}
	all, err := tables.FindAll(q)
	if err != nil {
		return
	}
	got := [][]any{}
	for _, r := range all {
		got = append(got, shown(r, true))
	}
	if !reflect.DeepEqual(got, want.All) {
		t.Errorf("%q: all results %q, want %q", key, got, want.All)
	}
	if want.Keys != nil {
		var keys []string
		for _, k := range q.Keys() {
			keys = append(keys, octets(k))
		}
		if !reflect.DeepEqual(keys, want.Keys) {
			t.Errorf("%q: keys\n%q, want\n%q", key, keys, want.Keys)
		}
	}
}

func checkIP(t *testing.T, n *Networks, ip string, want oracleAnswer) {
	t.Helper()
	r, ok, err := n.Find(ip, nil)
	if died := want.Died != 0; died != (err != nil) {
		t.Errorf("%q: error %v, original died: %v", ip, err, died)
	}
	got := shown(r, ok)
	if ok && want.Invalid != 0 && r.Kind == Hash {
		got[1] = nil // the original's key is undef
	}
	if err == nil && !reflect.DeepEqual(got, want.First) {
		t.Errorf("%q: result %q, want %q", ip, got, want.First)
	}
	_, _, bad := parseNet(ip, false)
	if invalid := want.Invalid != 0; want.Died == 0 && invalid != (bad != nil) {
		t.Errorf("%q: parseNet gives %v, original found it invalid: %v", ip, bad, invalid)
	}
}

func askOriginal(t *testing.T, dir string) []byte {
	perl := peer.Need(t, "perl")
	if err := exec.Command(perl, "-MAmavis::Lookup", "-e1").Run(); err != nil {
		peer.Missing(t, "amavisd-new is not installed")
	}
	cmd := exec.Command(perl, filepath.Join(dir, "record.pl"), filepath.Join(dir, "cases.json"))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err, stderr.String())
	}
	return out
}

// TestOriginalLive asks the original again: the recording must be what it says today.
func TestOriginalLive(t *testing.T) {
	dir := filepath.Join(peer.Repo(t), "testdata", "lookup")
	out := askOriginal(t, dir)
	want, err := os.ReadFile(filepath.Join(dir, "golden.json"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(out, want) {
		t.Error("the original answers differently than recorded; run this test with -update and look at the difference")
	}
}
