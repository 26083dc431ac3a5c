package flow

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mavis/engine/decide"
	"mavis/engine/ingress"
	"mavis/engine/mail"
	"mavis/engine/origin"
	"mavis/rules"
	"mavis/rules/lookup"
)

// transaction is what the handler keeps between MAIL and the data.
type transaction struct {
	id     string
	policy *rules.Policy
	steps  *mail.Trace
	// largest is the greatest size limit of the recipients so far, in bytes.
	largest int64
}

// Mail lays the banks of the client's network and of our own users over the session's policy.
func (f *Flow) Mail(_ context.Context, tx *ingress.Transaction) *ingress.Reply {
	st := tx.Session.Value.(*session)
	st.seq++
	if st.worker != nil {
		st.worker.tasks++
	}
	now := &transaction{id: Message(st.id, st.seq), policy: st.policy}
	if st.steps != nil {
		now.steps = &mail.Trace{Steps: slices.Clone(st.steps.Steps)}
	}
	tx.Value = now
	tx.SizeLimit = 0 // as in the original, only a recipient's limit makes the data count; SIZE is checked all the same
	banks, by, err := now.policy.ClientBanks(origin.Normal(tx.Client.XAddr))
	if err != nil {
		return f.unsure(now.id, err)
	}
	if now.steps != nil {
		now.clientStep(origin.Normal(tx.Client.XAddr), banks, by)
	}
	now.policy = f.lay(now.policy, now.id, now.steps, banks...)
	sender := mail.Unquote(tx.Envelope.Sender)
	if sender != "" && now.policy.Bool("originating") && slices.Contains(now.policy.Config().Banks(), "MYUSERS") {
		r, ok, err := now.policy.Find("local_domains_maps", sender)
		if err != nil {
			return f.unsure(now.id, err)
		}
		if ok && r.Bool() {
			if now.steps != nil {
				now.steps.Add(mail.Step{Stage: mail.StageBank, What: "mail of our own user has policy bank MYUSERS", Setting: "@local_domains_maps"}.Answered(r))
			}
			now.policy = f.lay(now.policy, now.id, now.steps, "MYUSERS")
		}
	}
	return nil
}

// clientStep notes which banks the client's address brings.
func (now *transaction) clientStep(client string, banks []string, by lookup.Result) {
	s := mail.Step{Stage: mail.StageBank, Setting: "@client_ipaddr_policy", Value: strings.Join(banks, ",")}
	if client == "" {
		client = "unknown"
	}
	if s.What = "client " + client + " has no policy bank of its own"; len(banks) > 0 {
		s.What = "client " + client + " has policy bank " + s.Value
		s.Rule, s.Origin = by.Key, by.Origin
	}
	now.steps.Add(s)
}

// Rcpt asks for the recipient's size limit: a message declared larger is refused, deferred or passed as the destiny of
// oversized mail says, and the limit holds for what then arrives.
func (f *Flow) Rcpt(_ context.Context, tx *ingress.Transaction, r *mail.Rcpt) *ingress.Reply {
	now := tx.Value.(*transaction)
	p := now.policy
	limits := p.Tables("message_size_limit_maps")
	if limits.Len() == 0 {
		return nil
	}
	q := p.Query(mail.Unquote(r.Addr))
	res, ok, err := limits.Find(q)
	if err != nil {
		return f.unsure(now.id, err)
	}
	limit := int64(res.Num())
	if !ok || limit <= 0 {
		return nil
	}
	if limit < decide.MinSizeLimit && sizeFloor(p.Config()) {
		limit = decide.MinSizeLimit
	}
	now.largest = max(now.largest, limit)
	destiny, err := decide.Oversized(p, q)
	if err != nil {
		return f.unsure(now.id, err)
	}
	if destiny != rules.Pass {
		if tx.SizeLimit = now.largest; tx.Session.Settings.SizeLimit > 0 {
			tx.SizeLimit = min(tx.SizeLimit, tx.Session.Settings.SizeLimit)
		}
	}
	if now.steps != nil {
		now.steps.Add(mail.Step{Stage: mail.StageRecipient, Rcpt: mail.Unquote(r.Addr), What: fmt.Sprintf("takes mails of up to %d bytes", limit),
			Setting: "@message_size_limit_maps"}.Answered(res))
	}
	if tx.Envelope.Size <= limit {
		return nil
	}
	reply := &ingress.Reply{Code: 552, Enhanced: "5.3.4"}
	switch destiny {
	case rules.Pass:
		reply.Code, reply.Enhanced = 250, "2.3.4"
	case rules.TempFail:
		reply.Code, reply.Enhanced = 452, "4.3.4"
	}
	reply.Text = fmt.Sprintf("Declared message size (%d B) exceeds size limit for recipient <%s>", tx.Envelope.Size, r.Addr)
	return reply
}

// End has nothing to release.
func (f *Flow) End(*ingress.Transaction) {}

// Disconnect retires the session's worker when it is time.
func (f *Flow) Disconnect(s *ingress.Session) { f.finish(s.Value.(*session).worker) }

func (f *Flow) unsure(id string, err error) *ingress.Reply {
	f.logf(-1, id, "policy cannot be found out: %v", err)
	return &ingress.Reply{Code: 451, Enhanced: "4.3.0", Text: "Error in processing, id=" + id}
}

// task makes the Task of a transaction whose data has arrived.
func (f *Flow) task(tx *ingress.Transaction) *Task {
	tr := tx.Value.(*transaction)
	now := f.opt.Now()
	t := &Task{
		Message: &mail.Message{Client: tx.Client, Envelope: tx.Envelope, Received: tx.Received, LogID: tr.id, Body: tx.Task.Body()},
		Policy:  tr.policy, Originating: tr.policy.Bool("originating"), Sender: mail.Unquote(tx.Envelope.Sender),
		Size: tx.Size, LMTP: tx.LMTP, Started: now, session: tx.Session,
		ClientIP: origin.Normal(tx.Client.XAddr), ClientPort: port(tx.Client.XPort),
		Folder: tx.Task.Dir, Steps: tr.steps, worker: tx.Session.Value.(*session).worker,
	}
	for _, r := range tx.Envelope.Rcpts {
		internal := mail.Unquote(r.Addr)
		if r.ORcpt == "" && mail.Quote(internal) != r.Addr {
			r.ORcpt = "rfc822;" + mail.XText(r.Addr) // RFC 3461 section 4.2: the address as it came, because it goes on requoted
		}
		t.Rcpts = append(t.Rcpts, &mail.Recipient{Rcpt: r, Internal: internal, Query: tr.policy.Query(internal), Trace: tr.steps})
	}
	t.add(rules.Clean, 0, nil)
	return t
}

// port reads a port number, 0 when it is none.
func port(s string) int {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil {
		return 0
	}
	return int(n)
}
