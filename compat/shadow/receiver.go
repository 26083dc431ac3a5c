package shadow

import (
	"context"
	"io"
	"net"
	"time"

	"mavis/engine/ingress"
	"mavis/engine/mail"
	"mavis/engine/spool"
)

// Receiver takes copies of mail that was delivered, such as Postfix's always_bcc makes. It says 250 to all, since a copy is
// nobody's mail.
type Receiver struct {
	spool  *spool.Spool
	heard  func(*Overheard)
	server *ingress.Server
}

// NewReceiver makes a Receiver; see Serve.
func NewReceiver(sp *spool.Spool, heard func(*Overheard)) *Receiver {
	r := &Receiver{spool: sp, heard: heard}
	r.server = ingress.New(ingress.Options{Handler: r, Spool: sp})
	return r
}

// Serve takes connections until l is closed.
func (r *Receiver) Serve(l net.Listener) error { return r.server.Serve(l) }

// Close cuts what is open.
func (r *Receiver) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	return r.server.Shutdown(ctx)
}

// Connect is ingress.Handler.
func (r *Receiver) Connect(context.Context, *ingress.Session) (ingress.Settings, bool) {
	return ingress.Settings{}, true
}

// Mail is ingress.Handler.
func (r *Receiver) Mail(context.Context, *ingress.Transaction) *ingress.Reply { return nil }

// Rcpt is ingress.Handler.
func (r *Receiver) Rcpt(context.Context, *ingress.Transaction, *mail.Rcpt) *ingress.Reply { return nil }

// Data is ingress.Handler.
func (r *Receiver) Data(_ context.Context, tx *ingress.Transaction) []ingress.Reply {
	now := time.Now()
	o := &Overheard{Side: Copy, Client: tx.Client, Envelope: tx.Envelope, Task: r.spool.Task(), Started: tx.Received, Sent: now, Answered: now}
	body := tx.Task.Body()
	if _, err := io.Copy(o.Task.Body(), io.NewSectionReader(body, 0, body.Size())); err != nil {
		o.Skipped = err.Error()
		o.Close()
		o.Task = nil
	}
	r.heard(o)
	return []ingress.Reply{{Code: 250, Enhanced: "2.0.0", Text: "Ok: a copy, judged and thrown away"}}
}

// End is ingress.Handler.
func (r *Receiver) End(*ingress.Transaction) {}

// Disconnect is ingress.Handler.
func (r *Receiver) Disconnect(*ingress.Session) {}
