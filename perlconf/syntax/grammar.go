package syntax

import (
	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"
)

// The grammar of statements. Expressions, blocks and heads of loops are productions of their own (see newParser): an
// expression is read by precedence climbing, and a block catches the errors of its statements so that reading goes on.
type (
	stmtNode struct {
		Simple  *simpleNode  `parser:"  @@"`
		Use     *useNode     `parser:"| @@"`
		If      *ifNode      `parser:"| @@"`
		For     *forNode     `parser:"| @@"`
		While   *whileNode   `parser:"| @@"`
		Block   *bareNode    `parser:"| @@"`
		Sub     *subNode     `parser:"| @@"`
		Package *packageNode `parser:"| @@"`
		Empty   string       `parser:"| @Semi"`
	}
	simpleNode struct {
		X    expression `parser:"@@"`
		Mods []modNode  `parser:"@@*"`
		End  ending     `parser:"@@"`
	}
	modNode struct {
		Word string     `parser:"@Mod"`
		X    expression `parser:"@@"`
	}
	ifNode struct {
		Word  string      `parser:"@If"`
		Cond  condition   `parser:"@@"`
		Body  braces      `parser:"@@"`
		Elsif []elsifNode `parser:"@@*"`
		Else  *elseNode   `parser:"@@?"`
	}
	elsifNode struct {
		Word string    `parser:"@Elsif"`
		Cond condition `parser:"@@"`
		Body braces    `parser:"@@"`
	}
	elseNode struct {
		Word string `parser:"@Else"`
		Body braces `parser:"@@"`
	}
	whileNode struct {
		Word     string        `parser:"@While"`
		Cond     condition     `parser:"@@"`
		Body     braces        `parser:"@@"`
		Continue *continueNode `parser:"@@?"`
	}
	continueNode struct {
		Word string `parser:"@Continue"`
		Body braces `parser:"@@"`
	}
	forNode struct {
		Word     string        `parser:"@For"`
		Var      loopVar       `parser:"@@?"`
		Head     loopHead      `parser:"@@"`
		Body     braces        `parser:"@@"`
		Continue *continueNode `parser:"@@?"`
	}
	bareNode struct {
		Body     openBraces    `parser:"@@"`
		Continue *continueNode `parser:"@@?"`
	}
	subNode struct {
		Word  string    `parser:"@Sub"`
		Name  string    `parser:"@Name"`
		Proto []string  `parser:"@Proto?"`
		Body  bodyOrEnd `parser:"@@"`
	}
	packageNode struct {
		Word    string    `parser:"@Package"`
		Name    string    `parser:"@Name"`
		Version string    `parser:"@Version?"`
		Body    bodyOrEnd `parser:"@@"`
	}
	useNode struct {
		Word    string     `parser:"@Use"`
		Perl    string     `parser:"( @Version"`
		Module  string     `parser:"| @Name )"`
		Version string     `parser:"@Version?"`
		Args    expression `parser:"@@?"`
		End     ending     `parser:"@@"`
	}
)

// Results of productions that are written by hand. participle finds them by their interface types.
type (
	expression interface{ expressionResult() }
	condition  interface{ conditionResult() }
	braces     interface{ bracesResult() }
	openBraces interface{ openBracesResult() }
	bodyOrEnd  interface{ bodyOrEndResult() }
	loopVar    interface{ loopVarResult() }
	loopHead   interface{ loopHeadResult() }
	ending     interface{ endingResult() }
)

type (
	exprResult  struct{ x Expr }
	blockResult struct{ b *Block }
	headResult  struct {
		c                bool
		init, cond, step Expr
	}
	endResult struct{}
)

func (exprResult) expressionResult()  {}
func (exprResult) conditionResult()   {}
func (exprResult) loopVarResult()     {}
func (blockResult) bracesResult()     {}
func (blockResult) openBracesResult() {}
func (blockResult) bodyOrEndResult()  {}
func (headResult) loopHeadResult()    {}
func (endResult) endingResult()       {}

// newParser builds the grammar. It is built for each file, because its productions share the state of that parse.
func newParser(p *parser) (*participle.Parser[stmtNode], error) {
	return participle.Build[stmtNode](
		participle.Lexer(p.def),
		participle.UseLookahead(0), // a branch is taken for good as soon as it has read a token
		participle.ParseTypeWith(func(l *lexer.PeekingLexer) (expression, error) {
			return in[expression](p, l, func() expression { return exprResult{p.fullExpr()} }, p.startsExpr)
		}),
		participle.ParseTypeWith(func(l *lexer.PeekingLexer) (condition, error) {
			return in[condition](p, l, func() condition { return exprResult{p.condition()} }, nil)
		}),
		participle.ParseTypeWith(func(l *lexer.PeekingLexer) (braces, error) {
			return in[braces](p, l, func() braces { return blockResult{p.block()} }, nil)
		}),
		participle.ParseTypeWith(func(l *lexer.PeekingLexer) (openBraces, error) {
			return in[openBraces](p, l, func() openBraces { return blockResult{p.block()} },
				func() bool { return p.peek().Type == tLBlock })
		}),
		participle.ParseTypeWith(func(l *lexer.PeekingLexer) (bodyOrEnd, error) {
			return in[bodyOrEnd](p, l, func() bodyOrEnd { return blockResult{p.blockOrEnd()} }, nil)
		}),
		participle.ParseTypeWith(func(l *lexer.PeekingLexer) (loopVar, error) {
			return in[loopVar](p, l, func() loopVar { return exprResult{p.loopVar()} },
				func() bool { return p.peek().Type != tLParen })
		}),
		participle.ParseTypeWith(func(l *lexer.PeekingLexer) (loopHead, error) {
			return in[loopHead](p, l, func() loopHead { return p.loopHead() }, nil)
		}),
		participle.ParseTypeWith(func(l *lexer.PeekingLexer) (ending, error) {
			return in[ending](p, l, func() ending { p.ending(); return endResult{} }, nil)
		}),
	)
}

// errReported says that a statement was given up and that the reason is already among the diagnostics.
type errReported struct{}

func (errReported) Error() string { return "reported" }

// in runs a production on the lexer that participle passes. The production is not tried unless starts agrees.
func in[T any](p *parser, l *lexer.PeekingLexer, f func() T, starts func() bool) (v T, err error) {
	outer := p.lex
	p.lex = l
	depth := p.depth
	defer func() {
		p.lex, p.depth = outer, depth
		if r := recover(); r != nil {
			if _, ok := r.(errReported); !ok {
				panic(r)
			}
			p.gaveUp = int(l.RawCursor())
			err = errReported{}
		}
	}()
	if starts != nil && !starts() {
		return v, participle.NextMatch
	}
	return f(), nil
}
