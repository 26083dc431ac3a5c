package ingress

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"mavis/engine/mail"
)

// conn stands between the network and go-smtp. A session runs in one goroutine, that of go-smtp:
//
//   - go-smtp calls Read when it has written all it had to say to the command before. Read answers what it can by itself
//     (dialogue.go) and returns one canonical command for the rest, which go-smtp turns into a call of its session
//     (engine.go).
//   - go-smtp calls Write with its reply. Where substitute is set, that goes out instead.
//
// Only drain and cut are called from other goroutines.
type conn struct {
	server  *Server
	raw     net.Conn
	slot    int
	release func()
	ctx     context.Context
	cancel  context.CancelFunc

	net    net.Conn // raw, or TLS over it
	in     []byte   // bytes received, from inPos on not yet used
	inPos  int
	out    []byte // replies not yet sent
	feed   []byte // what go-smtp reads next
	said   []byte // what go-smtp wrote of a reply that is not complete
	greets bool   // go-smtp's greeting is yet to come
	dead   bool   // no more input or output

	substitute []byte // what replaces go-smtp's next reply, if replace is set; may be empty
	replace    bool
	startTLS   bool // the handshake comes before the next command

	session   *Session // nil until the handler agreed
	hello     bool     // go-smtp was told EHLO
	protocol  string   // SMTP, ESMTP or LMTP
	xforward  xforward
	tx        *Transaction
	gotRcpts  int
	mail      *mail.Envelope // of the MAIL that go-smtp is looking at
	rcpt      *mail.Rcpt     // of the RCPT that go-smtp is looking at
	closeOnce sync.Once

	mu   sync.Mutex
	idle bool // waits for a command outside a transaction
}

func newConn(s *Server, raw net.Conn, slot int, release func()) *conn {
	c := &conn{server: s, raw: raw, net: raw, slot: slot, release: release, greets: true, xforward: xforward{}}
	c.ctx, c.cancel = context.WithCancel(s.ctx)
	return c
}

// guard runs f; a panic in it is reported and ends in false.
func (c *conn) guard(f func()) (ok bool) {
	defer func() {
		if v := recover(); v != nil {
			c.server.opt.Panicked(v, debug.Stack())
			ok = false
		}
	}()
	f()
	return true
}

// Read gives go-smtp its next command line.
func (c *conn) Read(p []byte) (n int, err error) {
	ok := c.guard(func() {
		for len(c.feed) == 0 && !c.dead {
			c.converse()
		}
	})
	if !ok {
		c.say(Reply{421, "4.3.2", "Service shutting down, error in processing"})
		c.hangUp()
	}
	if len(c.feed) == 0 {
		return 0, io.EOF
	}
	n = copy(p, c.feed)
	c.feed = c.feed[n:]
	return n, nil
}

// Write takes go-smtp's replies.
func (c *conn) Write(p []byte) (int, error) {
	c.said = append(c.said, p...)
	for {
		n := replyEnd(c.said)
		if n < 0 {
			return len(p), nil
		}
		reply := slices.Clone(c.said[:n])
		c.said = append(c.said[:0], c.said[n:]...)
		switch {
		case c.greets:
			c.greets = false
			if !c.guard(c.greet) {
				c.hangUp()
			}
		case c.replace:
			c.out = append(c.out, c.substitute...)
			c.substitute, c.replace = nil, false
			if len(c.out) > 32<<10 {
				c.flush()
			}
		default:
			c.server.opt.Logf(-1, "reply by the session engine itself: %q", reply)
			c.out = append(c.out, reply...)
		}
	}
}

// replyEnd gives the length of the first whole reply in b, or -1.
func replyEnd(b []byte) int {
	for start := 0; ; {
		n := slices.Index(b[start:], '\n')
		if n < 0 {
			return -1
		}
		line := b[start : start+n]
		start += n + 1
		if len(line) < 4 || line[3] != '-' {
			return start
		}
	}
}

func (c *conn) greet() {
	peer, local, path := endpoints(c.raw)
	s := &Session{Number: c.server.sessions.Add(1), Slot: c.slot, Client: mail.Client{Peer: peer, Local: local, Socket: path}}
	settings, ok := c.server.opt.Handler.Connect(c.ctx, s)
	if !ok {
		c.hangUp()
		return
	}
	settings.setDefaults(&s.Client)
	s.Settings = settings
	c.session = s
	c.protocol = "SMTP"
	if settings.LMTP {
		c.protocol = "LMTP"
	}
	s.Client.Protocol = c.protocol
	c.say(Reply{220, "", settings.banner(settings.Banner)})
}

// say queues a reply; it goes out before the next wait for input, or when many have come together.
func (c *conn) say(r Reply) {
	if c.out = append(c.out, r.wire()...); len(c.out) > 32<<10 {
		c.flush()
	}
}

// instead lets go-smtp's next reply be these.
func (c *conn) instead(rs ...Reply) {
	c.substitute, c.replace = nil, true
	for _, r := range rs {
		c.substitute = append(c.substitute, r.wire()...)
	}
}

