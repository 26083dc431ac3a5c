package flow

import (
	"fmt"
	"strings"

	"mavis/engine/ingress"
	"mavis/engine/mail"
	"mavis/perlconf/eval"
	"mavis/rules"
	"mavis/rules/lookup"
	"mavis/rules/vars"
)

// Steps gives what was noted of a session up to its greeting, or with a transaction, up to now; nil without Options.Trace.
func Steps(s *ingress.Session, tx *ingress.Transaction) *mail.Trace {
	if tx != nil {
		if tr, ok := tx.Value.(*transaction); ok {
			return tr.steps
		}
	}
	if st, ok := s.Value.(*session); ok {
		return st.steps
	}
	return nil
}

// note adds a step about the message: what came of asking a setting.
func (t *Task) note(stage mail.Stage, what, setting string, res lookup.Result) {
	if t.Steps != nil {
		t.Steps.Add(mail.Step{Stage: stage, What: what, Setting: setting}.Answered(res))
	}
}

// told adds a step about the message without a rule of its own.
func (t *Task) told(stage mail.Stage, what string) {
	t.Steps.Add(mail.Step{Stage: stage, What: what})
}

// set adds a step about the message that a member of policy banks decides.
func (t *Task) set(stage mail.Stage, what, name string) {
	if t.Steps != nil {
		s := mail.Step{Stage: stage, What: what, Setting: vars.Sigiled(name), Origin: t.Policy.Origin(name)}
		if v := t.Policy.Value(name); v != nil && !eval.IsRef(v) {
			s.Value = eval.ToString(v)
		}
		t.Steps.Add(s)
	}
}

// category adds a step about a recipient that a by-category table decides; the recipient may be nil.
func (t *Task) category(r *mail.Recipient, stage mail.Stage, what, table string, s rules.Setting) {
	if t.Steps == nil {
		return
	}
	step := mail.Step{Stage: stage, What: what, Setting: s.Name(table), Origin: s.Origin}
	if s.Value != nil && !eval.IsRef(s.Value) {
		step.Value = eval.ToString(s.Value)
	}
	if r != nil {
		step.Rcpt = r.Internal
	}
	t.Steps.Add(step)
}

func (t *Task) partsStep() {
	if t.Steps == nil {
		return
	}
	n := 0
	t.Root.Walk(func(*mail.Part) bool { n++; return true })
	what := fmt.Sprintf("the mail is taken apart: %d parts", n-1)
	if n <= 2 {
		what = "the mail is taken apart: one part"
	}
	if t.Hold != "" {
		what += ", put on hold: " + t.Hold
	}
	if t.MIMEError != "" {
		what += ", MIME error: " + t.MIMEError
	}
	t.told(mail.StageCheck, what)
}

// noVirus says why no virus scanner is asked.
func (t *Task) noVirus() {
	if t.Steps == nil {
		return
	}
	base := t.Policy.Config().Base()
	switch {
	case len(base.AVScanners())+len(base.AVScannersBackup()) == 0:
		t.set(mail.StageCheck, "virus: not checked, no scanner is configured", "av_scanners")
	case !VirusCode(t.Policy):
		t.set(mail.StageCheck, "virus: not checked, the check is switched off for all", "bypass_virus_checks_maps")
	default:
		t.told(mail.StageCheck, "virus: not checked, every recipient bypasses it")
	}
}

// noSpam says why no spam scanner is asked.
func (t *Task) noSpam() {
	if t.Steps == nil {
		return
	}
	switch {
	case len(t.Policy.Config().Base().SpamScanners()) == 0:
		t.set(mail.StageCheck, "spam: not checked, no scanner is configured", "spam_scanners")
	case !SpamCode(t.Policy):
		t.set(mail.StageCheck, "spam: not checked, the check is switched off for all", "bypass_spam_checks_maps")
	default:
		t.told(mail.StageCheck, "spam: not checked, every recipient bypasses it")
	}
}

// tableName says which banning rules a recipient has.
func tableName(res lookup.Result) string {
	if eval.IsRef(res.Value) {
		return "a list of rules of its own"
	}
	return "the rules " + res.String()
}

// spamStep tells the score of each recipient.
func (t *Task) spamStep() {
	for _, r := range t.Rcpts {
		if r.Trace != nil {
			r.Trace.Add(mail.Step{Stage: mail.StageFound, Rcpt: r.Internal, What: fmt.Sprintf("spam score %.4g [%s]", r.SpamLevel, strings.Join(r.SpamTests, ","))})
		}
	}
}

// noticeStep tells that a notice goes out, or that its template is empty.
func (t *Task) noticeStep(l *Letter, rcpt, who string, to []string) {
	if t.Steps == nil {
		return
	}
	step := mail.Step{Stage: mail.StageNotice, Rcpt: rcpt, What: "no notice to " + who + " " + strings.Join(to, ", ") + ": its text is empty"}
	if l != nil {
		step.What = fmt.Sprintf("notice to %s %s, from <%s>", who, strings.Join(l.Rcpts, ", "), l.Sender)
	}
	t.Steps.Add(step)
}

func (t *Task) bounceStep(l *Letter) {
	if t.Steps != nil && l != nil {
		t.told(mail.StageNotice, "the sender is told by a delivery status notification to "+strings.Join(l.Rcpts, ", "))
	}
}

func (t *Task) replySteps(text string) {
	if t.Steps == nil {
		return
	}
	for _, r := range t.Rcpts {
		if len(t.Rcpts) > 1 || t.LMTP {
			t.Steps.Add(mail.Step{Stage: mail.StageReply, Rcpt: r.Internal, What: r.Reply})
		}
	}
	t.told(mail.StageReply, text)
}
