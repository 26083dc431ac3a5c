package eval

import (
	"sort"
	"strings"

	"mavis/perlconf/syntax"
)

// sortNode is sort.
type sortNode struct {
	at
	block *blockNode // at most one of these three
	x     node
	code  node
	args  *listNode
	a, b  *Glob
}

func compileSort(c *compiler, x *syntax.Func) node {
	n := &sortNode{at: at{x.Span()}, a: c.in.glob(c.pkg, "a"), b: c.in.glob(c.pkg, "b")}
	args := flatArgs(x)
	switch {
	case x.Block != nil:
		c.cond++
		c.fn.nested++
		if len(x.Block.Stmts) == 1 {
			if s, ok := x.Block.Stmts[0].(*syntax.ExprStmt); ok && !declares(s.X) {
				n.x = c.expr(s.X)
			}
		}
		if n.x == nil {
			n.block = c.block(x.Block)
		}
		c.fn.nested--
		c.cond--
	case x.FileHandle != nil:
		if b, ok := x.FileHandle.(*syntax.Bareword); ok {
			n.code = &codeRef{at: at{b.Span()}, g: c.in.glob(c.pkg, b.Name)}
		} else {
			n.code = c.expr(x.FileHandle)
		}
	}
	if len(args) == 1 && n.code == nil && x.Block == nil { // sort by_number (3, 1, 2)
		if f, ok := args[0].(*syntax.Func); ok && f.Parens && !f.Amp && f.Block == nil && !isBuiltin(f.Name) {
			n.code = &codeRef{at: at{f.Span()}, g: c.in.glob(c.pkg, f.Name)}
			args = f.Args
		}
	}
	n.args = c.list(x.Span(), args)
	return n
}

func isBuiltin(name string) bool {
	_, a := simpleFuncs[name]
	_, b := builtinTable[name]
	return a || b
}

func (n *sortNode) list(f *frame, out []Value) []Value {
	vals := evalList(n.args, f, nil)
	n.order(f, vals)
	return append(out, vals...)
}

func (n *sortNode) scalar(f *frame) Value { return int64(len(n.list(f, nil))) }

func (n *sortNode) order(f *frame, vals []Value) {
	in := f.in
	if n.x == nil && n.block == nil && n.code == nil {
		keys := make([]string, len(vals))
		for i, v := range vals {
			keys[i] = ToString(v)
		}
		in.step(len(vals))
		sort.Stable(&byText{keys, vals})
		return
	}
	var code *Code
	if n.code != nil {
		code = in.codeOf(n.code.scalar(f), false, f.fn.pkg, n.sp)
	}
	oldA, oldB := n.a.sv, n.b.sv
	in.locals = append(in.locals, func() { n.a.sv, n.b.sv = oldA, oldB })
	mark := len(in.locals) - 1
	a, b := &Scalar{}, &Scalar{}
	n.a.sv, n.b.sv = a, b
	sort.SliceStable(vals, func(i, j int) bool {
		in.step(1)
		a.V, b.V = vals[i], vals[j]
		var r Value
		switch {
		case code != nil && code.Proto != nil && strings.HasPrefix(*code.Proto, "$$"):
			r = in.callScalar(code, &Array{Elems: []*Scalar{a, b}}, ScalarContext, n.sp, "")
		case code != nil:
			r = in.callScalar(code, nil, ScalarContext, n.sp, "")
		case n.x != nil:
			r = n.x.scalar(f)
		default:
			if c := n.block.exec(f, ScalarContext); c != ctlNone && c != ctlReturn {
				in.fail(CodeLoopLabel, n.sp, "a sort block cannot be left by next or last")
			}
			r = f.rv
		}
		return ToFloat(r) < 0
	})
	in.unwind(mark)
}

type byText struct {
	keys []string
	vals []Value
}

func (s *byText) Len() int           { return len(s.keys) }
func (s *byText) Less(i, j int) bool { return s.keys[i] < s.keys[j] }
func (s *byText) Swap(i, j int) {
	s.keys[i], s.keys[j] = s.keys[j], s.keys[i]
	s.vals[i], s.vals[j] = s.vals[j], s.vals[i]
}
