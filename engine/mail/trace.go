package mail

import (
	"mavis/perlconf/source"
	"mavis/rules/lookup"
)

// Stage is the part of a message's way to which a step belongs.
type Stage string

// The stages, in the order in which a message passes them.
const (
	StageAccess     Stage = "access"     // may the client connect
	StageBank       Stage = "bank"       // policy banks laid over one another
	StageRecipient  Stage = "recipient"  // what a recipient is: local, with a size limit
	StageBypass     Stage = "bypass"     // checks that a recipient does without
	StageCheck      Stage = "check"      // what a check did, or why it was left out
	StageFound      Stage = "found"      // what a check found, for whom
	StageLevel      Stage = "level"      // the score against a level
	StageLover      Stage = "lover"      // recipients who want such mail all the same
	StageDestiny    Stage = "destiny"    // what becomes of it
	StageQuarantine Stage = "quarantine" // where a copy is kept
	StageNotice     Stage = "notice"     // who is told, or why not
	StageHeader     Stage = "header"     // changes to header and body
	StageAddress    Stage = "address"    // the address it goes on to
	StageNext       Stage = "next hop"   // where it goes on
	StageReply      Stage = "reply"      // what the client is told
)

// Step is one decision with the rule that made it.
type Step struct {
	Stage   Stage
	Rcpt    string // the recipient it is about, internal form; "" for the message
	What    string // the outcome in words
	Setting string // the variable that was asked, with sigil; "" when it was none
	Value   string // what that gave
	Rule    string // the matching key, as written; "" when there is none
	Origin  source.Span
}

// Trace takes the steps of one message. A nil Trace takes nothing: whoever makes a text for a step asks first whether it
// is there.
type Trace struct {
	Steps []Step
}

// Add takes a step.
func (t *Trace) Add(s Step) {
	if t != nil {
		t.Steps = append(t.Steps, s)
	}
}

// About gives the steps of a stage about a recipient, and those about all.
func (t *Trace) About(stage Stage, rcpt string) []Step {
	if t == nil {
		return nil
	}
	var out []Step
	for _, s := range t.Steps {
		if s.Stage == stage && (s.Rcpt == "" || s.Rcpt == rcpt) {
			out = append(out, s)
		}
	}
	return out
}

// Answered fills in what a lookup gave.
func (s Step) Answered(res lookup.Result) Step {
	s.Rule, s.Origin = res.Key, res.Origin
	if res.Value != nil {
		s.Value = res.String()
	}
	return s
}

// Note adds a step about the recipient: what came of asking a setting.
func (r *Recipient) Note(stage Stage, what, setting string, res lookup.Result) {
	if r.Trace == nil {
		return
	}
	r.Trace.Add(Step{Stage: stage, Rcpt: r.Internal, What: what, Setting: setting}.Answered(res))
}
