package av

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"time"
)

const (
	clamdWindow   = 8         // requests that wait for an answer at most
	clamdChunk    = 32768 - 4 // bytes of content in one piece
	clamdAnswers  = 10_000    // lines that are read at most
	clamdLastWord = time.Second
)

// clamd sends files by clamd's own session: zIDSESSION, zINSTREAM for each file, zEND (clamd(8)). Answers may come in
// any order; one for each file is needed. When the first infected stops the scan, files go one at a time.
func (s *Scanner) clamd(ctx context.Context, spec string, job Job, files []string) ([]reply, error) {
	w, err := dial(ctx, spec)
	if err != nil {
		return nil, err
	}
	defer w.close()
	c := &clamdSession{w: w, job: job, log: s.logf, answers: make(chan clamdAnswer, clamdWindow), quit: make(chan struct{}), window: clamdWindow}
	if s.FirstInfectedStops {
		c.window = 1
	}
	ended := make(chan struct{})
	go func() { defer close(ended); c.listen() }()
	defer func() { close(c.quit); w.close(); <-ended }()
	err = c.run(files, s.FirstInfectedStops)
	sort.Slice(c.got, func(i, j int) bool { return c.got[i].id < c.got[j].id })
	replies := make([]reply, len(c.got))
	for i, a := range c.got {
		replies[i] = reply{output: c.names[a.id-1] + ": " + strings.TrimPrefix(a.text, "stream: ") + "\n"}
	}
	if err != nil && !errors.Is(err, errOwn) {
		err = fmt.Errorf("clamd at %s: %w", spec, err)
	}
	return replies, err
}

type clamdAnswer struct {
	id   int
	text string
	err  error // the last one: no more will come
}

type clamdSession struct {
	w       *wire
	job     Job
	log     func(level int, format string, args ...any)
	window  int
	names   []string // of the requests sent; request n has index n-1
	pending map[int]bool
	got     []clamdAnswer
	found   bool
	answers chan clamdAnswer
	quit    chan struct{}
}

// listen reads answers, so that clamd never waits for us while we send.
func (c *clamdSession) listen() {
	for n := 0; ; n++ {
		line, err := c.w.line(0)
		a := clamdAnswer{err: err}
		if err == nil {
			a = parseClamd(strings.TrimSuffix(line, "\x00"))
		}
		if n == clamdAnswers {
			a.err = errCut
		}
		select {
		case c.answers <- a:
		case <-c.quit:
			return
		}
		if a.err != nil {
			return
		}
	}
}

// parseClamd reads "1: stream: OK". id is 0 when there is none.
func parseClamd(line string) clamdAnswer {
	num, rest, ok := strings.Cut(line, ":")
	id, err := strconv.Atoi(num)
	if !ok || err != nil || id < 1 || strings.Trim(num, "0123456789") != "" {
		return clamdAnswer{text: line}
	}
	return clamdAnswer{id: id, text: strings.TrimLeft(rest, " \t\r\n")}
}

func (c *clamdSession) run(files []string, stopAtFirst bool) error {
	c.pending = map[int]bool{}
	if err := c.w.say("zIDSESSION\x00"); err != nil {
		return err
	}
	for _, f := range files {
		if stopAtFirst && c.found {
			break
		}
		for len(c.pending) >= c.window {
			if err := c.receive(); err != nil {
				return err
			}
		}
		if stopAtFirst && c.found {
			break
		}
		c.names = append(c.names, f)
		id := len(c.names)
		c.pending[id] = true
		if err := c.send(f); err != nil {
			c.log(-1, "clamav: while feeding req_id %d: %v", id, err)
			if !errors.Is(err, errOwn) {
				c.lastWords()
			}
			return err
		}
	}
	for len(c.pending) > 0 {
		if err := c.receive(); err != nil {
			return err
		}
	}
	if err := c.w.say("zEND\x00"); err != nil {
		c.log(2, "clamav: while ending the session: %v", err)
	}
	return nil
}

// lastWords takes what clamd may have said before it cut the connection, such as that the stream was too long.
func (c *clamdSession) lastWords() {
	c.w.SetReadDeadline(time.Now().Add(clamdLastWord))
	for len(c.pending) > 0 && c.receive() == nil {
	}
}

// receive waits for one answer.
func (c *clamdSession) receive() error {
	a := <-c.answers
	switch {
	case a.err != nil:
		return fmt.Errorf("%d files without an answer: %w", len(c.pending), a.err)
	case a.id == 0 && strings.HasSuffix(a.text, " ERROR"):
		return fmt.Errorf("it says %q", shorten(a.text))
	case a.id == 0:
		c.log(-1, "clamav: unparseable response %q", shorten(a.text))
	case !c.pending[a.id]:
		c.log(-1, "clamav: response for an unknown or finished id ignored: %d: %q", a.id, shorten(a.text))
	default:
		delete(c.pending, a.id)
		c.got = append(c.got, a)
		c.found = c.found || strings.HasSuffix(a.text, " FOUND")
	}
	return nil
}

// send streams one file in pieces, each after its length; a length of zero ends it.
func (c *clamdSession) send(name string) error {
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(c.job.Folder, name)
	}
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("%w: %w", errOwn, err)
	}
	defer f.Close()
	buf := make([]byte, 0, 64<<10)
	buf = append(buf, "zINSTREAM\x00"...)
	for {
		at := len(buf)
		buf = buf[:at+4+clamdChunk]
		n, err := io.ReadFull(f, buf[at+4:])
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return fmt.Errorf("%w: %w", errOwn, err)
		}
		binary.BigEndian.PutUint32(buf[at:], uint32(n))
		buf = buf[:at+4+n]
		if n == clamdChunk {
			if _, err := c.w.Write(buf); err != nil {
				return err
			}
			buf = buf[:0]
			continue
		}
		if n > 0 {
			buf = append(buf, 0, 0, 0, 0)
		}
		_, err = c.w.Write(buf)
		return err
	}
}
