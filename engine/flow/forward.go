package flow

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"mavis/engine/deliver"
	"mavis/engine/mail"
	"mavis/engine/quarantine"
	"mavis/perlconf/eval"
	"mavis/rules"
	"mavis/rules/lookup"
	"mavis/rules/vars"
)

// forward sends the message to everybody who is to get it, one transaction for each version of the header and each next
// hop, and turns what the next hop refused into replies.
func (f *Flow) forward(ctx context.Context, t *Task) error {
	for _, r := range t.Rcpts {
		if r.Method != nil {
			continue
		}
		s, ok, err := t.Policy.ByCCat("forward_method_maps_by_ccat", Settings(r))
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		res, _, err := s.Tables.Find(r.Query)
		if err != nil {
			return err
		}
		r.Method = methodsOf(res.Value)
		if r.Trace != nil && r.Done == mail.NotDone {
			step := mail.Step{Stage: mail.StageNext, Rcpt: r.Internal, What: "goes on by " + strings.Join(r.Method, " or "), Setting: s.Name("forward_method_maps_by_ccat"),
				Rule: res.Key, Origin: res.Origin}
			if res.Via != "" {
				step.Setting, step.Origin = vars.Sigiled(res.Via), t.Policy.Origin(res.Via)
			}
			if step.Origin.IsZero() {
				step.Origin = s.Origin
			}
			r.Trace.Add(step)
		}
	}
	var open []*mail.Recipient
	for _, r := range t.Rcpts {
		switch {
		case r.Done != mail.NotDone:
		case len(r.Method) == 0:
			return fmt.Errorf("recipient <%s> has no delivery method (forward_method)", r.Addr)
		default:
			open = append(open, r)
		}
	}
	if len(open) == 0 {
		return nil
	}
	copies, err := f.opt.Voice.Groups(ctx, t, open)
	if err != nil {
		return err
	}
	defer func() {
		if err := CloseCopies(copies); err != nil {
			f.logf(-1, t.LogID, "changed body: %v", err)
		}
	}()
	for _, c := range copies {
		if m := methodsOf(t.Policy.Value("resend_method")); c.Resend && len(m) > 0 {
			for _, r := range c.Rcpts {
				r.Method = m
				if r.Trace != nil {
					r.Note(mail.StageNext, "goes on by "+m[0]+" because the body was changed", "$resend_method", lookup.Result{Origin: t.Policy.Origin("resend_method")})
				}
			}
		}
		groups := byMethod(c.Rcpts)
		for _, group := range groups {
			if _, err := deliver.ParseMethods(group[0].Method); err != nil { // before anybody has got the mail
				return fmt.Errorf("forwarding FAILED: %w", err)
			}
		}
		for _, group := range groups {
			if t.deferred() {
				t.giveUp(group)
				continue
			}
			if err := f.send(ctx, t, c, group); err != nil {
				return err
			}
		}
	}
	for _, r := range open {
		if r.Done == mail.NotDone {
			return fmt.Errorf("recipient <%s> is in no group of recipients", r.Addr)
		}
		if r.Done == mail.Forwarded && !strings.HasPrefix(r.Reply, "2") {
			if err := f.refused(t, r); err != nil {
				return err
			}
		}
	}
	return nil
}

// deferred says that the client is going to send the whole message again: over SMTP one recipient who must wait makes all
// wait, and whoever had got the message already would get it twice.
func (t *Task) deferred() bool {
	if t.LMTP {
		return false
	}
	for _, r := range t.Rcpts {
		if r.Done != mail.NotDone && strings.HasPrefix(r.Reply, "4") {
			return true
		}
	}
	return false
}

// giveUp settles recipients who are not served because of another one.
func (t *Task) giveUp(rcpts []*mail.Recipient) {
	for _, r := range rcpts {
		r.Reply = "451 4.5.0 Giving up due to previous temporary failures, id=" + t.LogID
		r.Done = mail.Settled
	}
}

// alwaysBcc adds the recipient that %always_bcc_by_ccat names for the message's category. It gets the mail whatever was found,
// by $notify_method, and no notification goes out about it.
func (f *Flow) alwaysBcc(t *Task) error {
	s, ok, err := t.Policy.ByCCat("always_bcc_by_ccat", t.Settings())
	to := eval.ToString(s.Value)
	if err != nil || !ok || to == "" {
		return err
	}
	r := &mail.Recipient{Rcpt: mail.Rcpt{Addr: mail.Quote(to), Notify: []string{"NEVER"}}, Internal: to, Query: t.Policy.Query(to),
		Cats: append(mail.Categories{}, t.Cats...), Destiny: rules.Pass, Method: methodsOf(t.Policy.Value("notify_method"))}
	res, found, err := t.Policy.Tables("local_domains_maps").Find(r.Query)
	if err != nil {
		return err
	}
	r.Local = found && res.Bool()
	if t.Steps != nil {
		t.category(nil, mail.StageAddress, "a copy goes to "+to+" as well", "always_bcc_by_ccat", s)
	}
	r.Trace = t.Steps
	t.Rcpts = append(t.Rcpts, r)
	return nil
}

