package mangle_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"

	"mavis/compat/daemon"
	"mavis/compat/logline"
	"mavis/engine/unpack"
	"mavis/rules"
	"mavis/testdata/peer"
)

// cases are testdata/cases.json.
type cases struct {
	Files   map[string]string
	Configs []struct {
		Name        string
		Conf, Mails []string
	}
	Mails []letter
}

type letter struct {
	Name, Data  string
	From        *string
	To          []string
	Pad         int
	Originating int
}

// sent is a message at a next hop.
type sent struct {
	Sink, Mail, Data string
	Rcpt             []string
}

func read(t *testing.T, name string, to any) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err == nil {
		err = json.Unmarshal(b, to)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// safer are the cases in which the original passes dangerous mail unmarked, because its program failed or was not there.
// Ours is wrapped.
var safer = map[string]bool{"altermime/no-header": true, "altermime/no-body": true, "kinds/banned": true,
	"no-altermime/virus": true, "failing/virus": true, "failing/banned": true, "empty/virus": true}

// TestAsOriginal sends the mails of testdata/cases.json through a daemon and compares what comes out with testdata/golden.json,
// which testdata/record.py wrote of the original.
func TestAsOriginal(t *testing.T) {
	for _, p := range []string{"file", "grep", "altermime"} {
		peer.Need(t, p)
	}
	var all cases
	read(t, "cases.json", &all)
	var golden []struct {
		Config  string
		Results []struct {
			Mail, Reply string
			Delivered   []sent
		}
	}
	read(t, "golden.json", &golden)
	for i, c := range all.Configs {
		want := golden[i]
		if want.Config != c.Name {
			t.Fatalf("golden.json does not belong to cases.json: %s", want.Config)
		}
		t.Run(c.Name, func(t *testing.T) {
			s := start(t, all.Files, c.Conf)
			byName := map[string]letter{}
			for _, m := range all.Mails {
				byName[m.Name] = m
			}
			for _, w := range want.Results {
				got := s.post(t, byName[w.Mail])
				if safer[c.Name+"/"+w.Mail] {
					if len(got) != 1 || !strings.Contains(got[0].Data, "x-spam-type=original") || strings.Contains(w.Delivered[0].Data, "x-spam-type") {
						t.Errorf("%s is not wrapped where the original failed:\n%+v", w.Mail, got)
					}
					continue
				}
				if diff := cmp.Diff(comparable(w.Delivered), comparable(got)); diff != "" {
					t.Errorf("%s (-original +ours):\n%s", w.Mail, diff)
				}
			}
			left, err := filepath.Glob(filepath.Join(s.base, "tmp", "*", "email-*"))
			if err != nil || len(left) > 0 {
				t.Errorf("left behind: %v %v", left, err)
			}
		})
	}
}

const filler = "0123456789 abcdefghijklmnopqrstuvwxyz\r\n"

var (
	fillers  = regexp.MustCompile(`(?:` + filler + `)+`)
	ownWords = regexp.MustCompile(`WARNING: holds parts[^\r]*\r\n[^\r]*\r\n`)
	varying  = regexp.MustCompile(`----------=_[0-9-]+[0-9]|\(amavis, port \d+\)|\n id [\w+-]{12}|\w\w\w, \d+ \w+ 20\d\d [\d:]+ [+-]\d+ \(\w+\)`)
)

// comparable leaves out what differs from run to run.
func comparable(in []sent) []sent {
	var out []sent
	for _, m := range in {
		m.Mail, _, _ = strings.Cut(m.Mail+" BODY=", " BODY=")
		for i, r := range m.Rcpt {
			m.Rcpt[i] = strings.Fields(r)[1]
		}
		m.Data = ownWords.ReplaceAllString(m.Data, "<banned>\r\n")
		m.Data = varying.ReplaceAllString(m.Data, "<>")
		out = append(out, m)
	}
	return out
}

// site is a running daemon with its two next hops.
type site struct {
	base   string
	daemon *daemon.Daemon
	ports  [2]int
	mu     sync.Mutex
	got    []sent
}

func start(t *testing.T, files map[string]string, conf []string) *site {
	t.Helper()
	s := &site{base: t.TempDir()}
	fill := map[string]string{"BASE": s.base, "PORT": "0", "PORT2": "0", "SINK": s.sink(t, "forward"), "SINK2": s.sink(t, "resend")}
	for i, name := range []string{"PORT", "PORT2"} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		s.ports[i] = l.Addr().(*net.TCPAddr).Port
		fill[name] = strconv.Itoa(s.ports[i])
		l.Close()
	}
	for _, d := range []string{"tmp", "db"} {
		must(t, os.Mkdir(filepath.Join(s.base, d), 0o755))
	}
	for name, text := range files {
		must(t, os.WriteFile(filepath.Join(s.base, name), []byte(text), 0o755))
	}
	text, err := os.ReadFile("testdata/base.conf")
	must(t, err)
	all := string(text) + strings.Join(conf, "\n") + "\n1;\n"
	for k, v := range fill {
		all = strings.ReplaceAll(all, "@"+k+"@", v)
	}
	path := filepath.Join(s.base, "amavisd.conf")
	must(t, os.WriteFile(path, []byte(all), 0o644))
	cfg, bag, err := daemon.Load(daemon.Source{Files: []string{path}})
	if err != nil {
		t.Fatalf("%v: %+v", err, bag.All)
	}
	log, err := logline.Open(logline.Config{Stderr: io.Discard})
	must(t, err)
	s.daemon, err = daemon.New(daemon.Options{Config: cfg, Log: log, Sandbox: unpack.Sandbox{Off: true}})
	must(t, err)
	var listeners []rules.Listener
	for _, l := range cfg.Listeners {
		if l.Network != "unix" {
			listeners = append(listeners, l)
		}
	}
	must(t, s.daemon.Listen(listeners))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		must(t, s.daemon.Close(ctx))
	})
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// sink is a next hop; it gives its port.
func (s *site) sink(t *testing.T, name string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	srv := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &hop{site: s, sent: sent{Sink: name}}, nil }))
	srv.MaxLineLength = 0
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	t.Cleanup(func() { srv.Close(); <-done })
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

