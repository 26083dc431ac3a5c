package notify

import (
	"bytes"
	"fmt"
	"strings"

	"mavis/compat/macro"
	"mavis/compat/macro/facts"
)

// Report is mail released from quarantine, or a complaint to others, with the mail itself in it.
type Report struct {
	Settings
	Message *facts.Message
	// Format is "attach", "plain" (the mail as text) or "arf" (RFC 5965). Mail released as it was needs no notice.
	Format   string
	Feedback string // feedback type of RFC 5965, such as "abuse"
	Product  string // our name and version, for User-Agent
	To       []string
	Original []byte // the whole mail
	// AuthResults are bodies of Authentication-Results for a feedback report.
	AuthResults []string
}

// Build makes the notice.
func (r *Report) Build() (*Notice, error) {
	m := r.Message
	if r.Format == "attach" && m.Password != nil && m.Password() != "" {
		return nil, fmt.Errorf("attachment with a password: %w", ErrUnsupported)
	}
	from := r.hdrFrom(m)
	var to []string
	for _, a := range r.To {
		to = append(to, asciiAddress(facts.Quote(a)))
	}
	date := facts.RFC5322Time(m.Received)
	text, err := r.expand(m, macro.Map{"f": macro.Text(from), "T": macro.List(to...), "d": macro.Text(date),
		"report_format": macro.Text(r.Format), "feedback_type": macro.Text(r.Feedback)})
	if err != nil {
		return nil, err
	}
	e := &entity{kind: "multipart/mixed"}
	body := e.template(text, r.Encoding)
	e.set("From", "From: "+from+"\n")
	e.set("To", "To: "+strings.Join(to, ", ")+"\n")
	e.set("Date", "Date: "+date+"\n")
	switch r.Format {
	case "attach":
		e.parts = []part{textPart(body, r.charset()), r.original()}
	case "arf":
		status := r.feedback()
		p := part{kind: `message/feedback-report; name="arf_status"`, disposition: `inline; filename="arf_status"`, encoding: "7bit",
			description: strings.ToUpper(r.Feedback[:min(1, len(r.Feedback))]) + r.Feedback[min(1, len(r.Feedback)):] + " report", data: []byte(status)}
		if !ascii(status) {
			p.encoding = "8bit"
		}
		e.kind = "multipart/report; report-type=feedback-report"
		e.parts = []part{textPart(body, r.charset()), p, r.original()}
	default:
		whole := body + "\nReturn-Path: " + facts.Quote(m.Sender) + "\n" + string(bytes.ReplaceAll(r.Original, []byte("\r\n"), []byte("\n")))
		p := part{kind: "text/plain", encoding: "7bit", data: []byte(whole)}
		if !ascii(whole) {
			p.encoding, p.data = "quoted-printable", quotedPrintable(whole)
		}
		e.parts = []part{p}
	}
	return r.finish(e, r.mailFrom(from), r.To), nil
}

// original is the mail as an attachment.
func (r *Report) original() part {
	raw := bytes.ReplaceAll(r.Original, []byte("\r\n"), []byte("\n"))
	p := part{kind: `message/rfc822; name="message"`, disposition: `attachment; filename="message"`, encoding: "7bit",
		description: "Original message", data: raw}
	if !ascii(string(raw)) { // RFC 2046 section 5.2.1 allows no encoding here but these
		p.encoding = "8bit"
		if head, _, _ := bytes.Cut(raw, []byte("\n\n")); r.Message.SMTPUTF8 && !ascii(string(head)) {
			p.kind = `message/global; name="message"`
		}
	}
	return p
}

// feedback is the machine-readable part of RFC 5965.
func (r *Report) feedback() string {
	m := r.Message
	var b strings.Builder
	fmt.Fprintf(&b, "Version: 1\nFeedback-Type: %s\nUser-Agent: %s\nReporting-MTA: dns; %s\nArrival-Date: %s\n", r.Feedback, r.Product,
		macro.DomainToASCII(m.Hostname), m.Received.UTC().Format("Mon, _2 Jan 2006 15:04:05 +0000 (UTC)"))
	if ip := m.ClientAddr; ip != "" {
		if strings.Count(ip, ":") >= 2 && !strings.HasPrefix(strings.ToLower(ip), "ipv6:") {
			ip = "IPv6:" + ip
		}
		b.WriteString("Source-IP: " + ip + "\n")
	}
	if m.ClientPort != 0 {
		fmt.Fprintf(&b, "Source-Port: %d\n", m.ClientPort)
	}
	b.WriteString("Original-Mail-From: " + facts.Quote(m.Sender) + "\n")
	for _, rc := range m.Recips {
		b.WriteString("Original-Rcpt-To: " + facts.Quote(rc.Addr) + "\n")
	}
	for _, s := range m.DKIM.Valid {
		b.WriteString("Reported-Domain: " + s.Domain + " (valid DKIM signature by)\n")
	}
	for _, a := range r.AuthResults {
		b.WriteString("Authentication-Results: " + strings.ReplaceAll(a, "\n", "") + "\n")
	}
	b.WriteString("Incidents: 1\n")
	return b.String()
}
