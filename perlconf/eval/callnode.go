package eval

import (
	"mavis/perlconf/source"
	"mavis/perlconf/syntax"
)

// callNode is the call of a sub by name (g) or through a reference (code).
type callNode struct {
	at
	g      *Glob
	code   node
	args   *listNode
	pass   bool // &f; passes the present @_ on
	strict bool
	pkg    string
	name   string
}

func (n *callNode) target(f *frame) (*Code, *Array) {
	var c *Code
	if n.g != nil {
		c = n.g.cv
		if c == nil {
			c = f.in.autoload(n)
		}
	} else {
		c = f.in.codeOf(n.code.scalar(f), n.strict, n.pkg, n.sp)
	}
	if n.pass {
		if f.args == nil {
			f.args = &Array{}
		}
		return c, f.args
	}
	return c, &Array{Elems: callArgs(n.args, f)}
}

// autoload reports a sub that does not exist.
func (in *Interp) autoload(n *callNode) *Code {
	e := Fail(CodeNoSub, n.sp, "", "Undefined subroutine &%s::%s called", n.g.Package, n.g.Name)
	if near := in.nearSub(n.g); near != "" {
		e.Diag.Help = "did you mean " + near + "?"
	}
	e.Value = e.Diag.Message + in.here() + ".\n"
	panic(e)
}

func (in *Interp) nearSub(g *Glob) string {
	var names []string
	for _, o := range in.globs {
		if o.cv != nil && o.Package == g.Package {
			names = append(names, "&"+o.Name)
		}
	}
	if near := nearest("&"+g.Name, names); near != "" {
		return near[1:]
	}
	return ""
}

// callArgs gives aliases of the arguments; an element that does not exist is only made when it is assigned to.
func callArgs(l *listNode, f *frame) []*Scalar {
	out := make([]*Scalar, 0, len(l.elems))
	for i, e := range l.elems {
		switch x := e.(type) {
		case *hashElem:
			h := x.h.hsh(f, toMake)
			k := hashKey(x.key, f)
			if s := h.M[k]; s != nil {
				out = append(out, s)
			} else {
				out = append(out, deferred(func() *Scalar { return h.At(k) }))
			}
		case *arrayElem:
			a := x.a.arr(f, toMake)
			j := clampIndex(ToInt(x.key.scalar(f)))
			if j < 0 {
				j += len(a.Elems)
			}
			if j >= 0 && j < len(a.Elems) {
				out = append(out, a.At(j))
			} else {
				out = append(out, deferred(func() *Scalar { return a.elem(f, j, x.at) }))
			}
		case aliaser, *constNode, lvalue:
			out = evalAliases(e, f, out)
		default:
			start := len(out)
			out = wrap(evalList(e, f, nil), out)
			for _, s := range out[start:] {
				s.Origin = l.origins[i]
			}
		}
	}
	return out
}

func deferred(make func() *Scalar) *Scalar {
	var s *Scalar
	return &Scalar{Magic: computed{
		get: func() Value { return s.Get() },
		set: func(v Value) error {
			if s == nil {
				s = make()
			}
			return s.Set(v)
		},
	}}
}

func (n *callNode) scalar(f *frame) Value {
	c, args := n.target(f)
	return f.in.callScalar(c, args, ScalarContext, n.sp, n.name)
}

func (n *callNode) void(f *frame) {
	c, args := n.target(f)
	f.in.callScalar(c, args, Void, n.sp, n.name)
}

func (n *callNode) list(f *frame, out []Value) []Value {
	c, args := n.target(f)
	return append(out, f.in.callList(c, args, ListContext, n.sp, n.name)...)
}

// callByName compiles the call of a named sub; its prototype, when it is known by now, rules the arguments.
func (c *compiler) callByName(name string, span, nameSpan source.Span, args []syntax.Expr, amp, bare bool) node {
	g := c.in.glob(c.pkg, name)
	n := &callNode{at: at{span}, g: g, pass: amp && bare, name: g.Name}
	if !amp && g.cv != nil && g.cv.Const && len(args) == 0 {
		if len(g.cv.value) == 1 {
			return &constCall{at{span}, g, &Origin{Span: span, n: 1}}
		}
	}
	if !amp && g.cv != nil && g.cv.Proto != nil {
		n.args = c.protoArgs(*g.cv.Proto, args, span, name)
	} else {
		n.args = c.list(span, args)
	}
	return n
}

// constCall is the use of a constant.
type constCall struct {
	at
	g      *Glob
	origin *Origin
}

func (n *constCall) scalar(f *frame) Value {
	if c := n.g.cv; c != nil && c.Const && len(c.value) == 1 {
		return c.value[0]
	}
	return (&callNode{at: n.at, g: n.g, args: &listNode{at: n.at}}).scalar(f)
}

