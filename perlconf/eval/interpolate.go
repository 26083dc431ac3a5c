package eval

import (
	"strings"

	"mavis/perlconf/syntax"
)

// interpNode is a double-quoted string: its parts joined.
type interpNode struct {
	at
	parts []interpPart
}

type interpPart struct {
	text  string
	x     node
	join  bool
	cases string
}

func (c *compiler) interpolation(x *syntax.Interp) node {
	n := c.parts(x)
	if len(n.parts) == 0 {
		return lit(x.Span(), "")
	}
	var b strings.Builder
	for _, p := range n.parts {
		if p.x != nil {
			return n
		}
		b.WriteString(p.text)
	}
	return lit(x.Span(), b.String())
}

func (c *compiler) parts(x *syntax.Interp) *interpNode {
	n := &interpNode{at: at{x.Span()}}
	if x == nil {
		return n
	}
	for _, p := range x.Parts {
		part := interpPart{text: p.Text, join: p.Join, cases: p.Case}
		if p.X != nil {
			c.interp++
			part.x = c.expr(p.X)
			c.interp--
		} else if part.cases != "" {
			part.text, part.cases = applyCases(part.text, part.cases), ""
		}
		n.parts = append(n.parts, part)
	}
	return n
}

func (n *interpNode) scalar(f *frame) Value {
	if len(n.parts) == 1 {
		s := n.parts[0].eval(f)
		f.in.bytes(len(s))
		return s
	}
	var b strings.Builder
	for i := range n.parts {
		s := n.parts[i].eval(f)
		f.in.bytes(b.Len() + len(s))
		b.WriteString(s)
	}
	return b.String()
}

func (p *interpPart) eval(f *frame) string {
	if p.x == nil {
		return p.text
	}
	var s string
	if p.join {
		s = f.in.joinValues(ToString(f.in.global.listSep.scalar().Get()), evalList(p.x, f, nil))
	} else {
		s = ToString(p.x.scalar(f))
	}
	if p.cases != "" {
		s = applyCases(s, p.cases)
	}
	return s
}

func (in *Interp) joinValues(sep string, vals []Value) string {
	var b strings.Builder
	for i, v := range vals {
		s := ToString(v)
		in.bytes(b.Len() + len(s) + len(sep))
		if i > 0 {
			b.WriteString(sep)
		}
		b.WriteString(s)
	}
	return b.String()
}

// applyCases does what \U \L \Q \F \u \l asked for, the innermost first.
func applyCases(s, cases string) string {
	for i := len(cases) - 1; i >= 0; i-- {
		switch cases[i] {
		case 'U':
			s = upper(s)
		case 'L', 'F':
			s = lower(s)
		case 'Q':
			s = quoteMeta(s)
		case 'u':
			s = upperFirst(s)
		case 'l':
			s = lowerFirst(s)
		}
	}
	return s
}

// Strings are bytes, so that only ASCII letters have a case.
func upper(s string) string { return mapBytes(s, 'a', 'z') }
func lower(s string) string { return mapBytes(s, 'A', 'Z') }

func mapBytes(s string, lo, hi byte) string {
	for i := range len(s) {
		if s[i] >= lo && s[i] <= hi {
			out := []byte(s)
			for ; i < len(out); i++ {
				if out[i] >= lo && out[i] <= hi {
					out[i] ^= 0x20
				}
			}
			return string(out)
		}
	}
	return s
}

func upperFirst(s string) string {
	if s == "" {
		return s
	}
	return upper(s[:1]) + s[1:]
}

func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return lower(s[:1]) + s[1:]
}

// quoteMeta puts a backslash before every byte that is no word character; bytes of UTF-8 text too, as Perl does
// without use utf8.
func quoteMeta(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if !wordByte(s[i]) {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func wordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}
