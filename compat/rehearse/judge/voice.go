package judge

import (
	"context"

	"mavis/compat/rehearse/answer"
	"mavis/compat/voice"
	"mavis/engine/flow"
	"mavis/engine/mail"
)

// speaker is the daemon's voice; what it says is noted on the way. It writes no log.
type speaker struct {
	*voice.Voice
	j *Judge
}

var _ flow.Voice = (*speaker)(nil)

// Log stays silent.
func (s *speaker) Log(*flow.Task) {}

// Groups notes the copies that go out.
func (s *speaker) Groups(ctx context.Context, t *flow.Task, rcpts []*mail.Recipient) ([]flow.Copy, error) {
	copies, err := s.Voice.Groups(ctx, t, rcpts)
	if at := s.j.of(t); at != nil && err == nil {
		for _, c := range copies {
			at.copies = append(at.copies, copyOf(t, c))
		}
	}
	return copies, err
}

// Admin notes the notice.
func (s *speaker) Admin(t *flow.Task, admins []string) (*flow.Letter, error) {
	l, err := s.Voice.Admin(t, admins)
	s.j.note(t, "admin", l)
	return l, err
}

// Recipient notes the notice.
func (s *speaker) Recipient(t *flow.Task, r *mail.Recipient) (*flow.Letter, error) {
	l, err := s.Voice.Recipient(t, r)
	s.j.note(t, "recipient", l)
	return l, err
}

// Bounce notes the bounce; whether it would go out shows in the end.
func (s *speaker) Bounce(t *flow.Task) (*flow.Letter, bool, error) {
	l, suppressed, err := s.Voice.Bounce(t)
	s.j.note(t, "bounce", l)
	return l, suppressed, err
}

// of finds the attempt that a task belongs to.
func (j *Judge) of(t *flow.Task) *attempt {
	if at, ok := j.runs.Load(t.Body); ok {
		return at.(*attempt)
	}
	return nil
}

func (j *Judge) note(t *flow.Task, kind string, l *flow.Letter) {
	at := j.of(t)
	if at == nil || l == nil {
		return
	}
	at.notices = append(at.notices, answer.Notice{Kind: kind, To: l.Rcpts, Subject: neutral(t, subject(l.Data))})
}
