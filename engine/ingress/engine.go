package ingress

import (
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"

	"github.com/emersion/go-smtp"

	"mavis/engine/spool"
)

// engineSession is what go-smtp calls. It sees stand-ins for the addresses; the true ones wait in the conn.
type engineSession struct{ c *conn }

func newEngineSession(sc *smtp.Conn) (smtp.Session, error) {
	c, ok := sc.Conn().(*conn)
	if !ok {
		return nil, errors.New("connection from a foreign listener")
	}
	return engineSession{c}, nil
}

// errRefused keeps go-smtp's state in step; its text is replaced.
var errRefused = &smtp.SMTPError{Code: 550, Message: "refused"}

// Reset is called at RSET and EHLO, and after the data, when the replies are queued.
func (e engineSession) Reset() { e.c.endTransaction() }

// Logout does nothing: conn.Close ends the session.
func (e engineSession) Logout() error { return nil }

// Mail begins a transaction.
func (e engineSession) Mail(string, *smtp.MailOptions) error {
	c := e.c
	envelope := c.mail
	c.mail = nil
	s := c.session
	t := &Transaction{
		Session: s, Client: s.Client, Envelope: *envelope, Received: time.Now(), Number: s.Transactions + 1,
		SizeLimit: s.Settings.SizeLimit, LMTP: c.protocol == "LMTP", Task: c.server.opt.Spool.Task(),
	}
	t.Client.Protocol = c.protocolName(envelope)
	c.xforward.apply(&t.Client)
	answer := c.ask(func() *Reply { return c.server.opt.Handler.Mail(c.ctx, t) })
	if answer == nil {
		answer = &Reply{250, "2.1.0", "Sender <" + envelope.Sender + "> OK"}
	}
	c.instead(*answer)
	if !answer.accepts() {
		c.closeTask(t.Task)
		return errRefused
	}
	clear(c.xforward)
	s.Transactions++
	c.tx, c.gotRcpts = t, 0
	return nil
}

// Rcpt adds a recipient.
func (e engineSession) Rcpt(string, *smtp.RcptOptions) error {
	c := e.c
	r := c.rcpt
	c.rcpt = nil
	answer := c.ask(func() *Reply { return c.server.opt.Handler.Rcpt(c.ctx, c.tx, r) })
	if answer == nil {
		answer = &Reply{250, "2.1.5", "Recipient <" + r.Addr + "> OK"}
	}
	c.instead(*answer)
	if !answer.accepts() {
		return errRefused
	}
	c.tx.Envelope.Rcpts = append(c.tx.Envelope.Rcpts, *r)
	return nil
}

// ask calls the handler; a panic in it becomes a 451.
func (c *conn) ask(f func() *Reply) *Reply {
	var answer *Reply
	if !c.guard(func() { answer = f() }) {
		return &Reply{451, "4.5.0", "Error in processing"}
	}
	return answer
}

// Data is called once the 354 is queued. go-smtp's reader is not used: after the true data it finds an empty message.
func (e engineSession) Data(io.Reader) error {
	c := e.c
	t := c.tx
	size, trouble, err := c.receive(t)
	if err != nil {
		c.server.opt.Logf(1, "data broke off: %v", err)
		if errors.Is(err, errTimedOut) {
			c.say(Reply{421, "4.3.2", "Service shutting down, timed out during waiting for input from client"})
		}
		c.hangUp()
		c.instead() // nobody is there for it
		return errRefused
	}
	c.feed = append(c.feed[:0], ".\r\n"...)
	t.Size = size
	answers := []Reply{}
	if trouble != nil {
		answers = append(answers, *trouble)
	} else if !c.guard(func() { answers = c.server.opt.Handler.Data(c.ctx, t) }) {
		answers = []Reply{{451, "4.5.0", "Error in processing"}}
		trouble = &answers[0]
	}
	c.instead(c.finalReplies(t, answers, trouble)...)
	return nil
}

// finalReplies is one reply, or as many as there are recipients with LMTP. trouble is that of all recipients.
func (c *conn) finalReplies(t *Transaction, answers []Reply, trouble *Reply) []Reply {
	want := 1
	if t.LMTP {
		want = len(t.Envelope.Rcpts)
	}
	if len(answers) > want {
		answers = answers[:want]
	}
	for len(answers) < want {
		if trouble == nil {
			trouble = &Reply{451, "4.5.0", "Error in processing, no outcome for this recipient"}
		}
		answers = append(answers, *trouble)
	}
	return answers
}

// gather is the size of a write to the spool, in bytes, unless more comes in one piece.
const gather = 16 << 10

// receive takes the data into the task's body. trouble is what to answer when the message was received but not kept;
// err says that the client went away or fell silent.
func (c *conn) receive(t *Transaction) (size int64, trouble *Reply, err error) {
	body := t.Task.Body()
	var failed error
	oversize := false
	write := func(p []byte) {
		if oversize || failed != nil || len(p) == 0 {
			return // the rest is read and dropped, so that the client hears why
		}
		_, failed = body.Write(p)
	}
	var small []byte // runs of content between stuffed dots, so that a body of dots is not a body of writes
	emit := func(p []byte) {
		size += int64(len(p))
		if t.SizeLimit > 0 && size > t.SizeLimit {
			oversize = true
		}
		if len(p) < gather {
			if small = append(small, p...); len(small) < gather {
				return
			}
			p = nil
		}
		write(small)
		write(p)
		small = small[:0]
	}
	var u Undotter
	end := time.Now().Add(c.server.opt.DataMax)
	for done := false; !done; {
		if c.inPos == len(c.in) {
			c.growInput()
			if err := c.fill(earlier(time.Now().Add(c.timeout()), end), false); err != nil {
				return size, nil, err
			}
		}
		used := 0
		used, done = u.Next(c.in[c.inPos:], emit)
		c.inPos += used
	}
	write(small)
	switch {
	case oversize || errors.Is(failed, spool.ErrTooLarge):
		return size, &Reply{552, "5.3.4", fmt.Sprintf("Message size (%d B) exceeds size limit", size)}, nil
	case failed == nil:
		return size, nil, nil
	}
	c.server.opt.Logf(-2, "message not kept: %v", failed)
	if errors.Is(failed, spool.ErrFull) || errors.Is(failed, syscall.ENOSPC) || errors.Is(failed, syscall.EDQUOT) {
		return size, &Reply{452, "4.3.1", "Error in processing: insufficient storage"}, nil
	}
	return size, &Reply{451, "4.5.0", "Error in processing: message could not be stored"}, nil
}

// growInput makes the input buffer larger while data come faster than they fit; what was in it is used up.
func (c *conn) growInput() {
	if len(c.in) == cap(c.in) && cap(c.in) < 64<<10 {
		c.in = make([]byte, 0, max(4<<10, min(2*cap(c.in), 64<<10)))
		c.inPos = 0
	}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func (c *conn) endTransaction() {
	t := c.tx
	if t == nil {
		return
	}
	c.flush() // the client need not wait for the cleaning
	c.tx, c.gotRcpts = nil, 0
	clear(c.xforward)
	c.guard(func() { c.server.opt.Handler.End(t) })
	c.closeTask(t.Task)
}

func (c *conn) closeTask(task *spool.Task) {
	if err := task.Close(); err != nil {
		c.server.opt.Logf(-1, "task folder: %v", err)
	}
}
