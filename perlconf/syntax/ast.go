// Package syntax reads Perl as found in configuration files: lexer, grammar and tree. It knows no word of amavisd;
// the prototypes of predeclared subs are passed in.
package syntax

import "mavis/perlconf/source"

// Node is any part of the tree.
type Node interface{ Span() source.Span }

// At is embedded by nodes and gives their place.
type At struct{ Place source.Span }

// Span is the text the node was made from.
func (a At) Span() source.Span { return a.Place }

// File is a parsed file.
type File struct {
	Source   *source.File
	Body     *Block
	Comments []Comment // comments and POD, in order
	Data     int       // where the text after a __DATA__ line begins; 0 when there is none
}

// Comment is a # comment or a block of POD, delimiters included.
type Comment struct {
	At
	POD bool
}

// Stmt is a statement; Expr is an expression.
type (
	Stmt interface {
		Node
		stmt()
	}
	Expr interface {
		Node
		expr()
	}
)

// Block is a brace block, or a whole file.
type Block struct {
	At
	Stmts []Stmt
}

// Statements.
type (
	// ExprStmt is an expression used as a statement. Statement modifiers become If, While or Foreach with Postfix set.
	ExprStmt struct {
		At
		X Expr
	}
	// If is if/elsif/else and unless; Postfix marks `X if C`.
	If struct {
		At
		Clauses []IfClause
		Else    *Block // nil when absent
		Postfix bool
	}
	// While is while and until. DoBlock marks `do {...} while C`, whose body runs once before the test.
	While struct {
		At
		Label    string
		Cond     Expr // nil means true
		Until    bool
		Body     *Block
		Continue *Block
		Postfix  bool
		DoBlock  bool
	}
	// ForC is for (init; cond; step).
	ForC struct {
		At
		Label            string
		Init, Cond, Step Expr // each may be nil
		Body             *Block
	}
	// Foreach is for/foreach over a list. Var is nil for $_, a *My for `foreach my $x`, else a *Var.
	Foreach struct {
		At
		Label    string
		Var      Expr
		List     Expr // nil for an empty list
		Body     *Block
		Continue *Block
		Postfix  bool
	}
	// BlockStmt is a bare block.
	BlockStmt struct {
		At
		Label    string
		Body     *Block
		Continue *Block
	}
	// SubDecl is a named sub; Body is nil for a forward declaration. BEGIN/END blocks are SubDecls of that name.
	SubDecl struct {
		At
		Name     string
		Proto    string
		HasProto bool
		Body     *Block
	}
	// Package is `package NAME;` or `package NAME {...}`.
	Package struct {
		At
		Name string
		Body *Block
	}
	// Use is use/no MODULE VERSION LIST. `use 5.010` has an empty Module.
	Use struct {
		At
		No      bool
		Module  string
		Version string
		Args    Expr // nil when absent
		Parens0 bool // `use X ()`: an explicitly empty list
	}
	// Nop is an empty statement.
	Nop struct{ At }
	// BadStmt stands where a statement could not be read; the reason is among the diagnostics.
	BadStmt struct{ At }
)

// IfClause is one condition with its block; Negate marks unless.
type IfClause struct {
	Cond   Expr
	Negate bool
	Body   *Block
}

