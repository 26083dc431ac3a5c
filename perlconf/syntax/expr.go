package syntax

import (
	"strings"

	"github.com/alecthomas/participle/v2/lexer"

	"mavis/perlconf/diag"
	"mavis/perlconf/source"
)

// Binding strengths, weakest first, as in perlop.
const (
	bpAssign  = 6
	bpCond    = 7
	bpRange   = 8
	bpOrOr    = 9
	bpAndAnd  = 10
	bpBitOr   = 11
	bpBitAnd  = 12
	bpEqual   = 13
	bpCompare = 14
	bpIsa     = 15
	bpUnary   = 16 // named unary operators
	bpShift   = 17
	bpAdd     = 18
	bpMul     = 19
	bpMatch   = 20
	bpSign    = 21 // ! ~ \ and unary + and -
	bpPow     = 22
	bpInc     = 23
	bpTerm    = 24
)

// maxChain bounds operators of equal strength in a row, as each makes the tree deeper.
const maxChain = 20000

var infix = map[string]int{
	"..": bpRange, "...": bpRange, "||": bpOrOr, "//": bpOrOr, "&&": bpAndAnd, "|": bpBitOr, "^": bpBitOr, "&": bpBitAnd,
	"==": bpEqual, "!=": bpEqual, "eq": bpEqual, "ne": bpEqual, "<=>": bpEqual, "cmp": bpEqual, "~~": bpEqual,
	"<": bpCompare, ">": bpCompare, "<=": bpCompare, ">=": bpCompare, "lt": bpCompare, "gt": bpCompare, "le": bpCompare,
	"ge": bpCompare, "isa": bpIsa, "<<": bpShift, ">>": bpShift, "+": bpAdd, "-": bpAdd, ".": bpAdd, "*": bpMul, "/": bpMul,
	"%": bpMul, "x": bpMul, "=~": bpMatch, "!~": bpMatch, "**": bpPow, "?": bpCond,
	"=": bpAssign, "+=": bpAssign, "-=": bpAssign, "*=": bpAssign, "/=": bpAssign, ".=": bpAssign, "%=": bpAssign,
	"x=": bpAssign, "&=": bpAssign, "|=": bpAssign, "^=": bpAssign, "<<=": bpAssign, ">>=": bpAssign, "**=": bpAssign,
	"||=": bpAssign, "&&=": bpAssign, "//=": bpAssign,
}

// startsTerm says whether a value can begin with t.
func startsTerm(t *lexer.Token) bool {
	switch t.Type {
	case tNum, tStr, tKey, tQW, tTrans, tAngle, tQOpen, tWord, tFunc, tMethWord, tHandle, tHandleVar, tScalar, tArray, tHash,
		tAmp, tGlob, tArrayLen, tCast, tFileTest, tLParen, tLBracket, tLHash, tMy, tDo, tEval, tAnonSub, tNot, tJump, tBad:
		return true
	case tOp:
		switch t.Value {
		case "\\", "-", "+", "!", "~", "++", "--":
			return true
		}
	}
	return false
}

// startsExpr says whether the next token can begin an expression; the faulty ones count too, as they are reported there.
func (p *parser) startsExpr() bool {
	t := p.peek()
	switch t.Type {
	case tUnsupported, tComma:
		return true
	case tOp:
		return true
	}
	return startsTerm(t)
}

// fullExpr reads an expression of any strength: and, or, xor, commas.
func (p *parser) fullExpr() Expr { return p.lowExpr(1) }

func (p *parser) lowExpr(min int) Expr {
	start := p.start()
	x := p.commaExpr()
	for n := 0; ; n++ {
		t := p.peek()
		if t.Type != tOp {
			return x
		}
		bp := 0
		switch t.Value {
		case "or", "xor":
			bp = 1
		case "and":
			bp = 2
		}
		if bp == 0 || bp < min {
			return x
		}
		p.chain(n)
		p.next()
		p.needTerm(t.Value)
		r := p.lowExpr(bp + 1)
		x = &Binary{At: p.from(start), Op: t.Value, L: x, R: r}
	}
}

