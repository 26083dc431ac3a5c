package eval

import (
	"strings"

	"mavis/perlconf/syntax"
)

// matchNode is m//.
type matchNode struct {
	at
	x      node // what is matched
	p      *pattern
	global bool
	keep   bool // /c
	negate bool
}

// qrNode is qr//.
type qrNode struct {
	at
	p *pattern
}

func (n *qrNode) scalar(f *frame) Value {
	re := *n.p.get(f)
	re.Span = n.sp
	re.Class = ""
	return &re
}

func (c *compiler) regexp(x *syntax.Regexp) node {
	here := at{x.Span()}
	if x.Delim == '?' && x.Op == "m" {
		return c.refuse(here.sp, "m?? that matches once", "Use m//.")
	}
	p := c.pattern(x.Pattern, x.Flags, here.sp)
	if x.Op == "qr" {
		return &qrNode{here, p}
	}
	c.matches++
	op, _ := splitFlags(x.Flags)
	return &matchNode{at: here, p: p, x: c.underscore(here), global: strings.Contains(op, "g"), keep: strings.Contains(op, "c")}
}

// underscore is $_.
func (c *compiler) underscore(here at) node {
	if v, slot := c.lookup("$_"); v != nil {
		return variableNode(here, '$', v, slot)
	}
	return &globScalar{here, c.in.global.underscore}
}

// bind2 compiles =~ and !~.
func (c *compiler) bind2(x *syntax.Binary) node {
	here := at{x.Span()}
	negate := x.Op == "!~"
	switch r := single(x.R).(type) {
	case *syntax.Regexp:
		if r.Op == "m" {
			n, ok := c.regexp(r).(*matchNode)
			if !ok {
				return lit(here.sp, nil)
			}
			n.x = c.expr(single(x.L))
			n.negate = negate
			return n
		}
	case *syntax.Subst:
		n := c.subst(r, x.L)
		if negate {
			return &unaryNode{here, n, func(v Value) Value { return Bool(!ToBool(v)) }}
		}
		return n
	case *syntax.Trans:
		n := c.trans(r, x.L)
		if negate {
			return &unaryNode{here, n, func(v Value) Value { return Bool(!ToBool(v)) }}
		}
		return n
	}
	c.matches++
	return &matchNode{at: here, x: c.expr(single(x.L)), p: c.exprPattern(x.R, here.sp), negate: negate}
}

// pick gives the pattern; an empty one means the last that matched.
func (n *matchNode) pick(f *frame) *Regexp {
	re := n.p.get(f)
	if re.Pattern == "" && f.in.lastRE != nil && n.p.dyn == nil {
		return f.in.lastRE
	}
	return re
}

func (n *matchNode) scalar(f *frame) Value {
	return Bool(n.once(f) != n.negate)
}

func (n *matchNode) once(f *frame) bool {
	if !n.global {
		s := ToString(n.x.scalar(f))
		return f.in.exec(n.pick(f), s, 0, false, n.sp) != nil
	}
	box := n.subject(f)
	s := ToString(box.Get())
	from, empty := box.where()
	loc := f.in.exec(n.pick(f), s, min(from, len(s)), empty, n.sp)
	if loc == nil {
		if !n.keep {
			box.pos = 0
		}
		return false
	}
	box.setPos(loc[1], loc[0] == loc[1])
	return true
}

func (n *matchNode) subject(f *frame) *Scalar {
	if l, ok := n.x.(lvalue); ok {
		return l.lv(f)
	}
	return &Scalar{V: n.x.scalar(f)}
}

// where gives the offset at which m//g goes on, and whether the match that ended there was empty.
func (s *Scalar) where() (int, bool) {
	if s.pos == 0 {
		return 0, false
	}
	return (s.pos - 1) >> 1, (s.pos-1)&1 == 1
}

func (s *Scalar) setPos(p int, empty bool) {
	s.pos = p<<1 + 1
	if empty {
		s.pos++
	}
}

func (n *matchNode) list(f *frame, out []Value) []Value {
	if n.negate {
		return append(out, n.scalar(f))
	}
	if !n.global {
		if !n.once(f) {
			return out
		}
		if g := f.in.match.groups(); len(g) > 0 {
			return append(out, g...)
		}
		return append(out, int64(1))
	}
	box := n.subject(f)
	s := ToString(box.Get())
	from, empty := box.where()
	re := n.pick(f)
	for from <= len(s) {
		loc := f.in.exec(re, s, from, empty, n.sp)
		if loc == nil {
			break
		}
		if g := f.in.match.groups(); len(g) > 0 {
			out = append(out, g...)
		} else {
			out = append(out, s[loc[0]:loc[1]])
		}
		from, empty = loc[1], loc[0] == loc[1]
	}
	if n.keep {
		box.setPos(from, empty)
	} else {
		box.pos = 0
	}
	return out
}

// substNode is s///.
type substNode struct {
	at
	x      node
	p      *pattern
	repl   node
	global bool
	copies bool // /r
}

func (c *compiler) subst(x *syntax.Subst, target syntax.Expr) node {
	here := at{x.Span()}
	c.matches++
	op, _ := splitFlags(x.Flags)
	n := &substNode{at: here, p: c.pattern(x.Pattern, x.Flags, here.sp), global: strings.Contains(op, "g"),
		copies: strings.Contains(op, "r")}
	c.cond++
	n.repl = c.expr(x.Replacement)
	if strings.Count(op, "e") > 1 {
		n.repl = &evalStr{at: here, x: n.repl, fn: c.fn, scope: c.scope, strict: c.strict, pkg: c.pkg}
	}
	c.cond--
	switch {
	case target == nil:
		n.x = c.underscore(here)
	case n.copies:
		n.x = c.expr(single(target))
	default:
		n.x = c.lvalue(target)
	}
	return n
}

func (n *substNode) scalar(f *frame) Value {
	in := f.in
	var box *Scalar
	var s string
	if n.copies {
		s = ToString(n.x.scalar(f))
	} else {
		box = n.x.(lvalue).lv(f)
		s = ToString(box.Get())
	}
	re := (&matchNode{p: n.p}).pick(f)
	var b strings.Builder
	count, from, done, empty := 0, 0, 0, false
	for from <= len(s) {
		loc := in.exec(re, s, from, empty, n.sp)
		if loc == nil {
			break
		}
		count++
		m := in.match
		b.WriteString(s[done:loc[0]])
		r := ToString(n.repl.scalar(f))
		in.match = m
		in.bytes(b.Len() + len(r))
		b.WriteString(r)
		done = loc[1]
		from, empty = loc[1], loc[0] == loc[1]
		if !n.global {
			break
		}
	}
	if n.copies {
		if count == 0 {
			return s
		}
		return b.String() + s[done:]
	}
	if count == 0 {
		return ""
	}
	b.WriteString(s[done:])
	in.put(box, b.String(), n.sp)
	box.Mark(n.sp)
	return int64(count)
}
