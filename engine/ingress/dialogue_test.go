package ingress

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mavis/engine/mail"
	"mavis/engine/spool"
)

// recorder is a handler that accepts all and keeps what it saw.
type recorder struct {
	settings func(*Session) (Settings, bool)
	rcpt     func(*Transaction, *mail.Rcpt) *Reply
	data     func(*Transaction) []Reply

	mu       sync.Mutex
	seen     []Transaction
	bodies   [][]byte
	ended    int
	sessions int
}

func (r *recorder) Connect(_ context.Context, s *Session) (Settings, bool) {
	ok := true
	var set Settings
	if r.settings != nil {
		set, ok = r.settings(s)
	}
	if ok {
		r.mu.Lock()
		r.sessions++
		r.mu.Unlock()
	}
	return set, ok
}
func (r *recorder) Mail(context.Context, *Transaction) *Reply { return nil }
func (r *recorder) Rcpt(_ context.Context, t *Transaction, to *mail.Rcpt) *Reply {
	if r.rcpt != nil {
		return r.rcpt(t, to)
	}
	return nil
}
func (r *recorder) Data(_ context.Context, t *Transaction) []Reply {
	body, err := io.ReadAll(io.NewSectionReader(t.Task.Body(), 0, t.Task.Body().Size()))
	if err != nil {
		panic(err)
	}
	r.mu.Lock()
	r.seen, r.bodies = append(r.seen, *t), append(r.bodies, body)
	r.mu.Unlock()
	if r.data != nil {
		return r.data(t)
	}
	replies := make([]Reply, len(t.Envelope.Rcpts))
	for i := range replies {
		replies[i] = Reply{250, "2.0.0", "from MTA(smtp:[127.0.0.1]:21003): 250 2.0.0 Ok: queued as HOP"}
	}
	return replies
}
func (r *recorder) End(*Transaction)    { r.mu.Lock(); r.ended++; r.mu.Unlock() }
func (r *recorder) Disconnect(*Session) { r.mu.Lock(); r.sessions--; r.mu.Unlock() }

// serve starts a server on a listener and stops it at the end of the test.
func serve(t testing.TB, l net.Listener, opt Options) *Server {
	t.Helper()
	if opt.Spool == nil {
		sp, err := spool.Open(spool.Options{TempBase: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if sp.Used() != 0 {
				t.Errorf("%d bytes left in the spool", sp.Used())
			}
			_ = sp.Close()
		})
		opt.Spool = sp
	}
	if opt.Logf == nil {
		opt.Logf = func(level int, format string, args ...any) {
			if level < 0 {
				t.Logf(format, args...)
			}
		}
	}
	s := New(opt)
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Error("Shutdown:", err)
		}
		if err := <-done; err != nil {
			t.Error("Serve:", err)
		}
	})
	return s
}

