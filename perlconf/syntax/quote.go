package syntax

import (
	"strings"
	"unicode/utf8"

	"mavis/perlconf/diag"
	"mavis/perlconf/source"
)

// quoted reads a quote that interpolates.
func (p *parser) quoted() Expr {
	start := p.start()
	i := p.index()
	op := p.next().Value
	q := p.lx.quotes[i]
	delim := byte('"')
	if q != "" {
		delim = q[len(q)-1]
	}
	switch op {
	case "m", "qr":
		pat := p.interp(start, true)
		flags := p.closeQuote()
		return &Regexp{At: p.from(start), Op: op, Pattern: pat, Flags: flags, Delim: delim}
	case "s":
		pat := p.interp(start, true)
		flags := p.next().Value // QMid
		s := &Subst{Pattern: pat, Flags: flags, Delim: delim}
		s.Replacement = p.replacement(flags)
		p.closeQuote()
		s.At = p.from(start)
		return s
	case "qx":
		var x Expr
		if t := p.peek(); t.Type == tStr {
			s := p.start()
			p.next()
			x = &Str{At: p.from(s), Value: t.Value, Quote: "'"}
		} else {
			x = p.simplify(p.interp(start, false))
		}
		p.closeQuote()
		return &Backtick{At: p.from(start), Command: x}
	}
	if op == "<" {
		in := p.interp(start, false)
		in.Quote = "<"
		p.closeQuote()
		return &Readline{At: p.from(start), Glob: true, Handle: p.simplify(in)}
	}
	in := p.interp(start, false)
	p.closeQuote()
	in.At = p.from(start)
	in.Quote = q
	in.Heredoc = strings.HasPrefix(q, "<<")
	return p.simplify(in)
}

// simplify turns a quote of constant text into a Str.
func (p *parser) simplify(in *Interp) Expr {
	var b strings.Builder
	for _, part := range in.Parts {
		if part.X != nil {
			return in
		}
		b.WriteString(part.Text)
	}
	return &Str{At: in.At, Value: b.String(), Quote: in.Quote, Heredoc: in.Heredoc}
}

// closeQuote reads the end of a quote and gives its flags.
func (p *parser) closeQuote() string {
	t := p.peek()
	if t.Type != tQClose {
		if t.Type == tBad || p.lx.cut {
			panic(errReported{})
		}
		p.failf(codeUnexpected, p.here(), "", "%s cannot stand inside a string", describe(t))
	}
	return p.next().Value
}

// replacement reads the second part of s///.
func (p *parser) replacement(flags string) Expr {
	start := p.start()
	if strings.IndexByte(flags, 'e') < 0 {
		if t := p.peek(); t.Type == tStr {
			p.next()
			return &Str{At: p.from(start), Value: t.Value, Quote: "'"}
		}
		in := p.interp(start, false)
		return p.simplify(in)
	}
	b := &Block{}
	for p.peek().Type != tQClose && !p.peek().EOF() {
		if s := p.statement(); s != nil {
			b.Stmts = append(b.Stmts, s)
		}
	}
	b.At = p.from(start)
	if len(b.Stmts) == 1 {
		if s, ok := b.Stmts[0].(*ExprStmt); ok {
			return s.X
		}
	}
	return &DoBlock{At: b.At, Body: b}
}

// maxCases bounds \Q inside \Q, as each doubles the text.
const maxCases = 5

// cases follows \L \U \Q \F \E \l \u through a quote.
type cases struct {
	stack string
	once  byte
	at    int // depth at which once stands
}

func (c *cases) take(esc string) {
	switch k := esc[1]; k {
	case 'E':
		if c.stack != "" {
			c.stack = c.stack[:len(c.stack)-1]
		}
	case 'l', 'u':
		c.once, c.at = k, len(c.stack)
	default:
		if k != 'Q' {
			if i := strings.IndexAny(c.stack, "LUF"); i >= 0 {
				c.stack = c.stack[:i] + c.stack[i+1:]
			}
		}
		c.stack += string(k)
	}
}

// now gives what applies to the next part, outermost first.
func (c *cases) now() string {
	s := c.stack
	if c.once != 0 {
		at := min(c.at, len(s))
		s = s[:at] + string(c.once) + s[at:]
		c.once = 0
	}
	return s
}

