package syntax

import (
	"fmt"
	"strings"

	"mavis/perlconf/diag"
)

func closer(open byte) byte {
	switch open {
	case '(':
		return ')'
	case '[':
		return ']'
	case '{':
		return '}'
	case '<':
		return '>'
	}
	return open
}

// closing gives the position of the delimiter that ends the quote whose opening delimiter stands at d.
func (l *lex) closing(d int) (int, bool) {
	open := l.src[d]
	end := closer(open)
	depth := 1
	for p := d + 1; p < l.end; p++ {
		switch c := l.src[p]; {
		case c == '\\' && open != '\\':
			p++
			if p < l.end && l.src[p] == '\n' && len(l.heres) > 0 {
				p = l.afterNewline(p) - 1
			}
		case c == end:
			depth--
			if depth == 0 {
				return p, true
			}
		case c == open:
			depth++
		case c == '\n' && len(l.heres) > 0:
			p = l.afterNewline(p) - 1
		}
	}
	return l.end, false
}

// unterminated reports a quote without end and gives up: nothing after it can be read.
func (l *lex) unterminated(p, d int, what string) {
	l.report(codeUnterminated, p, d+1, fmt.Sprintf("put %c at its end", closer(l.src[d])), "%s has no end", what)
	l.put(tBad, p, d+1, xOperator)
	l.cut = true
}

// body takes the text from..to out of the source, without the backslashes in front of delimiters and without heredoc
// bodies that lie in between. With keep, a backslash stays in front of brackets, as in patterns.
func (l *lex) body(from, to int, open byte, keep bool) (string, []cutMark) {
	end := closer(open)
	text := l.src[from:to]
	strip := open != '\\' && !(keep && open != end) && strings.IndexByte(text, '\\') >= 0
	hop := false
	for _, h := range l.heres {
		hop = hop || h.from > from && h.from < to
	}
	if !strip && !hop {
		return text, nil
	}
	var b strings.Builder
	var cuts []cutMark
	last := from
	for p := from; p < to; p++ {
		c := l.src[p]
		switch {
		case c == '\\' && strip && p+1 < to:
			if n := l.src[p+1]; n == open || n == end {
				b.WriteString(l.src[last:p])
				cuts = append(cuts, cutMark{b.Len(), 1})
				last = p + 1
			}
			p++
		case c == '\n' && hop:
			if q := l.afterNewline(p); q > p+1 {
				b.WriteString(l.src[last : p+1])
				q = min(q, to)
				cuts = append(cuts, cutMark{b.Len(), q - p - 1})
				last = q
				p = q - 1
			}
		}
	}
	b.WriteString(l.src[last:to])
	if len(cuts) == 0 {
		return text, nil
	}
	return b.String(), cuts
}

// nested gives a lexer for the text from..to of a quote.
func (l *lex) nested(from, to int, open byte, keep bool) *lex {
	text, cuts := l.body(from, to, open, keep)
	n := &lex{lexed: l.lexed, lastLop: -1, noHere: true, outer: l.outer + len(l.stack) + 1}
	if cuts == nil {
		n.src, n.pos, n.end, n.base, n.cuts, n.returns = l.src, from, to, l.base, l.cuts, l.returns
	} else {
		n.src, n.end, n.base, n.cuts = text, len(text), l.off(from), cuts
	}
	if n.outer > l.maxDepth {
		l.report(codeDepth, from, from, "", "more than %d levels of nesting", l.maxDepth)
		l.cut = true
	}
	return n
}

