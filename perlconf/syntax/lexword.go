package syntax

import (
	"strconv"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"
)

// declState follows a `use` statement to its end, to learn what it declares.
type declState struct {
	no     bool
	module string
	from   int // index of the first token after the module's name
	on     bool
}

// sub gives the prototype of a sub that is known by name.
func (l *lex) sub(name string) (*string, bool) {
	if p, ok := l.subs[name]; ok {
		return p, true
	}
	p, ok := l.opt.Protos[name]
	return p, ok
}

func (l *lex) word(p int) {
	op := l.exp == xOperator
	state := l.exp == xState
	simple := l.idEnd(p)
	w := l.src[p:simple]
	if l.fatComma(simple) && !(op && w == "x") {
		l.put(tKey, p, simple, xOperator)
		return
	}
	if c := l.at(simple); !(c == ':' && l.at(simple+1) == ':') && l.quoteOp(p, simple, w) {
		return
	}
	e := simple
	if c := l.at(e); c == ':' || c == '\'' {
		if e = l.nameEnd(p); e > simple && l.fatComma(e) {
			l.put(tKey, p, e, xOperator)
			return
		}
	}
	if w == "" { // ::name
		l.plainWord(p, e, "main"+l.src[p:e], op)
		return
	}
	if e == simple && w[0] == 'v' && !op && l.version(p) == e && (len(w) > 1) {
		if q := l.version(p); q > p {
			l.put(tNum, p, q, xOperator)
			return
		}
	}
	if w[0] == 'v' && len(w) > 1 && isDigit(w[1]) && l.at(simple) == '.' && isDigit(l.at(simple+1)) && strings.Trim(w[1:], "0123456789_") == "" {
		l.put(tNum, p, l.version(p), xOperator)
		return
	}
	full := l.src[p:e]
	if strings.HasPrefix(full, "CORE::") && len(full) > 6 && !strings.HasPrefix(full, "CORE::GLOBAL") {
		w, full = full[6:], full[6:]
		simple = e
	}
	if op && w[0] == 'x' && full == w {
		digits := 1
		for digits < len(w) && isDigit(w[digits]) {
			digits++
		}
		switch {
		case w == "x" && l.at(e) == '=' && l.at(e+1) != '=' && l.at(e+1) != '~':
			l.put(tOp, p, e+1, xTerm)
			return
		case digits == len(w):
			l.put(tOp, p, p+1, xTerm)
			return
		}
	}
	if w == full {
		if l.keyword(p, e, w, op, state) {
			return
		}
	}
	l.plainWord(p, e, full, op)
}

// keyword handles words of the language; false means that w is none.
func (l *lex) keyword(p, e int, w string, op, state bool) bool {
	if state && l.at(l.skip(e, false)) == ':' && l.at(l.skip(e, false)+1) != ':' && w != "default" {
		q := l.skip(e, false)
		l.emit(tLabel, p, e, w)
		l.pos, l.exp = q+1, xState
		return true
	}
	if modifiers[w] {
		switch {
		case !state:
			l.put(tMod, p, e, xTerm)
		case w == "if" || w == "unless":
			l.put(tIf, p, e, xTerm)
		case w == "while" || w == "until":
			l.put(tWhile, p, e, xTerm)
		default:
			l.put(tFor, p, e, xTerm)
		}
		return true
	}
	if wordOps[w] && (op || w != "x" && w != "isa") && (w != "isa" || l.features["isa"]) {
		l.put(tOp, p, e, xTerm)
		return true
	}
	if f := needFeature[w]; f != "" && !l.features[f] && l.src[p:e] == w {
		return false
	}
	brace := func() bool { return l.peek(e) == '{' }
	switch w {
	case "elsif":
		l.put(tElsif, p, e, xTerm)
	case "else":
		l.put(tElse, p, e, xBlock)
	case "continue":
		if !brace() {
			return false
		}
		l.put(tContinue, p, e, xBlock)
	case "not":
		l.put(tNot, p, e, xTerm)
	case "do":
		if brace() {
			l.put(tDo, p, e, xTermBlock)
		} else {
			l.lastLop, l.lopName = l.put(tFunc, p, e, xTerm), w
		}
	case "eval":
		if brace() {
			l.put(tEval, p, e, xTermBlock)
		} else {
			l.lastLop, l.lopName = l.put(tFunc, p, e, xTerm), w
		}
	case "sub":
		l.subWord(p, e)
	case "BEGIN", "END", "INIT", "CHECK", "UNITCHECK":
		if !state || !brace() {
			return false
		}
		l.emit(tSub, p, p, "")
		l.put(tName, p, e, xBlock)
	case "package":
		l.packageWord(p, e)
	case "use", "no":
		l.useWord(p, e, w)
	case "my", "our", "local", "state":
		l.put(tMy, p, e, xTerm)
	case "return", "next", "last", "redo", "goto":
		l.put(tJump, p, e, xTerm)
	case "__END__", "__DATA__":
		l.dataAt = l.off(p)
		l.end, l.pos = p, p
	case "__FILE__", "__LINE__", "__PACKAGE__", "__SUB__":
		l.put(tWord, p, e, xOperator)
	case "format":
		return state && l.format(p, e)
	case "given", "when", "default":
		if n := l.peek(e); !state || !l.features["switch"] || n != '(' && n != '{' {
			return false
		}
		l.report(codeUnsupported, p, e, "use if and elsif, or foreach with if", "%s is not supported in configuration files", w)
		l.put(tUnsupported, p, e, xTerm)
		if w == "default" {
			l.exp = xBlock
		}
	case "try", "catch", "defer":
		if !state || !l.features[w] {
			return false
		}
		l.report(codeUnsupported, p, e, "use eval { ... }", "%s is not supported in configuration files", w)
		l.put(tUnsupported, p, e, xBlock)
	default:
		c, ok := builtins[w]
		if !ok {
			return false
		}
		l.function(p, e, w, c)
	}
	return true
}

