package eval

import (
	"mavis/perlconf/syntax"
)

var hashBuiltins = map[string]builtinFunc{
	"keys":    compileKeys,
	"values":  compileKeys,
	"each":    compileEach,
	"delete":  compileDelete,
	"exists":  compileExists,
	"defined": compileDefined,
	"undef":   compileUndef,
}

// keysNode is keys and values, of a hash or an array.
type keysNode struct {
	at
	h      hashNode
	a      arrayNode
	values bool
}

func compileKeys(c *compiler, x *syntax.Func) node {
	args := flatArgs(x)
	if !c.count(x, args, 1, 1) {
		return lit(x.Span(), nil)
	}
	n := &keysNode{at: at{x.Span()}, values: x.Name == "values"}
	switch e := c.expr(single(args[0])).(type) {
	case hashNode:
		n.h = e
	case arrayNode:
		n.a = e
	default:
		c.errorf(CodeArgs, x.Span(), "keys of what a reference points to are keys %$ref", "%s needs a hash or an array", x.Name)
		return lit(x.Span(), nil)
	}
	return n
}

func (n *keysNode) scalar(f *frame) Value {
	if n.a != nil {
		a := n.a.arr(f, toMake)
		a.iter = 0
		return int64(len(a.Elems))
	}
	h := n.h.hsh(f, toMake)
	h.iter, h.inIter = nil, false
	return int64(h.Len())
}

// lv lets keys(%h) = 100 pass, which only asks for room.
func (n *keysNode) lv(f *frame) *Scalar { return &Scalar{V: n.scalar(f)} }

func (n *keysNode) list(f *frame, out []Value) []Value {
	if n.a != nil {
		a := n.a.arr(f, toMake)
		f.in.step(len(a.Elems) >> 2)
		a.iter = 0
		for i, e := range a.Elems {
			if n.values {
				out = append(out, e.Get())
			} else {
				out = append(out, int64(i))
			}
		}
		return out
	}
	h := n.h.hsh(f, toMake)
	h.iter, h.inIter = nil, false
	f.in.step(h.Len() >> 2)
	for _, k := range h.Keys() {
		if n.values {
			out = append(out, h.M[k].Get())
		} else {
			out = append(out, k)
		}
	}
	return out
}

func (n *keysNode) aliases(f *frame, out []*Scalar) []*Scalar {
	if !n.values {
		return wrap(n.list(f, nil), out)
	}
	if n.a != nil {
		return n.a.arr(f, toMake).aliases(f.in, out)
	}
	h := n.h.hsh(f, toMake)
	f.in.step(h.Len() >> 2)
	for _, k := range h.Keys() {
		out = append(out, h.M[k])
	}
	return out
}

func compileEach(c *compiler, x *syntax.Func) node {
	args := flatArgs(x)
	if !c.count(x, args, 1, 1) {
		return lit(x.Span(), nil)
	}
	n := &wantNode{at: at{x.Span()}}
	switch e := c.expr(single(args[0])).(type) {
	case hashNode:
		n.run = func(f *frame, _ *wantNode, want Context) []Value {
			h := e.hsh(f, toMake)
			if !h.inIter {
				h.iter, h.inIter = h.Keys(), true
			}
			for len(h.iter) > 0 {
				k := h.iter[0]
				h.iter = h.iter[1:]
				if s, ok := h.M[k]; ok {
					if want == ListContext {
						return []Value{k, s.Get()}
					}
					return []Value{k}
				}
			}
			h.inIter = false
			return nil
		}
	case arrayNode:
		n.run = func(f *frame, _ *wantNode, want Context) []Value {
			a := e.arr(f, toMake)
			if a.iter >= len(a.Elems) {
				a.iter = 0
				return nil
			}
			i := a.iter
			a.iter++
			if want == ListContext {
				return []Value{int64(i), a.Get(i)}
			}
			return []Value{int64(i)}
		}
	default:
		c.errorf(CodeArgs, x.Span(), "", "each needs a hash or an array")
		return lit(x.Span(), nil)
	}
	return n
}

func compileDelete(c *compiler, x *syntax.Func) node {
	args := flatArgs(x)
	if !c.count(x, args, 1, 1) {
		return lit(x.Span(), nil)
	}
	if m, ok := args[0].(*syntax.My); ok {
		return c.refuse(m.Span(), "delete local", "")
	}
	n := &wantNode{at: at{x.Span()}}
	switch e := c.expr(single(args[0])).(type) {
	case *hashElem:
		n.run = func(f *frame, _ *wantNode, _ Context) []Value {
			h := e.h.hsh(f, toMake)
			return []Value{h.Delete(hashKey(e.key, f)).Get()}
		}
	case *hashSlice:
		n.run = func(f *frame, _ *wantNode, _ Context) []Value {
			h := e.h.hsh(f, toMake)
			var out []Value
			for _, k := range evalList(e.keys, f, nil) {
				if e.kv {
					out = append(out, k)
				}
				out = append(out, h.Delete(ToString(k)).Get())
			}
			return out
		}
	case *arrayElem:
		n.run = func(f *frame, _ *wantNode, _ Context) []Value {
			return []Value{e.a.arr(f, toMake).remove(clampIndex(ToInt(e.key.scalar(f))))}
		}
	case *arraySlice:
		n.run = func(f *frame, _ *wantNode, _ Context) []Value {
			a := e.a.arr(f, toMake)
			var out []Value
			for _, k := range evalList(e.keys, f, nil) {
				out = append(out, a.remove(clampIndex(ToInt(k))))
			}
			return out
		}
	default:
		c.errorf(CodeArgs, x.Span(), "", "delete needs an element or a slice")
		return lit(x.Span(), nil)
	}
	return n
}

