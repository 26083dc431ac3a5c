package eval

import (
	"mavis/perlconf/source"
	"mavis/perlconf/syntax"
)

type proto struct{}
type frame struct{}
type mention struct{}
type jump struct {
	op   string
	span source.Span
}
type matchState struct{}
type fileHandle struct {
	name      string
	stream    int
	open, eof bool
}

func (m *matchState) group(n int) Value                                { return nil }
func (m *matchState) before() Value                                    { return nil }
func (m *matchState) after() Value                                     { return nil }
func (m *matchState) lastParen() Value                                 { return nil }
func (in *Interp) lastSpan() source.Span                               { return source.Span{} }
func (in *Interp) run(tree *syntax.File, before *Error) (Value, error) { return nil, nil }

// CallSub calls a sub with copies of the arguments.
func (in *Interp) CallSub(c *Code, want Context, args ...Value) ([]Value, error) { return nil, nil }
