package syntax

import (
	"strings"

	"github.com/alecthomas/participle/v2/lexer"

	"mavis/perlconf/diag"
	"mavis/perlconf/source"
)

// postfix reads a term with the subscripts, calls and methods behind it.
func (p *parser) postfix() Expr {
	p.deeper()
	defer func() { p.depth-- }()
	start := p.start()
	x, sub := p.term()
	for n := 0; ; n++ {
		p.chain(n)
		t := p.peek()
		switch {
		case t.Type == tArrow:
			x, sub = p.afterArrow(start, x)
		case sub && (t.Type == tLBracket || t.Type == tLSub || t.Type == tLParen):
			x = p.subscriptOf(start, x)
		default:
			return x
		}
	}
}

// subscriptOf reads [..], {..} or (..) behind a reference x.
func (p *parser) subscriptOf(start int, x Expr) Expr {
	at := At{x.Span()}
	switch p.peek().Type {
	case tLBracket:
		k := p.index1()
		return &Elem{At: p.from(start), Of: &Deref{At: at, Sigil: '@', X: x}, Key: k}
	case tLSub, tLHash:
		k := p.key()
		return &Elem{At: p.from(start), Of: &Deref{At: at, Sigil: '%', X: x}, Hash: true, Key: k}
	}
	args := p.parenArgs()
	return &CallCode{At: p.from(start), Code: x, Args: args}
}

func (p *parser) afterArrow(start int, x Expr) (Expr, bool) {
	p.next()
	at := At{x.Span()}
	t := p.peek()
	switch t.Type {
	case tLBracket, tLSub, tLHash, tLParen:
		return p.subscriptOf(start, x), true
	case tPostDeref:
		p.next()
		switch t.Value {
		case "@", "%":
			kv := t.Value == "%"
			if p.peek().Type == tLBracket {
				k := p.sliceKeys()
				return &Slice{At: p.from(start), Of: &Deref{At: at, Sigil: '@', X: x}, KV: kv, Keys: k}, false
			}
			k := p.sliceKeys()
			return &Slice{At: p.from(start), Of: &Deref{At: at, Sigil: '%', X: x}, Hash: true, KV: kv, Keys: k}, false
		case "$#*":
			return &Deref{At: p.from(start), Sigil: '#', X: x}, false
		case "&*":
			return &CallCode{At: p.from(start), Code: x, AmpBare: true}, false
		}
		return &Deref{At: p.from(start), Sigil: t.Value[0], X: x}, false
	case tName:
		p.next()
		m := &Method{Inv: x, Name: t.Value}
		if p.peek().Type == tLParen {
			m.Args = p.parenArgs()
		}
		m.At = p.from(start)
		return m, false
	case tScalar:
		s := p.start()
		p.next()
		m := &Method{Inv: x, Dyn: &Var{At: p.from(s), Sigil: '$', Name: t.Value}}
		if p.peek().Type == tLParen {
			m.Args = p.parenArgs()
		}
		m.At = p.from(start)
		return m, false
	case tBad:
		panic(errReported{})
	}
	p.failf(codeArrow, p.here(), p.hint(p.here(), "after -> stand [...], {...}, (...), a method or @*"), "%s cannot stand after ->", describe(t))
	return nil, false
}

// index1 reads [expr].
func (p *parser) index1() Expr {
	open := p.tokenSpan(p.index())
	p.next()
	if p.peek().Type == tRBracket {
		p.failf(codeExpectExpr, p.here(), "", "the index between [ and ] is missing")
	}
	x := p.fullExpr()
	p.closeWith(open, tRBracket, "]")
	return x
}

// key reads {expr}.
func (p *parser) key() Expr {
	open := p.tokenSpan(p.index())
	p.next()
	if p.peek().Type == tRBrace {
		p.failf(codeExpectExpr, p.here(), "", "the key between { and } is missing")
	}
	x := p.fullExpr()
	p.semiInBraces(open)
	p.closeWith(open, tRBrace, "}")
	return x
}

