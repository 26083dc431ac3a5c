package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/textproto"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// mails gives the text of the n-th mail.
type mails func(n int) []byte

func openMails(kind string, size int) (mails, error) {
	switch kind {
	case "same":
		m := letter(0, size)
		return func(int) []byte { return m }, nil
	case "different":
		return func(n int) []byte { return letter(n, size) }, nil
	}
	files, err := filepath.Glob(filepath.Join(kind, "*"))
	if err != nil {
		return nil, err
	}
	var all [][]byte
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		all = append(all, bytes.ReplaceAll(bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n")))
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("no mails in %s", kind)
	}
	return func(n int) []byte { return all[n%len(all)] }, nil
}

// words make lines that look like text to file(1) and to spam scanners.
var words = []string{"the", "meeting", "on", "Tuesday", "about", "our", "order", "will", "begin", "at", "nine", "please", "bring", "your", "notes",
	"and", "a", "list", "of", "open", "questions", "we", "shall", "talk", "with", "suppliers", "afterwards", "regards"}

// letter is a plain text of about size bytes that only n determines.
func letter(n, size int) []byte {
	r := rand.New(rand.NewPCG(uint64(n), 1))
	var b bytes.Buffer
	fmt.Fprintf(&b, "From: Alice <alice@sender.test>\r\nTo: bob@example.com\r\nSubject: Notes of meeting %d\r\nDate: Mon, 05 Jan 2026 10:00:00 +0000\r\n"+
		"Message-ID: <bench.%d@sender.test>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n", n, n)
	for head, col := b.Len(), 0; b.Len() < head+size; {
		w := words[r.IntN(len(words))]
		if col += len(w) + 1; col > 70 {
			b.WriteString("\r\n")
			col = len(w) + 1
		}
		b.WriteString(w + " ")
	}
	b.WriteString("\r\n")
	return b.Bytes()
}

var sent atomic.Int64 // over all rounds, so that no two differ only by round

// load sends count mails, each over a connection of its own, and says how long it took.
func load(address string, text mails, count, sessions int) (time.Duration, error) {
	begin := time.Now()
	var left atomic.Int64
	left.Store(int64(count))
	errs := make([]error, sessions)
	var wg sync.WaitGroup
	for i := range sessions {
		wg.Go(func() {
			for left.Add(-1) >= 0 && errs[i] == nil {
				errs[i] = send(address, text(int(sent.Add(1))))
			}
		})
	}
	wg.Wait()
	return time.Since(begin), errors.Join(errs...)
}

func send(address string, text []byte) error {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer c.Close()
	t := textproto.NewConn(c)
	if _, _, err := t.ReadResponse(220); err != nil {
		return err
	}
	for _, x := range []struct {
		say  string
		want int
	}{{"EHLO bench.test", 250}, {"MAIL FROM:<alice@sender.test>", 250}, {"RCPT TO:<bob@example.com>", 250}, {"DATA", 354}} {
		if err := t.PrintfLine("%s", x.say); err != nil {
			return err
		}
		if _, _, err := t.ReadResponse(x.want); err != nil {
			return fmt.Errorf("%s: %w", x.say, err)
		}
	}
	if bytes.HasPrefix(text, []byte(".")) || bytes.Contains(text, []byte("\n.")) {
		text = bytes.ReplaceAll(text, []byte("\n."), []byte("\n.."))
	}
	if _, err := c.Write(append(append([]byte(nil), text...), ".\r\n"...)); err != nil {
		return err
	}
	if _, _, err := t.ReadResponse(250); err != nil {
		return fmt.Errorf("end of data: %w", err)
	}
	if err := t.PrintfLine("QUIT"); err != nil {
		return err
	}
	_, _, err = t.ReadResponse(221)
	return err
}

// serveSink takes all mail and forgets it.
func serveSink(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			in, out := bufio.NewReader(c), bufio.NewWriter(c)
			say := func(s string) {
				out.WriteString(s + "\r\n")
				if in.Buffered() == 0 {
					out.Flush()
				}
			}
			say("220 sink")
			for data := false; ; {
				l, err := in.ReadSlice('\n')
				if err != nil && err != bufio.ErrBufferFull {
					return
				}
				switch {
				case data && string(l) != ".\r\n":
				case data:
					data = false
					say("250 2.0.0 Ok: queued as SINK")
				case len(l) >= 4 && bytes.EqualFold(l[:4], []byte("EHLO")):
					say("250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250 SIZE")
				case len(l) >= 4 && bytes.EqualFold(l[:4], []byte("DATA")):
					data = true
					say("354 go on")
				case len(l) >= 4 && bytes.EqualFold(l[:4], []byte("QUIT")):
					say("221 bye")
					out.Flush()
					return
				default:
					say("250 2.1.0 Ok")
				}
			}
		}()
	}
}
