package lint

import (
	"strings"

	"mavis/perlconf/diag"
)

func noDomain() Rule {
	return Rule{
		Code: "D307", Name: "mydomain-not-set", Severity: diag.Info,
		Summary: "$mydomain was never set",
		Page: Page{
			What: "$mydomain holds the original's reminder, !change-mydomain-variable!.example.com, in a configuration that looks complete.",
			Why: "The reminder goes out in X-Virus-Scanned fields and in the addresses of notices, and local domains made of it match no mail: " +
				"nothing is local then.",
			Wrong: "$daemon_user = 'amavis';\n$MYHOME = '/var/lib/amavis';\n$inet_socket_port = 10024;\n",
			Right: "$daemon_user = 'amavis';\n$MYHOME = '/var/lib/amavis';\n$inet_socket_port = 10024;\n$mydomain = 'example.com';\n",
			Fix:   "Set $mydomain near the beginning of the first file.",
		},
		Check: func(p *Pass) {
			if p.Incomplete || !strings.HasPrefix(p.Config.Identity.Domain, "!change-mydomain") {
				return
			}
			at := p.origin("$MYHOME")
			if at.IsZero() || p.origin("$daemon_user").IsZero() || p.origin("$inet_socket_port", "@listen_sockets").IsZero() {
				return // a part of a configuration
			}
			p.Report(at, "$mydomain is not set anywhere").Help = "set $mydomain = 'your.domain';"
		},
	}
}