// function emits the name of a builtin.
func (l *lex) function(p, e int, w string, c class) {
	next := xTerm
	switch c {
	case classZero:
		next = xOperator
	case classUnaryD:
		next = xTermD
	case classHandle, classBlock, classSort:
		next = xRef
	}
	l.lastLop, l.lopName = l.emit(tFunc, p, e, w), w
	l.pos, l.exp = e, next
}

// quoteOp handles q qq qw qx m qr s tr y; false means that the word is something else.
func (l *lex) quoteOp(p, e int, w string) bool {
	switch w {
	case "q", "qq", "qw", "qx", "m", "qr", "s", "tr", "y":
	default:
		return false
	}
	d := e
	if isSpace(l.at(d)) || l.at(d) == '#' && e < l.end && isSpace(l.at(e)) {
		d = l.skip(e, false)
	}
	c := l.at(d)
	if d >= l.end {
		l.report(codeUnterminated, p, e, "", "%s begins a quote, and the file ends after it", w)
		l.put(tBad, p, e, xOperator)
		l.cut = true
		return true
	}
	if c == '=' && l.at(d+1) == '>' {
		return false
	}
	if c >= 0x80 && !l.utf8 {
		return false
	}
	switch w {
	case "q":
		l.single(p, d)
	case "qq", "qx":
		l.interpolate(p, d, c, w)
	case "qw":
		l.qw(p, d)
	case "m", "qr":
		l.pattern(p, d, w)
	case "s":
		l.subst(p, d)
	default:
		l.trans(p, d)
	}
	return true
}

func (l *lex) plainWord(p, e int, w string, op bool) {
	n := l.skip(e, false)
	c := l.at(n)
	handle := l.exp == xRef && l.afterLop()
	if handle && l.lopName == "sort" && c != '(' && c != ',' && c != ';' && c != ')' && c != '-' {
		l.put(tHandle, p, e, xTerm)
		return
	}
	proto, known := l.sub(w)
	if known && c == '-' && l.at(n+1) == '>' && proto == nil {
		known = false
	}
	if known {
		l.knownSub(p, e, w, proto, c)
		return
	}
	if handle && builtins[l.lopName] == classHandle && l.wordHandle(e, n) {
		l.put(tHandle, p, e, xTerm)
		return
	}
	if !op && l.indirect(w, n) {
		l.put(tMethWord, p, e, xTerm)
		if c == '{' {
			l.exp = xTermBlock2
		}
		return
	}
	l.put(tWord, p, e, xOperator)
}

// knownSub emits the name of a declared sub.
func (l *lex) knownSub(p, e int, w string, proto *string, c byte) {
	next := xTerm
	switch {
	case proto == nil:
	case *proto == "":
		next = xOperator
	case (*proto)[0] == '&' && c == '{':
		next = xTermBlock2
	}
	l.lastLop, l.lopName = l.emit(tFunc, p, e, w), w
	l.protos[l.lastLop] = proto
	if proto == nil {
		l.protos[l.lastLop] = noProto
	}
	l.pos, l.exp = e, next
}

// noProto stands for "declared without a prototype", as a nil in the map means "not there".
var noProto = func() *string { s := "\x00"; return &s }()

