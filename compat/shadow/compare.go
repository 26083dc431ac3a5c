package shadow

import (
	"fmt"
	"slices"
	"sort"
	"strings"
)

// Class says what a difference is about.
type Class string

// The classes of differences.
const (
	Reply      Class = "reply"      // the code of a reply to the client
	ReplyText  Class = "reply text" // its text only
	Recipients Class = "recipients" // who gets the mail
	Header     Class = "header"     // what is added to or removed from the header
	Body       Class = "body"       // what is done to the body
	Verdict    Class = "verdict"    // Passed or Blocked, and the category
	Quarantine Class = "quarantine" // whether and where a copy is held
	Notices    Class = "notices"    // who is told
	Failed     Class = "failed"     // our engine gave no answer
)

// Difference is one thing that the filter did and our engine would have done otherwise.
type Difference struct {
	Class        Class
	Theirs, Ours string
}

// Sent is one message that left a filter.
type Sent struct {
	ID     string // Message-ID
	MailID string // what the filter called the mail, "" when it added no Received field
	Sender string
	Rcpts  []string // sorted
	Header []string // see fieldsOf
	Body   [32]byte // SHA-256 of what follows the header
}

// Account is all that can be seen from outside of what was done with a mail.
type Account struct {
	Replies []string
	Sent    []Sent // the mail itself; nil with Blind
	Notices []Sent
	// Blind says that nobody listened to what left the filter.
	Blind bool
	// Line is the main log line, parsed; nil when the log is not read.
	Line *Line
}

// Line is what a filter wrote to its log about a mail.
type Line struct {
	Verdict    string // "Blocked BANNED"
	Quarantine []string
	MailID     string
}

// compare tells how two accounts of the same mail differ. header is the header as it came in.
func compare(header []string, theirs, ours Account) []Difference {
	var out []Difference
	add := func(c Class, t, o string) {
		if t != o {
			out = append(out, Difference{c, t, o})
		}
	}
	if codes(theirs.Replies) != codes(ours.Replies) {
		add(Reply, strings.Join(theirs.Replies, "\n"), strings.Join(ours.Replies, "\n"))
	} else {
		add(ReplyText, replies(theirs.Replies), replies(ours.Replies))
	}
	if theirs.Line != nil && ours.Line != nil {
		add(Verdict, theirs.Line.Verdict, ours.Line.Verdict)
		add(Quarantine, places(theirs.Line), places(ours.Line))
	}
	if theirs.Blind || ours.Blind || theirs.deferred() || ours.deferred() {
		return out
	}
	add(Recipients, recipients(theirs.Sent), recipients(ours.Sent))
	add(Notices, recipients(theirs.Notices), recipients(ours.Notices))
	for _, t := range theirs.Sent {
		i := slices.IndexFunc(ours.Sent, func(o Sent) bool { return slices.Equal(o.Rcpts, t.Rcpts) })
		if i < 0 {
			continue // told as recipients
		}
		o := ours.Sent[i]
		te, oe := edits(header, t.Header), edits(header, o.Header)
		add(Header, strings.Join(onlyIn(te, oe), "\n"), strings.Join(onlyIn(oe, te), "\n"))
		if t.Body != o.Body {
			add(Body, fmt.Sprintf("%x", t.Body[:6]), fmt.Sprintf("%x", o.Body[:6]))
		}
	}
	return out
}

// deferred says that the client keeps the mail, and will come again: what went out this time means nothing.
func (a Account) deferred() bool {
	return slices.ContainsFunc(a.Replies, func(r string) bool { return strings.HasPrefix(r, "4") })
}

func codes(list []string) string {
	var b strings.Builder
	for _, r := range list {
		b.WriteString(r[:min(3, len(r))] + " ")
	}
	return b.String()
}

func replies(list []string) string {
	out := make([]string, len(list))
	for i, r := range list {
		out[i] = normalReply(r)
	}
	return strings.Join(out, "\n")
}

func places(l *Line) string {
	var out []string
	for _, q := range l.Quarantine {
		if l.MailID != "" {
			q = strings.ReplaceAll(q, l.MailID, "MAIL-ID")
		}
		out = append(out, q)
	}
	sort.Strings(out)
	return strings.Join(out, ", ")
}

func recipients(sent []Sent) string {
	var out []string
	for _, s := range sent {
		out = append(out, s.Rcpts...)
	}
	sort.Strings(out)
	return strings.Join(out, ", ")
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
