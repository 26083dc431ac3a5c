package lint

import (
	"mavis/perlconf/diag"
)

func ownUnscanned() Rule {
	return Rule{
		Code: "B303", Name: "own-mail-not-scanned", Severity: diag.Info,
		Summary: "mail of your own users is not checked for viruses",
		Page: Page{
			What: "A policy bank for own mail (originating => 1, MYNETS or MYUSERS) bypasses the checks for viruses, and other mail is checked.",
			Why: "A machine of yours that is infected sends its mail through this bank. The bank may also be loaded by address alone, as MYNETS " +
				"is for anything that @mynetworks holds.",
			Wrong: "@av_scanners = ( ['clamscan', 'clamscan', '{}', [0], [1], qr/^(.*)$/m] );\n$policy_bank{'MYNETS'} = { originating => 1, bypass_virus_checks_maps => [1] };\n",
			Right: "@av_scanners = ( ['clamscan', 'clamscan', '{}', [0], [1], qr/^(.*)$/m] );\n$policy_bank{'MYNETS'} = { originating => 1, bypass_spam_checks_maps => [1] };\n",
			Fix:   "Bypass checks for spam, and keep those for viruses.",
		},
		Check: func(p *Pass) {
			if r, ok := find(p.Config.Base(), "bypass_virus_checks_maps", someone); ok && r.Bool() || len(p.Config.Base().AVScanners()) == 0 {
				return
			}
			for _, l := range p.layers()[1:] {
				if !l.sets("bypass_virus_checks_maps") || !l.policy.Bool("originating") && l.name != "MYUSERS" {
					continue
				}
				if r, ok := find(l.policy, "bypass_virus_checks_maps", someone); ok && r.Bool() {
					d := p.Report(placeOf(l.own, "bypass_virus_checks_maps"), "mail that policy bank %s calls your own goes out unscanned", l.name)
					d.Help = "bypass spam checks only"
				}
			}
		},
	}
}
