package syntax

import (
	"bytes"
	"errors"
	"fmt"
	"sort"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"

	"mavis/perlconf/diag"
	"mavis/perlconf/source"
)

// Options tell the parser what the host has declared before the file starts.
type Options struct {
	// Protos holds the subs that may be called without parentheses or have a prototype, by name.
	// A nil prototype means "declared, takes a list"; "" takes no arguments (a constant); else Perl's own notation, such as "\\@$;$".
	Protos map[string]*string
	// MaxDepth bounds nesting of brackets, blocks and operators; 0 means 500. Deeper text is an error, never a crash.
	MaxDepth int
	// Package is the package that the file starts in, the value of __PACKAGE__; "" means main.
	Package string
}

// Parse reads a whole file. It always gives a tree; what could not be read stands in it as BadStmt or BadExpr and is
// reported to bag. It goes on after an error at the next statement.
func Parse(f *source.File, opt Options, bag *diag.Bag) (file *File) {
	file = &File{Source: f, Body: &Block{At: At{source.Span{File: f, End: len(f.Text)}}}}
	p := &parser{file: f, opt: opt, def: &definition{opt: opt}, pkg: opt.Package}
	if p.pkg == "" {
		p.pkg = "main"
	}
	defer func() {
		if r := recover(); r != nil {
			p.diags = append(p.diags, diag.Diagnostic{Code: codeInternal, Severity: diag.Error,
				Span: source.Span{File: f}, Message: fmt.Sprintf("the parser failed: %v", r)})
		}
		p.deliver(bag)
	}()
	var err error
	if p.stmt, err = newParser(p); err != nil {
		panic(err)
	}
	peeking, err := lexer.Upgrade(p.def.lexFile(f))
	if err != nil {
		panic(err)
	}
	p.lx = p.def.last
	p.lex = peeking
	file.Comments = p.lx.comments
	if i := p.lx.dataAt; i >= 0 && bytes.HasPrefix(f.Text[i:], []byte("__DATA__")) {
		file.Data = i + len("__DATA__")
		if nl := bytes.IndexByte(f.Text[file.Data:], '\n'); nl >= 0 {
			file.Data += nl + 1
		} else {
			file.Data = len(f.Text)
		}
	}
	p.statements(file.Body, false)
	return file
}

// parser is the state of one parse.
type parser struct {
	file  *source.File
	opt   Options
	def   *definition
	stmt  *participle.Parser[stmtNode]
	lx    *lexed
	lex   *lexer.PeekingLexer
	diags []diag.Diagnostic
	depth int
	pkg   string
	// gaveUp is the token at which a production gave the present statement up, or -1.
	gaveUp int
	synced bool // what follows it is a new statement already
}

// deliver hands over what the lexer and the parser found, in order of place and without follow-ups.
func (p *parser) deliver(bag *diag.Bag) {
	var all []diag.Diagnostic
	last := len(p.file.Text) + 1
	if p.lx != nil {
		all = append(all, p.lx.diags...)
		for _, d := range p.lx.diags {
			if p.lx.cut {
				last = min(last, d.Span.Start)
			}
		}
		if p.lx.cut && len(p.lx.diags) > 0 {
			last = p.lx.diags[len(p.lx.diags)-1].Span.Start
		}
	}
	for _, d := range p.diags {
		if d.Span.Start >= last && d.Code != codeInternal {
			continue // what comes after the place where reading was given up
		}
		all = append(all, d)
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].Span.Start < all[j].Span.Start })
	for i, d := range all {
		if i > 0 && d.Span == all[i-1].Span && d.Code == all[i-1].Code {
			continue
		}
		bag.Add(d)
	}
}

func (p *parser) peek() *lexer.Token { return p.lex.Peek() }

// index is the number of the next token.
func (p *parser) index() int { return int(p.lex.RawCursor()) }

func (p *parser) next() *lexer.Token { return p.lex.Next() }

// peekAt looks n tokens beyond the next one.
func (p *parser) peekAt(n int) *lexer.Token {
	i := min(p.index()+n, len(p.lx.toks)-1)
	return &p.lx.toks[i]
}

// start is the offset of the next token, end that of the end of the newest one.
func (p *parser) start() int { return p.peek().Pos.Offset }

func (p *parser) end() int {
	if i := p.index(); i > 0 {
		return p.lx.ends[i-1]
	}
	return 0
}

func (p *parser) from(start int) At {
	return At{source.Span{File: p.file, Start: start, End: max(start, p.end())}}
}

func (p *parser) tokenSpan(i int) source.Span {
	i = min(max(i, 0), len(p.lx.toks)-1)
	return source.Span{File: p.file, Start: p.lx.toks[i].Pos.Offset, End: max(p.lx.ends[i], p.lx.toks[i].Pos.Offset)}
}

func (p *parser) add(d diag.Diagnostic) {
	d.Severity = diag.Error
	p.diags = append(p.diags, d)
}

// fail reports and gives the statement up.
func (p *parser) fail(d diag.Diagnostic) {
	p.add(d)
	panic(errReported{})
}

func (p *parser) failf(code string, span source.Span, help, format string, args ...any) {
	p.fail(diag.Diagnostic{Code: code, Span: span, Help: help, Message: fmt.Sprintf(format, args...)})
}

