package rules

import (
	"testing"

	"mavis/perlconf/diag"
	"mavis/perlconf/eval"
	"mavis/perlconf/source"
	"mavis/rules/vars"
)

// fake is a Source made by hand: all of amavisd's variables, empty but for what a test sets.
type fake struct {
	t       *testing.T
	scalars map[string]*eval.Scalar
	arrays  map[string]*eval.Array
	hashes  map[string]*eval.Hash
	claimed map[any]bool
	file    *source.File
	next    int
}

func newFake(t *testing.T) *fake {
	f := &fake{t: t, scalars: map[string]*eval.Scalar{}, arrays: map[string]*eval.Array{}, hashes: map[string]*eval.Hash{},
		claimed: map[any]bool{}, file: source.New("test.conf", []byte("01234567890123456789012345678901234567890123456789"))}
	bank := eval.NewHash()
	for _, v := range vars.All() {
		if v.AliasOf != "" {
			continue
		}
		var c eval.Value
		switch v.Sigil() {
		case '$':
			f.scalars[v.Bare()] = &eval.Scalar{}
			c = f.scalars[v.Bare()]
		case '@':
			f.arrays[v.Bare()] = &eval.Array{}
			c = f.arrays[v.Bare()]
		case '%':
			f.hashes[v.Bare()] = eval.NewHash()
			c = f.hashes[v.Bare()]
		}
		if v.Group.InBank() {
			bank.Put(v.Bare(), c)
		}
	}
	f.hashes["policy_bank"].Put("", bank)
	f.set("inet_socket_port", int64(10024))
	f.set("have_inet4", int64(1))
	f.set("inet_socket_bind", "127.0.0.1")
	return f
}

func (f *fake) Scalar(name string) *eval.Scalar { return f.scalars[name] }
func (f *fake) Array(name string) *eval.Array   { return f.arrays[name] }
func (f *fake) Hash(name string) *eval.Hash     { return f.hashes[name] }
func (f *fake) Claim(c any)                     { f.claimed[c] = true }

// Call runs native code; c() there reads the bank in force like amavisd's own.
func (f *fake) Call(code *eval.Code, args []eval.Value, _ eval.Context) ([]eval.Value, error) {
	c := &eval.Call{}
	for _, a := range args {
		c.Args = append(c.Args, eval.NewScalar(a))
	}
	return code.Native(c)
}

// span is a new place for an origin.
func (f *fake) span() source.Span {
	f.next++
	return source.Span{File: f.file, Start: f.next, End: f.next + 1}
}

func (f *fake) set(name string, v eval.Value) source.Span {
	f.t.Helper()
	s := f.scalars[name]
	if s == nil {
		f.t.Fatalf("no variable $%s", name)
	}
	s.V = v
	at := f.span()
	s.Mark(at)
	return at
}

func (f *fake) list(name string, vals ...eval.Value) source.Span {
	f.t.Helper()
	a := f.arrays[name]
	if a == nil {
		f.t.Fatalf("no variable @%s", name)
	}
	a.Elems = nil
	a.Push(vals...)
	at := f.span()
	a.Mark(at)
	return at
}

func (f *fake) put(name, key string, v eval.Value) {
	f.t.Helper()
	h := f.hashes[name]
	if h == nil {
		f.t.Fatalf("no variable %%%s", name)
	}
	h.Put(key, v).Mark(f.span())
}

func (f *fake) bind() (*Config, *diag.Bag) {
	bag := &diag.Bag{}
	c := Bind(f, bag)
	c.Misuse = func(m string) { f.t.Error(m) }
	return c, bag
}

// mustBind wants no diagnostics at all.
func (f *fake) mustBind() *Config {
	f.t.Helper()
	c, bag := f.bind()
	for _, d := range bag.All {
		f.t.Errorf("unexpected: %v", d)
	}
	return c
}

// wantDiag looks for a diagnostic.
func wantDiag(t *testing.T, bag *diag.Bag, code string, sev diag.Severity, at source.Span) {
	t.Helper()
	for _, d := range bag.All {
		if d.Code == code && d.Severity == sev && (at.IsZero() || d.Span == at) {
			return
		}
	}
	t.Errorf("no %s %s at %v among %v", sev, code, at, bag.All)
}

func hash(kv ...eval.Value) *eval.Hash {
	h := eval.NewHash()
	for i := 0; i < len(kv); i += 2 {
		h.Put(eval.ToString(kv[i]), kv[i+1])
	}
	return h
}

func list(vals ...eval.Value) *eval.Array { return eval.NewArray(vals...) }

func late(text string) *eval.Code {
	return &eval.Code{Name: text, Native: func(*eval.Call) ([]eval.Value, error) { panic("not resolved: " + text) }}
}
