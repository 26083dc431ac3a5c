package lint

import "mavis/perlconf/diag"

func scannersBypassed() Rule {
	return Rule{
		Code: "S304", Name: "scanners-bypassed", Severity: diag.Info,
		Summary: "virus scanners are listed, and all mail bypasses them",
		Page: Page{
			What: "@bypass_virus_checks_maps holds a constant, or an entry that matches every recipient, and @av_scanners is not empty.",
			Why: "No scanner is asked for anything, and the log says nothing about it. A line that was to be commented out once, for a test, is " +
				"often the reason.",
			Wrong: "@av_scanners = ( ['clamscan', 'clamscan', '{}', [0], [1], qr/^(.*)$/m] );\n@bypass_virus_checks_maps = (1);\n",
			Right: "@av_scanners = ( ['clamscan', 'clamscan', '{}', [0], [1], qr/^(.*)$/m] );\n",
			Fix:   "Take the bypass out; or, when mail is scanned elsewhere, the scanners, so that the file says what happens.",
		},
		Check: func(p *Pass) {
			base := p.Config.Base()
			r, ok := find(base, "bypass_virus_checks_maps", someone)
			scanners := base.AVScanners()
			if !ok || !r.Bool() || len(scanners) == 0 {
				return
			}
			if own, ok := find(base, "bypass_virus_checks_maps", p.local()); !ok || !own.Bool() {
				return
			}
			for _, l := range p.layers()[1:] { // a bank that turns scanning on again
				if again, ok := find(l.policy, "bypass_virus_checks_maps", someone); l.sets("bypass_virus_checks_maps") && (!ok || !again.Bool()) {
					return
				}
			}
			d := p.Report(r.Origin, "no mail is scanned for viruses: all recipients bypass it")
			d.Help = "take the bypass out, or the scanners"
			if at := scanners[0].Origin; !at.IsZero() {
				d.Related = []diag.Related{{Span: at, Message: "the scanners start here"}}
			}
		},
	}
}
