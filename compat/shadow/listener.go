package shadow

import (
	"bytes"
	"strings"
	"sync"
	"time"

	"mavis/engine/ingress"
	"mavis/engine/mail"
	"mavis/engine/spool"
)

// Bounds of what is kept of a dialogue; a dialogue over one of them is passed on unheard.
const (
	maxLine       = 64 << 10 // bytes of a command or of a line of a reply
	maxReply      = 16 << 10 // bytes of a whole reply
	maxPending    = 5000     // commands not yet answered
	maxRecipients = 5000
)

// listener follows one dialogue. Bytes are given to it before they are passed on, so that a command is known before its
// reply can come, and the go-ahead for data before the data.
type listener struct {
	side  Side
	spool *spool.Spool // nil keeps no copies
	heard func(*Overheard)
	now   func() time.Time

	mu       sync.Mutex
	deaf     bool // the dialogue cannot be followed any more, or is encrypted
	cmd      []byte
	line     []byte
	reply    []byte
	pending  []command
	inData   bool
	inAuth   bool // the next line of the client answers a challenge
	undotter ingress.Undotter
	lmtp     bool
	helo     string
	client   mail.Client
	xforward []string
	tx       *Overheard
}

type kind int

const (
	other kind = iota
	greeting
	hello
	forwarded
	from
	to
	data
	endOfData
	reset
	auth
	startTLS
)

// command waits for its reply.
type command struct {
	kind kind
	args string
}

func newListener(side Side, c mail.Client, sp *spool.Spool, heard func(*Overheard)) *listener {
	return &listener{side: side, client: c, spool: sp, heard: heard, now: time.Now, pending: []command{{kind: greeting}}}
}

// fromClient hears bytes on their way to the server.
func (l *listener) fromClient(p []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(p) > 0 && !l.deaf {
		if l.inData {
			used, done := l.undotter.Next(p, l.keep)
			p = p[used:]
			if done {
				l.endData()
			}
			continue
		}
		if n := len(l.pending); n > 0 && l.pending[n-1].kind == data {
			l.stop() // data before the go-ahead: nobody knows what the server makes of it
			return
		}
		i := bytes.IndexByte(p, '\n')
		if i < 0 {
			l.cmd = append(l.cmd, p...)
			if len(l.cmd) > maxLine {
				l.stop()
			}
			return
		}
		line := bytes.TrimSuffix(append(l.cmd, p[:i]...), []byte("\r"))
		l.command(line)
		l.cmd, p = l.cmd[:0], p[i+1:]
	}
}

func (l *listener) command(line []byte) {
	if l.inAuth {
		l.inAuth = false
		l.push(command{kind: auth})
		return
	}
	verb, args, _ := ingress.ParseCommand(line)
	c := command{args: args}
	switch verb {
	case "HELO", "EHLO", "LHLO":
		c.kind = hello
		l.lmtp, l.helo = verb == "LHLO", args
	case "XFORWARD":
		c.kind = forwarded
	case "MAIL":
		c.kind = from
	case "RCPT":
		c.kind = to
	case "DATA":
		c.kind = data
	case "RSET":
		c.kind = reset
	case "AUTH":
		c.kind = auth
	case "STARTTLS":
		c.kind = startTLS
	case "BDAT":
		l.stop() // amavisd does not offer it
		return
	}
	l.push(c)
}

func (l *listener) push(c command) {
	if len(l.pending) >= maxPending {
		l.stop()
		return
	}
	l.pending = append(l.pending, c)
}

// keep takes a run of the message's bytes into the copy.
func (l *listener) keep(p []byte) {
	if l.tx == nil || l.tx.Task == nil {
		return
	}
	if _, err := l.tx.Task.Body().Write(p); err != nil {
		l.skip(err.Error())
	}
}

func (l *listener) skip(why string) {
	l.tx.Skipped = why
	l.tx.Close()
	l.tx.Task = nil
}

func (l *listener) endData() {
	l.inData = false
	n := 1
	if l.tx != nil {
		l.tx.Sent = l.now()
	}
	if l.lmtp {
		if l.tx == nil {
			l.stop() // the number of replies is not known
			return
		}
		n = len(l.tx.Taken())
	}
	for range n {
		l.push(command{kind: endOfData})
	}
}

// fromServer hears bytes on their way to the client.
func (l *listener) fromServer(p []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(p) > 0 && !l.deaf {
		i := bytes.IndexByte(p, '\n')
		if i < 0 {
			if l.line = append(l.line, p...); len(l.line) > maxLine {
				l.stop()
			}
			return
		}
		l.line = append(l.line, p[:i]...)
		l.replyLine(bytes.TrimSuffix(l.line, []byte("\r")))
		l.line, p = l.line[:0], p[i+1:]
	}
}

func (l *listener) replyLine(line []byte) {
	if len(line) < 3 || len(l.reply)+len(line) > maxReply {
		l.stop()
		return
	}
	if len(l.reply) > 0 {
		l.reply = append(l.reply, '\n')
	}
	l.reply = append(l.reply, line...)
	if len(line) > 3 && line[3] == '-' {
		return
	}
	text := string(l.reply)
	l.reply = l.reply[:0]
	if len(l.pending) == 0 {
		if strings.HasPrefix(text, "421") { // a farewell
			l.end()
			return
		}
		l.stop()
		return
	}
	c := l.pending[0]
	l.pending = l.pending[1:]
	l.answered(c, text)
}

// stop gives up on the dialogue; the bytes still pass.
func (l *listener) stop() {
	l.deaf = true
	l.end()
}

// end tells of a transaction that will not come to its end, when anything of it was refused; else it is forgotten.
func (l *listener) end() {
	tx := l.tx
	l.tx, l.inData = nil, false
	if tx == nil {
		return
	}
	tx.Answered = l.now()
	if len(tx.Replies) > 0 || len(tx.Refused) > 0 && len(tx.Refused) == len(tx.Envelope.Rcpts) {
		l.heard(tx)
		return
	}
	tx.Close()
}

// closed says that the connection is gone.
func (l *listener) closed() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stop()
}
