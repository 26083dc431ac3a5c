package eval

import (
	"fmt"

	"mavis/perlconf/diag"
	"mavis/perlconf/source"
)

type strictness uint8

const (
	strictRefs strictness = 1 << iota
	strictVars
	strictSubs
	strictAll = strictRefs | strictVars | strictSubs
)

// compiler turns a tree into nodes and checks what strict demands.
type compiler struct {
	in      *Interp
	file    *source.File
	fn      *fnState
	scope   *cscope
	pkg     string
	strict  strictness
	failed  *Error
	cond    int // inside code that may not run
	interp  int // inside a double-quoted string
	matches int // how many matches were compiled
	// keepGoing leaves statements at the top of the file out that are wrong
	keepGoing bool
}

// fnState is a sub, file or eval string being compiled.
type fnState struct {
	parent *fnState
	scope  *cscope // of the parent, where this one stands
	proto  *proto
	static *frame  // the frame of a file, which exists while it is compiled
	outer  *frame  // for eval strings: the frame of the code around
	loops  []*bool // of the loops around the present place: set when one must catch jumps
	nested int     // depth of do blocks and the like, out of which return must jump
	top    *cscope // the outermost scope of its own, where captures are kept
}

// cscope is a lexical scope.
type cscope struct {
	parent *cscope
	fn     *fnState
	vars   map[string]*lexVar
	local  bool // something is made local in it
}

// lexVar is a my, state or our variable.
type lexVar struct {
	name  string // with sigil
	slot  int
	glob  *Glob // our
	state any   // the container of a state variable
	fixed bool  // a sub compiled before the file runs has captured it
}

func (c *compiler) errorf(code string, span source.Span, help, format string, args ...any) {
	d := diag.Diagnostic{Code: code, Severity: diag.Error, Span: span, Message: fmt.Sprintf(format, args...), Help: help}
	c.report(d)
}

func (c *compiler) report(d diag.Diagnostic) {
	if d.Severity == diag.Error {
		e := &Error{Diag: d, Value: d.Message + atPlace(d.Span) + ".\n"}
		if c.failed == nil {
			c.failed = e
		}
		if c.in.quiet > 0 { // in an eval string the message goes to $@ only
			return
		}
	}
	c.in.bag.Add(d)
}

// leftToCaller are words that subs in scanner entries use around a program, as in the stock configuration. Whoever runs the
// program does their work; reached here they stop all the same.
var leftToCaller = map[string]bool{"chdir": true}

// refuse reports something that is not run here: an error where it would surely run, else a warning now and an
// error when it is reached.
func (c *compiler) refuse(span source.Span, what, help string) node {
	if c.cond == 0 && c.fn.static != nil && c.in.quiet == 0 {
		c.errorf(CodeNotRun, span, help, "%s is not run here", what)
	} else if c.in.quiet == 0 && !leftToCaller[what] {
		c.in.bag.Add(diag.Diagnostic{Code: CodeNotRunInSub, Severity: diag.Warning, Span: span,
			Message: what + " is not run here; the file fails when it gets to this place", Help: help})
	}
	return &refusedNode{at{span}, what, help}
}

// refusedNode ends the run when it is reached.
type refusedNode struct {
	at
	what, help string
}

func (n *refusedNode) scalar(f *frame) Value {
	f.in.stop(CodeNotRun, n.sp, n.help, "%s is not run here", n.what)
	return nil
}

func (n *refusedNode) lv(f *frame) *Scalar { n.scalar(f); return nil }

func (c *compiler) push() *cscope {
	c.scope = &cscope{parent: c.scope, fn: c.fn}
	return c.scope
}

func (c *compiler) newSlot() int {
	n := c.fn.proto.nslots
	c.fn.proto.nslots++
	return n
}

// declare makes a my variable in the present scope.
func (c *compiler) declare(name string) *lexVar {
	v := &lexVar{name: name, slot: c.newSlot()}
	c.bind(v)
	return v
}

