package lookup

import (
	"errors"
	"fmt"
	"regexp"
	"sync"

	"mavis/perlconf/diag"
	"mavis/perlconf/eval"
	"mavis/perlconf/source"
)

// Compiler turns the containers of a configuration into tables, each container once. References are followed when a
// table is made, which must be after all files have run: then what was put into a variable after the reference was
// taken counts too. The zero Compiler is ready; it is safe for use by several goroutines.
type Compiler struct {
	mu        sync.RWMutex
	frozen    bool
	lists     map[*eval.Array]*Tables
	nets      map[*eval.Array]*Networks
	tables    map[any]*table
	netTables map[any]*netTable
	implied   map[*eval.Array][]*Field
}

var errNoTable = errors.New("not a lookup table")

// Freeze ends the time in which containers belong to the configuration: what is made of others afterwards, such as
// results of code, is not kept.
func (c *Compiler) Freeze() {
	c.mu.Lock()
	c.frozen = true
	c.mu.Unlock()
}

// Imply puts fields of databases before the tables of an array. It must be called before tables are made of it.
func (c *Compiler) Imply(list *eval.Array, fields ...*Field) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.implied == nil {
		c.implied = map[*eval.Array][]*Field{}
	}
	c.implied[list] = append(c.implied[list], fields...)
}

// Tables makes a list of tables: an array is the list, undef an empty one, anything else a list of one. Faults go into
// the bag, which may be nil; a faulty table also fails every lookup that reaches it.
func (c *Compiler) Tables(v eval.Value, bag *diag.Bag) *Tables {
	switch x := v.(type) {
	case nil:
		return &Tables{c: c}
	case *eval.Array:
		if x.Class != "" {
			break
		}
		c.mu.RLock()
		t, implied := c.lists[x], c.implied[x]
		c.mu.RUnlock()
		if t != nil {
			return t
		}
		t = &Tables{c: c}
		for _, f := range implied {
			t.list = append(t.list, &table{kind: f.Kind, field: f})
		}
		for _, e := range x.Elems {
			at := elemOrigin(e, x.Origin)
			if tb := c.element(e.Get(), at, bag); tb != nil {
				t.list = append(t.list, tb)
			}
		}
		c.mu.Lock()
		if !c.frozen {
			if c.lists == nil {
				c.lists = map[*eval.Array]*Tables{}
			}
			c.lists[x] = t
		}
		c.mu.Unlock()
		return t
	}
	t := &Tables{c: c}
	if tb := c.element(v, Place(v), bag); tb != nil {
		t.list = append(t.list, tb)
	}
	return t
}

func elemOrigin(e *eval.Scalar, whole *eval.Origin) source.Span {
	if e != nil && e.Origin != nil {
		return e.Origin.Span
	}
	if e != nil {
		if at := Place(e.Get()); !at.IsZero() {
			return at
		}
	}
	return originOf(whole)
}

// element is one member of a list of tables: it may stand behind one reference more.
func (c *Compiler) element(v eval.Value, at source.Span, bag *diag.Bag) *table {
	if s, ok := v.(*eval.Scalar); ok && s.Class == "" {
		if inner := s.Get(); eval.IsRef(inner) {
			if code, ok := inner.(*eval.Code); ok {
				return codeTable(code, at)
			}
			return c.single(inner, at, bag)
		}
	}
	if code, ok := v.(*eval.Code); ok {
		return codeTable(code, at)
	}
	return c.single(v, at, bag)
}

func codeTable(code *eval.Code, at source.Span) *table {
	if at.IsZero() {
		at = code.Span
	}
	if l, ok := ParseLate(code); ok {
		return &table{kind: LateTable, late: l, origin: at}
	}
	return &table{kind: CodeTable, code: code, origin: at}
}

