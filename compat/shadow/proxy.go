package shadow

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"mavis/engine/mail"
	"mavis/engine/spool"
)

// ProxyOptions say what a Proxy stands between. Upstream and Heard are needed.
type ProxyOptions struct {
	Side Side
	// Upstream is the server: "host:port", or the path of a Unix socket.
	Upstream string
	// Local is the address that the filter itself listens on, for Overheard.Client: banks are chosen by it.
	Local netip.AddrPort
	// Spool keeps the copies; nil hears envelopes and replies only. What it refuses is passed on without a copy.
	Spool *spool.Spool
	// Heard is told of each transaction; it must not block, and owns the copy.
	Heard func(*Overheard)
	// Logf hears of troubles; nil is silence.
	Logf func(format string, args ...any)
}

// Proxy passes dialogues on, byte for byte. It answers nothing itself, except 421 when there is no server: then the mail stays
// in the queue of the client.
type Proxy struct {
	opt     ProxyOptions
	mu      sync.Mutex
	conns   map[net.Conn]struct{}
	closed  bool
	serving sync.WaitGroup
}

// NewProxy makes a Proxy; see Serve.
func NewProxy(opt ProxyOptions) *Proxy {
	if opt.Logf == nil {
		opt.Logf = func(string, ...any) {}
	}
	return &Proxy{opt: opt, conns: map[net.Conn]struct{}{}}
}

// Serve takes connections until l is closed.
func (p *Proxy) Serve(l net.Listener) error {
	for {
		c, err := l.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return nil
			}
			p.opt.Logf("accepting: %v", err) // out of files, say: those who wait can still be served later
			time.Sleep(100 * time.Millisecond)
			continue
		}
		if !p.enter(c) {
			c.Close()
			continue
		}
		go func() {
			defer p.leave(c)
			p.pass(c)
		}()
	}
}

func (p *Proxy) enter(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.conns[c] = struct{}{}
		p.serving.Add(1)
	}
	return !p.closed
}

func (p *Proxy) leave(c net.Conn) {
	c.Close()
	p.mu.Lock()
	delete(p.conns, c)
	p.mu.Unlock()
	p.serving.Done()
}

// Close waits for the dialogues that run, until ctx ends; then it cuts them.
func (p *Proxy) Close(ctx context.Context) {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	done := make(chan struct{})
	go func() { p.serving.Wait(); close(done) }()
	select {
	case <-done:
		return
	case <-ctx.Done():
	}
	p.mu.Lock()
	for c := range p.conns {
		c.Close()
	}
	p.mu.Unlock()
	<-done
}

// half is a connection of which one direction can be closed.
type half interface{ CloseWrite() error }

func (p *Proxy) pass(client net.Conn) {
	network := "tcp"
	if p.opt.Upstream[0] == '/' {
		network = "unix"
	}
	server, err := net.DialTimeout(network, p.opt.Upstream, 30*time.Second)
	if err != nil {
		p.opt.Logf("%s is not there: %v", p.opt.Upstream, err)
		io.WriteString(client, "421 4.4.1 The filter behind this address cannot be reached, try again later\r\n")
		return
	}
	defer server.Close()
	about := mail.Client{Local: p.opt.Local}
	if a, ok := client.RemoteAddr().(*net.TCPAddr); ok {
		about.Peer = a.AddrPort()
		about.Peer = netip.AddrPortFrom(about.Peer.Addr().Unmap(), about.Peer.Port())
	}
	l := newListener(p.opt.Side, about, p.opt.Spool, p.opt.Heard)
	go func() {
		p.copy(server, client, l, l.fromClient)
		if s, ok := server.(half); ok {
			s.CloseWrite() // the client will say no more; the server may
		}
	}()
	p.copy(client, server, l, l.fromServer)
	p.guard(l, l.closed)
}

// copy passes bytes on until one end is gone. hear is told first. Trouble with hearing ends the hearing, never the passing.
func (p *Proxy) copy(to io.Writer, from io.Reader, l *listener, hear func([]byte)) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			p.guard(l, func() { hear(buf[:n]) })
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (p *Proxy) guard(l *listener, f func()) {
	defer func() {
		if r := recover(); r != nil {
			p.opt.Logf("a dialogue is passed on unheard: %v", r)
			l.mu.Lock()
			l.deaf = true
			l.mu.Unlock()
		}
	}()
	f()
}
