// Package reply words the SMTP replies to a message: what happened to each recipient, and one reply for all of them.
// Log readers, monitoring and MTAs know these texts.
package reply

import (
	"fmt"
	"regexp"
	"strings"

	"mavis/engine/mail"
	"mavis/rules"
)

// statuses are the codes of blocked mail by category (RFC 3463, RFC 5248).
var statuses = map[rules.CCat]string{
	{Major: rules.Virus}:               "554 5.7.0",
	{Major: rules.Banned}:              "554 5.7.0",
	{Major: rules.Unchecked}:           "554 5.7.0",
	{Major: rules.Spam}:                "554 5.7.0",
	{Major: rules.Spammy}:              "554 5.7.0",
	{Major: rules.BadHeader, Minor: 2}: "554 5.6.3",
	{Major: rules.BadHeader}:           "554 5.6.0",
	{Major: rules.Oversized}:           "552 5.3.4",
	{Major: rules.MTA}:                 "550 5.3.5",
}

const maxReason = 450 // bytes of a site's own reason

// Blocked is the reply for a recipient whose mail the filter itself does not pass. reason is the expanded
// %smtp_reason_by_ccat entry, "" when there is none.
func Blocked(cat rules.CCat, destiny rules.Destiny, softBounce bool, reason string) string {
	status, ok := statuses[cat]
	if !ok {
		status = "554 5.7.0"
	}
	soft := ""
	switch {
	case destiny == rules.TempFail:
		status = reclass(status, '4')
		status = "450" + status[3:]
	case softBounce:
		status = "450" + reclass(status, '4')[3:]
		soft = " (soft_bounce)"
	case destiny == rules.Discard:
		status = "250" + reclass(status, '2')[3:]
	}
	word := map[rules.Destiny]string{rules.Pass: "Ok", rules.Discard: "Ok, discarded", rules.Reject: "Reject", rules.Bounce: "Bounce",
		rules.TempFail: "Temporary failure"}[destiny]
	if word == "" {
		word = fmt.Sprintf("Not ok (%d)", destiny)
	}
	if reason != "" {
		reason = ", " + Clip(reason)
	}
	return status + " " + word + soft + reason
}

// Clip makes a reason fit for a reply.
func Clip(reason string) string {
	reason = strings.TrimSuffix(reason, "\n")
	if len(reason) > maxReason+3 {
		reason = reason[:maxReason] + "..."
	}
	return reason
}

// reclass changes the first digit of both codes: "554 5.7.0" with '2' is "254 2.7.0".
func reclass(status string, class byte) string {
	return string(class) + status[1:4] + string(class) + status[5:]
}

var (
	codes     = regexp.MustCompile(`^(\d\d\d)(?: (\d\.\d\.\d))?\s*`)
	coded     = regexp.MustCompile(`(?s)^(\d{3})[ \t-][ \t]*([245]\.\d{1,3}\.\d{1,3})?\s*(.*)$`)
	fullCodes = regexp.MustCompile(`^\d(\d\d) \d(\.\d\.\d)`)
)

// FromMTA is the reply built from what the next hop said to a command; target is the hop in the notation of
// $forward_method. dflt is the enhanced code for answers without one, such as ".6.0"; its class is the answer's.
func FromMTA(target, answer, dflt, command string) string {
	code, enhanced := "451", "4.5.0"
	switch m := coded.FindStringSubmatch(answer); {
	case answer == "":
		answer = "No resp. to " + command
	case m == nil || !strings.Contains("245", answer[:1]):
		answer = "Bad resp. to " + command + ": " + answer
	default:
		code, enhanced = m[1], m[2]
		if enhanced == "" {
			enhanced = code[:1] + dflt
		}
	}
	return fmt.Sprintf("%s %s from MTA(%s): %s", code, enhanced, target, answer)
}

