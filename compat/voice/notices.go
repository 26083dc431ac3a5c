package voice

import (
	"fmt"

	"mavis/compat/macro"
	"mavis/compat/notify"
	"mavis/engine/flow"
	"mavis/engine/mail"
	"mavis/perlconf/eval"
	"mavis/rules"
	"mavis/rules/lookup"
)

// notice collects what the by-category tables say of a kind of notice: template, From, envelope sender. ok is false when the
// template is missing or empty, which switches the notice off.
func (v *Voice) notice(t *flow.Task, cats []rules.CCat, templ, from, envelope string) (s notify.Settings, ok bool, err error) {
	p := t.Policy
	text, _, err := v.byCategory(t, templ, cats)
	if err != nil || text == "" {
		return s, false, err
	}
	if s.Template, err = v.compile(text); err != nil {
		return s, false, fmt.Errorf("%s: %w", templ, err)
	}
	if s.HdrFrom, _, err = v.byCategory(t, from, cats); err != nil {
		return s, false, err
	}
	if envelope != "" {
		address, defined, err := v.byCategory(t, envelope, cats)
		if err != nil {
			return s, false, err
		}
		if defined {
			s.MailFrom = &address
		}
	}
	s.Encoding, s.Charset = settings(t).Format, p.Str("bdy_encoding")
	s.Boundary = fmt.Sprintf("----------=_%d-%d-%d", t.Received.Unix(), v.pid, v.boundaries.Add(1))
	return s, true, nil
}

// byCategory is the text that a by-category table gives; references to scalars are followed.
func (v *Voice) byCategory(t *flow.Task, table string, cats []rules.CCat) (text string, defined bool, err error) {
	s, ok, err := t.Policy.ByCCat(table, cats)
	if err != nil || !ok {
		return "", false, err
	}
	value := s.Value
	if ref, isRef := value.(*eval.Scalar); isRef {
		value = ref.Get()
	}
	return eval.ToString(value), value != nil, nil
}

// letter makes a notice ready to be posted.
func (v *Voice) letter(t *flow.Task, n *notify.Notice) (*flow.Letter, error) {
	id, _, err := flow.NewMailID(72)
	if err != nil {
		return nil, err
	}
	host := macro.DomainToASCII(t.Policy.Str("myhostname"))
	return &flow.Letter{Sender: n.From, Rcpts: n.To, Data: n.Message, SMTPUTF8: n.SMTPUTF8, BodyType: n.BodyType,
		EnvID: flow.EnvID(id, t.Received, host)}, nil
}

// Admin writes the notice for administrators; nil when its template is empty.
func (v *Voice) Admin(t *flow.Task, admins []string) (*flow.Letter, error) {
	s, ok, err := v.notice(t, t.Settings(), "notify_admin_templ_by_ccat", "hdrfrom_notify_admin_by_ccat", "mailfrom_notify_admin_by_ccat")
	if err != nil || !ok {
		return nil, err
	}
	n, err := notify.Admin(s, message(t), admins)
	if err != nil {
		return nil, err
	}
	return v.letter(t, n)
}

// Recipient writes the notice for a recipient; nil when its template is empty.
func (v *Voice) Recipient(t *flow.Task, r *mail.Recipient) (*flow.Letter, error) {
	s, ok, err := v.notice(t, flow.Settings(r), "notify_recips_templ_by_ccat", "hdrfrom_notify_recip_by_ccat", "mailfrom_notify_recip_by_ccat")
	if err != nil || !ok {
		return nil, err
	}
	for i, x := range t.Rcpts {
		if x == r {
			n, err := notify.Recipient(s, message(t), i)
			if err != nil {
				return nil, err
			}
			return v.letter(t, n)
		}
	}
	return nil, nil
}

// Bounce writes the delivery status notification for the sender, when one is due.
func (v *Voice) Bounce(t *flow.Task) (*flow.Letter, bool, error) {
	s, ok, err := v.notice(t, t.Settings(), "notify_sender_templ_by_ccat", "hdrfrom_notify_sender_by_ccat", "")
	if err != nil {
		return nil, false, err
	}
	b := notify.Bounce{Settings: s, Message: message(t), PerRecipient: t.LMTP, PassedOn: t.DSNPassedOn, Bulk: t.Kind.Bulk != "",
		EnvID: t.Envelope.EnvID, Helo: t.Client.Helo}
	if t.Sender != "" {
		table := "spam_dsn_cutoff_level_bysender_maps"
		if t.Originating {
			table = "spam_crediblefrom_dsn_cutoff_level_bysender_maps"
		}
		if b.Cutoff, err = cutoff(t, table, t.Policy.Query(t.Sender)); err != nil {
			return nil, false, err
		}
	}
	for _, r := range t.Rcpts {
		x, err := v.bounced(t, r)
		if err != nil {
			return nil, false, err
		}
		b.Rcpts = append(b.Rcpts, x)
	}
	if b.Bcc, _, err = v.byCategory(t, "dsn_bcc_by_ccat", t.Settings()); err != nil {
		return nil, false, err
	}
	if !ok {
		b.Template, _ = v.compile("")
	}
	n, suppressed, err := b.Build()
	if t.Steps != nil {
		for _, why := range b.Withheld {
			t.Steps.Add(mail.Step{Stage: mail.StageNotice, What: "the sender is not told of non-delivery: " + why})
		}
	}
	if err != nil || n == nil || !ok {
		return nil, suppressed || n != nil, err
	}
	l, err := v.letter(t, n)
	if l != nil {
		for i, to := range l.Rcpts {
			if to == mail.Quote(t.Sender) {
				l.Rcpts[i] = t.Sender
			}
			l.ORcpts = append(l.ORcpts, notify.EncodeORcpt("", mail.Quote(l.Rcpts[i]), l.SMTPUTF8))
		}
	}
	return l, suppressed, err
}

func (v *Voice) bounced(t *flow.Task, r *mail.Recipient) (notify.Recip, error) {
	x := notify.Recip{Recipient: recipient(t, r), Destiny: r.Destiny, ORcpt: r.ORcpt, Suppress: r.SuppressReason,
		Blacklisted: r.Blacklisted, Whitelisted: r.Whitelisted}
	if r.SendTo != "" {
		x.Final = mail.Quote(r.SendTo)
	}
	warn, _, err := v.byCategory(t, "warnsender_by_ccat", flow.Settings(r))
	if err != nil {
		return x, err
	}
	x.WarnSender = eval.ToBool(warn)
	if t.Sender == "" {
		return x, nil
	}
	table := "spam_dsn_cutoff_level_maps"
	if t.Originating {
		table = "spam_crediblefrom_dsn_cutoff_level_maps"
	}
	x.Cutoff, err = cutoff(t, table, r.Query)
	return x, err
}

func cutoff(t *flow.Task, table string, q *lookup.Query) (*float64, error) {
	res, ok, err := t.Policy.Tables(table).Find(q)
	if err != nil || !ok {
		return nil, err
	}
	n := res.Num()
	return &n, nil
}
