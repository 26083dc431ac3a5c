package syntax

import (
	"path/filepath"
	"strings"

	"mavis/perlconf/source"
)

// word reads a bareword: a call of a sub that was not seen yet, a class, a handle.
func (p *parser) word() Expr {
	start := p.start()
	i := p.index()
	t := p.next()
	name := t.Value
	at := p.from(start)
	switch name {
	case "__PACKAGE__":
		return &Str{At: at, Value: p.pkg}
	case "__FILE__":
		return &Str{At: at, Value: filepath.ToSlash(p.file.Name)}
	case "__LINE__":
		n := p.line(start)
		return &Num{At: at, Text: "__LINE__", Value: float64(n), Int: int64(n), IsInt: true}
	}
	if p.peek().Type == tLParen {
		f := &Func{Name: name, NameSpan: p.tokenSpan(i), Parens: true}
		f.Args = p.parenArgs()
		f.At = p.from(start)
		return f
	}
	if len(name) > 2 && strings.HasSuffix(name, "::") {
		name = name[:len(name)-2]
	}
	return &Bareword{At: at, Name: name}
}

// indirect reads `new Foo(args)`.
func (p *parser) indirect() Expr {
	start := p.start()
	m := &Method{Name: p.next().Value}
	s := p.start()
	switch t := p.peek(); t.Type {
	case tLBlock:
		b := p.block()
		m.Inv = &DoBlock{At: b.At, Body: b}
		if len(b.Stmts) == 1 {
			if x, ok := b.Stmts[0].(*ExprStmt); ok {
				m.Inv = x.X
			}
		}
	case tScalar:
		p.next()
		m.Inv = &Var{At: p.from(s), Sigil: '$', Name: t.Value}
	case tWord, tHandle, tFunc, tMethWord:
		p.next()
		m.Inv = &Bareword{At: p.from(s), Name: strings.TrimSuffix(t.Value, "::")}
	default:
		p.noTerm("after " + m.Name)
	}
	if p.peek().Type == tLParen {
		m.Args = p.parenArgs()
	} else if startsTerm(p.peek()) {
		m.Args = p.list()
	}
	m.At = p.from(start)
	return m
}

// list reads the arguments of a list operator without parentheses.
func (p *parser) list() []Expr {
	if !startsTerm(p.peek()) {
		return nil
	}
	x := p.commaExpr()
	if l, ok := x.(*List); ok && !l.Paren {
		return l.Elems
	}
	return []Expr{x}
}

// function reads a call of a builtin or of a sub that was declared.
func (p *parser) function() Expr {
	start := p.start()
	i := p.index()
	t := p.next()
	f := &Func{Name: t.Value, NameSpan: p.tokenSpan(i)}
	c, builtin := builtins[t.Value]
	proto, declared := p.lx.protos[i]
	if declared {
		builtin = false
		c = subClass(proto)
	}
	switch {
	case !builtin && !declared: // do FILE, eval STRING
		c = classUnary
	case c == classConst:
		if p.peek().Type == tLParen {
			f.Parens = true
			f.Args = p.parenArgs()
		}
		f.At = p.from(start)
		p.checkArgs(f, proto)
		return f
	}
	if p.peek().Type == tLParen {
		f.Parens = true
		open := p.tokenSpan(p.index())
		p.next()
		p.leading(f, c)
		if p.peek().Type != tRParen {
			f.Args = append(f.Args, p.elements(tRParen)...)
		}
		p.closeParen(open)
	} else {
		switch c {
		case classZero:
		case classUnary, classUnaryD, classSubU:
			if startsTerm(p.peek()) {
				f.Args = []Expr{p.binary(bpShift)}
			}
		default:
			p.leading(f, c)
			f.Args = append(f.Args, p.list()...)
		}
	}
	f.At = p.from(start)
	if declared {
		p.checkArgs(f, proto)
	} else {
		p.checkBuiltin(f)
	}
	return f
}

