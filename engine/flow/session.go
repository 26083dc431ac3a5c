package flow

import (
	"context"
	"slices"

	"mavis/engine/ingress"
	"mavis/engine/mail"
	"mavis/engine/origin"
	"mavis/rules"
)

// transaction is what the handler keeps between MAIL and the data.
type transaction struct {
	id     string
	policy *rules.Policy
}

// Mail lays the banks of the client's network and of our own users over the session's policy.
func (f *Flow) Mail(_ context.Context, tx *ingress.Transaction) *ingress.Reply {
	st := tx.Session.Value.(*session)
	st.seq++
	now := &transaction{id: Message(st.id, st.seq), policy: st.policy}
	tx.Value = now
	banks, _, err := now.policy.ClientBanks(origin.Normal(tx.Client.XAddr))
	if err != nil {
		return f.unsure(now.id, err)
	}
	now.policy = f.lay(now.policy, now.id, banks...)
	sender := mail.Unquote(tx.Envelope.Sender)
	if sender != "" && now.policy.Bool("originating") && slices.Contains(now.policy.Config().Banks(), "MYUSERS") {
		r, ok, err := now.policy.Find("local_domains_maps", sender)
		if err != nil {
			return f.unsure(now.id, err)
		}
		if ok && r.Bool() {
			now.policy = f.lay(now.policy, now.id, "MYUSERS")
		}
	}
	return nil
}

// Rcpt takes every recipient; what becomes of it is decided once the message is known.
func (f *Flow) Rcpt(context.Context, *ingress.Transaction, *mail.Rcpt) *ingress.Reply { return nil }

// End and Disconnect have nothing to release.
func (f *Flow) End(*ingress.Transaction) {}

// Disconnect has nothing to release.
func (f *Flow) Disconnect(*ingress.Session) {}

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
		ClientIP: origin.Normal(tx.Client.XAddr), ClientPort: tx.Client.XPort,
	}
	for _, r := range tx.Envelope.Rcpts {
		internal := mail.Unquote(r.Addr)
		t.Rcpts = append(t.Rcpts, &mail.Recipient{Rcpt: r, Internal: internal, Query: tr.policy.Query(internal)})
	}
	t.add(rules.Clean, 0, nil)
	return t
}
