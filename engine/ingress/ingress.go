// Package ingress takes mail in over SMTP and LMTP and hands each transaction to a Handler. It carries protocol only.
//
// go-smtp is the session engine: it owns the accept loop, the order of commands and the life of a session. Between it
// and the network stands a net.Conn of ours (conn.go), which gives it one canonical command at a time and puts the
// true replies in place of its own. So the wire shows what amavisd-new shows: XFORWARD, its EHLO list, its texts, paths
// and parameters as the client wrote them, LMTP by LHLO on any port, bodies byte for byte. The replies are facts
// recorded from the original, see testdata/dialogues.
package ingress

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emersion/go-smtp"

	"mavis/engine/spool"
)

// Options of a Server. Handler and Spool are needed.
type Options struct {
	Handler Handler
	Spool   *spool.Spool
	// Slots bounds the sessions at a time, as $max_servers does; connections beyond wait without a greeting. nil is no
	// bound. Several servers may share one.
	Slots *Slots
	// DataMax bounds the time from DATA to its end; 0 is one hour. Settings.Timeout bounds each silence within.
	DataMax time.Duration
	// Logf hears of what went wrong on a connection, with a log level of the original (-1 is an error, 5 is chatter).
	Logf func(level int, format string, args ...any)
	// Panicked hears of a panic in the Handler; the client got a 451. nil logs it at level -2.
	Panicked func(value any, stack []byte)
}

// Server serves any number of listeners.
type Server struct {
	opt    Options
	engine *smtp.Server
	ctx    context.Context
	cancel context.CancelFunc
	// accepting ends when Shutdown begins, so that no listener waits for a slot then.
	accepting context.Context
	refuse    context.CancelFunc

	mu        sync.Mutex
	conns     map[*conn]struct{}
	listeners map[net.Listener]struct{}
	draining  bool
	empty     chan struct{} // closed when draining and no connection is left

	sessions atomic.Uint64
}

// New makes a server.
func New(opt Options) *Server {
	if opt.DataMax == 0 {
		opt.DataMax = time.Hour
	}
	if opt.Logf == nil {
		opt.Logf = func(int, string, ...any) {}
	}
	if opt.Panicked == nil {
		logf := opt.Logf
		opt.Panicked = func(v any, stack []byte) { logf(-2, "panic: %v\n%s", v, stack) }
	}
	s := &Server{opt: opt, conns: map[*conn]struct{}{}, listeners: map[net.Listener]struct{}{}, empty: make(chan struct{})}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.accepting, s.refuse = context.WithCancel(s.ctx)
	s.engine = smtp.NewServer(smtp.BackendFunc(newEngineSession))
	s.engine.Domain = "localhost"
	s.engine.MaxLineLength = 0 // lines are bounded by conn, message lines are not bounded at all
	s.engine.ErrorLog = engineLog{opt.Logf}
	return s
}

// engineLog is where go-smtp reports; what it says there about connections is of little use.
type engineLog struct {
	logf func(int, string, ...any)
}

func (l engineLog) Printf(format string, args ...any) { l.logf(3, "%s", fmt.Sprintf(format, args...)) }
func (l engineLog) Println(args ...any)               { l.logf(3, "%s", strings.TrimSpace(fmt.Sprintln(args...))) }

var _ smtp.Logger = engineLog{}

// Serve accepts connections until the listener is closed or Shutdown is called; it returns nil then.
func (s *Server) Serve(l net.Listener) error {
	s.mu.Lock()
	if s.draining {
		s.mu.Unlock()
		return errors.Join(errors.New("server is shut down"), l.Close())
	}
	s.listeners[l] = struct{}{}
	s.mu.Unlock()
	err := s.engine.Serve(&listener{Listener: l, server: s})
	s.mu.Lock()
	delete(s.listeners, l)
	s.mu.Unlock()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// Shutdown stops accepting, ends idle sessions with a 421, lets transactions that have begun run to their reply, then
// ends their sessions too. When ctx ends first the remaining connections are cut and the context of their handlers is
// cancelled; Shutdown still waits for the handlers to return.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	if !s.draining {
		s.draining = true
		if len(s.conns) == 0 {
			close(s.empty)
		}
	}
	s.refuse()
	var errs []error
	for l := range s.listeners {
		if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	conns := make([]*conn, 0, len(s.conns))
	for c := range s.conns {
		conns = append(conns, c)
	}
	s.mu.Unlock()
	for _, c := range conns {
		c.drain()
	}
	select {
	case <-s.empty:
	case <-ctx.Done():
		errs = append(errs, ctx.Err())
		s.cancel()
		for _, c := range conns {
			c.cut()
		}
		<-s.empty
	}
	s.cancel()
	return errors.Join(errs...)
}

func (s *Server) enter(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining {
		return false
	}
	s.conns[c] = struct{}{}
	return true
}

func (s *Server) leave(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.conns[c]; !ok {
		return
	}
	delete(s.conns, c)
	if s.draining && len(s.conns) == 0 {
		close(s.empty)
	}
}

func (s *Server) isDraining() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.draining
}
