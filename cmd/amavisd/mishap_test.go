package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// moody is a next hop that answers as it is told: script gives the reply to a command, "" for the usual one. The end of the
// data is the command "." followed by a blank and the header of the mail.
type moody struct {
	mu   sync.Mutex
	took []string // envelope and data of the mails that got a 250
}

func startMoody(t *testing.T, port int, script func(command string) string) *moody {
	t.Helper()
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	must(t, err)
	t.Cleanup(func() { l.Close() })
	m := &moody{}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go m.serve(c, script)
		}
	}()
	return m
}

func (m *moody) serve(c net.Conn, script func(string) string) {
	defer c.Close()
	in := bufio.NewReader(c)
	fmt.Fprint(c, "220 moody\r\n")
	envelope := ""
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		reply := script(line)
		if reply == "" {
			reply = "250 2.0.0 fine"
			switch strings.ToUpper(line[:4]) {
			case "EHLO":
				reply = "250-moody\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES"
			case "DATA":
				reply = "354 go on"
			case "MAIL":
				envelope = ""
			}
		}
		if strings.HasPrefix(reply, "2") {
			envelope += line + "\n"
		}
		if strings.HasPrefix(reply, "3") {
			fmt.Fprint(c, reply+"\r\n")
			data := "\r\n"
			for !strings.HasSuffix(data, "\r\n.\r\n") {
				line, err := in.ReadString('\n')
				if err != nil {
					return
				}
				data += line
			}
			head, _, _ := strings.Cut(data, "\r\n\r\n")
			if reply = script(". " + head); reply == "" {
				reply = "250 2.0.0 taken"
			}
			if reply[0] == '2' {
				m.mu.Lock()
				m.took = append(m.took, envelope+data)
				m.mu.Unlock()
			}
		}
		fmt.Fprint(c, reply+"\r\n")
	}
}

func (m *moody) taken(text string) (n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range m.took {
		if strings.Contains(s, text) {
			n++
		}
	}
	return n
}

// lmtp sends a letter by LMTP and gives the replies to the data, one for each recipient.
func (s *site) lmtp(l letter) []string {
	s.t.Helper()
	c, err := dial(s.addr())
	must(s.t, err)
	defer c.conn.Close()
	must(s.t, c.conn.SetDeadline(time.Now().Add(time.Minute)))
	lines := []string{"LHLO client.test\r\n", "MAIL FROM:<" + l.from + ">\r\n"}
	for _, to := range l.to {
		lines = append(lines, "RCPT TO:<"+to+">\r\n")
	}
	for _, line := range append(lines, "DATA\r\n") {
		if r, err := c.do(line); err != nil || r[0] > '3' {
			s.t.Fatalf("%q: %q %v", line, r, err)
		}
	}
	_, err = io.WriteString(c.conn, strings.ReplaceAll("\r\n"+l.data, "\r\n.", "\r\n..")[2:]+".\r\n")
	must(s.t, err)
	var out []string
	for range l.to {
		r, err := c.reply()
		must(s.t, err)
		out = append(out, r)
	}
	return out
}

func wantReplies(t *testing.T, got []string, want ...string) {
	t.Helper()
	for i, w := range want {
		if i >= len(got) || !strings.HasPrefix(got[i], w) {
			t.Errorf("replies %q, want %q", got, want)
			return
		}
	}
}

// What is decided already about a recipient counts for nothing when the rest of the work fails: over LMTP, too, held mail is
// answered with 250 only once it is held.
func TestMishapBeforeQuarantine(t *testing.T) {
	t.Parallel()
	for _, destiny := range []string{"D_DISCARD", "D_BOUNCE", "D_REJECT"} {
		s, _ := filter(t, "$final_virus_destiny = "+destiny+";")
		must(t, os.RemoveAll(s.held))
		must(t, os.Mkdir(s.held, 0o555))
		l := letter{from: "alice@sender.test", to: []string{"bob@domain.be", "carol@domain.be"}, data: attachment("EICAR attached")}
		wantReplies(t, s.lmtp(l), "451 4.5.0", "451 4.5.0")
		s.expect("451 4.5.0", l)
		s.stop()
	}
}

const manyFates = `$final_banned_destiny = D_BOUNCE; $final_virus_destiny = D_BOUNCE; @viruses_that_fake_sender_maps = ();
@bypass_virus_checks_maps = (['lover@domain.be']); `

// Over LMTP one recipient who must wait does not keep the bounce of another from being sent.
func TestMishapOfAnotherRecipient(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	standIn(t, s.clamd)
	s.write(manyFates)
	m := startMoody(t, s.hop, func(command string) string {
		if strings.HasPrefix(command, "RCPT TO:<lover@") {
			return "451 4.3.0 later"
		}
		return ""
	})
	s.start()
	l := letter{from: "alice@sender.test", to: []string{"bob@domain.be", "lover@domain.be"}, data: attachment("EICAR attached")}
	wantReplies(t, s.lmtp(l), "250 2.5.0 Ok <bob@domain.be>, DSN was sent", "451 4.3.0")
	if m.taken("RCPT TO:<alice@sender.test>") != 1 {
		t.Error("no bounce was sent")
	}
	s.stop()
}

// A bounce that cannot be sent for now is the client's to bring about again, even when others have their copy.
func TestMishapOfBounce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	standIn(t, s.clamd)
	s.write(manyFates)
	m := startMoody(t, s.hop, func(command string) string {
		if strings.HasPrefix(command, "RCPT TO:<alice@") {
			return "451 4.3.0 later"
		}
		return ""
	})
	s.start()
	l := letter{from: "alice@sender.test", to: []string{"bob@domain.be", "lover@domain.be"}, data: attachment("EICAR attached")}
	wantReplies(t, s.lmtp(l), "451 4.5.0", "250 2.0.0")
	s.expect("451 4.5.0", l)
	if n := m.taken("RCPT TO:<lover@domain.be>"); n != 2 {
		t.Errorf("lover got %d copies", n)
	}
	s.stop()
}

// A client's word of greeting stands in Received: it must not bring fields of its own.
func TestGreetingInHeader(t *testing.T) {
	t.Parallel()
	s, h := filter(t, "")
	c, err := dial(s.addr())
	must(t, err)
	defer c.conn.Close()
	for _, line := range []string{"EHLO a\nX-Smuggled: yes\rX: y\r\n", "MAIL FROM:<alice@sender.test>\r\n", "RCPT TO:<bob@domain.be>\r\n", "DATA\r\n"} {
		_, err := io.WriteString(c.conn, line)
		must(t, err)
		if r, err := c.reply(); err != nil || r[0] > '3' {
			t.Fatalf("%q: %q %v", line, r, err)
		}
	}
	_, err = io.WriteString(c.conn, note("greeting", "x\r\n")+".\r\n")
	must(t, err)
	if r, err := c.reply(); err != nil || r[0] != '2' {
		t.Fatal(r, err)
	}
	got := h.all("Subject: greeting")
	if len(got) != 1 {
		t.Fatalf("%d mails", len(got))
	}
	for line := range strings.Lines(got[0].data) {
		if strings.HasPrefix(line, "X-Smuggled") || strings.Contains(strings.TrimSuffix(line, "\r\n"), "\r") {
			t.Errorf("a field of the client's: %q", line)
		}
	}
	s.stop()
}
