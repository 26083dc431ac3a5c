package eval

// constNode is a literal.
type constNode struct {
	at
	v      Value
	origin *Origin
}

func (n *constNode) scalar(*frame) Value { return n.v }

// lexScalar, lexArray and lexHash are my variables.
type lexScalar struct {
	at
	slot int
}

func (n *lexScalar) scalar(f *frame) Value { return f.scalarSlot(n.slot).Get() }
func (n *lexScalar) lv(f *frame) *Scalar   { return f.scalarSlot(n.slot) }

type lexArray struct {
	at
	slot int
}

func (n *lexArray) arr(f *frame, _ reading) *Array { return f.arraySlot(n.slot) }
func (n *lexArray) scalar(f *frame) Value          { return int64(len(f.arraySlot(n.slot).Elems)) }
func (n *lexArray) list(f *frame, out []Value) []Value {
	return spread(f.in, f.arraySlot(n.slot), out)
}
func (n *lexArray) aliases(f *frame, out []*Scalar) []*Scalar {
	return f.arraySlot(n.slot).aliases(f.in, out)
}

type lexHash struct {
	at
	slot int
}

func (n *lexHash) hsh(f *frame, _ reading) *Hash { return f.hashSlot(n.slot) }
func (n *lexHash) scalar(f *frame) Value         { return int64(f.hashSlot(n.slot).Len()) }
func (n *lexHash) list(f *frame, out []Value) []Value {
	return spreadHash(f.in, f.hashSlot(n.slot), out)
}
func (n *lexHash) aliases(f *frame, out []*Scalar) []*Scalar {
	return f.hashSlot(n.slot).aliases(f.in, out)
}

// fixedScalar, fixedArray and fixedHash are state variables.
type fixedScalar struct {
	at
	s *Scalar
}

func (n *fixedScalar) scalar(*frame) Value { return n.s.Get() }
func (n *fixedScalar) lv(*frame) *Scalar   { return n.s }

type fixedArray struct {
	at
	a *Array
}

func (n *fixedArray) arr(*frame, reading) *Array         { return n.a }
func (n *fixedArray) scalar(*frame) Value                { return int64(len(n.a.Elems)) }
func (n *fixedArray) list(f *frame, out []Value) []Value { return spread(f.in, n.a, out) }
func (n *fixedArray) aliases(f *frame, out []*Scalar) []*Scalar {
	return n.a.aliases(f.in, out)
}

type fixedHash struct {
	at
	h *Hash
}

func (n *fixedHash) hsh(*frame, reading) *Hash          { return n.h }
func (n *fixedHash) scalar(*frame) Value                { return int64(n.h.Len()) }
func (n *fixedHash) list(f *frame, out []Value) []Value { return spreadHash(f.in, n.h, out) }
func (n *fixedHash) aliases(f *frame, out []*Scalar) []*Scalar {
	return n.h.aliases(f.in, out)
}

// globScalar, globArray and globHash are package variables.
type globScalar struct {
	at
	g *Glob
}

func (n *globScalar) scalar(*frame) Value { return n.g.scalar().Get() }
func (n *globScalar) lv(*frame) *Scalar   { return n.g.scalar() }

type globArray struct {
	at
	g *Glob
}

func (n *globArray) arr(*frame, reading) *Array         { return n.g.array() }
func (n *globArray) scalar(*frame) Value                { return int64(len(n.g.array().Elems)) }
func (n *globArray) list(f *frame, out []Value) []Value { return spread(f.in, n.g.array(), out) }
func (n *globArray) aliases(f *frame, out []*Scalar) []*Scalar {
	return n.g.array().aliases(f.in, out)
}

type globHash struct {
	at
	g *Glob
}

func (n *globHash) hsh(*frame, reading) *Hash          { return n.g.hash() }
func (n *globHash) scalar(*frame) Value                { return int64(n.g.hash().Len()) }
func (n *globHash) list(f *frame, out []Value) []Value { return spreadHash(f.in, n.g.hash(), out) }
func (n *globHash) aliases(f *frame, out []*Scalar) []*Scalar {
	return n.g.hash().aliases(f.in, out)
}

// argsArray is @_.
type argsArray struct{ at }

func (n *argsArray) arr(f *frame, _ reading) *Array {
	if f.args == nil {
		f.args = &Array{}
	}
	return f.args
}
func (n *argsArray) scalar(f *frame) Value { return int64(len(n.arr(f, toRead).Elems)) }
func (n *argsArray) list(f *frame, out []Value) []Value {
	return spread(f.in, n.arr(f, toRead), out)
}
func (n *argsArray) aliases(f *frame, out []*Scalar) []*Scalar {
	return n.arr(f, toRead).aliases(f.in, out)
}

func spread(in *Interp, a *Array, out []Value) []Value {
	if a == nil {
		return out
	}
	in.step(len(a.Elems) >> 2)
	for _, e := range a.Elems {
		out = append(out, e.Get())
	}
	return out
}

func spreadHash(in *Interp, h *Hash, out []Value) []Value {
	if h == nil {
		return out
	}
	in.step(h.Len() >> 2)
	for _, k := range h.Keys() {
		out = append(out, k, h.M[k].Get())
	}
	return out
}

func (a *Array) aliases(in *Interp, out []*Scalar) []*Scalar {
	if a == nil {
		return out
	}
	in.step(len(a.Elems) >> 2)
	for i := range a.Elems {
		out = append(out, a.At(i))
	}
	return out
}

func (h *Hash) aliases(in *Interp, out []*Scalar) []*Scalar {
	if h == nil {
		return out
	}
	in.step(h.Len() >> 2)
	for _, k := range h.Keys() {
		out = append(out, &Scalar{V: k}, h.M[k])
	}
	return out
}

// lastIndex is $#x.
type lastIndex struct {
	at
	a arrayNode
}

func (n *lastIndex) scalar(f *frame) Value {
	return int64(len(n.a.arr(f, toMake).Elems) - 1)
}

func (n *lastIndex) lv(f *frame) *Scalar {
	a := n.a.arr(f, toMake)
	return &Scalar{Magic: computed{
		get: func() Value { return int64(len(a.Elems) - 1) },
		set: func(v Value) error { a.resize(f.in, int(ToInt(v))+1); return nil },
	}}
}

func (a *Array) resize(in *Interp, n int) {
	n = max(n, 0)
	if n <= len(a.Elems) {
		clear(a.Elems[n:])
		a.Elems = a.Elems[:n]
		return
	}
	in.step(n - len(a.Elems))
	a.Elems = append(a.Elems, make([]*Scalar, n-len(a.Elems))...)
}
