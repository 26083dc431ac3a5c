package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

// client speaks SMTP as it is told, also wrongly.
type client struct {
	conn net.Conn
	in   *bufio.Reader
}

func dial(addr string) (*client, error) {
	conn, err := net.DialTimeout("tcp", addr, 10*time.Second)
	if err != nil {
		return nil, err
	}
	if err := conn.SetDeadline(time.Now().Add(2 * time.Minute)); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	c := &client{conn, bufio.NewReader(conn)}
	if r, err := c.reply(); err != nil || !strings.HasPrefix(r, "220") {
		return nil, errors.Join(fmt.Errorf("greeting %q: %w", r, err), conn.Close())
	}
	return c, nil
}

// reply reads one reply and gives its last line.
func (c *client) reply() (string, error) {
	for {
		line, err := c.in.ReadString('\n')
		if err != nil {
			return line, err
		}
		if len(line) < 4 || line[3] != '-' {
			return strings.TrimRight(line, "\r\n"), nil
		}
	}
}

// do sends bytes and reads the reply to each of their lines.
func (c *client) do(lines string) (last string, err error) {
	if _, err = io.WriteString(c.conn, lines); err != nil {
		return "", err
	}
	for range strings.Count(lines, "\r\n") {
		if last, err = c.reply(); err != nil {
			break
		}
	}
	return last, err
}

// letter is a mail with all that goes with it. Parameters follow the addresses, with a leading blank.
type letter struct {
	xforward, from, fromParams string
	to                         []string
	toParams                   string
	data                       string // with CRLF, not yet stuffed with dots
	raw                        bool   // data goes out as it is; the end of it, too, is the letter's business
}

// post sends a letter and gives the reply that counts: the one to the end of the data, or the first refusal.
func post(addr string, l letter) (string, error) {
	c, err := dial(addr)
	if err != nil {
		return "", err
	}
	defer c.conn.Close()
	dialogue := []string{"EHLO client.test\r\n"}
	if l.xforward != "" {
		dialogue = append(dialogue, "XFORWARD "+l.xforward+"\r\n")
	}
	dialogue = append(dialogue, "MAIL FROM:<"+l.from+">"+l.fromParams+"\r\n")
	for _, to := range l.to {
		dialogue = append(dialogue, "RCPT TO:<"+to+">"+l.toParams+"\r\n")
	}
	for _, lines := range append(dialogue, "DATA\r\n") {
		if r, err := c.do(lines); err != nil || r[0] > '3' {
			return r, err
		}
	}
	data := l.data
	if !l.raw {
		data = strings.ReplaceAll("\r\n"+data, "\r\n.", "\r\n..")[2:] + ".\r\n"
	}
	if _, err := io.WriteString(c.conn, data); err != nil {
		return "", err
	}
	r, err := c.reply()
	if err == nil && !l.raw {
		_, err = c.do("QUIT\r\n")
	}
	return r, err
}

// note is a small clean mail that can be told from others.
func note(subject, body string) string {
	return "From: Alice <alice@sender.test>\r\nTo: Bob <bob@domain.be>\r\nDate: Mon, 20 Feb 2006 10:00:00 +0100\r\nMessage-ID: <" +
		strings.ReplaceAll(subject, " ", "-") + "@sender.test>\r\nSubject: " + subject + "\r\n\r\n" + body
}

// hop is the next MTA: it keeps what it gets.
type hop struct {
	mu  sync.Mutex
	got []parcel
}

type parcel struct {
	from string
	to   []string
	data string
}

func startHop(t *testing.T, port int) *hop {
	t.Helper()
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	must(t, err)
	h := &hop{}
	srv := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &hopSession{hop: h}, nil }))
	srv.Domain, srv.EnableSMTPUTF8, srv.MaxLineLength, srv.ReadTimeout = "hop.test", true, 0, time.Minute
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	t.Cleanup(func() { srv.Close(); <-done })
	return h
}

// all gives what arrived with a text in its header. Notices tell of it in their bodies.
func (h *hop) all(text string) []parcel {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []parcel
	for _, p := range h.got {
		if head, _, _ := strings.Cut(p.data, "\r\n\r\n"); strings.Contains(head+"\r\n", text) {
			out = append(out, p)
		}
	}
	return out
}

type hopSession struct {
	hop *hop
	now parcel
}

func (s *hopSession) Reset()        { s.now = parcel{} }
func (s *hopSession) Logout() error { return nil }

func (s *hopSession) Mail(from string, _ *smtp.MailOptions) error {
	s.now = parcel{from: from}
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
	s.now.data = b.String()
	s.hop.mu.Lock()
	s.hop.got = append(s.hop.got, s.now)
	s.hop.mu.Unlock()
	return nil
}
