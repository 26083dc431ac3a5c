package eval

import (
	"mavis/perlconf/source"
	"mavis/perlconf/syntax"
)

// block compiles a block in a scope of its own.
func (c *compiler) block(b *syntax.Block) *blockNode {
	outer, pkg, strict := c.scope, c.pkg, c.strict
	c.push()
	out := c.stmts(b)
	c.scope, c.pkg, c.strict = outer, pkg, strict
	return out
}

// stmts compiles statements in the present scope.
func (c *compiler) stmts(b *syntax.Block) *blockNode {
	out := &blockNode{}
	if b == nil {
		return out
	}
	matchBefore := c.matches
	top := c.keepGoing && c.fn.parent == nil && c.scope == c.fn.top
	for _, s := range b.Stmts {
		before := c.failed
		if top {
			c.failed = nil
		}
		if st := c.stmt(s); st != nil && !(top && c.failed != nil) {
			out.stmts = append(out.stmts, st)
		}
		if top && before != nil {
			c.failed = before
		}
	}
	out.hasLocal = c.scope.local
	out.hasMatch = c.matches != matchBefore
	return out
}

// maybe compiles code that may not run.
func (c *compiler) maybe(b *syntax.Block) *blockNode {
	c.cond++
	out := c.block(b)
	c.cond--
	return out
}

func (c *compiler) stmt(s syntax.Stmt) stmt {
	switch x := s.(type) {
	case *syntax.ExprStmt:
		return c.exprStmt(x)
	case *syntax.If:
		return c.ifStmt(x)
	case *syntax.While:
		return c.whileStmt(x)
	case *syntax.ForC:
		return c.forStmt(x)
	case *syntax.Foreach:
		return c.foreachStmt(x)
	case *syntax.BlockStmt:
		catches := c.enterLoop()
		st := &blockStmt{label: x.Label, body: c.block(x.Body), loopInfo: loopInfo{catches}}
		c.leaveLoop()
		if x.Continue != nil {
			st.cont = c.block(x.Continue)
		}
		return st
	case *syntax.SubDecl:
		c.subDecl(x)
	case *syntax.Package:
		return c.packageStmt(x)
	case *syntax.Use:
		return c.use(x)
	}
	return nil // Nop and BadStmt, which the parser has reported
}

func (c *compiler) exprStmt(x *syntax.ExprStmt) stmt {
	switch e := x.X.(type) {
	case *syntax.Jump:
		if st := c.jumpStmt(e, x.Span()); st != nil {
			return st
		}
	case *syntax.Binary:
		onFor := false
		switch e.Op {
		case "and", "&&":
			onFor = true
		case "or", "||":
		default:
			return &exprStmt{c.expr(x.X), x.Span()}
		}
		if j, ok := e.R.(*syntax.Jump); ok {
			cond := c.expr(e.L)
			if st := c.jumpStmt(j, x.Span()); st != nil {
				return &andStmt{cond, onFor, st, x.Span()}
			}
		}
	}
	return &exprStmt{c.expr(x.X), x.Span()}
}

// jumpStmt gives nil for what must be an expression.
func (c *compiler) jumpStmt(j *syntax.Jump, span source.Span) stmt {
	st := &jumpStmt{label: j.Label, sp: span}
	switch j.Op {
	case "next":
		st.kind = ctlNext
	case "last":
		st.kind = ctlLast
	case "redo":
		st.kind = ctlRedo
	case "return":
		st.kind = ctlReturn
		if j.X != nil {
			st.x = c.expr(j.X)
		}
	default:
		return nil
	}
	if c.fn.nested > 0 {
		c.throws()
	}
	return st
}

// throws notes that a jump may come out of an expression here.
func (c *compiler) throws() {
	c.fn.proto.catches = true
	for _, l := range c.fn.loops {
		*l = true
	}
}

func (c *compiler) enterLoop() *bool {
	b := new(bool)
	c.fn.loops = append(c.fn.loops, b)
	return b
}

func (c *compiler) leaveLoop() { c.fn.loops = c.fn.loops[:len(c.fn.loops)-1] }

