package load

import (
	"errors"

	"mavis/perlconf/eval"
	"mavis/perlconf/source"
)

var noSpan source.Span

// newRE makes a regular expression table (README.lookups): patterns, or lists of a pattern and its value.
func newRE(vals []eval.Value) *eval.Array {
	a := eval.NewArray(vals...)
	a.Class = classRE
	return a
}

func blessedScalar(class string, v eval.Value) *eval.Scalar {
	s := eval.NewScalar(v)
	s.Class = class
	return s
}

// field makes a word for an SQL or LDAP field looked up by address.
func field(class, nameKey, typeKey, kind string) native {
	return func(c *eval.Call) ([]eval.Value, error) {
		return one(newField(class, nameKey, typeKey, c.Arg(0), kind)), nil
	}
}

func newField(class, nameKey, typeKey string, name, kind eval.Value) *eval.Hash {
	h := eval.NewHash()
	h.Class = class
	h.Put(nameKey, name)
	h.Put(typeKey, kind)
	return h
}

// newDNS makes a lookup of an address in a DNS list (RFC 5782): zone, and the answers that count.
func newDNS(_ *eval.Call, args []eval.Value) ([]eval.Value, error) {
	for len(args) < 3 {
		args = append(args, nil)
	}
	if eval.ToString(args[0]) == "" {
		return nil, errors.New("a DNS list needs the name of its zone")
	}
	if args[1] == nil {
		args[1] = "127.0.0.2"
	}
	h := eval.NewHash()
	h.Class = classDNS
	h.Put("zone", args[0])
	h.Put("expected", args[1])
	h.Put("resolver", args[2])
	return one(h), nil
}

// defineClasses gives the constructors behind the short words, for files that call Amavis::Lookup::RE->new(...).
func (l *loader) defineClasses() {
	constructor := func(class string, fn func(*eval.Call, []eval.Value) ([]eval.Value, error)) {
		l.define(class, "new", "-", func(c *eval.Call) ([]eval.Value, error) {
			args := c.Values()
			if len(args) == 0 {
				return nil, errors.New("new is called as " + class + "->new(...)")
			}
			return fn(c, args[1:])
		})
	}
	arg := func(args []eval.Value, i int) eval.Value {
		if i < len(args) {
			return args[i]
		}
		return nil
	}
	constructor(classRE, func(_ *eval.Call, args []eval.Value) ([]eval.Value, error) { return one(newRE(args)), nil })
	for _, class := range []string{classLabel, classOpaque, classOpaqueRef} {
		constructor(class, func(_ *eval.Call, args []eval.Value) ([]eval.Value, error) {
			return one(blessedScalar(class, arg(args, 0))), nil
		})
	}
	constructor(classDNS, newDNS)
	for _, f := range []struct{ class, name, kind, query string }{
		{classSQL, "fieldname", "fieldtype", "sql_query"}, {classLDAP, "attrname", "attrtype", "ldap_query"}} {
		constructor(f.class, func(_ *eval.Call, args []eval.Value) ([]eval.Value, error) {
			h := newField(f.class, f.name, f.kind, arg(args, 1), arg(args, 2))
			if q := arg(args, 0); q != nil {
				h.Put(f.query, q)
			}
			if extra := arg(args, 3); extra != nil && f.class == classSQL {
				if list, ok := extra.(*eval.Array); ok {
					h.Put("args", eval.NewArray(list.Values()...))
				} else {
					h.Put("args", eval.NewArray(extra))
				}
			}
			return one(h), nil
		})
	}
}
