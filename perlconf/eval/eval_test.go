package eval

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"mavis/perlconf/diag"
	"mavis/perlconf/source"
	"mavis/perlconf/syntax"
)

func TestMain(m *testing.M) {
	debugPanics = os.Getenv("EVAL_PANIC") != ""
	os.Exit(m.Run())
}

// outcome is what a case came to: values as plain data, or an error.
type outcome struct {
	vals []any
	err  *Error
	bag  *diag.Bag
}

// evalCase runs text as a file in list context.
func evalCase(host Host, text string) outcome {
	in := New(Options{Host: host, MaxSteps: 4_000_000})
	return evalIn2(in, text)
}

func evalIn2(in *Interp, text string) (o outcome) {
	o.bag = in.Bag()
	src := source.New("case", []byte(text))
	var own diag.Bag
	tree := syntax.Parse(src, syntax.Options{Protos: in.Protos(), Package: in.pkg}, &own)
	var first *Error
	for _, d := range own.All {
		in.bag.Add(d)
		if d.Severity == diag.Error && first == nil {
			first = &Error{Diag: d, Value: d.Message}
		}
	}
	o.err = in.guard(func() {
		f, e := in.compileFile(tree, first)
		if e != nil {
			panic(e)
		}
		f.want = ListContext
		in.runBody(f)
		for _, v := range f.ret {
			o.vals = append(o.vals, plain(v, 0))
		}
	})
	in.typos()
	return o
}

// plain turns a value into what JSON can hold, as the Perl driver does.
func plain(v Value, depth int) any {
	if depth > 20 {
		return "DEEP"
	}
	switch x := v.(type) {
	case nil:
		return nil
	case *Array:
		out := []any{}
		for _, e := range x.Values() {
			out = append(out, plain(e, depth+1))
		}
		return out
	case *Hash:
		out := map[string]any{}
		for _, k := range x.Keys() {
			out[k] = plain(x.Get(k), depth+1)
		}
		return out
	case *Scalar:
		return map[string]any{"sref": plain(x.Get(), depth+1)}
	case *Code:
		return "CODE"
	case *Regexp:
		return map[string]any{"re": x.Pattern, "flags": x.Flags}
	case *Glob:
		return "GLOB"
	}
	return ToString(v)
}

func canon(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}

// canonText reads expected JSON; numbers count as their text.
func canonText(s string) (string, error) {
	d := json.NewDecoder(strings.NewReader("[" + s + "]"))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return "", err
	}
	return canon(texts(v)), nil
}

func texts(v any) any {
	switch x := v.(type) {
	case json.Number:
		return x.String()
	case []any:
		for i := range x {
			x[i] = texts(x[i])
		}
	case map[string]any:
		for k := range x {
			x[k] = texts(x[k])
		}
	}
	return v
}

func show(o outcome) string {
	if o.err != nil {
		return "error " + o.err.Error()
	}
	if o.vals == nil {
		return "[]"
	}
	return canon(o.vals)
}

func TestScratch(t *testing.T) {
	text := os.Getenv("CASE")
	if text == "" {
		t.Skip("no CASE")
	}
	o := evalCase(NoHost{}, text)
	t.Log(show(o))
	for _, d := range o.bag.All {
		t.Log(d.Severity, d.Error(), d.Help)
	}
}