// leading reads what may stand before the list: a block, a file handle, a sub name.
func (p *parser) leading(f *Func, c class) {
	t := p.peek()
	start := p.start()
	switch {
	case t.Type == tHandle && (c == classHandle || c == classSort):
		p.next()
		f.FileHandle = &Bareword{At: p.from(start), Name: t.Value}
	case t.Type == tHandleVar && (c == classHandle || c == classSort):
		p.next()
		f.FileHandle = &Var{At: p.from(start), Sigil: '$', Name: t.Value}
	case t.Type == tLBlock && c == classHandle:
		b := p.block()
		if len(b.Stmts) == 1 {
			if s, ok := b.Stmts[0].(*ExprStmt); ok {
				f.FileHandle = s.X
				return
			}
		}
		f.FileHandle = &DoBlock{At: b.At, Body: b}
	case t.Type == tLBlock && (c == classSort || c == classBlock || c == classSubL):
		f.Block = p.block()
		if p.peek().Type == tComma && c != classSubL {
			p.failf(codeUnexpected, p.here(), "", "no comma may stand between the block of %s and its list", f.Name)
		}
	}
}

func subClass(proto *string) class {
	if proto == noProto || proto == nil {
		return classSubL
	}
	s := *proto
	if s == "" {
		return classConst
	}
	s = strings.TrimLeft(s, ";")
	switch {
	case s == "$" || s == "_" || s == "+":
		return classSubU
	case len(s) == 2 && s[0] == '\\':
		return classSubU
	case strings.HasPrefix(s, "\\[") && strings.IndexByte(s, ']') == len(s)-1:
		return classSubU
	}
	return classSubL
}

// protoCount gives the least and the greatest number of arguments; -1 is "any".
func protoCount(s string) (lo, hi int) {
	optional := false
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case ';':
			optional = true
			continue
		case '@', '%':
			return lo, -1
		case '_':
			optional = true
		case '\\':
			i++
			if i < len(s) && s[i] == '[' {
				for i < len(s) && s[i] != ']' {
					i++
				}
			}
		}
		hi++
		if !optional {
			lo++
		}
	}
	return lo, hi
}

// checkArgs reports a number of arguments that the prototype forbids.
func (p *parser) checkArgs(f *Func, proto *string) {
	if proto == nil || proto == noProto {
		return
	}
	lo, hi := protoCount(*proto)
	n := len(f.Args)
	if f.Block != nil {
		n++
	}
	p.count(f, n, lo, hi)
}

func (p *parser) count(f *Func, n, lo, hi int) {
	switch {
	case n < lo:
		p.failf(codeArgs, f.NameSpan, "", "%s needs %s, but has %d", f.Name, arguments(lo), n)
	case hi >= 0 && n > hi:
		at := f.NameSpan
		if i := len(f.Args) - (n - hi); i >= 0 && i < len(f.Args) {
			at = f.Args[i].Span()
		}
		if hi == 0 {
			p.failf(codeArgs, at, "", "%s takes no arguments", f.Name)
		}
		p.failf(codeArgs, at, "", "%s takes no more than %s", f.Name, arguments(hi))
	}
}

func arguments(n int) string {
	if n == 1 {
		return "one argument"
	}
	return [...]string{"no", "one", "two", "three", "four", "five", "six"}[min(n, 6)] + " arguments"
}

