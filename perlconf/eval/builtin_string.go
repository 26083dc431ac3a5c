package eval

import (
	"strings"

	"mavis/perlconf/syntax"
)

var stringBuiltins = map[string]builtinFunc{
	"chomp":   compileChomp,
	"chop":    compileChomp,
	"substr":  compileSubstr,
	"split":   compileSplit,
	"pos":     compilePos,
	"sprintf": compileSprintf,
	"pack": func(c *compiler, x *syntax.Func) node {
		return &listFuncNode{at: at{x.Span()}, args: c.argList(x), run: func(f *frame, a []Value, n *listFuncNode) Value {
			if len(a) == 0 {
				f.in.fail(CodeArgs, n.sp, "Not enough arguments for pack")
			}
			return f.in.pack(ToString(a[0]), a[1:], n.sp)
		}}
	},
	"unpack": func(c *compiler, x *syntax.Func) node {
		args := flatArgs(x)
		if !c.count(x, args, 1, 2) {
			return lit(x.Span(), nil)
		}
		n := &wantNode{at: at{x.Span()}, run: func(f *frame, n *wantNode, want Context) []Value {
			out := f.in.unpack(ToString(n.arg(f, 0)), ToString(n.arg(f, 1)), n.sp)
			if want != ListContext && len(out) > 1 {
				out = out[:1]
			}
			return out
		}}
		for _, a := range args {
			n.args = append(n.args, c.expr(a))
		}
		if len(args) == 1 {
			n.args = append(n.args, c.underscore(n.at))
		}
		return n
	},
}

// chompNode is chomp and chop.
type chompNode struct {
	at
	x    node
	chop bool
}

func compileChomp(c *compiler, x *syntax.Func) node {
	args := flatArgs(x)
	n := &chompNode{at: at{x.Span()}, chop: x.Name == "chop"}
	switch {
	case len(args) == 0:
		n.x = c.underscore(n.at)
	case len(args) == 1:
		n.x = c.expr(args[0])
	default:
		n.x = c.list(x.Span(), args)
	}
	switch n.x.(type) {
	case aliaser, lvalue, hashNode:
	default:
		c.errorf(CodeCannotModify, x.Span(), "", "%s needs a variable", x.Name)
	}
	return n
}

func (n *chompNode) scalar(f *frame) Value {
	var boxes []*Scalar
	if h, ok := n.x.(hashNode); ok {
		for _, k := range h.hsh(f, toMake).Keys() {
			boxes = append(boxes, h.hsh(f, toMake).M[k])
		}
	} else {
		boxes = evalAliases(n.x, f, nil)
	}
	count := int64(0)
	last := ""
	sep := f.in.global.inSep.scalar().Get()
	for _, b := range boxes {
		v := b.Get()
		s := ToString(v)
		if n.chop {
			if s != "" {
				last = s[len(s)-1:]
				f.in.put(b, s[:len(s)-1], n.sp)
			}
			continue
		}
		if sep == nil || s == "" {
			continue
		}
		end := ToString(sep)
		cut := s
		if end == "" {
			cut = strings.TrimRight(s, "\n")
		} else {
			cut = strings.TrimSuffix(s, end)
		}
		if len(cut) < len(s) {
			count += int64(len(s) - len(cut))
			f.in.put(b, cut, n.sp)
		}
	}
	if n.chop {
		return last
	}
	return count
}

// substrNode is substr with its four arguments.
type substrNode struct {
	at
	x    node
	args []node // offset, length, replacement
}

func compileSubstr(c *compiler, x *syntax.Func) node {
	args := flatArgs(x)
	if !c.count(x, args, 2, 4) {
		return lit(x.Span(), nil)
	}
	n := &substrNode{at: at{x.Span()}, x: c.expr(single(args[0]))}
	if len(args) == 4 {
		n.x = c.lvalue(args[0])
	}
	for _, a := range args[1:] {
		n.args = append(n.args, c.expr(a))
	}
	return n
}

