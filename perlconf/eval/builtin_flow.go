package eval

import (
	"strings"

	"mavis/perlconf/source"
	"mavis/perlconf/syntax"
)

var flowBuiltins = map[string]builtinFunc{
	"die": func(c *compiler, x *syntax.Func) node {
		return &listFuncNode{at: at{x.Span()}, args: c.argList(x), run: die}
	},
	"warn": func(c *compiler, x *syntax.Func) node {
		return &listFuncNode{at: at{x.Span()}, args: c.argList(x), run: warn}
	},
	"eval": func(c *compiler, x *syntax.Func) node {
		args := flatArgs(x)
		n := &evalStr{at: at{x.Span()}, fn: c.fn, scope: c.scope, strict: c.strict, pkg: c.pkg}
		if len(args) == 0 {
			n.x = c.underscore(n.at)
		} else {
			n.x = c.expr(args[0])
		}
		c.scope = &cscope{parent: c.scope, fn: c.fn} // later names are not seen by the text
		return n
	},
	"do": func(c *compiler, x *syntax.Func) node {
		if !c.count(x, x.Args, 1, 1) {
			return lit(x.Span(), nil)
		}
		return &doFileNode{at: at{x.Span()}, x: c.expr(x.Args[0])}
	},
	"require": compileRequire,
	"bless": func(c *compiler, x *syntax.Func) node {
		args := flatArgs(x)
		if !c.count(x, args, 1, 2) {
			return lit(x.Span(), nil)
		}
		n := &funcNode{at: at{x.Span()}, run: bless}
		for _, a := range args {
			n.args = append(n.args, c.expr(a))
		}
		if len(args) == 1 {
			n.args = append(n.args, lit(x.Span(), c.pkg))
		}
		return n
	},
	"caller": func(c *compiler, x *syntax.Func) node {
		n := &wantNode{at: at{x.Span()}, run: caller}
		for _, a := range flatArgs(x) {
			n.args = append(n.args, c.expr(a))
		}
		return n
	},
}

func die(f *frame, a []Value, n *listFuncNode) Value {
	in := f.in
	if len(a) == 1 && IsRef(a[0]) {
		in.dieHook(a[0])
		in.dieWith(a[0], n.sp)
	}
	msg := in.joinValues("", a)
	if msg == "" {
		msg = "Died"
		if prev := in.global.evalErr.scalar().Get(); IsRef(prev) {
			in.dieWith(prev, n.sp)
		} else if s := ToString(prev); s != "" {
			msg = s + "\t...propagated"
		}
	}
	if !strings.HasSuffix(msg, "\n") {
		in.dieHook(msg + in.here() + ".\n")
	} else {
		in.dieHook(msg)
	}
	in.dieWith(msg, n.sp)
	return nil
}

// dieHook calls $SIG{__DIE__}.
func (in *Interp) dieHook(v Value) {
	code, ok := in.global.sig.Get("__DIE__").(*Code)
	if !ok {
		return
	}
	in.global.sig.Put("__DIE__", nil)
	defer in.global.sig.Put("__DIE__", code)
	in.callScalar(code, &Array{Elems: wrap([]Value{v}, nil)}, Void, source.Span{}, "")
}

func warn(f *frame, a []Value, n *listFuncNode) Value {
	in := f.in
	msg := in.joinValues("", a)
	if msg == "" {
		msg = "Warning: something's wrong"
	}
	if !strings.HasSuffix(msg, "\n") {
		msg += in.here() + ".\n"
	}
	if code, ok := in.global.sig.Get("__WARN__").(*Code); ok {
		in.callScalar(code, &Array{Elems: wrap([]Value{msg}, nil)}, Void, n.sp, "")
		return int64(1)
	}
	in.host.Print(Stderr, msg)
	return int64(1)
}

func compileRequire(c *compiler, x *syntax.Func) node {
	args := flatArgs(x)
	if len(args) == 1 {
		switch e := args[0].(type) {
		case *syntax.Num:
			return lit(x.Span(), int64(1))
		case *syntax.Bareword:
			return c.requireModule(e.Name, x.Span())
		case *syntax.Func:
			if len(e.Args) == 0 && !e.Parens && !e.Amp {
				return c.requireModule(e.Name, x.Span())
			}
		case *syntax.Str:
			if e.Bareword {
				return c.requireModule(e.Value, x.Span())
			}
			if strings.HasSuffix(e.Value, ".pm") {
				return c.requireModule(strings.ReplaceAll(strings.TrimSuffix(e.Value, ".pm"), "/", "::"), x.Span())
			}
		}
		return &doFileNode{at: at{x.Span()}, x: c.expr(args[0]), require: true}
	}
	if len(args) == 0 {
		return &doFileNode{at: at{x.Span()}, x: c.underscore(at{x.Span()}), require: true}
	}
	return lit(x.Span(), nil)
}

func (c *compiler) requireModule(name string, span source.Span) node {
	if c.in.knowsModule(name) {
		c.in.loadModule(name)
		return lit(span, int64(1))
	}
	return &frameNode{at{span}, func(f *frame) Value {
		e := Fail(CodeModule, span, "Only modules without which a configuration cannot be read are known here.",
			"Can't locate %s.pm in @INC", strings.ReplaceAll(name, "::", "/"))
		e.Value = e.Diag.Message + f.in.here() + ".\n"
		panic(e)
	}}
}

func bless(in *Interp, a []Value, span source.Span) Value {
	class := ToString(a[1])
	if class == "" {
		class = "main"
	}
	switch x := a[0].(type) {
	case *Scalar:
		x.Class = class
	case *Array:
		x.Class = class
	case *Hash:
		x.Class = class
	case *Code:
		x.Class = class
	case *Glob:
		x.Class = class
	case *Regexp:
		x.Class = class
	default:
		in.fail(CodeArgs, span, "Can't bless non-reference value")
	}
	return a[0]
}

func caller(f *frame, n *wantNode, want Context) []Value {
	in := f.in
	level := 0
	if len(n.args) > 0 {
		level = clampIndex(ToInt(n.args[0].scalar(f)))
	}
	i := len(in.stack) - 1
	for ; i >= 0; i-- {
		if in.stack[i].code == nil {
			if i == 0 {
				return nil
			}
			continue
		}
		if level == 0 {
			break
		}
		level--
	}
	if i < 0 {
		return nil
	}
	fr := in.stack[i]
	pkg := in.pkg
	if i > 0 {
		pkg = in.stack[i-1].fn.pkg
	}
	if want != ListContext {
		return []Value{pkg}
	}
	name := ""
	if !fr.from.IsZero() {
		name = fr.from.File.Name
	}
	out := []Value{pkg, name, int64(fr.from.Pos().Line)}
	if len(n.args) > 0 {
		sub := fr.code.Name
		if sub == "" {
			sub = "__ANON__"
		}
		wantarray := Value(nil)
		switch fr.want {
		case ListContext:
			wantarray = int64(1)
		case ScalarContext:
			wantarray = ""
		}
		out = append(out, fr.code.Package+"::"+sub, int64(1), wantarray)
	}
	return out
}
