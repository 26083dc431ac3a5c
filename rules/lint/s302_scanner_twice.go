package lint

import (
	"fmt"
	"slices"
	"strings"

	"mavis/perlconf/diag"
	"mavis/rules"
)

func scannerTwice() Rule {
	return Rule{
		Code: "S302", Name: "scanner-twice", Severity: diag.Info,
		Summary: "the same virus scanner is listed twice",
		Page: Page{
			What:  "Two entries of one list run the same program with the same arguments, or ask the same socket the same question.",
			Why:   "Every mail is scanned twice by the same scanner, which costs time and finds nothing more.",
			Wrong: "@av_scanners = (\n  ['one', 'clamscan', '{}', [0], [1], qr/^(.*)$/m],\n  ['two', 'clamscan', '{}', [0], [1], qr/^(.*)$/m],\n);\n",
			Right: "@av_scanners = (\n  ['one', 'clamscan', '{}', [0], [1], qr/^(.*)$/m],\n);\n",
			Fix:   "Take one of them out.",
		},
		Check: func(p *Pass) {
			base := p.Config.Base()
			for _, list := range [][]rules.Scanner{base.AVScanners(), base.AVScannersBackup()} {
				sameScanners(list, list, func(a, b rules.Scanner) {
					d := p.Report(b.Origin, "scanner %s does the same as %s", quoted(b.Name), quoted(a.Name))
					d.Help = "take one of them out"
					d.Related = []diag.Related{{Span: a.Origin, Message: "the other one"}}
				})
			}
		},
	}
}

func backupSame() Rule {
	return Rule{
		Code: "S303", Name: "backup-same-as-primary", Severity: diag.Warning,
		Summary: "a backup scanner is the same as a primary one",
		Page: Page{
			What: "An entry of @av_scanners_backup runs the same program, or asks the same socket, as an entry of @av_scanners.",
			Why: "Backup scanners are asked when all primary ones have failed. One that needs the same daemon fails with it: then mail waits, or " +
				"passes as UNCHECKED.",
			Wrong: "@av_scanners = ( ['clamd', \\&ask_daemon, [\"CONTSCAN {}\\n\", '/run/clamav/clamd.ctl'], qr/\\bOK$/m, qr/\\bFOUND$/m, qr/^.*?: (.*) FOUND$/m] );\n" +
				"@av_scanners_backup = ( ['again', \\&ask_daemon, [\"CONTSCAN {}\\n\", '/run/clamav/clamd.ctl'], qr/\\bOK$/m, qr/\\bFOUND$/m, qr/^.*?: (.*) FOUND$/m] );\n",
			Right: "@av_scanners = ( ['clamd', \\&ask_daemon, [\"CONTSCAN {}\\n\", '/run/clamav/clamd.ctl'], qr/\\bOK$/m, qr/\\bFOUND$/m, qr/^.*?: (.*) FOUND$/m] );\n" +
				"@av_scanners_backup = ( ['clamscan', 'clamscan', '--no-summary {}', [0], [1], qr/^.*?: (.*) FOUND$/m] );\n",
			Fix: "Use a scanner that does not depend on the primary one, such as clamscan beside clamd.",
		},
		Check: func(p *Pass) {
			base := p.Config.Base()
			sameScanners(base.AVScanners(), base.AVScannersBackup(), func(a, b rules.Scanner) {
				if b.Origin.IsZero() {
					return
				}
				d := p.Report(b.Origin, "backup scanner %s fails whenever %s does: it is the same", quoted(b.Name), quoted(a.Name))
				d.Help = "use one that does not depend on the primary scanner"
				d.Related = []diag.Related{{Span: a.Origin, Message: "the primary one"}}
			})
		},
	}
}

// sameScanners calls f for entries of two lists that do the same; of one and the same list, for each entry and the first
// like it.
func sameScanners(a, b []rules.Scanner, f func(a, b rules.Scanner)) {
	one := len(a) > 0 && len(b) > 0 && &a[0] == &b[0]
	seen := map[string]rules.Scanner{}
	for _, s := range a {
		if k := doing(s); k != "" && !one {
			if _, have := seen[k]; !have {
				seen[k] = s
			}
		}
	}
	for _, s := range b {
		k := doing(s)
		if k == "" {
			continue
		}
		if first, have := seen[k]; have {
			f(first, s)
		} else if one {
			seen[k] = s
		}
	}
}

// doing says what a scanner does, "" when that cannot be compared.
func doing(s rules.Scanner) string {
	switch {
	case s.CallCode != nil:
		return ""
	case s.Call != "":
		sockets := slices.Clone(s.Sockets)
		slices.Sort(sockets)
		if len(sockets) == 0 && len(s.Query) == 0 {
			return ""
		}
		return fmt.Sprintf("ask %q %q", sockets, s.Query)
	}
	return fmt.Sprintf("run %q %q %q", strings.Join(s.Programs, "\x00"), s.Args, s.ArgList)
}
