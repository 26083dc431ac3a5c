package eval

import (
	"mavis/perlconf/source"
	"mavis/perlconf/syntax"
)

// scalarFunc is a builtin that takes scalars and gives one.
type scalarFunc func(in *Interp, args []Value, span source.Span) Value

// simple is a builtin whose arguments are all in scalar context.
type simple struct {
	min, max int
	topic    bool // without argument it takes $_
	run      scalarFunc
}

// funcNode calls a simple builtin.
type funcNode struct {
	at
	args []node
	run  scalarFunc
}

func (n *funcNode) scalar(f *frame) Value {
	var buf [4]Value
	args := buf[:0]
	for _, a := range n.args {
		args = append(args, a.scalar(f))
	}
	return n.run(f.in, args, n.sp)
}

// listFunc is a builtin that takes a list.
type listFunc func(f *frame, args []Value, n *listFuncNode) Value

type listFuncNode struct {
	at
	args node
	run  listFunc
}

func (n *listFuncNode) scalar(f *frame) Value {
	var args []Value
	if n.args != nil {
		args = evalList(n.args, f, nil)
	}
	return n.run(f, args, n)
}

// wantNode is a builtin whose outcome depends on context.
type wantNode struct {
	at
	args []node
	run  func(f *frame, n *wantNode, want Context) []Value
}

func (n *wantNode) scalar(f *frame) Value { return lastOf(n.run(f, n, ScalarContext)) }
func (n *wantNode) void(f *frame)         { n.run(f, n, Void) }
func (n *wantNode) list(f *frame, out []Value) []Value {
	return append(out, n.run(f, n, ListContext)...)
}

func (n *wantNode) arg(f *frame, i int) Value {
	if i < len(n.args) {
		return n.args[i].scalar(f)
	}
	return nil
}

// builtinFunc compiles the call of a builtin.
type builtinFunc func(c *compiler, x *syntax.Func) node

// function compiles a call by name.
func (c *compiler) function(x *syntax.Func) node {
	if x.Amp {
		return c.callByName(x.Name, x.Span(), x.NameSpan, x.Args, true, x.AmpBare)
	}
	name := x.Name
	if len(name) > 6 && name[:6] == "CORE::" {
		name = name[6:]
	} else if g := c.in.findGlob(c.pkg, name); g != nil && g.cv != nil && !(g.Package == "main" && c.pkg != "main") {
		if _, special := specialForms[name]; !special {
			return c.userCall(x, g)
		}
	}
	if b, ok := simpleFuncs[name]; ok {
		return c.simpleCall(x, b)
	}
	if b, ok := builtinTable[name]; ok {
		return b(c, x)
	}
	if help, ok := notRun[name]; ok {
		if len(help) == 0 {
			help = "A configuration is only read here; remove it or work the value out beforehand."
		}
		for _, a := range x.Args {
			c.handleOrExpr(a)
		}
		return c.refuse(x.Span(), name, help)
	}
	if !x.Parens && len(x.Args) == 0 && x.Block == nil {
		return c.bareword(&syntax.Bareword{At: x.At, Name: x.Name})
	}
	return c.userCall(x, nil)
}

func (c *compiler) userCall(x *syntax.Func, _ *Glob) node {
	args := x.Args
	if x.Block != nil { // f {..} list
		args = append([]syntax.Expr{&syntax.AnonSub{At: syntax.At{Place: x.Block.Span()}, Body: x.Block}}, args...)
	}
	return c.callByName(x.Name, x.Span(), x.NameSpan, args, false, false)
}

// args gives the arguments with a list in parentheses opened.
func flatArgs(x *syntax.Func) []syntax.Expr {
	if len(x.Args) == 1 {
		if l, ok := x.Args[0].(*syntax.List); ok && x.Parens {
			return l.Elems
		}
	}
	return x.Args
}

func (c *compiler) simpleCall(x *syntax.Func, b simple) node {
	args := flatArgs(x)
	n := &funcNode{at: at{x.Span()}, run: b.run}
	if len(args) == 0 && b.topic {
		n.args = []node{c.underscore(n.at)}
		return n
	}
	if !c.count(x, args, b.min, b.max) {
		return lit(x.Span(), nil)
	}
	for _, a := range args {
		n.args = append(n.args, c.expr(a))
	}
	return n
}

// count reports a wrong number of arguments; max < 0 means any.
func (c *compiler) count(x *syntax.Func, args []syntax.Expr, least, most int) bool {
	switch {
	case len(args) < least:
		c.errorf(CodeArgs, x.Span(), "", "not enough arguments for %s", x.Name)
	case most >= 0 && len(args) > most:
		c.errorf(CodeArgs, args[most].Span(), "", "too many arguments for %s", x.Name)
	default:
		return true
	}
	return false
}

// notRun are builtins that reach out of the configuration; the text is advice.
var notRun = func() map[string]string {
	m := map[string]string{}
	for _, w := range []string{"system", "exec", "fork", "wait", "waitpid", "kill", "pipe", "syscall", "alarm",
		"socket", "connect", "bind", "listen", "accept", "send", "recv", "shutdown", "socketpair", "getpeername",
		"getsockname", "setsockopt", "getsockopt", "select", "dbmopen", "dbmclose", "tie", "tied", "untie", "dump",
		"reset", "fcntl", "ioctl", "flock", "sysopen", "sysread", "syswrite", "sysseek", "truncate", "rename",
		"unlink", "mkdir", "rmdir", "chmod", "chown", "chroot", "link", "symlink", "utime", "umask", "write", "format",
		"formline", "gethostbyname", "gethostbyaddr", "getpwent", "getgrent", "semget", "shmget", "msgget", "vec",
		"exit", "goto", "crypt", "setpgrp", "getpgrp", "setpriority", "getpriority", "times", "getc", "read",
		"seek", "tell", "readpipe", "sleep", "chdir", "study", "lock", "readlink", "rewinddir", "getppid", "getlogin",
		"getpwnam", "getpwuid", "getgrnam", "getgrgid", "evalbytes", "prototype", "fileno", "binmode"} {
		m[w] = ""
	}
	m["system"] = "Commands are not run; put their output into the file, or read a file instead."
	m["exec"] = m["system"]
	m["exit"] = "A configuration must come to its end; use die to refuse it."
	return m
}()

// specialForms cannot be replaced by a sub of the same name.
var specialForms = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range []string{"defined", "delete", "do", "eval", "exists", "grep", "map", "my", "our", "local",
		"print", "printf", "prototype", "redo", "require", "return", "say", "scalar", "sort", "split", "undef",
		"chomp", "chop", "pos", "study", "keys", "values", "each", "push", "pop", "shift", "unshift", "splice"} {
		m[w] = true
	}
	return m
}()
