package spam

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mavis/engine/mail"
	"mavis/rules"
)

// scripted is a spamd that answers as it is told. It gives its socket, and what it was sent, request by request.
func scripted(t *testing.T, reply func(net.Conn, []byte)) (string, <-chan []byte) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan []byte, 16)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			b, _ := io.ReadAll(c)
			got <- b
			reply(c, b)
			c.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return path, got
}

func says(text string) func(net.Conn, []byte) {
	return func(c net.Conn, _ []byte) { io.WriteString(c, text) }
}

const symbols = "SPAMD/1.1 0 EX_OK\r\nContent-length: 7\r\nSpam: True ; 12.5 / 5.0\r\n\r\nA,B_C,D"

func client(path, more string) string {
	return "['S', 'Amavis::SpamControl::SpamdClient', socket => '" + path + "'" + more + "]"
}

func hello(p *rules.Policy) *Mail {
	return &Mail{Message: letter("Subject: x\n\nhello\n"), Sender: "a@x.test", Rcpts: recipients(p, "bob@example.com", "joe@example.com")}
}

func TestSpamdClient(t *testing.T) {
	path, got := scripted(t, says(symbols))
	p := policy(t, "@spam_scanners = ("+client(path, ", score_factor => 0.5")+")")
	m := hello(p)
	m.Rcpts[1].SpamTests = []string{"AV.Phish=3", "OTHER=1"}
	r, err := (&Scanner{}).Scan(t.Context(), p, m)
	if err != nil {
		t.Fatal(err)
	}
	if sh := r.Shares[1]; !sh.Scored || sh.Score != 6.25 || strings.Join(sh.Tests, ",") != "A,B_C,D" {
		t.Errorf("%+v", sh)
	}
	if r.Info["SCORE-S"] != "6.25" || r.Info["VERDICT-S"] != "Spam" {
		t.Errorf("%v", r.Info)
	}
	body := "Return-Path: <a@x.test>\r\nX-Envelope-To: <bob@example.com>,\r\n <joe@example.com>\r\nX-Amavis-AV-Status: AV.Phish=3\r\n" +
		"X-Amavis-PolicyBank: \r\nX-Amavis-MessageSize: 21\r\nSubject: x\r\n\r\nhello\r\n"
	want := fmt.Sprintf("SYMBOLS SPAMC/1.5\r\nContent-length: %d\r\n\r\n%s", len(body), body)
	if b := <-got; string(b) != want {
		t.Errorf("sent\n%q\nwant\n%q", b, want)
	}
}

func TestSpamdClientTruncates(t *testing.T) {
	path, got := scripted(t, says(symbols))
	p := policy(t, "@spam_scanners = ("+client(path, ", mail_body_size_limit => 2000")+")")
	m := hello(p)
	m.Message = letter("Subject: x\n\n" + strings.Repeat("0123456\n", 1000))
	if _, err := (&Scanner{}).Scan(t.Context(), p, m); err != nil {
		t.Fatal(err)
	}
	head, body, _ := bytes.Cut(<-got, []byte("\r\n\r\n"))
	limit := 14 + 1 + 2000
	if len(body) != limit || body[len(body)-1] != '\n' || !strings.HasSuffix(string(head), fmt.Sprintf("Content-length: %d", limit)) {
		t.Errorf("%d bytes after %q, want %d", len(body), head, limit)
	}
	if !strings.Contains(string(body), fmt.Sprintf("X-Amavis-MessageSize: 9014, TRUNCATED to %d\r\n", limit)) {
		t.Errorf("%.300q", body)
	}
}

func TestSeveralScannersSum(t *testing.T) {
	one, _ := scripted(t, says(symbols))
	two, _ := scripted(t, says("SPAMD/1.1 0 EX_OK\r\nContent-length: 1\r\nSpam: False ; -0.5 / 5.0\r\n\r\nZ"))
	p := policy(t, "@spam_scanners = ("+client(one, "")+", ['T', 'Amavis::SpamControl::SpamdClient', socket => ['/nonexistent/s', '"+two+"']])")
	r, err := (&Scanner{}).Scan(t.Context(), p, hello(p))
	if err != nil {
		t.Fatal(err)
	}
	if sh := r.Shares[0]; sh.Score != 12 || strings.Join(sh.Tests, ",") != "A,B_C,D,Z" {
		t.Errorf("%+v", sh)
	}
	if r.Info["VERDICT-T"] != "Ham" || r.Info["SCORE-T"] != "-0.5" {
		t.Errorf("%v", r.Info)
	}
}

func TestScannersFail(t *testing.T) {
	ok, _ := scripted(t, says(symbols))
	for _, c := range []struct{ name, answer string }{
		{"nothing", ""},
		{"half a line", "SPAMD/1.1 0"},
		{"no spamd", "220 mail ESMTP\r\n"},
		{"failure", "SPAMD/1.0 79 Timeout: gave up\r\n"},
		{"no score", "SPAMD/1.1 0 EX_OK\r\nContent-length: 0\r\n\r\n"},
		{"odd score", "SPAMD/1.1 0 EX_OK\r\nContent-length: 0\r\nSpam: True ; nan / 5.0\r\n\r\n"},
		{"infinite score", "SPAMD/1.1 0 EX_OK\r\nContent-length: 0\r\nSpam: True ; 1e999 / 5.0\r\n\r\n"},
		{"cut short", "SPAMD/1.1 0 EX_OK\r\nContent-length: 9\r\nSpam: True ; 1 / 5.0\r\n\r\nA"},
		{"too much", "SPAMD/1.1 0 EX_OK\r\nContent-length: 9000000\r\nSpam: True ; 1 / 5.0\r\n\r\n" + strings.Repeat("A", 9000000)},
	} {
		t.Run(c.name, func(t *testing.T) {
			bad, _ := scripted(t, says(c.answer))
			p := policy(t, "@spam_scanners = ("+client(bad, "")+", ['T', 'Amavis::SpamControl::SpamdClient', socket => '"+ok+"'])")
			r, err := (&Scanner{}).Scan(t.Context(), p, hello(p))
			if err == nil || !strings.Contains(err.Error(), "spam scanner S: ") {
				t.Fatalf("error %v", err)
			}
			if sh := r.Shares[0]; sh.Score != 12.5 {
				t.Errorf("the other scanner must count: %+v", sh)
			}
		})
	}
}

