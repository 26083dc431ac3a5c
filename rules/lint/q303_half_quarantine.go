package lint

import (
	"mavis/perlconf/diag"
)

func halfQuarantine() Rule {
	return Rule{
		Code: "Q303", Name: "quarantine-half-set", Severity: diag.Info,
		Summary: "a quarantine is set by half: a place without a method",
		Page: Page{
			What: "The place of a quarantine, such as $spam_quarantine_to, is set, and its method, such as $spam_quarantine_method, is emptied. " +
				"Both are needed.",
			Why:   "No copy is made, though the file names a place for it.",
			Wrong: "$spam_quarantine_method = undef;\n$spam_quarantine_to = 'spam-quarantine';\n",
			Right: "$spam_quarantine_method = 'local:spam-%m.gz';\n$spam_quarantine_to = 'spam-quarantine';\n",
			Fix:   "Set both, or none. The place alone, or a method alone with the place undef, switches the quarantine off.",
		},
		Check: func(p *Pass) {
			base := p.Config.Base()
			for _, c := range heldCategories {
				h := quarantined(base, c.category)
				method, to := p.origin("$"+c.method), p.origin("$"+c.to)
				if h.method != "" || h.to == "" || method.IsZero() || to.IsZero() || method == to {
					continue
				}
				d := p.Report(to, "$%s has no effect: $%s is empty", c.to, c.method)
				d.Help = "set both, or none"
				d.Related = []diag.Related{{Span: method, Message: "emptied here"}}
			}
		},
	}
}
