package lint

import (
	"mavis/perlconf/diag"
	"mavis/perlconf/source"
	"mavis/perlconf/syntax"
	"mavis/rules/vars"
)

// overwritten finds settings that a later line of the same file replaces before anything reads them.
func overwritten() Rule {
	return Rule{
		Code: "V004", Name: "overwritten-setting", Severity: diag.Info,
		Summary: "a setting is replaced further down in the same file",
		Page: Page{
			What:  "The same variable is set twice in one file, and nothing reads the first value.",
			Why:   "Whoever changes the first line sees no effect.",
			Wrong: "$max_servers = 5;\n$log_level = 2;\n$max_servers = 10;\n",
			Right: "$log_level = 2;\n$max_servers = 10;\n",
			Fix:   "Keep the line that is meant.",
		},
		Check: func(p *Pass) {
			for _, t := range p.Trees {
				replaced(p, t)
			}
		},
	}
}

// replaced follows the statements at the top of a file. Anything that may read a variable, or run other code, makes it
// forget.
func replaced(p *Pass, t *syntax.File) {
	last := map[string]source.Span{}
	for _, s := range t.Body.Stmts {
		var target *syntax.Var
		var whole syntax.Node
		if e, ok := s.(*syntax.ExprStmt); ok {
			if a, ok := e.X.(*syntax.Assign); ok && a.Op == "=" {
				if v, ok := a.L.(*syntax.Var); ok {
					target, whole = v, a
				}
			}
		}
		forget := false
		syntax.Walk(s, func(n syntax.Node) bool {
			switch x := n.(type) {
			case *syntax.Var:
				if x != target {
					for _, sigil := range []string{"$", "@", "%"} {
						delete(last, sigil+x.Name)
					}
				}
			case *syntax.Func:
				switch x.Name {
				case "include_config_files", "include_optional_config_files", "read_config_file", "do", "require", "eval":
					forget = true
				}
			case *syntax.BadStmt, *syntax.CallCode, *syntax.Method:
				forget = true
			}
			return true
		})
		if forget {
			clear(last)
		}
		if target == nil {
			continue
		}
		name := string(target.Sigil) + target.Name
		v, known := vars.Find(name)
		if !known {
			continue
		}
		if v.AliasOf != "" {
			name = v.AliasOf
		}
		if before, ok := last[name]; ok {
			d := p.Report(before, "%s is set here, and again further down", name)
			d.Related = []diag.Related{{Span: whole.Span(), Message: "overwritten here"}}
		}
		last[name] = whole.Span()
	}
}
