package lint

import (
	"mavis/perlconf/diag"
	"mavis/perlconf/source"
	"mavis/rules"
)

func virusBounce() Rule {
	return Rule{
		Code: "D304", Name: "virus-bounced", Severity: diag.Warning,
		Summary: "infected mail is bounced to its sender",
		Page: Page{
			What: "The destiny of infected mail is D_BOUNCE, and @viruses_that_fake_sender_maps says of some virus that its sender is real.",
			Why: "Hardly any virus gives its own sender's address. The bounce goes to somebody who did not send it, and such backscatter puts " +
				"your server on block lists. With the stock @viruses_that_fake_sender_maps no bounce is sent and the mail is dropped; then " +
				"the finding is info: the file says something else than what happens.",
			Wrong: "$final_virus_destiny = D_BOUNCE;\n",
			Right: "$final_virus_destiny = D_DISCARD;\n",
			Fix:   "Use D_DISCARD.",
		},
		Check: func(p *Pass) {
			told := map[source.Span]bool{}
			for _, l := range p.layers() {
				to, at := destiny(l.policy, rules.Virus)
				if to != rules.Bounce || !l.setsDestiny(rules.Virus) && !l.sets("viruses_that_fake_sender_maps") || at.IsZero() || told[at] || l.policy.Bool("originating") {
					continue
				}
				told[at] = true
				d := p.Report(at, "infected mail is bounced to senders that viruses forge%s", l.in())
				d.Help = "use D_DISCARD"
				if r, ok := find(l.policy, "viruses_that_fake_sender_maps", "Some.Virus-1"); ok && r.Bool() {
					d.Severity = diag.Info
					d.Message = "no bounce is sent for viruses, since they all count as forging their sender: the mail is dropped" + l.in()
					d.Help = "write D_DISCARD, which is what happens"
				}
			}
		},
	}
}
