package eval

import (
	"fmt"

	"mavis/perlconf/diag"
	"mavis/perlconf/source"
	"mavis/perlconf/syntax"
)

// run compiles and runs a parsed file. before is an error that the parser has reported already.
func (in *Interp) run(tree *syntax.File, before *Error) (Value, error) {
	var v Value
	in.begin()
	err := in.guard(func() {
		f, e := in.compileFile(tree, before)
		if e != nil {
			if !in.opt.KeepGoing {
				panic(e)
			}
			in.broken = true
		}
		f.want = ScalarContext
		in.runBody(f)
		v = f.rv
	})
	if err != nil {
		in.addOnce(err)
		in.typos()
		return nil, err
	}
	in.typos()
	return v, nil
}

func (in *Interp) addOnce(err *Error) {
	if !in.inBag(err) {
		in.bag.Add(err.Diag)
	}
}

// attempt runs one statement of a file; when it fails, that is reported and the next one may run. What bounds a run
// ends it all the same.
func (in *Interp) attempt(s stmt, f *frame, want Context) (c ctl) {
	wasBroken := in.broken
	err := in.guard(func() { c = s.exec(f, want) })
	if err == nil {
		return c
	}
	in.broken = true
	switch err.Diag.Code {
	case CodeSteps, CodeCancelled:
		panic(err)
	case CodeInternal:
		if wasBroken {
			return ctlNone
		}
	}
	in.addOnce(err)
	f.rv = int64(1)
	return ctlNone
}

func (in *Interp) inBag(e *Error) bool {
	for i := range in.bag.All {
		d := &in.bag.All[i]
		if d.Severity == diag.Error && d.Code == e.Diag.Code && d.Span == e.Diag.Span && d.Message == e.Diag.Message {
			return true
		}
	}
	return false
}

// compileFile gives a frame ready to run.
func (in *Interp) compileFile(tree *syntax.File, before *Error) (*frame, *Error) {
	in.trees = append(in.trees, tree)
	if !tree.Source.Fragment {
		in.files = append(in.files, tree.Source)
	}
	fn := &fnState{proto: &proto{pkg: in.pkg}}
	f := &frame{in: in, fn: fn.proto, args: &Array{}, pkg: in.pkg, from: in.cur}
	fn.static = f
	if tree.Data > 0 {
		in.glob(in.pkg, "DATA").IO = &fileHandle{name: tree.Source.Name, open: true, text: string(tree.Source.Text[tree.Data:])}
	}
	c := &compiler{in: in, file: tree.Source, pkg: in.pkg, failed: before, keepGoing: in.opt.KeepGoing}
	quiet := in.quiet
	in.quiet = 0
	defer func() { in.quiet = quiet }()
	c.inside(fn, tree.Body)
	if c.failed != nil && !c.keepGoing {
		return nil, c.failed
	}
	fn.proto.body.guarded = c.keepGoing
	f.grow(fn.proto.nslots)
	return f, c.failed
}

// typos warns of names that nobody declared and that stand only once in the files.
func (in *Interp) typos() {
	order := in.unknownOrder
	in.unknownOrder = nil
	for _, g := range order {
		m := in.unknown[g]
		for i := range m {
			if m[i].count != 1 || g.imported[i] {
				continue
			}
			name := string("$@%"[i]) + g.Name
			d := diag.Diagnostic{Code: CodeTypo, Severity: diag.Warning, Span: m[i].span,
				Message: "nobody knows a variable " + name + "; it stands only here and has no effect"}
			if near := nearest(name, in.declared(g.Package)); near != "" {
				d.Help = "did you mean " + near + "?"
				if m[i].span.Text() == name {
					d.Fixes = []diag.Fix{{Message: "replace by " + near, Edits: []diag.Edit{{Span: m[i].span, New: near}}}}
				}
			}
			in.bag.Add(d)
		}
	}
}

// Undeclared gives the package variables, with sigils, that files used without strict and that nobody declared,
// with the place of the first use.
func (in *Interp) Undeclared() map[string]source.Span {
	out := map[string]source.Span{}
	for g, m := range in.unknown {
		for i := range m {
			if m[i].count > 0 && !g.imported[i] {
				name := g.Name
				if g.Package != in.pkg {
					name = g.Package + "::" + name
				}
				out[string("$@%"[i])+name] = m[i].span
			}
		}
	}
	return out
}

