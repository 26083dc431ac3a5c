package eval

import (
	"strings"

	"mavis/perlconf/source"
	"mavis/perlconf/syntax"
)

func lit(span source.Span, v Value) *constNode {
	return &constNode{at{span}, v, &Origin{Span: span, n: 1}}
}

// expr compiles an expression.
func (c *compiler) expr(e syntax.Expr) node {
	here := at{}
	if e != nil {
		here.sp = e.Span()
	}
	switch x := e.(type) {
	case *syntax.Num:
		return lit(here.sp, numValue(x))
	case *syntax.Str:
		if n := len(x.Value); x.Bareword && c.strict&strictSubs != 0 && strings.Contains(x.Value[:max(0, n-2)], "::") {
			c.errorf(CodeBareword, here.sp, "put quotes around it", "=> quotes no name with ::, and strict is in force")
		}
		if x.Bareword {
			return lit(here.sp, strings.TrimSuffix(x.Value, "::"))
		}
		return lit(here.sp, x.Value)
	case *syntax.Interp:
		return c.interpolation(x)
	case *syntax.QW:
		l := &listNode{at: here}
		for i := range x.Words {
			w := lit(x.Words[i].Span(), x.Words[i].Value)
			l.elems = append(l.elems, w)
			l.origins = append(l.origins, w.origin)
		}
		return l
	case *syntax.Backtick:
		return &backtick{here, c.expr(x.Command)}
	case *syntax.Regexp:
		return c.regexp(x)
	case *syntax.Subst:
		return c.subst(x, nil)
	case *syntax.Trans:
		return c.trans(x, nil)
	case *syntax.Var:
		return c.variable(x)
	case *syntax.Deref:
		return c.deref(x)
	case *syntax.Elem:
		if x.Hash {
			return &hashElem{here, c.hashOf(x.Of), c.expr(x.Key)}
		}
		return &arrayElem{here, c.arrayOf(x.Of), c.expr(x.Key)}
	case *syntax.Slice:
		if x.Hash {
			return &hashSlice{here, c.hashOf(x.Of), c.expr(x.Keys), x.KV}
		}
		return &arraySlice{here, c.arrayOf(x.Of), c.expr(x.Keys), x.KV}
	case *syntax.ListSlice:
		n := &listSlice{at: here, keys: c.expr(x.Keys)}
		if x.List != nil {
			n.x = c.expr(x.List)
		}
		return n
	case *syntax.My:
		return c.my(x)
	case *syntax.List:
		if len(x.Elems) == 1 {
			return c.expr(x.Elems[0])
		}
		return c.list(here.sp, x.Elems)
	case *syntax.AnonArray:
		return &anonArray{here, c.list(here.sp, x.Elems), &Origin{Span: here.sp, n: 1}}
	case *syntax.AnonHash:
		return &anonHash{here, c.list(here.sp, x.Elems), &Origin{Span: here.sp, n: 1}}
	case *syntax.AnonSub:
		return c.anonSub(x)
	case *syntax.Unary:
		return c.unary(x)
	case *syntax.Binary:
		return c.binary(x)
	case *syntax.Assign:
		return c.assign(x)
	case *syntax.Cond:
		n := &condNode{at: here, c: c.expr(x.C)}
		c.cond++
		n.a, n.b = c.expr(x.A), c.expr(x.B)
		c.cond--
		return n
	case *syntax.Func:
		return c.function(x)
	case *syntax.CallCode:
		n := &callNode{at: here, code: c.expr(x.Code), pass: x.AmpBare, strict: c.strict&strictRefs != 0, pkg: c.pkg}
		n.args = c.list(here.sp, x.Args)
		return n
	case *syntax.Method:
		return c.method(x)
	case *syntax.Bareword:
		return c.bareword(x)
	case *syntax.FileTest:
		n := &fileTest{at: here, op: x.Op}
		if x.X == nil {
			n.x = &globScalar{here, c.in.global.underscore}
		} else {
			n.x = c.handleOrExpr(x.X)
		}
		return n
	case *syntax.Readline:
		return c.readline(x)
	case *syntax.DoBlock:
		return c.doBlock(x)
	case *syntax.EvalBlock:
		return c.evalBlock(x)
	case *syntax.Jump:
		return c.jumpExpr(x)
	case *syntax.BadExpr:
		return lit(here.sp, nil)
	case nil:
		return lit(source.Span{File: c.file}, nil)
	}
	return c.refuse(here.sp, "this expression", "")
}

