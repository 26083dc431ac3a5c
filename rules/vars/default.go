package vars

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"sort"
	"strings"
	"sync"
)

//go:embed defaults.json
var defaultsJSON []byte

// Def is a default as data: nil, string, int64, float64, or one of the types below.
type Def any

// What a Def can be beside plain values.
type (
	// DefList is an array, or a reference to one inside another value.
	DefList []Def
	// DefHash is a hash, or a reference to one; Keys are sorted.
	DefHash struct {
		Keys []string
		M    map[string]Def
	}
	// DefRef refers to another variable, named with its sigil.
	DefRef struct{ Name string }
	// DefRegexp is a compiled pattern.
	DefRegexp struct{ Pattern, Flags string }
	// DefTable is an object of Amavis::Lookup::RE: patterns, or lists of a pattern and its value.
	DefTable []Def
	// DefBank is code that gives a member of the policy bank in force, by the accessor How: "c", "ca" or "cr".
	DefBank struct{ How, Member string }
	// DefCode is a named sub ("Amavis::Unpackers::do_gunzip"), or one of the few that need an argument: "list_of_c",
	// "opaque_c" (an accessor's value in a list, or protected from being a list), "delivery_alias".
	DefCode struct{ Name, Arg string }
	// DefBuiltin is a text that the program brings itself, such as a notice.
	DefBuiltin struct{ Name string }
	// DefComputed depends on the machine or the process.
	DefComputed struct{ What string }
)

var index = sync.OnceValue(func() map[string]int {
	m := make(map[string]int, len(table))
	for i, v := range table {
		m[v.Name] = i
	}
	return m
})

var defaults = sync.OnceValue(func() map[string]Def {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(defaultsJSON, &raw); err != nil {
		panic("the embedded defaults are damaged: " + err.Error())
	}
	m := make(map[string]Def, len(raw))
	for name, r := range raw {
		d, err := parseDef(r)
		if err != nil {
			panic("the embedded default of " + name + " is damaged: " + err.Error())
		}
		m[name] = d
	}
	return m
})

// Default is what a variable holds before a configuration file is read. The caller must not change it.
func (v Var) Default() Def { return defaults()[v.Name] }

func parseDef(raw []byte) (Def, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var x any
	if err := dec.Decode(&x); err != nil {
		return nil, err
	}
	return convert(x)
}

func convert(x any) (Def, error) {
	switch x := x.(type) {
	case nil:
		return nil, nil
	case string:
		return latin1(x), nil
	case json.Number:
		if !strings.ContainsAny(x.String(), ".eE") {
			return x.Int64()
		}
		return x.Float64()
	case []any:
		return convertList(x)
	case map[string]any:
		return convertObject(x)
	}
	return nil, fmt.Errorf("unexpected %T", x)
}

func convertList(x []any) (DefList, error) {
	out := DefList{}
	for _, e := range x {
		d, err := convert(e)
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}

func convertObject(x map[string]any) (Def, error) {
	str := func(key string) string { s, _ := x[key].(string); return latin1(s) }
	for _, how := range []string{"c", "ca", "cr"} {
		if _, ok := x[how]; ok {
			return DefBank{how, str(how)}, nil
		}
	}
	switch {
	case x["hash"] != nil:
		h, ok := x["hash"].(map[string]any)
		if !ok {
			return nil, fmt.Errorf("hash is a %T", x["hash"])
		}
		out := DefHash{M: map[string]Def{}}
		for k, e := range h {
			d, err := convert(e)
			if err != nil {
				return nil, err
			}
			out.Keys = append(out.Keys, latin1(k))
			out.M[latin1(k)] = d
		}
		sort.Strings(out.Keys)
		return out, nil
	case x["lookup_re"] != nil:
		l, ok := x["lookup_re"].([]any)
		if !ok {
			return nil, fmt.Errorf("lookup_re is a %T", x["lookup_re"])
		}
		d, err := convertList(l)
		return DefTable(d), err
	case x["re"] != nil:
		return DefRegexp{str("re"), str("flags")}, nil
	case x["ref"] != nil:
		return DefRef{str("ref")}, nil
	case x["code"] != nil:
		return DefCode{str("code"), str("arg")}, nil
	case x["builtin"] != nil:
		return DefBuiltin{str("builtin")}, nil
	case x["computed"] != nil:
		return DefComputed{str("computed")}, nil
	}
	return nil, fmt.Errorf("unknown form %v", x)
}

// latin1 turns the file's characters back into the bytes that Perl holds.
func latin1(s string) string {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			b := make([]byte, 0, len(s))
			for _, r := range s {
				b = append(b, byte(r))
			}
			return string(b)
		}
	}
	return s
}
