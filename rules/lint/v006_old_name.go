package lint

import (
	"mavis/perlconf/diag"
	"mavis/perlconf/syntax"
	"mavis/rules/vars"
)

// oldName finds names that have a newer one.
func oldName() Rule {
	return Rule{
		Code: "V006", Name: "old-name", Severity: diag.Info,
		Summary: "a variable is called by its old name",
		Page: Page{
			What:  "The variable has a newer name; the old one is kept for files of old.",
			Why:   "It works. In a policy bank only the new name does.",
			Wrong: "$DO_SYSLOG = 1;\n",
			Right: "$do_syslog = 1;\n",
			Fix:   "Use the new name. The automatic fix is safe: both names are one variable.",
		},
		Check: func(p *Pass) {
			p.Walk(func(n syntax.Node) bool {
				v, ok := n.(*syntax.Var)
				if !ok {
					return true
				}
				sigil := v.Sigil
				if sigil == '#' {
					sigil = '@'
				}
				d, ok := vars.Find(string(sigil) + v.Name)
				if !ok || d.AliasOf == "" {
					return true
				}
				f := p.Report(v.Span(), "%s is the old name of %s", d.Name, d.AliasOf)
				if v.Span().Text() == d.Name {
					f.Fixes = []diag.Fix{{Message: "write " + d.AliasOf, Safe: true, Edits: []diag.Edit{{Span: v.Span(), New: d.AliasOf}}}}
				}
				return true
			})
		},
	}
}
