package lint

import (
	"slices"
	"strconv"
	"strings"

	"mavis/perlconf/diag"
	"mavis/perlconf/source"
)

func clamdUser() Rule {
	return Rule{
		Code: "X402", Name: "clamd-user", Severity: diag.Info,
		Summary: "clamd runs as another user, and must be let into the filter's folders",
		Page: Page{
			What: "User in clamd.conf is not $daemon_user, and the scanner entry gives clamd names of files (CONTSCAN), which it opens itself. " +
				"With AllowSupplementaryGroups no, which clamd before 0.101 heeds, it is a warning.",
			Why: "The folders of mails in work are closed to others. A clamd that is not in the filter's group answers \"lstat() failed: " +
				"Permission denied\" for every mail, and the scanner counts as failed.",
			Wrong: clamdExample + "LocalSocket /run/clamav/clamd.ctl\nUser clamav\n",
			Right: clamdExample + "LocalSocket /run/clamav/clamd.ctl\nUser amavis\n",
			Fix: "Put clamd's user into the filter's group (adduser clamav amavis), start clamd anew, and take AllowSupplementaryGroups no out. " +
				"Or let the entry send files: 'clamd:/run/clamav/clamd.ctl'.",
		},
		Check: checkClamdUser,
	}
}

func checkClamdUser(p *Pass) {
	own := p.Config.Identity.User
	byName := false
	for _, u := range p.clamds() {
		byName = byName || !u.sends && strings.HasPrefix(u.scanner.Sockets[0], "/")
	}
	if !byName || own == "" {
		return
	}
	for _, c := range p.Clamd {
		user, at := c.Config.String("User")
		if user == "" || user == own || user == "root" || p.inGroup(user, own) {
			continue
		}
		d := p.Report(at, "clamd runs as %s and must read files of %s: it has to be in that user's group", user, own)
		d.Help = "adduser " + user + " " + own + ", and start clamd anew"
		if at := p.origin("$daemon_user"); !at.IsZero() {
			d.Related = []diag.Related{{Span: at, Message: "the filter's user"}}
		}
		if text, at := c.Config.String("AllowSupplementaryGroups"); !at.IsZero() && !affirmative(text) {
			d.Severity = diag.Warning
			d.Message += ", and AllowSupplementaryGroups is off"
			d.Related = append(d.Related, diag.Related{Span: at, Message: "clamd before 0.101 leaves its groups here"})
		}
	}
}

// inGroup says that this machine, when it is looked at, has a user in a group.
func (p *Pass) inGroup(user, group string) bool {
	if p.Machine == nil {
		return false
	}
	fields, _ := p.account("/etc/group", group)
	return len(fields) > 3 && slices.Contains(strings.Split(fields[3], ","), user)
}

func affirmative(s string) bool {
	switch strings.ToLower(s) {
	case "yes", "true", "1":
		return true
	}
	return false
}

func clamdScanMail() Rule {
	return Rule{
		Code: "X403", Name: "clamd-scanmail-off", Severity: diag.Warning,
		Summary: "clamd does not look into mail",
		Page: Page{
			What: "ScanMail is off in clamd.conf.",
			Why: "clamd then takes a whole mail for plain text: attachments inside of attached mails, and what only its own mail parser finds " +
				"(phishing, broken MIME), are not seen. The filter gives it parts it took apart, but the whole mail is the second look.",
			Wrong: clamdExample + "LocalSocket /run/clamav/clamd.ctl\nScanMail no\n",
			Right: clamdExample + "LocalSocket /run/clamav/clamd.ctl\nScanMail yes\n",
			Fix:   "Take the line out; the default is yes.",
		},
		Check: func(p *Pass) {
			if len(p.clamds()) == 0 {
				return
			}
			for _, c := range p.Clamd {
				if on, at := c.Config.Bool("ScanMail"); !on && !at.IsZero() {
					p.Report(at, "clamd does not look into mail with this").Help = "take the line out"
				}
			}
		},
	}
}

