// Package eval runs the tree of a configuration file: Perl's scalars, arrays, hashes, references and code, where every
// value knows its origin. It reaches the machine only through a Host.
package eval

import (
	"mavis/perlconf/regex"
	"mavis/perlconf/source"
)

// Value is what a scalar can hold: nil (undef), string (bytes), int64, float64, uint64 (only for integers above the
// range of int64), *Dual, or a reference: *Scalar, *Array, *Hash, *Code, *Regexp, *Glob; or GlobValue, a glob itself.
// Booleans are Perl's own: int64(1) and "".
// A reference to a container that was blessed carries its class in the container.
type Value any

// Dual is a value with a number and a text of its own, such as $!.
type Dual struct {
	Num int64
	Str string
}

// GlobValue is *name as a value; a *Glob as a Value is a reference to it, \*name.
type GlobValue struct{ G *Glob }

// Origin says how a container got its present value.
type Origin struct {
	Span source.Span // the assignment; its File leads to the include chain
	Prev *Origin     // what it overwrote, nil for the first
	n    int         // length of the chain, which is bounded
}

// Scalar is a variable, an element, or what \"x" points to.
type Scalar struct {
	V      Value
	Origin *Origin
	Class  string // package it was blessed into
	// Magic makes a scalar computed or watched, such as $@, $1 and %ENV members; nil for plain ones.
	Magic Magic
	pos   int // where m//g goes on, plus one; 0 is undef
	ro    bool
}

// Magic intercepts reading and writing of a scalar.
type Magic interface {
	Get() Value
	Set(Value) error
}

// Array and Hash hold containers, so that references to elements and aliases work.
type Array struct {
	Elems  []*Scalar // a nil element does not exist and reads as undef
	Origin *Origin
	Class  string
	iter   int
}

// Hash keeps keys in order of insertion, so that output does not depend on chance.
type Hash struct {
	M      map[string]*Scalar
	Order  []string // may hold deleted keys; use Keys
	Origin *Origin
	Class  string
	stale  map[string]int // how often a key stands in Order without being there any more
	dead   int            // how many entries of Order are stale
	iter   []string       // what each has yet to give
	inIter bool
}

// Code is a sub: either compiled from a file, with what it captured, or Native.
type Code struct {
	Name    string // "" for anonymous
	Package string
	Proto   *string
	Native  func(c *Call) ([]Value, error)
	Const   bool // a constant: folds, may not be redefined silently
	Span    source.Span
	Class   string
	fn      *proto
	caps    []any
	value   []Value // of a constant
}

// Regexp is a qr// object. Pattern and Flags are what Perl's regexp_pattern would give.
type Regexp struct {
	Pattern string
	Flags   string
	Span    source.Span
	RE      *regex.Regexp
	Class   string // "" means Regexp
}

// Glob is *name: the things that share a name, or a file handle.
type Glob struct {
	Package, Name string
	IO            any
	Class         string
	sv            *Scalar
	av            *Array
	hv            *Hash
	cv            *Code
	imported      [3]bool // may be named without package under strict: $ @ %
	predeclared   bool    // by the host
}

// Call is what a native sub sees.
type Call struct {
	In   *Interp
	Args []*Scalar // aliases of the arguments, as @_ has
	Want Context
	Span source.Span // of the call
	Name string      // the name it was called by, "" for a call through a reference
}

// Arg gives argument i, undef when there is none.
func (c *Call) Arg(i int) Value {
	if i >= len(c.Args) {
		return nil
	}
	return c.Args[i].Get()
}

// Values gives all arguments.
func (c *Call) Values() []Value {
	out := make([]Value, len(c.Args))
	for i, a := range c.Args {
		out[i] = a.Get()
	}
	return out
}

// Context is what the caller wants.
type Context int

// The three contexts of a call.
const (
	Void Context = iota
	ScalarContext
	ListContext
)
