package flow

import (
	"mavis/engine/decide"
	"mavis/engine/mail"
	"mavis/engine/origin"
	"mavis/perlconf/eval"
	"mavis/rules"
)

// decide settles every recipient and words the replies of those that are blocked.
func (f *Flow) decide(t *Task) error {
	m := f.about(t)
	var err error
	if m.LocalAuthor, err = f.localAuthor(t); err != nil {
		return err
	}
	for _, r := range t.Rcpts {
		if err := decide.Settle(t.Policy, m, r); err != nil {
			return err
		}
		for _, c := range r.Cats {
			t.Cats.Add(c.Major, c.Minor)
		}
		if r.Blocking == nil {
			continue
		}
		if t.Blocking == nil || higher(*r.Blocking, *t.Blocking) {
			t.Blocking = r.Blocking
		}
	}
	for _, r := range t.Rcpts {
		if r.Blocking != nil {
			r.Reply = f.opt.Voice.Blocked(*r.Blocking, r.Destiny, t.Policy.Bool("soft_bounce"), f.opt.Voice.Reason(t, r))
			r.Done = mail.Settled
		}
	}
	return nil
}

// about is what a decision depends on besides the recipient.
func (f *Flow) about(t *Task) decide.Message {
	return decide.Message{Sender: t.Sender, Bulk: t.Kind.Bulk, Size: t.Size, SizeFloor: sizeFloor(t.Policy.Config())}
}

// localAuthor says whether anybody who stands for the message in header or envelope is local.
func (f *Flow) localAuthor(t *Task) (bool, error) {
	if !t.Policy.Bool("allow_disclaimers") {
		return false, nil
	}
	for _, a := range append(append(append(origin.Resent(t.Header), t.Authors...), t.HeaderSender...), t.Sender) {
		if a == "" {
			continue
		}
		r, ok, err := t.Policy.Find("local_domains_maps", a)
		if err != nil || ok && r.Bool() {
			return err == nil, err
		}
	}
	return false, nil
}

func sizeFloor(c *rules.Config) bool {
	return eval.ToBool(c.Global('$', "enforce_smtpd_message_size_limit_64kb_min"))
}

func higher(a, b rules.CCat) bool {
	return a.Major > b.Major || a.Major == b.Major && a.Minor > b.Minor
}