// wording is an error that is a reply.
type wording string

func (w wording) Error() string { return string(w) }

func byMethod(rcpts []*mail.Recipient) [][]*mail.Recipient {
	var order []string
	groups := map[string][]*mail.Recipient{}
	for _, r := range rcpts {
		key := strings.Join(r.Method, "\x00")
		if groups[key] == nil {
			order = append(order, key)
		}
		groups[key] = append(groups[key], r)
	}
	var out [][]*mail.Recipient
	for _, key := range order {
		out = append(out, groups[key])
	}
	slices.SortStableFunc(out, func(a, b []*mail.Recipient) int { return protocolRank(a[0].Method[0]) - protocolRank(b[0].Method[0]) })
	return out
}

// protocolRank is the order in which the original serves protocols.
func protocolRank(method string) int {
	protocol, _, _ := strings.Cut(strings.ToLower(method), ":")
	return slices.Index([]string{"local", "pipe", "bsmtp"}, protocol) // smtp and lmtp come first, -1
}

// send hands one version of the message to one next hop and notes the answers.
func (f *Flow) send(ctx context.Context, t *Task, c Copy, rcpts []*mail.Recipient) error {
	m := &deliver.Outgoing{Sender: mail.Quote(t.Sender), Header: c.Header, Body: t.Body, BodyOff: t.HeaderSize, BodySize: t.Body.Size() - t.HeaderSize,
		Params:       deliver.Params{BodyType: t.Envelope.BodyType, SMTPUTF8: t.Envelope.SMTPUTF8, Ret: t.Envelope.Ret, EnvID: t.Envelope.EnvID},
		PerRecipient: t.LMTP, Security: security(t.Policy), LogID: t.LogID, MailID: t.MailID, XForward: t.xforward()}
	if c.Body != nil {
		m.Body, m.BodyOff, m.BodySize = c.Body, 0, c.Body.Size()
	}
	if p := t.Client.Peer; p.IsValid() {
		m.ClientHost, m.ServerPort = p.Addr().String(), t.Client.Local.Port()
	}
	if !t.Policy.Bool("propagate_dsn_if_possible") {
		m.Params.Ret, m.Params.EnvID = "", ""
	}
	for _, r := range rcpts {
		m.Rcpts = append(m.Rcpts, f.outgoing(t, r))
	}
	res, err := f.deliver(ctx, t, rcpts[0].Method, m)
	if err != nil {
		return fmt.Errorf("forwarding FAILED: %w", err)
	}
	passed := res.DSN && !t.Policy.Bool("terminate_dsn_on_notify_success")
	for i, r := range rcpts {
		o := res.Outcomes[i]
		r.Done = mail.Forwarded
		r.Reply = f.answer(&o)
		switch {
		case !o.Own:
			r.RemoteMTA, r.RemoteReply = remote(o.Target), o.Answer
		case o.Heard != "":
			r.RemoteMTA, r.RemoteReply = remote(o.Target), o.Heard
		}
		passed = passed && o.Accepted()
	}
	if !passed {
		t.dsnKept = true
	}
	t.DSNPassedOn = !t.dsnKept
	return nil
}

// answer words what became of a recipient: the next hop's answer, and who gave it.
func (f *Flow) answer(o *deliver.Outcome) string {
	if o.Own {
		return o.Answer
	}
	return f.opt.Voice.FromMTA(o.Target, o.Answer, o.Stage.DefaultEnhanced(), o.Stage.Command())
}

// forAll is the one answer for all recipients of a mail of our own.
func (f *Flow) forAll(t *Task, res *deliver.Result) string {
	var rcpts []*mail.Recipient
	for i := range res.Outcomes {
		o := &res.Outcomes[i]
		rcpts = append(rcpts, &mail.Recipient{Done: mail.Forwarded, Reply: f.answer(o), Destiny: rules.Pass})
	}
	text, _ := f.opt.Voice.ForAll(rcpts, t.LogID, false, false)
	return text
}

func security(p *rules.Policy) deliver.Security {
	return deliver.SecurityLevel(p.Str("tls_security_level_out"))
}

// remote is the next hop without the protocol, as notices name it.
func remote(target string) string {
	_, host, _ := strings.Cut(target, ":")
	return host
}

func (f *Flow) outgoing(t *Task, r *mail.Recipient) deliver.Rcpt {
	out := deliver.Rcpt{Addr: mail.Quote(r.Internal)}
	if r.SendTo != "" {
		out.Addr = mail.Quote(r.SendTo)
	}
	if !t.Policy.Bool("propagate_dsn_if_possible") {
		return out
	}
	out.ORcpt = r.ORcpt
	if t.Sender != "" {
		for _, n := range r.Notify {
			if n != "SUCCESS" || !t.Policy.Bool("terminate_dsn_on_notify_success") {
				out.Notify = append(out.Notify, n)
			}
		}
		if len(r.Notify) > 0 && len(out.Notify) == 0 {
			out.Notify = []string{"NEVER"}
		}
	}
	return out
}

