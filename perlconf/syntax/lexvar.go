package syntax

import (
	"strings"
	"unicode/utf8"

	"github.com/alecthomas/participle/v2/lexer"

	"mavis/perlconf/diag"
)

// ident finds what follows a sigil at p. kind is 'n' for a name (end is after it), 'c' for a cast (of a block or a
// scalar that starts at end), 'e' for ${name[ or ${name{, whose closing brace comes later, and 0 for nothing.
func (l *lex) ident(p int, sigil byte, inQuote, inPattern bool) (end int, kind byte) {
	q := p
	if !inQuote {
		q = l.skip(p, true)
	} else if sigil == '$' && !inPattern {
		for l.at(q) == ' ' || l.at(q) == '\t' {
			q++
		}
		if q > p && !l.idStart(q) {
			return p, 0
		}
	}
	c := l.at(q)
	switch {
	case l.idStart(q), c == ':' && l.at(q+1) == ':' && l.at(q+2) != '$', c == '\'' && l.idStart(q+1):
		return l.nameEnd(q), 'n'
	case isDigit(c):
		for isDigit(l.at(q)) {
			q++
		}
		return q, 'n'
	case c == '{':
		return l.braced(q, sigil)
	case c == '$':
		n := l.at(q + 1)
		if sigil != '$' || l.idStart(q+1) || isDigit(n) || n == '$' || n == '{' || n == ':' && l.at(q+2) == ':' {
			return q, 'c'
		}
		return q + 1, 'n'
	case c == '^' && sigil != '&' && (isAlpha(l.at(q+1)) || strings.IndexByte(`[]\^?`, l.at(q+1)) >= 0 && l.at(q+1) != 0 && sigil == '$' && !inPattern):
		return q + 2, 'n'
	}
	if !isPunct(c) {
		return p, 0
	}
	switch sigil {
	case '$', '*':
		return q + 1, 'n'
	case '@':
		if c == '-' || c == '+' || inQuote && (c == ':' || c == '\'') {
			return q + 1, 'n'
		}
	case '%':
		if c == '+' || c == '-' || c == '!' || c == '^' {
			return q + 1, 'n'
		}
	}
	return p, 0
}

// braced reads what stands in ${...} at q, the brace.
func (l *lex) braced(q int, sigil byte) (int, byte) {
	r := l.skip(q+1, false)
	e := r
	c := l.at(r)
	switch {
	case l.idStart(r), c == ':' && l.at(r+1) == ':':
		e = l.nameEnd(r)
	case isDigit(c):
		for isDigit(l.at(e)) {
			e++
		}
	case c == '^' && isAlpha(l.at(r+1)):
		e = l.idEnd(r + 1)
	case isPunct(c) && c != '{' && c != '}' && l.at(r+1) == '}':
		e = r + 1
	}
	if e == r {
		return q, 'c'
	}
	f := l.skip(e, false)
	switch n := l.at(f); {
	case n == '}':
		return f + 1, 'n'
	case (n == '[' || n == '{' && l.src[r:e] != "sub") && f == e && (sigil == '$' || sigil == '@') && isAlpha(c):
		return f, 'e'
	}
	return q, 'c'
}

// varName takes sigil, braces and spaces off the text of a variable.
func varName(text string) string {
	i := 0
	if strings.HasPrefix(text, "$#") && len(text) > 2 {
		i = 2
	} else if text != "" {
		i = 1
	}
	t := strings.TrimSpace(text[i:])
	if len(t) > 1 && t[0] == '{' {
		t = strings.TrimSpace(strings.TrimSuffix(t[1:], "}"))
		if nl := strings.IndexByte(t, '#'); nl > 0 {
			t = strings.TrimSpace(t[:nl])
		}
	}
	if t == "" {
		t = strings.TrimLeft(text[i:], " ")
	}
	if strings.IndexByte(t, '\'') > 0 && len(t) > 1 {
		t = strings.ReplaceAll(t, "'", "::")
	}
	if len(t) > 1 && t[0] == '\'' {
		t = strings.ReplaceAll(t, "'", "::")
	}
	switch {
	case strings.HasPrefix(t, "::") && len(t) > 2:
		t = "main" + t
	case strings.HasPrefix(t, "main::::"):
		t = "main::" + t[8:]
	}
	return t
}