func TestScannerHangs(t *testing.T) {
	stop := make(chan struct{})
	path, _ := scripted(t, func(net.Conn, []byte) { <-stop })
	defer close(stop)
	p := policy(t, "@spam_scanners = ("+client(path, "")+")")
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	began := time.Now()
	if _, err := (&Scanner{}).Scan(ctx, p, hello(p)); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 5*time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
}

func TestUnsupported(t *testing.T) {
	p := policy(t, "@spam_scanners = (['D', 'Amavis::SpamControl::Oracle', score_factor => 1])")
	if _, err := (&Scanner{}).Scan(t.Context(), p, hello(p)); !errors.Is(err, ErrUnsupported) {
		t.Errorf("%v", err)
	}
	p = policy(t, "")
	if _, err := (&Scanner{}).Scan(t.Context(), p, hello(p)); err == nil || !NeedsSpamd(p) {
		t.Errorf("without a spamd: %v", err)
	}
	for text, want := range map[string]bool{"": true, "@spam_scanners = ()": false, "@bypass_spam_checks_maps = (1)": false,
		"@bypass_spam_checks_maps = ({'x' => 1})": true} {
		if p := policy(t, text); Wanted(p) != want || NeedsSpamd(p) != want {
			t.Errorf("%q: wanted %v needed %v", text, Wanted(p), NeedsSpamd(p))
		}
	}
}

func TestStartFails(t *testing.T) {
	if _, err := StartSpamd(t.Context(), SpamdOptions{Program: "/nonexistent/spamd"}); !errors.Is(err, ErrNoSpamd) {
		t.Errorf("%v", err)
	}
}

// TestLineEnds compares the reader with a plain replacement, in reads of any size.
func TestLineEnds(t *testing.T) {
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		n := rnd.IntN(300)
		if seed%10 == 0 {
			n += 32<<10 - 100 // around the end of a buffer
		}
		b := make([]byte, n)
		for i := range b {
			b[i] = "\r\n\rab"[rnd.IntN(5)]
		}
		r := newLF(bytes.NewReader(b))
		var got []byte
		for {
			p := make([]byte, 1+rnd.IntN(40))
			k, err := r.Read(p)
			got = append(got, p[:k]...)
			if err == io.EOF {
				break
			}
			if err != nil || k == 0 {
				t.Fatalf("seed %d: read %d, %v", seed, k, err)
			}
		}
		if want := bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")); !bytes.Equal(got, want) {
			t.Fatalf("seed %d: %q\nwant %q", seed, got, want)
		}
	}
}

func TestPseudoHeaderIsOneFieldEach(t *testing.T) {
	p := policy(t, "")
	m := hello(p)
	m.Sender = "a\r\nX-Evil: 1@x.test"
	m.Fingerprint = "Linux\n\tX: y\\"
	m.Info = map[string]string{"X-DSPAM-Result": "Spam\r\nX-Evil: 2\n"}
	want := "Return-Path: <\"aX-Evil: 1\"@x.test>\nX-Envelope-To: <bob@example.com>,\n <joe@example.com>\n" +
		"X-Amavis-OS-Fingerprint: Linux\\n\\tX: y\\\\\nX-Amavis-PolicyBank: \nX-Amavis-MessageSize: 21\nX-DSPAM-Result: Spam\\r\\nX-Evil: 2\n"
	if got := pseudoHeader(p, m, &Result{}, -1, avTest); got != want {
		t.Errorf("%q\nwant\n%q", got, want)
	}
}

// broken is a body whose disk has gone.
type broken struct{ *bytes.Reader }

func (b broken) ReadAt(p []byte, off int64) (int, error) { return 0, errors.New("input/output error") }

func TestUnreadableMail(t *testing.T) {
	path, _ := scripted(t, says(symbols))
	p := policy(t, "@spam_scanners = ("+client(path, "")+")")
	m := hello(p)
	m.Message = &mail.Message{Body: broken{bytes.NewReader([]byte("A: b\r\n\r\nc"))}, HeaderSize: 8}
	if r, err := (&Scanner{}).Scan(t.Context(), p, m); err == nil || !strings.Contains(err.Error(), "input/output") || r.Shares[0].Scored {
		t.Errorf("%v", err)
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte(symbols))
	f.Add([]byte("SPAMD/1.5 0 PONG\r\n"))
	f.Add([]byte("SPAMD/1.1 0 EX_OK\r\nContent-length: 12\r\n\r\nMAVIS 1\nEND\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, b2 := net.Pipe()
		go func() { a.Write(b); a.Close() }()
		defer b2.Close()
		if ans, err := receive(b2); err == nil {
			fields(ans.body)
		}
	})
}
