package eval

// myScalar, myArray and myHash make a new variable each time they run. A sub that was compiled before may hold the
// first one already.
type myScalar struct {
	at
	slot int
	v    *lexVar
	used bool
}

func (n *myScalar) lv(f *frame) *Scalar {
	if n.v.fixed && !n.used {
		n.used = true
		return f.scalarSlot(n.slot)
	}
	s := &Scalar{}
	f.slots[n.slot] = s
	return s
}

func (n *myScalar) scalar(f *frame) Value { return n.lv(f).Get() }

type myArray struct {
	at
	slot int
	v    *lexVar
	used bool
}

func (n *myArray) arr(f *frame, _ reading) *Array {
	if n.v.fixed && !n.used {
		n.used = true
		return f.arraySlot(n.slot)
	}
	a := &Array{}
	f.slots[n.slot] = a
	return a
}

func (n *myArray) scalar(f *frame) Value { return int64(n.arr(f, toMake).Len()) }
func (n *myArray) list(f *frame, out []Value) []Value {
	n.arr(f, toMake)
	return out
}

type myHash struct {
	at
	slot int
	v    *lexVar
	used bool
}

func (n *myHash) hsh(f *frame, _ reading) *Hash {
	if n.v.fixed && !n.used {
		n.used = true
		return f.hashSlot(n.slot)
	}
	h := NewHash()
	f.slots[n.slot] = h
	return h
}

func (n *myHash) scalar(f *frame) Value { return int64(n.hsh(f, toMake).Len()) }
func (n *myHash) list(f *frame, out []Value) []Value {
	n.hsh(f, toMake)
	return out
}

// stateInit gives a state variable its first value once.
type stateInit struct {
	at
	target node
	assign node
	done   bool
}

func (n *stateInit) scalar(f *frame) Value {
	if !n.done {
		n.done = true
		return n.assign.scalar(f)
	}
	return n.target.scalar(f)
}

// localScalar is local on a scalar variable or element.
type localScalar struct {
	at
	x node
}

func (n *localScalar) scalar(f *frame) Value { return n.lv(f).Get() }

func (n *localScalar) lv(f *frame) *Scalar {
	in := f.in
	switch x := n.x.(type) {
	case *globScalar:
		old := x.g.scalar()
		if old.Magic != nil {
			v := old.Get()
			in.locals = append(in.locals, func() { _ = old.Set(v) })
			return old
		}
		in.locals = append(in.locals, func() { x.g.sv = old })
		x.g.sv = &Scalar{Origin: old.Origin}
		return x.g.sv
	case *hashElem:
		return in.localKey(x.h.hsh(f, toMake), hashKey(x.key, f))
	case *arrayElem:
		a := x.a.arr(f, toMake)
		i := clampIndex(ToInt(x.key.scalar(f)))
		a.elem(f, i, n.at)
		if i < 0 {
			i += len(a.Elems)
		}
		old := a.Elems[i]
		in.locals = append(in.locals, func() {
			if i < len(a.Elems) {
				a.Elems[i] = old
			}
		})
		a.Elems[i] = &Scalar{}
		return a.Elems[i]
	case *globNode:
		g := x.find(f)
		saved := *g
		in.locals = append(in.locals, func() {
			g.sv, g.av, g.hv, g.cv, g.IO = saved.sv, saved.av, saved.hv, saved.cv, saved.IO
		})
		return x.lv(f)
	}
	in.stop(CodeNotRun, n.sp, "", "local on this is not run here")
	return nil
}

func (in *Interp) localKey(h *Hash, k string) *Scalar {
	old := h.M[k]
	in.locals = append(in.locals, func() {
		if old == nil {
			h.Delete(k)
		} else {
			h.put(k, old)
		}
	})
	s := &Scalar{}
	h.put(k, s)
	return s
}

// localSlice is local on a hash slice.
type localSlice struct {
	at
	x *hashSlice
}

func (n *localSlice) scalar(f *frame) Value {
	n.aliases(f, nil)
	return nil
}

func (n *localSlice) aliases(f *frame, out []*Scalar) []*Scalar {
	h := n.x.h.hsh(f, toMake)
	for _, k := range evalList(n.x.keys, f, nil) {
		out = append(out, f.in.localKey(h, ToString(k)))
	}
	return out
}

type localArray struct {
	at
	g *Glob
}

func (n *localArray) arr(f *frame, _ reading) *Array {
	old := n.g.array()
	f.in.locals = append(f.in.locals, func() { n.g.av = old })
	n.g.av = &Array{Origin: old.Origin}
	return n.g.av
}

func (n *localArray) scalar(f *frame) Value { return int64(n.arr(f, toMake).Len()) }

type localHash struct {
	at
	g *Glob
}

func (n *localHash) hsh(f *frame, _ reading) *Hash {
	old := n.g.hash()
	f.in.locals = append(f.in.locals, func() { n.g.hv = old })
	n.g.hv = NewHash()
	n.g.hv.Origin = old.Origin
	return n.g.hv
}

func (n *localHash) scalar(f *frame) Value { return int64(n.hsh(f, toMake).Len()) }
