package eval

import (
	"mavis/perlconf/syntax"
)

func (c *compiler) unary(x *syntax.Unary) node {
	here := at{x.Span()}
	switch x.Op {
	case "\\":
		return c.refgen(x)
	case "++", "--":
		return &incNode{here, c.lvalue(x.X), x.Op == "++", x.Postfix}
	case "-":
		if b, ok := x.X.(*syntax.Bareword); ok {
			if g := c.in.findGlob(c.pkg, b.Name); g == nil || g.cv == nil {
				return lit(here.sp, "-"+b.Name)
			}
		}
		n := c.expr(x.X)
		if k, ok := n.(*constNode); ok {
			return lit(here.sp, negate(k.v))
		}
		return &unaryNode{here, n, negate}
	case "+":
		return c.expr(x.X)
	case "!", "not":
		if x.X == nil {
			return lit(here.sp, int64(1))
		}
		if l, ok := x.X.(*syntax.List); ok && len(l.Elems) == 0 {
			return lit(here.sp, int64(1))
		}
		return &unaryNode{here, c.expr(x.X), func(v Value) Value { return Bool(!ToBool(v)) }}
	case "~":
		return &unaryNode{here, c.expr(x.X), complement}
	}
	return c.refuse(here.sp, "the operator "+x.Op, "")
}

type unaryNode struct {
	at
	x  node
	op func(Value) Value
}

func (n *unaryNode) scalar(f *frame) Value { return n.op(n.x.scalar(f)) }

// incNode is ++ and --.
type incNode struct {
	at
	x       lvalue
	up      bool
	postfix bool
}

func (n *incNode) step(f *frame) (old Value, s *Scalar) {
	s = n.x.lv(f)
	old = s.Get()
	if n.up {
		f.in.put(s, increment(old), n.sp)
	} else {
		f.in.put(s, sub(old, int64(1)), n.sp)
	}
	return old, s
}

func (n *incNode) scalar(f *frame) Value {
	old, s := n.step(f)
	if !n.postfix {
		return s.Get()
	}
	if old == nil {
		if n.up {
			return int64(0)
		}
		return nil
	}
	if str, ok := old.(string); ok {
		if num, whole := ParseNumber(str); whole {
			return num
		}
		if !n.up || !magicWord(str) && str != "" {
			return ToNumber(str)
		}
	}
	return old
}

func (n *incNode) void(f *frame) { n.step(f) }

func (n *incNode) lv(f *frame) *Scalar {
	_, s := n.step(f)
	return s
}

// refgen compiles \X.
func (c *compiler) refgen(x *syntax.Unary) node {
	here := at{x.Span()}
	switch e := x.X.(type) {
	case *syntax.List:
		l := &refList{at: here}
		for _, y := range e.Elems {
			l.elems = append(l.elems, c.refOf(y, here))
		}
		if len(e.Elems) == 1 { // \(@x) refers to the elements
			switch n := c.expr(e.Elems[0]).(type) {
			case arrayNode, hashNode:
				return &refElems{here, n}
			}
		}
		return l
	case *syntax.My:
		if e.Paren {
			n := c.my(e)
			l := &refList{at: here}
			if inner, ok := n.(*listNode); ok {
				for _, y := range inner.elems {
					l.elems = append(l.elems, &refNode{here, y})
				}
			}
			return l
		}
	}
	return c.refOf(x.X, here)
}

func (c *compiler) refOf(e syntax.Expr, here at) node {
	switch x := e.(type) {
	case *syntax.Func:
		if x.Amp && x.AmpBare && x.Block == nil {
			return &codeRef{at: here, g: c.in.glob(c.pkg, x.Name)}
		}
	case *syntax.Var:
		if x.Sigil == '&' {
			return &codeRef{at: here, g: c.in.glob(c.pkg, x.Name)}
		}
	case *syntax.CallCode:
		if x.AmpBare {
			return &codeRef{at: here, x: c.expr(x.Code), strict: c.strict&strictRefs != 0, pkg: c.pkg}
		}
	case *syntax.Deref:
		if x.Sigil == '&' {
			return &codeRef{at: here, x: c.expr(x.X), strict: c.strict&strictRefs != 0, pkg: c.pkg}
		}
	case *syntax.Slice:
		return &refElems{here, c.expr(e)}
	}
	return &refNode{here, c.expr(e)}
}

// refNode is \ of one thing.
type refNode struct {
	at
	x node
}

func (n *refNode) scalar(f *frame) Value {
	switch x := n.x.(type) {
	case arrayNode:
		return x.arr(f, toMake)
	case hashNode:
		return x.hsh(f, toMake)
	case *globNode:
		return x.find(f)
	case *constNode:
		return &Scalar{V: x.v, ro: true, Origin: x.origin}
	case *condNode:
		return (&refNode{n.at, x.pick(f)}).scalar(f)
	case lvalue:
		return x.lv(f)
	}
	return &Scalar{V: n.x.scalar(f), Origin: originOf(n.x)}
}

func (n *refNode) list(f *frame, out []Value) []Value {
	switch n.x.(type) {
	case arrayNode, hashNode, lvalue:
		return append(out, n.scalar(f))
	case lister:
		for _, s := range evalAliases(n.x, f, nil) {
			out = append(out, s)
		}
		return out
	}
	return append(out, n.scalar(f))
}

// refElems is \ of every element.
type refElems struct {
	at
	x node
}

func (n *refElems) list(f *frame, out []Value) []Value {
	for _, s := range evalAliases(n.x, f, nil) {
		out = append(out, s)
	}
	return out
}

func (n *refElems) scalar(f *frame) Value { return lastOf(n.list(f, nil)) }

// refList is \(a, b).
type refList struct {
	at
	elems []node
}

func (n *refList) list(f *frame, out []Value) []Value {
	for _, e := range n.elems {
		out = evalList(e, f, out)
	}
	return out
}

func (n *refList) scalar(f *frame) Value { return lastOf(n.list(f, nil)) }

// codeRef is \&name; the sub may be defined later.
type codeRef struct {
	at
	g      *Glob
	x      node
	strict bool
	pkg    string
}

func (n *codeRef) scalar(f *frame) Value {
	if n.g != nil {
		return n.g.code()
	}
	switch v := n.x.scalar(f).(type) {
	case *Code:
		return v
	case string:
		return f.in.glob(n.pkg, v).code()
	default:
		return f.in.codeOf(v, n.strict, n.pkg, n.sp)
	}
}

// code gives the sub of a glob; one that is not defined yet can be referred to all the same.
func (g *Glob) code() *Code {
	if g.cv == nil {
		g.cv = &Code{Name: g.Name, Package: g.Package}
	}
	return g.cv
}