// Expressions.
type (
	// Num is a numeric literal. Value is its number; Text is as written (v-strings and 0x, 0b, 0o, _ included).
	Num struct {
		At
		Text    string
		Value   float64
		Int     int64
		IsInt   bool
		VString string // for v1.2.3, the resulting string
	}
	// Str is a string without interpolation. Its value is bytes. Bareword marks a word quoted by => or by {word}.
	Str struct {
		At
		Value    string
		Bareword bool
		Heredoc  bool
		Quote    string // opening delimiter as written: ' " q( <<'X' …; empty for a Bareword
	}
	// Interp is a double-quoted string: its parts are joined. A part that is an array in list context (Join) is joined with $".
	Interp struct {
		At
		Parts   []InterpPart
		Heredoc bool
		Quote   string
	}
	// QW is qw(...).
	QW struct {
		At
		Words []Str
	}
	// Backtick is `command` or qx.
	Backtick struct {
		At
		Command Expr // Str (qx'...') or Interp
	}
	// Regexp is m//, qr//: Op is "m" or "qr". Pattern is raw text in which only variables were interpolated:
	// its constant parts keep their backslashes, as the regexp compiler wants them.
	Regexp struct {
		At
		Op      string
		Pattern *Interp
		Flags   string
		Delim   byte // ' means: nothing was interpolated; ? is match-once
	}
	// Subst is s///. Replacement is a Str, an Interp, or with /e an Expr made of the parsed code.
	Subst struct {
		At
		Pattern     *Interp
		Replacement Expr
		Flags       string
		Delim       byte
	}
	// Trans is tr/// or y///, with escapes undone and ranges resolved.
	Trans struct {
		At
		From, To []TransRange
		Flags    string
	}
	// Var is a named variable; Sigil is one of $ @ % & * or '#' for $#name. Name keeps its package ("Amavis::Conf::x").
	Var struct {
		At
		Sigil byte
		Name  string
	}
	// Deref is $$x, @{...}, %$x, &$x, *{...}, '#' for $#{...} and $#$x, and ->@* and its like. X gives a reference (or a name).
	Deref struct {
		At
		Sigil byte
		X     Expr
	}
	// Elem is one element: Of is the container as an expression (Var or Deref with sigil @ or %), so that
	// $x[0] is Elem{Of: Var{'@',x}} and $x->[0], $x[0][1], $$x[0] have a Deref in Of. Hash says {key}.
	Elem struct {
		At
		Of   Expr
		Hash bool
		Key  Expr
	}
	// Slice is @x[..], @h{..}, @$r{..}, %h{..} (KV). Of as in Elem.
	Slice struct {
		At
		Of   Expr
		Hash bool
		KV   bool
		Keys Expr
	}
	// ListSlice is (list)[keys].
	ListSlice struct {
		At
		List Expr // nil when empty
		Keys Expr
	}
	// My is my/our/local/state. Vars has one entry unless Paren. For local any lvalue may stand in Vars. `undef` in a list is a Func.
	My struct {
		At
		Kind  string
		Vars  []Expr
		Paren bool
	}
	// List is a comma list or a parenthesised expression. `()` has no Elems.
	List struct {
		At
		Elems []Expr
		Paren bool
	}
	// AnonArray is [..]; AnonHash is {..}; AnonSub is sub {..}.
	AnonArray struct {
		At
		Elems []Expr
	}
	AnonHash struct {
		At
		Elems []Expr
	}
	AnonSub struct {
		At
		Proto    string
		HasProto bool
		Body     *Block
	}
	// Unary is ! ~ - + \ ++ -- and not; Postfix for x++ and x--.
	Unary struct {
		At
		Op      string
		X       Expr
		Postfix bool
	}
	// Binary is every other operator, words included: + . * x == eq <=> && || // and or xor .. ... =~ !~ & | ^ << >> isa.
	// For x, a List with Paren (or QW) on the left repeats the list.
	Binary struct {
		At
		Op   string
		L, R Expr
	}
	// Assign is = and all its relatives; Op holds the whole operator.
	Assign struct {
		At
		Op   string
		L, R Expr
	}
	// Cond is C ? A : B.
	Cond struct {
		At
		C, A, B Expr
	}
	// Func is a call by name, of a builtin or of a sub: f(..), f .., &f(..). AmpBare marks `&f` (current @_ passed on).
	// Block is the first argument of map/grep/sort/any `f {..} list` form. FileHandle is print's {handle}, bareword or
	// scalar, and sort's sub name or scalar.
	Func struct {
		At
		Name       string
		NameSpan   source.Span
		Amp        bool
		AmpBare    bool
		Parens     bool
		Block      *Block
		FileHandle Expr
		Args       []Expr
	}
	// CallCode is a call through a reference: $x->(..), &$x(..), &{..}(..). AmpBare as in Func.
	CallCode struct {
		At
		Code    Expr
		AmpBare bool
		Args    []Expr
	}
	// Method is X->name(..), Class->name, X->$m(..), `new Class(..)`.
	Method struct {
		At
		Inv  Expr // class names are Bareword
		Name string
		Dyn  Expr
		Args []Expr
	}
	// Bareword is a word that is no known sub and not quoted: a class, a file handle, or a mistake under strict.
	Bareword struct {
		At
		Name string
	}
	// FileTest is -e and its like; X is nil for $_.
	FileTest struct {
		At
		Op byte
		X  Expr
	}
	// Readline is <$fh>, <FH>, <>; Glob marks <*.c>.
	Readline struct {
		At
		Handle Expr
		Glob   bool
	}
	// DoBlock is do {..}; EvalBlock is eval {..}. do FILE, eval STRING and require EXPR are Funcs.
	DoBlock struct {
		At
		Body *Block
	}
	EvalBlock struct {
		At
		Body *Block
	}
	// Jump is next/last/redo/return/goto; Label for loops, X for return (nil when bare).
	Jump struct {
		At
		Op    string
		Label string
		X     Expr
	}
	// BadExpr stands where an expression could not be read.
	BadExpr struct{ At }
)

// InterpPart is constant text (X nil) or an expression whose value goes there.
type InterpPart struct {
	At
	Text string // for regexps: raw; for strings: escapes undone
	X    Expr
	Join bool   // X is list-valued: joined with $"
	Case string // pending \U \L \Q \F applied to this part, outermost first, such as "Q" or "UQ"; \u and \l as 'u' 'l'
}

// TransRange is an inclusive range of characters in tr.
type TransRange struct{ Lo, Hi rune }

func (*ExprStmt) stmt()  {}
func (*If) stmt()        {}
func (*While) stmt()     {}
func (*ForC) stmt()      {}
func (*Foreach) stmt()   {}
func (*BlockStmt) stmt() {}
func (*SubDecl) stmt()   {}
func (*Package) stmt()   {}
func (*Use) stmt()       {}
func (*Nop) stmt()       {}
func (*BadStmt) stmt()   {}

func (*Num) expr()       {}
func (*Str) expr()       {}
func (*Interp) expr()    {}
func (*QW) expr()        {}
func (*Backtick) expr()  {}
func (*Regexp) expr()    {}
func (*Subst) expr()     {}
func (*Trans) expr()     {}
func (*Var) expr()       {}
func (*Deref) expr()     {}
func (*Elem) expr()      {}
func (*Slice) expr()     {}
func (*ListSlice) expr() {}
func (*My) expr()        {}
func (*List) expr()      {}
func (*AnonArray) expr() {}
func (*AnonHash) expr()  {}
func (*AnonSub) expr()   {}
func (*Unary) expr()     {}
func (*Binary) expr()    {}
func (*Assign) expr()    {}
func (*Cond) expr()      {}
func (*Func) expr()      {}
func (*CallCode) expr()  {}
func (*Method) expr()    {}
func (*Bareword) expr()  {}
func (*FileTest) expr()  {}
func (*Readline) expr()  {}
func (*DoBlock) expr()   {}
func (*EvalBlock) expr() {}
func (*Jump) expr()      {}
func (*BadExpr) expr()   {}
