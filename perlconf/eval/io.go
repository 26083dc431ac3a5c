package eval

import (
	"strings"
	"syscall"

	"mavis/perlconf/source"
	"mavis/perlconf/syntax"
)

// fileHandle is an open file, read as a whole, or one of the standard streams.
type fileHandle struct {
	name   string
	stream int // 1 and 2 for output
	open   bool
	eof    bool
	text   string
	at     int
	line   int64
	dir    []string
	isDir  bool
}

var ioBuiltins = map[string]builtinFunc{
	"print":    compilePrint,
	"printf":   compilePrint,
	"say":      compilePrint,
	"open":     compileOpen,
	"close":    handleFunc(closeHandle),
	"closedir": handleFunc(closeHandle),
	"eof": handleFunc(func(_ *frame, h *fileHandle, _ Context) []Value {
		return []Value{Bool(h == nil || h.at >= len(h.text))}
	}),
	"readline": handleFunc(readHandle),
	"readdir":  handleFunc(readDir),
	"glob":     compileGlob,
	"binmode":  handleFunc(func(*frame, *fileHandle, Context) []Value { return []Value{int64(1)} }),
	"fileno": handleFunc(func(_ *frame, h *fileHandle, _ Context) []Value {
		if h == nil || !h.open {
			return []Value{nil}
		}
		if h.name == "STDIN" || h.stream > 0 {
			return []Value{int64(h.stream)}
		}
		return []Value{int64(3)}
	}),
	"opendir": compileOpendir,
}

// handleOf finds the file handle that a value stands for, nil when there is none.
func (in *Interp) handleOf(v Value, pkg string) *fileHandle {
	switch x := v.(type) {
	case GlobValue:
		h, _ := x.G.IO.(*fileHandle)
		return h
	case *Glob:
		h, _ := x.IO.(*fileHandle)
		return h
	case *Scalar:
		return in.handleOf(x.Get(), pkg)
	case string:
		if g := in.findGlob(pkg, x); g != nil {
			h, _ := g.IO.(*fileHandle)
			return h
		}
	}
	return nil
}

type printNode struct {
	at
	handle node // nil means standard output
	args   *listNode
	kind   string
	pkg    string
}

func compilePrint(c *compiler, x *syntax.Func) node {
	n := &printNode{at: at{x.Span()}, kind: x.Name, pkg: c.pkg}
	if x.FileHandle != nil {
		n.handle = c.handleOrExpr(x.FileHandle)
	}
	if len(x.Args) == 0 && x.Name != "printf" {
		u := c.underscore(n.at)
		n.args = &listNode{at: n.at, elems: []node{u}, origins: []*Origin{nil}}
	} else {
		n.args = c.argList(x)
	}
	return n
}

func (n *printNode) scalar(f *frame) Value {
	in := f.in
	vals := evalList(n.args, f, nil)
	stream := Stdout
	if n.handle != nil {
		h := in.handleOf(n.handle.scalar(f), n.pkg)
		if h == nil || !h.open {
			in.setErrno(syscall.EBADF)
			return ""
		}
		if h.stream == 0 {
			in.stop(CodeWrite, n.sp, "A configuration may only read files.", "nothing can be written to %s here", h.name)
		}
		stream = h.stream
	}
	var s string
	if n.kind == "printf" {
		if len(vals) > 0 {
			s = in.sprintf(ToString(vals[0]), vals[1:], n.sp)
		}
	} else {
		s = in.joinValues(ToString(in.global.outSep.scalar().Get()), vals)
		if n.kind == "say" {
			s += "\n"
		}
		s += ToString(in.global.outEnd.scalar().Get())
	}
	in.step(len(s) >> 6)
	in.host.Print(stream, s)
	return int64(1)
}

// handleFunc compiles a builtin on one file handle.
func handleFunc(run func(f *frame, h *fileHandle, want Context) []Value) builtinFunc {
	return func(c *compiler, x *syntax.Func) node {
		n := &wantNode{at: at{x.Span()}}
		args := flatArgs(x)
		if len(args) > 0 {
			n.args = []node{c.handleOrExpr(args[0])}
			for _, a := range args[1:] {
				n.args = append(n.args, c.expr(a))
			}
		} else {
			n.args = []node{lit(x.Span(), "STDIN")}
		}
		pkg := c.pkg
		n.run = func(f *frame, n *wantNode, want Context) []Value {
			return run(f, f.in.handleOf(n.args[0].scalar(f), pkg), want)
		}
		return n
	}
}

func closeHandle(f *frame, h *fileHandle, _ Context) []Value {
	if h == nil || !h.open {
		f.in.setErrno(syscall.EBADF)
		return []Value{""}
	}
	h.open, h.text, h.at = false, "", 0
	return []Value{int64(1)}
}

func readHandle(f *frame, h *fileHandle, want Context) []Value {
	if h == nil || !h.open || h.isDir {
		if want == ListContext {
			return nil
		}
		return []Value{nil}
	}
	if want != ListContext {
		s, ok := f.in.readLine(h)
		if !ok {
			return []Value{nil}
		}
		return []Value{s}
	}
	var out []Value
	for {
		s, ok := f.in.readLine(h)
		if !ok {
			return out
		}
		out = append(out, s)
	}
}

