// Package eval runs the tree of a configuration file: Perl's scalars, arrays, hashes, references and code, where every
// value knows its origin. It reaches the machine only through a Host.
package eval

import (
	"mavis/perlconf/regex"
	"mavis/perlconf/source"
	"mavis/perlconf/syntax"
)

// Value is what a scalar can hold: nil (undef), string (bytes), int64, float64, or a reference:
// *Scalar, *Array, *Hash, *Code, *Regexp, *Glob. Booleans are Perl's own: int64(1) and "".
// A reference to a container that was blessed carries its class in the container.
type Value any

// Origin says how a container got its present value.
type Origin struct {
	Span source.Span // the assignment; its File leads to the include chain
	Prev *Origin     // what it overwrote, nil for the first
}

// Scalar is a variable, an element, or what \"x" points to.
type Scalar struct {
	V      Value
	Origin *Origin
	Class  string // package it was blessed into
	// Magic makes a scalar computed or watched, such as $@, $1 and %ENV members; nil for plain ones.
	Magic Magic
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
}

// Hash keeps keys in order of insertion, so that output does not depend on chance.
type Hash struct {
	M      map[string]*Scalar
	Order  []string // may hold deleted keys; use Keys
	Origin *Origin
	Class  string
}

// Code is a sub: either Body with its captured scope, or Native.
type Code struct {
	Name    string // "" for anonymous
	Package string
	Proto   *string
	Body    *syntax.Block
	Native  func(c *Call) ([]Value, error)
	Const   bool // a constant: folds, may not be redefined silently
	Span    source.Span
	env     *scope
}

// Regexp is a qr// object. Pattern and Flags are what Perl's regexp_pattern would give.
type Regexp struct {
	Pattern string
	Flags   string
	Span    source.Span
	RE      *regex.Regexp
}

// Glob is *name: the four things that share a name, or a file handle.
type Glob struct {
	Package, Name string
	IO            any
}

// Call is what a native sub sees.
type Call struct {
	In   *Interp
	Args []*Scalar // aliases of the arguments, as @_ has
	Want Context
	Span source.Span // of the call
}

// Context is what the caller wants.
type Context int

const (
	Void Context = iota
	ScalarContext
	ListContext
)
