package syntax

import (
	"strings"

	"mavis/perlconf/diag"
	"mavis/perlconf/source"
)

// block reads { statements }.
func (p *parser) block() *Block {
	t := p.peek()
	if t.Type != tLBlock {
		if t.Type == tBad {
			panic(errReported{})
		}
		help := ""
		if t.Type == tIf && t.Value == "if" || t.Type == tMod && t.Value == "if" {
			help = "`else if` is written elsif"
		}
		p.failf(codeExpectBlock, p.here(), p.hint(p.here(), help), "a block { ... } must stand here, not %s", describe(t))
	}
	start := p.start()
	open := p.tokenSpan(p.index())
	p.next()
	b := &Block{}
	pkg := p.pkg
	p.statements(b, true)
	p.pkg = pkg
	if p.peek().Type != tRBrace {
		p.unclosed(open, "}")
		b.At = p.from(start)
		return b
	}
	p.next()
	b.At = p.from(start)
	return b
}

// unclosed reports an opening bracket whose end is missing at the next token, and goes on.
func (p *parser) unclosed(open source.Span, want string) {
	t := p.peek()
	p.add(diag.Diagnostic{Code: codeUnclosed, Span: p.here(),
		Message: "a " + want + " is missing before " + describe(t),
		Related: []diag.Related{{Span: open, Message: "to close this"}}, Help: p.hint(p.here(), "")})
}

func (p *parser) blockOrEnd() *Block {
	name, pkg := p.packageName()
	if p.peek().Type == tLBlock {
		outer := p.pkg
		if pkg {
			p.pkg = name
		}
		b := p.block()
		p.pkg = outer
		return b
	}
	if pkg {
		p.pkg = name
	}
	p.ending()
	return nil
}

// packageName gives the name when the tokens just read are `package NAME`.
func (p *parser) packageName() (string, bool) {
	i := p.index() - 1
	if i > 0 && p.lx.toks[i].Type == tVersion {
		i--
	}
	if i > 0 && p.lx.toks[i].Type == tName && p.lx.toks[i-1].Type == tPackage {
		return p.lx.toks[i].Value, true
	}
	return "", false
}

// ending reads the end of a statement: a semicolon, or nothing before } and the end of the file.
func (p *parser) ending() {
	t := p.peek()
	switch t.Type {
	case tSemi:
		p.next()
		return
	case tRBrace, tQClose:
		return
	case tBad, tUnsupported:
		panic(errReported{})
	}
	if t.EOF() {
		return
	}
	prev := source.Span{File: p.file, Start: p.end(), End: p.end()}
	if p.startsLine(p.index()) && t.Type != tRParen && t.Type != tRBracket && t.Type != tOp && t.Type != tLBlock && t.Type != tLSub {
		d := diag.Diagnostic{Code: codeMissingSemi, Span: p.here(),
			Message: "a ; is missing between this statement and the one before",
			Related: []diag.Related{{Span: prev, Message: "it belongs here"}},
			Help:    p.hint(p.here(), p.runaway())}
		if d.Help == "" {
			d.Fixes = []diag.Fix{{Message: "put a ; there", Safe: true, Edits: []diag.Edit{{Span: prev, New: ";"}}}}
		}
		p.add(d)
		return
	}
	p.unexpectedAfterValue()
}

// unexpectedAfterValue reports that the next token cannot follow a complete value.
func (p *parser) unexpectedAfterValue() {
	t := p.peek()
	if t.Type == tBad || t.Type == tUnsupported {
		panic(errReported{})
	}
	switch {
	case t.Type == tRParen || t.Type == tRBracket || t.Type == tRBrace:
		p.failf(codeUnopened, p.here(), "", "this %s closes nothing that is open here", t.Value)
	case t.EOF():
		p.failf(codeUnexpected, p.here(), "", "the file ends in the middle of a statement")
	case t.Type == tLBlock || t.Type == tLSub:
		p.failf(codeUnexpected, p.here(), p.hint(p.here(), ""), "a { cannot stand here")
	case startsTerm(t):
		p.failf(codeMissingOp, p.here(), p.hint(p.here(), p.runaway()), "an operator, a comma or a ; is missing before %s", describe(t))
	default:
		p.failf(codeUnexpected, p.here(), p.hint(p.here(), p.runaway()), "%s cannot stand here", describe(t))
	}
}

