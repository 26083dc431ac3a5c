package lookup

import (
	"fmt"

	"mavis/perlconf/diag"
	"mavis/perlconf/eval"
	"mavis/perlconf/source"
)

// Tables is a list of tables, such as @local_domains_maps. It is safe for use by several goroutines; a nil *Tables is
// an empty list.
type Tables struct {
	c     *Compiler
	label string
	list  []*table
}

type table struct {
	kind   Kind
	origin source.Span
	key    string // of a constant or opaque value; text of a label
	value  eval.Value
	hash   map[string]hashEntry
	acl    []aclEntry
	res    []reEntry
	code   *eval.Code
	late   Late
	field  *Field
	err    error // the table cannot be used
}

// Len is the number of tables, labels not counted.
func (t *Tables) Len() int {
	n := 0
	if t != nil {
		for _, tb := range t.list {
			if tb.kind != Label {
				n++
			}
		}
	}
	return n
}

// Join puts lists one behind the other. A single list comes back as it is.
func Join(lists ...*Tables) *Tables {
	switch len(lists) {
	case 0:
		return nil
	case 1:
		return lists[0]
	}
	out := &Tables{}
	for _, l := range lists {
		if l != nil {
			out.c = l.c
			out.list = append(out.list, l.list...)
		}
	}
	return out
}

// First gives the first defined result for a key. Use Find when the same key meets several lists.
func (t *Tables) First(key string, opt *Options) (Result, bool, error) {
	if t == nil || len(t.list) == 0 {
		return Result{}, false, nil
	}
	return t.Find(NewQuery(key, opt))
}

// All gives the results of all matching entries of all tables, in order of search; the value of a hash or regexp entry
// may be undef among them.
func (t *Tables) All(key string, opt *Options) ([]Result, error) {
	if t == nil || len(t.list) == 0 {
		return nil, nil
	}
	return t.FindAll(NewQuery(key, opt))
}

// Find is First for a prepared key. An undef result of one table leads on to the next. An error means undecided.
func (t *Tables) Find(q *Query) (Result, bool, error) {
	if t == nil {
		return Result{}, false, nil
	}
	label := t.label
	for _, tb := range t.list {
		if tb.kind == Label {
			label = tb.key
			continue
		}
		r, ok, err := t.find(tb, q)
		if err != nil {
			return Result{}, false, labelled(label, err)
		}
		if ok && r.Value != nil {
			r.Label = label
			return r, true, nil
		}
	}
	return Result{}, false, nil
}

// FindAll is All for a prepared key.
func (t *Tables) FindAll(q *Query) ([]Result, error) {
	if t == nil {
		return nil, nil
	}
	var out []Result
	label := t.label
	for _, tb := range t.list {
		if tb.kind == Label {
			label = tb.key
			continue
		}
		from := len(out)
		var err error
		if out, err = t.findAll(tb, q, out); err != nil {
			return nil, labelled(label, err)
		}
		for i := from; i < len(out); i++ {
			out[i].Label = label
		}
	}
	return out, nil
}

func labelled(label string, err error) error {
	if label == "" {
		return err
	}
	return fmt.Errorf("lookup %s: %w", label, err)
}

func (t *Tables) find(tb *table, q *Query) (Result, bool, error) {
	if tb.err != nil {
		return Result{}, false, tb.err
	}
	switch tb.kind {
	case Constant, Opaque:
		return Result{Value: tb.value, Key: tb.key, Kind: tb.kind, Origin: tb.origin}, true, nil
	case Hash:
		r, ok := tb.findHash(q)
		return r, ok, nil
	case List:
		r, ok := tb.findACL(q)
		return r, ok, nil
	case Regexps:
		return tb.findRE(q)
	case CodeTable, LateTable:
		inner, err := t.dynamic(tb, q, false)
		if err != nil || inner == nil {
			return Result{}, false, err
		}
		r, ok, err := t.find(inner, q)
		if tb.kind == LateTable {
			r.Via = tb.late.Name
		}
		return r, ok, err
	case SQL, LDAP:
		all, err := ask(tb, q, false)
		if err != nil || len(all) == 0 {
			return Result{}, false, err
		}
		return all[0], true, nil
	}
	return Result{}, false, fmt.Errorf("a table of kind %s in a lookup of addresses: %w", tb.kind, ErrUnavailable)
}

func (t *Tables) findAll(tb *table, q *Query, out []Result) ([]Result, error) {
	if tb.err != nil {
		return nil, tb.err
	}
	switch tb.kind {
	case Hash:
		return tb.allHash(q, out), nil
	case Regexps:
		return tb.allRE(q, out)
	case CodeTable, LateTable:
		inner, err := t.dynamic(tb, q, true)
		if err != nil || inner == nil {
			return out, err
		}
		return t.findAll(inner, q, out)
	case SQL, LDAP:
		all, err := ask(tb, q, true)
		return append(out, all...), err
	}
	r, ok, err := t.find(tb, q)
	if err == nil && ok && r.Value != nil {
		out = append(out, r)
	}
	return out, err
}

// dynamic gives the table that code stands for; nil when that is undef.
func (t *Tables) dynamic(tb *table, q *Query, all bool) (*table, error) {
	res := q.opt.Resolver
	if res == nil {
		return nil, fmt.Errorf("%s table: %w", tb.kind, ErrUnavailable)
	}
	var v eval.Value
	var err error
	if tb.kind == LateTable {
		v, err = res.Late(tb.late)
	} else {
		v, err = res.Call(tb.code, q.key, all)
	}
	if err != nil || v == nil {
		return nil, err
	}
	inner := t.c.single(v, tb.origin, nil)
	if inner != nil && (inner.kind == CodeTable || inner.kind == LateTable || inner.kind == Label) {
		return nil, fmt.Errorf("code gave a table of kind %s: %w", inner.kind, errNoTable)
	}
	return inner, nil
}

func ask(tb *table, q *Query, all bool) ([]Result, error) {
	if q.opt.Resolver == nil {
		return nil, fmt.Errorf("%s field %s: %w", tb.kind, tb.field.Name, ErrUnavailable)
	}
	out, err := q.opt.Resolver.Field(tb.field, q.key, all)
	for i := range out {
		out[i].Kind = tb.kind
		if out[i].Origin.IsZero() {
			out[i].Origin = tb.origin
		}
	}
	return out, err
}

// Diagnostic codes of this package.
const (
	CodeNotTable = "L200" // a value that is no table
	CodePattern  = "L201" // a pattern that does not compile
	CodeEntry    = "L202" // an entry of a list that can never match
	CodeNetwork  = "L203" // an entry of a list of networks that is no network
	CodePair     = "L204" // a regexp entry with more than a pattern and a value
)

func report(bag *diag.Bag, sev diag.Severity, code string, at source.Span, help, format string, args ...any) {
	if bag != nil {
		bag.Add(diag.Diagnostic{Code: code, Severity: sev, Span: at, Message: fmt.Sprintf(format, args...), Help: help})
	}
}
