package syntax

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/alecthomas/participle/v2/lexer"

	"mavis/perlconf/diag"
	"mavis/perlconf/source"
)

// expect is what may come next. Perl cannot be cut into tokens without it.
type expect byte

const (
	xState      expect = iota // a statement
	xTerm                     // a value
	xTermD                    // a value, but // is the operator
	xOperator                 // an operator
	xRef                      // first argument of print, sort, map: a block, handle or value
	xBlock                    // a block, and a statement after it
	xTermBlock                // a block, and an operator after it
	xTermBlock2               // a block, and a value after it
)

const maxFile = 64 << 20 // bytes; larger files are refused

// lexed is what comes out of the lexer, and what the lexers of nested quotes share.
type lexed struct {
	file     *source.File
	opt      Options
	toks     []lexer.Token
	ends     []int // byte offset where token i ends
	quotes   map[int]string
	protos   map[int]*string // prototype in force for the tFunc token i that is no builtin
	comments []Comment
	diags    []diag.Diagnostic
	subs     map[string]*string
	features map[string]bool
	utf8     bool
	cut      bool // lexing was given up: what follows from missing text is not worth reporting
	maxDepth int
	dataAt   int // offset of __END__ or __DATA__, or -1
}

// bracket is an opening bracket that waits for its end.
type bracket struct {
	ch    byte
	after expect
	call  bool // of a call through a reference: { after it is a subscript
	at    int
}

// hereRegion is the body of a heredoc, to be skipped when its line is reached.
type hereRegion struct{ from, to int }

// cutMark says that extra bytes of the file are missing from here on in a text that was put together anew.
type cutMark struct{ pos, extra int }

type lex struct {
	*lexed
	src     string
	pos     int
	end     int
	cuts    []cutMark
	base    int
	returns []int // carriage returns dropped from src, see unixLines
	exp     expect
	stack   []bracket
	outer   int // depth of what is around a nested lexer
	heres   []hereRegion
	lastLop int    // index of the newest list operator token, -1 when none
	lopName string // and its name
	noHere  bool   // inside a quote: heredocs have no line to begin at
	decl    declState
}

// lexAll cuts a file into tokens.
func lexAll(f *source.File, opt Options) *lexed {
	s := &lexed{file: f, opt: opt, quotes: map[int]string{}, protos: map[int]*string{}, subs: map[string]*string{},
		features: map[string]bool{}, maxDepth: opt.MaxDepth, dataAt: -1}
	if s.maxDepth <= 0 {
		s.maxDepth = 500
	}
	if len(f.Text) > maxFile {
		s.diags = append(s.diags, diag.Diagnostic{Code: codeTooLarge, Severity: diag.Error, Span: source.Span{File: f},
			Message: fmt.Sprintf("the file has %d bytes; at most %d are read", len(f.Text), maxFile)})
		s.cut = true
	} else {
		src, returns := unixLines(string(f.Text))
		s.toks = make([]lexer.Token, 0, len(src)/12+8)
		s.ends = make([]int, 0, len(src)/12+8)
		l := &lex{lexed: s, src: src, end: len(src), returns: returns, lastLop: -1}
		if strings.HasPrefix(src, "\ufeff") {
			l.pos = 3
		}
		l.run(-1)
	}
	s.toks = append(s.toks, lexer.Token{Type: lexer.EOF, Pos: lexer.Position{Offset: len(f.Text)}})
	s.ends = append(s.ends, len(f.Text))
	return s
}

// off translates a position in l.src to an offset in the file.
func (l *lex) off(p int) int {
	o := l.base + p + returnsBefore(l.returns, p)
	for _, c := range l.cuts {
		if c.pos <= p {
			o += c.extra
		}
	}
	return o
}

func (l *lex) emit(t lexer.TokenType, from, to int, value string) int {
	l.toks = append(l.toks, lexer.Token{Type: t, Value: value, Pos: lexer.Position{Offset: l.off(from)}})
	l.ends = append(l.ends, l.off(to))
	return len(l.toks) - 1
}

