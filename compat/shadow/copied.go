package shadow

import (
	"context"
	"io"
	"regexp"
	"strings"

	"mavis/compat/rehearse"
	"mavis/compat/rehearse/answer"
	"mavis/compat/rehearse/judge"
	"mavis/compat/rehearse/stored"
	"mavis/engine/flow"
	"mavis/engine/mail"
	"mavis/engine/origin"
)

// copied judges a copy of a mail that the filter has let through: what delivery and the filter put on top is taken off, and the
// recipients are those of the filter's log line, with the one that the copy was made for.
func (m *Monitor) copied(ctx context.Context, o *Overheard, r *rehearse.Record) {
	if o.Task == nil {
		r.Finding = o.Skipped
		return
	}
	body := o.Task.Body()
	seen := mail.Message{Body: body}
	if err := flow.ReadHeader(&seen); err != nil {
		r.Finding = err.Error()
		return
	}
	r.Size = body.Size()
	id, _ := origin.Get(seen.Header, "Message-ID")
	r.MessageID = strings.TrimSpace(id)
	subject, _ := origin.Get(seen.Header, "Subject")
	r.Subject = clip(subject)
	ctx, cancel := context.WithTimeout(ctx, m.opt.Patience)
	defer cancel()
	if r.Then = m.opt.Logged(ctx, o, r.MessageID); r.Then == nil {
		r.Alone = true
		return
	}
	added := int64(stored.Added(seen.Header))
	known := stored.FromHeader(seen.Header)
	back := &Overheard{Side: Copy, Client: mail.Client{XAddr: known.ClientIP, HasXForward: known.HasClient}, Envelope: mail.Envelope{Sender: o.Envelope.Sender}}
	back.Client.XHelo = heloOf(seen.Header)
	for _, one := range r.Then.Recipients {
		back.Envelope.Rcpts = append(back.Envelope.Rcpts, mail.Rcpt{Addr: one.Addr})
		r.To = append(r.To, one.Addr)
	}
	back.Task = m.opt.Spool.Task()
	defer back.Close()
	if _, err := io.Copy(back.Task.Body(), io.NewSectionReader(body, added, body.Size()-added)); err != nil {
		r.Finding = err.Error()
		return
	}
	var err error
	if r.Now, err = m.opt.Judge(ctx, back, nil); err != nil {
		r.Finding = err.Error()
		return
	}
	r.Changes = answer.Compare{NoScores: m.opt.NoScores}.Diff(r.Then, r.Now)
	before := mail.Message{Body: back.Task.Body()}
	if err := flow.ReadHeader(&before); err != nil {
		r.Finding = err.Error()
		return
	}
	d := wire{ours: r.Now}
	if len(r.Now.Copies) > 0 {
		r.Then.Seen = []string{"header"}
		d.header(judge.Edits(before.Header, fromFilter(seen.Header), normal), &r.Now.Copies[0])
	}
	r.Changes = append(r.Changes, d.out...)
}

var filterFrom = regexp.MustCompile(`^\s*from (\S+) \(`)

// heloOf is the name of the first client as the filter's Received field has it.
func heloOf(header []mail.Field) string {
	for _, f := range header {
		if body := origin.Body(f); strings.EqualFold(f.Name, "Received") && placed.MatchString(body) {
			if m := filterFrom.FindStringSubmatch(body); m != nil && m[1] != "unknown" {
				return m[1]
			}
			return ""
		}
	}
	return ""
}

// fromFilter leaves out what was put on top after the filter: the fields above its Received field that it does not write itself.
func fromFilter(header []mail.Field) []mail.Field {
	for i, f := range header {
		if strings.EqualFold(f.Name, "Received") && !placed.MatchString(origin.Body(f)) {
			return fromFilter(header[i+1:])
		}
		if strings.EqualFold(f.Name, "Received") {
			break
		}
	}
	var out []mail.Field
	for _, f := range header {
		switch strings.ToLower(f.Name) {
		case "return-path", "delivered-to", "x-original-to":
		default:
			out = append(out, f)
		}
	}
	return out
}
