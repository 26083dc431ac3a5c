package lint

import (
	"mavis/perlconf/diag"
	"mavis/perlconf/eval"
	"mavis/perlconf/source"
	"mavis/rules"
)

func spamBounce() Rule {
	return Rule{
		Code: "D305", Name: "spam-bounced", Severity: diag.Warning,
		Summary: "spam is bounced, whatever its score",
		Page: Page{
			What: "The destiny of spam is D_BOUNCE, and there is no score above which no bounce is sent ($sa_dsn_cutoff_level).",
			Why: "Nearly all spam has a forged sender. Every spam above the kill level then sends a bounce to somebody who has nothing to do with " +
				"it, and your server ends up on block lists.",
			Wrong: wholeConfig + "$sa_kill_level_deflt = 6.9;\n$final_spam_destiny = D_BOUNCE;\n",
			Right: wholeConfig + "$sa_kill_level_deflt = 6.9;\n$sa_dsn_cutoff_level = 10;\n$final_spam_destiny = D_BOUNCE;\n",
			Fix:   "Set $sa_dsn_cutoff_level little above the kill level, or use D_DISCARD with a quarantine, or D_PASS and let users sort it.",
		},
		Check: func(p *Pass) {
			if !p.whole() {
				return // the level may be set elsewhere
			}
			told := map[source.Span]bool{}
			for _, l := range p.layers() {
				to, at := destiny(l.policy, rules.Spam)
				if to != rules.Bounce || !l.setsDestiny(rules.Spam) || at.IsZero() || told[at] || l.policy.Bool("originating") {
					continue
				}
				// spam checks that are off for everybody find no spam
				if r, ok := find(l.policy, "bypass_spam_checks_maps", someone); ok && r.Bool() {
					continue
				}
				cut := false
				for _, maps := range []string{"spam_dsn_cutoff_level_maps", "spam_dsn_cutoff_level_bysender_maps"} {
					r, ok := find(l.policy, maps, someone)
					cut = cut || ok && r.Value != nil && eval.ToString(r.Value) != ""
				}
				if !cut {
					told[at] = true
					p.Report(at, "spam of any score is bounced to its forged sender%s", l.in()).Help = "set $sa_dsn_cutoff_level, or use D_DISCARD"
				}
			}
		},
	}
}