// needTerm reports that after op no value follows.
func (p *parser) needTerm(op string) {
	if startsTerm(p.peek()) || p.peek().Type == tUnsupported {
		return
	}
	p.noTerm("after " + op)
}

func (p *parser) noTerm(where string) {
	t := p.peek()
	if t.Type == tBad || t.Type == tUnsupported {
		panic(errReported{})
	}
	help := ""
	if t.Type == tOp && t.Value == "..." {
		help = "put in what the ... of the example stands for, or remove it"
	}
	p.failf(codeExpectExpr, p.here(), p.hint(p.here(), help), "a value is missing %s; %s cannot stand here", where, describe(t))
}

func (p *parser) chain(n int) {
	if n > maxChain {
		p.failf(codeDepth, p.here(), "", "more than %d operators in a row", maxChain)
	}
}

// commaExpr reads values joined by commas; a single one is no list.
func (p *parser) commaExpr() Expr {
	start := p.start()
	x := p.assign()
	if p.peek().Type != tComma {
		return x
	}
	l := &List{Elems: []Expr{x}}
	for p.peek().Type == tComma {
		p.next()
		if startsTerm(p.peek()) {
			l.Elems = append(l.Elems, p.assign())
		}
	}
	l.At = p.from(start)
	return l
}

// elements reads a list up to a closing token, which stays. A missing comma is reported and reading goes on.
func (p *parser) elements(end lexer.TokenType) []Expr {
	var out []Expr
	if t := p.peek(); t.Type == tComma {
		p.failf(codeExpectExpr, p.here(), "", "a value is missing before the comma")
	}
	for {
		t := p.peek()
		switch {
		case t.Type == end || t.EOF():
			return out
		case t.Type == tComma:
			p.next()
			continue
		}
		if len(out) > 0 && p.lx.toks[p.index()-1].Type != tComma {
			if !startsTerm(t) || t.Type == tBad {
				return out
			}
			p.missingComma()
		}
		if !startsTerm(t) {
			if t.Type == tSemi || t.Type == tMod || t.Type == tRParen || t.Type == tRBrace || t.Type == tRBracket {
				return out
			}
			p.noTerm("here")
		}
		out = append(out, p.lowAssign())
	}
}

// lowAssign reads one element of a list, in which and, or may also stand when it is the only one.
func (p *parser) lowAssign() Expr {
	start := p.start()
	x := p.assign()
	t := p.peek()
	for t.Type == tOp && (t.Value == "or" || t.Value == "and" || t.Value == "xor") {
		bp := 2
		if t.Value == "and" {
			bp = 3
		}
		p.next()
		p.needTerm(t.Value)
		r := p.lowExpr(bp)
		x = &Binary{At: p.from(start), Op: t.Value, L: x, R: r}
		t = p.peek()
	}
	return x
}

func (p *parser) missingComma() {
	i := p.index()
	prev := p.end()
	d := diag.Diagnostic{Code: codeMissingOp, Span: p.here(),
		Message: "a comma or an operator is missing before " + describe(p.peek()), Help: p.hint(p.here(), p.runaway())}
	if p.startsLine(i) {
		d.Related = []diag.Related{{Span: source.Span{File: p.file, Start: prev, End: prev}, Message: "perhaps here"}}
	}
	p.add(d)
}

// assign reads an expression that is stronger than a comma.
func (p *parser) assign() Expr { return p.binary(bpAssign) }

// binary reads operators of at least the strength min.
func (p *parser) binary(min int) Expr {
	p.deeper()
	start := p.start()
	x := p.prefix()
	for n := 0; ; n++ {
		t := p.peek()
		if t.Type != tOp {
			break
		}
		bp, ok := infix[t.Value]
		if !ok || bp < min {
			break
		}
		p.chain(n)
		x = p.infixOp(start, x, t.Value, bp)
	}
	p.depth--
	return x
}

