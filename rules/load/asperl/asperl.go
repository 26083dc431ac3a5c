// Package asperl writes a loaded configuration in the form in which the original's variables can be printed for
// comparison: every variable, what files changed, and what they made beside it.
//
// Scalars are JSON strings, undef is null, arrays and hashes are themselves; {"ref":"%name"} is a reference to a variable,
// {"sref":v} to any other scalar, {"re":..,"flags":..} a pattern, {"lookup_re":[..]} a table of patterns, {"label":..} a
// label, {"obj":CLASS,"data":..} another object, "CODE" an unnamed sub, "CODE:Package::name" a named one.
package asperl

import (
	"sort"
	"unicode/utf8"

	"mavis/perlconf/diag"
	"mavis/perlconf/eval"
	"mavis/rules/load"
	"mavis/rules/vars"
)

// Document is the printed form. The first six members are nil when the configuration was refused.
type Document struct {
	Scalars    map[string]any `json:"scalars,omitempty"`
	Arrays     map[string]any `json:"arrays,omitempty"`
	Hashes     map[string]any `json:"hashes,omitempty"`
	PolicyBank any            `json:"policy_bank,omitempty"`
	Extra      map[string]any `json:"extra"`   // variables that the files made
	Changed    []string       `json:"changed"` // variables whose values the files changed, before the defaults after them
	FilesRead  []string       `json:"files_read"`
	EnvPath    string         `json:"env_path"`
	Warnings   []string       `json:"warnings"`
	Stubbed    []string       `json:"stubbed"`
}

// Refusal is printed instead when the configuration was refused.
type Refusal struct {
	Error    string   `json:"error"`
	Warnings []string `json:"warnings"`
	Stubbed  []string `json:"stubbed"`
}

// skipped are variables that are not shown: the program's own state, and old names.
var skipped = map[string]bool{"%current_policy_bank": true, "$spamcontrol_obj": true, "$my_pid": true, "$profiling": true,
	"$can_truncate": true}

// recorder watches a load and keeps what the document needs.
type recorder struct {
	names  []string
	byAddr map[any]string
	before map[string]any
	after  map[string]any
	stash  map[string]bool
}

// Files loads files and gives a *Document or a *Refusal. What is recorded at a stage is what Options.At leaves there.
func Files(opt load.Options, files ...string) (any, *load.Result) {
	r := &recorder{}
	at := opt.At
	opt.At = func(s load.Stage, v *load.Vars) {
		if at != nil {
			at(s, v)
		}
		switch s {
		case load.Fresh:
			r.start(v)
		case load.FilesRun:
			r.after = r.snapshot(v)
		}
	}
	res, err := load.Files(opt, files...)
	warnings := []string{}
	for _, d := range res.Diags.All {
		if d.Severity == diag.Warning {
			warnings = append(warnings, d.Error())
		}
	}
	stubbed := append([]string{}, res.Stubbed...)
	if err != nil {
		return &Refusal{Error: firstError(res.Diags, err), Warnings: warnings, Stubbed: stubbed}, res
	}
	doc := r.document(res)
	doc.Warnings, doc.Stubbed = warnings, stubbed
	return doc, res
}

// firstError joins all errors, the first one first.
func firstError(bag *diag.Bag, err error) string {
	text := ""
	for _, d := range bag.All {
		if d.Severity == diag.Error {
			if text != "" {
				text += "\n"
			}
			text += d.Error()
			if d.Help != "" {
				text += " (" + d.Help + ")"
			}
		}
	}
	if text == "" {
		return err.Error()
	}
	return text
}

func (r *recorder) start(v *load.Vars) {
	r.byAddr, r.stash = map[any]string{}, map[string]bool{}
	for _, d := range vars.All() {
		if d.AliasOf == "" && !skipped[d.Name] {
			r.names = append(r.names, d.Name)
			r.byAddr[v.Container(d.Name)] = d.Name
		}
	}
	for _, n := range v.Names() {
		r.stash[n] = true
	}
	r.before = r.snapshot(v)
}

func (r *recorder) snapshot(v *load.Vars) map[string]any {
	out := make(map[string]any, len(r.names))
	for _, n := range r.names {
		out[n] = r.variable(v, n)
	}
	return out
}

func (r *recorder) variable(v *load.Vars, name string) any {
	switch c := v.Container(name).(type) {
	case *eval.Scalar:
		return r.encode(c.Get(), 0)
	case *eval.Array:
		return r.array(c, 0)
	case *eval.Hash:
		if name == "%policy_bank" {
			return r.banks(c)
		}
		return r.hash(c, 0)
	}
	return nil
}