// wordHandle guesses whether a bareword that ends at e, with the next thing at n, is a file handle after print.
func (l *lex) wordHandle(e, n int) bool {
	c, d := l.at(n), l.at(n+1)
	switch {
	case c == '(' || c == ',' || c == '=' || c == ':' || c == '{':
		return false
	case c == '-' && d == '>':
		return false
	case c == '.':
		return isDigit(d) && n > e
	case strings.IndexByte("+-*/%&|<>?^", c) >= 0 && c != 0:
		return n > e && !isSpace(d) && d != '=' && c != '|' && c != '>' && c != '^'
	case l.idStart(n):
		w := l.src[n:l.idEnd(n)]
		return !wordOps[w] || w == "x"
	}
	return true
}

// indirect guesses whether an unknown word w is a method called on what stands at n: `new Foo`, `foo $x`.
func (l *lex) indirect(w string, n int) bool {
	switch c := l.at(n); {
	case l.idStart(n):
		e := l.nameEnd(n)
		next := l.src[n:e]
		if _, ok := builtins[next]; ok && (needFeature[next] == "" || l.features[needFeature[next]]) || reserved[next] || wordOps[next] {
			return false
		}
		if _, ok := l.sub(next); ok {
			return false
		}
		return !l.fatComma(e)
	case c == '$':
		return l.idStart(n+1) && !l.fatComma(l.nameEnd(n+1))
	}
	return l.at(n) == '{' && w != "__PACKAGE__"
}

// subWord handles `sub NAME PROTO` and `sub PROTO`.
func (l *lex) subWord(p, e int) {
	q := l.skip(e, true)
	name := ""
	if l.idStart(q) || l.at(q) == ':' && l.at(q+1) == ':' {
		l.put(tSub, p, e, xTerm)
		n := l.nameEnd(q)
		name = l.src[q:n]
		l.put(tName, q, n, xTerm)
		e = n
	} else {
		l.put(tAnonSub, p, e, xTerm)
	}
	var proto *string
	q = l.skip(e, true)
	if l.at(q) == '(' {
		c := strings.IndexByte(l.src[q:l.end], ')')
		if c >= 0 {
			text := l.src[q+1 : q+c]
			clean := strings.Join(strings.Fields(text), "")
			if l.features["signatures"] || strings.Trim(clean, `$@%&*;\[]+_`) != "" {
				if l.features["signatures"] {
					l.report(codeUnsupported, q, q+c+1, "write: my (...) = @_;", "signatures are not supported in configuration files")
				} else {
					l.report(codeSub, q, q+c+1, "write: my (...) = @_; in the body", "%q is no prototype", text)
				}
			} else {
				proto = &clean
			}
			l.put(tProto, q, q+c+1, xTerm)
			q = l.skip(q+c+1, true)
		}
	}
	for l.at(q) == ':' && l.at(q+1) != ':' {
		r := l.skip(q+1, false)
		n := l.idEnd(r)
		if n == r {
			break
		}
		q = l.skip(n, false)
		l.pos = q
	}
	l.pos = q
	if name == "" {
		l.exp = xTermBlock
		return
	}
	l.exp = xBlock
	if i := strings.LastIndex(name, "::"); i < 0 {
		l.subs[name] = proto
	}
	if l.at(q) == ';' || l.at(q) != '{' {
		l.exp = xOperator
	}
}

func (l *lex) packageWord(p, e int) {
	l.put(tPackage, p, e, xTerm)
	q := l.skip(e, true)
	if !l.idStart(q) {
		return
	}
	n := l.nameEnd(q)
	l.put(tName, q, n, xBlock)
	q = l.skip(n, true)
	if v := l.version(q); v > q {
		l.put(tVersion, q, v, xBlock)
		q = l.skip(v, true)
	}
	if l.at(q) != '{' {
		l.exp = xOperator
	}
}

// version gives the end of a version number at q, or q.
func (l *lex) version(q int) int {
	r := q
	if l.at(r) == 'v' && isDigit(l.at(r+1)) {
		r++
	}
	if !isDigit(l.at(r)) {
		return q
	}
	for isDigit(l.at(r)) || l.at(r) == '_' || l.at(r) == '.' && isDigit(l.at(r+1)) {
		r++
	}
	if c := l.peek(r); c == ',' || c == '=' || isWordC(l.at(r)) {
		return q
	}
	return r
}

