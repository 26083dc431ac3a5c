package lint

import (
	"regexp"
	"strings"

	"mavis/perlconf/diag"
	"mavis/perlconf/source"
	"mavis/perlconf/syntax"
	"mavis/rules/vars"
)

// singleQuotes finds '.$mydomain': the name of a variable in a string that does not look into variables.
func singleQuotes() Rule {
	return Rule{
		Code: "P101", Name: "single-quoted-variable", Severity: diag.Warning,
		Summary: "a variable stands in single quotes, so its name is meant, not its value",
		Page: Page{
			What: "A string in single quotes holds the name of a variable that exists. Perl puts the value of a variable only into double quotes.",
			Why: "The setting holds a dollar sign and a name. As a domain it matches no mail, as a path it names no file: local domains are " +
				"then not local, and mail to them is treated like mail to strangers.",
			Wrong: "$mydomain = 'example.com';\n@local_domains_maps = ( ['.$mydomain'] );\n",
			Right: "$mydomain = 'example.com';\n@local_domains_maps = ( [\".$mydomain\"] );\n",
			Fix:   "Use double quotes; write \\@ for an at-sign in them. The automatic fix is unsafe: in rare places the name itself is meant.",
		},
		Check: checkSingleQuotes,
	}
}

var variableInText = regexp.MustCompile(`\$\{?([A-Za-z_]\w*)`)

func checkSingleQuotes(p *Pass) {
	own := ownVariables(p)
	quiet := templateTexts(p)
	scanners := scannerEntries(p)
	p.Walk(func(n syntax.Node) bool {
		s, ok := n.(*syntax.Str)
		if !ok || s.Quote != "'" || quiet[s] || strings.ContainsAny(s.Value, "\n") {
			return true
		}
		for _, m := range variableInText.FindAllStringSubmatch(s.Value, 10) {
			if _, known := vars.Find("$" + m[1]); !known && !own[m[1]] {
				continue
			}
			d := p.Report(s.Span(), "$%s stands in single quotes: its name is taken, not its value", m[1])
			d.Help = "use double quotes"
			for _, e := range scanners {
				if e.holds(s.Span()) { // stock entries for scanners that nobody has any more are like that
					d.Severity = diag.Info
				}
			}
			if text, ok := doubleQuoted(s.Span()); ok {
				d.Fixes = []diag.Fix{{Message: "use double quotes", Edits: []diag.Edit{{Span: s.Span(), New: text}}}}
			}
			break
		}
		return true
	})
}

// doubleQuoted rewrites a string in single quotes so that only its variables change their meaning.
func doubleQuoted(at source.Span) (string, bool) {
	text := at.Text()
	if len(text) < 2 || text[0] != '\'' || text[len(text)-1] != '\'' {
		return "", false
	}
	inner := text[1 : len(text)-1]
	if strings.Contains(inner, `\`) {
		return "", false
	}
	return `"` + strings.NewReplacer(`"`, `\"`, "@", `\@`).Replace(inner) + `"`, true
}

// ownVariables gives the scalars that the files set themselves, without sigil.
func ownVariables(p *Pass) map[string]bool {
	out := map[string]bool{}
	p.Walk(func(n syntax.Node) bool {
		switch x := n.(type) {
		case *syntax.Assign:
			if v, ok := x.L.(*syntax.Var); ok && v.Sigil == '$' {
				out[v.Name] = true
			}
		case *syntax.My:
			for _, e := range x.Vars {
				if v, ok := e.(*syntax.Var); ok && v.Sigil == '$' {
					out[v.Name] = true
				}
			}
		}
		return true
	})
	return out
}

// templateTexts gives the strings whose dollar signs are for somebody else: values of template variables, keys of
// hashes that hold them, and texts that are evaluated later.
func templateTexts(p *Pass) map[*syntax.Str]bool {
	out := map[*syntax.Str]bool{}
	all := func(x syntax.Expr) {
		if x == nil {
			return
		}
		syntax.Walk(x, func(n syntax.Node) bool {
			if s, ok := n.(*syntax.Str); ok {
				out[s] = true
			}
			return true
		})
	}
	p.Walk(func(n syntax.Node) bool {
		switch x := n.(type) {
		case *syntax.Assign:
			if v, ok := x.L.(*syntax.Var); ok {
				if d, ok := vars.Find(string(v.Sigil) + v.Name); ok && (d.Kind == vars.Template || strings.HasSuffix(d.Name, "_banner")) {
					all(x.R)
				}
			}
		case *syntax.AnonHash:
			for i := 0; i+1 < len(x.Elems); i++ {
				if k, ok := x.Elems[i].(*syntax.Str); ok {
					if d, ok := vars.Find("$" + k.Value); ok && (d.Kind == vars.Template || strings.HasSuffix(d.Name, "_banner")) {
						all(x.Elems[i+1])
					}
				}
			}
		case *syntax.Func:
			switch x.Name {
			case "eval", "print", "printf", "warn", "die", "ll", "do_log":
				for _, a := range x.Args {
					all(a)
				}
			}
		}
		return true
	})
	return out
}