// interp reads the parts of a quote up to its end. In a pattern text stays raw.
func (p *parser) interp(start int, pattern bool) *Interp {
	in := &Interp{}
	var c cases
	swap := false // \L\u means \u\L
	for {
		t := p.peek()
		s := p.start()
		switch t.Type {
		case tQClose, tQMid:
			in.At = p.from(start)
			return in
		case tQCase:
			i := p.index()
			if len(c.stack) >= maxCases {
				p.failf(codeDepth, p.here(), "", "more than %d of \\Q, \\L and \\U inside each other", maxCases)
			}
			p.next()
			if t.Value[1] == 'l' || t.Value[1] == 'u' {
				c.take(t.Value)
				if swap && c.at > 0 {
					c.at--
				}
			} else {
				c.take(t.Value)
			}
			swap = strings.IndexByte("LU", t.Value[1]) >= 0 && p.lx.ends[i] == p.start()
		case tQText:
			i := p.index()
			p.next()
			text := t.Value
			if !pattern {
				text = p.unescape(t.Value, p.tokenSpan(i))
			}
			if text != "" {
				if ops := c.now(); ops != "" {
					text = applyCase(text, ops)
				}
			}
			in.Parts = append(in.Parts, InterpPart{At: p.from(s), Text: text})
		default:
			if t.EOF() || t.Type == tBad || !startsTerm(t) {
				if t.EOF() && !p.lx.cut {
					p.failf(codeUnexpected, p.here(), "", "the file ends inside a string")
				}
				panic(errReported{})
			}
			x := p.postfix()
			in.Parts = append(in.Parts, InterpPart{At: At{x.Span()}, X: x, Join: isListValued(x), Case: c.now()})
		}
	}
}

func isListValued(x Expr) bool {
	switch x := x.(type) {
	case *Var:
		return x.Sigil == '@'
	case *Deref:
		return x.Sigil == '@'
	case *Slice:
		return true
	}
	return false
}

// applyCase applies the operators to constant text, the innermost first. Letters beyond ASCII stay, as they are bytes.
func applyCase(s, ops string) string {
	for i := len(ops) - 1; i >= 0; i-- {
		switch ops[i] {
		case 'L', 'F':
			s = mapASCII(s, 'A', 'Z', 32)
		case 'U':
			s = mapASCII(s, 'a', 'z', -32)
		case 'l':
			s = mapASCII(s[:1], 'A', 'Z', 32) + s[1:]
		case 'u':
			s = mapASCII(s[:1], 'a', 'z', -32) + s[1:]
		case 'Q':
			var b strings.Builder
			for j := 0; j < len(s); j++ {
				if !isWordC(s[j]) {
					b.WriteByte('\\')
				}
				b.WriteByte(s[j])
			}
			s = b.String()
		}
	}
	return s
}

func mapASCII(s string, lo, hi byte, d int) string {
	b := []byte(s)
	for i, c := range b {
		if c >= lo && c <= hi {
			b[i] = byte(int(c) + d)
		}
	}
	return string(b)
}

// unescape undoes the escapes of a double-quoted string. Characters up to 0xFF become one byte, others UTF-8.
func (p *parser) unescape(s string, at source.Span) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	var narrow []int // places of characters of one byte, which a wide one makes UTF-8
	wide := false
	raw := func(c byte) {
		if c >= 0x80 {
			narrow = append(narrow, b.Len())
		}
		b.WriteByte(c)
	}
	put := func(n int64) {
		wide = wide || n >= 0x100
		switch {
		case n < 0x100:
			raw(byte(n))
		case n > utf8.MaxRune:
			b.WriteRune(utf8.RuneError)
		default:
			b.WriteRune(rune(n))
		}
	}
	bad := func(i int, format string, args ...any) {
		start := min(at.Start+i, at.End)
		p.add(diag.Diagnostic{Code: codeEscape, Span: source.Span{File: p.file, Start: start, End: min(start+2, at.End)}, Message: sprintf(format, args...)})
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c != '\\' || i+1 >= len(s) {
			if p.lx.utf8 {
				b.WriteByte(c)
			} else {
				raw(c)
			}
			continue
		}
		from := i
		i++
		switch c = s[i]; c {
		case 'n':
			b.WriteByte('\n')
		case 't':
			b.WriteByte('\t')
		case 'r':
			b.WriteByte('\r')
		case 'f':
			b.WriteByte('\f')
		case 'b':
			b.WriteByte('\b')
		case 'a':
			b.WriteByte(7)
		case 'e':
			b.WriteByte(27)
		case '0', '1', '2', '3', '4', '5', '6', '7':
			n := int64(0)
			j := i
			for ; j < len(s) && j < i+3 && s[j] >= '0' && s[j] <= '7'; j++ {
				n = n*8 + int64(s[j]-'0')
			}
			i = j - 1
			put(n)
		case 'x':
			if i+1 < len(s) && s[i+1] == '{' {
				in, end := inBraces(s, i+1)
				if end < 0 {
					bad(from, "the } that ends \\x{ is missing")
					return b.String()
				}
				put(digitsOf(in, 16))
				i = end
				break
			}
			j := i + 1
			for j < len(s) && j < i+3 && hexDigit(s[j]) >= 0 {
				j++
			}
			put(digitsOf(s[i+1:j], 16))
			i = j - 1
		case 'o':
			in, end := "", -1
			if i+1 < len(s) && s[i+1] == '{' {
				in, end = inBraces(s, i+1)
			}
			if end < 0 {
				bad(from, "\\o must be followed by octal digits in braces")
				break
			}
			put(digitsOf(in, 8))
			i = end
		case 'N':
			in, end := "", -1
			if i+1 < len(s) && s[i+1] == '{' {
				in, end = inBraces(s, i+1)
			}
			switch {
			case end < 0:
				bad(from, "\\N must be followed by {U+...}")
			case strings.HasPrefix(in, "U+"):
				wide = true
				if n := digitsOf(in[2:], 16); n < 0x80 {
					b.WriteByte(byte(n))
				} else {
					b.WriteRune(rune(min(n, utf8.MaxRune)))
				}
				i = end
			default:
				bad(from, "characters by name are not supported; write \\x{...}")
				i = end
			}
		case 'c':
			if i+1 < len(s) {
				i++
				u := s[i]
				if u >= 'a' && u <= 'z' {
					u -= 32
				}
				b.WriteByte(u ^ 64)
			} else {
				bad(from, "a character is missing after \\c")
			}
		default:
			b.WriteByte(c)
		}
	}
	if wide && len(narrow) > 0 {
		return widened(b.String(), narrow)
	}
	return b.String()
}