// doFile is do FILE: undef with $! when the file cannot be read, with $@ when it fails.
func (in *Interp) doFile(name string, want Context, span source.Span) ([]Value, *Error, error) {
	text, err := in.host.ReadFile(name)
	if err != nil {
		in.setErrno(err)
		return nil, nil, err
	}
	if in.fileDep >= 50 {
		in.stop(CodeDepth, span, "Look for a file that includes itself.", "files are nested more than 50 deep")
	}
	in.fileDep++
	defer func() { in.fileDep-- }()
	src := source.New(name, text)
	src.IncludedAt = span
	var out []Value
	e := in.guard(func() {
		var own diag.Bag
		tree := syntax.Parse(src, syntax.Options{Protos: in.Protos(), Package: in.pkg}, &own)
		var first *Error
		for _, d := range own.All {
			in.bag.Add(d)
			if d.Severity == diag.Error && first == nil {
				first = &Error{Diag: d, Value: d.Message + atPlace(d.Span) + ".\n"}
			}
		}
		f, e := in.compileFile(tree, first)
		if e != nil {
			if !in.opt.KeepGoing {
				panic(e)
			}
			in.broken = true
		}
		f.want = want
		in.runBody(f)
		if out = f.ret; want != ListContext {
			out = []Value{f.rv}
		}
	})
	return out, e, nil
}

// evalString is eval STRING.
func (n *evalStr) run(f *frame, want Context) {
	in := f.in
	f.rv, f.ret = nil, nil
	text := ToString(n.x.scalar(f))
	in.evals++
	src := source.New(fmt.Sprintf("(eval %d)", in.evals), []byte(text))
	in.step(len(text) >> 3)
	err := in.guard(func() {
		var own diag.Bag
		tree := syntax.Parse(src, syntax.Options{Protos: in.Protos(), MaxDepth: 200, Package: n.pkg}, &own)
		for _, d := range own.All {
			if d.Severity == diag.Error {
				panic(&Error{Diag: d, Value: "syntax error: " + d.Message + atPlace(d.Span) + ".\n"})
			}
		}
		fn := &fnState{parent: n.fn, scope: n.scope, proto: &proto{pkg: n.pkg, span: n.sp}, outer: f}
		c := &compiler{in: in, file: src, pkg: n.pkg, strict: n.strict, fn: n.fn, scope: n.scope}
		in.quiet++
		func() {
			defer func() { in.quiet-- }()
			c.inside(fn, tree.Body)
		}()
		if c.failed != nil {
			panic(c.failed)
		}
		inner := &frame{in: in, fn: fn.proto, slots: make([]any, fn.proto.nslots), args: f.args, want: want,
			from: in.cur, pkg: n.pkg}
		for _, cp := range fn.proto.caps {
			inner.slots[cp.inner] = cp.fixed
		}
		in.runBody(inner)
		f.rv, f.ret = inner.rv, inner.ret
	})
	in.caughtError(err, f)
}

type evalStr struct {
	at
	x      node
	fn     *fnState
	scope  *cscope
	strict strictness
	pkg    string
}

func (n *evalStr) scalar(f *frame) Value {
	n.run(f, ScalarContext)
	return f.rv
}

func (n *evalStr) void(f *frame) { n.run(f, Void) }

func (n *evalStr) list(f *frame, out []Value) []Value {
	n.run(f, ListContext)
	return append(out, f.ret...)
}

// caughtError sets $@ after an eval. What may not be caught is thrown again.
func (in *Interp) caughtError(err *Error, f *frame) {
	s := in.global.evalErr.scalar()
	if err == nil {
		_ = s.Set("")
		return
	}
	if err.fatal {
		panic(err)
	}
	f.rv, f.ret = nil, nil
	_ = s.Set(err.Value)
}

// evalBlock is eval {..}.
type evalBlock struct {
	at
	body *blockNode
}

func (c *compiler) evalBlock(x *syntax.EvalBlock) node {
	c.cond++
	loops := c.fn.loops
	c.fn.loops = append([]*bool(nil), loops...)
	c.fn.nested++ // a next in it must leave through the guard
	nested := c.fn.nested
	n := &evalBlock{at: at{x.Span()}, body: c.block(x.Body)}
	c.fn.nested = nested - 1
	c.fn.loops = loops
	c.cond--
	return n
}

func (n *evalBlock) run(f *frame, want Context) {
	outer := f.want
	f.want = want
	var c ctl
	err := f.in.guardJump(f, func() { c = n.body.exec(f, want) })
	f.want = outer
	f.in.caughtError(err, f)
	if err == nil && (c == ctlNext || c == ctlLast || c == ctlRedo) {
		panic(&jump{kind: c, label: f.label, frame: f, op: "next", span: n.sp})
	}
}

