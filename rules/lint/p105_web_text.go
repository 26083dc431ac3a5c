package lint

import (
	"regexp"
	"strings"

	"mavis/perlconf/diag"
	"mavis/perlconf/source"
	"mavis/perlconf/syntax"
)

// webText finds HTML entities and tags inside strings and patterns, where Perl cannot see that they are wrong.
func webText() Rule {
	return Rule{
		Code: "P105", Name: "html-in-text", Severity: diag.Warning,
		Summary: "a string or pattern holds an HTML entity or tag",
		Page: Page{
			What:  "The text of a web page has come along: &lt; for <, &amp; for &, <br> at the end of a line, or a blank that does not break.",
			Why:   "Perl takes it as it is: the address, path or pattern does not match what it should.",
			Wrong: "$mailfrom_notify_admin = 'Postmaster &lt;postmaster@example.com&gt;';\n",
			Right: "$mailfrom_notify_admin = 'Postmaster <postmaster@example.com>';\n",
			Fix:   "Write the signs themselves. The automatic fix is unsafe: a text may be meant for a web page.",
		},
		Check: func(p *Pass) {
			quiet := templateTexts(p)
			p.Walk(func(n syntax.Node) bool {
				var at source.Span
				switch x := n.(type) {
				case *syntax.Str:
					if quiet[x] || x.Heredoc {
						return true
					}
					at = x.Span()
				case *syntax.Interp:
					if x.Heredoc || x.Quote == "" {
						return true
					}
					at = x.Span()
				case *syntax.Regexp:
					at = x.Span()
				default:
					return true
				}
				text := at.Text()
				if strings.Count(text, "\n") > 3 {
					return true
				}
				for _, loc := range webSigns.FindAllStringIndex(text, 20) {
					sign := source.Span{File: at.File, Start: at.Start + loc[0], End: at.Start + loc[1]}
					plain, entity := map[string]string{"&lt;": "<", "&gt;": ">", "&amp;": "&", "&quot;": `\"`, "&nbsp;": " ", "&#39;": `\'`, "\u00a0": " "}[sign.Text()]
					name := sign.Text()
					if name == "\u00a0" {
						name = "a blank that does not break"
					}
					d := p.Report(sign, "%s in this text was probably brought by a web page", name)
					if !entity {
						plain = ""
					}
					d.Fixes = []diag.Fix{{Message: "write the plain sign", Edits: []diag.Edit{{Span: sign, New: plain}}}}
					if plain == "" {
						d.Fixes[0].Message = "take it out"
					}
				}
				return true
			})
		},
	}
}

var webSigns = regexp.MustCompile(`&(?:lt|gt|amp|quot|nbsp|#39);|</?(?:br|p|b|i|span|pre|code|div|font|a)(?: [^<>]*)?/?>|\x{00a0}`)
