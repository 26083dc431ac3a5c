package lint

import (
	"strconv"

	"mavis/perlconf/diag"
)

func filterTransport() Rule {
	return Rule{
		Code: "X302", Name: "content-filter-transport", Severity: diag.Warning,
		Summary: "content_filter names a transport that master.cf does not have",
		Page: Page{
			What:  "The word before the colon of content_filter is a service of type unix in master.cf. There is none of this name.",
			Why:   "Postfix defers all mail: \"mail transport unavailable\".",
			Wrong: postfixExample + masterExample + "-- main.cf --\ncontent_filter = amavis:[127.0.0.1]:10024\nreceive_override_options = no_address_mappings\n",
			Right: postfixExample + masterExample + mainExample,
			Fix:   "Define the transport in master.cf, or use the name that is there.",
		},
		Check: func(p *Pass) {
			c := p.postfix()
			if c == nil || c.Master == nil {
				return
			}
			for _, f := range p.feeds(c) {
				if f.transport != "" && f.service == nil {
					p.Report(f.at, "master.cf has no transport %s", quoted(f.transport)).Help = "define it: " + f.transport + " unix - - y - " +
						strconv.Itoa(p.Config.Servers.MaxServers) + " smtp"
				}
			}
		},
	}
}

func filterProcesses() Rule {
	return Rule{
		Code: "X303", Name: "more-clients-than-servers", Severity: diag.Warning,
		Summary: "Postfix opens more connections to the filter than the filter has processes",
		Page: Page{
			What: "The limit of processes of the transport in master.cf is above $max_servers, or is left to the default of 100.",
			Why: "The connections that are too many wait for a process. They get no greeting, time out, and their mail is deferred while others " +
				"pass it. Under load that looks like a filter that hangs.",
			Wrong: postfixExample + "-- master.cf --\nsmtp inet n - y - - smtpd\nsmtp-amavis unix - - y - 10 smtp\n  -o smtp_send_xforward_command=yes\n" +
				"127.0.0.1:10025 inet n - y - - smtpd\n  -o content_filter=\n" + takenBack + mainExample,
			Right: postfixExample + masterExample + mainExample,
			Fix:   "Give both the same number: the seventh field of the transport in master.cf, and $max_servers.",
		},
		Check: checkProcesses,
	}
}

func checkProcesses(p *Pass) {
	c := p.postfix()
	if c == nil || p.Incomplete {
		return
	}
	limit := "100"
	if v, _, ok := c.Value(nil, "default_process_limit"); ok {
		limit = v
	}
	told := map[string]bool{}
	for _, f := range p.feeds(c) {
		if _, ours := p.ours(f.to); f.service == nil || !ours || told[f.service.Name] {
			continue
		}
		told[f.service.Name] = true
		text := f.service.MaxProc
		if text == "-" {
			text = limit
		}
		n, err := strconv.Atoi(text)
		if have := p.Config.Servers.MaxServers; err == nil && (n == 0 || n > have) {
			if text == "0" {
				text = "any number of"
			}
			d := p.Report(f.service.MaxProcAt, "Postfix opens up to %s connections, and $max_servers is %d", text, have)
			d.Help = "write " + strconv.Itoa(have) + " as the limit of this transport, or raise $max_servers"
			if at := p.origin("$max_servers"); !at.IsZero() {
				d.Related = []diag.Related{{Span: at, Message: "$max_servers was set here"}}
			}
		}
	}
}