// xforward tells the next hop of the first client.
func (t *Task) xforward() map[string]string {
	x := map[string]string{}
	c := t.Client
	for k, v := range map[string]string{"ADDR": t.ClientIP, "NAME": c.XName, "PORT": c.XPort, "PROTO": c.XProto, "HELO": c.XHelo,
		"SOURCE": c.XSource, "IDENT": c.XIdent} {
		if v != "" {
			x[k] = v
		}
	}
	return x
}

// refused gives a recipient whom the next hop did not take the category MTA, and a reply of our own around the hop's.
func (f *Flow) refused(t *Task, r *mail.Recipient) error {
	minor := 0
	switch {
	case strings.HasPrefix(r.Reply, "5"):
		minor = 2
	case strings.HasPrefix(r.Reply, "4"):
		minor = 1
	}
	r.Cats.Add(rules.MTA, minor)
	t.Cats.Add(rules.MTA, minor)
	for _, copied := range t.Rcpts[len(t.Envelope.Rcpts):] { // always_bcc: it has the categories of the message
		copied.Cats.Add(rules.MTA, minor)
	}
	r.Blocking = &rules.CCat{Major: rules.MTA, Minor: minor}
	if t.Blocking == nil {
		t.Blocking = r.Blocking
	}
	r.Destiny = rules.Pass
	s, ok, err := t.Policy.ByCCat("final_destiny_maps_by_ccat", Settings(r))
	if err != nil {
		return err
	}
	if ok {
		res, found, err := s.Tables.Find(r.Query)
		if err != nil {
			return err
		}
		if found {
			r.Destiny = rules.Destiny(eval.ToInt(res.Value))
		}
	}
	if r.Destiny == rules.Pass {
		r.Destiny = rules.TempFail
		if minor == 2 {
			r.Destiny = rules.Reject
		}
	}
	r.Reply = f.opt.Voice.Relaying(r.Reply, r.Destiny, t.Policy.Bool("soft_bounce"), f.opt.Voice.Reason(t, r))
	r.Done = mail.Settled
	return nil
}

// post sends a letter of ours. retry says that a temporary failure must defer the message that caused it.
func (f *Flow) post(ctx context.Context, t *Task, l *Letter) (accepted bool, err error) {
	m := &deliver.Outgoing{Sender: mail.Quote(l.Sender), Header: l.Data, Security: security(t.Policy), LogID: t.LogID, MailID: t.MailID, Octets: deliver.Original,
		Params: deliver.Params{BodyType: l.BodyType, SMTPUTF8: l.SMTPUTF8}}
	dsn := t.Policy.Bool("propagate_dsn_if_possible")
	if dsn {
		m.Params.EnvID = l.EnvID
	}
	for i, to := range l.Rcpts {
		rcpt := deliver.Rcpt{Addr: mail.Quote(to)}
		if dsn && i < len(l.ORcpts) {
			rcpt.ORcpt = l.ORcpts[i]
		}
		m.Rcpts = append(m.Rcpts, rcpt)
	}
	res, err := f.deliver(ctx, t, methodsOf(t.Policy.Value("notify_method")), m)
	if err != nil {
		return false, err
	}
	for _, o := range res.Outcomes {
		accepted = accepted || o.Accepted()
	}
	switch text := f.forAll(t, res); {
	case strings.HasPrefix(text, "4"):
		return accepted, wording(text)
	case !accepted:
		f.logf(-1, t.LogID, "FAILED to notify %s: %s", strings.Join(l.Rcpts, ", "), text)
	}
	return accepted, nil
}

// sendHeld passes a held message on to an address.
func (f *Flow) sendHeld(ctx context.Context, t *Task, q quarantine.Mail) error {
	m := &deliver.Outgoing{Sender: mail.Quote(q.Sender), Security: security(t.Policy), Header: append(append([]byte{}, q.Header...), "\r\n"...), Body: t.Body, BodyOff: t.HeaderSize,
		BodySize: t.Body.Size() - t.HeaderSize, LogID: t.LogID, MailID: t.MailID,
		Params: deliver.Params{BodyType: t.Envelope.BodyType, SMTPUTF8: t.Envelope.SMTPUTF8}}
	dsn := t.Policy.Bool("propagate_dsn_if_possible")
	if dsn {
		m.Params.EnvID = EnvID(t.MailID, t.Received, t.Policy.Str("myhostname"))
	}
	batch := quarantine.Batch(q.Method)
	if batch { // it keeps the mail's own envelope
		m.Params.Ret, m.Params.EnvID = t.Envelope.Ret, t.Envelope.EnvID
	}
	for _, to := range q.To {
		rcpt := deliver.Rcpt{Addr: mail.Quote(to)}
		if dsn && q.Sender != "" {
			rcpt.Notify = []string{"NEVER"}
		}
		for _, r := range t.Rcpts {
			if batch && r.Internal == to {
				rcpt.ORcpt = r.ORcpt
			}
		}
		m.Rcpts = append(m.Rcpts, rcpt)
	}
	res, err := f.deliver(ctx, t, []string{q.Method}, m)
	if err != nil {
		return err
	}
	for _, o := range res.Outcomes {
		if !o.Accepted() {
			return wording(f.forAll(t, res))
		}
	}
	return nil
}