// Relaying rewrites a refusal of the next hop for our client: the site's reason comes in front, and the destiny may
// turn it into a discard.
func Relaying(fromMTA string, destiny rules.Destiny, softBounce bool, reason string) string {
	word := ""
	if strings.HasPrefix(fromMTA, "5") {
		switch {
		case destiny == rules.Discard:
			fromMTA = fullCodes.ReplaceAllString(fromMTA, "250 2$2")
		case softBounce:
			fromMTA = fullCodes.ReplaceAllString(fromMTA, "450 4$2")
		}
	}
	if destiny == rules.Discard {
		word = " Discarded"
	}
	head, rest := fromMTA, ""
	if m := codes.FindStringIndex(fromMTA); m != nil {
		head, rest = strings.TrimRight(fromMTA[:m[1]], " "), fromMTA[m[1]:]
	}
	return head + word + " " + Clip(reason) + ", " + rest
}

// ForAll is the one reply for several recipients. perRecipient says that the client hears of each recipient by itself
// (LMTP), suppressed that a bounce was wanted but not sent. notify says that the sender must be told by a notification.
func ForAll(rcpts []*mail.Recipient, logID string, perRecipient, suppressed bool) (text string, notify bool) {
	if len(rcpts) == 0 {
		return "250 2.5.0 Ok, id=" + logID, false
	}
	for _, r := range rcpts {
		if strings.HasPrefix(r.Reply, "4") {
			return r.Reply, false
		}
	}
	for _, r := range rcpts {
		if r.Done != mail.NotDone && (r.Reply == "" || !strings.ContainsRune("245", rune(r.Reply[0]))) {
			return fmt.Sprintf("451 4.5.0 Bad SMTP response code %q", r.Reply), false
		}
	}
	if text = allDiscarded(rcpts); text != "" {
		return text, false
	}
	if text = allRefused(rcpts); text != "" {
		return text, false
	}
	return mixed(rcpts, logID, perRecipient, suppressed)
}

func allDiscarded(rcpts []*mail.Recipient) string {
	for _, r := range rcpts {
		if r.Destiny != rules.Discard {
			return ""
		}
	}
	return rcpts[0].Reply
}

// allRefused prefers the next hop's refusal to one of our own.
func allRefused(rcpts []*mail.Recipient) string {
	text, best := "", mail.NotDone
	for _, r := range rcpts {
		switch {
		case r.Destiny == rules.Discard:
		case strings.HasPrefix(r.Reply, "5") && r.Destiny != rules.Bounce:
			if text == "" || r.Done > best {
				text, best = r.Reply, r.Done
			}
		default:
			return ""
		}
	}
	return text
}

func mixed(rcpts []*mail.Recipient, logID string, perRecipient, suppressed bool) (text string, notify bool) {
	var rejected, bounced, dropped int
	pending := false
	for _, r := range rcpts {
		pending = pending || r.Done == mail.NotDone
		if strings.HasPrefix(r.Reply, "2") && r.Destiny == rules.Pass && text == "" {
			text = r.Reply
		}
		if r.Destiny == rules.Discard {
			dropped++
		}
		if strings.HasPrefix(r.Reply, "5") {
			if r.Destiny == rules.Bounce {
				bounced++
			} else {
				rejected++
			}
		}
	}
	if text == "" {
		text = "250 2.5.0 Ok, id=" + logID
		if pending {
			text += ", continue delivery"
		}
	}
	if n := rejected + bounced + dropped; n > 0 {
		text += ", "
		if n < len(rcpts) {
			text += "but "
		}
		bounce := "BOUNCE"
		if suppressed {
			bounce = "DISCARD(bounce.suppressed)"
		}
		text += strings.Join(counted(len(rcpts), []count{{rejected, "REJECT"}, {bounced, bounce}, {dropped, "DISCARD"}}), ", and ")
	}
	return text, bounced > 0 || rejected > 0 && !perRecipient
}

type count struct {
	n    int
	word string
}

func counted(all int, counts []count) []string {
	var out []string
	for _, c := range counts {
		switch c.n {
		case 0:
		case all:
			out = append(out, c.word)
		default:
			out = append(out, fmt.Sprintf("%d %s", c.n, c.word))
		}
	}
	return out
}