func (c *compiler) ifStmt(x *syntax.If) stmt {
	outer := c.scope
	c.push() // a my in the condition lives to the end of the statement
	st := &ifStmt{sp: x.Span()}
	if x.Postfix && len(x.Clauses) == 1 {
		c.scope = outer
	}
	for _, cl := range x.Clauses {
		cond := c.expr(cl.Cond)
		c.cond++
		var body *blockNode
		if x.Postfix {
			body = c.bareBody(cl.Body)
		} else {
			body = c.block(cl.Body)
		}
		c.cond--
		st.clauses = append(st.clauses, ifClause{cond, cl.Negate, body})
	}
	if x.Else != nil {
		st.other = c.maybe(x.Else)
	}
	if c.scope.local && c.scope != outer {
		outer.local = true
	}
	c.scope = outer
	return st
}

// bareBody compiles the statement before a modifier, which has no scope of its own.
func (c *compiler) bareBody(b *syntax.Block) *blockNode {
	out := &blockNode{}
	for _, s := range b.Stmts {
		if st := c.stmt(s); st != nil {
			out.stmts = append(out.stmts, st)
		}
	}
	return out
}

func (c *compiler) whileStmt(x *syntax.While) stmt {
	outer := c.scope
	c.push()
	st := &whileStmt{sp: x.Span(), label: x.Label, until: x.Until, doBlock: x.DoBlock}
	if x.Cond != nil {
		st.cond = c.loopCond(x.Cond)
	}
	if !x.DoBlock {
		st.catches = c.enterLoop()
	}
	c.cond++
	if x.Postfix && !x.DoBlock {
		st.body = c.bareBody(x.Body)
	} else {
		st.body = c.block(x.Body)
	}
	if x.Continue != nil {
		st.cont = c.block(x.Continue)
	}
	c.cond--
	if !x.DoBlock {
		c.leaveLoop()
	}
	c.scope = outer
	return st
}

// loopCond adds the defined that Perl puts around reading in a condition.
func (c *compiler) loopCond(e syntax.Expr) node {
	switch x := e.(type) {
	case *syntax.Readline:
		return c.implicitAssign(c.expr(x))
	case *syntax.Func:
		switch x.Name {
		case "readline", "readdir", "glob":
			return c.implicitAssign(c.expr(x))
		}
	case *syntax.Assign:
		if my, ok := x.L.(*syntax.My); x.Op == "=" && (!ok || !my.Paren) {
			if _, isList := x.L.(*syntax.List); isList {
				break
			}
			switch r := x.R.(type) {
			case *syntax.Readline:
				return &definedNode{at{e.Span()}, c.expr(e)}
			case *syntax.Func:
				if r.Name == "readline" || r.Name == "readdir" || r.Name == "glob" || r.Name == "each" {
					return &definedNode{at{e.Span()}, c.expr(e)}
				}
			}
		}
	case *syntax.List:
		if len(x.Elems) == 1 {
			return c.loopCond(x.Elems[0])
		}
	}
	return c.expr(e)
}

func (c *compiler) implicitAssign(read node) node {
	us := &globScalar{at{read.span()}, c.in.global.underscore}
	return &definedNode{at{read.span()}, &assignScalar{at{read.span()}, us, read, nil}}
}

func (c *compiler) forStmt(x *syntax.ForC) stmt {
	outer := c.scope
	c.push()
	st := &whileStmt{sp: x.Span(), label: x.Label}
	if x.Init != nil {
		st.init = c.expr(x.Init)
	}
	if x.Cond != nil {
		st.cond = c.loopCond(x.Cond)
	}
	c.cond++
	st.catches = c.enterLoop()
	st.body = c.block(x.Body)
	c.leaveLoop()
	if x.Step != nil {
		st.step = c.expr(x.Step)
	}
	c.cond--
	c.scope = outer
	return st
}

