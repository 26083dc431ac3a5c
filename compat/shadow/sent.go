package shadow

import (
	"crypto/sha256"
	"errors"
	"io"
	"sort"
	"strings"

	"mavis/engine/flow"
	"mavis/engine/mail"
	"mavis/engine/origin"
)

// sentOf sums up a message: envelope, header and what follows it.
func sentOf(e mail.Envelope, rcpts []mail.Rcpt, body mail.Body) (Sent, error) {
	s := Sent{Sender: e.Sender}
	for _, r := range rcpts {
		s.Rcpts = append(s.Rcpts, r.Addr)
	}
	sort.Strings(s.Rcpts)
	if body == nil {
		return s, errors.New("no copy")
	}
	m := mail.Message{Body: body}
	if err := flow.ReadHeader(&m); err != nil {
		return s, err
	}
	id, _ := origin.Get(m.Header, "Message-ID")
	s.ID = strings.TrimSpace(id)
	s.MailID = mailID(m.Header)
	s.Header = m.Header
	h := sha256.New()
	if _, err := io.Copy(h, io.NewSectionReader(body, m.HeaderSize, body.Size()-m.HeaderSize)); err != nil {
		return s, err
	}
	copy(s.Body[:], h.Sum(nil))
	return s, nil
}

func (o *Overheard) sent() (Sent, error) {
	if o.Task == nil {
		return sentOf(o.Envelope, o.Taken(), nil)
	}
	s, err := sentOf(o.Envelope, o.Taken(), o.Task.Body())
	for i, text := range o.Refused {
		if s.Refused == nil {
			s.Refused = map[string]string{}
		}
		s.Refused[o.Envelope.Rcpts[i].Addr] = text
	}
	return s, err
}

// base takes the address extension off: what a filter adds to an address does not make it another recipient.
func base(addr string) string {
	local, domain := mail.SplitAddress(addr)
	if i := strings.IndexAny(local, "+-"); i > 0 {
		local = local[:i]
	}
	return strings.ToLower(local + domain)
}
