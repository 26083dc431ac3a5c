package load

import (
	"fmt"
	"strings"
	"syscall"

	"mavis/perlconf/eval"
	"mavis/perlconf/regex"
	"mavis/rules/vars"
)

// install declares every variable, lets old names be aliases, builds the policy banks and fills the defaults in.
func (l *loader) install() {
	for _, v := range vars.All() {
		l.in.Declare(Package, v.Name)
	}
	for _, v := range vars.All() {
		if v.AliasOf != "" {
			l.in.Alias(Package, v.Name, container(l.in, v.AliasOf))
		}
	}
	current, builtin := l.in.Hash(Package, "current_policy_bank"), eval.NewHash()
	for _, bank := range []*eval.Hash{current, builtin} {
		for _, v := range vars.All() {
			if v.Group.InBank() {
				bank.Put(v.Bare(), container(l.in, v.Name))
			}
		}
		bank.Put("policy_bank_name", "")
		bank.Put("policy_bank_path", "")
	}
	l.in.Hash(Package, "policy_bank").Put("", builtin)
	for _, v := range vars.All() {
		if v.AliasOf == "" && v.Default() != (vars.DefComputed{What: "banks"}) {
			l.setDefault(v)
		}
	}
}

func (l *loader) setDefault(v vars.Var) {
	switch c := container(l.in, v.Name).(type) {
	case *eval.Scalar:
		c.V = l.value(v.Default())
		if v.Retired != "" {
			r := &retired{name: v.Name, kind: v.Retired, value: c.V, scalar: c, l: l}
			c.V, c.Magic = nil, r
			l.retired = append(l.retired, r)
		}
	case *eval.Array:
		if d, ok := v.Default().(vars.DefList); ok {
			for _, e := range d {
				c.Push(l.value(e))
			}
		}
	case *eval.Hash:
		if d, ok := v.Default().(vars.DefHash); ok {
			for _, k := range d.Keys {
				c.Put(k, l.value(d.M[k]))
			}
		}
	}
}

// value makes a live value of a default.
func (l *loader) value(d vars.Def) eval.Value {
	switch d := d.(type) {
	case nil, string, int64, float64:
		return d
	case vars.DefList:
		a := &eval.Array{}
		for _, e := range d {
			a.Push(l.value(e))
		}
		return a
	case vars.DefHash:
		h := eval.NewHash()
		for _, k := range d.Keys {
			h.Put(k, l.value(d.M[k]))
		}
		return h
	case vars.DefTable:
		a := &eval.Array{Class: classRE}
		for _, e := range d {
			a.Push(l.value(e))
		}
		return a
	case vars.DefRegexp:
		re, err := regex.Compile(d.Pattern, d.Flags)
		if err != nil {
			panic(fmt.Sprintf("a built-in pattern is damaged: %s: %v", d.Pattern, err))
		}
		return &eval.Regexp{Pattern: d.Pattern, Flags: d.Flags, RE: re}
	case vars.DefRef:
		return container(l.in, d.Name)
	case vars.DefBank:
		return l.bankCode(d.How, d.Member)
	case vars.DefCode:
		return l.code(d)
	case vars.DefBuiltin:
		return l.opt.Builtin(d.Name)
	case vars.DefComputed:
		return l.computed(d.What)
	}
	panic(fmt.Sprintf("a default of unknown form %T", d))
}

// bankCode is sub { c('member') } and its like; its Name is the text of the call.
func (l *loader) bankCode(how, member string) *eval.Code {
	return &eval.Code{Name: how + "('" + member + "')", Native: func(*eval.Call) ([]eval.Value, error) {
		v, err := l.bankMember(how, member)
		return []eval.Value{v}, err
	}}
}

func (l *loader) code(d vars.DefCode) eval.Value {
	switch d.Name {
	case "list_of_c":
		return &eval.Code{Name: "[ c('" + d.Arg + "') ]", Native: func(*eval.Call) ([]eval.Value, error) {
			v, err := l.bankMember("c", d.Arg)
			return []eval.Value{eval.NewArray(v)}, err
		}}
	case "opaque_c":
		return &eval.Code{Name: "Opaque(c('" + d.Arg + "'))", Native: func(*eval.Call) ([]eval.Value, error) {
			v, err := l.bankMember("c", d.Arg)
			return []eval.Value{blessedScalar(classOpaque, v)}, err
		}}
	case "delivery_alias":
		return &eval.Code{Name: "delivery_alias('" + d.Arg + "')", Native: func(*eval.Call) ([]eval.Value, error) {
			return l.deliveryAlias(d.Arg), nil
		}}
	}
	i := strings.LastIndex(d.Name, "::")
	return l.ensureSub(d.Name[:i], d.Name[i+2:])
}

// deliveryAlias is what the built-in entries of %local_delivery_aliases give: a mailbox or folder, and a file name.
// "sender-quarantine" needs the message at hand, which a configuration cannot give: its file name holds %s for the sender.
func (l *loader) deliveryAlias(name string) []eval.Value {
	dir := l.in.Scalar(Package, "QUARANTINEDIR").Get()
	switch name {
	case "archive-mbox":
		return []eval.Value{eval.ToString(dir) + "/archive.mbox", nil}
	case "recip-quarantine":
		return []eval.Value{eval.ToString(dir) + "/recip-archive.mbox", nil}
	case "sender-quarantine":
		return []eval.Value{dir, "sender-%s-%m.gz"}
	}
	return []eval.Value{dir, nil}
}

func (l *loader) computed(what string) eval.Value {
	switch what {
	case "hostname":
		name, err := l.host.Hostname()
		if err != nil {
			return nil
		}
		return name
	case "program":
		return l.opt.Program
	case "pid":
		return int64(l.host.Pid())
	case "af_inet6":
		return int64(syscall.AF_INET6)
	case "have_inet4":
		return trueOrUndef(!l.opt.NoInet4)
	case "have_inet6":
		return trueOrUndef(!l.opt.NoInet6)
	case "socket_module":
		return "IO::Socket::IP"
	case "loopback":
		switch {
		case l.opt.NoInet6:
			return "127.0.0.1"
		case l.opt.NoInet4:
			return "[::1]"
		}
		return eval.NewArray("127.0.0.1", "[::1]")
	}
	return nil
}

func trueOrUndef(b bool) eval.Value {
	if b {
		return int64(1)
	}
	return nil
}