type hop struct {
	site *site
	sent sent
}

func (h *hop) Reset()        {}
func (h *hop) Logout() error { return nil }
func (h *hop) Mail(from string, _ *smtp.MailOptions) error {
	h.sent.Mail, h.sent.Rcpt = "MAIL FROM:<"+from+">", nil
	return nil
}
func (h *hop) Rcpt(to string, _ *smtp.RcptOptions) error {
	h.sent.Rcpt = append(h.sent.Rcpt, "RCPT TO:<"+to+">")
	return nil
}
func (h *hop) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	latin := make([]rune, len(b))
	for i := range b {
		latin[i] = rune(b[i])
	}
	h.sent.Data = fillers.ReplaceAllStringFunc(string(latin), func(m string) string {
		return fmt.Sprintf("<%d lines>\r\n", len(m)/len(filler))
	})
	h.site.mu.Lock()
	defer h.site.mu.Unlock()
	h.site.got = append(h.site.got, h.sent)
	return err
}

// post sends a mail to the daemon and gives what arrived at the next hops.
func (s *site) post(t *testing.T, m letter) []sent {
	t.Helper()
	from, to := "alice@sender.test", m.To
	if m.From != nil {
		from = *m.From
	}
	if to == nil {
		to = []string{"bob@example.com"}
	}
	var data strings.Builder
	for _, r := range m.Data {
		if r == '\n' {
			data.WriteByte('\r')
		}
		data.WriteByte(byte(r))
	}
	if !strings.HasSuffix(m.Data, "\n") {
		data.WriteString("\r\n")
	}
	data.WriteString(strings.Repeat(filler, m.Pad))
	conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", s.ports[m.Originating]))
	must(t, err)
	defer conn.Close()
	must(t, conn.SetDeadline(time.Now().Add(time.Minute)))
	in := bufio.NewReader(conn)
	reply := func(want string) {
		t.Helper()
		for {
			line, err := in.ReadString('\n')
			must(t, err)
			if len(line) > 3 && line[3] == '-' {
				continue
			}
			if !strings.HasPrefix(line, want) {
				t.Fatalf("%s: reply %q", m.Name, line)
			}
			return
		}
	}
	say := func(line, want string) {
		t.Helper()
		_, err := io.WriteString(conn, line+"\r\n")
		must(t, err)
		reply(want)
	}
	reply("220")
	say("EHLO client.test", "250")
	say("MAIL FROM:<"+from+">", "250")
	for _, r := range to {
		say("RCPT TO:<"+r+">", "250")
	}
	say("DATA", "354")
	say(strings.ReplaceAll("\r\n"+data.String(), "\r\n.", "\r\n..")[2:]+".", "250")
	s.mu.Lock()
	defer s.mu.Unlock()
	got := s.got
	s.got = nil
	return got
}
