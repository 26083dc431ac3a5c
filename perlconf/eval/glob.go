package eval

import (
	"strings"
)

// specialNames live in package main whatever package is in force.
var specialNames = map[string]bool{"ENV": true, "ARGV": true, "INC": true, "STDIN": true, "STDOUT": true,
	"STDERR": true, "ARGVOUT": true, "_": true, "SIG": true, "": true}

// isSpecialName says that a name belongs to Perl itself: punctuation, digits, ENV and the like.
func isSpecialName(name string) bool {
	if specialNames[name] {
		return true
	}
	c := name[0]
	return !(c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80)
}

// splitName gives package and name; unqualified names belong to pkg, Perl's own to main.
func splitName(pkg, name string) (string, string) {
	if i := strings.LastIndex(name, "::"); i >= 0 && i+2 < len(name) {
		p := name[:i]
		p = strings.TrimPrefix(p, "::")
		for strings.HasPrefix(p, "main::") {
			p = p[6:]
		}
		if p == "" {
			p = "main"
		}
		return p, name[i+2:]
	}
	if isSpecialName(name) {
		return "main", name
	}
	return pkg, name
}

func (in *Interp) glob(pkg, name string) *Glob {
	if pkg == "" {
		pkg = in.pkg
	}
	p, n := splitName(pkg, name)
	key := p + "::" + n
	g := in.globs[key]
	if g == nil {
		g = &Glob{Package: p, Name: n}
		in.globs[key] = g
		if p == "main" && isSpecialName(n) {
			in.fillSpecial(g)
		}
	}
	return g
}

func (in *Interp) findGlob(pkg, name string) *Glob {
	if pkg == "" {
		pkg = in.pkg
	}
	p, n := splitName(pkg, name)
	return in.globs[p+"::"+n]
}

func (g *Glob) scalar() *Scalar {
	if g.sv == nil {
		g.sv = &Scalar{}
	}
	return g.sv
}

func (g *Glob) array() *Array {
	if g.av == nil {
		g.av = &Array{}
	}
	return g.av
}

func (g *Glob) hash() *Hash {
	if g.hv == nil {
		g.hv = NewHash()
	}
	return g.hv
}

func sigilIndex(sigil byte) int {
	switch sigil {
	case '$':
		return 0
	case '@', '#':
		return 1
	case '%':
		return 2
	}
	return -1
}
