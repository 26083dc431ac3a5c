package daemon_test

import (
	"bufio"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
)

// recorder is a next hop that keeps what it gets. Recipients choose what happens, as in testdata/golden/peers.py: refused*
// gets 550, later* 451, bad-data* 554 after the data, slow-data* 452.
type recorder struct {
	listener net.Listener
	mu       sync.Mutex
	mails    []hopMail
}

// hopMail is one mail that got through: the commands of its envelope, and the data with every byte as a rune.
type hopMail struct {
	envelope []string
	data     string
}

func startRecorder(t *testing.T) *recorder {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{listener: l}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go r.serve(conn)
		}
	}()
	return r
}

func (r *recorder) port() string {
	_, port, _ := net.SplitHostPort(r.listener.Addr().String())
	return port
}

func (r *recorder) take() []hopMail {
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.mails
	r.mails = nil
	return got
}

func (r *recorder) serve(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	say := func(lines ...string) {
		// A lost connection shows in the next read.
		_, _ = conn.Write([]byte(strings.Join(lines, "\r\n") + "\r\n"))
	}
	say("220 next.hop.test ESMTP")
	lmtp := false
	var xforward, head, rcpts []string
	for {
		raw, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		line := strings.TrimRight(runesOf(raw), "\r\n")
		verb, _, _ := strings.Cut(strings.ToUpper(line), " ")
		switch verb {
		case "EHLO", "LHLO":
			lmtp = verb == "LHLO"
			switch { // by the client's name
			case strings.Contains(line, " bare."):
				say("250 next.hop.test")
			case strings.Contains(line, " plain."):
				say("250-next.hop.test", "250 PIPELINING")
			default:
				say("250-next.hop.test", "250-PIPELINING", "250-SIZE", "250-8BITMIME", "250-DSN", "250-SMTPUTF8",
					"250-XFORWARD NAME ADDR PORT PROTO HELO SOURCE IDENT", "250 ENHANCEDSTATUSCODES")
			}
		case "XFORWARD":
			xforward = append(xforward, line)
			say("250 2.0.0 Ok")
		case "MAIL":
			head, xforward, rcpts = append(xforward, line), nil, nil
			say("250 2.1.0 Ok")
		case "RCPT":
			switch {
			case strings.Contains(line, "<refused"):
				say("550 5.1.1 No such user")
			case strings.Contains(line, "<later"):
				say("451 4.3.0 Come back later")
			default:
				rcpts = append(rcpts, line)
				say("250 2.1.5 Ok")
			}
		case "DATA":
			if len(rcpts) == 0 {
				say("554 5.5.1 No valid recipients")
				continue
			}
			say("354 Go on")
			data, err := dotted(in)
			if err != nil {
				return
			}
			say(r.keep(head, rcpts, data, lmtp)...)
		case "QUIT":
			say("221 2.0.0 Bye")
			return
		default:
			say("250 2.0.0 Ok")
		}
	}
}

// keep keeps a mail for the recipients who take it, and gives the replies.
func (r *recorder) keep(head, rcpts []string, data string, lmtp bool) []string {
	var answers []string
	for _, rcpt := range rcpts {
		answers = append(answers, dataAnswer(rcpt))
	}
	worst := slices.Max(answers)
	var taken []string
	for i, rcpt := range rcpts {
		if lmtp && answers[i][0] == '2' || !lmtp && worst[0] == '2' {
			taken = append(taken, rcpt)
		}
	}
	if len(taken) > 0 {
		r.mu.Lock()
		r.mails = append(r.mails, hopMail{append(slices.Clone(head), taken...), data})
		r.mu.Unlock()
	}
	if lmtp {
		return answers
	}
	return []string{worst}
}

func dataAnswer(rcpt string) string {
	switch {
	case strings.Contains(rcpt, "<bad-data"):
		return "554 5.7.1 Content not wanted"
	case strings.Contains(rcpt, "<slow-data"):
		return "452 4.2.2 Mailbox full"
	}
	return "250 2.0.0 Ok: queued as NEXTHOP1"
}

// dotted reads data up to the lone dot.
func dotted(in *bufio.Reader) (string, error) {
	var out strings.Builder
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return "", err
		}
		if string(line) == ".\r\n" {
			return out.String(), nil
		}
		if line[0] == '.' {
			line = line[1:]
		}
		out.WriteString(runesOf(line))
	}
}