func listenTCP(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func selfSigned(t testing.TB) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail.example.com"},
		DNSNames: []string{"mail.example.com"}, NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

// settingsOf are the settings of testdata/original.conf for the socket that a dialogue names.
func settingsOf(t testing.TB, socket string) func(*Session) (Settings, bool) {
	return func(s *Session) (Settings, bool) {
		set := Settings{RecipientLimit: 5, Macros: map[string]string{"myhostname": "mail.example.com"}}
		switch socket {
		case "limits":
			set.DiscardKeywords = []string{"8BITMIME", "vrfy"}
			set.SizeLimit = 70000
			set.AuthMechanisms = []string{"PLAIN", "LOGIN"}
			set.Banner = "${myhostname} $protocol ${product} ready"
			set.Quit = "${helo-name} bye from ${product}"
			set.Timeout = time.Second / 2
		case "tls":
			set.TLS, set.TLSRequired = selfSigned(t), true
		case "unix":
			set.LMTP = true
		case "denied":
			return set, false
		}
		return set, true
	}
}

// smallRcpt does in the handler's place what the original does with message_size_limit_maps of that config.
func smallRcpt(t *Transaction, r *mail.Rcpt) *Reply {
	if r.Addr != "small@example.com" {
		return nil
	}
	if t.Envelope.Size > 65536 {
		t.SizeLimit = 65536
		return &Reply{552, "5.3.4", fmt.Sprintf("Declared message size (%d B) exceeds size limit for recipient <%s>", t.Envelope.Size, r.Addr)}
	}
	t.SizeLimit = 65536
	return nil
}

// TestDialogues holds the dialogues that testdata/record.py held with the original.
func TestDialogues(t *testing.T) {
	files, err := filepath.Glob("testdata/dialogues/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no dialogues", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			rows := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
			socket := strings.TrimPrefix(rows[0], ": ")
			l := listenTCP(t)
			if socket == "unix" {
				_ = l.Close()
				if l, err = net.Listen("unix", filepath.Join(t.TempDir(), "s")); err != nil {
					t.Fatal(err)
				}
			}
			settings := settingsOf(t, socket)
			h := &recorder{settings: settings, rcpt: smallRcpt}
			if !strings.Contains(string(text), "\n~ ") { // nobody waits: a slow machine must not look like a slow client
				h.settings = func(s *Session) (Settings, bool) {
					set, ok := settings(s)
					set.Timeout = time.Minute
					return set, ok
				}
			}
			serve(t, l, Options{Handler: h})
			got := converse(t, l.Addr(), rows)
			for i, row := range got {
				if i >= len(rows) || rows[i] != row {
					t.Fatalf("line %d\n got %s\nwant %s\nall:\n%s", i+1, row, at(rows, i), strings.Join(got, "\n"))
				}
			}
			if len(got) != len(rows) {
				t.Errorf("ends after %d of %d lines", len(got), len(rows))
			}
		})
	}
}

func at(rows []string, i int) string {
	if i < len(rows) {
		return rows[i]
	}
	return "(end)"
}

// converse does what record.py does.
func converse(t *testing.T, addr net.Addr, rows []string) (out []string) {
	conn, err := net.Dial(addr.Network(), addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	r := bufio.NewReader(conn)
	replies := func(n int) {
		for range n {
			for {
				line, err := r.ReadString('\n')
				if err != nil {
					out = append(out, "< *closed*")
					return
				}
				out = append(out, "< "+shown(strings.TrimSuffix(line, "\r\n")))
				if len(line) < 4 || line[3] != '-' {
					break
				}
			}
		}
	}
	for _, row := range rows {
		if strings.HasPrefix(row, "<") {
			continue
		}
		out = append(out, row)
		kind, text, _ := strings.Cut(row, " ")
		n, _ := strconv.Atoi(text)
		switch kind {
		case ":":
			replies(1)
		case ">":
			_, _ = io.WriteString(conn, octets(text)+"\r\n")
			replies(1)
		case "!":
			_, _ = io.WriteString(conn, octets(text))
		case "?":
			replies(n)
		case "~":
			time.Sleep(time.Second)
		case "tls":
			conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
			r = bufio.NewReader(conn)
		case "$":
			rest, _ := io.ReadAll(r)
			if len(rest) == 0 {
				out = append(out, "< *closed*")
			} else {
				out = append(out, "< "+shown(string(rest)))
			}
		}
	}
	return out
}

var (
	repeatPattern = regexp.MustCompile(`\{(.+?)\*([0-9]+)\}`)
	escapePattern = regexp.MustCompile(`\\(x[0-9a-fA-F]{2}|.)`)
)

func octets(s string) string {
	s = repeatPattern.ReplaceAllStringFunc(s, func(m string) string {
		p := repeatPattern.FindStringSubmatch(m)
		n, _ := strconv.Atoi(p[2])
		return strings.Repeat(p[1], n)
	})
	return escapePattern.ReplaceAllStringFunc(s, func(m string) string {
		switch m[1] {
		case 'r':
			return "\r"
		case 'n':
			return "\n"
		case '0':
			return "\x00"
		case 't':
			return "\t"
		case 'x':
			n, _ := strconv.ParseUint(m[2:], 16, 8)
			return string([]byte{byte(n)})
		}
		return m[1:]
	})
}

func shown(s string) string {
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c == '\\':
			b.WriteString(`\\`)
		case c < ' ' || c > '~':
			fmt.Fprintf(&b, `\x%02x`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