// part works out the piece of a string; ok is false when it begins outside.
func part(size int, off int, count Value, hasCount bool) (lo, hi int, ok bool) {
	lo = off
	if lo < 0 {
		lo += size
	}
	hi = size
	if hasCount && count != nil {
		c := clampIndex(ToInt(count))
		if c < 0 {
			hi = size + c
		} else {
			hi = lo + c
		}
	} else if hasCount {
		hi = lo
	}
	if lo > size || lo < 0 && hi < 0 {
		return 0, 0, false
	}
	lo = max(lo, 0)
	hi = max(lo, min(hi, size))
	return lo, hi, true
}

func (n *substrNode) bounds(f *frame, s string) (lo, hi int, ok bool) {
	off := clampIndex(ToInt(n.args[0].scalar(f)))
	if len(n.args) > 1 {
		return part(len(s), off, n.args[1].scalar(f), true)
	}
	return part(len(s), off, nil, false)
}

func (n *substrNode) scalar(f *frame) Value {
	if len(n.args) == 3 {
		box := n.x.(lvalue).lv(f)
		s := ToString(box.Get())
		lo, hi, ok := n.bounds(f, s)
		r := ToString(n.args[2].scalar(f))
		if !ok {
			f.in.fail(CodeArgs, n.sp, "substr outside of string")
		}
		f.in.bytes(len(s) + len(r))
		f.in.put(box, s[:lo]+r+s[hi:], n.sp)
		return s[lo:hi]
	}
	s := ToString(n.x.scalar(f))
	lo, hi, ok := n.bounds(f, s)
	if !ok {
		return nil
	}
	return s[lo:hi]
}

// lv gives a scalar that writes into the string.
func (n *substrNode) lv(f *frame) *Scalar {
	l, isVar := n.x.(lvalue)
	if !isVar {
		f.in.fail(CodeCannotModify, n.sp, "Can't modify substr of a value")
	}
	box := l.lv(f)
	lo, hi, ok := n.bounds(f, ToString(box.Get()))
	return &Scalar{Magic: computed{
		get: func() Value {
			s := ToString(box.Get())
			if !ok {
				return nil
			}
			return s[min(lo, len(s)):min(hi, len(s))]
		},
		set: func(v Value) error {
			if !ok {
				f.in.fail(CodeArgs, n.sp, "substr outside of string")
			}
			s, r := ToString(box.Get()), ToString(v)
			lo, end := min(lo, len(s)), min(hi, len(s))
			f.in.bytes(len(s) + len(r))
			hi = lo + len(r)
			return box.Set(s[:lo] + r + s[end:])
		},
	}}
}

// posNode is pos.
type posNode struct {
	at
	x lvalue
}

func compilePos(c *compiler, x *syntax.Func) node {
	args := flatArgs(x)
	if len(args) == 0 {
		if l, ok := c.underscore(at{x.Span()}).(lvalue); ok {
			return &posNode{at{x.Span()}, l}
		}
	}
	if !c.count(x, args, 1, 1) {
		return lit(x.Span(), nil)
	}
	return &posNode{at{x.Span()}, c.lvalue(args[0])}
}

func (n *posNode) get(s *Scalar) Value {
	if s.pos == 0 {
		return nil
	}
	p, _ := s.where()
	return int64(p)
}

func (n *posNode) scalar(f *frame) Value { return n.get(n.x.lv(f)) }

func (n *posNode) lv(f *frame) *Scalar {
	s := n.x.lv(f)
	return &Scalar{Magic: computed{
		get: func() Value { return n.get(s) },
		set: func(v Value) error {
			if v == nil {
				s.pos = 0
				return nil
			}
			p, size := clampIndex(ToInt(v)), len(ToString(s.Get()))
			if p < 0 {
				p = max(0, p+size)
			}
			s.setPos(min(p, size), false)
			return nil
		},
	}}
}
