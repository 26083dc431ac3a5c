package settings

import (
	"regexp"
	"strings"

	"mavis/perlconf/eval"
	"mavis/perlconf/source"
	"mavis/rules/lookup"
)

// Kind is a kind of value.
type Kind string

// The kinds.
const (
	Undef   Kind = "undef"
	Text    Kind = "text"
	Number  Kind = "number"
	List    Kind = "list"
	Hash    Kind = "hash"
	Pattern Kind = "pattern"
	Table   Kind = "table" // a table of patterns, as new_RE makes it
	Ref     Kind = "ref"   // a reference to a variable of amavisd: Text is its name
	Code    Kind = "code"
	Object  Kind = "object" // of Class, such as a field of a database
)

// Value is a value with everything in it. A list entry and a hash entry know where they were set.
type Value struct {
	Kind  Kind
	Text  string // of texts, numbers, patterns and code; the name of a Ref
	Flags string // of a Pattern
	Class string // of an Object, or of a Label
	Items []Item
	// Secret says that the text must not be shown.
	Secret bool
}

// Item is an entry of a list or hash.
type Item struct {
	Key    string // of a hash
	Value  Value
	Origin source.Span
}

const (
	maxDepth = 20
	maxItems = 100_000 // of one variable
)

// reader makes values of what the evaluator holds.
type reader struct {
	names map[any]string // of known containers
	left  int            // entries that may still be made
}

func (r *reader) value(v eval.Value, depth int) Value {
	if name, ok := r.names[v]; ok && v != nil {
		return Value{Kind: Ref, Text: name}
	}
	if depth > maxDepth {
		return Value{Kind: Object, Class: "nested too deeply"}
	}
	switch x := v.(type) {
	case nil:
		return Value{Kind: Undef}
	case string:
		return Value{Kind: Text, Text: x}
	case *eval.Scalar:
		inner := r.value(x.Get(), depth+1)
		if x.Class == "Amavis::Lookup::Label" {
			return Value{Kind: Object, Class: "label", Text: eval.ToString(x.Get())}
		}
		return Value{Kind: Object, Class: scalarClass(x.Class), Items: []Item{{Value: inner, Origin: lookup.Place(x)}}}
	case *eval.Array:
		out := Value{Kind: List, Items: r.list(x, depth)}
		switch x.Class {
		case "":
		case "Amavis::Lookup::RE":
			out.Kind = Table
		default:
			out.Kind, out.Class = Object, x.Class
		}
		return out
	case *eval.Hash:
		out := Value{Kind: Hash, Items: r.hash(x, depth)}
		if x.Class != "" {
			out.Kind, out.Class = Object, x.Class
		}
		return out
	case *eval.Regexp:
		return Value{Kind: Pattern, Text: x.Pattern, Flags: x.Flags}
	case *eval.Code:
		text := x.Span.Text()
		if text == "" {
			text = x.Name
		}
		if x.Name != "" && x.Package != "" {
			text = `\&` + x.Name
		}
		return Value{Kind: Code, Text: text}
	case *eval.Glob:
		return Value{Kind: Object, Class: "glob", Text: x.Package + "::" + x.Name}
	}
	if _, ok := v.(*eval.Dual); ok {
		return Value{Kind: Text, Text: eval.ToString(v)}
	}
	return Value{Kind: Number, Text: eval.ToString(v)}
}

func scalarClass(class string) string {
	if class == "" {
		return "reference"
	}
	return class
}

func (r *reader) list(a *eval.Array, depth int) []Item {
	var out []Item
	for _, e := range a.Elems {
		if r.left--; r.left < 0 {
			break
		}
		out = append(out, Item{Value: r.value(e.Get(), depth+1), Origin: element(e)})
	}
	return out
}

func (r *reader) hash(h *eval.Hash, depth int) []Item {
	var out []Item
	for _, k := range h.Keys() {
		if r.left--; r.left < 0 {
			break
		}
		e := h.Lookup(k)
		v := r.value(e.Get(), depth+1)
		if secretName.MatchString(k) {
			v = hide(v)
		}
		out = append(out, Item{Key: k, Value: v, Origin: element(e)})
	}
	return out
}

func element(e *eval.Scalar) source.Span {
	if e == nil {
		return source.Span{}
	}
	if e.Origin != nil {
		return e.Origin.Span
	}
	return lookup.Place(e.Get())
}

// Equal says whether two values mean the same. Origins do not count.
func Equal(a, b Value) bool {
	if a.Kind != b.Kind && !(plain(a) && plain(b)) || a.Text != b.Text || a.Flags != b.Flags || a.Class != b.Class || len(a.Items) != len(b.Items) {
		return false
	}
	if a.Kind == Hash {
		other := make(map[string]Value, len(b.Items))
		for _, i := range b.Items {
			other[i.Key] = i.Value
		}
		for _, i := range a.Items {
			if v, ok := other[i.Key]; !ok || !Equal(i.Value, v) {
				return false
			}
		}
		return true
	}
	for i := range a.Items {
		if a.Items[i].Key != b.Items[i].Key || !Equal(a.Items[i].Value, b.Items[i].Value) {
			return false
		}
	}
	return true
}

func plain(v Value) bool { return v.Kind == Text || v.Kind == Number }

// hide marks everything in a value as secret.
func hide(v Value) Value {
	v.Secret = v.Kind != Undef
	for i := range v.Items {
		v.Items[i].Value = hide(v.Items[i].Value)
	}
	return v
}

// hideSources hides the passwords of data sources: lists of [dsn, user, password, options].
func hideSources(v Value) Value {
	for i, source := range v.Items {
		if source.Value.Kind != List {
			continue
		}
		for j := range source.Value.Items {
			e := &source.Value.Items[j].Value
			switch {
			case j == 0:
				e.Text = hideInText(e.Text)
			case j == 2:
				*e = hide(*e)
			}
		}
		v.Items[i] = source
	}
	return v
}

var (
	secretName = regexp.MustCompile(`(?i)pass(wd|word|phrase)?$|passw(or)?d|secret|token$|api_?key|^pw$|_pw$|private_?key`)
	inDSN      = regexp.MustCompile(`(?i)(pass\w*=)[^;]*`)
)

func hideInText(s string) string { return inDSN.ReplaceAllString(s, "${1}"+Mask) }

// Mask stands where a secret was.
const Mask = "********"

// secretText is a text that is a secret by itself: a private key.
func secretText(s string) bool { return strings.Contains(s, "PRIVATE KEY-----") }
