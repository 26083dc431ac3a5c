package lint

import (
	"regexp"

	"mavis/perlconf/diag"
	"mavis/perlconf/source"
	"mavis/perlconf/syntax"
	"mavis/rules/vars"
)

// neverRead finds variables of a site's own that nothing reads.
func neverRead() Rule {
	return Rule{
		Code: "V003", Name: "set-but-never-read", Severity: diag.Warning,
		Summary: "a variable of the file's own is set, and nothing reads it",
		Page: Page{
			What:  "A variable that amavisd does not have is set, and no other line mentions it.",
			Why:   "It has no effect. Often it is a misspelt setting, which then keeps its default.",
			Wrong: "use strict;\nmy $max_server = 5;\nmy $port = 10024;\n$inet_socket_port = $port;\n",
			Right: "use strict;\n$max_servers = 5;\nmy $port = 10024;\n$inet_socket_port = $port;\n",
			Fix:   "Spell the setting right, or remove the line.",
		},
		Check: checkNeverRead,
	}
}

type ownVar struct {
	set         source.Span
	sets, reads int
	declared    bool
	sigil       byte
	name        string
}

var (
	plainName  = regexp.MustCompile(`^[A-Za-z_]\w+$`)
	nameInText = regexp.MustCompile(`[$@%{](\w+)`)
)

func checkNeverRead(p *Pass) {
	if p.Incomplete {
		return // what could not be read may read it
	}
	found := map[string]*ownVar{}
	var order []string
	get := func(v *syntax.Var) *ownVar {
		sigil := v.Sigil
		if sigil == '#' {
			sigil = '@'
		}
		if sigil != '$' && sigil != '@' && sigil != '%' || !plainName.MatchString(v.Name) {
			return nil
		}
		key := string(sigil) + v.Name
		if _, known := vars.Find(key); known || v.Name == "ENV" || v.Name == "ARGV" || v.Name == "INC" || v.Name == "VERSION" || v.Name == "ISA" {
			return nil
		}
		o := found[key]
		if o == nil {
			o = &ownVar{sigil: sigil, name: v.Name}
			found[key], order = o, append(order, key)
		}
		return o
	}
	targets := map[*syntax.Var]bool{}
	target := func(x syntax.Expr, declared bool) {
		for {
			e, ok := x.(*syntax.Elem)
			if !ok {
				break
			}
			x = e.Of
		}
		v, ok := x.(*syntax.Var)
		if !ok {
			return
		}
		targets[v] = true
		if o := get(v); o != nil {
			o.sets++
			o.declared = o.declared || declared
			if o.set.IsZero() {
				o.set = v.Span()
			}
		}
	}
	texts := map[string]bool{} // names in texts, which may be evaluated later
	var inSub []source.Span    // arguments that a sub does not use are no mistake
	p.Walk(func(n syntax.Node) bool {
		switch x := n.(type) {
		case *syntax.SubDecl, *syntax.AnonSub:
			inSub = append(inSub, x.Span())
		case *syntax.Assign:
			if x.Op != "=" {
				return true
			}
			if m, ok := x.L.(*syntax.My); ok {
				for _, v := range m.Vars {
					target(v, m.Kind == "my")
				}
			} else if l, ok := x.L.(*syntax.List); ok {
				for _, v := range l.Elems {
					target(v, false)
				}
			} else {
				target(x.L, false)
			}
		case *syntax.My:
			for _, e := range x.Vars {
				if v, ok := e.(*syntax.Var); ok {
					targets[v] = true
				}
			}
		case *syntax.Var:
			if !targets[x] {
				if o := get(x); o != nil {
					o.reads++
				}
			}
		case *syntax.Str:
			for _, m := range nameInText.FindAllStringSubmatch(x.Value, -1) {
				texts[m[1]] = true
			}
		}
		return true
	})
	for _, key := range order {
		o := found[key]
		if liesIn(o.set, inSub) || o.reads > 0 || o.sets == 0 || o.sets == 1 && !o.declared || texts[o.name] {
			continue // a single mention without my is told by P200 and P202
		}
		d := p.Report(o.set, "%s is set, and nothing reads it", key)
		if near := vars.Similar(key); len(near) > 0 {
			d.Help = "did you mean " + near[0] + "?"
		}
	}
}

func liesIn(at source.Span, spans []source.Span) bool {
	for _, s := range spans {
		if s.File == at.File && s.Start <= at.Start && at.End <= s.End {
			return true
		}
	}
	return false
}
