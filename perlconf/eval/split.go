package eval

import (
	"mavis/perlconf/syntax"
)

// splitNode is split.
type splitNode struct {
	at
	p     *pattern // nil means ' '
	x     node     // what is split
	limit node     // nil when absent
	fixed int      // the limit that a list assignment implies
}

func compileSplit(c *compiler, x *syntax.Func) node {
	args := flatArgs(x)
	n := &splitNode{at: at{x.Span()}}
	if len(args) > 0 {
		switch e := single(args[0]).(type) {
		case *syntax.Str:
			if e.Value != " " {
				n.p = c.pattern(&syntax.Interp{At: e.At, Parts: []syntax.InterpPart{{At: e.At, Text: e.Value}}}, "", e.Span())
			}
		case *syntax.Regexp:
			if e.Op == "m" {
				n.p = c.pattern(e.Pattern, e.Flags, e.Span())
			} else {
				n.p = c.exprPattern(e, e.Span())
			}
		default:
			n.p = c.exprPattern(e, e.Span())
		}
	}
	if len(args) > 1 {
		n.x = c.expr(args[1])
	} else {
		n.x = c.underscore(n.at)
	}
	if len(args) > 2 {
		n.limit = c.expr(args[2])
	}
	c.matches++
	return n
}

func (n *splitNode) scalar(f *frame) Value { return int64(len(n.list(f, nil))) }

func (n *splitNode) list(f *frame, out []Value) []Value {
	in := f.in
	var re *Regexp
	if n.p != nil {
		if n.p.dyn != nil {
			v := n.p.dyn.scalar(f)
			if s, ok := v.(string); !ok || s != " " {
				re = (&pattern{sp: n.p.sp, dyn: &constNode{v: v}}).get(f)
			}
		} else {
			re = n.p.get(f)
		}
	}
	s := ToString(n.x.scalar(f))
	limit := n.fixed
	if n.limit != nil {
		limit = clampIndex(ToInt(n.limit.scalar(f)))
	}
	if s == "" {
		return out
	}
	in.step(len(s) >> 4)
	start := len(out)
	if re == nil {
		out = awkSplit(s, limit, out)
	} else {
		match := in.match
		out = n.byPattern(f, re, s, limit, out)
		in.match = match
	}
	if limit == 0 {
		for len(out) > start && (out[len(out)-1] == nil || out[len(out)-1] == "") {
			out = out[:len(out)-1]
		}
	}
	return out
}

// awkSplit is split ' ': leading space is dropped, runs of space part the fields.
func awkSplit(s string, limit int, out []Value) []Value {
	i := 0
	for i < len(s) && isSpace(s[i]) {
		i++
	}
	for fields := 1; ; fields++ {
		b := i
		if limit > 0 && fields >= limit {
			return append(out, s[b:])
		}
		for i < len(s) && !isSpace(s[i]) {
			i++
		}
		out = append(out, s[b:i])
		if i == len(s) {
			return out
		}
		for i < len(s) && isSpace(s[i]) {
			i++
		}
		if i == len(s) {
			return append(out, "")
		}
	}
}

func (n *splitNode) byPattern(f *frame, re *Regexp, s string, limit int, out []Value) []Value {
	in := f.in
	if re.Pattern == "^" { // means /^/m
		re = in.dynamicRE("^", "m"+re.Flags, n.sp)
	}
	done, from, fields := 0, 0, 1
	for from <= len(s) && (limit <= 0 || fields < limit) {
		loc := in.exec(re, s, from, false, n.sp)
		if loc == nil {
			break
		}
		if loc[1] == loc[0] { // an empty match never splits at the start of a field
			if loc[0] >= len(s) {
				break
			}
			if loc[0] == done {
				if loc = in.exec(re, s, done, true, n.sp); loc == nil {
					break
				}
				if loc[0] >= len(s) && loc[0] == loc[1] {
					break
				}
			}
		}
		if loc[1] == 0 {
			from = 1
			continue
		}
		out = append(out, s[done:loc[0]])
		fields++
		out = append(out, in.match.groups()...)
		done, from = loc[1], loc[1]
	}
	return append(out, s[done:])
}
