package notify

import (
	"fmt"
	"regexp"
	"strings"

	"mavis/compat/macro"
	"mavis/compat/macro/facts"
	"mavis/rules"
)

// Recip is what decides on a delivery status notification about one recipient.
type Recip struct {
	facts.Recipient
	Destiny                  rules.Destiny
	ORcpt                    string   // ORCPT as sent, "" when not given
	Final                    string   // the address it was passed on to, "" when the same
	WarnSender               bool     // %warnsender_by_ccat
	Suppress                 string   // a reason against a notification, such as a virus that fakes senders
	Blacklisted, Whitelisted bool     // the sender, by this recipient
	Cutoff                   *float64 // @spam_dsn_cutoff_level_maps
	Milter                   bool     // the MTA itself will deliver
}

// Bounce is all that decides on a delivery status notification.
type Bounce struct {
	Settings
	Message *facts.Message
	Rcpts   []Recip
	// PerRecipient: the MTA is told the status of each recipient (LMTP), so that a rejection needs no notification.
	PerRecipient   bool
	PassedOn       bool     // NOTIFY=SUCCESS went on to the next hop
	Cutoff         *float64 // @spam_dsn_cutoff_level_bysender_maps
	Bulk           bool     // mailing list, auto-response, bulk mail
	Fingerprint    string   // of the client's operating system
	EnvelopeSigned bool     // a valid DKIM signature of the sender's domain
	EnvID          string   // as sent (xtext), "" when not given
	Helo           string
	Bcc            string // $dsn_bcc
	// Withheld is filled by Build: why the sender is not told of recipients.
	Withheld        []string
	rejectedByAll   bool
	success, failed bool
	delayed         bool
}

// Build makes the notification. It is nil when none is due; suppressed says that one would be due, but was not wanted
// or would likely hit the wrong person.
func (b *Bounce) Build() (n *Notice, suppressed bool, err error) {
	b.rejectedByAll = len(b.Rcpts) > 0
	for _, r := range b.Rcpts {
		if r.Destiny != rules.Reject || !strings.HasPrefix(r.Response, "5") {
			b.rejectedByAll = false
		}
	}
	groups := ""
	for _, r := range b.Rcpts {
		if r.Done == 0 && r.Milter {
			r.Response = "250 2.5.0 Ok, continue delivery"
		}
		due, suppress := b.due(r)
		if suppress != "" {
			suppressed = true
			b.Withheld = append(b.Withheld, suppress)
		}
		if !due {
			continue
		}
		text, err := b.group(r)
		if err != nil {
			return nil, false, err
		}
		groups += "\n" + text
	}
	if groups == "" {
		return nil, suppressed, nil
	}
	n, err = b.notice(b.perMessage() + groups)
	return n, suppressed, err
}

// wants reads NOTIFY (RFC 3461 section 4.1).
func (b *Bounce) wants(r Recip) (success, failure, delay, never bool) {
	if r.Notify == nil {
		failure, delay = true, true
	}
	for _, n := range r.Notify {
		switch strings.ToUpper(n) {
		case "FAILURE":
			failure = true
		case "SUCCESS":
			success = true
		case "DELAY":
			delay = true
		case "NEVER":
			never = true
		}
	}
	if never || b.Message.Sender == "" {
		return false, false, false, never
	}
	return success, failure, delay, never
}

func (b *Bounce) warns(r Recip) bool {
	_, _, delay, _ := b.wants(r)
	return delay && class(r.Response) == '2' && r.Done == 2 && r.WarnSender
}

func class(response string) byte {
	if response == "" {
		return '0'
	}
	return response[0]
}