// variable emits a variable or cast whose sigil stands at p and whose name begins at q.
func (l *lex) variable(p, q int, sigil byte, typ lexer.TokenType, inQuote, inPattern bool) bool {
	end, kind := l.ident(q, sigil, inQuote, inPattern)
	switch kind {
	case 'n':
		if l.at(end-1) == '\'' && inQuote && (sigil != '$' || end-1 > q) { // $' is a variable of its own
			end--
		}
		l.pos = end
		i := l.emit(typ, p, end, varName(l.src[p:end]))
		l.exp = xOperator
		if name := l.toks[i].Value; (name == "*" || name == "#") && typ == tScalar {
			l.report(codeUnsupported, p, end, "", "$%s is no variable any more (since Perl 5.30)", name)
		}
	case 'e':
		l.pos = end
		l.emit(typ, p, end, varName(l.src[p:end]))
		l.exp = xOperator
		l.subscript(inQuote)
		for l.at(l.skip(l.pos, false)) != '}' && l.pos < l.end && !l.cut {
			r := l.skip(l.pos, false)
			if c := l.at(r); c == '[' || c == '{' || c == '-' && l.at(r+1) == '>' {
				l.exp = xOperator
				if c == '-' {
					l.put(tArrow, r, r+2, xOperator)
				}
				l.subscript(inQuote)
				continue
			}
			l.report(codeUnclosed, p, q, "", "the { after %s is not closed", l.src[p:q])
			l.pos = r
			return true
		}
		if l.pos = l.skip(l.pos, false); l.pos >= l.end && !l.cut {
			l.report(codeUnclosed, p, q, "", "the { after %s is not closed", l.src[p:q])
		}
		l.pos = min(l.pos+1, l.end)
		l.exp = xOperator
	case 'c':
		l.emit(tCast, p, q, l.src[p:q])
		l.pos = end
		if l.at(end) == '{' {
			l.push('{', xOperator, end)
			l.put(tLBlock, end, end+1, xState)
			if l.peek(end+1) == '{' {
				l.exp = xTerm
			}
			if inQuote {
				l.run(len(l.stack) - 1)
			}
			return true
		}
		// a scalar: $$x, @$x
		l.variable(end, end+1, '$', tScalar, inQuote, inPattern)
	default:
		return false
	}
	return true
}

// subscript reads one [...] or {...} that stands at l.pos.
func (l *lex) subscript(inQuote bool) {
	depth := len(l.stack)
	l.exp = xOperator
	p := l.skip(l.pos, false)
	if c := l.at(p); c != '[' && c != '{' {
		l.report(codeArrow, min(l.pos, l.end), min(l.pos+1, l.end), "", "a [ or { must stand here")
		l.pos = l.end
		return
	}
	l.token(p, l.at(p))
	l.run(depth)
	if len(l.stack) > depth && !l.cut {
		b := l.stack[len(l.stack)-1]
		where := ""
		if inQuote {
			where = " inside a string or pattern"
		}
		l.report(codeUnclosed, b.at, b.at+1, "", "this %c is not closed%s", b.ch, where)
		l.stack = l.stack[:depth]
	}
}

func (l *lex) dollar(p int) {
	handle := l.exp == xRef && l.afterLop() && (builtins[l.lopName] == classHandle || l.lopName == "sort")
	if l.at(p+1) == '#' {
		if n := l.at(p + 2); l.idStart(p+2) || n == '{' || n == '$' || n == ':' && l.at(p+3) == ':' {
			if l.variable(p, p+2, '#', tArrayLen, false, false) {
				return
			}
		}
	}
	if !l.variable(p, p+1, '$', tScalar, false, false) {
		l.report(codeFinalDollar, p, p+1, "", "a $ without a name")
		l.put(tBad, p, p+1, xOperator)
		return
	}
	if handle && l.prev().Type == tScalar && l.takesHandle(l.pos) {
		l.toks[len(l.toks)-1].Type = tHandleVar
		l.exp = xTerm
	}
}

// takesHandle guesses, as Perl does, whether a simple scalar that ends at p and stands first after print is a handle.
func (l *lex) takesHandle(p int) bool {
	if !isSpace(l.at(p)) {
		return false
	}
	p = l.skip(p, false)
	c, n := l.at(p), l.at(p+1)
	switch {
	case c == 0:
		return false
	case strings.IndexByte("$@\"'`", c) >= 0:
		return true
	case strings.IndexByte("&*<%", c) >= 0 && l.idStart(p+1):
		return true
	case l.idStart(p):
		w := l.src[p:l.idEnd(p)]
		return !wordOps[w] && !modifiers[w]
	case isDigit(c), c == '.' && isDigit(n):
		return true
	case c == '?' || c == '-' || c == '+':
		return !isSpace(n) && n != '='
	case c == '/':
		return !isSpace(n) && n != '=' && n != '/'
	case c == '<' && n == '<':
		return !isSpace(l.at(p+2)) && l.at(p+2) != '='
	}
	return false
}

