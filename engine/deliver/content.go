package deliver

import (
	"bytes"
	"errors"
	"io"
)

// contentWriter stuffs dots (RFC 5321 section 4.5.2) and does to forbidden bytes what Octets says. Lines end with CRLF
// only.
type contentWriter struct {
	w      io.Writer
	octets Octets
	last   [2]byte // the two bytes before the next, as sent
	// dot says that last is a dot in doubt: after a bare CR or LF, with what follows not yet seen. It was not sent.
	dot bool
	err error
}

func newContentWriter(w io.Writer, octets Octets) *contentWriter {
	return &contentWriter{w: w, octets: octets, last: [2]byte{'\r', '\n'}}
}

func (c *contentWriter) put(p []byte) {
	if c.err != nil || len(p) == 0 {
		return
	}
	_, c.err = c.w.Write(p)
	if len(p) > 1 {
		c.last = [2]byte{p[len(p)-2], p[len(p)-1]}
	} else {
		c.last = [2]byte{c.last[1], p[0]}
	}
}

func (c *contentWriter) atLineStart() bool { return c.last == [2]byte{'\r', '\n'} }

// Write takes content in; it never fails before Close tells, but for the writer below.
func (c *contentWriter) Write(p []byte) (int, error) {
	n := len(p)
	if c.octets == Original {
		c.original(p)
	} else {
		c.stuff(p)
	}
	return n, c.err
}

// stuff writes p with dots doubled where a line starts.
func (c *contentWriter) stuff(p []byte) {
	for len(p) > 0 && c.err == nil {
		if c.dot {
			c.dot = false
			if p[0] == '\r' || p[0] == '\n' {
				c.put([]byte{'.'})
			}
			c.put([]byte{'.'})
		}
		if p[0] == '.' {
			if c.atLineStart() {
				c.put([]byte{'.', '.'})
				p = p[1:]
				continue
			}
			if c.octets == Guarded && (c.last[1] == '\r' || c.last[1] == '\n') {
				c.dot = true
				p = p[1:]
				continue
			}
		}
		n := 1 + c.run(p[1:], p[0])
		c.put(p[:n])
		p = p[n:]
	}
}

// run gives how much of p can go out before a dot that needs a look; before is the byte ahead of p.
func (c *contentWriter) run(p []byte, before byte) int {
	for i := 0; ; {
		n := bytes.IndexByte(p[i:], '.')
		if n < 0 {
			return len(p)
		}
		i += n
		prev := before
		if i > 0 {
			prev = p[i-1]
		}
		if prev == '\n' || prev == '\r' {
			return i
		}
		i++
	}
}

// original rewrites as amavisd-new does, then stuffs: it drops every CR and makes CRLF of every LF, so that a CRLF stays
// as it is. Guarded has nothing to do then, for no bare CR or LF is left.
func (c *contentWriter) original(p []byte) {
	start := 0
	instead := func(i int, with string) {
		if i > start {
			c.stuff(p[start:i])
		}
		c.stuff([]byte(with))
		start = i + 1
	}
	for i := 0; i < len(p); i++ {
		switch p[i] {
		case '\r':
			if i+1 < len(p) && p[i+1] == '\n' {
				i++
				continue
			}
			instead(i, "")
		case '\n':
			instead(i, "\r\n")
		case 0:
			instead(i, "\xc0\x80")
		}
	}
	if start < len(p) {
		c.stuff(p[start:])
	}
}

// Close ends the last line if need be and writes the final dot.
func (c *contentWriter) Close() error {
	if c.dot {
		c.dot = false
		c.put([]byte("..")) // CRLF follows: alone on its line
	}
	if !c.atLineStart() {
		c.put([]byte("\r\n"))
	}
	c.put([]byte(".\r\n"))
	return c.err
}

// inMemory is a body that can be had without a copy.
type inMemory interface{ Bytes() ([]byte, bool) }

var errShort = errors.New("message shorter than it should be")

// writeMessage writes header and body of m.
func writeMessage(w io.Writer, m *Outgoing) error {
	if _, err := w.Write(m.Header); err != nil {
		return err
	}
	if m.Body == nil || m.BodySize <= 0 {
		return nil
	}
	if b, ok := m.Body.(inMemory); ok {
		if all, ok := b.Bytes(); ok {
			if m.BodyOff+m.BodySize > int64(len(all)) {
				return errShort
			}
			_, err := w.Write(all[m.BodyOff : m.BodyOff+m.BodySize])
			return err
		}
	}
	n, err := io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{io.NewSectionReader(m.Body, m.BodyOff, m.BodySize)}, make([]byte, 64<<10))
	if err == nil && n != m.BodySize {
		err = errShort
	}
	return err
}