// single makes one table; nil for an undef constant, which never matches.
func (c *Compiler) single(v eval.Value, at source.Span, bag *diag.Bag) *table {
	var key any
	switch x := v.(type) {
	case *eval.Scalar:
		return c.scalar(x, at, bag)
	case *eval.Array:
		key = x
	case *eval.Hash:
		key = x
	case *eval.Code:
		return codeTable(x, at)
	case *eval.Regexp:
		return noTable(v, at, bag, "put the pattern into new_RE( )")
	default:
		if eval.IsRef(v) {
			return noTable(v, at, bag, "")
		}
		return constant(v, at)
	}
	c.mu.RLock()
	tb := c.tables[key]
	c.mu.RUnlock()
	if tb != nil {
		return tb
	}
	switch x := v.(type) {
	case *eval.Array:
		tb = c.array(x, at, bag)
	case *eval.Hash:
		tb = c.hash(x, at, bag)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.frozen {
		if c.tables == nil {
			c.tables = map[any]*table{}
		}
		c.tables[key] = tb
	}
	return tb
}

func constant(v eval.Value, at source.Span) *table {
	if v == nil {
		return nil
	}
	return &table{kind: Constant, value: v, key: "(constant:" + eval.ToString(v) + ")", origin: at}
}

func (c *Compiler) scalar(s *eval.Scalar, at source.Span, bag *diag.Bag) *table {
	inner := s.Get()
	switch s.Class {
	case "":
		if eval.IsRef(inner) {
			return noTable(s, at, bag, "only one level of reference is followed")
		}
		if s.Origin != nil {
			at = s.Origin.Span
		}
		return constant(inner, at)
	case "Amavis::Lookup::Label":
		return &table{kind: Label, key: eval.ToString(inner), origin: at}
	case "Amavis::Lookup::OpaqueRef":
		ref, ok := inner.(*eval.Scalar)
		if !ok {
			return noTable(s, at, bag, "OpaqueRef( ) wants a reference to a variable")
		}
		if ref.Origin != nil {
			at = ref.Origin.Span
		}
		inner = ref.Get()
	case "Amavis::Lookup::Opaque":
	default:
		return noTable(s, at, bag, "")
	}
	if inner == nil {
		return nil
	}
	return &table{kind: Opaque, value: inner, key: "(opaque:" + eval.ToString(inner) + ")", origin: at}
}

func noTable(v eval.Value, at source.Span, bag *diag.Bag, help string) *table {
	what := eval.Ref(v)
	report(bag, diag.Error, CodeNotTable, at, help, "a value of type %s is no lookup table", what)
	return &table{kind: Constant, origin: at, err: fmt.Errorf("%s: a value of type %s: %w", at, what, errNoTable)}
}

func (c *Compiler) array(a *eval.Array, at source.Span, bag *diag.Bag) *table {
	if a.Origin != nil {
		at = a.Origin.Span
	}
	switch a.Class {
	case "":
		return compileACL(a, at, bag)
	case "Amavis::Lookup::RE":
		return compileRE(a, at, bag)
	}
	return noTable(a, at, bag, "")
}

func (c *Compiler) hash(h *eval.Hash, at source.Span, bag *diag.Bag) *table {
	if h.Origin != nil {
		at = h.Origin.Span
	}
	switch h.Class {
	case "":
		return compileHash(h, at)
	case "Amavis::Lookup::SQLfield":
		return &table{kind: SQL, field: newField(SQL, h, "fieldname", "fieldtype", at), origin: at}
	case "Amavis::Lookup::LDAPattr":
		return &table{kind: LDAP, field: newField(LDAP, h, "attrname", "attrtype", at), origin: at}
	}
	return noTable(h, at, bag, "")
}

func newField(kind Kind, h *eval.Hash, name, typ string, at source.Span) *Field {
	f := &Field{Kind: kind, Type: "S-", Origin: at}
	if t := h.Get(typ); t != nil {
		f.Type = eval.ToString(t)
	}
	switch n := h.Get(name).(type) {
	case *eval.Array:
		for _, v := range n.Values() {
			f.Names = append(f.Names, eval.ToString(v))
		}
	case *eval.Hash:
		f.Names = n.Keys()
	default:
		f.Name = eval.ToString(n)
	}
	if a, ok := h.Get("args").(*eval.Array); ok {
		f.Args = a.Values()
	}
	return f
}

// The text of a sub that only looks up another variable of the policy in force.
var (
	lateCall = regexp.MustCompile(`^\s*(cr|ca|c)\s*\(\s*(?:'(\w+)'|"(\w+)")\s*\)\s*$`)
	lateSub  = regexp.MustCompile(`(?s)^\s*(?:sub\s*)?\{(.*?);?\s*\}\s*$`)
	lateWrap = regexp.MustCompile(`(?s)^\s*(\[|Opaque\s*\()(.*)[\])]\s*$`)
)

// ParseLate recognises code that is nothing but c('x'), ca('x'), cr('x'), [ c('x') ] or Opaque(c('x')): by the text of
// a sub of the configuration, or the name of a native one.
func ParseLate(code *eval.Code) (Late, bool) {
	text := code.Name
	if code.Native == nil {
		m := lateSub.FindStringSubmatch(code.Span.Text())
		if m == nil {
			return Late{}, false
		}
		text = m[1]
	}
	var l Late
	m := lateCall.FindStringSubmatch(text)
	if m == nil {
		w := lateWrap.FindStringSubmatch(text)
		if w == nil {
			return Late{}, false
		}
		if m = lateCall.FindStringSubmatch(w[2]); m == nil {
			return Late{}, false
		}
		l.Wrap = "Opaque"
		if w[1] == "[" {
			l.Wrap = "["
		}
	}
	l.Word, l.Name = m[1], m[2]+m[3]
	return l, true
}

// SetLabel names the list for results and errors, where it has no label of its own. It must not be called once the list
// is in use; the first name stays.
func (t *Tables) SetLabel(label string) {
	if t.label == "" {
		t.label = label
	}
}
