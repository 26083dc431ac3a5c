// Package answer is what a filter decides about a mail, as data: that of a rehearsal, and as far as a log tells it that of
// an earlier day. Answers are compared here, and what differs is traced back to the rules.
package answer

import (
	"fmt"
	"strings"

	"mavis/rules"
)

// Answer is what became, or would become, of a mail.
type Answer struct {
	// Passed and Blocked are the words of the log for those who get the mail and those who do not, such as CLEAN or
	// BAD-HEADER-7; "" when there is nobody of the kind.
	Passed  string `json:"passed,omitempty"`
	Blocked string `json:"blocked,omitempty"`
	// Failed says why there is no verdict: the mail was refused in the dialogue, deferred, or could not be read.
	Failed string `json:"failed,omitempty"`

	Recipients []Recipient `json:"recipients"`
	Viruses    []string    `json:"viruses,omitempty"`
	Banned     []string    `json:"banned,omitempty"`
	BadHeaders []string    `json:"bad_headers,omitempty"`
	Score      *float64    `json:"score,omitempty"` // the highest of the recipients; nil when there is none
	Actions    []string    `json:"actions,omitempty"`
	// Quarantine are places below the quarantine folder, or addresses; %m stands for the mail id.
	Quarantine []string `json:"quarantine,omitempty"`
	Notices    []Notice `json:"notices,omitempty"`
	// Copies are the versions of the header that go out.
	Copies []Copy  `json:"copies,omitempty"`
	Reply  string  `json:"reply,omitempty"` // to the client; %n stands for the log id
	Millis float64 `json:"ms"`
	// Trace are the steps about the message as a whole; those about recipients stand there.
	Trace []Step `json:"trace,omitempty"`
	// Log says that this comes from a log: only what lines tell is set, and MailID is the one of that day.
	Log    bool   `json:"log,omitempty"`
	MailID string `json:"mail_id,omitempty"`
	// Seen are the aspects that somebody saw on the wire, beside those that the log tells.
	Seen []string `json:"seen,omitempty"`
}

// Recipient is one recipient's part.
type Recipient struct {
	Addr     string   `json:"addr"`
	Gets     bool     `json:"gets"`
	Category string   `json:"category,omitempty"`
	Destiny  string   `json:"destiny,omitempty"` // pass, discard, bounce, reject, tempfail, refused
	Score    *float64 `json:"score,omitempty"`
	Tests    []string `json:"tests,omitempty"`
	SendTo   string   `json:"send_to,omitempty"` // when the address gets an extension
	Copy     int      `json:"copy,omitempty"`    // number of the copy, from 1
	Reply    string   `json:"reply,omitempty"`
	Trace    []Step   `json:"trace,omitempty"`
}

// Step is one decision with the rule that made it, see mail.Step.
type Step struct {
	Stage   string `json:"stage,omitempty"`
	What    string `json:"what"`
	Setting string `json:"setting,omitempty"` // the variable that was asked
	Value   string `json:"value,omitempty"`   // what that gave
	Rule    string `json:"rule,omitempty"`    // the matching key as written
	Place   string `json:"place,omitempty"`   // FILE:LINE, "" for a built-in rule
}

// String is the step with its rule, the place first.
func (s Step) String() string {
	out := s.What
	by := s.Setting
	switch constant := strings.HasPrefix(s.Rule, "(constant:") || strings.HasPrefix(s.Rule, "(opaque:"); {
	case s.Rule != "" && !constant:
		by += " entry " + s.Rule
	case s.Value != "":
		by += " = " + s.Value
	}
	if by = strings.TrimSpace(by); by != "" {
		out += ", by " + by
	}
	switch {
	case s.Place != "":
		return s.Place + ": " + out
	case by != "":
		return "built in: " + out
	}
	return out
}

// Kind is the step without what it was done to: "banned" of "banned: setup.exe".
func (s Step) Kind() Step {
	if head, tail, ok := strings.Cut(s.What, ": "); ok && s.Stage == "found" && !strings.HasPrefix(tail, "no ") {
		s.What = head
	}
	if strings.HasPrefix(s.What, "spam score ") {
		s.What = "spam score"
	}
	return s
}

// Notice is a message that would go out beside the mail.
type Notice struct {
	Kind    string   `json:"kind"` // admin, recipient, bounce
	To      []string `json:"to"`
	Subject string   `json:"subject,omitempty"`
}

func (n Notice) String() string { return n.Kind + " to " + strings.Join(n.To, ", ") }

// Copy is one version of the mail that goes out.
type Copy struct {
	To    []string `json:"to"`
	Edits []string `json:"edits,omitempty"` // "+ Field: value" and "- Field: value"
	Body  bool     `json:"body_changed,omitempty"`
}

// Word is a category as the stock log template writes it, without names of viruses or files.
func Word(c rules.CCat) string {
	switch c.Major {
	case rules.Clean:
		return "CLEAN"
	case rules.MTA:
		return "MTA-BLOCKED"
	case rules.Oversized:
		return "OVERSIZED"
	case rules.BadHeader:
		return fmt.Sprintf("BAD-HEADER-%d", c.Minor)
	case rules.Spammy:
		return "SPAMMY"
	case rules.Spam:
		return "SPAM"
	case rules.Unchecked:
		if c.Minor == 1 {
			return "UNCHECKED-ENCRYPTED"
		}
		return "UNCHECKED"
	case rules.Banned:
		return "BANNED"
	case rules.Virus:
		return "INFECTED"
	}
	return "OTHER"
}

// Destiny is a destiny in one word.
func Destiny(d rules.Destiny) string {
	switch d {
	case rules.Pass:
		return "pass"
	case rules.Discard:
		return "discard"
	case rules.Bounce:
		return "bounce"
	case rules.Reject:
		return "reject"
	case rules.TempFail:
		return "tempfail"
	}
	return fmt.Sprint(int(d))
}

// Verdict is the answer in a few words: "Passed CLEAN", "Blocked BANNED", both when recipients fare differently, or what
// kept it from a verdict.
func (a *Answer) Verdict() string {
	var out []string
	if a.Passed != "" {
		out = append(out, "Passed "+a.Passed)
	}
	if a.Blocked != "" {
		out = append(out, "Blocked "+a.Blocked)
	}
	if len(out) > 0 {
		return strings.Join(out, ", ")
	}
	return a.failure()
}

// failure is the class of a mail without verdict.
func (a *Answer) failure() string {
	switch {
	case strings.HasPrefix(a.Reply, "5"):
		return "Refused"
	case strings.HasPrefix(a.Reply, "4"):
		return "Deferred"
	case a.Failed != "":
		return "Unreadable"
	}
	return "Unknown"
}

// Of is the verdict for one recipient.
func (a *Answer) Of(r *Recipient) string {
	switch {
	case a.Passed == "" && a.Blocked == "":
		return a.failure()
	case r.Gets:
		return "Passed " + a.Passed
	default:
		return "Blocked " + a.Blocked
	}
}