// due says whether a recipient belongs into the notification, or why one is held back; "" when none was due.
func (b *Bounce) due(r Recip) (due bool, suppressed string) {
	success, failure, _, never := b.wants(r)
	warn := b.warns(r)
	score := 0.0
	if r.Score != nil {
		score = *r.Score
	}
	c := class(r.Response)
	switch {
	case c == '4':
		return false, ""
	case c == '5' && r.Destiny == rules.Reject && (b.PerRecipient || b.rejectedByAll):
		return false, ""
	case c == '5' && !failure && b.Message.Sender == "":
		return false, "the envelope sender is empty"
	case c == '5' && !failure:
		return false, "the sender asked not to be told (NOTIFY)"
	case c == '2' && !warn && (!success || b.PassedOn):
		return false, ""
	case b.Message.Sender == "":
		return false, "the envelope sender is empty"
	case never:
		return false, "the sender asked not to be told (NOTIFY=NEVER)"
	case r.Destiny == rules.Discard:
		return false, "the destiny is D_DISCARD"
	case r.Suppress != "":
		return false, r.Suppress
	case b.Cutoff != nil && score >= *b.Cutoff:
		return false, "the score is at or above the sender's cutoff level"
	case r.Cutoff != nil && (score >= *r.Cutoff || r.Blacklisted && !r.Whitelisted):
		return false, "the score is at or above the cutoff level, or the sender is blacklisted"
	case b.Bulk && len(r.CCats) > 0 && r.CCats[0].Major > rules.Clean:
		return false, "it is bulk mail"
	case b.botnet(score):
		return false, "it comes from a desktop system"
	}
	return true, ""
}

var (
	windows  = regexp.MustCompile(`^Windows\b`)
	like2000 = regexp.MustCompile(`^Windows XP[^(]*\b2000 SP`)
)

// botnet holds notifications back for likely spam from desktop systems.
func (b *Bounce) botnet(score float64) bool {
	if !windows.MatchString(b.Fingerprint) || b.EnvelopeSigned {
		return false
	}
	limit := 8.0
	if strings.HasPrefix(b.Fingerprint, "Windows XP") && !like2000.MatchString(b.Fingerprint) {
		limit = 5
	}
	return score >= limit
}

var response = regexp.MustCompile(`(?s)^(\d{3})[ \t-][ \t]*([245]\.\d{1,3}\.\d{1,3})?\s*(.*)$`)

// group is the part of the delivery status about one recipient (RFC 3464 section 2.3).
func (b *Bounce) group(r Recip) (string, error) {
	utf8 := b.Message.SMTPUTF8
	var t strings.Builder
	if r.ORcpt != "" {
		kind, addr := DecodeORcpt(r.ORcpt, utf8)
		t.WriteString("Original-Recipient: " + EncodeORcpt(kind, addr, utf8) + "\n")
	}
	encoded := func(addr string) string {
		kind, plain := DecodeORcpt(";"+facts.Normalize(addr), false)
		return EncodeORcpt(kind, plain, utf8)
	}
	if r.ORcpt != "" || r.RemoteMTA == "" || r.Final == "" || r.Final == r.Addr {
		t.WriteString("Final-Recipient: " + encoded(r.Addr) + "\n")
	} else {
		t.WriteString("X-NextToLast-Final-Recipient: " + encoded(r.Addr) + "\nFinal-Recipient: " + encoded(r.Final) + "\n")
	}
	c := class(r.Response)
	status := ""
	if m := response.FindStringSubmatch(r.Response); m != nil {
		status = m[2]
	}
	if status == "" && (c == '2' || c == '4' || c == '5') {
		status = string(rune(c)) + ".0.0"
	}
	warn := b.warns(r)
	action := ""
	switch {
	case r.Done != 0 && c == '5':
		action = "failed"
		b.failed = true
	case r.Done == 2 && c == '2' && !b.PassedOn:
		action = "relayed"
	case r.Done == 2 && c == '2' && warn:
		action = "delayed"
		b.delayed = true
	case r.Done == 1 && c == '2':
		action = "delivered"
	case r.Done == 0 && c == '2':
		action = "relayed"
	default:
		return "", fmt.Errorf("delivery status of <%s>: no action for %q", r.Addr, r.Response)
	}
	if action != "failed" && action != "delayed" {
		b.success = true
	}
	fmt.Fprintf(&t, "Action: %s\nStatus: %s\n", action, status)
	said := r.Response
	switch {
	case warn && action == "delayed":
		said = "250 2.6.0 Bad message, but will be delivered anyway"
	case r.RemoteMTA != "" && r.RemoteReply != "":
		t.WriteString("Remote-MTA: dns; " + r.RemoteMTA + "\n")
		said = r.RemoteReply
	case !strings.Contains(said, "\n") && len(said) > 78-len("Diagnostic-Code: smtp; "):
		said = foldReply(said)
	}
	t.WriteString("Diagnostic-Code: smtp; " + indentLines(said) + "\n")
	t.WriteString("Last-Attempt-Date: " + facts.RFC5322Time(b.Message.Received) + "\n")
	id := b.Message.LogID
	if b.Message.MailID != "" {
		id += "/" + b.Message.MailID
	}
	t.WriteString("Final-Log-ID: " + id + "\n")
	return t.String(), nil
}