func (c *compiler) bind(v *lexVar) {
	if c.scope.vars == nil {
		c.scope.vars = map[string]*lexVar{}
	}
	c.scope.vars[v.name] = v
}

// lookup finds a lexical by name with sigil, and the slot it has in the sub being compiled; the variable of an outer
// sub is captured.
func (c *compiler) lookup(name string) (*lexVar, int) { return lookupIn(c.fn, c.scope, name) }

func lookupIn(fn *fnState, scope *cscope, name string) (*lexVar, int) {
	for s := scope; s != nil && s.fn == fn; s = s.parent {
		if v := s.vars[name]; v != nil {
			return v, v.slot
		}
	}
	if fn.parent == nil {
		return nil, 0
	}
	v, outer := lookupIn(fn.parent, fn.scope, name)
	if v == nil || v.glob != nil || v.state != nil {
		return v, 0
	}
	cp := capture{outer: outer, sigil: name[0]}
	switch {
	case fn.outer != nil:
		if outer < len(fn.outer.slots) {
			cp.fixed = fn.outer.slot(outer, name[0])
		} else {
			cp.fixed = newContainer(name[0])
		}
	case fn.proto.name != "" && fn.parent.static != nil:
		cp.fixed = fn.parent.static.pin(outer, name[0])
		v.fixed = true
	case fn.proto.name != "":
		cp.fixed = newContainer(name[0])
	}
	cp.inner = fn.proto.nslots
	fn.proto.nslots++
	fn.proto.caps = append(fn.proto.caps, cp)
	inner := &lexVar{name: name, slot: cp.inner}
	if fn.top.vars == nil {
		fn.top.vars = map[string]*lexVar{}
	}
	fn.top.vars[name] = inner
	return inner, cp.inner
}

// pin gives the container of a slot of a frame that exists before it runs.
func (f *frame) pin(slot int, sigil byte) any {
	f.grow(slot + 1)
	return f.slot(slot, sigil)
}

func (f *frame) grow(n int) {
	if len(f.slots) < n {
		f.slots = append(f.slots, make([]any, n-len(f.slots))...)
	}
}

// global resolves the name of a package variable and applies strict vars.
func (c *compiler) global(span source.Span, sigil byte, name string) *Glob {
	g := c.in.glob(c.pkg, name)
	i := sigilIndex(sigil)
	if i < 0 || g.imported[i] || g.Package == "main" && isSpecialName(g.Name) || qualified(name) ||
		sigil == '$' && (name == "a" || name == "b") {
		return g
	}
	if c.strict&strictVars == 0 {
		m := c.in.unknown[g]
		if m == nil {
			m = &[3]mention{}
			c.in.unknown[g] = m
			c.in.unknownOrder = append(c.in.unknownOrder, g)
		}
		m[i].count++
		if m[i].count == 1 {
			m[i].span = span
		}
		return g
	}
	full := string("$@%"[i]) + name
	help := "declare it with my or our"
	var fixes []diag.Fix
	if near := c.suggest(full); near != "" {
		help = "did you mean " + near + "?"
		if span.Text() == full {
			fixes = []diag.Fix{{Message: "replace by " + near, Edits: []diag.Edit{{Span: span, New: near}}}}
		}
	}
	if c.interp > 0 && sigil == '@' {
		help = "in double quotes @" + name + " is an array; write \\@" + name + " or use single quotes"
		fixes = []diag.Fix{{Message: "put a backslash before @", Edits: []diag.Edit{
			{Span: source.Span{File: span.File, Start: span.Start, End: span.Start}, New: "\\"}}}}
	}
	c.report(diag.Diagnostic{Code: CodeUndeclared, Severity: diag.Error, Span: span, Help: help, Fixes: fixes,
		Message: "variable " + full + " is not declared, and strict is in force"})
	return g
}

func qualified(name string) bool {
	for i := 0; i+1 < len(name); i++ {
		if name[i] == ':' && name[i+1] == ':' {
			return true
		}
	}
	return false
}

// mention counts how often a name stands in the files.
type mention struct {
	count int
	span  source.Span
}
