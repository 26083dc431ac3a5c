package lint

import (
	"slices"
	"strings"
	"time"

	"mavis/perlconf/diag"
)

func xforward() Rule {
	return Rule{
		Code: "X307", Name: "no-xforward", Severity: diag.Info,
		Summary: "Postfix does not tell the filter where mail came from",
		Page: Page{
			What: "The transport of content_filter has no smtp_send_xforward_command=yes (lmtp_send_xforward_command for lmtp). It is a " +
				"warning when a policy bank depends on the client's address: MYNETS, or @client_ipaddr_policy.",
			Why: "The filter does not learn the client's address. Banks for clients are not loaded, so that mail of your own networks is " +
				"treated like any other; DKIM signing that depends on them stops; the log lacks addresses.",
			Wrong: postfixExample + "-- master.cf --\nsmtp inet n - y - - smtpd\nsmtp-amavis unix - - y - 2 smtp\n" +
				"127.0.0.1:10025 inet n - y - - smtpd\n  -o content_filter=\n" + takenBack + mainExample,
			Right: postfixExample + masterExample + mainExample,
			Fix:   "Add -o smtp_send_xforward_command=yes to the transport.",
		},
		Check: checkXForward,
	}
}

func checkXForward(p *Pass) {
	c := p.postfix()
	if c == nil {
		return
	}
	byClient := slices.Contains(p.Config.Banks(), "MYNETS") || !p.origin("@client_ipaddr_policy").IsZero()
	told := map[string]bool{}
	for _, f := range p.feeds(c) {
		if f.service == nil || told[f.service.Name] || f.service.Command != "smtp" && f.service.Command != "lmtp" {
			continue
		}
		if _, ours := p.ours(f.to); !ours {
			continue
		}
		told[f.service.Name] = true
		name := f.service.Command + "_send_xforward_command"
		if v, _, ok := c.Value(f.service, name); strings.EqualFold(v, "yes") || v != "" && !ok {
			continue
		}
		d := p.Report(f.service.At, "transport %s does not tell the filter the client's address", f.service.Name)
		if d.Help = "add -o " + name + "=yes"; byClient {
			d.Severity = diag.Warning
			d.Message += ", and policy banks depend on it"
		}
		end := f.service.Span
		end.Start = end.End
		d.Fixes = []diag.Fix{{Message: "send XFORWARD", Edits: []diag.Edit{{Span: end, New: "\n  -o " + name + "=yes"}}}}
	}
}

func filterTimeout() Rule {
	return Rule{
		Code: "X308", Name: "filter-timeout", Severity: diag.Warning,
		Summary: "Postfix gives up a mail before the filter does",
		Page: Page{
			What: "smtp_data_done_timeout of the transport (600 seconds by default) is shorter than $child_timeout. Before the queue it is " +
				"smtpd_proxy_timeout (100 seconds by default), which is told as info.",
			Why: "Postfix ends the connection and tries the mail again later, while the filter goes on and may still forward it: the mail arrives " +
				"twice.",
			Wrong: postfixExample + "-- master.cf --\nsmtp inet n - y - - smtpd\nsmtp-amavis unix - - y - 2 smtp\n  -o smtp_send_xforward_command=yes\n" +
				"  -o smtp_data_done_timeout=300\n127.0.0.1:10025 inet n - y - - smtpd\n  -o content_filter=\n" + takenBack + mainExample,
			Right: postfixExample + "-- master.cf --\nsmtp inet n - y - - smtpd\nsmtp-amavis unix - - y - 2 smtp\n  -o smtp_send_xforward_command=yes\n" +
				"  -o smtp_data_done_timeout=1200\n127.0.0.1:10025 inet n - y - - smtpd\n  -o content_filter=\n" + takenBack + mainExample,
			Fix: "Make Postfix's time the longer one: -o smtp_data_done_timeout=1200.",
		},
		Check: checkTimeout,
	}
}

func checkTimeout(p *Pass) {
	c := p.postfix()
	if c == nil || p.Incomplete {
		return
	}
	own := time.Duration(p.Config.Base().Int("child_timeout")) * time.Second
	told := map[string]bool{}
	for _, f := range p.feeds(c) {
		if _, ours := p.ours(f.to); !ours || f.transport != "" && f.service == nil {
			continue
		}
		name, limit, at := "smtpd_proxy_timeout", 100*time.Second, f.at
		service := f.service
		if service != nil {
			name, limit, at = service.Command+"_data_done_timeout", 600*time.Second, service.At
		}
		if v, where, ok := c.Value(service, name); ok {
			t, valid := seconds(v)
			if !valid {
				continue
			}
			limit, at = t, where
		}
		if limit >= own || told[at.String()] {
			continue
		}
		told[at.String()] = true
		d := p.Report(at, "Postfix waits %d seconds for the filter (%s), which may take %d ($child_timeout)", int(limit.Seconds()), name, int(own.Seconds()))
		if d.Help = "make " + name + " the longer one"; f.transport == "" {
			d.Severity = diag.Info
		}
		if at := p.origin("$child_timeout"); !at.IsZero() {
			d.Related = []diag.Related{{Span: at, Message: "$child_timeout was set here"}}
		}
	}
}
