package eval

import (
	"errors"
	"strings"

	"mavis/perlconf/diag"
	"mavis/perlconf/regex"
	"mavis/perlconf/source"
	"mavis/perlconf/syntax"
)

// pattern is the first part of m//, qr// and s///: text with variables in it, or fixed.
type pattern struct {
	sp    source.Span
	fixed *Regexp
	x     *interpNode
	dyn   node // any expression, as in $x =~ $re
	flags string
}

// opFlags belong to the operator; the others to the pattern.
const opFlags = "gcoer"

func splitFlags(flags string) (op, re string) {
	for _, c := range flags {
		if strings.ContainsRune(opFlags, c) {
			op += string(c)
		} else {
			re += string(c)
		}
	}
	return op, re
}

func (c *compiler) pattern(x *syntax.Interp, flags string, span source.Span) *pattern {
	_, reFlags := splitFlags(flags)
	p := &pattern{sp: span, flags: reFlags}
	n := c.parts(x)
	var b strings.Builder
	for _, part := range n.parts {
		if part.x != nil {
			p.x = n
			return p
		}
		b.WriteString(part.text)
	}
	re, err := c.in.compileRE(b.String(), reFlags)
	if err != nil {
		d := reDiag(err, b.String(), span)
		var re *regex.Error
		if errors.As(err, &re) && len(x.Parts) == 1 {
			ps := x.Parts[0].Span()
			if !ps.IsZero() && ps.End-ps.Start == b.Len() && re.Offset <= b.Len() {
				d.Span = source.Span{File: ps.File, Start: ps.Start + re.Offset, End: min(ps.Start+re.Offset+1, ps.End)}
			}
		}
		c.report(d)
		p.fixed = &Regexp{Pattern: b.String(), Flags: reFlags}
		return p
	}
	p.fixed = re
	return p
}

// exprPattern is an expression whose value is the pattern. A constant is checked at once, as Perl does.
func (c *compiler) exprPattern(e syntax.Expr, span source.Span) *pattern {
	p := &pattern{sp: span, dyn: c.expr(e)}
	var v Value
	if k, ok := p.dyn.(*constNode); ok {
		v = k.v
	} else if name := e.Span().Text(); name != "" {
		if g := c.in.findGlob(c.pkg, name); g != nil && g.cv != nil && g.cv.Const && len(g.cv.value) == 1 {
			v = g.cv.value[0]
		}
	}
	if text, ok := v.(string); ok {
		if _, err := c.in.compileRE(text, ""); err != nil {
			c.report(reDiag(err, text, e.Span()))
		}
	}
	return p
}

func reDiag(err error, pat string, span source.Span) diag.Diagnostic {
	d := diag.Diagnostic{Code: CodeRegexp, Severity: diag.Error, Span: span, Message: "pattern " + pat + ": " + err.Error()}
	var re *regex.Error
	if errors.As(err, &re) && re.Unsupported {
		d.Help = "Perl knows this, but it is not supported here; write the pattern in another way."
	}
	return d
}

// compileRE compiles a pattern once.
func (in *Interp) compileRE(pat, flags string) (*Regexp, error) {
	key := flags + "/" + pat
	if re := in.res[key]; re != nil {
		return re, nil
	}
	re, err := regex.Compile(pat, flags)
	if err != nil {
		return nil, err
	}
	if len(in.res) > 5000 {
		clear(in.res)
	}
	r := &Regexp{Pattern: pat, Flags: re.Flags(), RE: re}
	in.res[key] = r
	return r, nil
}

// get gives the compiled pattern for this evaluation.
func (p *pattern) get(f *frame) *Regexp {
	if p.fixed != nil {
		return p.fixed
	}
	var text string
	switch {
	case p.dyn != nil:
		v := p.dyn.scalar(f)
		if r := qrOf(v); r != nil && p.flags == "" {
			return r
		}
		text = ToString(v)
	case len(p.x.parts) == 1 && !p.x.parts[0].join && p.x.parts[0].cases == "":
		v := p.x.parts[0].x.scalar(f)
		if r := qrOf(v); r != nil && p.flags == "" {
			return r
		}
		text = ToString(v)
	default:
		text = ToString(p.x.scalar(f))
	}
	return f.in.dynamicRE(text, p.flags, p.sp)
}

func qrOf(v Value) *Regexp {
	r, _ := v.(*Regexp)
	return r
}

