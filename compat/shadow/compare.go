package shadow

import (
	"slices"
	"sort"
	"strings"

	"mavis/compat/rehearse/answer"
	"mavis/compat/rehearse/judge"
	"mavis/engine/mail"
)

// Sent is one message that left a filter.
type Sent struct {
	ID     string // Message-ID
	MailID string // what the filter called the mail, "" when it added no Received field
	Sender string
	Rcpts  []string // sorted
	Header []mail.Field
	Body   [32]byte // SHA-256 of what follows the header
	// Refused are recipients whom the next hop did not take, with what it said.
	Refused map[string]string
}

// account is what was overheard of a mail's fate.
type account struct {
	replies []string
	sent    []Sent // the mail itself
	notices []Sent
	blind   bool // nobody listened to what left the filter, or not to all of it
	// anonymous says that the filter's id of the mail is not known: its notices cannot be told from those about others.
	anonymous bool
}

// settled says that the client has an answer for good, of both sides: what goes out before a mail is deferred means nothing, since
// it comes again.
func (a account) settled(ours *answer.Answer) bool {
	return !a.blind && !deferred(a.replies) && !strings.HasPrefix(ours.Reply, "4") && ours.Failed == ""
}

// seen are the aspects that compare compares.
func (a account) seen(ours *answer.Answer) []string {
	out := []string{"reply"}
	if a.settled(ours) {
		if len(a.sent) > 0 {
			out = append(out, "header", "body")
		}
		if !a.anonymous {
			out = append(out, "notices")
		}
	}
	return out
}

// compare tells what of our answer cannot be seen on the wire. in is the mail as it came in.
func compare(in Sent, theirs account, ours *answer.Answer) []answer.Change {
	d := wire{ours: ours}
	d.reply(theirs.replies)
	if !theirs.settled(ours) {
		return d.out
	}
	var get []string
	for _, s := range theirs.sent {
		get = append(get, s.Rcpts...)
	}
	d.text("recipients", joined(get), joined(d.getters()))
	if !theirs.anonymous {
		var told, tell []string
		for _, n := range theirs.notices {
			told = append(told, n.Rcpts...)
		}
		for _, n := range ours.Notices {
			tell = append(tell, n.To...)
		}
		d.text("notices", joined(told), joined(tell))
	}
	for _, s := range theirs.sent {
		d.copy(in, s)
	}
	return d.out
}

type wire struct {
	ours *answer.Answer
	out  []answer.Change
}

func (d *wire) text(aspect, then, now string) {
	if then != now {
		d.out = append(d.out, answer.Change{Aspect: aspect, Then: then, Now: now, NowCause: d.ours.Decisive()})
	}
}

// reply compares what the client heard. Over LMTP it heard of each recipient.
func (d *wire) reply(replies []string) {
	if len(replies) == 1 {
		d.text("reply", normalReply(replies[0]), normalReply(d.ours.Reply))
		return
	}
	codes := func(list []string) string {
		out := make([]string, len(list))
		for i, r := range list {
			out[i] = r[:min(3, len(r))]
		}
		return strings.Join(out, " ")
	}
	var now []string
	for _, r := range d.ours.Recipients {
		if r.Destiny != "refused" {
			now = append(now, r.Reply)
		}
	}
	d.text("reply", codes(replies), codes(now))
}

// getters are the addresses that our copies go to.
func (d *wire) getters() []string {
	var out []string
	for _, r := range d.ours.Recipients {
		switch {
		case r.Copy == 0 || !r.Gets:
		case r.SendTo != "":
			out = append(out, r.SendTo)
		default:
			out = append(out, r.Addr)
		}
	}
	return out
}

// copy compares what was done to a mail on its way to its recipients.
func (d *wire) copy(in, s Sent) {
	var c *answer.Copy
	for i := range d.ours.Copies {
		if slices.ContainsFunc(d.ours.Copies[i].To, func(a string) bool { return slices.Contains(s.Rcpts, a) || slices.Contains(bases(s.Rcpts), base(a)) }) {
			c = &d.ours.Copies[i]
			break
		}
	}
	if c == nil {
		return // told as recipients
	}
	d.header(judge.Edits(in.Header, s.Header, normal), c)
	words := map[bool]string{false: "body as it came", true: "body changed"}
	d.text("body", words[s.Body != in.Body], words[c.Body])
}

// header compares what was done to a header with what we would have done.
func (d *wire) header(then []string, c *answer.Copy) {
	now := make([]string, len(c.Edits))
	for i, e := range c.Edits {
		now[i] = normal(e)
	}
	d.text("header", strings.Join(onlyIn(then, now), "\n"), strings.Join(onlyIn(now, then), "\n"))
}

// fromWire is the answer of a filter whose log is not read, as far as the wire tells it.
func fromWire(o *Overheard, theirs account) *answer.Answer {
	a := &answer.Answer{Log: true, Reply: o.Replies[0]}
	if o.Replies[0][0] != '2' {
		a.Failed = o.Replies[0]
		return a
	}
	for _, r := range o.Taken() {
		one := answer.Recipient{Addr: r.Addr}
		for _, s := range theirs.sent {
			one.Gets = one.Gets || slices.Contains(bases(s.Rcpts), base(r.Addr))
		}
		a.Recipients = append(a.Recipients, one)
		switch {
		case theirs.blind:
		case one.Gets:
			a.Passed = "mail"
		default:
			a.Blocked = "mail"
		}
	}
	return a
}

// deferred says that the client keeps the mail, and will come again.
func deferred(replies []string) bool {
	return slices.ContainsFunc(replies, func(r string) bool { return strings.HasPrefix(r, "4") })
}

func joined(list []string) string {
	list = slices.Clone(list)
	sort.Strings(list)
	return strings.Join(list, ", ")
}

func bases(list []string) []string {
	out := make([]string, len(list))
	for i, a := range list {
		out[i] = base(a)
	}
	return out
}

// onlyIn gives what is in a and not in b.
func onlyIn(a, b []string) []string {
	var out []string
	for _, x := range a {
		if !slices.Contains(b, x) {
			out = append(out, x)
		}
	}
	return out
}
