package lint

import (
	"strings"

	"mavis/perlconf/diag"
	"mavis/perlconf/syntax"
)

// oneLine finds patterns of scanners that look at the first or last line only.
func oneLine() Rule {
	return Rule{
		Code: "R102", Name: "scanner-pattern-without-m", Severity: diag.Warning,
		Summary: "a scanner's pattern has ^ or $ without the flag m, so it sees the first or last line only",
		Page: Page{
			What:  "A scanner answers with a line for each file. Without the flag m, ^ stands for the beginning of the whole answer and $ for its end.",
			Why:   "A virus that is told in another line than the last one is not seen.",
			Wrong: "@av_scanners = (['x', 'x-scan', '{}', qr/OK$/m, qr/ FOUND$/, qr/(\\S+) FOUND/]);\n",
			Right: "@av_scanners = (['x', 'x-scan', '{}', qr/OK$/m, qr/ FOUND$/m, qr/(\\S+) FOUND/]);\n",
			Fix:   "Add m after the pattern. It is not done automatically, as it changes what a scanner's answer means.",
		},
		Check: func(p *Pass) {
			for _, e := range scannerEntries(p) {
				re, ok := e.elem(4).(*syntax.Regexp)
				if !ok || strings.Contains(re.Flags, "m") {
					continue
				}
				text, _, ok := patternText(re)
				if !ok || strings.HasPrefix(text, "(?m") {
					continue
				}
				if sign := anchor(text); sign != "" {
					d := p.Report(re.Span(), "this pattern tells infected files, but %s in it knows only the whole answer, not its lines", sign)
					d.Help = "write " + re.Span().Text() + "m"
				}
			}
		},
	}
}

// anchor gives the first ^ or $ of a pattern that stands for an end; "" when there is none.
func anchor(s string) string {
	class := false
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '[':
			class = true
			if i+1 < len(s) && s[i+1] == '^' {
				i++
			}
		case ']':
			class = false
		case '^', '$':
			if !class {
				return s[i : i+1]
			}
		}
	}
	return ""
}
