package ingress

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"mavis/engine/mail"
	"mavis/engine/spool"
	"mavis/testdata/peer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// talker is a client that says what it is told.
type talker struct {
	t testing.TB
	net.Conn
	r *bufio.Reader
}

func talk(t testing.TB, addr net.Addr) *talker {
	t.Helper()
	c, err := net.Dial(addr.Network(), addr.String())
	if err != nil {
		t.Fatal(err)
	}
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	t.Cleanup(func() { _ = c.Close() })
	return &talker{t, c, bufio.NewReader(c)}
}

func (c *talker) reply() string {
	for {
		line, err := c.r.ReadString('\n')
		if err != nil {
			return "closed"
		}
		if line[3] != '-' {
			return strings.TrimRight(line, "\r\n")
		}
	}
}

// say sends commands one by one and gives the last reply.
func (c *talker) say(lines ...string) (last string) {
	c.t.Helper()
	for _, l := range lines {
		_, _ = io.WriteString(c, l+"\r\n")
		last = c.reply()
	}
	return last
}

func TestWhatTheHandlerSees(t *testing.T) {
	h := &recorder{}
	l := listenTCP(t)
	serve(t, l, Options{Handler: h})
	c := talk(t, l.Addr())
	c.reply()
	c.say("EHLO client.test",
		"XFORWARD NAME=spike.test ADDR=192.0.2.25 PORT=40000 PROTO=ESMTP",
		"XFORWARD HELO=h+0D+0Ax IDENT=ABC SOURCE=[UNAVAILABLE]",
		`MAIL FROM:<"a b"@c.test> SIZE=12 BODY=8bitmime SMTPUTF8 RET=hdrs ENVID=QQ+2B AUTH=<>`,
		`RCPT TO:<"x@y"@example.com> NOTIFY=success,Delay ORCPT=rfc822;x+2By@z`, "RCPT TO:<bob@example.com>", "DATA")
	if got := c.say("Subject: x\r\n\r\n..\r\n."); got[:3] != "250" {
		t.Fatal(got)
	}
	c.say("MAIL FROM:<>", "RCPT TO:<bob@example.com>", "DATA", ".", "QUIT")
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.seen) != 2 {
		t.Fatalf("%d mails", len(h.seen))
	}
	got := h.seen[0]
	wantClient := mail.Client{Peer: got.Client.Peer, Local: got.Client.Local, Protocol: "UTF8SMTP", Helo: "client.test",
		XName: "spike.test", XAddr: "192.0.2.25", XPort: "40000", XProto: "ESMTP", XHelo: "h??x", XIdent: "ABC", HasXForward: true}
	if d := cmp.Diff(wantClient, got.Client, cmp.Comparer(func(a, b mail.Client) bool { return a == b })); d != "" {
		t.Error(d)
	}
	wantEnvelope := mail.Envelope{Sender: `"a b"@c.test`, Size: 12, BodyType: "8BITMIME", SMTPUTF8: true, Ret: "HDRS", EnvID: "QQ+2B",
		Auth: "<>", HasAuth: true, Rcpts: []mail.Rcpt{
			{Addr: `"x@y"@example.com`, Notify: []string{"SUCCESS", "DELAY"}, ORcpt: "rfc822;x+2By@z"}, {Addr: "bob@example.com"}}}
	if d := cmp.Diff(wantEnvelope, got.Envelope); d != "" {
		t.Error(d)
	}
	if string(h.bodies[0]) != "Subject: x\r\n\r\n.\r\n" || got.Size != 17 || got.Number != 1 {
		t.Errorf("body %q, size %d, number %d", h.bodies[0], got.Size, got.Number)
	}
	second := h.seen[1]
	if second.Client.HasXForward || second.Client.Protocol != "ESMTP" || second.Number != 2 || len(h.bodies[1]) != 0 {
		t.Errorf("second mail: %+v", second)
	}
	if got := c.say("NOOP"); got != "closed" {
		t.Error("after QUIT:", got)
	}
}