func numValue(x *syntax.Num) Value {
	switch {
	case x.VString != "":
		return x.VString
	case x.IsInt:
		return x.Int
	}
	if v, whole := ParseNumber(x.Text); whole {
		return v
	}
	if x.Value >= 1<<63 && x.Value < 1<<64 && len(x.Text) > 2 && x.Text[0] == '0' {
		return uint64(x.Value)
	}
	return x.Value
}

// list compiles comma-separated expressions; lists in it are flattened.
func (c *compiler) list(span source.Span, elems []syntax.Expr) *listNode {
	l := &listNode{at: at{span}}
	for _, e := range elems {
		c.addElem(l, e)
	}
	return l
}

func (c *compiler) addElem(l *listNode, e syntax.Expr) {
	if x, ok := e.(*syntax.List); ok {
		for _, y := range x.Elems {
			c.addElem(l, y)
		}
		return
	}
	n := c.expr(e)
	if inner, ok := n.(*listNode); ok {
		l.elems = append(l.elems, inner.elems...)
		l.origins = append(l.origins, inner.origins...)
		return
	}
	l.elems = append(l.elems, n)
	l.origins = append(l.origins, originOf(n))
}

func (c *compiler) variable(x *syntax.Var) node {
	here := at{x.Span()}
	switch x.Sigil {
	case '&':
		return c.callByName(x.Name, x.Span(), x.Span(), nil, true, true)
	case '*':
		return &globNode{at: here, g: c.in.glob(c.pkg, x.Name), following: &following{pkg: c.pkg}}
	case '#':
		return &lastIndex{here, c.arrayOf(&syntax.Var{At: x.At, Sigil: '@', Name: x.Name})}
	}
	if x.Sigil == '@' && x.Name == "_" {
		return &argsArray{here}
	}
	name := string(x.Sigil) + x.Name
	if !qualified(x.Name) {
		if v, slot := c.lookup(name); v != nil {
			return variableNode(here, x.Sigil, v, slot)
		}
	}
	if x.Sigil != '$' || !isMatchVar(x.Name) {
		if n := c.matchArray(x); n != nil {
			return n
		}
	}
	g := c.global(x.Span(), x.Sigil, x.Name)
	switch x.Sigil {
	case '@':
		return &globArray{here, g}
	case '%':
		return &globHash{here, g}
	}
	return &globScalar{here, g}
}

func isMatchVar(name string) bool {
	return name != "" && name[0] >= '1' && name[0] <= '9'
}

func variableNode(here at, sigil byte, v *lexVar, slot int) node {
	switch {
	case v.glob != nil && sigil == '$':
		return &globScalar{here, v.glob}
	case v.glob != nil && sigil == '@':
		return &globArray{here, v.glob}
	case v.glob != nil:
		return &globHash{here, v.glob}
	}
	switch s := v.state.(type) {
	case *Scalar:
		return &fixedScalar{here, s}
	case *Array:
		return &fixedArray{here, s}
	case *Hash:
		return &fixedHash{here, s}
	}
	switch sigil {
	case '$':
		return &lexScalar{here, slot}
	case '@':
		return &lexArray{here, slot}
	}
	return &lexHash{here, slot}
}

func (c *compiler) follow() *following {
	return &following{strict: c.strict&strictRefs != 0, pkg: c.pkg}
}

func (c *compiler) deref(x *syntax.Deref) node {
	here := at{x.Span()}
	switch x.Sigil {
	case '&':
		return &callNode{at: here, code: c.expr(x.X), pass: true, strict: c.strict&strictRefs != 0, pkg: c.pkg,
			args: &listNode{at: here}}
	case '#':
		return &lastIndex{here, &derefArray{here, c.target(x.X), c.follow()}}
	case '@':
		d := &derefArray{here, c.target(x.X), c.follow()}
		if v, ok := x.X.(*syntax.Var); ok && c.interp > 0 {
			d.hint = "In double quotes @$" + v.Name + " follows a reference; it seems that a backslash was lost: write \\@$" + v.Name + "."
		}
		return d
	case '%':
		return &derefHash{here, c.target(x.X), c.follow()}
	case '*':
		return &globNode{at: here, x: c.expr(x.X), following: c.follow()}
	}
	return &derefScalar{here, c.target(x.X), c.follow()}
}

// target compiles what a dereference follows: code in braces is looked into, so that it can be filled.
func (c *compiler) target(e syntax.Expr) node {
	if b, ok := e.(*syntax.DoBlock); ok && len(b.Body.Stmts) == 1 {
		if s, ok := b.Body.Stmts[0].(*syntax.ExprStmt); ok {
			return c.expr(s.X)
		}
	}
	return c.expr(single(e))
}