func (c *compiler) foreachStmt(x *syntax.Foreach) stmt {
	outer := c.scope
	st := &foreachStmt{sp: x.Span(), label: x.Label, slot: -1}
	if x.List != nil {
		st.list = c.expr(single(x.List))
	}
	c.push()
	switch v := x.Var.(type) {
	case nil:
		st.glob = c.in.global.underscore
	case *syntax.My:
		vr, ok := v.Vars[0].(*syntax.Var)
		if !ok {
			return nil
		}
		if v.Kind == "our" {
			c.myVar(v.Kind, vr)
			st.glob = c.in.glob(c.pkg, vr.Name)
		} else {
			st.slot = c.declare("$" + vr.Name).slot
		}
	case *syntax.Var:
		if lv, slot := c.lookup("$" + v.Name); lv != nil && lv.glob == nil && lv.state == nil {
			st.slot = slot
		} else if lv != nil && lv.glob != nil {
			st.glob = lv.glob
		} else {
			st.glob = c.global(v.Span(), '$', v.Name)
		}
	default:
		c.errorf(CodeCannotModify, x.Var.Span(), "", "the loop variable must be a plain variable")
		st.glob = c.in.global.underscore
	}
	c.cond++
	st.catches = c.enterLoop()
	if x.Postfix {
		st.body = c.bareBody(x.Body)
	} else {
		st.body = c.block(x.Body)
	}
	if x.Continue != nil {
		st.cont = c.block(x.Continue)
	}
	c.leaveLoop()
	c.cond--
	c.scope = outer
	return st
}

// single takes the parentheses from around one expression.
func single(e syntax.Expr) syntax.Expr {
	for {
		l, ok := e.(*syntax.List)
		if !ok || len(l.Elems) != 1 {
			return e
		}
		e = l.Elems[0]
	}
}

func (c *compiler) packageStmt(x *syntax.Package) stmt {
	if x.Body == nil {
		c.pkg = x.Name
		return nil
	}
	outer := c.pkg
	c.pkg = x.Name
	b := c.block(x.Body)
	c.pkg = outer
	return &blockStmt{body: b}
}

// subDecl defines a named sub at once; BEGIN runs at once.
func (c *compiler) subDecl(x *syntax.SubDecl) {
	switch x.Name {
	case "BEGIN", "UNITCHECK", "CHECK", "INIT":
		fn := c.body(x.Name, x.Body, x.Span())
		if c.failed != nil {
			return
		}
		code := &Code{Name: x.Name, Package: c.pkg, Span: x.Span(), fn: fn, caps: fixedCaps(fn)}
		err := c.in.guard(func() { c.in.callScalar(code, nil, Void, x.Span(), x.Name) })
		if err != nil {
			c.report(err.Diag)
			c.failed = err
		}
		return
	case "END":
		c.refuse(x.Span(), "an END block", "A configuration has no end of its own; remove it.")
		return
	}
	g := c.in.glob(c.pkg, x.Name)
	code := &Code{Name: g.Name, Package: g.Package, Span: x.Span()}
	if x.HasProto {
		p := x.Proto
		code.Proto = &p
	}
	if x.Body == nil {
		if g.cv == nil {
			g.cv = code
		}
		return
	}
	if c.pkg != c.in.pkg && c.in.quiet == 0 && (c.in.opt.Hooked == nil || c.in.opt.Hooked(c.pkg)) {
		c.errorf(CodePackage, x.Span(), "Perl code that hooks into the original's classes cannot run here; remove the package.",
			"sub %s in package %s would never be called", x.Name, c.pkg)
	}
	c.cond++
	if g.cv == nil || g.cv.Native != nil || g.cv.fn != nil {
		g.cv = code
	} else { // keep references to a forward declaration true
		*g.cv = *code
		code = g.cv
	}
	code.fn = c.body(g.Name, x.Body, x.Span())
	code.caps = fixedCaps(code.fn)
	c.cond--
}

func fixedCaps(fn *proto) []any {
	caps := make([]any, len(fn.caps))
	for i, cp := range fn.caps {
		caps[i] = cp.fixed
	}
	return caps
}

// body compiles the body of a sub; an empty name makes a closure.
func (c *compiler) body(name string, b *syntax.Block, span source.Span) *proto {
	fn := &fnState{parent: c.fn, scope: c.scope, proto: &proto{name: name, pkg: c.pkg, span: span}}
	return c.inside(fn, b)
}

func (c *compiler) inside(fn *fnState, b *syntax.Block) *proto {
	outer, outerFn, pkg, strict, matches := c.scope, c.fn, c.pkg, c.strict, c.matches
	c.fn = fn
	fn.top = c.push()
	fn.proto.body = c.stmts(b)
	c.scope, c.fn, c.pkg, c.strict, c.matches = outer, outerFn, pkg, strict, matches
	return fn.proto
}
