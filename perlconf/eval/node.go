package eval

import (
	"mavis/perlconf/source"
)

// node is an expression made ready to run: names are resolved to slots and globs. A node that gives a list implements
// lister too, one that stands for containers lvalue, arrayNode, hashNode or aliaser.
type node interface {
	span() source.Span
	scalar(f *frame) Value
}

type lister interface {
	list(f *frame, out []Value) []Value
}

// lvalue gives the container itself, made when needed.
type lvalue interface {
	node
	lv(f *frame) *Scalar
}

type aliaser interface {
	aliases(f *frame, out []*Scalar) []*Scalar
}

type voider interface{ void(f *frame) }

// reading says what an undefined reference means to arr and hsh.
type reading int

const (
	toRead reading = iota // an error under strict refs, else nil
	toMake                // becomes a new container
	toPeek                // nil; used by defined
)

type arrayNode interface {
	node
	arr(f *frame, how reading) *Array
}

type hashNode interface {
	node
	hsh(f *frame, how reading) *Hash
}

type at struct{ sp source.Span }

func (a at) span() source.Span { return a.sp }

func evalList(n node, f *frame, out []Value) []Value {
	if l, ok := n.(lister); ok {
		return l.list(f, out)
	}
	return append(out, n.scalar(f))
}

func evalVoid(n node, f *frame) {
	if v, ok := n.(voider); ok {
		v.void(f)
		return
	}
	n.scalar(f)
}

func evalAliases(n node, f *frame, out []*Scalar) []*Scalar {
	switch x := n.(type) {
	case aliaser:
		return x.aliases(f, out)
	case *constNode:
		return append(out, &Scalar{V: x.v, ro: true, Origin: x.origin})
	case lvalue:
		return append(out, x.lv(f))
	}
	start := len(out)
	out = wrap(evalList(n, f, nil), out)
	if o := originOf(n); o != nil {
		for _, s := range out[start:] {
			s.Origin = o
		}
	}
	return out
}

// wrap appends the values in containers of their own.
func wrap(vals []Value, out []*Scalar) []*Scalar {
	block := make([]Scalar, len(vals))
	for i, v := range vals {
		block[i].V = v
		out = append(out, &block[i])
	}
	return out
}

// evalIn evaluates in the context wanted and leaves the outcome in the frame.
func evalIn(n node, f *frame, want Context) {
	f.rv, f.ret = nil, nil
	switch want {
	case ScalarContext:
		f.rv = n.scalar(f)
	case ListContext:
		f.ret = evalList(n, f, nil)
	default:
		evalVoid(n, f)
	}
}

// frame is one activation of a sub, a file or an eval string.
type frame struct {
	in    *Interp
	fn    *proto
	code  *Code
	slots []any // *Scalar, *Array, *Hash
	args  *Array
	want  Context
	rv    Value   // result in scalar context
	ret   []Value // result in list context
	label string  // of the loop that a next or last looks for
	from  source.Span
	pkg   string // of the caller
}

// proto is a compiled body.
type proto struct {
	name    string
	pkg     string
	body    *blockNode
	nslots  int
	caps    []capture
	catches bool // holds a return inside an expression
	span    source.Span
}

// capture says which slot of the outer frame becomes slot i of the inner one; fixed is set when the container is known.
type capture struct {
	outer int
	inner int
	sigil byte
	fixed any
}

func (f *frame) scalarSlot(i int) *Scalar {
	if s, ok := f.slots[i].(*Scalar); ok {
		return s
	}
	s := &Scalar{}
	f.slots[i] = s
	return s
}

func (f *frame) arraySlot(i int) *Array {
	if a, ok := f.slots[i].(*Array); ok {
		return a
	}
	a := &Array{}
	f.slots[i] = a
	return a
}

func (f *frame) hashSlot(i int) *Hash {
	if h, ok := f.slots[i].(*Hash); ok {
		return h
	}
	h := NewHash()
	f.slots[i] = h
	return h
}

func (f *frame) slot(i int, sigil byte) any {
	switch sigil {
	case '$':
		return f.scalarSlot(i)
	case '@':
		return f.arraySlot(i)
	}
	return f.hashSlot(i)
}

func newContainer(sigil byte) any {
	switch sigil {
	case '$':
		return &Scalar{}
	case '@':
		return &Array{}
	}
	return NewHash()
}

// step counts work against the limit and looks whether the run was ended from outside.
func (in *Interp) step(n int) {
	before := in.steps
	in.steps += n
	if in.steps > in.opt.MaxSteps {
		in.stop(CodeSteps, in.cur, "The file does more work than a configuration may; look for a loop that does not end.",
			"more than %d steps", in.opt.MaxSteps)
	}
	if before>>10 != in.steps>>10 && in.opt.Context.Err() != nil {
		in.stop(CodeCancelled, in.cur, "", "the run was ended: %v", in.opt.Context.Err())
	}
}

// bytes checks the length of a string that is about to be made.
func (in *Interp) bytes(n int) {
	if n > in.opt.MaxBytes {
		in.stop(CodeBytes, in.cur, "", "a string of %d bytes is longer than the limit of %d", n, in.opt.MaxBytes)
	}
	if n > 4096 {
		in.step(n >> 6)
	}
}

func (in *Interp) lastSpan() source.Span { return in.cur }

// put assigns to a container and dies at span when that fails.
func (in *Interp) put(s *Scalar, v Value, span source.Span) {
	if s.Magic == nil && !s.ro {
		s.V = v
		s.pos = 0
		return
	}
	if err := s.Set(v); err != nil {
		in.rethrow(err, span)
	}
}
