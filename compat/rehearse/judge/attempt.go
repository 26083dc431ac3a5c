package judge

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"mavis/compat/rehearse/answer"
	"mavis/engine/flow"
	"mavis/engine/ingress"
	"mavis/engine/mail"
	"mavis/perlconf/eval"
	"mavis/perlconf/source"
	"mavis/rules"
	"mavis/rules/lookup"
)

// attempt is a mail in work.
type attempt struct {
	mail    *Mail
	away    []answer.Recipient // refused in the dialogue
	copies  []answer.Copy
	notices []answer.Notice
	answer  *answer.Answer
}

func (at *attempt) turnedAway(addr string, r *ingress.Reply) {
	at.away = append(at.away, answer.Recipient{Addr: addr, Destiny: "refused", Reply: said([]ingress.Reply{*r})})
}

// nobody is the answer when every recipient was refused.
func (at *attempt) nobody() *answer.Answer {
	a := &answer.Answer{Recipients: at.away, Failed: "no recipient was accepted", Reply: "554 5.5.1 no valid recipients"}
	if len(at.away) > 0 {
		a.Reply = at.away[0].Reply
		a.Failed = a.Reply
	}
	return a
}

// refused is the answer when the mail was turned away as a whole.
func refused(m *Mail, r *ingress.Reply) *answer.Answer {
	text := said([]ingress.Reply{*r})
	a := &answer.Answer{Failed: text, Reply: text}
	for _, rcpt := range m.Envelope.Rcpts {
		a.Recipients = append(a.Recipients, answer.Recipient{Addr: rcpt.Addr, Destiny: "refused"})
	}
	return a
}

func said(replies []ingress.Reply) string {
	if len(replies) == 0 {
		return ""
	}
	r := replies[0]
	return strings.TrimSpace(fmt.Sprintf("%d %s %s", r.Code, r.Enhanced, r.Text))
}

// watch hears of the finished task and writes the answer.
func (j *Judge) watch(t *flow.Task, reply string) {
	at := j.of(t)
	if at == nil {
		return
	}
	a := &answer.Answer{Reply: neutral(t, reply), Actions: t.Actions, Viruses: t.VirusNames(), BadHeaders: t.BadHeaders, Copies: at.copies}
	at.answer = a
	for _, p := range t.QuarantinedTo {
		p = strings.TrimPrefix(strings.TrimPrefix(p, t.Policy.Config().Paths.Quarantine), "/")
		a.Quarantine = append(a.Quarantine, neutral(t, p))
	}
	for _, n := range at.notices {
		if n.Kind != "bounce" || t.DSNSent == 1 {
			a.Notices = append(a.Notices, n)
		}
	}
	if failed(t, reply) {
		a.Failed = a.Reply
	}
	main := t.Cats.Main()
	for _, r := range t.Rcpts {
		one := recipient(t, r, at.copies)
		if r.SpamScored {
			score := r.SpamLevel
			one.Score = &score
			if a.Score == nil || score > *a.Score {
				a.Score = &score
			}
		}
		for _, b := range r.Banned {
			if !contains(a.Banned, b.Short) {
				a.Banned = append(a.Banned, b.Short)
			}
		}
		switch {
		case a.Failed != "":
		case one.Gets:
			a.Passed = answer.Word(main)
		case t.Blocking != nil:
			a.Blocked = answer.Word(*t.Blocking)
		default:
			a.Blocked = answer.Word(main)
		}
		a.Recipients = append(a.Recipients, one)
	}
	a.Recipients = append(a.Recipients, at.away...)
	a.Trace = steps(t, "")
}

// steps are those about a recipient, or with "" those about the message. What headers and replies show stands elsewhere in
// the answer.
func steps(t *flow.Task, rcpt string) []answer.Step {
	var out []answer.Step
	for _, s := range t.Steps.Steps {
		if s.Rcpt != rcpt || s.Stage == mail.StageReply || s.Stage == mail.StageHeader && s.Setting == "" {
			continue
		}
		if s.Origin.IsZero() && s.Setting == "@banned_filename_maps" {
			s.Origin = banningRules(t.Policy.Config())
		}
		out = append(out, answer.Step{Stage: string(s.Stage), What: neutral(t, s.What), Setting: s.Setting, Value: neutral(t, s.Value), Rule: s.Rule,
			Place: Place(s.Origin)})
	}
	return out
}

// failed says that the engine gave up on a mail: nobody's destiny asks for the temporary failure.
func failed(t *flow.Task, reply string) bool {
	return strings.HasPrefix(reply, "4") && strings.Contains(reply, "Error in processing, id=")
}

func recipient(t *flow.Task, r *mail.Recipient, copies []answer.Copy) answer.Recipient {
	one := answer.Recipient{Addr: mail.Quote(r.Internal), Destiny: answer.Destiny(r.Destiny), Tests: r.SpamTests, SendTo: r.SendTo,
		Reply: neutral(t, r.Reply), Gets: r.Destiny == rules.Pass && (strings.HasPrefix(r.Reply, "2") || r.Done == mail.NotDone)}
	if c := flow.Settings(r); len(c) > 0 {
		one.Category = answer.Word(c[0])
	}
	for i, c := range copies {
		if contains(c.To, one.Addr) {
			one.Copy = i + 1
		}
	}
	one.Trace = steps(t, r.Internal)
	return one
}

// banningRules is the place of $banned_filename_re, which @banned_filename_maps holds by default.
func banningRules(cfg *rules.Config) source.Span {
	v := cfg.Global('$', "banned_filename_re")
	if list, ok := v.(*eval.Array); ok && lookup.Place(v).IsZero() && list.Len() > 0 {
		v = list.Get(0)
	}
	return lookup.Place(v)
}

// Place is a span as FILE:LINE, "" for the built-in rules.
func Place(at source.Span) string {
	if at.IsZero() {
		return ""
	}
	return fmt.Sprintf("%s:%d", at.File.Name, at.Pos().Line)
}

var volatile = regexp.MustCompile(`-{10}=_\d+-\d+-\d+`)

// neutral takes out what differs from one run to the next.
func neutral(t *flow.Task, s string) string {
	if t.MailID != "" {
		s = strings.ReplaceAll(s, t.MailID, "%m")
	}
	s = strings.ReplaceAll(s, t.LogID, "%n")
	if strings.Contains(s, "---------=_") {
		s = volatile.ReplaceAllString(s, "%boundary")
	}
	return s
}

func subject(data []byte) string {
	for line := range bytes.Lines(data) {
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		if len(line) > 8 && strings.EqualFold(string(line[:8]), "subject:") {
			return strings.TrimSpace(string(line[8:]))
		}
	}
	return ""
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