// guardJump is guard, through which loop jumps pass; a return ends the eval itself.
func (in *Interp) guardJump(f *frame, run func()) *Error {
	var j *jump
	err := in.guard(func() {
		defer func() {
			if r := recover(); r != nil {
				if x, ok := r.(*jump); ok {
					j = x
					return
				}
				panic(r)
			}
		}()
		run()
	})
	if err == nil && j != nil && !(j.kind == ctlReturn && j.frame == f) {
		panic(j)
	}
	return err
}

func (n *evalBlock) scalar(f *frame) Value {
	n.run(f, ScalarContext)
	return f.rv
}

func (n *evalBlock) void(f *frame) { n.run(f, Void) }

func (n *evalBlock) list(f *frame, out []Value) []Value {
	n.run(f, ListContext)
	return append(out, f.ret...)
}

// doBlock is do {..} as an expression.
type doBlock struct {
	at
	body *blockNode
}

func (c *compiler) doBlock(x *syntax.DoBlock) node {
	c.fn.nested++
	n := &doBlock{at{x.Span()}, c.block(x.Body)}
	c.fn.nested--
	return n
}

func (n *doBlock) run(f *frame, want Context) {
	f.rv, f.ret = nil, nil
	if c := n.body.exec(f, want); c != ctlNone {
		panic(&jump{kind: c, label: f.label, frame: f, op: "next", span: n.sp})
	}
}

func (n *doBlock) scalar(f *frame) Value {
	n.run(f, ScalarContext)
	return f.rv
}

func (n *doBlock) void(f *frame) { n.run(f, Void) }

func (n *doBlock) list(f *frame, out []Value) []Value {
	n.run(f, ListContext)
	return append(out, f.ret...)
}

// jumpExpr is next, last, redo or return inside an expression.
type jumpExpr struct {
	at
	kind  ctl
	op    string
	label string
	x     node
}

func (c *compiler) jumpExpr(x *syntax.Jump) node {
	if x.Op == "goto" {
		return c.refuse(x.Span(), "goto", "Call the sub instead.")
	}
	c.throws()
	n := &jumpExpr{at: at{x.Span()}, op: x.Op, label: x.Label}
	n.kind = map[string]ctl{"next": ctlNext, "last": ctlLast, "redo": ctlRedo, "return": ctlReturn}[x.Op]
	if x.X != nil {
		n.x = c.expr(x.X)
	}
	return n
}

func (n *jumpExpr) scalar(f *frame) Value {
	if n.kind == ctlReturn {
		f.rv, f.ret = nil, nil
		if n.x != nil {
			evalIn(n.x, f, f.want)
		}
	}
	panic(&jump{kind: n.kind, label: n.label, frame: f, op: n.op, span: n.sp})
}

// require is require FILE and do FILE.
type doFileNode struct {
	at
	x       node
	require bool
}

func (n *doFileNode) run(f *frame, want Context) []Value {
	in := f.in
	name := ToString(n.x.scalar(f))
	if n.require {
		want = ScalarContext
		if in.loaded[name] {
			return []Value{int64(1)}
		}
	}
	out, e, err := in.doFile(name, want, n.sp)
	if n.require {
		switch {
		case err != nil:
			in.fail(CodeDie, n.sp, "Can't locate %s", name)
		case e != nil:
			panic(e)
		case !ToBool(lastOf(out)):
			in.fail(CodeDie, n.sp, "%s did not return a true value", name)
		}
		in.loaded[name] = true
		return out
	}
	s := in.global.evalErr.scalar()
	switch {
	case err != nil:
		return []Value{nil}
	case e != nil:
		if e.fatal {
			panic(e)
		}
		in.noteSwallowed(e)
		_ = s.Set(e.Value)
		return []Value{nil}
	}
	_ = s.Set("")
	return out
}

// noteSwallowed keeps a fault of an included file visible even when nobody looks at $@.
func (in *Interp) noteSwallowed(e *Error) {
	if in.inBag(e) {
		return
	}
	d := e.Diag
	d.Severity = diag.Warning
	in.bag.Add(d)
}

func (n *doFileNode) scalar(f *frame) Value { return lastOf(n.run(f, ScalarContext)) }
func (n *doFileNode) list(f *frame, out []Value) []Value {
	return append(out, n.run(f, ListContext)...)
}
