package lint

import (
	"regexp"
	"strings"

	"mavis/perlconf/diag"
)

// qualified is what the original accepts, beside localhost.
var qualified = regexp.MustCompile(`[^.]\.[^.]+\.?\z`)

func shortHostname() Rule {
	return Rule{
		Code: "D306", Name: "hostname-not-qualified", Severity: diag.Error,
		Summary: "$myhostname has no domain",
		Page: Page{
			What:  "$myhostname is set to a name without a dot. A fully qualified name is wanted, such as mail.example.com.",
			Why:   "amavisd refuses to start. The name stands in Received fields, in Message-IDs of notices and in the greeting of the SMTP client.",
			Wrong: "$myhostname = 'mail';\n",
			Right: "$myhostname = 'mail.example.com';\n",
			Fix:   "Write the whole name of the machine.",
		},
		Check: func(p *Pass) {
			name, at := p.Config.Identity.Hostname, p.origin("$myhostname")
			if at.IsZero() || name == "" || p.Incomplete || qualified.MatchString(name) || strings.EqualFold(name, "localhost") || strings.Contains(at.Text(), "`") {
				return
			}
			if text := at.Text(); !strings.Contains(text, name) {
				return // read from the machine, which is another one than that of the file
			}
			p.Report(at, "$myhostname is %s, which is no fully qualified name: amavisd does not start", quoted(name)).Help = "write the whole name, with its domain"
		},
	}
}