// arity holds the number of arguments of builtins, as least and greatest; those that are not here take any.
var arity = map[string][2]int{
	"lc": {0, 1}, "uc": {0, 1}, "lcfirst": {0, 1}, "ucfirst": {0, 1}, "length": {0, 1}, "ref": {0, 1}, "defined": {0, 1},
	"chr": {0, 1}, "ord": {0, 1}, "abs": {0, 1}, "int": {0, 1}, "sqrt": {0, 1}, "sin": {0, 1}, "cos": {0, 1}, "exp": {0, 1},
	"log": {0, 1}, "hex": {0, 1}, "oct": {0, 1}, "quotemeta": {0, 1}, "fc": {0, 1}, "rand": {0, 1}, "exit": {0, 1}, "shift": {0, 1},
	"pop": {0, 1}, "scalar": {1, 1}, "each": {1, 1}, "keys": {1, 1}, "values": {1, 1}, "exists": {1, 1}, "delete": {1, 1},
	"undef": {0, 1}, "push": {1, -1}, "unshift": {1, -1}, "splice": {1, -1}, "join": {1, -1}, "substr": {2, 4}, "index": {2, 3},
	"rindex": {2, 3}, "sprintf": {1, -1}, "bless": {1, 2}, "atan2": {2, 2}, "rename": {2, 2}, "link": {2, 2}, "symlink": {2, 2},
	"crypt": {2, 2}, "time": {0, 0}, "wantarray": {0, 0}, "times": {0, 0}, "open": {1, -1}, "close": {0, 1}, "binmode": {1, 2},
	"opendir": {2, 2}, "readdir": {1, 1}, "closedir": {1, 1}, "rmdir": {0, 1}, "localtime": {0, 1}, "gmtime": {0, 1}, "sleep": {0, 1},
	"seek": {3, 3}, "truncate": {2, 2}, "pack": {1, -1}, "unpack": {1, 2}, "lstat": {0, 1}, "stat": {0, 1}, "readlink": {0, 1},
	"vec": {3, 3}, "tie": {2, -1}, "require": {0, 1}, "caller": {0, 1}, "map": {1, -1}, "grep": {1, -1}, "pos": {0, 1}, "chdir": {0, 1}, "umask": {0, 1},
}

func (p *parser) checkBuiltin(f *Func) {
	if a, ok := arity[f.Name]; ok {
		n := len(f.Args)
		if f.Block != nil {
			n++
		}
		p.count(f, n, a[0], a[1])
	}
	p.checkContainer(f)
	if f.Name == "defined" && len(f.Args) == 1 {
		var sigil byte
		at := source.Span{}
		switch x := f.Args[0].(type) {
		case *Var:
			sigil, at = x.Sigil, x.Span()
		case *Deref:
			sigil, at = x.Sigil, x.Span()
		}
		if sigil == '@' || sigil == '%' {
			p.failf(codeArgs, at, "leave out defined", "defined cannot be asked of a whole array or hash")
		}
	}
}

// checkContainer reports a first argument that is no array or hash, where the builtin needs one.
func (p *parser) checkContainer(f *Func) {
	if len(f.Args) == 0 {
		return
	}
	x := f.Args[0]
	if l, ok := x.(*List); ok && l.Paren && len(l.Elems) == 1 {
		x = l.Elems[0]
	}
	if m, ok := x.(*My); ok && len(m.Vars) == 1 {
		x = m.Vars[0]
	}
	var sigil byte
	switch x := x.(type) {
	case *Var:
		sigil = x.Sigil
	case *Deref:
		sigil = x.Sigil
	}
	switch f.Name {
	case "push", "unshift", "splice", "pop", "shift":
		if sigil != '@' {
			p.failf(codeArgs, x.Span(), "write @{ ... } around a reference", "the first argument of %s must be an array", f.Name)
		}
	case "keys", "values", "each":
		if sigil != '@' && sigil != '%' {
			p.failf(codeArgs, x.Span(), "write %{ ... } around a reference", "the argument of %s must be a hash or an array", f.Name)
		}
	case "exists", "delete":
		switch e := x.(type) {
		case *Elem:
			return
		case *Slice:
			if f.Name == "delete" {
				return
			}
		case *Func:
			if e.Amp && f.Name == "exists" {
				return
			}
		case *CallCode:
			if e.AmpBare && f.Name == "exists" {
				return
			}
		case *My:
			return
		}
		p.failf(codeArgs, x.Span(), "", "the argument of %s must be an element of a hash or an array", f.Name)
	case "undef":
		switch x.(type) {
		case *Var, *Deref, *Elem, *Slice, *Func, *CallCode, *My:
		default:
			p.failf(codeArgs, x.Span(), "", "the argument of undef must be a variable")
		}
	}
}