// semiInBraces refuses a semicolon in a hash or subscript. The fault is at what follows it, as for perl.
func (p *parser) semiInBraces(open source.Span) {
	if p.peek().Type != tSemi {
		return
	}
	semi := p.here()
	p.next()
	if p.peek().Type == tRBrace {
		p.fail(diag.Diagnostic{Code: codeUnclosed, Span: p.here(), Message: "a ; stands before this }",
			Related: []diag.Related{{Span: semi, Message: "remove this"}}})
		return
	}
	p.synced = true
	p.fail(diag.Diagnostic{Code: codeUnclosed, Span: p.here(), Message: "a } is missing before ;",
		Related: []diag.Related{{Span: semi, Message: "before this"}, {Span: open, Message: "to close this"}}, Help: p.hint(open, p.runaway())})
}

// sliceKeys reads [list] or {list}.
func (p *parser) sliceKeys() Expr {
	if p.peek().Type == tLBracket {
		return p.index1()
	}
	return p.key()
}

func (p *parser) closeWith(open source.Span, typ lexer.TokenType, want string) {
	t := p.peek()
	if t.Type == typ {
		p.next()
		return
	}
	if t.Type == tBad || t.Type == tUnsupported {
		panic(errReported{})
	}
	msg := "a " + want + " is missing before " + describe(t)
	if startsTerm(t) {
		msg = "an operator, a comma or a " + want + " is missing before " + describe(t)
	}
	p.fail(diag.Diagnostic{Code: codeUnclosed, Span: p.here(), Message: msg,
		Related: []diag.Related{{Span: open, Message: "to close this"}}, Help: p.hint(p.here(), p.runaway())})
}

// parenArgs reads (list).
func (p *parser) parenArgs() []Expr {
	open := p.tokenSpan(p.index())
	p.next()
	args := p.elements(tRParen)
	p.closeParen(open)
	return args
}

// paren reads (list) as an expression of its own.
func (p *parser) paren() Expr {
	start := p.start()
	elems := p.parenArgs()
	return &List{At: p.from(start), Elems: elems, Paren: true}
}

// term reads the smallest complete value. The second result says that a subscript may follow without an arrow.
func (p *parser) term() (Expr, bool) {
	t := p.peek()
	start := p.start()
	switch t.Type {
	case tScalar, tArray, tHash, tAmp, tGlob, tArrayLen, tCast, tHandleVar:
		return p.variable()
	case tNum:
		p.next()
		return p.num(start, t.Value), false
	case tStr:
		i := p.index()
		p.next()
		q := p.lx.quotes[i]
		if q == "" {
			q = "'"
		}
		return &Str{At: p.from(start), Value: t.Value, Quote: q, Heredoc: strings.HasPrefix(q, "<<")}, false
	case tKey:
		p.next()
		return &Str{At: p.from(start), Value: t.Value, Bareword: true}, false
	case tQW:
		x := p.qw()
		if p.peek().Type == tLBracket {
			k := p.sliceKeys()
			return &ListSlice{At: p.from(start), List: x, Keys: k}, true
		}
		return x, false
	case tQOpen:
		return p.quoted(), false
	case tTrans:
		return p.trans(), false
	case tAngle:
		return p.angle(), false
	case tLParen:
		x := p.paren()
		if p.peek().Type == tLBracket {
			k := p.sliceKeys()
			l := &ListSlice{At: p.from(start), List: x, Keys: k}
			if len(x.(*List).Elems) == 0 {
				l.List = nil
			}
			return l, true
		}
		return x, false
	case tLBracket:
		open := p.tokenSpan(p.index())
		p.next()
		e := p.elements(tRBracket)
		p.closeWith(open, tRBracket, "]")
		return &AnonArray{At: p.from(start), Elems: e}, false
	case tLHash:
		open := p.tokenSpan(p.index())
		p.next()
		e := p.elements(tRBrace)
		p.semiInBraces(open)
		p.closeWith(open, tRBrace, "}")
		return &AnonHash{At: p.from(start), Elems: e}, false
	case tMy:
		return p.my(), false
	case tDo:
		p.next()
		b := p.block()
		return &DoBlock{At: p.from(start), Body: b}, false
	case tEval:
		p.next()
		b := p.block()
		return &EvalBlock{At: p.from(start), Body: b}, false
	case tAnonSub:
		return p.anonSub(), true
	case tJump:
		return p.jump(), false
	case tWord:
		return p.word(), false
	case tFunc:
		return p.function(), false
	case tMethWord:
		return p.indirect(), false
	case tHandle:
		p.next()
		return &Bareword{At: p.from(start), Name: t.Value}, false
	case tBad, tUnsupported:
		panic(errReported{})
	}
	p.noTerm("here")
	return nil, false
}