// banks leaves out of the built-in bank what only refers to the variable of the same name.
func (r *recorder) banks(banks *eval.Hash) any {
	out := map[string]any{}
	for _, name := range banks.Keys() {
		bank, ok := banks.Get(name).(*eval.Hash)
		if name != "" || !ok {
			out[text(name)] = r.encode(banks.Get(name), 1)
			continue
		}
		own := map[string]any{}
		for _, k := range bank.Keys() {
			v := bank.Get(k)
			if s, ok := v.(string); ok && s == "" && (k == "policy_bank_name" || k == "policy_bank_path") {
				continue
			}
			if n, ok := r.known(v); ok && n[1:] == k {
				continue
			}
			own[text(k)] = r.encode(v, 1)
		}
		out[""] = own
	}
	return out
}

func (r *recorder) document(res *load.Result) *Document {
	v := res.Vars
	final := r.snapshot(v)
	doc := &Document{Scalars: map[string]any{}, Arrays: map[string]any{}, Hashes: map[string]any{}, Extra: map[string]any{},
		Changed: []string{}, FilesRead: append([]string{}, res.Files...), PolicyBank: final["%policy_bank"]}
	groups := map[byte]map[string]any{'$': doc.Scalars, '@': doc.Arrays, '%': doc.Hashes}
	for _, n := range r.names {
		if n != "%policy_bank" {
			groups[n[0]][n[1:]] = final[n]
		}
		if !same(r.before[n], r.after[n]) {
			doc.Changed = append(doc.Changed, n)
		}
	}
	sort.Strings(doc.Changed)
	for _, n := range v.Names() {
		if _, known := vars.Find(n); !known && !r.stash[n] {
			doc.Extra[n] = r.variable(v, n)
		}
	}
	doc.EnvPath = eval.ToString(res.Interp.Hash("main", "ENV").Get("PATH"))
	return doc
}

// known gives the name of a variable that a value refers to.
func (r *recorder) known(v eval.Value) (string, bool) {
	switch c := v.(type) {
	case *eval.Scalar:
		n, ok := r.byAddr[c]
		return n, ok && c.Class == ""
	case *eval.Array:
		n, ok := r.byAddr[c]
		return n, ok && c.Class == ""
	case *eval.Hash:
		n, ok := r.byAddr[c]
		return n, ok && c.Class == ""
	}
	return "", false
}

const maxDepth = 25

func (r *recorder) encode(v eval.Value, depth int) any {
	if v == nil {
		return nil
	}
	if depth > maxDepth {
		return map[string]any{"too_deep": "1"}
	}
	if n, ok := r.known(v); ok {
		return map[string]any{"ref": n}
	}
	switch c := v.(type) {
	case *eval.Scalar:
		switch c.Class {
		case "":
			return map[string]any{"sref": r.encode(c.Get(), depth+1)}
		case "Amavis::Lookup::Label":
			return map[string]any{"label": text(eval.ToString(c.Get()))}
		}
		return map[string]any{"obj": c.Class, "data": r.encode(c.Get(), depth+1)}
	case *eval.Array:
		switch c.Class {
		case "":
			return r.array(c, depth)
		case "Amavis::Lookup::RE":
			return map[string]any{"lookup_re": r.array(c, depth)}
		case "Amavis::Lookup::Label":
			return map[string]any{"label": r.encode(c.Get(0), depth+1)}
		}
		return map[string]any{"obj": c.Class, "data": r.array(c, depth)}
	case *eval.Hash:
		if c.Class == "" {
			return r.hash(c, depth)
		}
		return map[string]any{"obj": c.Class, "data": r.hash(c, depth)}
	case *eval.Regexp:
		return map[string]any{"re": text(c.Pattern), "flags": finalFlags(c.Pattern, c.Flags)}
	case *eval.Code:
		if c.Name == "" || c.Package == "" {
			return "CODE"
		}
		return "CODE:" + c.Package + "::" + c.Name
	case *eval.Glob:
		return map[string]any{"glob": text("*" + c.Package + "::" + c.Name)}
	}
	return text(eval.ToString(v))
}

func (r *recorder) array(a *eval.Array, depth int) any {
	out := make([]any, 0, a.Len())
	for _, e := range a.Elems {
		out = append(out, r.encode(e.Get(), depth+1))
	}
	return out
}

func (r *recorder) hash(h *eval.Hash, depth int) any {
	out := make(map[string]any, h.Len())
	for _, k := range h.Keys() {
		out[text(k)] = r.encode(h.Get(k), depth+1)
	}
	return out
}

// text shows bytes that are UTF-8 as they are, and others as Latin-1.
func text(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	out := make([]byte, 0, len(s)+8)
	for i := 0; i < len(s); i++ {
		out = utf8.AppendRune(out, rune(s[i]))
	}
	return string(out)
}

func same(a, b any) bool {
	switch x := a.(type) {
	case []any:
		y, ok := b.([]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for i := range x {
			if !same(x[i], y[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for k := range x {
			if other, ok := y[k]; !ok || !same(x[k], other) {
				return false
			}
		}
		return true
	}
	return a == b
}