func (l *lex) useWord(p, e int, w string) {
	l.put(tUse, p, e, xTerm)
	l.decl = declState{}
	q := l.skip(e, true)
	if v := l.version(q); v > q {
		l.put(tVersion, q, v, xOperator)
		l.useVersion(l.src[q:v], w == "no")
		return
	}
	if !l.idStart(q) {
		return
	}
	n := l.nameEnd(q)
	module := l.src[q:n]
	l.put(tName, q, n, xTerm)
	q = l.skip(n, true)
	if v := l.version(q); v > q {
		l.put(tVersion, q, v, xTerm)
	}
	l.decl = declState{no: w == "no", module: module, from: len(l.toks), on: true}
	if module == "utf8" {
		l.utf8 = w == "use"
		if l.utf8 {
			l.malformed(n)
		}
	}
}

func (l *lex) useVersion(v string, no bool) {
	if no {
		return
	}
	minor := 0
	if s := strings.TrimPrefix(v, "v"); s != v || strings.Count(v, ".") > 1 {
		parts := strings.Split(s, ".")
		if len(parts) > 1 {
			minor, _ = strconv.Atoi(parts[1])
		}
	} else if i := strings.IndexByte(v, '.'); i >= 0 {
		frac := (strings.ReplaceAll(v[i+1:], "_", "") + "000")[:3]
		minor, _ = strconv.Atoi(frac)
	}
	for _, f := range featureBundle(minor) {
		l.features[f] = true
	}
}

// listUtilBlocks are subs of List::Util that take a block first.
var listUtilBlocks = map[string]bool{"first": true, "any": true, "all": true, "none": true, "notall": true, "reduce": true,
	"reductions": true, "pairmap": true, "pairgrep": true, "pairfirst": true}

// declSemi runs at the end of a statement and takes in what a `use` has declared.
func (l *lex) declSemi() {
	d := l.decl
	if !d.on {
		return
	}
	l.decl = declState{}
	toks := l.toks[d.from : len(l.toks)-1]
	switch d.module {
	case "constant":
		l.declConstants(toks)
		return
	case "feature", "experimental":
		for _, w := range listed(toks) {
			if strings.HasPrefix(w, ":5.") {
				minor, _ := strconv.Atoi(w[3:])
				for _, f := range featureBundle(minor) {
					l.features[f] = true
				}
				continue
			}
			l.features[w] = !d.no
		}
		return
	case "strict", "warnings", "vars", "lib", "utf8", "parent", "base", "integer", "bytes", "overload":
		return
	}
	if d.no {
		return
	}
	for _, w := range listed(toks) {
		if w == "" || !isAlpha(w[0]) || !isWordC(w[len(w)-1]) {
			continue
		}
		proto := (*string)(nil)
		if d.module == "List::Util" && listUtilBlocks[w] {
			s := "&@"
			proto = &s
		}
		if d.module == "Scalar::Util" {
			s := "$"
			proto = &s
		}
		l.subs[w] = proto
	}
}

// listed gives the words of qw and strings among tokens.
func listed(toks []lexer.Token) []string {
	var out []string
	for _, t := range toks {
		switch t.Type {
		case tQW:
			out = append(out, wordsOf(t.Value)...)
		case tStr, tKey, tQText:
			out = append(out, t.Value)
		}
	}
	return out
}

func (l *lex) declConstants(toks []lexer.Token) {
	empty := ""
	i := 0
	for i < len(toks) && toks[i].Type == tLParen {
		i++
	}
	if i >= len(toks) {
		return
	}
	switch toks[i].Type {
	case tKey, tStr, tWord, tQW:
		name := toks[i].Value
		if toks[i].Type == tQW {
			if f := wordsOf(name); len(f) > 0 {
				name = f[0]
			}
		}
		l.subs[name] = &empty
	case tLHash, tLBlock:
		depth, key := 0, true
		for ; i < len(toks); i++ {
			switch t := toks[i]; t.Type {
			case tLHash, tLBlock, tLSub, tLParen, tLBracket:
				depth++
			case tRBrace, tRParen, tRBracket:
				depth--
			case tComma:
				key = depth == 1
				continue
			case tKey, tStr:
				if depth == 1 && key && i+1 < len(toks) && toks[i+1].Type == tComma {
					l.subs[t.Value] = &empty
					key = false
				}
				continue
			}
		}
	}
}

// format skips a format declaration, which is not supported.
func (l *lex) format(p, e int) bool {
	q := l.skip(e, false)
	if l.idStart(q) {
		q = l.skip(l.nameEnd(q), false)
	}
	if l.at(q) != '=' || strings.IndexByte("=~>", l.at(q+1)) >= 0 {
		return false
	}
	end := l.end
	if i := strings.Index(l.src[q:l.end], "\n.\n"); i >= 0 {
		end = q + i + 3
	}
	l.report(codeUnsupported, p, e, "", "format is not supported in configuration files")
	l.put(tBad, p, e, xState)
	l.pos = end
	l.emit(tSemi, end, end, ";")
	return true
}
