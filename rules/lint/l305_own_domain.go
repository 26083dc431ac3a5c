package lint

import (
	"strings"

	"mavis/perlconf/diag"
)

func ownDomainForeign() Rule {
	return Rule{
		Code: "L305", Name: "own-domain-not-local", Severity: diag.Warning,
		Summary: "mail to $mydomain does not count as mail to local users",
		Page: Page{
			What: "@local_domains_maps matches no address of $mydomain, and no database is asked.",
			Why: "Mail to your own users gets no X-Spam fields, no subject tags and no address extensions, warnings are not sent to them, and " +
				"the log calls it an open relay. Often a domain was changed at one place only, or $mydomain was set behind the list that uses it.",
			Wrong: wholeConfig + "@local_domains_maps = ( ['.example.org'] );\n",
			Right: wholeConfig + "@local_domains_maps = ( ['.example.org', \".$mydomain\"] );\n",
			Fix:   "Put \".$mydomain\" into the list, behind the line that sets $mydomain. On a relay that has no users under $mydomain it may stay.",
		},
		Check: func(p *Pass) {
			at, domain := p.origin("$mydomain"), p.Config.Identity.Domain
			if !p.whole() || len(p.Loaded.Stubbed) > 0 || at.IsZero() || !strings.Contains(domain, ".") || len(p.Config.LookupSQL) > 0 {
				return
			}
			for _, l := range p.layers() {
				if l.policy.Bool("enable_ldap") {
					return
				}
			}
			base := p.Config.Base()
			for _, who := range []string{"someone@" + domain, "postmaster@" + domain} {
				if r, ok := find(base, "local_domains_maps", who); ok && r.Bool() {
					return
				}
			}
			list := p.origin("@local_domains_maps", "@local_domains_acl", "%local_domains", "$local_domains_re")
			where := list
			if where.IsZero() {
				where = at
			}
			d := p.Report(where, "mail to %s, which is $mydomain, is not local", quoted(domain))
			d.Help = `put ".$mydomain" into the list of local domains`
			if !list.IsZero() {
				d.Related = []diag.Related{{Span: at, Message: "$mydomain was set here"}}
			}
		},
	}
}