// single reads a string without interpolation: '...' or q(...).
func (l *lex) single(p, d int) {
	e, ok := l.closing(d)
	if !ok {
		l.unterminated(p, d, "this string")
		return
	}
	text, _ := l.body(d+1, e, l.src[d], false)
	if strings.Contains(text, `\\`) {
		text = strings.ReplaceAll(text, `\\`, `\`)
	}
	i := l.emit(tStr, p, e+1, text)
	if d > p || l.src[d] != '\'' {
		l.quotes[i] = l.src[p : d+1]
	}
	l.pos, l.exp = e+1, xOperator
}

func (l *lex) qw(p, d int) {
	e, ok := l.closing(d)
	if !ok {
		l.unterminated(p, d, "this qw list")
		return
	}
	i := l.emit(tQW, p, e+1, l.src[d+1:e])
	l.quotes[i] = l.src[p : d+1]
	l.pos, l.exp = e+1, xOperator
	if l.peek(e+1) == '{' {
		l.exp = xBlock
	}
}

// interpolate reads "..." qq(...) `...` qx(...).
func (l *lex) interpolate(p, d int, c byte, op string) {
	e, ok := l.closing(d)
	if !ok {
		l.unterminated(p, d, map[bool]string{true: "this command", false: "this string"}[op == "qx"])
		return
	}
	if c == '\'' && op == "qx" {
		i := l.emit(tQOpen, p, d+1, op)
		l.quotes[i] = l.src[p : d+1]
		text, _ := l.body(d+1, e, c, false)
		l.emit(tStr, d, e, text)
	} else {
		i := l.emit(tQOpen, p, d+1, op)
		l.quotes[i] = l.src[p : d+1]
		l.nested(d+1, e, c, false).quote(false)
	}
	l.emit(tQClose, e, e+1, "")
	l.pos, l.exp = e+1, xOperator
}

// flags reads the letters after a pattern.
func (l *lex) flags(p int, allowed string) int {
	e := p
	for e < l.end && isAlpha(l.src[e]) && strings.IndexByte(allowed, l.src[e]) >= 0 {
		e++
	}
	if e < l.end && isWordC(l.src[e]) {
		w := l.idEnd(e)
		if wordOps[l.src[e:w]] || modifiers[l.src[e:w]] {
			return e
		}
		l.report(codeFlags, e, e+1, "", "%q is no flag that may stand here; known are %s", l.src[e:e+1], allowed)
		e = w
	}
	return e
}

const patternFlags = "msixxnpaludgco"

// pattern reads m/.../ and qr/.../.
func (l *lex) pattern(p, d int, op string) {
	e, ok := l.closing(d)
	if !ok {
		l.unterminated(p, d, "this pattern")
		return
	}
	allowed := patternFlags
	if op == "qr" {
		allowed = "msixxnpaludo"
	}
	c := l.src[d]
	i := l.emit(tQOpen, p, d+1, op)
	l.quotes[i] = l.src[p : d+1]
	l.patternBody(d+1, e, c)
	f := l.flags(e+1, allowed)
	l.emit(tQClose, e, f, l.src[e+1:f])
	l.pos, l.exp = f, xOperator
}

func (l *lex) patternBody(from, to int, c byte) {
	n := l.nested(from, to, c, true)
	if c == '\'' {
		if n.end > n.pos {
			n.emit(tQText, n.pos, n.end, n.src[n.pos:n.end])
		}
		return
	}
	n.quote(true)
}

// second finds the second part of s/// and tr///, whose first part ends at e.
func (l *lex) second(p, d, e int, what string) (from, to int, c byte, ok bool) {
	c = l.src[d]
	at := e
	if closer(c) != c {
		at = l.skip(e+1, true)
		if at >= l.end {
			l.unterminated(p, d, what)
			return 0, 0, 0, false
		}
		c = l.src[at]
	}
	to, ok = l.closing(at)
	if !ok {
		l.unterminated(p, d, what)
	}
	return at + 1, to, c, ok
}

func (l *lex) subst(p, d int) {
	e, ok := l.closing(d)
	if !ok {
		l.unterminated(p, d, "the pattern of this substitution")
		return
	}
	from, to, c2, ok := l.second(p, d, e, "this substitution")
	if !ok {
		return
	}
	f := l.flags(to+1, patternFlags+"er")
	flags := l.src[to+1 : f]
	i := l.emit(tQOpen, p, d+1, "s")
	l.quotes[i] = l.src[p : d+1]
	l.patternBody(d+1, e, l.src[d])
	l.emit(tQMid, e, from, flags)
	switch n := l.nested(from, to, c2, false); {
	case strings.IndexByte(flags, 'e') >= 0:
		n.run(-1)
		n.leftOpen()
	case c2 == '\'':
		l.emit(tStr, from, to, n.src[n.pos:n.end])
	default:
		n.quote(false)
	}
	l.emit(tQClose, to, f, flags)
	l.pos, l.exp = f, xOperator
}

// leftOpen reports brackets that are still open at the end of nested code.
func (l *lex) leftOpen() {
	if len(l.stack) > 0 && !l.cut {
		b := l.stack[0]
		l.report(codeUnclosed, b.at, b.at+1, "", "this %c is not closed", b.ch)
	}
}

func (l *lex) trans(p, d int) {
	e, ok := l.closing(d)
	if !ok {
		l.unterminated(p, d, "this transliteration")
		return
	}
	from, to, c2, ok := l.second(p, d, e, "this transliteration")
	if !ok {
		return
	}
	text, _ := l.body(d+1, e, l.src[d], false)
	repl, _ := l.body(from, to, c2, false)
	f := l.flags(to+1, "cdsr")
	l.emit(tTrans, p, e, text)
	l.emit(tQText, from, to, repl)
	l.emit(tQClose, to, f, l.src[to+1:f])
	l.pos, l.exp = f, xOperator
}

// angle reads <...> or a heredoc.
func (l *lex) angle(p int) {
	if l.at(p+1) == '<' && l.at(p+2) != '>' {
		if l.heredoc(p) {
			return
		}
		l.oper(p, "<<=", "<<")
		return
	}
	if strings.HasPrefix(l.src[p:l.end], "<<>>") {
		l.put(tAngle, p, p+4, xOperator)
		return
	}
	e, ok := l.closing(p)
	if !ok {
		l.report(codeUnterminated, p, p+1, "if < compares here, put the value before it in parentheses",
			"< begins a file name here, and its > is missing")
		l.put(tBad, p, p+1, xOperator)
		return
	}
	text := l.src[p : e+1]
	if strings.HasPrefix(text, "<%") || strings.HasPrefix(text, "<?") {
		l.report(codeTemplate, p, e+1, "fill in the template before it is used as a configuration",
			"a placeholder of a template stands in the code; Perl takes it for a list of file names")
		l.diags[len(l.diags)-1].Severity = diag.Warning
	}
	if in := text[1 : len(text)-1]; in == "" || isName(in) || in[0] == '$' && isName(in[1:]) {
		l.put(tAngle, p, e+1, xOperator)
		return
	}
	i := l.emit(tQOpen, p, p+1, "<")
	l.quotes[i] = "<"
	l.nested(p+1, e, '<', false).quote(false)
	l.emit(tQClose, e, e+1, "")
	l.pos, l.exp = e+1, xOperator
}

// heredoc reads <<TAG and its body, which begins in the next line. False means that << is something else.
func (l *lex) heredoc(p int) bool {
	q := p + 2
	indent := l.at(q) == '~'
	if indent {
		q++
	}
	r := q
	for l.at(r) == ' ' || l.at(r) == '\t' {
		r++
	}
	quote := byte('"')
	var tag string
	var tagEnd int
	switch c := l.at(r); {
	case c == '"' || c == '\'' || c == '`':
		e := strings.IndexByte(l.src[r+1:l.end], c)
		if e < 0 {
			l.unterminated(p, r, "the tag of this heredoc")
			return true
		}
		quote, tag, tagEnd = c, l.src[r+1:r+1+e], r+e+2
	case r == q && (l.idStart(q) || c == '\\' && l.idStart(q+1)):
		if c == '\\' {
			quote = '\''
			q++
		}
		tagEnd = l.idEnd(q)
		tag = l.src[q:tagEnd]
	default:
		return false
	}
	if l.noHere {
		l.report(codeUnsupported, p, tagEnd, "", "a heredoc inside a string or pattern is not supported")
		l.put(tBad, p, tagEnd, xOperator)
		return true
	}
	from, to, next, indentLen, ok := l.hereBody(tagEnd, tag, indent)
	if !ok {
		l.diags = append(l.diags, diag.Diagnostic{Code: codeHeredoc, Severity: diag.Error, Span: l.span(p, tagEnd),
			Message: fmt.Sprintf("the heredoc is not ended by a line with just %s", tag), Help: hereHelp(l.src[min(from, l.end):l.end], tag)})
		l.put(tBad, p, tagEnd, xOperator)
		l.cut = true
		return true
	}
	l.hereRegion(from, next)
	n := &lex{lexed: l.lexed, lastLop: -1, noHere: true, outer: l.outer + len(l.stack) + 1, src: l.src, pos: from, end: to, base: l.base, cuts: l.cuts, returns: l.returns}
	if indentLen > 0 {
		text, cuts := l.unindent(from, to, indentLen)
		n.src, n.pos, n.end, n.base, n.cuts, n.returns = text, 0, len(text), l.off(from), cuts, nil
	}
	opening := l.src[p:tagEnd]
	if quote == '\'' {
		i := l.emit(tStr, p, tagEnd, n.src[n.pos:n.end])
		l.quotes[i] = opening
	} else {
		op := "<<"
		if quote == '`' {
			op = "qx"
		}
		i := l.emit(tQOpen, p, tagEnd, op)
		l.quotes[i] = opening
		n.quote(false)
		l.emit(tQClose, tagEnd, tagEnd, "")
	}
	l.pos, l.exp = tagEnd, xOperator
	return true
}

func hereHelp(rest, tag string) string {
	for _, line := range strings.Split(rest, "\n") {
		switch {
		case strings.TrimSpace(line) == tag:
			return "the line with " + tag + " must hold nothing else, no space before or after it; or write <<~" + tag
		case strings.TrimSpace(line) == tag+";":
			return "put the semicolon behind the opening <<" + tag + ", not behind the end"
		}
	}
	return ""
}

// hereBody finds the body of a heredoc whose opening stands in the line of at.
func (l *lex) hereBody(at int, tag string, indent bool) (from, to, next, indentLen int, ok bool) {
	nl := strings.IndexByte(l.src[at:l.end], '\n')
	if nl < 0 {
		return l.end, l.end, l.end, 0, false
	}
	from = at + nl + 1
	for _, h := range l.heres {
		if h.from == from {
			from = h.to
		}
	}
	for q := from; q < l.end; {
		e := strings.IndexByte(l.src[q:l.end], '\n')
		line, after := l.src[q:l.end], l.end
		if e >= 0 {
			line, after = l.src[q:q+e], q+e+1
		}
		n := 0
		if indent {
			n = len(line) - len(strings.TrimLeft(line, " \t"))
		}
		if line[n:] == tag {
			return from, q, after, n, true
		}
		q = after
	}
	return from, l.end, l.end, 0, false
}

// hereRegion notes that from..next is to be skipped. Bodies of one line make one region.
func (l *lex) hereRegion(from, next int) {
	for i := range l.heres {
		if l.heres[i].to == from {
			l.heres[i].to = next
			return
		}
	}
	if len(l.heres) > 8 { // those behind us are of no more use
		keep := l.heres[:0]
		for _, h := range l.heres {
			if h.to > l.pos {
				keep = append(keep, h)
			}
		}
		l.heres = keep
	}
	l.heres = append(l.heres, hereRegion{from, next})
}

// unindent takes n bytes of indentation off each line.
func (l *lex) unindent(from, to, n int) (string, []cutMark) {
	var b strings.Builder
	var cuts []cutMark
	for q := from; q < to; {
		e := strings.IndexByte(l.src[q:to], '\n')
		after := to
		if e >= 0 {
			after = q + e + 1
		}
		line := l.src[q:after]
		k := 0
		for k < n && k < len(line) && (line[k] == ' ' || line[k] == '\t') {
			k++
		}
		if k < n && strings.TrimSpace(line) != "" {
			l.report(codeHeredoc, q, q+k, "", "this line of the heredoc is indented less than its end")
		}
		cuts = append(cuts, cutMark{b.Len(), k})
		b.WriteString(line[k:])
		q = after
	}
	return b.String(), cuts
}

// quote emits the parts of a text that interpolates.
func (l *lex) quote(pattern bool) {
	from := l.pos
	text := func(to int) {
		if to > from {
			l.emit(tQText, from, to, l.src[from:to])
		}
	}
	for l.pos < l.end && !l.cut {
		p := l.pos
		switch c := l.src[p]; {
		case c == '\\':
			n := l.at(p + 1)
			if n != 0 && strings.IndexByte("LUQFElu", n) >= 0 {
				text(p)
				l.emit(tQCase, p, p+2, l.src[p:p+2])
				l.pos = p + 2
				from = l.pos
				continue
			}
			l.pos = min(p+2, l.end)
			if n == 'c' {
				l.pos = min(p+3, l.end)
			}
		case pattern && c == '(' && (strings.HasPrefix(l.src[p:l.end], "(?{") || strings.HasPrefix(l.src[p:l.end], "(??{")):
			l.report(codeCodeInPattern, p, p+3, "", "code inside a pattern is not supported")
			l.pos = l.end
		case c == '$' && l.scalarHere(p, pattern), c == '@' && l.arrayHere(p, pattern):
			text(p)
			if !l.interpolated(p, c, pattern) {
				l.report(codeFinalDollar, p, p+1, "write \\"+string(c)+" for the character itself", "a lone %c stands in a string", c)
				l.pos = p + 1
			}
			from = l.pos
		default:
			l.pos++
		}
	}
	text(l.end)
	l.pos = l.end
}

// scalarHere says whether the $ at p begins a variable.
func (l *lex) scalarHere(p int, pattern bool) bool {
	if !pattern {
		return true
	}
	return p+1 < l.end && strings.IndexByte("()| \r\n\t", l.src[p+1]) < 0
}

// arrayHere says whether the @ at p begins an array.
func (l *lex) arrayHere(p int, pattern bool) bool {
	n := l.at(p + 1)
	switch {
	case n == 0:
		return false
	case isWordC(n) || l.idStart(p+1):
		return true
	case n == '{' || n == '$' || n == '\'' && l.idStart(p+2):
		return true
	case n == ':':
		return l.at(p+2) == ':'
	}
	return !pattern && (n == '+' || n == '-')
}

// interpolated emits the variable at p with its subscripts.
func (l *lex) interpolated(p int, sigil byte, pattern bool) bool {
	l.exp = xTerm
	depth := len(l.stack)
	ok := false
	if n := l.at(p + 2); sigil == '$' && l.at(p+1) == '#' && (l.idStart(p+2) || n == '{' || n == '$') {
		ok = l.variable(p, p+2, '#', tArrayLen, true, pattern)
		l.stack = l.stack[:depth]
		return ok
	}
	typ := tArray
	if sigil == '$' {
		typ = tScalar
	}
	ok = l.variable(p, p+1, sigil, typ, true, pattern)
	if ok && l.at(p+1) == '{' && l.pos > p+2 && l.toks[len(l.toks)-1].Pos.Offset == l.off(p) {
		return true // "${x}[0]": the braces end it
	}
	for ok && !l.cut && l.pos < l.end && l.moreSubscript(pattern) {
		if strings.HasPrefix(l.src[l.pos:l.end], "->") {
			l.put(tArrow, l.pos, l.pos+2, xOperator)
			c := l.at(l.pos)
			if c == '@' || c == '$' {
				for _, d := range []string{"$#*", "@*", "$*", "@"} {
					if strings.HasPrefix(l.src[l.pos:l.end], d) {
						l.put(tPostDeref, l.pos, l.pos+len(d), xOperator)
						break
					}
				}
				if c = l.at(l.pos - 1); c != '@' {
					break
				}
			}
		}
		l.subscript(true)
	}
	l.stack = l.stack[:min(depth, len(l.stack))]
	return ok
}

// moreSubscript says whether a subscript follows a variable inside a quote.
func (l *lex) moreSubscript(pattern bool) bool {
	s := l.src[l.pos:l.end]
	if len(s) > 2 && s[0] == '-' && s[1] == '>' {
		if s[2] == '[' || s[2] == '{' {
			return true
		}
		if l.features["postderef_qq"] {
			for _, d := range []string{"->@*", "->$*", "->$#*", "->@[", "->@{"} {
				if strings.HasPrefix(s, d) {
					return true
				}
			}
		}
		return false
	}
	if s[0] != '[' && s[0] != '{' {
		return false
	}
	if !pattern {
		return true
	}
	if s[0] == '{' {
		return !quantifier(s)
	}
	return elementNotClass(s)
}

// quantifier says whether s starts with {n}, {n,} or {n,m}.
func quantifier(s string) bool {
	i := 1
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	if i == 1 {
		return false
	}
	if i < len(s) && s[i] == ',' {
		i++
		for i < len(s) && isDigit(s[i]) {
			i++
		}
	}
	return i < len(s) && s[i] == '}'
}

// elementNotClass guesses whether [...] after a variable in a pattern is a subscript and no character class: an integer,
// or a simple variable, alone or with a small sum.
func elementNotClass(s string) bool {
	end := strings.IndexByte(s, ']')
	if end < 0 {
		return true
	}
	in := s[1:end]
	if in == "" || in[0] == '^' {
		return false
	}
	if t := strings.TrimPrefix(in, "-"); t != "" && strings.Trim(t, "0123456789") == "" {
		return len(t) <= 2 || t != in
	}
	if in[0] != '$' || len(in) < 2 {
		return false
	}
	t := strings.TrimPrefix(in[1:], "#")
	for t != "" && (isWordC(t[0]) || t[0] == ':') {
		t = t[1:]
	}
	if t == in[1:] {
		return false
	}
	t = strings.TrimLeft(t, " ")
	return t == "" || (t[0] == '+' || t[0] == '-') && strings.Trim(t[1:], " 0123456789") == ""
}