// condition reads ( expression ).
func (p *parser) condition() Expr {
	word := p.lx.toks[max(0, p.index()-1)].Value
	if p.peek().Type != tLParen {
		if p.peek().Type == tBad {
			panic(errReported{})
		}
		p.failf(codeExpectParen, p.here(), p.hint(p.here(), "in Perl the condition stands in parentheses"), "a ( must follow %s", word)
	}
	open := p.tokenSpan(p.index())
	p.next()
	var x Expr
	if p.peek().Type == tRParen {
		if word != "while" && word != "until" {
			p.failf(codeExpectExpr, p.here(), "", "the condition of %s is empty", word)
		}
	} else {
		x = p.fullExpr()
	}
	p.closeParen(open)
	return x
}

// closeParen reads ) or reports that it is missing.
func (p *parser) closeParen(open source.Span) {
	p.closeWith(open, tRParen, ")")
}

func (p *parser) loopVar() Expr {
	start := p.start()
	t := p.peek()
	switch t.Type {
	case tMy:
		kind := p.next().Value
		if kind == "local" {
			p.failf(codeForeachVar, p.tokenSpan(p.index()-1), "", "local cannot stand before the variable of foreach")
		}
		v := p.peek()
		if v.Type != tScalar {
			p.failf(codeForeachVar, p.here(), "", "the variable of foreach must be a scalar, not %s", describe(v))
		}
		s := p.start()
		p.next()
		x := &Var{At: p.from(s), Sigil: '$', Name: v.Value}
		return &My{At: p.from(start), Kind: kind, Vars: []Expr{x}}
	case tScalar:
		p.next()
		return &Var{At: p.from(start), Sigil: '$', Name: t.Value}
	case tBad:
		panic(errReported{})
	case tQW:
		p.bareQW("put the list in parentheses: (qw(...))")
	}
	p.failf(codeForeachVar, p.here(), p.hint(p.here(), ""), "a variable or a ( must follow foreach, not %s", describe(t))
	return nil
}

// loopHead reads (list) or (init; cond; step).
func (p *parser) loopHead() headResult {
	t := p.peek()
	if t.Type == tQW {
		p.bareQW("put it in parentheses: (qw(...))")
	}
	if t.Type != tLParen {
		if t.Type == tBad {
			panic(errReported{})
		}
		p.failf(codeExpectParen, p.here(), p.hint(p.here(), ""), "a ( must follow here, not %s", describe(t))
	}
	open := p.tokenSpan(p.index())
	p.next()
	var h headResult
	if p.startsExpr() {
		h.init = p.fullExpr()
	}
	if p.peek().Type == tSemi {
		h.c = true
		p.next()
		if p.startsExpr() {
			h.cond = p.whileCond(p.fullExpr())
		}
		if p.peek().Type != tSemi {
			p.failf(codeUnexpected, p.here(), "for (init; condition; step)", "a ; must follow the condition")
		}
		p.next()
		if p.startsExpr() {
			h.step = p.fullExpr()
		}
	}
	p.closeParen(open)
	return h
}

// convert makes the public tree from what the grammar gave.
func (p *parser) convert(n *stmtNode, label string, at At) Stmt {
	switch {
	case n.Simple != nil:
		return p.convertSimple(n.Simple, at)
	case n.If != nil:
		s := &If{At: at, Clauses: []IfClause{{Cond: n.If.Cond.(exprResult).x, Negate: n.If.Word == "unless", Body: n.If.Body.(blockResult).b}}}
		for _, e := range n.If.Elsif {
			s.Clauses = append(s.Clauses, IfClause{Cond: e.Cond.(exprResult).x, Body: e.Body.(blockResult).b})
		}
		if n.If.Else != nil {
			s.Else = n.If.Else.Body.(blockResult).b
		}
		return s
	case n.While != nil:
		return &While{At: at, Label: label, Cond: p.whileCond(n.While.Cond.(exprResult).x), Until: n.While.Word == "until",
			Body: n.While.Body.(blockResult).b, Continue: continueBlock(n.While.Continue)}
	case n.For != nil:
		return p.convertFor(n.For, label, at)
	case n.Block != nil:
		return &BlockStmt{At: at, Label: label, Body: n.Block.Body.(blockResult).b, Continue: continueBlock(n.Block.Continue)}
	case n.Sub != nil:
		s := &SubDecl{At: at, Name: strings.ReplaceAll(n.Sub.Name, "'", "::"), Body: n.Sub.Body.(blockResult).b}
		if len(n.Sub.Proto) > 0 {
			s.Proto, s.HasProto = cleanProto(n.Sub.Proto[0]), true
		}
		return s
	case n.Package != nil:
		return &Package{At: at, Name: n.Package.Name, Body: n.Package.Body.(blockResult).b}
	case n.Use != nil:
		return p.convertUse(n.Use, at)
	}
	return &Nop{at}
}

func continueBlock(c *continueNode) *Block {
	if c == nil {
		return nil
	}
	return c.Body.(blockResult).b
}