// remove is delete $a[i]: the element no longer exists; at the end the array gets shorter.
func (a *Array) remove(i int) Value {
	if i < 0 {
		i += len(a.Elems)
	}
	if i < 0 || i >= len(a.Elems) {
		return nil
	}
	v := a.Elems[i].Get()
	a.Elems[i] = nil
	if i == len(a.Elems)-1 {
		for len(a.Elems) > 0 && a.Elems[len(a.Elems)-1] == nil {
			a.Elems = a.Elems[:len(a.Elems)-1]
		}
	}
	return v
}

// boolNode answers a question about something that is not evaluated as a value.
type boolNode struct {
	at
	test func(f *frame) bool
}

func (n *boolNode) scalar(f *frame) Value { return Bool(n.test(f)) }

// subNamed gives the glob that &name in exists and defined means, nil for other arguments.
func (c *compiler) subNamed(e syntax.Expr) *Glob {
	switch x := e.(type) {
	case *syntax.Func:
		if x.Amp && (x.AmpBare || !x.Parens) {
			return c.in.glob(c.pkg, x.Name)
		}
	case *syntax.Var:
		if x.Sigil == '&' {
			return c.in.glob(c.pkg, x.Name)
		}
	}
	return nil
}

func (c *Code) defined() bool { return c != nil && (c.fn != nil || c.Native != nil) }

func compileExists(c *compiler, x *syntax.Func) node {
	args := flatArgs(x)
	if !c.count(x, args, 1, 1) {
		return lit(x.Span(), nil)
	}
	here := at{x.Span()}
	if g := c.subNamed(args[0]); g != nil {
		return &boolNode{here, func(*frame) bool { return g.cv != nil }}
	}
	switch e := c.expr(single(args[0])).(type) {
	case *hashElem:
		return &boolNode{here, func(f *frame) bool {
			_, ok := e.h.hsh(f, toMake).M[hashKey(e.key, f)]
			return ok
		}}
	case *arrayElem:
		return &boolNode{here, func(f *frame) bool {
			a := e.a.arr(f, toMake)
			i := clampIndex(ToInt(e.key.scalar(f)))
			if i < 0 {
				i += len(a.Elems)
			}
			return i >= 0 && i < len(a.Elems) && a.Elems[i] != nil
		}}
	}
	c.errorf(CodeArgs, x.Span(), "", "exists needs an element or a sub")
	return lit(x.Span(), nil)
}

// definedNode is defined.
type definedNode struct {
	at
	x node
}

func (n *definedNode) scalar(f *frame) Value { return Bool(n.x.scalar(f) != nil) }

func compileDefined(c *compiler, x *syntax.Func) node {
	args := flatArgs(x)
	here := at{x.Span()}
	if len(args) == 0 {
		return &definedNode{here, c.underscore(here)}
	}
	if !c.count(x, args, 1, 1) {
		return lit(x.Span(), nil)
	}
	if g := c.subNamed(args[0]); g != nil {
		return &boolNode{here, func(*frame) bool { return g.cv.defined() }}
	}
	switch e := args[0].(type) {
	case *syntax.CallCode:
		if e.AmpBare {
			code := c.expr(e.Code)
			return &boolNode{here, func(f *frame) bool {
				cv, ok := code.scalar(f).(*Code)
				return ok && cv.defined()
			}}
		}
	case *syntax.Deref:
		if e.Sigil == '&' {
			code := c.expr(e.X)
			pkg := c.pkg
			return &boolNode{here, func(f *frame) bool {
				switch v := code.scalar(f).(type) {
				case *Code:
					return v.defined()
				case string:
					return f.in.Sub(pkg, v).defined()
				}
				return false
			}}
		}
	}
	switch e := c.expr(single(args[0])).(type) {
	case arrayNode:
		c.errorf(CodeArgs, x.Span(), "ask for the number of elements: if (@x)", "defined of an array is an error in Perl")
	case hashNode:
		c.errorf(CodeArgs, x.Span(), "ask for the number of keys: if (%%x)", "defined of a hash is an error in Perl")
	default:
		return &definedNode{here, e}
	}
	return lit(x.Span(), nil)
}

// undefNode is undef, alone or of a variable.
type undefNode struct {
	at
	x node
	g *Glob // of &name
}

func compileUndef(c *compiler, x *syntax.Func) node {
	args := flatArgs(x)
	here := at{x.Span()}
	if len(args) == 0 {
		return lit(x.Span(), nil)
	}
	if g := c.subNamed(args[0]); g != nil {
		return &undefNode{at: here, g: g}
	}
	n := c.expr(single(args[0]))
	switch n.(type) {
	case arrayNode, hashNode:
	default:
		n = c.lvalue(args[0])
	}
	return &undefNode{at: here, x: n}
}

func (n *undefNode) scalar(f *frame) Value {
	switch x := n.x.(type) {
	case arrayNode:
		a := x.arr(f, toMake)
		a.Elems = nil
		a.Mark(n.sp)
	case hashNode:
		h := x.hsh(f, toMake)
		h.Clear()
		h.Mark(n.sp)
	case lvalue:
		s := x.lv(f)
		f.in.put(s, nil, n.sp)
		s.Mark(n.sp)
	default:
		if n.g != nil {
			n.g.cv = nil
		}
	}
	return nil
}
