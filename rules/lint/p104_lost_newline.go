package lint

import (
	"regexp"

	"mavis/perlconf/diag"
	"mavis/perlconf/source"
	"mavis/perlconf/syntax"
)

// lostNewline finds "CONTSCAN {}n": the n of a newline that lost its backslash.
func lostNewline() Rule {
	return Rule{
		Code: "P104", Name: "lost-newline", Severity: diag.Warning,
		Summary: "the request to a scanner ends in the letter n where a newline was meant",
		Page: Page{
			What:  "What is sent to a scanner's socket ends in {}n. The n was a newline, \\n, before its backslash was lost.",
			Why:   "The scanner waits for the end of the line, or looks for a file whose name ends in n. No mail is scanned.",
			Wrong: "@av_scanners = (['ClamAV', \\&ask_daemon, [\"CONTSCAN {}n\", '/run/clamd.sock'], qr/OK/m, qr/FOUND/m]);\n",
			Right: "@av_scanners = (['ClamAV', \\&ask_daemon, [\"CONTSCAN {}\\n\", '/run/clamd.sock'], qr/OK/m, qr/FOUND/m]);\n",
			Fix:   "Write \\n, in double quotes. The automatic fix is unsafe, as it changes what is sent.",
		},
		Check: func(p *Pass) {
			for _, e := range scannerEntries(p) {
				query, ok := e.elem(2).(*syntax.AnonArray)
				if !ok || len(query.Elems) == 0 {
					continue
				}
				at := query.Elems[0].Span()
				text := at.Text()
				loc := requestEnd.FindStringIndex(text)
				if loc == nil {
					continue
				}
				n := source.Span{File: at.File, Start: at.Start + loc[1] - 2, End: at.Start + loc[1] - 1}
				d := p.Report(n, "this request ends in the letter n; a newline is meant")
				d.Help = `a backslash was lost: write \n`
				d.Fixes = []diag.Fix{{Message: `write \n`, Edits: []diag.Edit{{Span: n, New: `\n`}}}}
			}
		},
	}
}

var requestEnd = regexp.MustCompile(`\{\}(?:/\*)?n"$`)
