package lint

import (
	"mavis/perlconf/diag"
	"mavis/perlconf/source"
	"mavis/perlconf/syntax"
)

// lostReference finds &ask_daemon where \&ask_daemon was meant.
func lostReference() Rule {
	return Rule{
		Code: "P103", Name: "lost-backslash-before-sub", Severity: diag.Error,
		Summary: "a sub is called where a reference to it is meant",
		Page: Page{
			What:  "An entry of a scanner, decoder or spam scanner names its code by a reference: \\&ask_daemon. Without the backslash Perl calls the sub at once.",
			Why:   "The call fails, as there is no mail yet, and the whole configuration is refused.",
			Wrong: "@av_scanners = (\n  ['ClamAV', &ask_daemon, [\"CONTSCAN {}\\n\", '/run/clamd.sock'], qr/\\bOK$/m, qr/\\bFOUND$/m],\n);\n",
			Right: "@av_scanners = (\n  ['ClamAV', \\&ask_daemon, [\"CONTSCAN {}\\n\", '/run/clamd.sock'], qr/\\bOK$/m, qr/\\bFOUND$/m],\n);\n",
			Fix:   "Write the backslash. The automatic fix is unsafe only in that it changes what the file does: it could not be loaded before.",
		},
		Check: func(p *Pass) {
			for _, e := range entries(p) {
				call, ok := e.elem(1).(*syntax.Func)
				if !ok || !call.Amp || call.Parens {
					continue
				}
				at := call.Span()
				p.Instead(at, "P203", "P205", "P220")
				d := p.Report(at, "&%s calls the sub here and now; a reference to it is meant", call.Name)
				d.Help = `a backslash was lost: write \&` + call.Name
				d.Fixes = []diag.Fix{{Message: `write \&` + call.Name,
					Edits: []diag.Edit{{Span: source.Span{File: at.File, Start: at.Start, End: at.Start}, New: `\`}}}}
			}
		},
	}
}
