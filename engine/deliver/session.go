package deliver

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/emersion/go-smtp"

	"mavis/engine/perlat"
)

// session is a connection to a next hop on which EHLO was said. go-smtp's client does greeting, EHLO, HELO as the way
// out, and the same again over TLS. The envelope goes past it, written on the conn below: go-smtp's client knows neither
// PIPELINING nor XFORWARD, forces BODY=8BITMIME, keeps LMTP outcomes by address, and its dot writer alters \r\r\n. Between
// two calls of that client nothing is left in its buffers, so that both can use the conn in turn.
type session struct {
	opt      *Options
	target   Target // resolved
	name     string // target.String()
	key      string // in the cache
	security Security
	ehlo     string // the name given
	lmtp     bool
	raw      net.Conn
	wire     *wire
	r        *bufio.Reader
	w        *bufio.Writer
	ext      map[string]string // EHLO keywords, upper case, with what stood behind them
	born     time.Time
	used     time.Time // of the last reply
	reused   bool
}

// maxHello bounds what a next hop says before the envelope, in bytes: go-smtp's client keeps any number of lines.
const maxHello = 64 << 10

// wire is the conn that go-smtp's client sees and that we use after it. It bounds every read and write by a deadline,
// keeps a copy of what was read while tap is set, and can put a line in front of the input.
type wire struct {
	net.Conn
	limit  time.Time // of ctx; zero is none
	inject []byte
	tap    []byte
	tapped bool
}

func (w *wire) Read(p []byte) (int, error) {
	if len(w.inject) > 0 {
		n := copy(p, w.inject)
		w.inject = w.inject[n:]
		return n, nil
	}
	n, err := w.Conn.Read(p)
	if w.tapped {
		if len(w.tap)+n > maxHello {
			return 0, fmt.Errorf("%w: greeting or EHLO without end", errBadReply)
		}
		w.tap = append(w.tap, p[:n]...)
	}
	return n, err
}

// SetDeadline sets the earlier of t and the limit; go-smtp clears it between commands, which sets the limit.
func (w *wire) SetDeadline(t time.Time) error {
	if t.IsZero() || !w.limit.IsZero() && w.limit.Before(t) {
		t = w.limit
	}
	return w.Conn.SetDeadline(t)
}

// connect dials and says EHLO. limit is when the delivery as a whole must be over.
func (c *Client) connect(ctx context.Context, t Target, m *Outgoing, ehlo string) (*session, error) {
	dialer := net.Dialer{Timeout: c.opt.timeout(Connect)}
	if c.opt.LocalAddress != "" && t.Host != "" {
		dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(c.opt.LocalAddress)}
	}
	network, address := t.network()
	raw, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	s := &session{opt: &c.opt, target: t, name: t.String(), key: cacheKey(t, m.Security), security: m.Security, ehlo: ehlo, lmtp: t.Protocol == "lmtp", raw: raw, born: time.Now()}
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	defer stop()
	limit, _ := ctx.Deadline()
	if err := s.greet(limit); err != nil {
		_ = raw.Close() // the first error counts
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, err
	}
	return s, nil
}

func (s *session) greet(limit time.Time) error {
	s.wire = &wire{Conn: s.raw, limit: limit}
	if err := s.hello(); err != nil {
		return err
	}
	if _, offered := s.ext["STARTTLS"]; offered && s.security != Clear {
		if err := s.startTLS(limit); err != nil {
			return err
		}
	} else if s.security == Encrypted {
		return wording(`MTA does not offer STARTTLS, but TLS is required: "encrypt"` + perlat.NoSTARTTLS)
	}
	if s.lmtp {
		const must = "An LMTP server implementation MUST implement " // RFC 2033 section 5
		switch {
		case !s.has("PIPELINING"):
			return wording(must + "PIPELINING" + perlat.LMTPPipelining)
		case !s.has("ENHANCEDSTATUSCODES"):
			return wording(must + "ENHANCEDSTATUSCODES" + perlat.LMTPEnhancedCode)
		}
	}
	return nil
}

// hello reads the greeting and says EHLO or LHLO.
func (s *session) hello() error {
	client := smtp.NewClient(s.wire)
	if s.lmtp {
		client = smtp.NewClientLMTP(s.wire)
	}
	client.CommandTimeout = s.opt.timeout(MailFrom)
	s.wire.tap, s.wire.tapped = nil, true
	err := client.Hello(s.ehlo)
	var refused *smtp.SMTPError
	if errors.As(err, &refused) && !s.lmtp && s.greeted() {
		err = s.helo()
	}
	s.wire.tapped = false
	if err != nil {
		if errors.As(err, &refused) {
			word := "greeting"
			if s.greeted() {
				word = "SMTP resp. to EHLO"
			}
			return wording(fmt.Sprintf("Negative %s: %s", word, lastAnswer(s.wire.tap)))
		}
		return err
	}
	s.ext = keywords(s.wire.tap)
	s.r, s.w = bufio.NewReaderSize(s.wire, maxReplyLine), bufio.NewWriterSize(s.wire, 64<<10)
	s.used = time.Now()
	return nil
}