// put emits the text from..to as a token and sets what is expected after it.
func (l *lex) put(t lexer.TokenType, from, to int, e expect) int {
	l.pos = to
	l.exp = e
	return l.emit(t, from, to, l.src[from:to])
}

func (l *lex) span(from, to int) source.Span {
	return source.Span{File: l.file, Start: l.off(from), End: l.off(to)}
}

func (l *lex) report(code string, from, to int, help, format string, args ...any) {
	l.diags = append(l.diags, diag.Diagnostic{Code: code, Severity: diag.Error, Span: l.span(from, to),
		Message: fmt.Sprintf(format, args...), Help: help})
}

// mend gives the newest report a fix. It is safe: Perl cannot read the file as it is.
func (l *lex) mend(message string, edits ...diag.Edit) {
	d := &l.diags[len(l.diags)-1]
	d.Fixes = []diag.Fix{{Message: message, Safe: true, Edits: edits}}
}

func (l *lex) at(p int) byte {
	if p < l.end {
		return l.src[p]
	}
	return 0
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isAlpha(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' }
func isWordC(c byte) bool { return isAlpha(c) || isDigit(c) }
func isPunct(c byte) bool { return c > ' ' && c < 0x7f && !isWordC(c) }
func isLower(c byte) bool { return c >= 'a' && c <= 'z' }
func (l *lex) idStart(p int) bool {
	c := l.at(p)
	if c < 0x80 {
		return isAlpha(c)
	}
	if !l.utf8 {
		return false
	}
	r, _ := utf8.DecodeRuneInString(l.src[p:l.end])
	return unicode.IsLetter(r)
}

// idEnd gives the end of the simple word that starts at p.
func (l *lex) idEnd(p int) int {
	for p < l.end {
		c := l.src[p]
		if c >= 0x80 && l.utf8 {
			r, n := utf8.DecodeRuneInString(l.src[p:l.end])
			if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) {
				break
			}
			p += n
			continue
		}
		if !isWordC(c) {
			break
		}
		p++
	}
	return p
}

// nameEnd gives the end of a word that may hold :: and the old '.
func (l *lex) nameEnd(p int) int {
	for {
		p = l.idEnd(p)
		switch {
		case l.at(p) == ':' && l.at(p+1) == ':' && l.at(p+2) != '$':
			p += 2
		case l.at(p) == '\'' && l.idStart(p+1):
			p++
		default:
			return p
		}
	}
}

// skip gives the position of the next thing that is neither space nor comment. With note, comments are kept.
func (l *lex) skip(p int, note bool) int {
	for p < l.end {
		c := l.src[p]
		switch {
		case c == '\n':
			p = l.afterNewline(p)
		case isSpace(c):
			p++
		case c == '#':
			q := p
			for q < l.end && l.src[q] != '\n' {
				q++
			}
			if note {
				l.comments = append(l.comments, Comment{At: At{l.span(p, q)}})
			}
			p = q
		default:
			return p
		}
	}
	return p
}

// afterNewline gives the position after the newline at p and after heredoc bodies that begin there.
func (l *lex) afterNewline(p int) int {
	p++
	for _, h := range l.heres {
		if h.from == p {
			p = h.to
		}
	}
	return p
}

func (l *lex) peek(p int) byte { return l.at(l.skip(p, false)) }

// run reads tokens until the end, or until the bracket depth falls to stop.
func (l *lex) run(stop int) {
	for !l.cut {
		p := l.pos
		if l.exp == xState && (p == 0 || l.at(p-1) == '\n') && l.at(p) == '=' && isAlpha(l.at(p+1)) {
			l.pod(p)
			continue
		}
		if p >= l.end {
			return
		}
		c := l.src[p]
		if isSpace(c) || c == '#' {
			l.space()
			continue
		}
		if c == 0 {
			l.pos++ // Perl takes it for a space
			continue
		}
		if c == 0x04 || c == 0x1a { // Perl takes these for the end of the file
			l.end = p
			return
		}
		l.token(p, c)
		if l.pos <= p && l.pos < l.end && !l.cut { // never to happen: each token takes text
			l.report(codeInternal, p, p+1, "", "no token could be read here")
			l.cut = true
		}
		if len(l.stack)+l.outer > l.maxDepth {
			l.report(codeDepth, p, p+1, "", "more than %d levels of nesting", l.maxDepth)
			l.cut = true
			return
		}
		if stop >= 0 && len(l.stack) <= stop {
			return
		}
	}
}

// space skips spaces and one comment, stopping after each newline so that POD is seen.
func (l *lex) space() {
	for l.pos < l.end {
		c := l.src[l.pos]
		switch {
		case c == '\n':
			l.pos = l.afterNewline(l.pos)
			return
		case isSpace(c):
			l.pos++
		case c == '#':
			q := strings.IndexByte(l.src[l.pos:l.end], '\n')
			if q < 0 {
				q = l.end
			} else {
				q += l.pos
			}
			l.comments = append(l.comments, Comment{At: At{l.span(l.pos, q)}})
			l.pos = q
		default:
			return
		}
	}
}

func (l *lex) pod(p int) {
	q := p
	for q < l.end {
		e := strings.IndexByte(l.src[q:l.end], '\n')
		if e < 0 {
			e = l.end
		} else {
			e += q + 1
		}
		line := l.src[q:e]
		q = e
		if strings.HasPrefix(line, "=cut") && (len(line) == 4 || !isAlpha(line[4])) {
			break
		}
	}
	l.comments = append(l.comments, Comment{At: At{l.span(p, q)}, POD: true})
	l.pos = q
}

// prev gives the newest token.
func (l *lex) prev() lexer.Token {
	if len(l.toks) == 0 {
		return lexer.Token{Type: lexer.EOF}
	}
	return l.toks[len(l.toks)-1]
}

func (l *lex) push(ch byte, after expect, p int) *bracket {
	l.stack = append(l.stack, bracket{ch: ch, after: after, at: p})
	return &l.stack[len(l.stack)-1]
}

// pop closes the nearest bracket of its kind and gives it. Brackets of another kind in between are given up.
func (l *lex) pop(open byte) (bracket, bool) {
	for i := len(l.stack) - 1; i >= 0; i-- {
		if l.stack[i].ch == open {
			b := l.stack[i]
			l.stack = l.stack[:i]
			return b, true
		}
	}
	return bracket{}, false
}

// afterLop says whether the token before was a list operator or named unary operator, so that print( keeps its state.
func (l *lex) afterLop() bool { return l.lastLop >= 0 && l.lastLop == len(l.toks)-1 }

func (l *lex) token(p int, c byte) {
	op := l.exp == xOperator
	switch {
	case l.idStart(p):
		l.word(p)
		return
	case isDigit(c), c == '.' && !op && isDigit(l.at(p+1)):
		l.number(p)
		return
	case c >= 0x80 || c < ' ':
		l.strange(p)
		return
	}
	switch c {
	case '$':
		l.dollar(p)
	case '@':
		l.sigil(p, '@', tArray)
	case '%':
		switch {
		case !op:
			l.sigil(p, '%', tHash)
		default:
			l.oper(p, "%=", "%")
		}
	case '&':
		switch {
		case !op && l.at(p+1) != '&':
			l.sigil(p, '&', tAmp)
		default:
			l.oper(p, "&&=", "&&", "&=", "&")
		}
	case '*':
		switch {
		case !op && l.at(p+1) != '*':
			l.sigil(p, '*', tGlob)
		default:
			l.oper(p, "**=", "**", "*=", "*")
		}
	case '-':
		l.minus(p)
	case '+':
		if strings.HasPrefix(l.src[p:l.end], "++") {
			l.put(tOp, p, p+2, map[bool]expect{true: xOperator, false: xTerm}[op])
			return
		}
		l.oper(p, "+=", "+")
	case '.':
		l.oper(p, "...", "..", ".=", ".")
	case '=':
		if l.at(p+1) == '>' {
			l.put(tComma, p, p+2, xTerm)
			return
		}
		l.oper(p, "==", "=~", "=")
	case '!':
		l.oper(p, "!=", "!~", "!")
	case '~':
		if op || l.exp == xTermD {
			l.oper(p, "~~", "~")
		} else {
			l.oper(p, "~")
		}
	case '<':
		if !op {
			l.angle(p)
			return
		}
		l.oper(p, "<<=", "<<", "<=>", "<=", "<")
	case '>':
		l.oper(p, ">>=", ">>", ">=", ">")
	case '|':
		l.oper(p, "||=", "||", "|=", "|")
	case '^':
		l.oper(p, "^=", "^")
	case '?':
		l.oper(p, "?")
	case ':':
		if l.at(p+1) == ':' && l.idStart(p+2) {
			l.word(p)
			return
		}
		l.oper(p, ":")
	case '\\':
		l.oper(p, "\\")
	case '/':
		if op || l.exp == xTermD && l.at(p+1) == '/' {
			l.oper(p, "//=", "//", "/=", "/")
			return
		}
		l.pattern(p, p, "m")
	case ',':
		l.put(tComma, p, p+1, xTerm)
	case ';':
		l.put(tSemi, p, p+1, xState)
		l.declSemi()
	case '(':
		call := op && l.prev().Type != tWord && l.prev().Type != tMethWord && len(l.toks) > 0 && l.callable()
		e := xTerm
		if l.afterLop() && l.exp == xRef {
			e = xRef
		}
		lop := l.afterLop()
		l.push('(', xOperator, p).call = call
		l.put(tLParen, p, p+1, e)
		if lop {
			l.lastLop = len(l.toks) - 1
		}
	case ')':
		b, ok := l.pop('(')
		l.put(tRParen, p, p+1, xOperator)
		if l.peek(p+1) == '{' && (!ok || !b.call) {
			l.exp = xBlock
		}
	case '[':
		l.push('[', xOperator, p)
		l.put(tLBracket, p, p+1, xTerm)
	case ']':
		l.pop('[')
		l.put(tRBracket, p, p+1, xOperator)
	case '{':
		l.leftBrace(p)
	case '}':
		b, ok := l.pop('{')
		e := xState
		if ok {
			e = b.after
		}
		l.put(tRBrace, p, p+1, e)
	case '"':
		l.interpolate(p, p, '"', "\"")
	case '\'':
		l.single(p, p)
	case '`':
		l.interpolate(p, p, '`', "qx")
	default:
		l.strange(p)
	}
}

// callable says whether ( after the newest token calls through a reference.
func (l *lex) callable() bool {
	switch l.prev().Type {
	case tRBracket, tRBrace, tArrow:
		return true
	}
	return false
}

// oper emits the first of the candidates that stands at p.
func (l *lex) oper(p int, candidates ...string) {
	for _, o := range candidates {
		if strings.HasPrefix(l.src[p:l.end], o) {
			l.put(tOp, p, p+len(o), xTerm)
			return
		}
	}
	l.put(tOp, p, p+1, xTerm)
}

func (l *lex) minus(p int) {
	op := l.exp == xOperator
	n := l.at(p + 1)
	switch {
	case n == '>':
		l.arrow(p)
	case n == '-':
		e := xTerm
		if op {
			e = xOperator
		}
		l.put(tOp, p, p+2, e)
	case isAlpha(n) && !isWordC(l.at(p+2)) && strings.IndexByte(fileTests, n) >= 0 && !l.fatComma(p+2):
		l.put(tFileTest, p, p+2, xTermD)
		l.lastLop, l.lopName = len(l.toks)-1, "-"+string(n)
	case n == '=' && op:
		l.oper(p, "-=")
	default:
		l.put(tOp, p, p+1, xTerm)
	}
}

// fatComma says whether => follows p.
func (l *lex) fatComma(p int) bool {
	p = l.skip(p, false)
	return l.at(p) == '=' && l.at(p+1) == '>'
}

func (l *lex) arrow(p int) {
	l.put(tArrow, p, p+2, xOperator)
	q := l.skip(p+2, true)
	rest := l.src[q:l.end]
	for _, d := range []string{"$#*", "@*", "$*", "%*", "&*", "**"} {
		if strings.HasPrefix(rest, d) {
			l.put(tPostDeref, q, q+len(d), xOperator)
			return
		}
	}
	switch {
	case len(rest) > 1 && (rest[0] == '@' || rest[0] == '%') && (rest[1] == '[' || rest[1] == '{'):
		l.put(tPostDeref, q, q+1, xOperator)
	case l.idStart(q):
		e := l.nameEnd(q)
		l.put(tName, q, e, xOperator)
	case l.at(q) == '$':
		l.exp = xTerm
		l.pos = q
		l.dollar(q)
		l.exp = xOperator
	default:
		l.pos = q
	}
}

func (l *lex) leftBrace(p int) {
	lop := l.afterLop()
	switch l.exp {
	case xTerm, xTermD:
		l.push('{', xOperator, p)
		l.put(tLHash, p, p+1, xTerm)
	case xOperator:
		l.push('{', xOperator, p)
		l.put(tLSub, p, p+1, xTerm)
		l.simpleKey()
	case xBlock:
		l.push('{', xState, p)
		l.put(tLBlock, p, p+1, xState)
	case xTermBlock:
		l.push('{', xOperator, p)
		l.put(tLBlock, p, p+1, xState)
	case xTermBlock2:
		l.push('{', xTerm, p)
		l.put(tLBlock, p, p+1, xState)
	default:
		after := xOperator
		if lop || l.exp == xRef {
			after = xTerm
		}
		state := l.exp == xState
		if l.looksLikeHash(p + 1) {
			l.push('{', after, p)
			l.put(tLHash, p, p+1, xTerm)
			return
		}
		if state {
			after = xState
		}
		l.push('{', after, p)
		l.put(tLBlock, p, p+1, xState)
	}
}

// simpleKey emits {word} and {-word} as quoted words.
func (l *lex) simpleKey() {
	p := l.skip(l.pos, false)
	minus := l.at(p) == '-'
	b := p
	if minus {
		b = l.skip(p+1, false)
	}
	if !l.idStart(b) {
		return
	}
	e := l.idEnd(b)
	if l.peek(e) != '}' {
		return
	}
	if minus {
		l.put(tOp, p, p+1, xTerm)
	}
	l.put(tKey, b, e, xOperator)
}

// looksLikeHash guesses, as Perl does, whether { at a place where both may stand begins a hash constructor: its first
// thing is a word or string with a comma or => after it.
func (l *lex) looksLikeHash(p int) bool {
	s := l.skip(p, false)
	c := l.at(s)
	if c == '}' {
		return true
	}
	t := s
	switch {
	case c == '\'' || c == '"' || c == '`':
		for t++; t < l.end && l.src[t] != c; t++ {
			if l.src[t] == '\\' {
				t++
			}
		}
		t++
	case isWordC(c):
		if c == 'q' {
			q := s + 1
			if n := l.at(q); n == 'q' || n == 'x' {
				q++
			}
			if !isWordC(l.at(q)) {
				if d := l.skip(q, false); d < l.end && !(l.at(d) == '=' && l.at(d+1) == '>') && l.at(d) != ',' {
					if e, ok := l.closing(d); ok {
						t = e + 1
						break
					}
				}
			}
		}
		t = l.idEnd(s)
	}
	if t == s {
		return false
	}
	t = l.skip(t, false)
	return l.at(t) == ',' && !isLower(c) || l.at(t) == ',' && c == 'q' || l.at(t) == '=' && l.at(t+1) == '>'
}
