// Package stored finds mail that lies in files, and what is known of the envelope it came with.
package stored

import (
	"io"
	"strings"
)

// Mail is one stored mail. Its bytes are read when it is its turn.
type Mail struct {
	// Name tells it from all others of a run: a path, with a number behind it in a mailbox of many.
	Name string
	Size int64 // of what is stored, in bytes; for progress only
	// Known is what the place where it lies says of its envelope.
	Known Envelope
	// Open gives its bytes, line ends as stored.
	Open func() (io.ReadCloser, error)
	// Held says that it lies in a quarantine: its header begins with fields that the filter put there.
	Held bool
}

// Envelope is how a mail came in.
type Envelope struct {
	From    string // between the angle brackets
	HasFrom bool   // From is known; "" is the null sender
	To      []string
	// MailParams and RcptParams are the parameters of MAIL and of each RCPT, as in the dialogue.
	MailParams string
	RcptParams []string
	// The first client, as XFORWARD tells it; "" when unknown.
	ClientIP, ClientName, ClientPort, Helo, Proto, QueueID string
	HasClient                                              bool   // the above is all that was told, even when it is nothing
	Port                                                   string // of ours that the mail came in by; "" is the first
	LMTP                                                   bool
	// MailID is the filter's id of an earlier day, "" when unknown.
	MailID string
}

// Over gives the envelope with what o knows in place of what e knows.
func (e Envelope) Over(o Envelope) Envelope {
	if o.HasFrom {
		e.From, e.HasFrom = o.From, true
	}
	if len(o.To) > 0 {
		e.To, e.RcptParams = o.To, o.RcptParams
	}
	if o.MailParams != "" {
		e.MailParams = o.MailParams
	}
	if o.HasClient {
		e.ClientIP, e.ClientName, e.ClientPort, e.Helo, e.Proto = o.ClientIP, o.ClientName, o.ClientPort, o.Helo, o.Proto
		e.HasClient = true
	}
	if o.QueueID != "" {
		e.QueueID = o.QueueID
	}
	if o.Port != "" {
		e.Port = o.Port
	}
	e.LMTP = e.LMTP || o.LMTP
	if o.MailID != "" {
		e.MailID = o.MailID
	}
	return e
}

// angle takes an address out of its brackets.
func angle(s string) string {
	s = strings.TrimSpace(s)
	if strings.HasPrefix(s, "<") && strings.HasSuffix(s, ">") {
		return s[1 : len(s)-1]
	}
	return s
}