func TestLMTPOneReplyEach(t *testing.T) {
	h := &recorder{data: func(tx *Transaction) (rs []Reply) {
		for i := range tx.Envelope.Rcpts[1:] { // one too few
			rs = append(rs, Reply{250 + 300*(i%2), "2.0.0", fmt.Sprint("number ", i)})
		}
		return rs
	}}
	l := listenTCP(t)
	serve(t, l, Options{Handler: h})
	c := talk(t, l.Addr())
	c.reply()
	c.say("LHLO x", "MAIL FROM:<a@b>", "RCPT TO:<same@c>", "RCPT TO:<same@c>", "RCPT TO:<d@c>", "DATA")
	got := []string{c.say("x\r\n."), c.reply(), c.reply(), c.say("NOOP")}
	want := []string{"250 2.0.0 number 0", "550 2.0.0 number 1", "451 4.5.0 Error in processing, no outcome for this recipient", "250 2.0.0 Ok NOOP"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestPanic(t *testing.T) {
	var told atomic.Int32
	h := &recorder{data: func(*Transaction) []Reply { panic("data") },
		rcpt: func(_ *Transaction, r *mail.Rcpt) *Reply {
			if r.Addr == "panic@x" {
				panic("rcpt")
			}
			return nil
		}}
	l := listenTCP(t)
	serve(t, l, Options{Handler: h, Panicked: func(any, []byte) { told.Add(1) }})
	c := talk(t, l.Addr())
	c.reply()
	if got := c.say("EHLO x", "MAIL FROM:<a@b>", "RCPT TO:<panic@x>"); got[:3] != "451" {
		t.Error(got)
	}
	if got := c.say("RCPT TO:<ok@x>", "DATA", "x\r\n."); got[:3] != "451" {
		t.Error(got)
	}
	if got := c.say("NOOP"); got[:3] != "250" {
		t.Error(got)
	}
	if told.Load() != 2 {
		t.Errorf("%d panics reported", told.Load())
	}
}

func TestGoneInData(t *testing.T) {
	h := &recorder{}
	l := listenTCP(t)
	serve(t, l, Options{Handler: h})
	for _, part := range []string{"", "Subject: half\r\n", "x\r\n.", "x\r\n.\r", "x\r\n.\n", "x\n.\r\n", strings.Repeat("y", 1<<20)} {
		c := talk(t, l.Addr())
		c.reply()
		c.say("EHLO x", "MAIL FROM:<a@b>", "RCPT TO:<ok@x>", "DATA")
		_, _ = io.WriteString(c, part)
		_ = c.Close()
	}
	deadline := time.Now().Add(5 * time.Second)
	for {
		h.mu.Lock()
		ended, sessions, seen := h.ended, h.sessions, len(h.seen)
		h.mu.Unlock()
		if seen != 0 {
			t.Fatal("half a mail was handed on")
		}
		if ended == 7 && sessions == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d transactions ended, %d sessions left", ended, sessions)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestSpoolTrouble(t *testing.T) {
	sp, err := spool.Open(spool.Options{TempBase: t.TempDir(), BodyMax: 1000, TotalMax: 500})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sp.Close() }()
	h := &recorder{}
	l := listenTCP(t)
	serve(t, l, Options{Handler: h, Spool: sp})
	c := talk(t, l.Addr())
	c.reply()
	c.say("EHLO x")
	for size, code := range map[int]string{400: "250", 600: "452", 2000: "552"} {
		c.say("MAIL FROM:<a@b>", "RCPT TO:<ok@x>", "DATA")
		if got := c.say(strings.Repeat("z", size) + "\r\n."); got[:3] != code {
			t.Errorf("%d bytes: %s", size, got)
		}
	}
	if len(h.seen) != 1 {
		t.Errorf("%d mails handed on", len(h.seen))
	}
}

func TestLongLine(t *testing.T) {
	h := &recorder{}
	l := listenTCP(t)
	serve(t, l, Options{Handler: h})
	c := talk(t, l.Addr())
	c.reply()
	go func() { _, _ = io.Copy(c, io.LimitReader(zeros{}, 1<<20)) }()
	if got := c.reply(); got[:3] != "500" {
		t.Error(got)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestShutdown(t *testing.T) {
	release := make(chan struct{})
	entered := make(chan struct{})
	h := &recorder{data: func(*Transaction) []Reply { close(entered); <-release; return []Reply{{250, "2.0.0", "late"}} }}
	l := listenTCP(t)
	s := serve(t, l, Options{Handler: h})
	idle, busy, open := talk(t, l.Addr()), talk(t, l.Addr()), talk(t, l.Addr())
	for _, c := range []*talker{idle, busy, open} {
		c.reply()
		c.say("EHLO x")
	}
	open.say("MAIL FROM:<a@b>")
	busy.say("MAIL FROM:<a@b>", "RCPT TO:<c@d>", "DATA")
	_, _ = io.WriteString(busy, "x\r\n.\r\n")
	<-entered
	done := make(chan error, 1)
	go func() { done <- s.Shutdown(context.Background()) }()
	if got := idle.reply(); got != "421 4.3.2 Service shutting down, closing channel" {
		t.Error("idle:", got)
	}
	if got := open.say("RSET"); got[:3] != "250" {
		t.Error("open:", got)
	}
	if got := open.reply(); got[:3] != "421" {
		t.Error("open:", got)
	}
	select {
	case err := <-done:
		t.Fatal("did not wait for the mail in work", err)
	case <-time.After(50 * time.Millisecond):
	}
	close(release)
	if got := busy.reply(); got != "250 2.0.0 late" {
		t.Error("busy:", got)
	}
	if got := busy.reply(); got[:3] != "421" {
		t.Error("busy:", got)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestShutdownCuts(t *testing.T) {
	h := &recorder{}
	l := listenTCP(t)
	s := serve(t, l, Options{Handler: h})
	c := talk(t, l.Addr())
	c.reply()
	c.say("EHLO x", "MAIL FROM:<a@b>", "RCPT TO:<c@d>", "DATA")
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := s.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if h.ended != 1 || h.sessions != 0 || len(h.seen) != 0 {
		t.Errorf("%d transactions ended, %d sessions left, %d mails", h.ended, h.sessions, len(h.seen))
	}
}

func TestSlots(t *testing.T) {
	h := &recorder{}
	slots := NewSlots(1)
	a, b := listenTCP(t), listenTCP(t)
	opt := Options{Handler: h, Slots: slots}
	serve(t, a, opt)
	serve(t, b, opt)
	first := talk(t, a.Addr())
	first.reply()
	second := talk(t, b.Addr())
	_ = second.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if got := second.reply(); got != "closed" {
		t.Error("second session at the same time:", got)
	}
	_ = second.SetReadDeadline(time.Now().Add(5 * time.Second))
	first.say("QUIT")
	if got := second.reply(); got[:3] != "220" {
		t.Error("second session:", got)
	}
}

func TestSlotsTakeTurns(t *testing.T) {
	s := NewSlots(3)
	var got []int
	for range 5 {
		n, err := s.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, n)
		s.Release(n)
	}
	if !slices.Equal(got, []int{1, 2, 3, 1, 2}) {
		t.Error(got)
	}
}

func TestReplyWire(t *testing.T) {
	for _, c := range []struct {
		r    Reply
		want string
	}{
		{Reply{250, "2.0.0", "ok"}, "250 2.0.0 ok\r\n"},
		{Reply{250, "", "a\nb"}, "250-a\r\n250 b\r\n"},
		{Reply{550, "5.1.1", "a\nb\r\x00\\"}, "550-5.1.1 a\r\n550 5.1.1 b\\r\\x00\\\\\r\n"},
		{Reply{250, "2.0.0", strings.Repeat("x", 600)}, "250-2.0.0 " + strings.Repeat("x", 500) + "\r\n250 2.0.0 " + strings.Repeat("x", 100) + "\r\n"},
		{ParseReply("554 5.7.0 Reject, id=1"), "554 5.7.0 Reject, id=1\r\n"},
		{ParseReply("250 plain"), "250 plain\r\n"},
		{ParseReply("nonsense"), "451 4.5.0 nonsense\r\n"},
	} {
		if got := string(c.r.wire()); got != c.want {
			t.Errorf("%+v: %q", c.r, got)
		}
	}
}

// undot is the reference: what RFC 5321 says in the fewest words.
func undot(p string) (content, rest string, ok bool) {
	p = "\r\n" + p
	n := strings.Index(p, "\r\n.\r\n")
	if n < 0 {
		return "", "", false
	}
	content, rest = p[:n+2], p[n+5:]
	return strings.ReplaceAll(content, "\r\n.", "\r\n")[2:], rest, true
}

func checkUndot(t *testing.T, p []byte, chunk int) {
	t.Helper()
	var u Undotter
	var got bytes.Buffer
	used, done := 0, false
	for used < len(p) && !done {
		var n int
		n, done = u.Next(p[used:min(len(p), used+chunk)], func(b []byte) { got.Write(b) })
		if n == 0 {
			t.Fatal("stands still")
		}
		used += n
	}
	want, rest, ok := undot(string(p))
	if done != ok || ok && (got.String() != want || string(p[used:]) != rest) {
		t.Fatalf("%q in chunks of %d: got %q rest %q %v, want %q rest %q %v", p, chunk, got.String(), p[used:], done, want, rest, ok)
	}
}

func FuzzUndotter(f *testing.F) {
	for _, s := range []string{".\r\n", "a\r\n.\r\nrest", "\r\r\n.\r\n", "..\r\n.\r\n", ".\r\r\n.\r\n", "a\n.\nb\r.\rc\n.\r\n\r\n.\n\r\n.\r\n"} {
		f.Add([]byte(s), 3)
	}
	f.Fuzz(func(t *testing.T, p []byte, chunk int) { checkUndot(t, p, 1+(chunk&0x7fffffff)%50) })
}

func TestUndotterRandom(t *testing.T) {
	for range 20000 {
		p := make([]byte, rand.IntN(30))
		for i := range p {
			p[i] = "\r\n.a"[rand.IntN(4)]
		}
		checkUndot(t, append(p, "\r\n.\r\n"...), 1+rand.IntN(5))
	}
}

// FuzzSession throws bytes at a whole session: it must end, without a panic, and hand on no recipient with a control
// character.
func FuzzSession(f *testing.F) {
	f.Add([]byte("EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n"))
	f.Add([]byte("LHLO x\r\nXFORWARD NAME=a+0A ADDR=1\r\nMAIL FROM:<\"a b\"@[x]> SIZE=1 BODY=7BIT\r\nRSET\r\nAUTH PLAIN =\r\n"))
	f.Add([]byte("MAIL FROM:<a\nb@c>\r\nSTARTTLS\r\n\x00\r\n"))
	sp, err := spool.Open(spool.Options{TempBase: f.TempDir()})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = sp.Close() })
	f.Fuzz(func(t *testing.T, p []byte) {
		h := &recorder{settings: func(*Session) (Settings, bool) {
			return Settings{Timeout: time.Second, AuthMechanisms: []string{"PLAIN", "LOGIN"}}, true
		}}
		ours, theirs := net.Pipe()
		s := New(Options{Handler: h, Spool: sp, Panicked: func(v any, stack []byte) { t.Errorf("%v\n%s", v, stack) }})
		l := &oneConn{c: theirs, closed: make(chan struct{})}
		served := make(chan struct{})
		go func() { _ = s.Serve(l); close(served) }()
		go func() { _, _ = io.Copy(io.Discard, ours) }()
		_ = ours.SetDeadline(time.Now().Add(5 * time.Second))
		_, _ = ours.Write(p)
		_ = ours.Close()
		if err := s.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		<-served
		for _, tx := range h.seen {
			for _, a := range append([]mail.Rcpt{{Addr: tx.Envelope.Sender}}, tx.Envelope.Rcpts...) {
				if strings.ContainsFunc(a.Addr, func(r rune) bool { return r < ' ' }) {
					t.Errorf("address %q", a.Addr)
				}
			}
		}
	})
}

// oneConn is a listener with one connection.
type oneConn struct {
	c      net.Conn
	closed chan struct{}
}

func (l *oneConn) Accept() (net.Conn, error) {
	if c := l.c; c != nil {
		l.c = nil
		return c, nil
	}
	<-l.closed
	return nil, net.ErrClosed
}
func (l *oneConn) Close() error   { close(l.closed); return nil }
func (l *oneConn) Addr() net.Addr { return &net.TCPAddr{} }

// TestSMTPSource lets Postfix's load generator send.
func TestSMTPSource(t *testing.T) {
	source := peer.Need(t, "smtp-source")
	for _, flags := range [][]string{nil, {"-L"}, {"-d"}} {
		h := &recorder{}
		l := listenTCP(t)
		serve(t, l, Options{Handler: h})
		args := append(flags, "-m", "200", "-s", "10", "-l", "5000", "-r", "3", "-f", "a@b.test", "-t", "c@d.test", l.Addr().String())
		if out, err := exec.Command(source, args...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		h.mu.Lock()
		if len(h.seen) != 200 {
			t.Errorf("%v: %d mails", flags, len(h.seen))
		}
		for _, tx := range h.seen {
			if len(tx.Envelope.Rcpts) != 3 || tx.Size < 5000 {
				t.Errorf("%+v", tx.Envelope)
				break
			}
		}
		h.mu.Unlock()
	}
}

func BenchmarkUndotter(b *testing.B) {
	p := bytes.Repeat([]byte("0123456789012345678901234567890123456789012345678901234567890123456789012345\r\n"), 10000)
	b.SetBytes(int64(len(p)))
	for b.Loop() {
		var u Undotter
		u.Next(p, func([]byte) {})
	}
}

func TestAuthPlain(t *testing.T) {
	h := &recorder{settings: func(*Session) (Settings, bool) {
		return Settings{AuthMechanisms: []string{"PLAIN"}, AuthRequired: true, Authenticate: func(_ context.Context, user, password string) bool {
			return user == "u" && password == "p"
		}}, true
	}}
	l := listenTCP(t)
	serve(t, l, Options{Handler: h})
	c := talk(t, l.Addr())
	c.reply()
	for _, step := range [][2]string{
		{"EHLO x", "250"}, {"MAIL FROM:<a@b>", "530"}, {"AUTH PLAIN AHUAeA==", "535"}, {"AUTH LOGIN", "504"}, {"AUTH PLAIN dQ==", "501"},
		{"AUTH PLAIN AHUAcA==", "235"}, {"MAIL FROM:<a@b> AUTH=a+2Bb", "250"}, {"AUTH PLAIN AHUAcA==", "503"}, {"RCPT TO:<c@d>", "250"},
		{"DATA", "354"}, {"x\r\n.", "250"},
	} {
		if got := c.say(step[0]); got[:3] != step[1] {
			t.Errorf("%s: %s", step[0], got)
		}
	}
	if e := h.seen[0]; e.Client.AuthUser != "u" || e.Client.Protocol != "ESMTPA" || e.Envelope.Auth != "a+2Bb" {
		t.Errorf("%+v", e)
	}
}