func clamdLimits() Rule {
	return Rule{
		Code: "X404", Name: "clamd-size-limit", Severity: diag.Info,
		Summary: "clamd does not scan mails as large as the MTA takes",
		Page: Page{
			What: "StreamMaxLength is below the size of mail that Postfix accepts (message_size_limit of the main.cf given, else its default " +
				"of 10240000 bytes) and files are sent to clamd, which is a warning; or MaxFileSize or MaxScanSize is.",
			Why: "Beyond StreamMaxLength clamd ends the connection, the scan fails, and the mail waits. Beyond the other two it answers OK " +
				"without having looked: a virus only has to be large enough.",
			Wrong: clamdExample + "LocalSocket /run/clamav/clamd.ctl\nMaxFileSize 5M\n",
			Right: clamdExample + "LocalSocket /run/clamav/clamd.ctl\nMaxFileSize 25M\n",
			Fix:   "Make the limits at least as large as message_size_limit. AlertExceedsMax yes tells of files that are too large.",
		},
		Check: checkClamdLimits,
	}
}

const defaultMessageSize = 10240000 // of Postfix

func checkClamdLimits(p *Pass) {
	use := p.clamds()
	if len(use) == 0 {
		return
	}
	largest, largestAt := int64(defaultMessageSize), source.Span{}
	if c := p.postfix(); c != nil {
		if v, at, ok := c.Value(nil, "message_size_limit"); ok {
			if n, err := strconv.ParseInt(v, 10, 64); err == nil {
				largest, largestAt = n, at
			}
		}
	}
	sends := false
	for _, u := range use {
		sends = sends || u.sends
	}
	for _, c := range p.Clamd {
		if alert, _ := c.Config.Bool("AlertExceedsMax"); alert {
			continue
		}
		for _, name := range []string{"StreamMaxLength", "MaxFileSize", "MaxScanSize"} {
			n, at := c.Config.Size(name)
			if at.IsZero() || n >= largest && largest > 0 || name == "StreamMaxLength" && !sends {
				continue
			}
			d := p.Report(at, "%s is below the size of mail that Postfix takes (%d bytes)", name, largest)
			d.Help = "raise it, or set AlertExceedsMax yes"
			if name == "StreamMaxLength" {
				d.Severity, d.Help = diag.Warning, "raise it: larger mails cannot be scanned and wait"
			}
			if largest == 0 {
				d.Message = name + " is below the size of mail that Postfix takes, which has no limit"
			}
			if !largestAt.IsZero() {
				d.Related = []diag.Related{{Span: largestAt, Message: "message_size_limit was set here"}}
			}
		}
	}
}

func clamdThreads() Rule {
	return Rule{
		Code: "X405", Name: "clamd-threads", Severity: diag.Info,
		Summary: "clamd scans fewer files at a time than the filter has processes",
		Page: Page{
			What:  "MaxThreads in clamd.conf is below $max_servers.",
			Why:   "Under load mails wait for clamd. With MaxQueue full it refuses connections, and the scanner counts as failed.",
			Wrong: clamdExample + "LocalSocket /run/clamav/clamd.ctl\nMaxThreads 2\n",
			Right: clamdExample + "LocalSocket /run/clamav/clamd.ctl\nMaxThreads 8\n",
			Fix:   "Raise MaxThreads to $max_servers at least.",
		},
		Check: func(p *Pass) {
			if len(p.clamds()) == 0 {
				return
			}
			for _, c := range p.Clamd {
				n, at := c.Config.Number("MaxThreads")
				if have := p.Config.Servers.MaxServers; !at.IsZero() && n > 0 && n < int64(have) {
					d := p.Report(at, "clamd scans %d files at a time, and $max_servers is %d", n, have)
					d.Help = "raise MaxThreads"
					if at := p.origin("$max_servers"); !at.IsZero() {
						d.Related = []diag.Related{{Span: at, Message: "$max_servers was set here"}}
					}
				}
			}
		},
	}
}
