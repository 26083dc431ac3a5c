package lint

import (
	"mavis/perlconf/diag"
	"mavis/perlconf/source"
	"mavis/rules"
)

func rejectBehindQueue() Rule {
	return Rule{
		Code: "D303", Name: "reject-behind-queue", Severity: diag.Warning,
		Summary: "infected mail is rejected, which makes the MTA before the filter bounce it",
		Page: Page{
			What: "The destiny of infected mail is D_REJECT, and the filter forwards mail itself. For other categories this is told as info.",
			Why: "A filter behind the queue (content_filter) answers 554 to its own MTA, which has accepted the mail long ago and now must send a " +
				"bounce, to a sender address that viruses forge. Such backscatter puts your server on block lists.",
			Wrong: "$final_virus_destiny = D_REJECT;\n",
			Right: "$final_virus_destiny = D_DISCARD;\n",
			Fix: "Use D_DISCARD; the quarantine keeps a copy. D_REJECT is right before the queue: as smtpd_proxy_filter, or behind a milter, " +
				"where $forward_method is empty. Give main.cf and master.cf with --main-cf and --master-cf, and the rule knows.",
		},
		Check: checkReject,
	}
}

func checkReject(p *Pass) {
	told := map[source.Span]bool{}
	for _, l := range p.layers() {
		if speaksPDP(l.policy) || l.policy.Bool("originating") || !p.behindQueue(l.policy) {
			continue // own users may well get a bounce
		}
		for _, c := range []rules.Category{rules.Virus, rules.Banned, rules.Spam} {
			to, at := destiny(l.policy, c)
			if to != rules.Reject || !l.setsDestiny(c) || at.IsZero() || told[at] {
				continue
			}
			told[at] = true
			d := p.Report(at, "behind the queue D_REJECT makes your MTA bounce %s to a forged sender%s", categoryMail[c], l.in())
			if d.Help = "use D_DISCARD, unless the filter stands before the queue"; c != rules.Virus {
				d.Severity = diag.Info
			}
		}
	}
}

var categoryMail = map[rules.Category]string{rules.Virus: "viruses", rules.Banned: "banned mail", rules.Spam: "spam",
	rules.BadHeader: "mail with a faulty header", rules.Unchecked: "mail that could not be checked"}