// deeper counts a level of recursion; the caller takes it back.
func (p *parser) deeper() {
	p.depth++
	if p.depth > 8*p.lx.maxDepth {
		p.failf(codeDepth, p.here(), "", "more than %d levels of nesting", p.lx.maxDepth)
	}
}

func (p *parser) infixOp(start int, x Expr, op string, bp int) Expr {
	at := p.tokenSpan(p.index())
	p.next()
	switch bp {
	case bpAssign:
		p.lvalue(x, op, at)
		p.needTerm(op)
		r := p.binary(bpAssign)
		return &Assign{At: p.from(start), Op: op, L: x, R: r}
	case bpCond:
		p.needTerm("?")
		a := p.binary(bpAssign)
		if t := p.peek(); t.Type != tOp || t.Value != ":" {
			if t.Type == tBad {
				panic(errReported{})
			}
			p.fail(diag.Diagnostic{Code: codeTernary, Span: p.here(), Message: "the : that belongs to this ? is missing before " + describe(t),
				Related: []diag.Related{{Span: at, Message: "the ? stands here"}}, Help: p.hint(p.here(), "")})
		}
		p.next()
		p.needTerm(":")
		b := p.binary(bpCond)
		return &Cond{At: p.from(start), C: x, A: a, B: b}
	case bpPow:
		p.needTerm(op)
		r := p.binary(bpPow)
		return &Binary{At: p.from(start), Op: op, L: x, R: r}
	}
	p.needTerm(op)
	r := p.binary(bp + 1)
	y := &Binary{At: p.from(start), Op: op, L: x, R: r}
	if bp == bpMatch {
		if s, ok := r.(*Subst); ok && strings.IndexByte(s.Flags, 'r') < 0 {
			p.lvalue(x, op+" s///", at)
		}
	}
	switch bp {
	case bpRange, bpIsa:
		p.nonAssoc(bp, op)
	case bpEqual, bpCompare:
		if op == "<=>" || op == "cmp" || op == "~~" {
			p.nonAssoc(bp, op)
		} else {
			return p.chained(start, y, bp)
		}
	}
	return y
}

// chained reads a < b < c, which means a < b && b < c.
func (p *parser) chained(start int, y *Binary, bp int) Expr {
	var x Expr = y
	last := y.R
	for n := 0; ; n++ {
		t := p.peek()
		if t.Type != tOp || infix[t.Value] != bp {
			return x
		}
		if t.Value == "<=>" || t.Value == "cmp" || t.Value == "~~" {
			p.nonAssoc(bp, t.Value)
		}
		p.chain(n)
		op := p.next().Value
		p.needTerm(op)
		r := p.binary(bp + 1)
		x = &Binary{At: p.from(start), Op: "&&", L: x, R: &Binary{At: p.from(last.Span().Start), Op: op, L: last, R: r}}
		last = r
	}
}

func (p *parser) nonAssoc(bp int, op string) {
	if t := p.peek(); t.Type == tOp && infix[t.Value] == bp {
		p.failf(codeNonAssoc, p.here(), "add parentheses", "%s cannot follow %s without parentheses", t.Value, op)
	}
}

// prefix reads unary operators and then a term.
func (p *parser) prefix() Expr {
	t := p.peek()
	start := p.start()
	switch t.Type {
	case tNot:
		return p.notExpr()
	case tFileTest:
		return p.fileTest()
	case tOp:
		bp := bpSign
		switch t.Value {
		case "!", "~", "\\", "-", "+":
		case "++", "--":
			bp = bpInc
		default:
			if t.Value == "..." {
				p.failf(codeExpectExpr, p.here(), "put in what the ... of the example stands for, or remove it", "... cannot stand here")
			}
			p.noTerm("before " + t.Value)
		}
		op := p.next().Value
		p.needTerm(op)
		x := p.binary(bp)
		if bp == bpInc {
			p.lvalue(x, op, x.Span())
		}
		return &Unary{At: p.from(start), Op: op, X: x}
	}
	x := p.postfix()
	if t := p.peek(); t.Type == tOp && (t.Value == "++" || t.Value == "--") {
		op := p.next().Value
		p.lvalue(x, op, x.Span())
		x = &Unary{At: p.from(start), Op: op, X: x, Postfix: true}
	}
	return x
}

