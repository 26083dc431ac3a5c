package lint

import (
	"strings"

	"mavis/perlconf/diag"
)

func allLocal() Rule {
	return Rule{
		Code: "L303", Name: "everything-local", Severity: diag.Info,
		Summary: "every domain counts as local",
		Page: Page{
			What: "@local_domains_maps matches any address, for instance by the entry '.'.",
			Why: "Mail that goes out is then treated like mail that comes in: recipients elsewhere see your X-Spam fields and subject tags, " +
				"address extensions are added to their addresses, and notices meant for your users go to them.",
			Wrong: "@local_domains_maps = ( ['.'] );\n",
			Right: "@local_domains_maps = ( ['.example.com', '.example.org'] );\n",
			Fix:   "List your domains. On a machine that sees incoming mail only, it does no harm.",
		},
		Check: func(p *Pass) {
			r, ok := find(p.Config.Base(), "local_domains_maps", someone)
			if !ok || !r.Bool() {
				return
			}
			d := p.Report(r.Origin, "%s makes every domain local, also those that mail goes out to", quoted(r.Key))
			if d.Help = "list your domains"; p.Config.Identity.Domain == "" && strings.Contains(r.Origin.Text(), "mydomain") {
				d.Message = "$mydomain is empty, so this makes every domain local, also those that mail goes out to"
				d.Help = "set $mydomain"
			}
		},
	}
}