func (in *Interp) dynamicRE(text, flags string, span source.Span) *Regexp {
	re, err := in.compileRE(text, flags)
	if err != nil {
		d := reDiag(err, text, span)
		e := &Error{Diag: d, Value: d.Message + in.here() + ".\n"}
		var re *regex.Error
		if errors.As(err, &re) && re.Unsupported {
			e.fatal = true
		}
		panic(e)
	}
	return re
}

// exec looks for a match from a byte offset; notEmpty forbids an empty match right there.
func (in *Interp) exec(re *Regexp, s string, from int, notEmpty bool, span source.Span) []int {
	in.step(1 + (len(s)-min(from, len(s)))>>6)
	var m *regex.Match
	var err error
	if re.RE == nil {
		in.fail(CodeRegexp, span, "the pattern was not compiled")
	}
	if notEmpty {
		m, err = re.RE.MatchNext(s, from)
	} else {
		m, err = re.RE.MatchAt(s, from)
	}
	if err != nil {
		in.stop(CodeRegexp, span, "Write the pattern so that it cannot match in so many ways.", "the match was given up: %v", err)
	}
	if m == nil {
		return nil
	}
	in.lastRE = re
	in.match = &matchState{s: s, loc: m.Loc, re: re}
	return m.Loc
}

// matchState is the last successful match, for $1, $& and their like.
type matchState struct {
	s   string
	loc []int
	re  *Regexp
}

func (m *matchState) group(n int) Value {
	if m == nil || 2*n+1 >= len(m.loc) || m.loc[2*n] < 0 {
		return nil
	}
	return m.s[m.loc[2*n]:m.loc[2*n+1]]
}

func (m *matchState) before() Value {
	if m == nil {
		return nil
	}
	return m.s[:m.loc[0]]
}

func (m *matchState) after() Value {
	if m == nil {
		return nil
	}
	return m.s[m.loc[1]:]
}

func (m *matchState) lastParen() Value {
	if m == nil {
		return nil
	}
	for n := len(m.loc)/2 - 1; n > 0; n-- {
		if m.loc[2*n] >= 0 {
			return m.group(n)
		}
	}
	return nil
}

func (m *matchState) groups() []Value {
	var out []Value
	for n := 1; 2*n < len(m.loc); n++ {
		out = append(out, m.group(n))
	}
	return out
}

// matchOffsets is @- and @+; matchNames is %+.
type matchOffsets struct {
	at
	end int
}

func (n *matchOffsets) arr(f *frame, _ reading) *Array {
	a := &Array{}
	if m := f.in.match; m != nil {
		last := len(m.loc)/2 - 1
		for n.end == 0 && last > 0 && m.loc[2*last] < 0 {
			last--
		}
		for i := 0; i <= last; i++ {
			if p := m.loc[2*i+n.end]; p >= 0 {
				a.Push(int64(p))
			} else {
				a.Push(nil)
			}
		}
	}
	return a
}

func (n *matchOffsets) scalar(f *frame) Value { return int64(n.arr(f, toRead).Len()) }
func (n *matchOffsets) list(f *frame, out []Value) []Value {
	return spread(f.in, n.arr(f, toRead), out)
}

type matchNames struct{ at }

func (n *matchNames) hsh(f *frame, _ reading) *Hash {
	h := NewHash()
	m := f.in.match
	if m == nil || m.re.RE == nil {
		return h
	}
	for name, nums := range m.re.RE.GroupNames() {
		for _, i := range nums {
			if v := m.group(i); v != nil {
				h.Put(name, v)
				break
			}
		}
	}
	return h
}

func (n *matchNames) scalar(f *frame) Value { return int64(n.hsh(f, toRead).Len()) }
func (n *matchNames) list(f *frame, out []Value) []Value {
	return spreadHash(f.in, n.hsh(f, toRead), out)
}

// matchArray gives the nodes of @- @+ %+, nil for other variables.
func (c *compiler) matchArray(x *syntax.Var) node {
	here := at{x.Span()}
	switch {
	case x.Sigil == '@' && (x.Name == "-" || x.Name == "LAST_MATCH_START"):
		return &matchOffsets{here, 0}
	case x.Sigil == '@' && (x.Name == "+" || x.Name == "LAST_MATCH_END"):
		return &matchOffsets{here, 1}
	case x.Sigil == '%' && x.Name == "+":
		return &matchNames{here}
	}
	return nil
}
