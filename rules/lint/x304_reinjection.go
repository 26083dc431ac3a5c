package lint

import (
	"strings"

	"mavis/perlconf/diag"
	"mavis/perlconf/postfix"
)

func reinjection() Rule {
	return Rule{
		Code: "X304", Name: "nobody-takes-mail-back", Severity: diag.Warning,
		Summary: "the filter forwards mail to a port that master.cf has no service for",
		Page: Page{
			What:  "The next hop of $forward_method is a port of this machine, and master.cf has no inet service with it.",
			Why:   "The filter gets \"connection refused\" for every mail and answers 451: all mail stays in Postfix's queue.",
			Wrong: postfixExample + "-- master.cf --\nsmtp inet n - y - - smtpd\nsmtp-amavis unix - - y - 2 smtp\n  -o smtp_send_xforward_command=yes\n" + mainExample,
			Right: postfixExample + masterExample + mainExample,
			Fix:   "Add the service to master.cf, with an empty content_filter: 127.0.0.1:10025 inet n - y - - smtpd -o content_filter=",
		},
		Check: func(p *Pass) {
			c := p.postfix()
			if c == nil || c.Master == nil || p.Incomplete {
				return
			}
			for _, r := range p.returns(c) {
				if _, self := p.ours(r.to); r.service != nil || self {
					continue
				}
				at := r.at
				if at.IsZero() && len(c.Master.Services) > 0 {
					at = c.Master.Services[0].At
				}
				p.Report(at, "master.cf has no service for port %s, where the filter forwards mail to", r.to.port).
					Help = "add 127.0.0.1:" + r.to.port + " inet n - y - - smtpd -o content_filter="
			}
		},
	}
}

func reinjectionFiltered() Rule {
	return Rule{
		Code: "X305", Name: "mail-taken-back-is-filtered-again", Severity: diag.Warning,
		Summary: "mail that comes back from the filter is sent to the filter again",
		Page: Page{
			What: "The service of master.cf that takes checked mail back has a content_filter or smtpd_proxy_filter: its own, or that of main.cf.",
			Why: "Mail runs in a circle between Postfix and the filter until it has too many Received fields, and is bounced then: nothing is " +
				"delivered.",
			Wrong: postfixExample + "-- master.cf --\nsmtp inet n - y - - smtpd\nsmtp-amavis unix - - y - 2 smtp\n  -o smtp_send_xforward_command=yes\n" +
				"127.0.0.1:10025 inet n - y - - smtpd\n" + mainExample,
			Right: postfixExample + "-- master.cf --\nsmtp inet n - y - - smtpd\nsmtp-amavis unix - - y - 2 smtp\n  -o smtp_send_xforward_command=yes\n" +
				"127.0.0.1:10025 inet n - y - - smtpd\n  -o content_filter=\n" + mainExample,
			Fix: "Add -o content_filter= (with nothing behind) to that service.",
		},
		Check: func(p *Pass) {
			c := p.postfix()
			if c == nil || p.Incomplete {
				return
			}
			for _, r := range p.returns(c) {
				if r.service == nil || r.service.Command != "smtpd" {
					continue
				}
				for _, name := range []string{"content_filter", "smtpd_proxy_filter"} {
					value, at, ok := c.Value(r.service, name)
					_, hop, _ := strings.Cut(value, ":")
					if name == "smtpd_proxy_filter" {
						hop = value
					}
					t, valid := hopTarget(hop)
					if _, ours := p.ours(t); !ok || value == "" || !valid || !ours {
						continue
					}
					d := p.Report(r.service.At, "mail taken back here goes to the filter again: it runs in a circle")
					d.Help = "add -o " + name + "= to this service"
					d.Related = []diag.Related{{Span: at, Message: "by this"}}
					end := r.service.Span
					end.Start = end.End
					d.Fixes = []diag.Fix{{Message: "no filter for mail taken back", Edits: []diag.Edit{{Span: end, New: "\n  -o " + name + "="}}}}
				}
			}
		},
	}
}

func addressMappings() Rule {
	return Rule{
		Code: "X306", Name: "address-mappings", Severity: diag.Info,
		Summary: "addresses are mapped both before and behind the filter, or not at all",
		Page: Page{
			What: "Neither the service that takes mail in nor the one that takes it back has receive_override_options=no_address_mappings; or " +
				"both have it, which is a warning.",
			Why: "With neither, aliases are expanded twice and automatic copies (always_bcc and its like) are sent twice. With both, aliases are " +
				"not expanded at all, and mail to them is refused or lost.",
			Wrong: postfixExample + masterExample + "-- main.cf --\ncontent_filter = smtp-amavis:[127.0.0.1]:10024\nalways_bcc = archive@example.com\n",
			Right: postfixExample + masterExample + mainExample + "always_bcc = archive@example.com\n",
			Fix: "Set it on one side: on the service that takes mail in, for the filter to see addresses as they were given; or on the one that " +
				"takes it back, for it to see final ones.",
		},
		Check: checkMappings,
	}
}

func checkMappings(p *Pass) {
	c := p.postfix()
	if c == nil || c.Master == nil || c.Main == nil || p.Incomplete {
		return
	}
	in := c.Master.Find("smtp", "inet")
	if in == nil || in.Command != "smtpd" {
		return
	}
	if filter, _, ok := c.Value(in, "content_filter"); !ok || filter == "" {
		return
	}
	off := func(s *postfix.Service) (bool, bool) {
		value, _, ok := c.Value(s, "receive_override_options")
		return strings.Contains(value, "no_address_mappings"), ok || value == ""
	}
	before, sure := off(in)
	for _, r := range p.returns(c) {
		if r.service == nil || r.service == in || r.service.Command != "smtpd" {
			continue
		}
		behind, sureBehind := off(r.service)
		if before != behind || !sure || !sureBehind {
			continue
		}
		d := p.Report(r.service.At, "addresses are mapped twice: before the filter, and again when mail comes back here")
		d.Help = "set receive_override_options=no_address_mappings for one of the two services"
		if behind {
			d.Severity = diag.Warning
			d.Message = "no_address_mappings is set both before and behind the filter: aliases are never expanded"
			d.Help = "take it out of one of the two"
		}
		d.Related = []diag.Related{{Span: in.At, Message: "mail comes in here"}}
	}
}
