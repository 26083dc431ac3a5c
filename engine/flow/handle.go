package flow

import (
	"context"
	"fmt"

	"mavis/engine/decide"
	"mavis/engine/ingress"
	"mavis/engine/mail"
	"mavis/engine/perlat"
	"mavis/perlconf/eval"
	"mavis/rules"
)

// handle is the way of one message. It gives the reply for all recipients.
func (f *Flow) handle(ctx context.Context, t *Task, tx *ingress.Transaction) (string, error) {
	var err error
	bits := int(eval.ToInt(t.Policy.Config().Global('$', "mail_id_size_bits")))
	if t.MailID, t.Secret, err = f.opt.MailID(bits); err != nil {
		return "", err
	}
	if err := f.inspect(t); err != nil {
		return "", err
	}
	if err := f.check(ctx, t, tx); err != nil {
		return "", err
	}
	if err := f.decide(t); err != nil {
		return "", err
	}
	if err := f.hold(ctx, t); err != nil {
		return "", fmt.Errorf("quar+notif FAILED: %w", err)
	}
	if err := f.tell(ctx, t); err != nil {
		return "", fmt.Errorf("quar+notif FAILED: %w", err)
	}
	if err := f.alwaysBcc(t); err != nil {
		return "", err
	}
	if err := f.forward(ctx, t); err != nil {
		return "", err
	}
	return f.conclude(ctx, t)
}

// check finds out what the message holds.
func (f *Flow) check(ctx context.Context, t *Task, tx *ingress.Transaction) error {
	if err := f.unpack(ctx, t, tx.Task.Dir); err != nil {
		return err
	}
	f.checkHeader(t)
	if _, err := t.digest(); err != nil { // macro %b
		return err
	}
	if err := f.checkBanned(t); err != nil {
		return err
	}
	if err := f.checkVirus(ctx, t, tx.Task.Body().File); err != nil {
		return err
	}
	return f.checkSpam(ctx, t)
}

// tell sends notices to administrators and recipients, before the message itself goes out.
func (f *Flow) tell(ctx context.Context, t *Task) error {
	admins, err := f.admins(t)
	if err != nil {
		return err
	}
	if len(admins) > 0 {
		l, err := f.opt.Voice.Admin(t, admins)
		if err != nil {
			return err
		}
		t.noticeStep(l, "", "administrator", admins)
		if l != nil {
			if _, err := f.post(ctx, t, l); err != nil {
				return fmt.Errorf("temporarily unable to notify admin: %w%s", err, perlat.NoAdminNotice)
			}
		}
	}
	for _, r := range t.Rcpts {
		warn, err := f.warn(t, r)
		if err != nil {
			return err
		}
		if !warn {
			continue
		}
		l, err := f.opt.Voice.Recipient(t, r)
		if err != nil {
			return err
		}
		t.noticeStep(l, r.Internal, "recipient", []string{r.Internal})
		if l == nil {
			continue
		}
		if _, err := f.post(ctx, t, l); err != nil {
			return fmt.Errorf("temporarily unable to notify recipient rec: %w%s", err, perlat.NoRcptNotice)
		}
	}
	return nil
}

// admins are the administrators of the recipients, each once.
func (f *Flow) admins(t *Task) ([]string, error) {
	var out []string
	add := func(a string) {
		if a != "" && !contains(out, a) {
			out = append(out, a)
		}
	}
	for _, r := range t.Rcpts {
		s, ok, err := t.Policy.ByCCat("admin_maps_by_ccat", Settings(r))
		if err != nil {
			return nil, err
		}
		if ok {
			res, found, err := s.Tables.Find(r.Query)
			if err != nil {
				return nil, err
			}
			over := false
			if c := Settings(r); found && len(c) > 0 && (c[0].Major == rules.Spam || c[0].Major == rules.Spammy) {
				if over, err = f.overCutoff(t, r, "spam_notifyadmin_cutoff_level_maps"); err != nil {
					return nil, err
				}
			}
			if r.Trace != nil {
				what := "no administrator is told of " + decide.Name(mainOf(r))
				if found && !over && res.String() != "" {
					what = "administrator " + res.String() + " is told of " + decide.Name(mainOf(r))
				}
				r.Note(mail.StageNotice, what, s.Name("admin_maps_by_ccat"), res)
			}
			if found && !over {
				add(res.String())
			}
		}
		if r.Cats.Main().Major == rules.Virus && len(t.VirusNames()) > 0 {
			res, found, err := t.Policy.Tables("newvirus_admin_maps").Find(r.Query)
			if err != nil {
				return nil, err
			}
			if found {
				r.Note(mail.StageNotice, "administrator for new viruses is told as well", "@newvirus_admin_maps", res)
				add(res.String())
			}
		}
	}
	return out, nil
}

// warn says whether a recipient is to be told: when its tables say so, and it is local or $warn_offsite is set.
func (f *Flow) warn(t *Task, r *mail.Recipient) (bool, error) {
	s, ok, err := t.Policy.ByCCat("warnrecip_maps_by_ccat", Settings(r))
	if err != nil || !ok {
		return false, err
	}
	res, found, err := s.Tables.Find(r.Query)
	if err != nil {
		return false, err
	}
	if !found || !res.Bool() {
		if r.Trace != nil {
			r.Note(mail.StageNotice, "the recipient is not told", s.Name("warnrecip_maps_by_ccat"), res)
		}
		return false, nil
	}
	yes := r.Local || t.Policy.Bool("warn_offsite")
	if r.Trace != nil {
		r.Note(mail.StageNotice, choose(yes, "the recipient is told", "the recipient is not told: not local, and $warn_offsite is not set"),
			s.Name("warnrecip_maps_by_ccat"), res)
	}
	return yes, nil
}

// conclude bounces where that is due, words the reply, and writes the log.
func (f *Flow) conclude(ctx context.Context, t *Task) (string, error) {
	letter, suppressed, err := f.opt.Voice.Bounce(t)
	if err != nil {
		return "", err
	}
	text, _ := f.opt.Voice.ForAll(t.Rcpts, t.LogID, t.LMTP, suppressed && letter == nil)
	t.bounceStep(letter)
	switch {
	case letter != nil:
		sent, err := f.post(ctx, t, letter)
		switch {
		case err != nil: // over SMTP others may get their copy again: better than one of whom nobody ever hears
			return "", fmt.Errorf("delivery-notification FAILED: temporarily unable to send DSN to <%s>: %w%s", t.Envelope.Sender, err, perlat.NoBounce)
		case sent:
			t.DSNSent = 1
		default:
			f.logf(-1, t.LogID, "NOTICE: UNABLE TO SEND DSN to <%s>", t.Envelope.Sender)
		}
	case letter == nil && suppressed:
		t.DSNSent = 2
	}
	t.replySteps(text)
	t.actions(text)
	f.opt.Voice.Log(t)
	return text, nil
}