// readLine reads up to $/: a text, "" for paragraphs, undef for everything.
func (in *Interp) readLine(h *fileHandle) (string, bool) {
	in.step(1)
	if h.at >= len(h.text) {
		h.eof = true
		return "", false
	}
	rest := h.text[h.at:]
	sep := in.global.inSep.scalar().Get()
	n := len(rest)
	switch s := ToString(sep); {
	case sep == nil:
	case s == "":
		trimmed := strings.TrimLeft(rest, "\n")
		h.at += len(rest) - len(trimmed)
		if rest = trimmed; rest == "" {
			return "", false
		}
		n = len(rest)
		if i := strings.Index(rest, "\n\n"); i >= 0 {
			n = i + 2
			h.at += n
			line := rest[:n]
			for h.at < len(h.text) && h.text[h.at] == '\n' {
				h.at++
			}
			h.line++
			return line, true
		}
	default:
		if i := strings.Index(rest, s); i >= 0 {
			n = i + len(s)
		}
	}
	h.at += n
	h.line++
	in.glob("main", ".").scalar().V = h.line
	return rest[:n], true
}

func readDir(f *frame, h *fileHandle, want Context) []Value {
	if h == nil || !h.isDir || !h.open {
		if want == ListContext {
			return nil
		}
		return []Value{nil}
	}
	if want != ListContext {
		if len(h.dir) == 0 {
			return []Value{nil}
		}
		s := h.dir[0]
		h.dir = h.dir[1:]
		return []Value{s}
	}
	var out []Value
	for _, s := range h.dir {
		out = append(out, s)
	}
	h.dir = nil
	return out
}

// bindHandle opens a handle in what the first argument of open names.
func (in *Interp) bindHandle(f *frame, target node, h *fileHandle, pkg string, span source.Span) {
	if l, ok := target.(lvalue); ok {
		if _, isGlob := target.(*globNode); !isGlob {
			s := l.lv(f)
			if v := s.Get(); v == nil {
				in.put(s, &Glob{Package: pkg, Name: "$fh", IO: h}, span)
				return
			}
		}
	}
	switch v := target.scalar(f).(type) {
	case GlobValue:
		v.G.IO = h
	case *Glob:
		v.IO = h
	default:
		in.glob(pkg, ToString(v)).IO = h
	}
}

func compileOpen(c *compiler, x *syntax.Func) node {
	args := flatArgs(x)
	if !c.count(x, args, 2, -1) {
		return lit(x.Span(), nil)
	}
	target := c.handleOrExpr(args[0])
	rest := c.list(x.Span(), args[1:])
	pkg := c.pkg
	return &frameNode{at{x.Span()}, func(f *frame) Value {
		in := f.in
		vals := evalList(rest, f, nil)
		mode, name := openMode(vals)
		if len(vals) > 1 {
			if s, ok := vals[1].(*Scalar); ok && mode == "<" {
				in.bindHandle(f, target, &fileHandle{name: "a string", open: true, text: ToString(s.Get())}, pkg, x.Span())
				return int64(1)
			}
		}
		switch {
		case mode == "-|" || mode == "|-":
			in.stop(CodeNotRun, x.Span(), "Put the output of the command into the file.", "running a command by open is not run here")
		case mode != "<":
			in.stop(CodeWrite, x.Span(), "A configuration may only read files.", "opening %s for writing is not done here", name)
		}
		text, err := in.host.ReadFile(name)
		if err != nil {
			in.setErrno(err)
			return ""
		}
		in.bytes(len(text))
		in.bindHandle(f, target, &fileHandle{name: name, open: true, text: string(text)}, pkg, x.Span())
		return int64(1)
	}}
}

// openMode understands open with two and with three arguments.
func openMode(vals []Value) (mode, name string) {
	if len(vals) == 0 {
		return "<", ""
	}
	s := strings.TrimSpace(ToString(vals[0]))
	if len(vals) > 1 {
		if i := strings.IndexByte(s, ':'); i >= 0 {
			s = strings.TrimSpace(s[:i])
		}
		return s, ToString(vals[1])
	}
	switch {
	case strings.HasSuffix(s, "|"):
		return "-|", s
	case strings.HasPrefix(s, "|"):
		return "|-", s
	}
	for _, m := range []string{"+<", "+>", ">>", ">", "<"} {
		if strings.HasPrefix(s, m) {
			return m, strings.TrimSpace(s[len(m):])
		}
	}
	return "<", s
}

func compileOpendir(c *compiler, x *syntax.Func) node {
	args := flatArgs(x)
	if !c.count(x, args, 2, 2) {
		return lit(x.Span(), nil)
	}
	target, name, pkg := c.handleOrExpr(args[0]), c.expr(args[1]), c.pkg
	return &frameNode{at{x.Span()}, func(f *frame) Value {
		dir := ToString(name.scalar(f))
		names, err := f.in.host.ReadDir(dir)
		if err != nil {
			f.in.setErrno(err)
			return ""
		}
		names = append([]string{".", ".."}, names...)
		f.in.bindHandle(f, target, &fileHandle{name: dir, open: true, isDir: true, dir: names}, pkg, x.Span())
		return int64(1)
	}}
}

// readline compiles <$fh> and <FH>.
func (c *compiler) readline(x *syntax.Readline) node {
	if x.Glob {
		return &fileGlob{at: at{x.Span()}, x: c.expr(x.Handle)}
	}
	n := &wantNode{at: at{x.Span()}}
	if x.Handle == nil {
		n.args = []node{lit(x.Span(), "STDIN")}
	} else {
		n.args = []node{c.handleOrExpr(x.Handle)}
	}
	pkg := c.pkg
	n.run = func(f *frame, n *wantNode, want Context) []Value {
		return readHandle(f, f.in.handleOf(n.args[0].scalar(f), pkg), want)
	}
	return n
}