var entities = []string{"&amp;", "&lt;", "&gt;", "&quot;", "&nbsp;", "&apos;", "&#39;", "&#34;", "&#039;"}

func (l *lex) sigil(p int, c byte, typ lexer.TokenType) {
	if c == '&' {
		for _, e := range entities {
			if strings.HasPrefix(l.src[p:l.end], e) {
				if _, known := l.sub(strings.Trim(e, "&;#")); !known {
					l.entity(p, e)
					return
				}
			}
		}
	}
	if l.exp == xOperator {
		// two values in a row; the parser says so
		l.exp = xTerm
	}
	if !l.variable(p, p+1, c, typ, false, false) {
		l.put(tOp, p, p+1, xTerm)
	}
}

// entity reports an HTML entity in code and goes on as if its character stood there.
func (l *lex) entity(p int, e string) {
	plain := map[string]string{"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": `"`, "&nbsp;": " "}[e]
	if plain == "" {
		plain = "'"
	}
	l.report(codeEntity, p, p+len(e), "write "+plain+" instead; the text was probably copied from the source of a web page",
		"the HTML entity %s stands in the code", e)
	edits := []diag.Edit{{Span: l.span(p, p+len(e)), New: plain}}
	defer func() { l.mend("write "+plain, edits...) }()
	prev := l.prev()
	switch {
	case e == "&gt;" && len(l.toks) > 0 && prev.Type == tOp && (prev.Value == "=" || prev.Value == "-") && l.ends[len(l.toks)-1] == l.off(p):
		l.toks[len(l.toks)-1].Type = tComma
		l.ends[len(l.ends)-1] = l.off(p + len(e))
		if prev.Value == "-" {
			l.toks[len(l.toks)-1].Type = tArrow
			l.exp = xOperator
		}
		l.pos = p + len(e)
	case e == "&quot;" || plain == "'":
		if i := strings.Index(l.src[p+len(e):l.end], e); i >= 0 && !strings.Contains(l.src[p+len(e):p+len(e)+i], "\n") {
			edits = append(edits, diag.Edit{Span: l.span(p+len(e)+i, p+2*len(e)+i), New: plain})
			l.put(tStr, p, p+2*len(e)+i, xOperator)
			return
		}
		l.put(tBad, p, p+len(e), xOperator)
	case e == "&nbsp;":
		l.pos = p + len(e)
	default:
		l.put(tOp, p, p+len(e), xTerm)
		l.toks[len(l.toks)-1].Value = plain
	}
}

func (l *lex) number(p int) {
	q := p
	digits := func(ok func(byte) bool) {
		for ok(l.at(q)) || l.at(q) == '_' {
			q++
		}
	}
	hex := func(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }
	if l.at(q) == '0' && strings.IndexByte("xXbBoO", l.at(q+1)) >= 0 && l.at(q+1) != 0 {
		q += 2
		b := q
		digits(hex)
		if q == b && (l.at(p+1)|0x20) == 'o' {
			q = p + 1
		}
		q = l.binaryExponent(q)
		l.put(tNum, p, q, xOperator)
		return
	}
	digits(isDigit)
	if l.at(q) == '.' && l.at(q+1) != '.' {
		q++
		digits(isDigit)
		if l.at(q) == '.' && isDigit(l.at(q+1)) && l.at(p) != '.' {
			for l.at(q) == '.' && isDigit(l.at(q+1)) {
				q++
				digits(isDigit)
			}
			l.put(tNum, p, q, xOperator)
			return
		}
	}
	if c := l.at(q); c == 'e' || c == 'E' {
		r := q + 1
		if s := l.at(r); s == '+' || s == '-' {
			r++
		}
		if isDigit(l.at(r)) {
			q = r
			digits(isDigit)
		}
	}
	l.put(tNum, p, q, xOperator)
}

