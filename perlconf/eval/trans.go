package eval

import (
	"strings"
	"unicode/utf8"

	"mavis/perlconf/syntax"
)

// transNode is tr///.
type transNode struct {
	at
	x       node
	from    map[rune]rune // what becomes of a character; gone deletes it
	rest    rune          // with /c beyond the table; same keeps, gone deletes
	squeeze bool
	copies  bool
	changes bool
	wide    bool // characters above 255: the text is looked at as UTF-8
	all     bool // /c: what is not in from is meant
}

const (
	gone rune = -2
	same rune = -3
)

// maxTable bounds the ranges that are spelled out.
const maxTable = 1 << 16

func expand(ranges []syntax.TransRange) []rune {
	var out []rune
	for _, r := range ranges {
		for c := r.Lo; c <= r.Hi && len(out) < maxTable; c++ {
			out = append(out, c)
		}
	}
	return out
}

func (c *compiler) trans(x *syntax.Trans, target syntax.Expr) node {
	here := at{x.Span()}
	n := &transNode{at: here, from: map[rune]rune{}, rest: same}
	from, to := expand(x.From), expand(x.To)
	for _, r := range append(append([]rune(nil), from...), to...) {
		if r > 255 {
			n.wide = true
		}
	}
	has := func(flag string) bool { return strings.Contains(x.Flags, flag) }
	del := has("d")
	n.squeeze, n.copies = has("s"), has("r")
	if has("c") {
		in := map[rune]bool{}
		for _, r := range from {
			in[r] = true
		}
		from = from[:0]
		for r := rune(0); r < 256; r++ {
			if !in[r] {
				from = append(from, r)
			}
		}
		n.all = true
		for r := range in {
			n.from[r] = same
		}
		switch {
		case len(to) > 0 && !del:
			n.rest = to[len(to)-1]
		case del:
			n.rest = gone
		default:
			n.rest = same
		}
	}
	n.changes = len(to) > 0 || del || n.squeeze
	identity := len(to) == 0 && !del
	for i, r := range from {
		if _, dup := n.from[r]; dup {
			continue
		}
		switch {
		case identity:
			n.from[r] = r
		case i < len(to):
			n.from[r] = to[i]
		case del:
			n.from[r] = gone
		default:
			n.from[r] = to[len(to)-1]
		}
	}
	switch {
	case target == nil:
		n.x = c.underscore(here)
	case n.copies || !n.changes:
		n.x = c.expr(single(target))
	default:
		n.x = c.lvalue(target)
	}
	return n
}

func (n *transNode) scalar(f *frame) Value {
	in := f.in
	var box *Scalar
	var s string
	if l, ok := n.x.(lvalue); ok && n.changes && !n.copies {
		box = l.lv(f)
		s = ToString(box.Get())
	} else {
		s = ToString(n.x.scalar(f))
	}
	in.step(len(s) >> 4)
	out := make([]byte, 0, len(s))
	count := 0
	last := rune(-1)
	for i := 0; i < len(s); {
		r, size := rune(s[i]), 1
		if n.wide {
			if u, w := utf8.DecodeRuneInString(s[i:]); u != utf8.RuneError {
				r, size = u, w
			}
		}
		to, ok := n.from[r]
		hit := ok && to != same
		if !ok && n.all {
			to, hit = n.rest, true
			if to == same {
				to = r
			}
		}
		switch {
		case !hit:
			out = append(out, s[i:i+size]...)
			last = -1
		case to == gone:
			count++
		default:
			count++
			if !n.squeeze || to != last {
				if n.wide {
					out = utf8.AppendRune(out, to)
				} else {
					out = append(out, byte(to))
				}
			}
			last = to
		}
		i += size
	}
	if n.copies {
		return string(out)
	}
	if box != nil && string(out) != s {
		in.put(box, string(out), n.sp)
	}
	return int64(count)
}
