package eval

import (
	"strings"

	"mavis/perlconf/source"
	"mavis/perlconf/syntax"
)

type binaryFunc func(in *Interp, a, b Value, span source.Span) Value

// binaryOp gives the function of an operator that works on two scalars, nil when there is none.
func (c *compiler) binaryOp(op string) binaryFunc {
	switch op {
	case "+":
		return func(_ *Interp, a, b Value, _ source.Span) Value { return add(a, b) }
	case "-":
		return func(_ *Interp, a, b Value, _ source.Span) Value { return sub(a, b) }
	case "*":
		return func(_ *Interp, a, b Value, _ source.Span) Value { return mul(a, b) }
	case "/":
		return func(in *Interp, a, b Value, sp source.Span) Value { return in.div(a, b, sp) }
	case "%":
		return func(in *Interp, a, b Value, sp source.Span) Value { return in.mod(a, b, sp) }
	case "**":
		return func(_ *Interp, a, b Value, _ source.Span) Value { return power(a, b) }
	case ".":
		return func(in *Interp, a, b Value, _ source.Span) Value {
			x, y := ToString(a), ToString(b)
			in.bytes(len(x) + len(y))
			return x + y
		}
	case "x":
		return func(in *Interp, a, b Value, _ source.Span) Value { return in.repeat(ToString(a), ToInt(b)) }
	case "&", "|", "^":
		o := op[0]
		return func(_ *Interp, a, b Value, _ source.Span) Value { return bitOp(o, a, b) }
	case "<<", ">>":
		left := op == "<<"
		return func(_ *Interp, a, b Value, _ source.Span) Value { return shift(a, ToInt(b), left) }
	case "==":
		return numCompare(func(r int, ok bool) bool { return ok && r == 0 })
	case "!=":
		return numCompare(func(r int, ok bool) bool { return !ok || r != 0 })
	case "<":
		return numCompare(func(r int, ok bool) bool { return ok && r < 0 })
	case ">":
		return numCompare(func(r int, ok bool) bool { return ok && r > 0 })
	case "<=":
		return numCompare(func(r int, ok bool) bool { return ok && r <= 0 })
	case ">=":
		return numCompare(func(r int, ok bool) bool { return ok && r >= 0 })
	case "<=>":
		return func(_ *Interp, a, b Value, _ source.Span) Value {
			r, ok := compareNumbers(a, b)
			if !ok {
				return nil
			}
			return int64(r)
		}
	case "eq":
		return strCompare(func(r int) bool { return r == 0 })
	case "ne":
		return strCompare(func(r int) bool { return r != 0 })
	case "lt":
		return strCompare(func(r int) bool { return r < 0 })
	case "gt":
		return strCompare(func(r int) bool { return r > 0 })
	case "le":
		return strCompare(func(r int) bool { return r <= 0 })
	case "ge":
		return strCompare(func(r int) bool { return r >= 0 })
	case "cmp":
		return func(_ *Interp, a, b Value, _ source.Span) Value {
			return int64(strings.Compare(ToString(a), ToString(b)))
		}
	case "xor":
		return func(_ *Interp, a, b Value, _ source.Span) Value { return Bool(ToBool(a) != ToBool(b)) }
	}
	return nil
}

func numCompare(test func(int, bool) bool) binaryFunc {
	return func(_ *Interp, a, b Value, _ source.Span) Value { return Bool(test(compareNumbers(a, b))) }
}

func strCompare(test func(int) bool) binaryFunc {
	return func(_ *Interp, a, b Value, _ source.Span) Value {
		return Bool(test(strings.Compare(ToString(a), ToString(b))))
	}
}

func (in *Interp) repeat(s string, n int64) Value {
	if n <= 0 || s == "" {
		return ""
	}
	if n > int64(in.opt.MaxBytes) {
		in.bytes(in.opt.MaxBytes + 1)
	}
	in.bytes(len(s) * int(n))
	return strings.Repeat(s, int(n))
}

func (in *Interp) repeatList(vals []Value, n int64) []Value {
	if n <= 0 || len(vals) == 0 {
		return nil
	}
	if n > int64(in.opt.MaxSteps/len(vals)) {
		in.step(in.opt.MaxSteps + 1)
	}
	in.step(len(vals) * int(n))
	out := make([]Value, 0, len(vals)*int(n))
	for range n {
		out = append(out, vals...)
	}
	return out
}

// binaryNode is an operator on two scalars.
type binaryNode struct {
	at
	l, r node
	op   binaryFunc
}

func (n *binaryNode) scalar(f *frame) Value {
	a := n.l.scalar(f)
	return n.op(f.in, a, n.r.scalar(f), n.sp)
}

// logicNode is && || // and their low relatives.
type logicNode struct {
	at
	l, r node
	op   byte
}

func (n *logicNode) stops(v Value) bool {
	switch n.op {
	case '&':
		return !ToBool(v)
	case '|':
		return ToBool(v)
	}
	return v != nil
}

func (n *logicNode) scalar(f *frame) Value {
	if v := n.l.scalar(f); n.stops(v) {
		return v
	}
	return n.r.scalar(f)
}

