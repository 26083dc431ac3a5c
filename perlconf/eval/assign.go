package eval

// assignScalar is = with one scalar on the left. mark is nil for lexicals, whose history nobody asks for.
type assignScalar struct {
	at
	l    lvalue
	r    node
	mark *Origin
}

func (n *assignScalar) lv(f *frame) *Scalar {
	v := n.r.scalar(f)
	if r, ok := v.(*Regexp); ok && r.Span.IsZero() {
		r.Span = n.r.span()
	}
	s := n.l.lv(f)
	f.in.put(s, v, n.sp)
	if n.mark != nil {
		if s.Origin == nil {
			s.Origin = n.mark
		} else {
			s.Mark(n.sp)
		}
	}
	return s
}

func (n *assignScalar) scalar(f *frame) Value { return n.lv(f).Get() }
func (n *assignScalar) void(f *frame)         { n.lv(f) }

// opAssign is += and its like.
type opAssign struct {
	at
	l    lvalue
	r    node
	op   func(in *Interp, a, b Value, n *opAssign) Value
	mark bool
}

func (n *opAssign) lv(f *frame) *Scalar {
	r := n.r.scalar(f)
	s := n.l.lv(f)
	f.in.put(s, n.op(f.in, s.Get(), r, n), n.sp)
	if n.mark {
		s.Mark(n.sp)
	}
	return s
}

func (n *opAssign) scalar(f *frame) Value { return n.lv(f).Get() }
func (n *opAssign) void(f *frame)         { n.lv(f) }

// logAssign is ||=, &&= and //=.
type logAssign struct {
	at
	l  lvalue
	r  node
	op byte
}

func (n *logAssign) lv(f *frame) *Scalar {
	s := n.l.lv(f)
	v := s.Get()
	set := false
	switch n.op {
	case '|':
		set = !ToBool(v)
	case '&':
		set = ToBool(v)
	case '/':
		set = v == nil
	}
	if set {
		f.in.put(s, n.r.scalar(f), n.sp)
		s.Mark(n.sp)
	}
	return s
}

func (n *logAssign) scalar(f *frame) Value { return n.lv(f).Get() }
func (n *logAssign) void(f *frame)         { n.lv(f) }

// repeatAssign is (@x) x= n and @x x= n.
type repeatAssign struct {
	at
	l arrayNode
	r node
}

func (n *repeatAssign) scalar(f *frame) Value {
	count := ToInt(n.r.scalar(f))
	a := n.l.arr(f, toMake)
	vals := f.in.repeatList(a.Values(), count)
	a.Elems = wrap(vals, nil)
	a.Mark(n.sp)
	return int64(len(vals))
}

// assignArray is @x = LIST.
type assignArray struct {
	at
	l arrayNode
	r node
}

func (n *assignArray) arr(f *frame, _ reading) *Array {
	a, _ := n.run(f)
	return a
}

func (n *assignArray) run(f *frame) (*Array, int) {
	vals, origins := withOrigins(n.r, f)
	f.in.step(len(vals) >> 2)
	a := n.l.arr(f, toMake)
	a.Elems = newElems(vals, origins)
	a.iter = 0
	a.Mark(n.sp)
	return a, len(vals)
}

func (n *assignArray) scalar(f *frame) Value {
	_, count := n.run(f)
	return int64(count)
}

func (n *assignArray) void(f *frame) { n.run(f) }

func (n *assignArray) list(f *frame, out []Value) []Value {
	a, _ := n.run(f)
	return spread(f.in, a, out)
}

func (n *assignArray) aliases(f *frame, out []*Scalar) []*Scalar {
	a, _ := n.run(f)
	return a.aliases(f.in, out)
}

// assignHash is %x = LIST.
type assignHash struct {
	at
	l hashNode
	r node
}

func (n *assignHash) run(f *frame) (*Hash, int) {
	vals, origins := withOrigins(n.r, f)
	h := n.l.hsh(f, toMake)
	h.Clear()
	h.fill(f.in, vals, origins)
	h.Mark(n.sp)
	return h, len(vals)
}

func (n *assignHash) hsh(f *frame, _ reading) *Hash {
	h, _ := n.run(f)
	return h
}

func (n *assignHash) scalar(f *frame) Value {
	_, count := n.run(f)
	return int64(count)
}

func (n *assignHash) void(f *frame) { n.run(f) }

func (n *assignHash) list(f *frame, out []Value) []Value {
	h, _ := n.run(f)
	return spreadHash(f.in, h, out)
}

func (n *assignHash) aliases(f *frame, out []*Scalar) []*Scalar {
	h, _ := n.run(f)
	return h.aliases(f.in, out)
}

// assignList is (…) = LIST. In scalar context it counts the right side.
type assignList struct {
	at
	l []node // undefNode takes a value and drops it
	r node
}

func (n *assignList) run(f *frame, want bool) (int, []*Scalar) {
	vals, origins := withOrigins(n.r, f)
	f.in.step(len(vals) >> 2)
	var out []*Scalar
	i := 0
	for _, l := range n.l {
		switch x := l.(type) {
		case *skipNode:
			i++
			if want {
				out = append(out, &Scalar{})
			}
		case arrayNode:
			a := x.arr(f, toMake)
			a.Elems, a.iter = nil, 0
			if i < len(vals) {
				a.Elems = newElems(vals[i:], origins[i:])
			}
			a.Mark(n.sp)
			i = len(vals)
			if want {
				out = a.aliases(f.in, out)
			}
		case hashNode:
			h := x.hsh(f, toMake)
			h.Clear()
			if i < len(vals) {
				h.fill(f.in, vals[i:], origins[i:])
			}
			h.Mark(n.sp)
			i = len(vals)
			if want {
				out = h.aliases(f.in, out)
			}
		default:
			for _, s := range evalAliases(l, f, nil) {
				var v Value
				if i < len(vals) {
					v = vals[i]
				}
				f.in.put(s, v, n.sp)
				s.Mark(n.sp)
				i++
				if want {
					out = append(out, s)
				}
			}
		}
	}
	return len(vals), out
}

func (n *assignList) scalar(f *frame) Value {
	count, _ := n.run(f, false)
	return int64(count)
}

func (n *assignList) void(f *frame) { n.run(f, false) }

func (n *assignList) list(f *frame, out []Value) []Value {
	_, cells := n.run(f, true)
	for _, s := range cells {
		out = append(out, s.Get())
	}
	return out
}

func (n *assignList) aliases(f *frame, out []*Scalar) []*Scalar {
	_, cells := n.run(f, true)
	return append(out, cells...)
}

// skipNode is undef on the left of a list assignment.
type skipNode struct{ at }

func (n *skipNode) scalar(*frame) Value { return nil }
