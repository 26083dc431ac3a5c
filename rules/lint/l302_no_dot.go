package lint

import (
	"fmt"
	"strings"

	"mavis/perlconf/diag"
	"mavis/perlconf/source"
)

func noLeadingDot() Rule {
	return Rule{
		Code: "L302", Name: "domain-without-dot", Severity: diag.Info,
		Summary: "a local domain is listed without a leading dot, so its sub-domains are not local",
		Page: Page{
			What: "In a list such as ['example.com'] an entry without a leading dot means exactly that domain. '.example.com' means the " +
				"domain and all below it. It is a warning when this machine's own name lies below the domain and is not local either.",
			Why: "Mail to user@mail.example.com then counts as mail to strangers: it gets no X-Spam fields, no address extensions, and the " +
				"log calls it an open relay. Mail to root@ and postmaster@ of the machine itself often has such an address.",
			Wrong: "$myhostname = 'mail.example.com';\n@local_domains_maps = ( ['example.com'] );\n",
			Right: "$myhostname = 'mail.example.com';\n@local_domains_maps = ( ['.example.com'] );\n",
			Fix:   "Write a dot before the domain, unless only the domain itself is meant. The automatic fix is unsafe: it makes more mail local.",
		},
		Check: checkNoLeadingDot,
	}
}

func checkNoLeadingDot(p *Pass) {
	told := map[source.Span]bool{}
	for _, l := range p.layers() {
		if !l.sets("local_domains_maps") {
			continue
		}
		var d *diag.Diagnostic
		count := 0
		own := strings.ToLower(l.policy.Str("myhostname"))
		for _, e := range l.policy.Tables("local_domains_maps").Exact() {
			if !strings.Contains(e.Domain, ".") || told[e.At] || e.At.IsZero() {
				continue
			}
			told[e.At] = true
			if count++; d == nil {
				d = p.Report(e.At, "%s stands for this domain alone, not for what is below it", quoted(e.Domain))
				d.Help = "write '." + e.Domain + "'"
				d.Fixes = dotFix(e.At, e.Domain)
			} else if fix := dotFix(e.At, e.Domain); len(fix) > 0 && len(d.Fixes) > 0 {
				d.Fixes[0].Edits = append(d.Fixes[0].Edits, fix[0].Edits...)
			}
			if r, ok := find(l.policy, "local_domains_maps", "root@"+own); strings.HasSuffix(own, "."+e.Domain) && (!ok || !r.Bool()) {
				d.Severity = diag.Warning
				d.Message += ": mail to root@" + own + " is not local"
				if at := p.origin("$myhostname"); !at.IsZero() {
					d.Related = []diag.Related{{Span: at, Message: "the name of this machine"}}
				}
			}
		}
		if d != nil && count > 1 {
			d.Message += fmt.Sprintf("; so do %d more here", count-1)
		}
	}
}

// dotFix puts a dot before a domain that stands in quotes of its own at a place.
func dotFix(at source.Span, domain string) []diag.Fix {
	text := at.Text()
	for _, q := range []string{"'", `"`} {
		if i := strings.Index(strings.ToLower(text), q+domain+q); i >= 0 && strings.Count(strings.ToLower(text), q+domain+q) == 1 {
			pos := source.Span{File: at.File, Start: at.Start + i + 1, End: at.Start + i + 1}
			return []diag.Fix{{Message: "make sub-domains local as well", Edits: []diag.Edit{{Span: pos, New: "."}}}}
		}
	}
	return nil
}