func (n *logicNode) list(f *frame, out []Value) []Value {
	if v := n.l.scalar(f); n.stops(v) {
		return append(out, v)
	}
	return evalList(n.r, f, out)
}

func (n *logicNode) void(f *frame) {
	if !n.stops(n.l.scalar(f)) {
		evalVoid(n.r, f)
	}
}

// condNode is ?:.
type condNode struct {
	at
	c, a, b node
}

func (n *condNode) pick(f *frame) node {
	if ToBool(n.c.scalar(f)) {
		return n.a
	}
	return n.b
}

func (n *condNode) scalar(f *frame) Value                     { return n.pick(f).scalar(f) }
func (n *condNode) list(f *frame, out []Value) []Value        { return evalList(n.pick(f), f, out) }
func (n *condNode) void(f *frame)                             { evalVoid(n.pick(f), f) }
func (n *condNode) aliases(f *frame, out []*Scalar) []*Scalar { return evalAliases(n.pick(f), f, out) }
func (n *condNode) lv(f *frame) *Scalar {
	x := n.pick(f)
	if l, ok := x.(lvalue); ok {
		return l.lv(f)
	}
	f.in.fail(CodeCannotModify, n.sp, "Can't modify this branch of ?:")
	return nil
}

// rangeNode is .. in list context.
type rangeNode struct {
	at
	lo, hi node
}

// scalar is Perl's flip-flop, which remembers between evaluations and compares constants with $. of the last file read.
func (n *rangeNode) scalar(f *frame) Value {
	f.in.stop(CodeNotRun, n.sp, "Write the test out with comparisons; for a list put it where a list is wanted.", ".. outside of a list is not run here")
	return nil
}

// bounds gives the ends when the range counts numbers.
func (n *rangeNode) bounds(f *frame) (int64, int64, bool) {
	if c, ok := n.lo.(*constNode); !ok || wordRange(c.v) {
		return 0, 0, false
	}
	return ToInt(n.lo.scalar(f)), ToInt(n.hi.scalar(f)), true
}

// wordRange says that a left end counts as a word, not as a number.
func wordRange(v Value) bool {
	s, ok := v.(string)
	if !ok {
		return false
	}
	if _, whole := ParseNumber(s); whole {
		return len(s) > 1 && s[0] == '0'
	}
	return true
}

func (n *rangeNode) list(f *frame, out []Value) []Value {
	lo, hi := n.lo.scalar(f), n.hi.scalar(f)
	if !wordRange(lo) {
		a, b := ToInt(lo), ToInt(hi)
		if b < a {
			return out
		}
		if b-a < 0 || b-a > int64(f.in.opt.MaxSteps) {
			f.in.step(f.in.opt.MaxSteps + 1)
		}
		f.in.step(int(b - a))
		for i := a; ; i++ {
			out = append(out, i)
			if i == b {
				return out
			}
		}
	}
	s, end := ToString(lo), ToString(hi)
	if s == "" {
		return append(out, "")
	}
	if len(s) > len(end) {
		return out
	}
	for {
		f.in.step(1)
		out = append(out, s)
		if s == end {
			return out
		}
		if !magicWord(s) {
			return out
		}
		next := increment(s)
		s = ToString(next)
		if s == "" || len(s) > len(end) {
			return out
		}
	}
}

// repeatNode is (list) x n.
type repeatNode struct {
	at
	l, r node
}

func (n *repeatNode) list(f *frame, out []Value) []Value {
	vals := evalList(n.l, f, nil)
	return append(out, f.in.repeatList(vals, ToInt(n.r.scalar(f)))...)
}

func (n *repeatNode) scalar(f *frame) Value {
	v := n.l.scalar(f)
	return f.in.repeat(ToString(v), ToInt(n.r.scalar(f)))
}

func (c *compiler) binary(x *syntax.Binary) node {
	here := at{x.Span()}
	switch x.Op {
	case "&&", "and":
		return c.logic(x, '&')
	case "||", "or":
		return c.logic(x, '|')
	case "//":
		return c.logic(x, '/')
	case "=~", "!~":
		return c.bind2(x)
	case "..", "...":
		return &rangeNode{here, c.expr(x.L), c.expr(x.R)}
	case "x":
		_, qw := x.L.(*syntax.QW)
		if l, ok := x.L.(*syntax.List); ok && l.Paren || qw {
			return &repeatNode{here, c.expr(x.L), c.expr(x.R)}
		}
	case "~~":
		return c.refuse(here.sp, "smartmatch", "Compare with == or eq, or use grep.")
	}
	if op := c.binaryOp(x.Op); op != nil {
		return &binaryNode{here, c.expr(x.L), c.expr(x.R), op}
	}
	return c.refuse(here.sp, "the operator "+x.Op, "")
}

func (c *compiler) logic(x *syntax.Binary, op byte) node {
	l := c.expr(x.L)
	c.cond++
	r := c.expr(x.R)
	c.cond--
	return &logicNode{at{x.Span()}, l, r, op}
}