// greeted says whether the next hop's first word was a welcome.
func (s *session) greeted() bool { return len(s.wire.tap) > 0 && s.wire.tap[0] == '2' }

// helo is for servers that refuse EHLO; go-smtp says it by itself after a 500 or 502 only.
func (s *session) helo() error {
	s.r, s.w = bufio.NewReaderSize(s.wire, maxReplyLine), bufio.NewWriterSize(s.wire, 64<<10)
	a, err := s.ask(s.opt.timeout(MailFrom), "HELO "+s.ehlo)
	if err != nil {
		return err
	}
	if a.code/100 != 2 {
		return wording(fmt.Sprintf("Negative response to HELO: %s", a))
	}
	s.wire.tap = nil
	return nil
}

func (s *session) startTLS(limit time.Time) error {
	a, err := s.ask(s.opt.timeout(MailFrom), "STARTTLS")
	if err != nil {
		return err
	}
	if a.code/100 != 2 {
		if s.security == Encrypted {
			return wording(fmt.Sprintf("Negative SMTP resp. to STARTTLS: %s", a))
		}
		return nil
	}
	if s.r.Buffered() > 0 {
		return errors.New("next hop spoke in the clear after STARTTLS")
	}
	conf := s.opt.TLS().Clone()
	if conf.ServerName == "" {
		conf.ServerName = s.target.Host
	}
	secure := tls.Client(s.raw, conf)
	deadline := time.Now().Add(s.opt.timeout(MailFrom))
	if !limit.IsZero() && limit.Before(deadline) {
		deadline = limit
	}
	if err := s.raw.SetDeadline(deadline); err != nil {
		return err
	}
	if err := secure.Handshake(); err != nil {
		return fmt.Errorf("STARTTLS: %w", err)
	}
	// go-smtp's client awaits a greeting on a new conn; over TLS there is none.
	s.wire = &wire{Conn: secure, limit: limit, inject: []byte("220 TLS\r\n")}
	if err := s.hello(); err != nil {
		return err
	}
	delete(s.ext, "STARTTLS")
	return nil
}

// keywords reads the last reply of a dialogue as an EHLO reply.
func keywords(tap []byte) map[string]string {
	lines := strings.Split(strings.TrimRight(string(tap), "\r\n"), "\n")
	ext := map[string]string{}
	for i := len(lines) - 1; i > 0; i-- { // from the end; the first line of the reply is a name
		line := strings.TrimRight(lines[i], "\r")
		if len(line) < 4 || !strings.HasPrefix(lines[i-1], line[:3]+"-") {
			break
		}
		word, rest, _ := strings.Cut(strings.Replace(line[4:], "=", " ", 1), " ")
		ext[strings.ToUpper(word)] = strings.TrimSpace(rest)
	}
	return ext
}

// lastAnswer is the last line that the next hop said.
func lastAnswer(tap []byte) string {
	lines := strings.Split(strings.TrimRight(string(tap), "\r\n"), "\n")
	return strings.TrimRight(lines[len(lines)-1], "\r")
}

func (s *session) has(keyword string) bool {
	_, ok := s.ext[keyword]
	return ok
}

// send queues a command.
func (s *session) send(command string) {
	_, _ = s.w.WriteString(command) // bufio keeps the error for flush
	_, _ = s.w.WriteString("\r\n")
}

func (s *session) flush(d time.Duration) error {
	if err := s.wire.SetDeadline(time.Now().Add(d)); err != nil {
		return err
	}
	return s.w.Flush()
}

// answer flushes and reads a reply, each within d.
func (s *session) answer(d time.Duration) (answer, error) {
	if s.w.Buffered() > 0 {
		if err := s.flush(d); err != nil {
			return answer{}, err
		}
	}
	if err := s.wire.SetDeadline(time.Now().Add(d)); err != nil {
		return answer{}, err
	}
	a, err := readAnswer(s.r)
	if err == nil {
		s.used = time.Now()
	}
	return a, err
}

// ask sends one command and reads its reply.
func (s *session) ask(d time.Duration, command string) (answer, error) {
	s.send(command)
	return s.answer(d)
}

// quit says goodbye, if that does not take long, and closes.
func (s *session) quit() {
	s.wire.limit = time.Time{}
	_, _ = s.ask(min(2*time.Second, s.opt.timeout(Connect)), "QUIT")
	s.drop()
}

// drop closes without a word: in the middle of data that is the only way not to have half a mail delivered.
func (s *session) drop() {
	_ = s.wire.Close()
	_ = s.raw.Close()
}
