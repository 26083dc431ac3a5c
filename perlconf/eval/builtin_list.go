package eval

import (
	"mavis/perlconf/syntax"
)

var listBuiltins = map[string]builtinFunc{
	"push":    pushLike,
	"unshift": pushLike,
	"pop":     popLike,
	"shift":   popLike,
	"splice":  compileSplice,
	"reverse": func(c *compiler, x *syntax.Func) node {
		return &wantNode{at: at{x.Span()}, args: []node{c.argList(x)}, run: reverse}
	},
	"join": func(c *compiler, x *syntax.Func) node {
		if !c.count(x, flatArgs(x), 1, -1) {
			return lit(x.Span(), "")
		}
		return &listFuncNode{at: at{x.Span()}, args: c.argList(x), run: func(f *frame, a []Value, _ *listFuncNode) Value {
			if len(a) == 0 {
				return ""
			}
			return f.in.joinValues(ToString(a[0]), a[1:])
		}}
	},
	"map":  compileMap,
	"grep": compileGrep,
	"sort": compileSort,
}

// pushNode is push and unshift.
type pushNode struct {
	at
	a     arrayNode
	args  *listNode
	front bool
}

func pushLike(c *compiler, x *syntax.Func) node {
	args := flatArgs(x)
	if !c.count(x, args, 1, -1) {
		return lit(x.Span(), nil)
	}
	return &pushNode{at{x.Span()}, c.arrayOf(args[0]), c.list(x.Span(), args[1:]), x.Name == "unshift"}
}

func (n *pushNode) scalar(f *frame) Value {
	vals, origins := withOrigins(n.args, f)
	f.in.step(len(vals))
	a := n.a.arr(f, toMake)
	elems := newElems(vals, origins)
	if n.front {
		a.Elems = append(elems, a.Elems...)
		f.in.step(len(a.Elems) >> 4)
	} else {
		a.Elems = append(a.Elems, elems...)
	}
	a.Mark(n.sp)
	return int64(len(a.Elems))
}

// popNode is pop and shift.
type popNode struct {
	at
	a     arrayNode
	front bool
}

func popLike(c *compiler, x *syntax.Func) node {
	args := flatArgs(x)
	n := &popNode{at: at{x.Span()}, front: x.Name == "shift"}
	switch {
	case len(args) > 0:
		if !c.count(x, args, 1, 1) {
			return lit(x.Span(), nil)
		}
		n.a = c.arrayOf(args[0])
	case c.fn.static == nil:
		n.a = &argsArray{n.at}
	default:
		n.a = &globArray{n.at, c.in.glob("main", "ARGV")}
	}
	return n
}

func (n *popNode) scalar(f *frame) Value {
	a := n.a.arr(f, toMake)
	last := len(a.Elems) - 1
	if last < 0 {
		return nil
	}
	if n.front {
		s := a.Elems[0]
		a.Elems = a.Elems[1:]
		return s.Get()
	}
	s := a.Elems[last]
	a.Elems = a.Elems[:last]
	return s.Get()
}

func compileSplice(c *compiler, x *syntax.Func) node {
	args := flatArgs(x)
	if !c.count(x, args, 1, -1) {
		return lit(x.Span(), nil)
	}
	a := c.arrayOf(args[0])
	var ends []node
	for _, e := range args[1:min(len(args), 3)] {
		ends = append(ends, c.expr(e))
	}
	var insert *listNode
	if len(args) > 3 {
		insert = c.list(x.Span(), args[3:])
	}
	return &wantNode{at: at{x.Span()}, run: func(f *frame, n *wantNode, _ Context) []Value {
		arr := a.arr(f, toMake)
		size := len(arr.Elems)
		off, count := 0, size
		if len(ends) > 0 {
			off = clampIndex(ToInt(ends[0].scalar(f)))
		}
		if off < 0 {
			off += size
			if off < 0 {
				f.in.fail(CodeArgs, n.sp, "Modification of non-creatable array value attempted, subscript %d", off-size)
			}
		}
		off = min(off, size)
		count = size - off
		if len(ends) > 1 {
			if v := ends[1].scalar(f); v != nil {
				if c := clampIndex(ToInt(v)); c < 0 {
					count = max(0, size+c-off)
				} else {
					count = min(c, size-off)
				}
			}
		}
		var elems []*Scalar
		if insert != nil {
			vals, origins := withOrigins(insert, f)
			elems = newElems(vals, origins)
		}
		f.in.step(size>>3 + len(elems))
		out := make([]Value, 0, count)
		for _, e := range arr.Elems[off : off+count] {
			out = append(out, e.Get())
		}
		rest := append(elems, arr.Elems[off+count:]...)
		arr.Elems = append(arr.Elems[:off:off], rest...)
		arr.Mark(n.sp)
		return out
	}}
}

