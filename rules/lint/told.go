package lint

import (
	"strings"

	"mavis/perlconf/diag"
	"mavis/rules/lint/pages"
)

// The codes of other packages have pages only: they are reported while a configuration is read.

func toldByParser() []Rule    { return told("parser") }
func toldByEvaluator() []Rule { return told("evaluator") }
func toldByLoading() []Rule   { return told("loading") }
func toldByBinding() []Rule   { return told("binding") }
func toldByDaemon() []Rule    { return told("daemon") }
func toldByClamd() []Rule     { return told("clamd") }
func toldByYAML() []Rule      { return told("yaml") }

// toldByPostfix are pages only, but for the first, whose check reads Postfix's files for all of them.
func toldByPostfix() []Rule {
	out := told("postfix")
	if len(out) > 0 {
		out[0].Check = readPostfix
	}
	return out
}

// told reads a file of pages. What it cannot read is a fault of the program, and shows as a page without sections, which
// a test refuses.
func told(name string) []Rule {
	var out []Rule
	for _, page := range strings.Split("\n"+pages.Text(name), "\n=== ")[1:] {
		head, body, _ := strings.Cut(page, "\n")
		words := append(strings.Fields(head), "", "", "")
		r := Rule{Code: words[0], Name: words[2]}
		switch words[1] {
		case "warning":
			r.Severity = diag.Warning
		case "error":
			r.Severity = diag.Error
		}
		parts := strings.Split(body, "\n--- ")
		r.Summary = strings.TrimSpace(parts[0])
		for _, part := range parts[1:] {
			section, text, _ := strings.Cut(part, "\n")
			flat := strings.Join(strings.Fields(text), " ")
			lines := strings.Trim(text, "\n") + "\n"
			switch section {
			case "what":
				r.Page.What = flat
			case "why":
				r.Page.Why = flat
			case "wrong":
				r.Page.Wrong = lines
			case "right":
				r.Page.Right = lines
			case "fix":
				r.Page.Fix = flat
			case "none":
				r.Page.NoExample = flat
			}
		}
		out = append(out, r)
	}
	return out
}