// arrayOf compiles the container of an element or an argument that must be an array.
func (c *compiler) arrayOf(e syntax.Expr) arrayNode {
	n := c.expr(single(e))
	if a, ok := n.(arrayNode); ok {
		return a
	}
	if _, bad := e.(*syntax.BadExpr); !bad && c.failed == nil {
		c.errorf(CodeArgs, e.Span(), "", "an array is needed here")
	}
	return &fixedArray{at{e.Span()}, &Array{}}
}

func (c *compiler) hashOf(e syntax.Expr) hashNode {
	n := c.expr(single(e))
	if h, ok := n.(hashNode); ok {
		return h
	}
	if _, bad := e.(*syntax.BadExpr); !bad && c.failed == nil {
		c.errorf(CodeArgs, e.Span(), "", "a hash is needed here")
	}
	return &fixedHash{at{e.Span()}, NewHash()}
}

// lvalue compiles something to be assigned to.
func (c *compiler) lvalue(e syntax.Expr) lvalue {
	n := c.expr(single(e))
	if _, isList := n.(lister); !isList {
		if l, ok := n.(lvalue); ok {
			return l
		}
	}
	if l, ok := n.(lvalue); ok {
		return l
	}
	if _, bad := n.(*constNode); !bad || c.failed == nil {
		c.errorf(CodeCannotModify, e.Span(), "", "this cannot be assigned to")
	}
	return &fixedScalar{at{e.Span()}, &Scalar{}}
}

func (c *compiler) anonSub(x *syntax.AnonSub) node {
	c.cond++
	defer func() { c.cond-- }()
	n := &anonSub{at: at{x.Span()}, pkg: c.pkg}
	if x.HasProto {
		p := x.Proto
		n.proto = &p
	}
	n.fn = c.body("", x.Body, x.Span())
	return n
}

// anonSub is sub {..}: each evaluation captures anew.
type anonSub struct {
	at
	pkg   string
	proto *string
	fn    *proto
}

func (n *anonSub) scalar(f *frame) Value {
	code := &Code{Package: n.pkg, Proto: n.proto, Span: n.sp, fn: n.fn, caps: make([]any, len(n.fn.caps))}
	for i, cp := range n.fn.caps {
		if cp.fixed != nil {
			code.caps[i] = cp.fixed
		} else {
			code.caps[i] = f.slot(cp.outer, cp.sigil)
		}
	}
	return code
}

// bareword is a constant, a sub known by now, a file handle, or plain text without strict subs.
func (c *compiler) bareword(x *syntax.Bareword) node {
	if g := c.in.findGlob(c.pkg, x.Name); g != nil {
		if g.cv != nil {
			return c.callByName(x.Name, x.Span(), x.Span(), nil, false, false)
		}
		if g.IO != nil {
			return &globNode{at: at{x.Span()}, g: g, following: &following{}}
		}
	}
	switch x.Name {
	case "__PACKAGE__", "__FILE__", "__LINE__", "wantarray", "time", "times":
		return c.function(&syntax.Func{At: x.At, Name: x.Name, NameSpan: x.Span()})
	}
	if n := len(x.Name); n > 2 && x.Name[n-2:] == "::" {
		return lit(x.Span(), x.Name[:n-2])
	}
	if c.strict&strictSubs != 0 {
		help := "put quotes around it"
		if near := c.suggestSub(x.Name); near != "" {
			help = "did you mean " + near + "?"
		}
		c.errorf(CodeBareword, x.Span(), help, "the word %s is no known name, and strict is in force", x.Name)
	}
	c.unknownExport(x.Name, x.Span())
	return lit(x.Span(), x.Name)
}

func (c *compiler) suggestSub(name string) string {
	var names []string
	for _, g := range c.in.globs {
		if g.cv != nil && g.Package == c.pkg {
			names = append(names, "&"+g.Name)
		}
	}
	if near := nearest("&"+name, names); near != "" {
		return near[1:]
	}
	return ""
}

// handleOrExpr compiles something in which a bareword is a file handle.
func (c *compiler) handleOrExpr(e syntax.Expr) node {
	if b, ok := e.(*syntax.Bareword); ok {
		return &globNode{at: at{b.Span()}, g: c.in.glob(c.pkg, b.Name), following: &following{}}
	}
	if f, ok := e.(*syntax.Func); ok && len(f.Args) == 0 && !f.Parens && !f.Amp && isHandleName(f.Name) {
		return &globNode{at: at{f.Span()}, g: c.in.glob(c.pkg, f.Name), following: &following{}}
	}
	return c.expr(e)
}

func isHandleName(s string) bool {
	for i := range len(s) {
		if !(s[i] >= 'A' && s[i] <= 'Z' || s[i] == '_' || i > 0 && s[i] >= '0' && s[i] <= '9') {
			return false
		}
	}
	return s != ""
}