// widened turns the bytes at some places into the characters of these numbers.
func widened(s string, narrow []int) string {
	var b strings.Builder
	from := 0
	for _, i := range narrow {
		b.WriteString(s[from:i])
		b.WriteRune(rune(s[i]))
		from = i + 1
	}
	b.WriteString(s[from:])
	return b.String()
}

func inBraces(s string, open int) (string, int) {
	e := strings.IndexByte(s[open:], '}')
	if e < 0 {
		return "", -1
	}
	return strings.TrimSpace(s[open+1 : open+e]), open + e
}

func hexDigit(c byte) int {
	switch {
	case isDigit(c):
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}

// digitsOf reads digits up to the first that is none; underscores are skipped. It stops growing far above any character.
func digitsOf(s string, base int) int64 {
	n := int64(0)
	for i := 0; i < len(s); i++ {
		if s[i] == '_' {
			continue
		}
		d := hexDigit(s[i])
		if d < 0 || d >= base {
			break
		}
		if n < 1<<40 {
			n = n*int64(base) + int64(d)
		}
	}
	return n
}

// qw reads the words of qw(...).
func (p *parser) qw() Expr {
	start := p.start()
	i := p.index()
	t := p.next()
	open := p.lx.quotes[i]
	q := &QW{At: p.from(start)}
	body := start + len(open)
	s := t.Value
	d := byte(0)
	if open != "" {
		d = open[len(open)-1]
	}
	for a := 0; a < len(s); {
		if isSpace(s[a]) {
			a++
			continue
		}
		e := a
		for e < len(s) && !isSpace(s[e]) {
			e++
		}
		w := s[a:e]
		if strings.IndexByte(w, '\\') >= 0 {
			w = unslash(w, d)
		}
		q.Words = append(q.Words, Str{At: At{source.Span{File: p.file, Start: body + a, End: min(body+e, len(p.file.Text))}}, Value: w, Quote: open})
		a = e
	}
	return q
}

// unslash takes the backslash off \\ and off delimiters.
func unslash(w string, open byte) string {
	var b strings.Builder
	for i := 0; i < len(w); i++ {
		if w[i] == '\\' && i+1 < len(w) && (w[i+1] == '\\' || w[i+1] == open || w[i+1] == closer(open)) {
			i++
		}
		b.WriteByte(w[i])
	}
	return b.String()
}

// angle reads <$fh>, <FH> and <>.
func (p *parser) angle() Expr {
	start := p.start()
	i := p.index()
	t := p.next()
	at := p.from(start)
	in := t.Value[1 : len(t.Value)-1]
	inner := At{source.Span{File: p.file, Start: p.tokenSpan(i).Start + 1, End: p.tokenSpan(i).End - 1}}
	switch {
	case in == "" || t.Value == "<<>>":
		return &Readline{At: at}
	case in[0] == '$':
		return &Readline{At: at, Handle: &Var{At: inner, Sigil: '$', Name: in[1:]}}
	}
	return &Readline{At: at, Handle: &Bareword{At: inner, Name: in}}
}

func isName(s string) bool {
	if s == "" || !isAlpha(s[0]) && s[0] != ':' {
		return false
	}
	for i := 0; i < len(s); i++ {
		if !isWordC(s[i]) && s[i] != ':' && s[i] != '\'' {
			return false
		}
	}
	return true
}