// binaryExponent gives the end of the p3 of 0x1p3 or the .8p3 of 0x1.8p3 that stands at q, else q.
func (l *lex) binaryExponent(q int) int {
	r := q
	if l.at(r) == '.' {
		for r++; isDigit(l.at(r)) || l.at(r)|0x20 >= 'a' && l.at(r)|0x20 <= 'f'; r++ {
		}
	}
	if l.at(r)|0x20 != 'p' {
		return q
	}
	if r++; l.at(r) == '+' || l.at(r) == '-' {
		r++
	}
	if !isDigit(l.at(r)) {
		return q
	}
	for isDigit(l.at(r)) {
		r++
	}
	return r
}

// malformed reports bytes after use utf8 that are no UTF-8: Perl refuses them even in comments.
func (l *lex) malformed(p int) {
	text := l.src[p:l.end]
	for _, stop := range []string{"\nno utf8", "\n__END__", "\n__DATA__"} {
		if i := strings.Index(text, stop); i >= 0 {
			text = text[:i]
		}
	}
	for i, r := range text {
		if _, n := utf8.DecodeRuneInString(text[i:]); r == utf8.RuneError && n == 1 {
			l.report(codeCharacter, p+i, p+i+1, "save the file as UTF-8, or remove use utf8",
				"the byte 0x%02X is no part of UTF-8 text, which use utf8 promises", text[i])
			return
		}
	}
}

var typographic = map[rune]string{
	'“': `"`, '”': `"`, '„': `"`, '‟': `"`, '«': `"`, '»': `"`, '″': `"`,
	'‘': "'", '’': "'", '‚': "'", '‛': "'", '′': "'", '´': "'",
	'–': "-", '—': "-", '−': "-", '‐': "-", '‑': "-", '…': "...", '＝': "=", '；': ";", '，': ",",
	'\u00a0': " ", '\u2002': " ", '\u2003': " ", '\u2009': " ", '\u202f': " ", '\u3000': " ",
	'\u200b': "", '\ufeff': "", '\u00ad': "", '\u2028': " ",
}

// strange reports a character that cannot stand in code.
func (l *lex) strange(p int) {
	r, n := utf8.DecodeRuneInString(l.src[p:l.end])
	if plain, ok := typographic[r]; ok && n > 1 {
		switch plain {
		case " ", "":
			l.report(codeTypographic, p, p+n, "replace it by a plain space, or remove it", "an invisible character (U+%04X) stands in the code; Perl does not take it for a space", r)
			l.mend("replace it", diag.Edit{Span: l.span(p, p+n), New: plain})
			l.pos = p + n
			return
		case `"`, "'":
			q := p + n
			edits := []diag.Edit{{Span: l.span(p, p+n), New: plain}}
			for q < l.end && l.src[q] != '\n' {
				s, m := utf8.DecodeRuneInString(l.src[q:l.end])
				if t := typographic[s]; t == plain && m > 1 || m == 1 && string(s) == plain {
					edits = append(edits, diag.Edit{Span: l.span(q, q+m), New: plain})
					q += m
					break
				}
				q += m
			}
			l.report(codeTypographic, p, p+n, "write "+plain+" instead; the text was probably copied from a web page or a word processor",
				"a typographic quote %c stands in the code", r)
			if len(edits) == 2 {
				l.mend("write plain quotes", edits...)
			}
			l.put(tStr, p, q, xOperator)
			return
		}
		l.report(codeTypographic, p, p+n, "write "+plain+" instead", "the typographic character %c stands in the code", r)
		l.mend("write "+plain, diag.Edit{Span: l.span(p, p+n), New: plain})
		l.put(tOp, p, p+n, xTerm)
		l.toks[len(l.toks)-1].Value = plain
		return
	}
	q := p + n
	for q < l.end && (l.src[q] >= 0x80) {
		s, m := utf8.DecodeRuneInString(l.src[q:l.end])
		if _, ok := typographic[s]; ok && m > 1 {
			break
		}
		q += m
	}
	switch {
	case r == utf8.RuneError && n == 1:
		l.report(codeCharacter, p, q, "", "the byte 0x%02X stands in the code, outside of any string or comment", l.src[p])
	case r < ' ' || r == 0x7f:
		l.report(codeCharacter, p, q, "", "the control character 0x%02X stands in the code", r)
	default:
		l.report(codeCharacter, p, q, "letters beyond ASCII may stand only in strings and comments", "the character %c (U+%04X) stands in the code", r, r)
	}
	l.put(tBad, p, q, xOperator)
}
