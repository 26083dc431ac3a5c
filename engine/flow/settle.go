package flow

import (
	"sort"
	"strings"

	"mavis/engine/mail"
	"mavis/rules"
)

// actions fills in what the main log line shows in braces: the outcome for each direction, then what else was done.
func (t *Task) actions(reply string) {
	seen := map[string]bool{}
	for _, r := range t.Rcpts {
		answer := reply
		if t.LMTP {
			answer = r.Reply
		}
		which := outcome(r, answer, t.DSNSent)
		switch {
		case t.Originating && r.Local:
			which += "Internal"
		case t.Originating:
			which += "Outbound"
		case r.Local:
			which += "Inbound"
		default:
			which += "OpenRelay"
		}
		seen[which] = true
	}
	names := make([]string, 0, len(seen))
	for w := range seen {
		names = append(names, w)
	}
	sort.Strings(names)
	for i, n := range names {
		names[i] = strings.Replace(n, "RelayedUntagged", "Relayed", 1)
	}
	t.Actions = append(names, t.Actions...)
}

// outcome names what became of a recipient. An accepting answer alone does not tell: discarded mail is answered with 250
// as well.
func outcome(r *mail.Recipient, answer string, dsn int) string {
	class := byte('0')
	if answer != "" {
		class = answer[0]
	}
	switch {
	case r.Done == mail.NotDone:
		return "Accepted"
	case class == '4':
		return "TempFailed"
	case class != '2' && class != '5':
		return "Unknown"
	case class == '5' && r.Destiny == rules.Reject:
		return "Rejected"
	case r.Done == mail.Forwarded && r.Tagged:
		return "RelayedTagged"
	case r.Done == mail.Forwarded:
		return "RelayedUntagged"
	case r.Destiny == rules.Discard:
		return "Discarded"
	case r.Destiny == rules.Bounce || r.Destiny == rules.Reject && class == '2':
		switch dsn {
		case 1:
			return "Bounced"
		case 2:
			return "NoBounce"
		}
	case r.Destiny == rules.Reject:
		return "Rejected"
	}
	return "Unknown"
}
