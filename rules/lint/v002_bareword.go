package lint

import (
	"strings"

	"mavis/perlconf/diag"
	"mavis/perlconf/syntax"
)

// bareWord finds $DO_SYSLOG = yes; in files without strict.
func bareWord() Rule {
	return Rule{
		Code: "V002", Name: "bareword-value", Severity: diag.Warning,
		Summary: "a word without quotes is taken for a text",
		Page: Page{
			What:  "Without `use strict` Perl takes a word that is no sub for a text. It may be a misspelt constant, a missing quote, or yes and no of another language.",
			Why:   "A misspelt D_DISCARD is a text, not a destiny; no is true. `use strict` would have told.",
			Wrong: "$do_syslog = yes;\n",
			Right: "$do_syslog = 1;\n",
			Fix:   "Write 1 or 0, put quotes around a text, or spell the constant right; and begin the file with `use strict;`. The automatic fix is unsafe: no becomes 0.",
		},
		Check: func(p *Pass) {
			for _, t := range p.Trees {
				if usesStrict(t) {
					continue // Perl itself refuses barewords there
				}
				syntax.Walk(t.Body, func(n syntax.Node) bool {
					a, ok := n.(*syntax.Assign)
					if !ok {
						return true
					}
					w, ok := a.R.(*syntax.Bareword)
					if !ok || strings.Contains(w.Name, "::") {
						return true
					}
					d := p.Report(w.Span(), "%s has no quotes; Perl takes it for a text", w.Name)
					text := "'" + w.Name + "'"
					switch strings.ToLower(w.Name) {
					case "yes", "on", "true":
						text = "1"
					case "no", "off", "false":
						text = "0"
					}
					d.Fixes = []diag.Fix{{Message: "write " + text, Edits: []diag.Edit{{Span: w.Span(), New: text}}}}
					return true
				})
			}
		},
	}
}

func usesStrict(t *syntax.File) bool {
	for _, s := range t.Body.Stmts {
		if u, ok := s.(*syntax.Use); ok && u.Module == "strict" && !u.No {
			return true
		}
	}
	return false
}