func (p *parser) anonSub() Expr {
	start := p.start()
	p.next()
	s := &AnonSub{}
	if t := p.peek(); t.Type == tProto {
		s.Proto, s.HasProto = cleanProto(t.Value), true
		p.next()
	}
	s.Body = p.block()
	s.At = p.from(start)
	return s
}

// variable reads a variable or dereference with its first subscript.
func (p *parser) variable() (Expr, bool) {
	start := p.start()
	t := p.peek()
	sigil := byte(0)
	var of func(s byte) Expr
	switch t.Type {
	case tCast:
		p.next()
		sigil = t.Value[0]
		if t.Value == "$#" {
			sigil = '#'
		}
		x := p.castOf()
		at := p.from(start)
		of = func(s byte) Expr { return &Deref{At: at, Sigil: s, X: x} }
		if sigil == '&' {
			if p.peek().Type == tLParen {
				args := p.parenArgs()
				return &CallCode{At: p.from(start), Code: x, Args: args}, true
			}
			return &CallCode{At: at, Code: x, AmpBare: true}, false
		}
	default:
		sigil = map[lexer.TokenType]byte{tScalar: '$', tHandleVar: '$', tArray: '@', tHash: '%', tAmp: '&', tGlob: '*', tArrayLen: '#'}[t.Type]
		p.next()
		at := p.from(start)
		if sigil == '&' {
			f := &Func{At: at, Name: t.Value, NameSpan: at.Place, Amp: true}
			if p.peek().Type == tLParen {
				f.Parens = true
				f.Args = p.parenArgs()
			} else {
				f.AmpBare = true
			}
			f.At = p.from(start)
			return f, f.Parens
		}
		of = func(s byte) Expr { return &Var{At: at, Sigil: s, Name: t.Value} }
	}
	next := p.peek().Type
	switch {
	case sigil == '$' && next == tLBracket:
		k := p.index1()
		return &Elem{At: p.from(start), Of: of('@'), Key: k}, true
	case sigil == '$' && next == tLSub:
		k := p.key()
		return &Elem{At: p.from(start), Of: of('%'), Hash: true, Key: k}, true
	case (sigil == '@' || sigil == '%') && next == tLBracket:
		k := p.sliceKeys()
		return &Slice{At: p.from(start), Of: of('@'), KV: sigil == '%', Keys: k}, false
	case (sigil == '@' || sigil == '%') && next == tLSub:
		k := p.sliceKeys()
		return &Slice{At: p.from(start), Of: of('%'), Hash: true, KV: sigil == '%', Keys: k}, false
	case sigil == '*' && next == tLSub:
		k := p.key()
		return &Elem{At: p.from(start), Of: of('*'), Hash: true, Key: k}, true
	}
	return of(sigil), false
}