// indentLines puts white space at the start of continued lines.
func indentLines(s string) string {
	lines := strings.Split(s, "\n")
	for i := 1; i < len(lines); i++ {
		if lines[i] == "" || lines[i][0] != ' ' && lines[i][0] != '\t' {
			lines[i] = " " + lines[i]
		}
	}
	return strings.Join(lines, "\n")
}

// foldReply makes a reply of several lines out of our own long one (RFC 3461 section 9.2): each line repeats the codes.
func foldReply(s string) string {
	const lead = len("Diagnostic-Code: smtp; ") - len(" 554 5.0.0 ")
	s = macro.Wrap(strings.Repeat("x", lead)+s, macro.Wrapping{Width: 78 - len(" 554 5.0.0 "), HasIndent: true})[lead:]
	m := replyCodes.FindStringSubmatch(s)
	if m == nil {
		return s
	}
	lines := strings.Split(m[3], "\n")
	for i, l := range lines {
		sep := "-"
		if i == len(lines)-1 {
			sep = " "
		}
		lines[i] = m[1] + sep + m[2] + l
	}
	return strings.Join(lines, "\n")
}

var replyCodes = regexp.MustCompile(`(?s)^([1-5]\d\d)(?: |-|$)([245]\.\d{1,3}\.\d{1,3}(?: |$))?(.*)$`)

// perMessage is the first group of the delivery status (RFC 3464 section 2.2).
func (b *Bounce) perMessage() string {
	m := b.Message
	host := macro.DomainToASCII(m.Hostname)
	if m.SMTPUTF8 {
		host = macro.DomainToUnicode(m.Hostname)
	}
	s := "Reporting-MTA: dns; " + host + "\n"
	if b.Helo != "" {
		s += "Received-From-MTA: dns; " + b.Helo + " ([" + m.PeerAddr + "])\n"
	}
	s += "Arrival-Date: " + facts.RFC5322Time(m.Received) + "\n"
	if b.EnvID != "" {
		s += "Original-Envelope-Id: " + facts.Sanitize(decodeXtext(b.EnvID), false) + "\n"
	}
	return s
}

var anyHex = regexp.MustCompile(`\+([0-9a-fA-F]{2})`)

// decodeXtext is RFC 3461 section 4.
func decodeXtext(s string) string {
	return anyHex.ReplaceAllStringFunc(s, func(h string) string { return string([]byte{byte(hex(h[1:]))}) })
}

func (b *Bounce) notice(status string) (*Notice, error) {
	m := b.Message
	from, to := b.hdrFrom(m), asciiAddress(facts.Quote(m.Sender))
	date := facts.RFC5322Time(m.Received)
	text, err := b.expand(m, macro.Map{"f": macro.Text(from), "T": macro.List(to), "d": macro.Text(date), "report_format": macro.Text("dsn")})
	if err != nil {
		return nil, err
	}
	subtype, name, encoding := "delivery-status", "dsn_status.dsn", "7bit"
	charset := ""
	high := !ascii(status)
	if m.SMTPUTF8 || high && validUTF8(status) {
		if validUTF8(status) {
			subtype, name, charset = "global-delivery-status", "dsn_status.u8dsn", `; charset="UTF-8"`
		}
	}
	if high {
		encoding = "8bit"
	}
	e := &entity{kind: "multipart/report; report-type=" + subtype}
	body := e.template(text, b.Encoding)
	e.set("From", "From: "+from+"\n")
	e.set("To", "To: "+to+"\n")
	e.set("Date", "Date: "+date+"\n")
	description := "Delivery report"
	switch {
	case b.failed:
		description = "Delivery error report"
	case b.delayed:
		description = "Delivery delay report"
	}
	e.parts = []part{textPart(body, b.charset()), {kind: "message/" + subtype + charset + `; name="` + name + `"`,
		disposition: `inline; filename="` + name + `"`, encoding: encoding, description: description, data: []byte(status)}, headerPart(m)}
	rcpts := []string{m.Sender}
	if b.Bcc != "" {
		rcpts = append(rcpts, b.Bcc)
	}
	n := b.finish(e, "", rcpts)
	n.BodyType = "7BIT"
	if high {
		n.BodyType = "8BITMIME"
	}
	return n, nil
}

func validUTF8(s string) bool { return strings.ToValidUTF8(s, "") == s }