// notExpr reads not. With parentheses right after it, it is like a function.
func (p *parser) notExpr() Expr {
	start := p.start()
	p.next()
	if p.peek().Type == tLParen {
		x := p.paren()
		return &Unary{At: p.from(start), Op: "not", X: x}
	}
	p.needTerm("not")
	x := p.commaExpr()
	return &Unary{At: p.from(start), Op: "not", X: x}
}

func (p *parser) fileTest() Expr {
	start := p.start()
	op := p.next().Value[1]
	f := &FileTest{Op: op}
	if startsTerm(p.peek()) {
		if p.peek().Type == tLParen {
			f.X = p.postfix()
		} else {
			f.X = p.binary(bpShift)
		}
	}
	f.At = p.from(start)
	return f
}

// lvalue reports the left side of an assignment that cannot be assigned to.
func (p *parser) lvalue(x Expr, op string, at source.Span) {
	what := notAssignable(x, op == "=")
	if what == "" && op != "=" && op != "x=" && !strings.HasPrefix(op, "=~") && !strings.HasPrefix(op, "!~") {
		what = wholeContainer(x)
	}
	if what != "" {
		help := ""
		if _, ok := x.(*Binary); ok && op == "=" {
			help = "compare with == or eq; = assigns"
		}
		p.add(diag.Diagnostic{Code: codeAssign, Span: at, Message: "cannot assign to " + what + " with " + op,
			Related: []diag.Related{{Span: x.Span(), Message: "this"}}, Help: help})
	}
}

// wholeContainer names x when it is a whole array or hash, which only = and x= can assign to.
func wholeContainer(x Expr) string {
	var sigil byte
	switch x := x.(type) {
	case *Var:
		sigil = x.Sigil
	case *Deref:
		sigil = x.Sigil
	case *My:
		if !x.Paren && len(x.Vars) == 1 {
			return wholeContainer(x.Vars[0])
		}
	}
	switch sigil {
	case '@':
		return "a whole array"
	case '%':
		return "a whole hash"
	}
	return ""
}

// notAssignable names what x is when it is no place that can be assigned to.
func notAssignable(x Expr, list bool) string {
	switch x := x.(type) {
	case *Num:
		return "a number"
	case *Str:
		if x.Bareword {
			return "a word"
		}
		return "a string"
	case *Interp:
		return "a string"
	case *QW:
		return "a list of words"
	case *AnonArray, *AnonHash, *AnonSub:
		return "a constructor"
	case *Regexp, *Subst, *Trans:
		return "a match"
	case *Bareword:
		return "a word"
	case *Binary:
		return "the result of " + x.Op
	case *Unary:
		if x.Op == "++" || x.Op == "--" {
			if !x.Postfix {
				return ""
			}
			return "the result of " + x.Op
		}
		if x.Op == "+" {
			return notAssignable(x.X, list)
		}
		if x.Op == "\\" {
			return "a reference"
		}
		return "the result of " + x.Op
	case *Slice:
		if x.KV {
			return "a slice of keys and values"
		}
	case *ListSlice:
		return "a slice of a list"
	case *Var:
		return ""
	case *List:
		if !x.Paren {
			return "a list without parentheses"
		}
		for _, e := range x.Elems {
			if f, ok := e.(*Func); ok && f.Name == "undef" {
				continue
			}
			if what := notAssignable(e, list); what != "" {
				return what
			}
		}
	case *Func:
		if b, ok := builtins[x.Name]; ok && !x.Amp && b != classNone {
			switch x.Name {
			case "substr", "vec", "pos", "keys", "local":
			case "undef":
				if len(x.Args) == 0 || list {
					return "undef"
				}
			default:
				return "the result of " + x.Name
			}
		}
	}
	return ""
}