func reverse(f *frame, n *wantNode, want Context) []Value {
	l := n.args[0].(*listNode)
	if want == ListContext {
		vals := evalList(l, f, nil)
		for i, j := 0, len(vals)-1; i < j; i, j = i+1, j-1 {
			vals[i], vals[j] = vals[j], vals[i]
		}
		return vals
	}
	var s string
	if len(l.elems) == 0 {
		s = ToString(f.in.global.underscore.scalar().Get())
	} else {
		s = f.in.joinValues("", evalList(l, f, nil))
	}
	out := []byte(s)
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return []Value{string(out)}
}

// mapNode is map and grep.
type mapNode struct {
	at
	block *blockNode // or
	x     node
	args  *listNode
	grep  bool
}

func compileMap(c *compiler, x *syntax.Func) node  { return c.mapLike(x, false) }
func compileGrep(c *compiler, x *syntax.Func) node { return c.mapLike(x, true) }

func (c *compiler) mapLike(x *syntax.Func, grep bool) node {
	n := &mapNode{at: at{x.Span()}, grep: grep}
	args := flatArgs(x)
	c.cond++
	if x.Block != nil {
		if len(x.Block.Stmts) == 1 {
			if s, ok := x.Block.Stmts[0].(*syntax.ExprStmt); ok && !declares(s.X) {
				c.fn.nested++
				n.x = c.expr(s.X)
				c.fn.nested--
			}
		}
		if n.x == nil {
			c.fn.nested++
			n.block = c.block(x.Block)
			c.fn.nested--
		}
	} else {
		if !c.count(x, args, 1, -1) {
			c.cond--
			return lit(x.Span(), nil)
		}
		n.x = c.expr(args[0])
		args = args[1:]
	}
	c.cond--
	n.args = c.list(x.Span(), args)
	return n
}

// declares says that an expression needs a scope of its own.
func declares(e syntax.Expr) bool {
	switch x := e.(type) {
	case *syntax.My, *syntax.DoBlock:
		return true
	case *syntax.Assign:
		return declares(x.L) || declares(x.R)
	case *syntax.Binary:
		return declares(x.L) || declares(x.R)
	case *syntax.Unary:
		return declares(x.X)
	case *syntax.Func:
		for _, a := range x.Args {
			if declares(a) {
				return true
			}
		}
	case *syntax.List:
		for _, a := range x.Elems {
			if declares(a) {
				return true
			}
		}
	}
	return false
}

func (n *mapNode) each(f *frame, elems []*Scalar, visit func(*Scalar)) {
	in := f.in
	g := in.global.underscore
	old := g.sv
	in.locals = append(in.locals, func() { g.sv = old })
	mark := len(in.locals) - 1
	for _, e := range elems {
		in.step(1)
		g.sv = e
		visit(e)
	}
	in.unwind(mark)
}

func (n *mapNode) value(f *frame, want Context) {
	if n.block == nil {
		evalIn(n.x, f, want)
		return
	}
	if c := n.block.exec(f, want); c != ctlNone {
		panic(&jump{kind: c, label: f.label, frame: f, op: "next", span: n.sp})
	}
}

func (n *mapNode) list(f *frame, out []Value) []Value {
	elems := evalAliases(n.args, f, nil)
	n.each(f, elems, func(e *Scalar) {
		if !n.grep {
			n.value(f, ListContext)
			out = append(out, f.ret...)
			return
		}
		n.value(f, ScalarContext)
		if ToBool(f.rv) {
			out = append(out, e.Get())
		}
	})
	return out
}

func (n *mapNode) aliases(f *frame, out []*Scalar) []*Scalar {
	if !n.grep {
		return wrap(n.list(f, nil), out)
	}
	elems := evalAliases(n.args, f, nil)
	n.each(f, elems, func(e *Scalar) {
		n.value(f, ScalarContext)
		if ToBool(f.rv) {
			out = append(out, e)
		}
	})
	return out
}

func (n *mapNode) scalar(f *frame) Value { return int64(len(n.list(f, nil))) }
