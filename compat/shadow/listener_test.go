package shadow

import (
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"mavis/engine/mail"
	"mavis/engine/spool"
)

// sum is an Overheard in one line.
func sum(t *testing.T, o *Overheard) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "from=%s", o.Envelope.Sender)
	for i, r := range o.Envelope.Rcpts {
		fmt.Fprintf(&b, " to=%s", r.Addr)
		if text, no := o.Refused[i]; no {
			fmt.Fprintf(&b, "(%s)", text)
		}
	}
	if o.Client.XAddr != "" {
		fmt.Fprintf(&b, " x=%s", o.Client.XAddr)
	}
	if o.Task != nil {
		raw, err := io.ReadAll(io.NewSectionReader(o.Task.Body(), 0, o.Task.Body().Size()))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, " body=%q", raw)
	}
	fmt.Fprintf(&b, " replies=%q", o.Replies)
	return b.String()
}

// dialogues hold what the client says ("C ") and the server ("S "), a line each; CRLF is added.
var dialogues = []struct {
	name, text string
	want       []string
}{
	{"plain", `S 220 hi
C EHLO a.test
S 250-b.test
S 250 PIPELINING
C MAIL FROM:<a@a.test> SIZE=3
S 250 ok
C RCPT TO:<b@b.test>
S 250 ok
C DATA
S 354 go
C Subject: x
C
C ..dot
C .
S 250 2.0.0 taken
C QUIT
S 221 bye`, []string{`from=a@a.test to=b@b.test body="Subject: x\r\n\r\n.dot\r\n" replies=["250 2.0.0 taken"]`}},
	{"pipelined, two mails, one recipient refused", `S 220 hi
C EHLO a.test
S 250 b.test
C XFORWARD ADDR=192.0.2.1 NAME=x
C MAIL FROM:<>
C RCPT TO:<b@b.test>
C RCPT TO:<no@b.test>
C DATA
S 250 ok
S 250 ok
S 250 ok
S 550-5.1.1 not
S 550 5.1.1 here
S 354 go
C x
C .
C MAIL FROM:<c@a.test>
C RCPT TO:<d@b.test>
C DATA
S 250 one
S 250 ok
S 250 ok
S 354 go
C .
S 451 4.5.0 later
C QUIT
S 221 bye`, []string{
		`from= to=b@b.test to=no@b.test(550-5.1.1 not` + "\n" + `550 5.1.1 here) x=192.0.2.1 body="x\r\n" replies=["250 one"]`,
		`from=c@a.test to=d@b.test body="" replies=["451 4.5.0 later"]`}},
	{"lmtp", `S 220 hi
C LHLO a.test
S 250 b.test
C MAIL FROM:<a@a.test>
S 250 ok
C RCPT TO:<b@b.test>
S 250 ok
C RCPT TO:<c@b.test>
S 250 ok
C DATA
S 354 go
C x
C .
S 250 one
S 451 two`, []string{`from=a@a.test to=b@b.test to=c@b.test body="x\r\n" replies=["250 one" "451 two"]`}},
	{"refused sender, refused data, reset", `S 220 hi
C EHLO a.test
S 250 b.test
C MAIL FROM:<a@a.test>
S 452 full
C MAIL FROM:<b@a.test>
S 250 ok
C RCPT TO:<b@b.test>
S 250 ok
C RSET
S 250 ok
C MAIL FROM:<c@a.test>
S 250 ok
C RCPT TO:<c@b.test>
S 552 5.3.4 too large
C DATA
S 503 no recipients`, []string{`from=a@a.test replies=["452 full"]`, `from=c@a.test to=c@b.test(552 5.3.4 too large) replies=["503 no recipients"]`}},
	{"encrypted", `S 220 hi
C EHLO a.test
S 250 STARTTLS
C STARTTLS
S 220 go
C gibberish
S more`, nil},
	{"authenticated", `S 220 hi
C EHLO a.test
S 250 AUTH LOGIN
C AUTH LOGIN
S 334 VXNlcg==
C DATA
S 334 cGFzcw==
C RSET
S 235 ok
C MAIL FROM:<a@a.test>
S 250 ok
C RCPT TO:<b@b.test>
S 250 ok
C DATA
S 354 go
C .
S 250 ok`, []string{`from=a@a.test to=b@b.test body="" replies=["250 ok"]`}},
	{"data before the go-ahead", `S 220 hi
C MAIL FROM:<a@a.test>
C RCPT TO:<b@b.test>
C DATA
C Subject: x
S 250 ok
S 250 ok
S 354 go
S 250 ok`, nil},
	{"broken off", `S 220 hi
C MAIL FROM:<a@a.test>
S 250 ok
C RCPT TO:<b@b.test>
S 250 ok
C DATA
S 354 go
C half`, nil},
}

func TestListener(t *testing.T) {
	for _, c := range dialogues {
		for seed := range uint64(8) {
			rnd := rand.New(rand.NewPCG(seed, 1))
			sp, err := spool.Open(spool.Options{TempBase: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			l := newListener(In, mail.Client{}, sp, func(o *Overheard) {
				got = append(got, sum(t, o))
				o.Close()
			})
			var who byte
			var run strings.Builder
			flush := func() {
				rest := []byte(run.String())
				run.Reset()
				for len(rest) > 0 {
					n := len(rest)
					if seed > 0 {
						n = 1 + rnd.IntN(n)
					}
					if who == 'C' {
						l.fromClient(rest[:n])
					} else {
						l.fromServer(rest[:n])
					}
					rest = rest[n:]
				}
			}
			for line := range strings.SplitSeq(c.text, "\n") {
				if line[0] != who {
					flush()
					who = line[0]
				}
				run.WriteString(strings.TrimPrefix(line[1:], " ") + "\r\n")
			}
			flush()
			l.closed()
			if strings.Join(got, "\n") != strings.Join(c.want, "\n") {
				t.Errorf("%s, chunks %d:\n got %q\nwant %q", c.name, seed, got, c.want)
			}
			if n := sp.Used(); n != 0 {
				t.Errorf("%s: %d bytes of copies left", c.name, n)
			}
			if err := sp.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// FuzzListener gives two streams in pieces as a hostile peer may: nothing may panic, and no copy may stay behind.
func FuzzListener(f *testing.F) {
	for _, c := range dialogues {
		var client, server strings.Builder
		for line := range strings.SplitSeq(c.text, "\n") {
			to := &server
			if line[0] == 'C' {
				to = &client
			}
			to.WriteString(strings.TrimPrefix(line[1:], " ") + "\r\n")
		}
		f.Add([]byte(client.String()), []byte(server.String()), uint64(3))
	}
	f.Fuzz(func(t *testing.T, client, server []byte, seed uint64) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		sp, err := spool.Open(spool.Options{TempBase: t.TempDir(), TotalMax: 1 << 20})
		if err != nil {
			t.Fatal(err)
		}
		l := newListener(In, mail.Client{}, sp, func(o *Overheard) { o.Close() })
		for len(client)+len(server) > 0 {
			p, hear := &client, l.fromClient
			if len(client) == 0 || len(server) > 0 && rnd.IntN(2) == 0 {
				p, hear = &server, l.fromServer
			}
			n := 1 + rnd.IntN(len(*p))
			hear((*p)[:n])
			*p = (*p)[n:]
		}
		l.closed()
		if n := sp.Used(); n != 0 {
			t.Fatalf("%d bytes of copies left", n)
		}
		sp.Close()
	})
}
