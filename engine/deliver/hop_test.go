package deliver

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
)

var allKeywords = []string{"PIPELINING", "SIZE", "8BITMIME", "DSN", "SMTPUTF8", "XFORWARD NAME ADDR PORT PROTO HELO SOURCE IDENT", "ENHANCEDSTATUSCODES"}

// hop is the scripted next hop.
type hop struct {
	t    testing.TB
	l    net.Listener
	lmtp bool

	mu     sync.Mutex
	script hopCase
	log    []string
	bodies []string
	conns  int
	live   map[net.Conn]bool
	wg     sync.WaitGroup
}

func newHop(t testing.TB, script hopCase) *hop {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return hopOn(t, l, script)
}

func hopOn(t testing.TB, l net.Listener, script hopCase) *hop {
	h := &hop{t: t, l: l, script: script, live: map[net.Conn]bool{}}
	h.wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			h.mu.Lock()
			h.conns++
			h.live[c] = true
			h.mu.Unlock()
			h.wg.Go(func() {
				h.serve(c)
				_ = c.Close()
				h.mu.Lock()
				delete(h.live, c)
				h.mu.Unlock()
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		h.cutAll()
		h.wg.Wait()
	})
	return h
}

func (h *hop) cutAll() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.live {
		_ = c.Close()
	}
}

// taken gives the bodies received and forgets them.
func (h *hop) taken() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	b := h.bodies
	h.bodies = nil
	return b
}

func (h *hop) connections() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.conns
}

func (h *hop) method() string {
	protocol := "smtp"
	if h.lmtp {
		protocol = "lmtp"
	}
	if u, ok := h.l.Addr().(*net.UnixAddr); ok {
		return protocol + ":" + u.Name
	}
	a := h.l.Addr().(*net.TCPAddr)
	return fmt.Sprintf("%s:[%s]:%d", protocol, a.IP, a.Port)
}

func (h *hop) note(line string) {
	h.mu.Lock()
	h.log = append(h.log, line)
	h.mu.Unlock()
}

func (h *hop) serve(c net.Conn) {
	h.mu.Lock()
	script := h.script
	h.mu.Unlock()
	r := bufio.NewReader(c)
	dropped := false
	tell := func(s string) { _, _ = io.WriteString(c, s+"\r\n") }
	answer := func(command, dflt string) {
		for prefix, reply := range script.Replies {
			if strings.HasPrefix(command, prefix) {
				if reply == "drop" {
					dropped = true
					return
				}
				tell(reply)
				return
			}
		}
		tell(dflt)
	}
	rcpts := 0
	answer("CONNECT", "220 hop.test ESMTP")
	for !dropped {
		line, err := r.ReadString('\n')
		if err != nil {
			h.note("*closed*")
			return
		}
		line = strings.TrimRight(line, "\r\n")
		h.note(line)
		switch verb := strings.ToUpper(line); {
		case strings.HasPrefix(verb, "EHLO"), strings.HasPrefix(verb, "LHLO"):
			list := []string{"hop.test"}
			if script.Keywords != nil {
				list = append(list, *script.Keywords...)
			} else {
				list = append(list, allKeywords...)
			}
			answer(line, "250-"+strings.Join(list[:len(list)-1], "\r\n250-")+"\r\n250 "+list[len(list)-1])
			if len(list) == 1 {
				continue
			}
		case strings.HasPrefix(verb, "RCPT"):
			if rcpts++; script.Limit > 0 && rcpts > script.Limit {
				tell("452 4.5.3 too many recipients")
			} else {
				answer(line, "250 2.1.5 Ok")
			}
		case verb == "DATA":
			answer(line, "354 go")
			if script.Replies["DATA"] != "" {
				continue
			}
			var body []byte
			for {
				row, err := r.ReadBytes('\n')
				if err != nil {
					h.note("*closed in data*")
					return
				}
				if string(row) == ".\r\n" {
					break
				}
				body = append(body, row...)
			}
			h.mu.Lock()
			h.bodies = append(h.bodies, string(body))
			h.mu.Unlock()
			_, text, found := bytes.Cut(body, []byte("\r\n\r\n"))
			if !found {
				text = body
			}
			h.note("content " + escaped(text))
			n := 1
			if h.lmtp {
				n = rcpts
			}
			for range n {
				answer(".", "250 2.0.0 Ok: queued as HOP")
			}
			rcpts = 0
		case verb == "QUIT":
			tell("221 2.0.0 Bye")
			return
		case strings.HasPrefix(verb, "MAIL"):
			rcpts = 0
			answer(line, "250 2.1.0 Ok")
		default:
			answer(line, "250 2.0.0 Ok")
		}
	}
}

// escaped writes bytes as Python's unicode_escape does.
func escaped(b []byte) string {
	var s strings.Builder
	for _, c := range b {
		switch {
		case c == '\r':
			s.WriteString(`\r`)
		case c == '\n':
			s.WriteString(`\n`)
		case c == '\t':
			s.WriteString(`\t`)
		case c == '\\':
			s.WriteString(`\\`)
		case c < ' ' || c > '~':
			fmt.Fprintf(&s, `\x%02x`, c)
		default:
			s.WriteByte(c)
		}
	}
	return s.String()
}
