package eval

import (
	"errors"
	"io/fs"
	"math/rand"
	"strconv"
	"strings"
	"syscall"
)

// globals are the variables that the evaluator itself reads and writes.
type globals struct {
	underscore, evalErr, listSep, outSep, outEnd, inSep, subSep *Glob
	env, sig                                                    *Hash
	errno                                                       Value
	childStatus                                                 int64
}

type randState struct{ r *rand.Rand }

// computed is a scalar whose value is worked out at reading; writing it is an error unless set is given.
type computed struct {
	get func() Value
	set func(Value) error
}

func (c computed) Get() Value { return c.get() }
func (c computed) Set(v Value) error {
	if c.set == nil {
		return errReadOnly
	}
	return c.set(v)
}

func (in *Interp) setupSpecials() {
	set := func(name string, v Value) *Glob {
		g := in.glob("main", name)
		g.scalar().V = v
		return g
	}
	gl := &in.global
	gl.underscore = set("_", nil)
	gl.evalErr = set("@", "")
	gl.listSep = set("\"", " ")
	gl.outSep = set(",", nil)
	gl.outEnd = set("\\", nil)
	gl.inSep = set("/", "\n")
	gl.subSep = set(";", "\x1c")
	set("0", in.scriptName())
	set("^O", "linux")
	set("^W", int64(0))
	set("]", "5.036000")
	set("^V", "v5.36.0")
	set("|", int64(0))
	gl.errno = int64(0)
	gl.env = in.glob("main", "ENV").hash()
	for _, kv := range in.host.Env() {
		if k, v, ok := strings.Cut(kv, "="); ok {
			gl.env.Put(k, v)
		}
	}
	gl.sig = in.glob("main", "SIG").hash()
	in.glob("main", "ARGV").array()
	in.glob("main", "INC").array()
	in.glob("main", "INC").hash()
	for i, name := range []string{"STDIN", "STDOUT", "STDERR"} {
		in.glob("main", name).IO = &fileHandle{name: name, stream: i, open: true, eof: i == 0}
	}
}

// fillSpecial gives punctuation variables their behaviour when they are first named.
func (in *Interp) fillSpecial(g *Glob) {
	get := func(f func() Value) { g.sv = &Scalar{Magic: computed{get: f}} }
	switch g.Name {
	case "!":
		g.sv = &Scalar{Magic: computed{
			get: func() Value { return in.global.errno },
			set: func(v Value) error { in.global.errno = errnoValue(syscall.Errno(ToInt(v))); return nil },
		}}
	case "$":
		get(func() Value { return int64(in.host.Pid()) })
	case "?":
		g.sv = &Scalar{Magic: computed{
			get: func() Value { return in.global.childStatus },
			set: func(v Value) error { in.global.childStatus = ToInt(v) & 0xffff; return nil },
		}}
	case "^T":
		now := in.host.Now().Unix()
		g.sv = &Scalar{V: now}
	case "<", ">":
		g.sv = &Scalar{V: int64(0)}
	case "&":
		get(func() Value { return in.match.group(0) })
	case "`":
		get(func() Value { return in.match.before() })
	case "'":
		get(func() Value { return in.match.after() })
	case "+":
		get(func() Value { return in.match.lastParen() })
	default:
		if g.Name == "" || g.Name[0] < '1' || g.Name[0] > '9' {
			return
		}
		if n, err := strconv.Atoi(g.Name); err == nil {
			get(func() Value { return in.match.group(n) })
		}
	}
}

// setErrno keeps why the host failed, for $!.
func (in *Interp) setErrno(err error) {
	var no syscall.Errno
	switch {
	case err == nil:
		return
	case errors.As(err, &no):
	case errors.Is(err, fs.ErrNotExist):
		no = syscall.ENOENT
	case errors.Is(err, fs.ErrPermission):
		no = syscall.EACCES
	default:
		no = syscall.EIO
	}
	in.global.errno = errnoValue(no)
}

func errnoValue(no syscall.Errno) Value {
	if no == 0 {
		return &Dual{}
	}
	msg := no.Error()
	switch no { // Go writes these in lower case; Perl gives the C library's text
	default:
		if msg != "" {
			msg = strings.ToUpper(msg[:1]) + msg[1:]
		}
	}
	return &Dual{Num: int64(no), Str: msg}
}