// protoArgs passes arguments as a prototype wants: references for \@, scalar context for $.
func (c *compiler) protoArgs(proto string, args []syntax.Expr, span source.Span, name string) *listNode {
	l := &listNode{at: at{span}}
	put := func(n node) {
		l.elems = append(l.elems, n)
		l.origins = append(l.origins, originOf(n))
	}
	flat := args
	if len(args) == 1 {
		if x, ok := args[0].(*syntax.List); ok && len(x.Elems) > 1 {
			flat = x.Elems
		}
	}
	p, i := 0, 0
	optional := false
	for p < len(proto) && i < len(flat) {
		ch := proto[p]
		p++
		switch ch {
		case ' ':
			continue
		case ';':
			optional = true
			continue
		case '$', '_', '+', '*', '&':
			n := c.handleIf(ch == '*', flat[i])
			if ch == '+' {
				switch n.(type) {
				case arrayNode, hashNode:
					put(&refNode{at{flat[i].Span()}, n})
					i++
					continue
				}
			}
			if _, isList := n.(lister); isList {
				n = &scalarNode{at{flat[i].Span()}, n}
			}
			put(n)
			i++
		case '\\':
			if p < len(proto) && proto[p] == '[' {
				for p < len(proto) && proto[p] != ']' {
					p++
				}
			}
			p++
			put(&refNode{at{flat[i].Span()}, c.expr(flat[i])})
			i++
		default: // @ and % take the rest
			for ; i < len(flat); i++ {
				c.addElem(l, flat[i])
			}
		}
	}
	if i < len(flat) {
		c.errorf(CodeArgs, flat[i].Span(), "", "too many arguments for %s", name)
	} else if p < len(proto) && !optional {
		switch proto[p] {
		case '_':
			put(&globScalar{at{span}, c.in.global.underscore})
		case ';', '@', '%':
		default:
			c.errorf(CodeArgs, span, "", "not enough arguments for %s", name)
		}
	}
	return l
}

func (c *compiler) handleIf(isHandle bool, e syntax.Expr) node {
	if isHandle {
		return c.handleOrExpr(e)
	}
	return c.expr(e)
}

// scalarNode puts an expression in scalar context.
type scalarNode struct {
	at
	x node
}

func (n *scalarNode) scalar(f *frame) Value { return n.x.scalar(f) }

// method compiles X->name(..).
func (c *compiler) method(x *syntax.Method) node {
	n := &methodNode{at: at{x.Span()}, name: x.Name, args: c.list(x.Span(), x.Args)}
	if x.Dyn != nil {
		n.dyn = c.expr(x.Dyn)
	}
	switch inv := x.Inv.(type) {
	case *syntax.Bareword:
		n.inv = lit(inv.Span(), inv.Name)
	default:
		n.inv = c.expr(x.Inv)
	}
	return n
}

// methodNode calls a sub of the package an object was blessed into, or of a named class.
type methodNode struct {
	at
	inv  node
	name string
	dyn  node
	args *listNode
}

func (n *methodNode) call(f *frame, want Context) []Value {
	in := f.in
	inv := n.inv.scalar(f)
	args := append([]*Scalar{{V: inv}}, callArgs(n.args, f)...)
	name := n.name
	if n.dyn != nil {
		v := n.dyn.scalar(f)
		if c, ok := v.(*Code); ok {
			return in.callWant(c, args, want, n.sp, "")
		}
		name = ToString(v)
	}
	class := Blessed(inv)
	switch {
	case inv == nil:
		in.fail(CodeNoSub, n.sp, "Can't call method \"%s\" on an undefined value", name)
	case class == "" && IsRef(inv):
		in.fail(CodeNoSub, n.sp, "Can't call method \"%s\" on unblessed reference", name)
	case class == "":
		class = ToString(inv)
		if class == "" {
			in.fail(CodeNoSub, n.sp, "Can't call method \"%s\" without a package or object reference", name)
		}
	}
	c := in.findMethod(class, name, 0)
	if c == nil {
		if v, ok := in.universal(class, name, args); ok {
			return []Value{v}
		}
		hint := ""
		if !IsRef(inv) {
			hint = " (perhaps you forgot to load \"" + class + "\"?)"
		}
		in.fail(CodeNoSub, n.sp, "Can't locate object method \"%s\" via package \"%s\"%s", name, class, hint)
	}
	return in.callWant(c, args, want, n.sp, name)
}

func (in *Interp) callWant(c *Code, args []*Scalar, want Context, span source.Span, name string) []Value {
	if want == ListContext {
		return in.callList(c, &Array{Elems: args}, want, span, name)
	}
	return []Value{in.callScalar(c, &Array{Elems: args}, want, span, name)}
}

func (n *methodNode) scalar(f *frame) Value { return lastOf(n.call(f, ScalarContext)) }
func (n *methodNode) void(f *frame)         { n.call(f, Void) }
func (n *methodNode) list(f *frame, out []Value) []Value {
	return append(out, n.call(f, ListContext)...)
}

// findMethod looks through a class and its @ISA.
func (in *Interp) findMethod(class, name string, depth int) *Code {
	if i := lastColons(name); i >= 0 {
		return in.Sub(class, name)
	}
	if g := in.globs[class+"::"+name]; g != nil && g.cv != nil {
		return g.cv
	}
	if isa := in.globs[class+"::ISA"]; isa != nil && isa.av != nil && depth < 50 {
		for _, p := range isa.av.Values() {
			if c := in.findMethod(ToString(p), name, depth+1); c != nil {
				return c
			}
		}
	}
	return nil
}

func lastColons(s string) int {
	for i := len(s) - 2; i >= 0; i-- {
		if s[i] == ':' && s[i+1] == ':' {
			return i
		}
	}
	return -1
}

// universal answers isa and can.
func (in *Interp) universal(class, name string, args []*Scalar) (Value, bool) {
	if len(args) < 2 {
		return nil, name == "import" || name == "unimport"
	}
	arg := ToString(args[1].Get())
	switch name {
	case "can":
		if c := in.findMethod(class, arg, 0); c != nil {
			return c, true
		}
		return "", true
	case "isa":
		return Bool(in.isa(class, arg, 0)), true
	case "import", "unimport":
		return nil, true
	}
	return nil, false
}

func (in *Interp) isa(class, want string, depth int) bool {
	if class == want {
		return true
	}
	if isa := in.globs[class+"::ISA"]; isa != nil && isa.av != nil && depth < 50 {
		for _, p := range isa.av.Values() {
			if in.isa(ToString(p), want, depth+1) {
				return true
			}
		}
	}
	return false
}