func cleanProto(text string) string {
	return strings.Join(strings.Fields(strings.Trim(text, "()")), "")
}

func (p *parser) convertUse(n *useNode, at At) Stmt {
	u := &Use{At: at, No: n.Word == "no", Module: n.Module, Version: n.Version}
	if n.Perl != "" {
		u.Version = n.Perl
	}
	if n.Args != nil {
		u.Args = n.Args.(exprResult).x
		if l, ok := u.Args.(*List); ok && l.Paren && len(l.Elems) == 0 {
			u.Args, u.Parens0 = nil, true
		}
	}
	return u
}

func (p *parser) convertFor(n *forNode, label string, at At) Stmt {
	h := n.Head.(headResult)
	body := n.Body.(blockResult).b
	if h.c {
		if n.Var != nil {
			p.add(diag.Diagnostic{Code: codeForeachVar, Span: at.Place, Message: "a loop with three parts has no loop variable before its parentheses"})
		}
		return &ForC{At: at, Label: label, Init: h.init, Cond: h.cond, Step: h.step, Body: body}
	}
	s := &Foreach{At: at, Label: label, List: h.init, Body: body, Continue: continueBlock(n.Continue)}
	if n.Var != nil {
		s.Var = n.Var.(exprResult).x
	}
	return s
}

func (p *parser) convertSimple(n *simpleNode, at At) Stmt {
	x := n.X.(exprResult).x
	var s Stmt = &ExprStmt{At: At{x.Span()}, X: x}
	if len(n.Mods) == 0 {
		return &ExprStmt{At: at, X: x}
	}
	if len(n.Mods) > 1 {
		second := n.Mods[1].X.(exprResult).x.Span()
		p.add(diag.Diagnostic{Code: codeUnexpected, Span: second, Message: "a statement takes only one of if, unless, while, until, for after it",
			Help: "write a block: if (...) { ... }"})
	}
	m := n.Mods[0]
	c := m.X.(exprResult).x
	body := &Block{At: At{x.Span()}, Stmts: []Stmt{s}}
	switch m.Word {
	case "if", "unless":
		return &If{At: at, Clauses: []IfClause{{Cond: c, Negate: m.Word == "unless", Body: body}}, Postfix: true}
	case "while", "until":
		w := &While{At: at, Cond: p.whileCond(c), Until: m.Word == "until", Body: body, Postfix: true}
		if d, ok := x.(*DoBlock); ok {
			w.DoBlock, w.Body = true, d.Body
		}
		return w
	}
	return &Foreach{At: at, List: c, Body: body, Postfix: true}
}

// whileCond adds what Perl adds to a loop condition that reads: <FH> means defined($_ = <FH>).
func (p *parser) whileCond(x Expr) Expr {
	reads := func(e Expr) bool {
		switch e := e.(type) {
		case *Readline:
			return true
		case *Func:
			return !e.Amp && (e.Name == "readline" || e.Name == "readdir" || e.Name == "glob" || e.Name == "each" || e.Name == "shift" && false)
		}
		return false
	}
	inner := x
	if l, ok := x.(*List); ok && l.Paren && len(l.Elems) == 1 {
		inner = l.Elems[0]
	}
	switch e := inner.(type) {
	case *Assign:
		if e.Op != "=" || !reads(e.R) || !isScalarTarget(e.L) {
			return x
		}
		return &Func{At: At{e.Span()}, Name: "defined", NameSpan: e.Span(), Parens: true, Args: []Expr{e}}
	default:
		if !reads(inner) {
			return x
		}
		at := At{inner.Span()}
		a := &Assign{At: at, Op: "=", L: &Var{At: at, Sigil: '$', Name: "_"}, R: inner}
		return &Func{At: at, Name: "defined", NameSpan: at.Place, Parens: true, Args: []Expr{a}}
	}
}

func isScalarTarget(x Expr) bool {
	switch x := x.(type) {
	case *Var:
		return x.Sigil == '$'
	case *Deref:
		return x.Sigil == '$'
	case *Elem:
		return true
	case *My:
		return !x.Paren && len(x.Vars) == 1 && isScalarTarget(x.Vars[0])
	}
	return false
}

// bareQW refuses a qw list where Perl wants parentheses.
func (p *parser) bareQW(help string) {
	at := p.tokenSpan(p.index())
	begin, end := at, at
	begin.End, end.Start = at.Start, at.End
	p.fail(diag.Diagnostic{Code: codeQwParens, Span: at, Help: help, Message: "qw cannot stand in place of parentheses",
		Fixes: []diag.Fix{{Message: "put parentheses around it", Safe: true, Edits: []diag.Edit{{Span: begin, New: "("}, {Span: end, New: ")"}}}}})
}
