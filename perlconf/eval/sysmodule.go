package eval

import (
	"strings"
	"syscall"

	"mavis/perlconf/source"
	"mavis/perlconf/syntax"
)

// fcntl holds the constants of the module Fcntl that files use, as on Linux.
var fcntl = map[string]int64{
	"O_RDONLY": 0, "O_WRONLY": 1, "O_RDWR": 2, "O_CREAT": syscall.O_CREAT, "O_EXCL": syscall.O_EXCL, "O_TRUNC": syscall.O_TRUNC,
	"O_APPEND": syscall.O_APPEND, "O_NONBLOCK": syscall.O_NONBLOCK, "O_NOFOLLOW": syscall.O_NOFOLLOW,
	"LOCK_SH": 1, "LOCK_EX": 2, "LOCK_NB": 4, "LOCK_UN": 8, "SEEK_SET": 0, "SEEK_CUR": 1, "SEEK_END": 2,
}

// errnos holds the constants of the modules Errno and POSIX that files compare $! with.
var errnos = map[string]syscall.Errno{
	"EPERM": syscall.EPERM, "ENOENT": syscall.ENOENT, "EINTR": syscall.EINTR, "EIO": syscall.EIO, "EBADF": syscall.EBADF,
	"EAGAIN": syscall.EAGAIN, "ENOMEM": syscall.ENOMEM, "EACCES": syscall.EACCES, "EEXIST": syscall.EEXIST,
	"ENOTDIR": syscall.ENOTDIR, "EISDIR": syscall.EISDIR, "EINVAL": syscall.EINVAL, "ENOSPC": syscall.ENOSPC,
	"EPIPE": syscall.EPIPE, "ECONNREFUSED": syscall.ECONNREFUSED, "ETIMEDOUT": syscall.ETIMEDOUT,
}

func fcntlModule() module {
	m := module{subs: map[string]modSub{}}
	for name, v := range fcntl {
		m.subs[name] = constSub(v)
		if strings.HasPrefix(name, "O_") {
			m.always = append(m.always, name)
		}
	}
	return m
}

func errnoModule() module {
	m := module{subs: map[string]modSub{}}
	for name, v := range errnos {
		m.subs[name] = constSub(int64(v))
	}
	return m
}

// uname is POSIX::uname: system, host, release, version and machine.
func uname(in *Interp, c *Call) ([]Value, error) {
	host, err := in.host.Hostname()
	if err != nil {
		return nil, err
	}
	out := []Value{nil, host, nil, nil, nil}
	for i, flag := range []string{"s", "", "r", "v", "m"} {
		if flag == "" {
			continue
		}
		text, _, err := in.host.Command("uname -" + flag)
		if err != nil {
			return nil, Fail(CodeNotRun, c.Span, "", "uname is not known here")
		}
		out[i] = strings.TrimSuffix(string(text), "\n")
	}
	if c.Want != ListContext {
		return out[4:], nil
	}
	return out, nil
}

// constantNames are the beginnings of the names of constants that modules export without being asked for each.
var constantNames = map[string]string{
	"POSIX":  "E _SC_ _PC_ SIG S_I O_ LC_ W DBL_ FLT_ INT_ LONG_ SHRT_ UCHAR_ UINT_ ULONG_ USHRT_ PATH_MAX F_ SEEK_ _exit",
	"Fcntl":  "O_ F_ LOCK_ SEEK_ S_ _S_ FD_",
	"Errno":  "E",
	"Socket": "AF_ PF_ SOCK_ SO_ SOL_ IP_ IPPROTO_ MSG_ INADDR_ SHUT_ SOMAXCONN AI_ NI_ EAI_ SCM_ TCP_",
}

// unknownExport reports a bareword that may be a constant of a module whose constants are not all known here: to take it
// for text would change its value silently.
func (c *compiler) unknownExport(name string, span source.Span) {
	if !isHandleName(name) {
		return
	}
	for _, m := range c.in.imported {
		for _, start := range strings.Fields(constantNames[m]) {
			if strings.HasPrefix(name, start) {
				c.errorf(CodeModule, span, "Write its value.", "%s may be a constant of the module %s that is not known here", name, m)
				return
			}
		}
	}
}

// stubImport makes a name that a file asks of a module that is passed over; calling it is an error in its place.
func (c *compiler) stubImport(name string, x *syntax.Use) {
	if name == "" || strings.ContainsAny(name[:1], "$@%*:!/-0123456789") {
		return
	}
	g := c.in.glob(c.pkg, name)
	if g.cv != nil {
		return
	}
	module := x.Module
	g.cv = &Code{Name: name, Package: c.pkg, Native: func(call *Call) ([]Value, error) {
		return nil, Fail(CodeModule, call.Span, "Only modules without which a configuration cannot be read are known here.",
			"%s of the module %s is not known here", name, module)
	}}
}

// tagged gives the names that a tag such as :flock asks for.
func (m module) tagged(tag string) []string {
	start, ok := map[string]string{":flock": "LOCK_", ":seek": "SEEK_", ":mode": "S_", ":POSIX": "E"}[tag]
	if !ok {
		return m.always
	}
	var out []string
	for name := range m.subs {
		if strings.HasPrefix(name, start) {
			out = append(out, name)
		}
	}
	return out
}
