package lint

import (
	"strings"

	"mavis/perlconf/diag"
	"mavis/rules"
)

func noQuarantineFolder() Rule {
	return Rule{
		Code: "Q302", Name: "no-quarantine-folder", Severity: diag.Warning,
		Summary: "mail is to be quarantined in files, and $QUARANTINEDIR is not set",
		Page: Page{
			What:  "A quarantine method is local:, mail of its category is discarded, and $QUARANTINEDIR is undef.",
			Why:   "Nothing is kept. The log says that the mail was blocked, and a mail that was blocked by mistake is lost.",
			Wrong: wholeConfig + "$virus_quarantine_method = 'local:virus-%m';\n",
			Right: wholeConfig + "$QUARANTINEDIR = \"$MYHOME/virusmails\";\n$virus_quarantine_method = 'local:virus-%m';\n",
			Fix:   "Set $QUARANTINEDIR to a folder that exists and belongs to the daemon's user; or empty the method, so that the file says what happens.",
		},
		Check: func(p *Pass) {
			if !p.whole() || p.Config.Paths.Quarantine != "" {
				return
			}
			base := p.Config.Base()
			for _, c := range heldCategories {
				h := quarantined(base, c.category)
				to, destinyAt := destiny(base, c.category)
				if !h.active() || h.protocol() != "local" || strings.ContainsAny(h.to, "@/") || c.category == rules.Clean || to == rules.Pass {
					continue
				}
				at := h.methodAt
				if at.IsZero() {
					at = h.toAt
				}
				if at.IsZero() {
					at = destinyAt
				}
				if at.IsZero() {
					at = p.origin("$MYHOME")
				}
				p.Report(at, "$QUARANTINEDIR is not set: nothing is kept of %s", categoryMail[c.category]).Help = `set $QUARANTINEDIR, such as "$MYHOME/virusmails"`
				return
			}
		},
	}
}
