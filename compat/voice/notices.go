package voice

import (
	"mavis/engine/flow"
	"mavis/engine/mail"
)

func (v *Voice) Admin(t *flow.Task, admins []string) (*flow.Letter, error)          { return nil, nil }
func (v *Voice) Recipient(t *flow.Task, r *mail.Recipient) (*flow.Letter, error)     { return nil, nil }
func (v *Voice) Bounce(t *flow.Task) (l *flow.Letter, suppressed bool, err error) { return nil, false, nil }
