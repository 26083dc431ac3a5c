package explain

import (
	"context"
	"strings"

	"mavis/engine/deliver"
	"mavis/engine/flow"
	"mavis/engine/ingress"
	"mavis/engine/mail"
)

// Answer is what would become of a mail.
type Answer struct {
	Banks       string   // the policy banks in force, parted by slashes
	Originating bool     // from a client of our own
	Reply       string   // what the client is told
	Rcpts       []Rcpt   // empty when the mail was refused before it came
	Held        []string // files or addresses that get a copy
	Sent        []Sent   // notices, and the mail itself
	Unasked     []string // fields of databases that were wanted: nobody was asked
	Steps       []mail.Step
}

// Rcpt is what would become of a mail for one recipient.
type Rcpt struct {
	Addr     string
	Local    bool
	Category string // the one that counts: CC_VIRUS …
	Destiny  string // D_PASS …
	Score    float64
	HeldFor  string // quarantine address, "" when no copy is held
	SendTo   string // the address the mail goes on to, with an extension; "" when it does not
	NextHop  []string
	Header   []string // changes of the header
	Reply    string
}

// Sent is a message that would go out.
type Sent struct {
	What    string // mail, quarantine; or of notices: admin, recipient, bounce
	From    string
	To      []string
	Methods []string
}

// letter is a notice that was worded, and may be sent.
type letter struct {
	what string
	data []byte
}

// listener hears which notices are worded.
type listener struct {
	flow.Voice
	b *Bench
}

func (l listener) keep(what string, x *flow.Letter) {
	if x != nil {
		l.b.now.notes = append(l.b.now.notes, letter{what, x.Data})
	}
}

func (l listener) Admin(t *flow.Task, admins []string) (*flow.Letter, error) {
	x, err := l.Voice.Admin(t, admins)
	l.keep("admin", x)
	return x, err
}

func (l listener) Recipient(t *flow.Task, r *mail.Recipient) (*flow.Letter, error) {
	x, err := l.Voice.Recipient(t, r)
	l.keep("recipient", x)
	return x, err
}

func (l listener) Bounce(t *flow.Task) (*flow.Letter, bool, error) {
	x, suppressed, err := l.Voice.Bounce(t)
	l.keep("bounce", x)
	return x, suppressed, err
}

// next takes everything and passes nothing on.
type next struct{ b *Bench }

func (n next) Deliver(_ context.Context, methods []string, m *deliver.Outgoing) (*deliver.Result, error) {
	s := Sent{What: "quarantine", From: m.Sender, Methods: methods}
	if m.XForward != nil {
		s.What = "mail"
	}
	for _, l := range n.b.now.notes {
		if len(m.Header) > 0 && len(l.data) > 0 && &m.Header[0] == &l.data[0] {
			s.What = l.what
		}
	}
	target := ""
	if len(methods) > 0 {
		target = methods[0]
	}
	res := &deliver.Result{}
	for _, r := range m.Rcpts {
		s.To = append(s.To, r.Addr)
		res.Outcomes = append(res.Outcomes, deliver.Outcome{Addr: r.Addr, Code: 250, Enhanced: "2.0.0", Text: "Ok", Answer: "250 2.0.0 Ok",
			Stage: deliver.DataDot, Target: target})
	}
	n.b.now.sent = append(n.b.now.sent, s)
	return res, nil
}

// refused is the answer about a mail that does not come in.
func refused(reply string, s *ingress.Session, tx *ingress.Transaction) *Answer {
	a := &Answer{Reply: reply}
	if steps := flow.Steps(s, tx); steps != nil {
		a.Steps = append(steps.Steps, mail.Step{Stage: mail.StageReply, What: reply})
	}
	return a
}

func (b *Bench) answer(c Case) *Answer {
	t := b.now.task
	a := &Answer{Banks: t.Policy.Path(), Originating: t.Originating, Reply: b.now.reply, Held: t.QuarantinedTo, Sent: b.now.sent, Unasked: b.data.Asked(), Steps: t.Steps.Steps}
	for i, r := range t.Rcpts {
		if i >= len(c.To) {
			break // a copy for %always_bcc_by_ccat
		}
		x := Rcpt{Addr: r.Internal, Local: r.Local, Category: r.Cats.Main().String(), Destiny: r.Destiny.String(), Score: r.SpamLevel,
			HeldFor: r.HeldFor, NextHop: r.Method, Reply: r.Reply}
		if r.Blocking != nil {
			x.Category = r.Blocking.String()
		}
		if r.Done == mail.Forwarded {
			if x.SendTo = r.SendTo; x.SendTo == "" {
				x.SendTo = r.Internal
			}
		} else {
			x.NextHop = nil
		}
		for _, s := range t.Steps.About(mail.StageHeader, r.Internal) {
			if what, ok := strings.CutPrefix(s.What, "adds "); ok && !strings.HasPrefix(what, "Received:") {
				x.Header = append(x.Header, what)
			} else if what, ok := strings.CutPrefix(s.What, "changes "); ok {
				x.Header = append(x.Header, what)
			}
		}
		a.Rcpts = append(a.Rcpts, x)
	}
	return a
}