// here is the place of the next token. At the end of the file it is the end of the last line.
func (p *parser) here() source.Span {
	if p.peek().EOF() {
		n := len(p.file.Text)
		if n > 0 && p.file.Text[n-1] == '\n' && p.end() < n {
			n--
		}
		return source.Span{File: p.file, Start: n, End: n}
	}
	return p.tokenSpan(p.index())
}

// statements reads statements into b until the end of the file or, in a block, until its closing brace.
func (p *parser) statements(b *Block, inBlock bool) {
	for {
		t := p.peek()
		switch {
		case t.EOF():
			return
		case t.Type == tRBrace && inBlock:
			return
		case t.Type == tRBrace || t.Type == tRParen || t.Type == tRBracket:
			p.add(diag.Diagnostic{Code: codeUnopened, Span: p.here(), Message: "this " + t.Value + " closes nothing",
				Help: "remove it, or look for a bracket that was closed too early above"})
			p.next()
			continue
		}
		if s := p.statement(); s != nil {
			b.Stmts = append(b.Stmts, s)
		}
	}
}

// statement reads one statement. After an error it skips to where the next one may begin.
func (p *parser) statement() Stmt {
	first := p.index()
	start := p.start()
	found := len(p.diags)
	p.gaveUp = -1
	label := ""
	for p.peek().Type == tLabel {
		label = p.next().Value
	}
	if t := p.peek(); label != "" && (t.EOF() || t.Type == tRBrace) {
		return &Nop{p.from(start)}
	}
	if t := p.peek(); t.Type == tOp && t.Value == "..." {
		if n := p.peekAt(1); n.Type == tSemi || n.Type == tRBrace || n.EOF() {
			return p.yada()
		}
	}
	node, err := p.stmt.ParseFromLexer(p.lex, participle.AllowTrailing(true))
	if err != nil {
		if len(p.diags) == found && p.gaveUp < 0 {
			p.syntaxError(err)
		}
		for p.index() < p.gaveUp && !p.peek().EOF() {
			p.next()
		}
		if !p.synced {
			p.sync(first)
		}
		p.synced = false
		return &BadStmt{p.from(start)}
	}
	return p.convert(node, label, p.from(start))
}

// yada reads the statement `...`, which dies when it is run.
func (p *parser) yada() Stmt {
	start := p.start()
	p.next()
	at := p.from(start)
	x := &Func{At: at, Name: "die", NameSpan: at.Place, Args: []Expr{&Str{At: at, Value: "Unimplemented", Quote: "'"}}}
	if p.peek().Type == tSemi {
		p.next()
	}
	return &ExprStmt{At: at, X: x}
}

// syntaxError reports an error that participle found by itself.
func (p *parser) syntaxError(err error) {
	if p.peek().Type == tBad || p.peek().Type == tUnsupported {
		return
	}
	t := p.peek()
	var u *participle.UnexpectedTokenError
	if errors.As(err, &u) {
		t = &u.Unexpected
	}
	span := source.Span{File: p.file, Start: t.Pos.Offset, End: min(t.Pos.Offset+max(1, len(t.Value)), len(p.file.Text))}
	code, msg, help := codeUnexpected, describe(t)+" cannot stand here", ""
	switch t.Type {
	case tElse, tElsif, tContinue:
		code, msg = codeElse, t.Value+" does not follow a block it could belong to"
		if t.Type != tContinue {
			help = "an if block must end right before it; look for a ; or a } too many"
		}
	case tMod:
		help = "a value must stand before " + t.Value + ", or a ; is missing after the line above"
	}
	p.add(diag.Diagnostic{Code: code, Span: span, Message: msg, Help: p.hint(span, help)})
}

// sync skips to the next place where a statement may begin.
func (p *parser) sync(first int) {
	depth := 0
	for {
		t := p.peek()
		if t.EOF() {
			return
		}
		progress := p.index() > first
		switch t.Type {
		case tSemi:
			p.next()
			if depth == 0 {
				return
			}
			continue
		case tLParen, tLBracket, tLHash, tLSub, tQOpen:
			depth++
		case tLBlock:
			depth++
		case tRBrace:
			if depth == 0 {
				if progress {
					return
				}
			} else {
				depth--
				if depth == 0 && p.blockEnds() {
					p.next()
					return
				}
			}
		case tRParen, tRBracket, tQClose:
			depth = max(0, depth-1)
		case tIf, tFor, tWhile, tSub, tPackage, tUse:
			if progress && (depth == 0 || p.startsLine(p.index())) {
				return
			}
		}
		p.next()
	}
}

// blockEnds says whether after the next token, a }, a new statement begins.
func (p *parser) blockEnds() bool {
	switch p.peekAt(1).Type {
	case tSemi, tComma, tRParen, tRBracket, tOp, tArrow, tLBracket, tLParen, tLSub, tMod, tElse, tElsif, tContinue:
		return false
	}
	return true
}

// startsLine says whether token i is the first of its line.
func (p *parser) startsLine(i int) bool {
	return i == 0 || p.line(p.lx.toks[i].Pos.Offset) > p.line(p.lx.ends[i-1]-1)
}

func (p *parser) line(offset int) int { return p.file.Pos(offset).Line }