// castOf reads what a sigil dereferences: a block or a scalar without subscripts.
func (p *parser) castOf() Expr {
	p.deeper()
	defer func() { p.depth-- }()
	start := p.start()
	t := p.peek()
	switch t.Type {
	case tLBlock:
		b := p.block()
		if len(b.Stmts) == 1 {
			if s, ok := b.Stmts[0].(*ExprStmt); ok {
				return s.X
			}
		}
		if len(b.Stmts) == 0 {
			p.failf(codeExpectExpr, b.Span(), "", "a value is missing between { and }")
		}
		return &DoBlock{At: b.At, Body: b}
	case tCast:
		p.next()
		x := p.castOf()
		return &Deref{At: p.from(start), Sigil: '$', X: x}
	case tScalar, tHandleVar:
		p.next()
		return &Var{At: p.from(start), Sigil: '$', Name: t.Value}
	}
	p.noTerm("here")
	return nil
}

// my reads my, our, state and local.
func (p *parser) my() Expr {
	start := p.start()
	kind := p.next().Value
	m := &My{Kind: kind}
	t := p.peek()
	switch {
	case kind == "local":
		p.needTerm("local")
		x := p.postfix()
		if l, ok := x.(*List); ok && l.Paren {
			m.Vars, m.Paren = l.Elems, true
		} else {
			m.Vars = []Expr{x}
		}
		for _, v := range m.Vars {
			if what := notAssignable(v, true); what != "" {
				p.add(diag.Diagnostic{Code: codeMy, Span: v.Span(), Message: what + " cannot be made local"})
			}
		}
	case t.Type == tLParen:
		m.Paren = true
		open := p.tokenSpan(p.index())
		p.next()
		for p.peek().Type != tRParen {
			if p.peek().Type == tComma {
				p.next()
				continue
			}
			if p.peek().EOF() || !startsTerm(p.peek()) {
				break
			}
			m.Vars = append(m.Vars, p.myVar(kind))
		}
		p.closeParen(open)
	default:
		m.Vars = []Expr{p.myVar(kind)}
	}
	m.At = p.from(start)
	return m
}

func (p *parser) myVar(kind string) Expr {
	start := p.start()
	t := p.peek()
	var sigil byte
	switch t.Type {
	case tScalar:
		sigil = '$'
	case tArray:
		sigil = '@'
	case tHash:
		sigil = '%'
	case tBad:
		panic(errReported{})
	case tFunc:
		if t.Value == "undef" {
			p.next()
			return &Func{At: p.from(start), Name: "undef", NameSpan: p.from(start).Place}
		}
		fallthrough
	default:
		p.failf(codeMy, p.here(), "", "%s cannot be declared with %s", describe(t), kind)
	}
	p.next()
	x := &Var{At: p.from(start), Sigil: sigil, Name: t.Value}
	if kind != "our" && (strings.Contains(t.Value, "::") || !isAlpha(t.Value[0]) && t.Value[0] < 0x80 || t.Value == "_") {
		p.add(diag.Diagnostic{Code: codeMy, Span: x.Span(), Message: describe(t) + " is global and cannot be declared with " + kind,
			Help: "use local, or another name"})
	} else if kind == "our" && strings.Contains(t.Value, "::") {
		p.add(diag.Diagnostic{Code: codeMy, Span: x.Span(), Message: "our takes a name without a package"})
	}
	if n := p.peek().Type; n == tLBracket || n == tLSub {
		p.failf(codeMy, p.here(), "declare the whole variable first", "an element cannot be declared with %s", kind)
	}
	return x
}

// jump reads return, next, last, redo, goto.
func (p *parser) jump() Expr {
	start := p.start()
	j := &Jump{Op: p.next().Value}
	if j.Op == "return" {
		if startsTerm(p.peek()) {
			j.X = p.commaExpr()
		}
	} else if t := p.peek(); t.Type == tWord || t.Type == tKey {
		j.Label = t.Value
		p.next()
	} else if startsTerm(t) {
		j.X = p.binary(bpShift)
	}
	j.At = p.from(start)
	return j
}