func (c *conn) timeout() time.Duration {
	if c.session == nil {
		return 10 * time.Second
	}
	return c.session.Settings.Timeout
}

// flush sends what is queued.
func (c *conn) flush() {
	if len(c.out) == 0 || c.dead {
		c.out = c.out[:0]
		return
	}
	_ = c.net.SetWriteDeadline(time.Now().Add(c.timeout())) // fails on a closed connection only, as Write does
	if _, err := c.net.Write(c.out); err != nil {
		c.server.opt.Logf(1, "reply not sent: %v", err)
		c.dead = true
	}
	c.out = c.out[:0]
}

// hangUp sends what is queued and takes no more.
func (c *conn) hangUp() {
	c.flush()
	c.dead = true
}

var (
	errDrained  = errors.New("server is shutting down")
	errTooLong  = errors.New("line too long")
	errTimedOut = os.ErrDeadlineExceeded
)

// line reads up to CRLF and gives the line without it; it stays valid until the next read.
func (c *conn) line() ([]byte, error) {
	if c.tx == nil && c.server.isDraining() {
		return nil, errDrained
	}
	deadline := time.Now().Add(c.timeout())
	scanned := 0
	for {
		if buf := c.in[c.inPos:]; len(buf) > scanned {
			from := max(scanned-1, 0)
			for i := from; i+1 < len(buf); i++ {
				if buf[i] == '\r' && buf[i+1] == '\n' {
					c.inPos += i + 2
					return buf[:i], nil
				}
			}
			scanned = len(buf)
		}
		if scanned > maxCommand {
			return nil, errTooLong
		}
		if err := c.fill(deadline, true); err != nil {
			return nil, err
		}
	}
}

// fill reads more into c.in. command says that a command is awaited, so that shutdown may break in outside a transaction.
func (c *conn) fill(deadline time.Time, command bool) error {
	c.flush()
	if c.dead {
		return io.EOF
	}
	if c.inPos > 0 {
		c.in = c.in[:copy(c.in, c.in[c.inPos:])]
		c.inPos = 0
	}
	c.in = slices.Grow(c.in, 4096)
	c.mu.Lock()
	if c.idle = command && c.tx == nil; c.idle && c.server.isDraining() {
		c.mu.Unlock()
		return errDrained
	}
	err := c.net.SetReadDeadline(deadline)
	c.mu.Unlock()
	if err != nil {
		return err
	}
	n, err := c.net.Read(c.in[len(c.in):cap(c.in)])
	c.in = c.in[:len(c.in)+n]
	c.mu.Lock()
	c.idle = false
	c.mu.Unlock()
	switch {
	case n > 0:
		return nil
	case err == nil:
		return io.ErrNoProgress
	case errors.Is(err, os.ErrDeadlineExceeded) && command && c.tx == nil && c.server.isDraining():
		return errDrained
	}
	return err
}

// drain wakes a session that waits for a command outside a transaction; it finds the server draining.
func (c *conn) drain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.idle {
		_ = c.raw.SetReadDeadline(time.Unix(1, 0)) // a closed connection needs no waking
	}
}

// cut breaks the connection whatever it does.
func (c *conn) cut() {
	c.cancel()
	_ = c.raw.Close() // the session finds out by its next read
}

// handshake starts TLS. What the client sent in the clear behind STARTTLS is thrown away (RFC 3207 section 6).
func (c *conn) handshake() {
	c.startTLS = false
	c.flush()
	if c.inPos < len(c.in) {
		c.server.opt.Logf(-1, "commands behind STARTTLS were thrown away")
	}
	c.in, c.inPos = c.in[:0], 0
	ctx, cancel := context.WithTimeout(c.ctx, c.timeout())
	defer cancel()
	secure := tls.Server(c.raw, c.session.Settings.TLS)
	_ = c.raw.SetDeadline(time.Time{}) // the context bounds it
	if err := secure.HandshakeContext(ctx); err != nil {
		c.server.opt.Logf(-1, "STARTTLS: %v", err)
		c.dead = true
		return
	}
	c.net = secure
	c.session.Client.TLS = true
}

// Close ends the session; go-smtp calls it at least once.
func (c *conn) Close() error {
	c.closeOnce.Do(func() {
		c.flush()
		c.dead = true
		c.endTransaction()
		if c.session != nil {
			c.guard(func() { c.server.opt.Handler.Disconnect(c.session) })
		}
		c.cancel()
		_ = c.net.Close() // all that mattered was flushed
		_ = c.raw.Close()
		c.release()
		c.server.leave(c)
	})
	return nil
}

// LocalAddr is that of the connection.
func (c *conn) LocalAddr() net.Addr { return c.raw.LocalAddr() }

// RemoteAddr is that of the connection.
func (c *conn) RemoteAddr() net.Addr { return c.raw.RemoteAddr() }

// SetDeadline does nothing: conn sets its own.
func (c *conn) SetDeadline(time.Time) error { return nil }

// SetReadDeadline does nothing: conn sets its own.
func (c *conn) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline does nothing: conn sets its own.
func (c *conn) SetWriteDeadline(time.Time) error { return nil }
