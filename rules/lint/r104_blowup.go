package lint

import (
	"mavis/perlconf/diag"
	"mavis/perlconf/regex"
	"mavis/perlconf/source"
	"mavis/perlconf/syntax"
)

// blowup finds patterns that can take time without end.
func blowup() Rule {
	return Rule{
		Code: "R104", Name: "exponential-pattern", Severity: diag.Warning,
		Summary: "a pattern can need exponential time on a text made for it",
		Page: Page{
			What: "Inside a repetition there are two ways to match the same text, as in (a+)+$ or (\\s*\\w*)*;. When what follows fails, an engine that " +
				"goes back tries all combinations.",
			Why: "A sender can choose a file name or address that keeps the filter busy until its time is over; the mail is then deferred, and " +
				"others wait. Most such patterns run in linear time here, but not in the original: the finding is then an info.",
			Wrong: "$banned_filename_re = new_RE( qr/^(\\w+\\s?)+\\.exe$/ );\n",
			Right: "$banned_filename_re = new_RE( qr/^\\w+(?:\\s\\w+)*\\s?\\.exe$/ );\n",
			Fix:   "Let the parts of a repetition begin with something that the rest cannot match, so that there is one way only.",
		},
		Check: func(p *Pass) {
			p.Walk(func(n syntax.Node) bool {
				re, ok := n.(*syntax.Regexp)
				if !ok {
					return true
				}
				text, at, ok := patternText(re)
				if !ok {
					return true
				}
				c, err := regex.Compile(text, re.Flags)
				if err != nil {
					return true
				}
				if i, found := c.Blowup(); found {
					i = max(0, min(i, len(text)-1))
					d := p.Report(source.Span{File: at.File, Start: at.Start + i, End: at.Start + i + 1},
						"this repetition can match one text in many ways, which takes exponential time when the rest fails")
					if c.Engine() == "re2" {
						d.Severity = diag.Info
						d.Help = "this program runs the pattern in linear time; the original does not"
					}
				}
				return true
			})
		},
	}
}
