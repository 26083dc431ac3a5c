package ingress

import (
	"context"
	"net"
	"net/netip"
	"sync"
)

// Slots bounds sessions across listeners and servers. A slot stands for a child process of the original: the one that has
// been free for longest takes the next connection, as its children do that queue for the lock.
type Slots struct {
	free chan int
}

// NewSlots makes n slots, numbered from 1; below 1 counts as 1.
func NewSlots(n int) *Slots {
	s := &Slots{free: make(chan int, max(n, 1))}
	for i := range cap(s.free) {
		s.free <- i + 1
	}
	return s
}

// Acquire waits for a slot, or for the end of ctx.
func (s *Slots) Acquire(ctx context.Context) (int, error) {
	select {
	case n := <-s.free:
		return n, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// Release gives a slot back.
func (s *Slots) Release(n int) { s.free <- n }

// listener makes conns. It takes a connection before it has a slot for it, so that many listeners can share few slots:
// at most one connection for each waits here, the others wait in the kernel.
type listener struct {
	net.Listener
	server *Server
}

func (l *listener) Accept() (net.Conn, error) {
	raw, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	release, slot := func() {}, 0
	if slots := l.server.opt.Slots; slots != nil {
		if slot, err = slots.Acquire(l.server.accepting); err != nil {
			_ = raw.Close() // nothing was said yet
			return nil, net.ErrClosed
		}
		release = sync.OnceFunc(func() { slots.Release(slot) })
	}
	c := newConn(l.server, raw, slot, release)
	if !l.server.enter(c) {
		_ = raw.Close() // nothing was said yet
		release()
		return nil, net.ErrClosed
	}
	return c, nil
}

// endpoints says who is at the two ends; path is that of a Unix socket.
func endpoints(c net.Conn) (peer, local netip.AddrPort, path string) {
	if u, ok := c.LocalAddr().(*net.UnixAddr); ok {
		return peer, local, u.Name
	}
	if a, ok := c.RemoteAddr().(*net.TCPAddr); ok {
		peer = unmap(a.AddrPort())
	}
	if a, ok := c.LocalAddr().(*net.TCPAddr); ok {
		local = unmap(a.AddrPort())
	}
	return peer, local, ""
}

func unmap(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }
