// Package macro is the template language of notices and log lines: selectors, regexp selectors, iterators, macros
// defined in the template, active and neutral calls (amavisd README.customize, section EXPAND).
//
// A Template is compiled once and may be expanded by several goroutines. Values are octets; in a notice template they
// are expected to be UTF-8.
package macro

import (
	"errors"
	"fmt"
	"strings"
)

// ErrTooMuch is wrapped by the error of an expansion that went over its Limits.
var ErrTooMuch = errors.New("macro expansion exceeds its limit")

// Limits bound one expansion. A zero field means the default.
type Limits struct {
	Steps  int // tokens taken or produced; default 2 million
	Output int // octets of result and of intermediate strings; default 16 MiB
}

const (
	defaultSteps  = 2 << 20
	defaultOutput = 16 << 20
)

// Func computes a macro's value at the time of the call. Args are the arguments of the call without the name; an empty
// list also stands for the simple forms %x and %#x, and then the value is kept for the rest of the expansion.
type Func func(name string, args []string) Value

type valueKind byte

const (
	undefined valueKind = iota
	scalar
	list
	function
	defined // by the template itself
)

// Value is what a macro stands for. The zero Value is undefined: it expands to nothing.
type Value struct {
	kind valueKind
	text string
	of   any // []string of a list, Func of a function, []token of what a template defined
}

func (v Value) elements() []string { list, _ := v.of.([]string); return list }
func (v Value) function() Func     { f, _ := v.of.(Func); return f }
func (v Value) tokens() []token    { body, _ := v.of.([]token); return body }

// Undef is the value of a macro that is known but has none.
var Undef = Value{}

// Text is a scalar value.
func Text(s string) Value { return Value{kind: scalar, text: s} }

// List is a value of several elements. It differs from Text in %#x (the number of elements) and in iterators.
func List(elements ...string) Value { return Value{kind: list, of: elements} }

// Call is a value computed when needed.
func Call(f Func) Value { return Value{kind: function, of: f} }

// Upgrade is how octets look as text: each octet is the character of that number. The original mixes octets and text in
// notices, and what others see depends on it.
func Upgrade(octets string) string {
	if isASCII(octets) {
		return octets
	}
	r := make([]rune, len(octets))
	for i := range len(octets) {
		r[i] = rune(octets[i])
	}
	return string(r)
}

// Downgrade undoes Upgrade. Text with characters above 255 stays.
func Downgrade(text string) string {
	if isASCII(text) {
		return text
	}
	b := make([]byte, 0, len(text))
	for _, r := range text {
		if r > 255 {
			return text
		}
		b = append(b, byte(r))
	}
	return string(b)
}

// Lazy is Call for a function without arguments.
func Lazy(f func() Value) Value {
	return Call(func(string, []string) Value { return f() })
}

// Bool is 1 or undefined.
func Bool(b bool) Value {
	if b {
		return Text("1")
	}
	return Undef
}

// Str is the value as one string: list elements are joined with comma and space. A function is called without arguments.
func (v Value) Str() string {
	switch v.kind {
	case scalar:
		return v.text
	case list:
		return strings.Join(v.elements(), ", ")
	case function:
		return v.function()("", nil).Str()
	case defined:
		return flatten(v.tokens())
	}
	return ""
}

// Elements are what an iterator runs over: of a scalar, defined or not, the one value.
func (v Value) Elements() []string {
	switch v.kind {
	case list:
		return v.elements()
	case function:
		return v.function()("", nil).Elements()
	}
	return []string{v.Str()}
}

// Call gives the value of a function for these arguments; other values stand for themselves.
func (v Value) Call(name string, args []string) Value {
	for n := 0; v.kind == function && n < 100; n++ {
		v = v.function()(name, args)
	}
	return v
}

// Map changes every string of a value that is no function.
func (v Value) Map(f func(string) string) Value {
	switch v.kind {
	case scalar:
		return Text(f(v.text))
	case list:
		out := make([]string, len(v.elements()))
		for i, s := range v.elements() {
			out[i] = f(s)
		}
		return List(out...)
	}
	return v
}

// count is the value of %#x.
func (v Value) count() int {
	if v.kind == list {
		return len(v.elements())
	}
	if blank(v.Str()) {
		return 0
	}
	return 1
}

// Lookup finds a macro by name.
type Lookup interface {
	Macro(name string) (Value, bool)
}

// Map is a table of macros.
type Map map[string]Value

// Macro implements Lookup.
func (m Map) Macro(name string) (Value, bool) { v, ok := m[name]; return v, ok }

// Chain asks several tables in turn; the first that knows the name answers.
type Chain []Lookup

// Macro implements Lookup.
func (c Chain) Macro(name string) (Value, bool) {
	for _, l := range c {
		if l == nil {
			continue
		}
		if v, ok := l.Macro(name); ok {
			return v, true
		}
	}
	return Value{}, false
}

// Template is a compiled template.
type Template struct {
	text     string
	tokens   []token
	patterns patterns
}

// Compile reads a template. Every text is a valid template; an error means that it is too long.
func Compile(text string) (*Template, error) {
	if len(text) > defaultOutput {
		return nil, fmt.Errorf("template of %d octets: %w", len(text), ErrTooMuch)
	}
	return &Template{text: text, tokens: tokenize(text)}, nil
}

// String is the source text.
func (t *Template) String() string { return t.text }

// Expand gives the text with all macros replaced. After an error wrapping ErrTooMuch the string holds what was made
// until then.
func (t *Template) Expand(macros Lookup) (string, error) {
	return NewExpander(macros, Limits{}).Expand(t)
}

// Expander expands several templates with one table of macros: what one template defines with [= ] is known to the next.
// It is not safe for concurrent use.
type Expander struct {
	limits Limits
	macros Lookup
	own    map[string]Value
}

// NewExpander prepares expansions with the given macros and limits.
func NewExpander(macros Lookup, limits Limits) *Expander {
	if limits.Steps <= 0 {
		limits.Steps = defaultSteps
	}
	if limits.Output <= 0 {
		limits.Output = defaultOutput
	}
	if macros == nil {
		macros = Map{}
	}
	return &Expander{limits: limits, macros: macros, own: map[string]Value{}}
}

// Expand works as Template.Expand.
func (e *Expander) Expand(t *Template) (string, error) {
	m := newMachine(e, &t.patterns)
	defer m.release()
	m.push(t.tokens)
	err := m.run()
	return string(m.out), err
}

func (e *Expander) lookup(name string) (Value, bool) {
	if v, ok := e.own[name]; ok {
		return v, true
	}
	return e.macros.Macro(name)
}

// blank says whether s is empty or white space.
func blank(s string) bool { return strings.Trim(s, " \t\n\r\f\v") == "" }
