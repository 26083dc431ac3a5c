package main

import (
	"bytes"
	"io"
	"net"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// nextHop is an SMTP server that keeps what it gets: the place where rehearsed mail ends.
type nextHop struct {
	server   *smtp.Server
	listener net.Listener
	mu       sync.Mutex
	got      []delivered
}

type delivered struct {
	from string
	to   []string
	data []byte
}

func startNextHop() (*nextHop, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	h := &nextHop{listener: l}
	h.server = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &hopSession{hop: h}, nil }))
	h.server.Domain = "next-hop.invalid"
	h.server.EnableSMTPUTF8 = true
	h.server.EnableDSN = true
	h.server.MaxLineLength = 0
	h.server.ReadTimeout = time.Minute
	go h.server.Serve(l)
	return h, nil
}

func (h *nextHop) port() int { return h.listener.Addr().(*net.TCPAddr).Port }

// take gives what arrived since the last call.
func (h *nextHop) take() []delivered {
	h.mu.Lock()
	defer h.mu.Unlock()
	got := h.got
	h.got = nil
	return got
}

func (h *nextHop) close() { h.server.Close() }

type hopSession struct {
	hop *nextHop
	now delivered
}

func (s *hopSession) Reset()        { s.now = delivered{} }
func (s *hopSession) Logout() error { return nil }

func (s *hopSession) Mail(from string, _ *smtp.MailOptions) error {
	s.now = delivered{from: from}
	return nil
}

func (s *hopSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.now.to = append(s.now.to, to)
	return nil
}

func (s *hopSession) Data(r io.Reader) error {
	var b bytes.Buffer
	if _, err := b.ReadFrom(r); err != nil {
		return err
	}
	s.now.data = b.Bytes()
	s.hop.mu.Lock()
	s.hop.got = append(s.hop.got, s.now)
	s.hop.mu.Unlock()
	return &smtp.SMTPError{Code: 250, EnhancedCode: smtp.EnhancedCode{2, 0, 0}, Message: "Ok: kept by the embedded next hop"}
}
