package lint

import (
	"embed"
	"strings"

	"mavis/perlconf/diag"
)

// pages hold what is told about codes that loading and other packages report. A page begins with
//
//	=== CODE SEVERITY NAME
//
// and one line of summary; its sections begin with --- and one of: what, why, wrong, right, fix, none (why it has no
// example).
//
//go:embed pages/*.txt
var pages embed.FS

func toldByParser() []Rule    { return told("parser") }
func toldByEvaluator() []Rule { return told("evaluator") }
func toldByLoading() []Rule   { return told("loading") }
func toldByBinding() []Rule   { return told("binding") }
func toldByDaemon() []Rule    { return told("daemon") }
func toldByClamd() []Rule     { return told("clamd") }

// told reads a file of pages. What it cannot read is a fault of the program, and shows as a page without sections, which
// a test refuses.
func told(name string) []Rule {
	text, err := pages.ReadFile("pages/" + name + ".txt")
	if err != nil {
		return nil
	}
	var out []Rule
	for _, page := range strings.Split("\n"+string(text), "\n=== ")[1:] {
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
