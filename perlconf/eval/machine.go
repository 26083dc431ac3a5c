package eval

import (
	"errors"
	"io/fs"
	"strings"
	"syscall"
	"time"

	"mavis/perlconf/syntax"
)

// backtick is `command`.
type backtick struct {
	at
	cmd node
}

func (n *backtick) run(f *frame) (string, bool) {
	in := f.in
	line := ToString(n.cmd.scalar(f))
	out, status, err := in.host.Command(line)
	in.global.childStatus = int64(status) << 8
	switch {
	case errors.Is(err, ErrRefused):
		in.global.childStatus = -1
		in.bag.Warnf(CodeCommand, n.sp, "the command %s is not run here; its output counts as empty", line)
		return "", false
	case err != nil:
		in.stop(CodeCommand, n.sp, "", "the command %s: %v", line, err)
	}
	in.bytes(len(out))
	return string(out), true
}

func (n *backtick) scalar(f *frame) Value {
	s, ok := n.run(f)
	if !ok {
		return nil
	}
	return s
}

func (n *backtick) list(f *frame, out []Value) []Value {
	s, _ := n.run(f)
	for _, l := range strings.SplitAfter(s, "\n") {
		if l != "" {
			out = append(out, l)
		}
	}
	return out
}

// fileTest is -e and its like.
type fileTest struct {
	at
	op byte
	x  node
}

// fileNamed is the name of the file to look at: for _ the one looked at before.
func (in *Interp) fileNamed(v Value) string {
	if g, ok := v.(GlobValue); ok && g.G.Name == "_" {
		return in.lastFile
	}
	return ToString(v)
}

func (n *fileTest) scalar(f *frame) Value {
	in := f.in
	if inner, ok := n.x.(*fileTest); ok { // -f -r $x
		if v := inner.scalar(f); !ToBool(v) {
			return v
		}
		n2 := *n
		for {
			n2.x = inner.x
			if inner, ok = n2.x.(*fileTest); !ok {
				break
			}
		}
		return n2.scalar(f)
	}
	v := n.x.scalar(f)
	if v == nil {
		in.setErrno(fs.ErrNotExist)
		return nil
	}
	name := in.fileNamed(v)
	if h := in.handleOf(v, ""); h != nil {
		if n.op == 't' {
			return ""
		}
		name = h.name
	}
	in.lastFile = name
	fail := func(err error) Value {
		in.setErrno(err)
		return nil
	}
	switch n.op {
	case 'r', 'w', 'x', 'R', 'W', 'X':
		if err := in.host.Access(name, n.op|0x20); err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return fail(err)
			}
			in.setErrno(err)
			return ""
		}
		return int64(1)
	case 't':
		return ""
	}
	stat := in.host.Stat
	if n.op == 'l' {
		stat = in.host.Lstat
	}
	st, err := stat(name)
	if err != nil {
		return fail(err)
	}
	mode := st.Mode()
	switch n.op {
	case 'e':
		return int64(1)
	case 'f':
		return Bool(mode.IsRegular())
	case 'd':
		return Bool(mode.IsDir())
	case 'l':
		return Bool(mode&fs.ModeSymlink != 0)
	case 'p':
		return Bool(mode&fs.ModeNamedPipe != 0)
	case 'S':
		return Bool(mode&fs.ModeSocket != 0)
	case 'b':
		return Bool(mode&fs.ModeDevice != 0 && mode&fs.ModeCharDevice == 0)
	case 'c':
		return Bool(mode&fs.ModeCharDevice != 0)
	case 'u':
		return Bool(mode&fs.ModeSetuid != 0)
	case 'g':
		return Bool(mode&fs.ModeSetgid != 0)
	case 'k':
		return Bool(mode&fs.ModeSticky != 0)
	case 's':
		if st.Size() == 0 {
			return ""
		}
		return st.Size()
	case 'z':
		return Bool(st.Size() == 0)
	case 'M', 'A', 'C':
		return in.host.Now().Sub(st.ModTime()).Hours() / 24
	case 'o', 'O':
		if sys, ok := st.Sys().(*syscall.Stat_t); ok {
			return Bool(sys.Uid == 0)
		}
		return ""
	}
	in.stop(CodeNotRun, n.sp, "", "the file test -%c is not run here", n.op)
	return nil
}

// statList is what stat gives.
func statList(st fs.FileInfo) []Value {
	mode := int64(st.Mode().Perm())
	m := st.Mode()
	switch {
	case m.IsRegular():
		mode |= 0o100000
	case m.IsDir():
		mode |= 0o040000
	case m&fs.ModeSymlink != 0:
		mode |= 0o120000
	case m&fs.ModeSocket != 0:
		mode |= 0o140000
	case m&fs.ModeNamedPipe != 0:
		mode |= 0o010000
	}
	t := st.ModTime().Unix()
	out := []Value{int64(0), int64(0), mode, int64(1), int64(0), int64(0), int64(0), st.Size(), t, t, t, int64(4096), (st.Size() + 511) / 512}
	if sys, ok := st.Sys().(*syscall.Stat_t); ok {
		out[0], out[1], out[2], out[3] = int64(sys.Dev), int64(sys.Ino), int64(sys.Mode), int64(sys.Nlink)
		out[4], out[5], out[6] = int64(sys.Uid), int64(sys.Gid), int64(sys.Rdev)
		out[8], out[10] = sys.Atim.Sec, sys.Ctim.Sec
		out[11], out[12] = int64(sys.Blksize), sys.Blocks
	}
	return out
}

var miscBuiltins = map[string]builtinFunc{
	"stat":      compileStat,
	"lstat":     compileStat,
	"localtime": compileTime,
	"gmtime":    compileTime,
}

func compileStat(c *compiler, x *syntax.Func) node {
	args := flatArgs(x)
	link := x.Name == "lstat"
	n := &wantNode{at: at{x.Span()}, run: func(f *frame, n *wantNode, want Context) []Value {
		stat := f.in.host.Stat
		if link {
			stat = f.in.host.Lstat
		}
		name := f.in.fileNamed(n.args[0].scalar(f))
		f.in.lastFile = name
		st, err := stat(name)
		if err != nil {
			f.in.setErrno(err)
			if want == ListContext {
				return nil
			}
			return []Value{""}
		}
		if want == ListContext {
			return statList(st)
		}
		return []Value{int64(1)}
	}}
	if len(args) == 0 {
		n.args = []node{c.underscore(n.at)}
	} else {
		n.args = []node{c.handleOrExpr(args[0])}
	}
	return n
}

func compileTime(c *compiler, x *syntax.Func) node {
	utc := x.Name == "gmtime"
	n := &wantNode{at: at{x.Span()}, run: func(f *frame, n *wantNode, want Context) []Value {
		t := f.in.host.Now()
		if len(n.args) > 0 {
			t = time.Unix(max(-1<<40, min(ToInt(n.args[0].scalar(f)), 1<<40)), 0).In(t.Location())
		}
		if utc {
			t = t.UTC()
		}
		if want != ListContext {
			return []Value{t.Format("Mon Jan _2 15:04:05 2006")}
		}
		dst := int64(0)
		if t.IsDST() {
			dst = 1
		}
		return []Value{int64(t.Second()), int64(t.Minute()), int64(t.Hour()), int64(t.Day()), int64(t.Month()) - 1,
			int64(t.Year() - 1900), int64(t.Weekday()), int64(t.YearDay() - 1), dst}
	}}
	for _, a := range flatArgs(x) {
		n.args = append(n.args, c.expr(a))
	}
	return n
}
