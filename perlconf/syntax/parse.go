package syntax

import (
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
}

// Parse reads a whole file. It always gives a tree; what could not be read stands in it as BadStmt or BadExpr and is
// reported to bag. It goes on after an error at the next statement.
func Parse(f *source.File, opt Options, bag *diag.Bag) *File {
	return &File{Source: f, Body: &Block{}}
}
