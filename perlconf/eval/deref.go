package eval

import (
	"mavis/perlconf/source"
)

// how a reference is followed, fixed when the code was compiled.
type following struct {
	strict bool
	pkg    string
	hint   string // help when text is used as a reference
}

func (in *Interp) badRef(v Value, kind, article string, fo *following, span source.Span) {
	if IsRef(v) {
		in.fail(CodeStrictRefs, span, "Not %s %s reference", article, kind)
	}
	e := Fail(CodeStrictRefs, span, fo.hint, "Can't use string (%s) as %s %s ref while \"strict refs\" in use",
		quoteShort(ToString(v)), article, kind)
	e.Value = e.Diag.Message + in.here() + ".\n"
	panic(e)
}

// derefArray is @$x and what stands before [..].
type derefArray struct {
	at
	x node
	*following
}

func (n *derefArray) arr(f *frame, how reading) *Array {
	v, s := refValue(n.x, f, how)
	switch x := v.(type) {
	case *Array:
		return x
	case GlobValue:
		return x.G.array()
	case *Glob:
		return x.array()
	case nil:
		if s != nil {
			a := &Array{}
			f.in.put(s, a, n.sp)
			return a
		}
		if how == toPeek {
			return nil
		}
		if n.strict || how == toMake {
			f.in.fail(CodeStrictRefs, n.sp, "Can't use an undefined value as an ARRAY reference")
		}
		return nil
	}
	if n.strict || IsRef(v) {
		f.in.badRef(v, "ARRAY", "an", n.following, n.sp)
	}
	return f.in.glob(n.pkg, ToString(v)).array()
}

// refValue evaluates what is followed; for toMake it gives the container when it is undefined and can be filled.
func refValue(x node, f *frame, how reading) (Value, *Scalar) {
	if how == toMake {
		if l, ok := x.(lvalue); ok {
			s := l.lv(f)
			v := s.Get()
			if v == nil {
				return nil, s
			}
			return v, nil
		}
	}
	return x.scalar(f), nil
}

func (n *derefArray) scalar(f *frame) Value {
	a := n.arr(f, toRead)
	if a == nil {
		return int64(0)
	}
	return int64(len(a.Elems))
}

func (n *derefArray) list(f *frame, out []Value) []Value {
	return spread(f.in, n.arr(f, toRead), out)
}

func (n *derefArray) aliases(f *frame, out []*Scalar) []*Scalar {
	return n.arr(f, toMake).aliases(f.in, out)
}

// derefHash is %$x and what stands before {..}.
type derefHash struct {
	at
	x node
	*following
}

func (n *derefHash) hsh(f *frame, how reading) *Hash {
	v, s := refValue(n.x, f, how)
	switch x := v.(type) {
	case *Hash:
		return x
	case GlobValue:
		return x.G.hash()
	case *Glob:
		return x.hash()
	case nil:
		if s != nil {
			h := NewHash()
			f.in.put(s, h, n.sp)
			return h
		}
		if how == toPeek {
			return nil
		}
		if n.strict || how == toMake {
			f.in.fail(CodeStrictRefs, n.sp, "Can't use an undefined value as a HASH reference")
		}
		return nil
	}
	if n.strict || IsRef(v) {
		f.in.badRef(v, "HASH", "a", n.following, n.sp)
	}
	return f.in.glob(n.pkg, ToString(v)).hash()
}

func (n *derefHash) scalar(f *frame) Value {
	h := n.hsh(f, toRead)
	if h == nil {
		return int64(0)
	}
	return int64(h.Len())
}

func (n *derefHash) list(f *frame, out []Value) []Value {
	return spreadHash(f.in, n.hsh(f, toRead), out)
}

func (n *derefHash) aliases(f *frame, out []*Scalar) []*Scalar {
	return n.hsh(f, toMake).aliases(f.in, out)
}

// derefScalar is $$x.
type derefScalar struct {
	at
	x node
	*following
}

func (n *derefScalar) find(f *frame, how reading) *Scalar {
	v, s := refValue(n.x, f, how)
	switch x := v.(type) {
	case *Scalar:
		return x
	case GlobValue:
		return x.G.scalar()
	case *Glob:
		return &Scalar{V: GlobValue{x}}
	case nil:
		if s != nil {
			inner := &Scalar{}
			f.in.put(s, inner, n.sp)
			return inner
		}
		if n.strict || how == toMake {
			f.in.fail(CodeStrictRefs, n.sp, "Can't use an undefined value as a SCALAR reference")
		}
		return nil
	}
	if n.strict || IsRef(v) {
		f.in.badRef(v, "SCALAR", "a", n.following, n.sp)
	}
	return f.in.glob(n.pkg, ToString(v)).scalar()
}

func (n *derefScalar) scalar(f *frame) Value { return n.find(f, toRead).Get() }
func (n *derefScalar) lv(f *frame) *Scalar   { return n.find(f, toMake) }

// globNode is *name and *{"name"}.
type globNode struct {
	at
	g *Glob
	x node // else
	*following
}

func (n *globNode) find(f *frame) *Glob {
	if n.g != nil {
		return n.g
	}
	switch x := n.x.scalar(f).(type) {
	case GlobValue:
		return x.G
	case *Glob:
		return x
	case nil:
		f.in.fail(CodeStrictRefs, n.sp, "Can't use an undefined value as a symbol reference")
	default:
		if n.strict || IsRef(x) {
			f.in.badRef(x, "GLOB", "a", n.following, n.sp)
		}
		return f.in.glob(n.pkg, ToString(x))
	}
	return nil
}

func (n *globNode) scalar(f *frame) Value { return GlobValue{n.find(f)} }

// lv gives a scalar that, when set, binds the glob.
func (n *globNode) lv(f *frame) *Scalar {
	g := n.find(f)
	return &Scalar{Magic: computed{
		get: func() Value { return GlobValue{g} },
		set: func(v Value) error { return f.in.bindGlob(g, v, n.sp) },
	}}
}

// bindGlob is *g = v.
func (in *Interp) bindGlob(g *Glob, v Value, span source.Span) error {
	foreign := in.pkgNow() != g.Package
	switch x := v.(type) {
	case *Scalar:
		g.sv = x
		g.imported[0] = g.imported[0] || foreign
	case *Array:
		g.av = x
		g.imported[1] = g.imported[1] || foreign
	case *Hash:
		g.hv = x
		g.imported[2] = g.imported[2] || foreign
	case *Code:
		g.cv = x
	case GlobValue:
		x.G.scalar()
		g.sv, g.av, g.hv, g.cv, g.IO = x.G.sv, x.G.array(), x.G.hash(), x.G.cv, x.G.IO
	case *Glob:
		x.scalar()
		g.sv, g.av, g.hv, g.cv, g.IO = x.sv, x.array(), x.hash(), x.cv, x.IO
	case nil:
		return nil
	default:
		if IsRef(v) {
			return Fail(CodeCannotModify, span, "", "this kind of reference cannot be given to a glob")
		}
		return in.bindGlob(g, GlobValue{in.glob(in.pkgNow(), ToString(v))}, span)
	}
	return nil
}

func (in *Interp) pkgNow() string {
	if len(in.stack) > 0 {
		return in.stack[len(in.stack)-1].fn.pkg
	}
	return in.pkg
}

// here is " at FILE line N" of the statement being run.
func (in *Interp) here() string { return atPlace(in.cur) }
