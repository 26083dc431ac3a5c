package lint

import (
	"mavis/perlconf/diag"
	"mavis/perlconf/source"
	"mavis/rules"
)

func discardedWithoutCopy() Rule {
	return Rule{
		Code: "Q304", Name: "discarded-without-copy", Severity: diag.Info,
		Summary: "mail is dropped, and no copy is kept",
		Page: Page{
			What: "Spam or mail with banned parts is discarded, and its quarantine is switched off.",
			Why: "Sender and recipient learn nothing, and nobody can look. Banned names and spam scores hit wanted mail now and then; it cannot " +
				"be released then.",
			Wrong: "$final_banned_destiny = D_DISCARD;\n$banned_quarantine_to = undef;\n",
			Right: "$final_banned_destiny = D_DISCARD;\n$banned_quarantine_to = 'banned-quarantine';\n",
			Fix:   "Keep a quarantine and clear old files from it, or tell somebody: D_BOUNCE for banned mail, D_PASS for spam.",
		},
		Check: func(p *Pass) {
			told := map[source.Span]bool{}
			for _, l := range p.layers() {
				for _, c := range []rules.Category{rules.Banned, rules.Spam} {
					to, at := destiny(l.policy, c)
					h := quarantined(l.policy, c)
					switch {
					case to != rules.Discard || h.active() || at.IsZero() && h.toAt.IsZero():
						continue
					case !l.setsDestiny(c) && !l.sets("quarantine_to_maps_by_ccat", "quarantine_method_by_ccat", "spam_quarantine_to_maps", "banned_quarantine_to_maps"):
						continue
					}
					if at.IsZero() {
						at = h.toAt
					}
					if told[at] || p.bypassed(l.policy, c) {
						continue
					}
					told[at] = true
					d := p.Report(at, "%s is dropped%s, and no copy is kept", categoryMail[c], l.in())
					d.Help = "keep a quarantine, so that a mail can be found and released"
					if !h.toAt.IsZero() && h.toAt != at {
						d.Related = []diag.Related{{Span: h.toAt, Message: "the quarantine is off here"}}
					}
				}
			}
		},
	}
}

// bypassed says that a check is off for everybody.
func (p *Pass) bypassed(pol *rules.Policy, c rules.Category) bool {
	maps := map[rules.Category]string{rules.Virus: "bypass_virus_checks_maps", rules.Banned: "bypass_banned_checks_maps",
		rules.Spam: "bypass_spam_checks_maps", rules.BadHeader: "bypass_header_checks_maps"}[c]
	if maps == "" {
		return false
	}
	r, ok := find(pol, maps, someone)
	own, ok2 := find(pol, maps, p.local())
	return ok && r.Bool() && ok2 && own.Bool()
}
