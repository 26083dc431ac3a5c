package lint

import "mavis/perlconf/diag"

// postfixExample begins the examples of rules about Postfix's files.
const postfixExample = "-- amavisd.conf --\n$max_servers = 2;\n$inet_socket_port = 10024;\n$forward_method = 'smtp:[127.0.0.1]:10025';\n1;\n"

// masterExample is a master.cf as README.postfix of the original has it.
const masterExample = "-- master.cf --\nsmtp inet n - y - - smtpd\nsmtp-amavis unix - - y - 2 smtp\n  -o smtp_send_xforward_command=yes\n" +
	"127.0.0.1:10025 inet n - y - - smtpd\n  -o content_filter=\n" + takenBack

// takenBack are further options of the service that takes mail back.
const takenBack = "  -o receive_override_options=no_unknown_recipient_checks,no_header_body_checks\n"

const mainExample = "-- main.cf --\ncontent_filter = smtp-amavis:[127.0.0.1]:10024\nreceive_override_options = no_address_mappings\n"

func filterPort() Rule {
	return Rule{
		Code: "X301", Name: "content-filter-port", Severity: diag.Warning,
		Summary: "Postfix sends mail to a port that the filter does not listen on",
		Page: Page{
			What: "content_filter or smtpd_proxy_filter names a port of this machine, and no socket of the configuration has it.",
			Why: "Postfix gets \"connection refused\". With content_filter all mail stays in the queue; before the queue it is answered with 451. " +
				"If something else listens there, mail may pass unchecked.",
			Wrong: postfixExample + masterExample + "-- main.cf --\ncontent_filter = smtp-amavis:[127.0.0.1]:10023\nreceive_override_options = no_address_mappings\n",
			Right: postfixExample + masterExample + mainExample,
			Fix:   "Use the same port in both files: $inet_socket_port here, content_filter there.",
		},
		Check: func(p *Pass) {
			c := p.postfix()
			if c == nil || p.Incomplete || len(p.Config.Listeners) == 0 {
				return
			}
			for _, f := range p.feeds(c) {
				if _, ok := p.ours(f.to); ok || f.to.path != "" || p.serviceAt(c, f.to) != nil {
					continue
				}
				d := p.Report(f.at, "the filter does not listen on port %s", f.to.port)
				d.Help = "use the same port here and in $inet_socket_port"
				if at := p.Config.Listeners[0].Origin; !at.IsZero() {
					d.Related = []diag.Related{{Span: at, Message: "it listens here"}}
				}
			}
		},
	}
}
