// Package queuefile reads a mail out of a Postfix queue file: envelope, attributes, content. The format is that of Postfix
// 2.3 and later (its global/rec_type.h and record.c): records of a type, a length in groups of seven bits, and data.
// Nothing here changes a file; a mail that Postfix is just writing gives an error.
package queuefile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Recipient is one recipient with what the queue knows of it.
type Recipient struct {
	Addr     string
	Original string // before aliases, "" when not told
	ORcpt    string // as type;xtext
	Notify   []string
}

// Mail is a queued mail.
type Mail struct {
	Sender     string
	Recipients []Recipient // those that are still to get it
	Done       int         // recipients that have it already
	Attrs      map[string]string
	Ret, EnvID string

	content int64 // where the first record of the content stands
	size    int64 // of the file
	file    io.ReaderAt
}

// Record types.
const (
	recSize      = 'C'
	recFrom      = 'S'
	recRcpt      = 'R'
	recOriginal  = 'O'
	recDone      = 'D'
	recCancelled = '/'
	recAttr      = 'A'
	recMessage   = 'M'
	recNormal    = 'N'
	recContinued = 'L'
	recPointer   = 'p'
	recExtracted = 'X'
	recEnd       = 'E'
	recDSNRet    = '<'
	recDSNEnvID  = 'i'
	recDSNORcpt  = 'o'
	recDSNNotify = 'n'
)

// Bounds of what is read.
const (
	maxRecord     = 1 << 20
	maxRecords    = 1 << 20 // of an envelope
	maxRecipients = 1 << 17
	maxAttrs      = 1000
	maxJumps      = 10000
)

// Errors of broken files.
var (
	ErrFormat  = errors.New("not a Postfix queue file, or a damaged one")
	errUnready = errors.New("the queue file is not finished")
)

// Is says whether bytes look like the start of a queue file: a size record comes first.
func Is(top []byte) bool {
	if len(top) < 20 || top[0] != recSize {
		return false
	}
	n, used := length(top[1:])
	if used == 0 || n < 16 || n > 250 {
		return false
	}
	for _, c := range top[1+used : min(len(top), 1+used+int(n))] {
		if c != ' ' && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// length reads a length; used is 0 when it is not whole.
func length(b []byte) (n int64, used int) {
	for shift := 0; used < len(b) && shift < 35; shift += 7 {
		c := b[used]
		used++
		n |= int64(c&0x7f) << shift
		if c&0x80 == 0 {
			return n, used
		}
	}
	return 0, 0
}

// cursor reads records one after the other.
type cursor struct {
	file io.ReaderAt
	in   *bufio.Reader
	pos  int64 // of the next record
	size int64
}

func newCursor(f io.ReaderAt, pos, size int64) *cursor {
	c := &cursor{file: f, size: size}
	c.jump(pos)
	return c
}

func (c *cursor) jump(pos int64) {
	c.pos = pos
	c.in = bufio.NewReaderSize(io.NewSectionReader(c.file, pos, max(0, c.size-pos)), 8<<10)
}

func (c *cursor) next() (kind byte, data []byte, err error) {
	if kind, err = c.in.ReadByte(); err != nil {
		return 0, nil, c.ended(err)
	}
	n, used := int64(0), 0
	for shift := 0; ; shift += 7 {
		b, err := c.in.ReadByte()
		if err != nil {
			return 0, nil, c.ended(err)
		}
		used++
		n |= int64(b&0x7f) << shift
		if b&0x80 == 0 {
			break
		}
		if shift >= 28 {
			return 0, nil, fmt.Errorf("%w: a length at %d", ErrFormat, c.pos)
		}
	}
	if n > maxRecord {
		return 0, nil, fmt.Errorf("%w: a record of %d bytes at %d", ErrFormat, n, c.pos)
	}
	data = make([]byte, n)
	if _, err := io.ReadFull(c.in, data); err != nil {
		return 0, nil, c.ended(err)
	}
	c.pos += 1 + int64(used) + n
	return kind, data, nil
}

func (c *cursor) ended(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: it ends in mid-record", errUnready)
	}
	return err
}

// follow goes where a pointer record says; 0 stays.
func (c *cursor) follow(data []byte, jumps *int) error {
	to, err := strconv.ParseInt(strings.TrimSpace(string(data)), 10, 64)
	if err != nil || to < 0 || to > c.size {
		return fmt.Errorf("%w: a pointer to %q", ErrFormat, data)
	}
	if to == 0 {
		return nil
	}
	if *jumps++; *jumps > maxJumps {
		return fmt.Errorf("%w: pointers go around", ErrFormat)
	}
	c.jump(to)
	return nil
}

// Read reads the envelope of a queue file of that size.
func Read(f io.ReaderAt, size int64) (*Mail, error) {
	m := &Mail{Attrs: map[string]string{}, file: f, size: size}
	c := newCursor(f, 0, size)
	var one Recipient
	jumps := 0
	for n := 0; n < maxRecords; n++ {
		kind, data, err := c.next()
		if err != nil {
			return nil, err
		}
		if n == 0 && kind != recSize {
			return nil, ErrFormat
		}
		text := string(data)
		switch kind {
		case recFrom:
			m.Sender = text
		case recAttr:
			if name, value, ok := strings.Cut(text, "="); ok {
				m.attribute(name, value, &one)
			}
		case recDSNRet:
			m.attribute("ret_flags", text, &one)
		case recDSNEnvID:
			m.EnvID = text
		case recOriginal:
			one.Original = text
		case recDSNORcpt:
			one.ORcpt = text
		case recDSNNotify:
			one.Notify = notify(text)
		case recRcpt:
			if one.Addr = text; len(m.Recipients) >= maxRecipients {
				return nil, fmt.Errorf("%w: too many recipients", ErrFormat)
			}
			m.Recipients = append(m.Recipients, one)
			one = Recipient{}
		case recDone, recCancelled:
			m.Done++
			one = Recipient{}
		case recPointer:
			if err := c.follow(data, &jumps); err != nil {
				return nil, err
			}
		case recMessage:
			m.content = c.pos
			if err := c.skipContent(&jumps); err != nil {
				return nil, err
			}
		case recEnd:
			if m.content == 0 {
				return nil, fmt.Errorf("%w: no content", ErrFormat)
			}
			return m, nil
		}
	}
	return nil, fmt.Errorf("%w: too many records", ErrFormat)
}

// attribute takes a named attribute in; those about a recipient stand before it.
func (m *Mail) attribute(name, value string, one *Recipient) {
	switch name {
	case "dsn_orig_rcpt":
		one.ORcpt = value
	case "notify_flags":
		one.Notify = notify(value)
	case "envelope_id":
		m.EnvID = value
	case "ret_flags":
		m.Ret = map[string]string{"1": "FULL", "2": "HDRS"}[value]
	default:
		if len(m.Attrs) < maxAttrs {
			m.Attrs[name] = value
		}
	}
}

// skipContent goes on to the records that follow the content.
func (c *cursor) skipContent(jumps *int) error {
	for {
		kind, data, err := c.next()
		if err != nil {
			return err
		}
		switch kind {
		case recExtracted:
			return nil
		case recPointer:
			if err := c.follow(data, jumps); err != nil {
				return err
			}
		case recEnd:
			return fmt.Errorf("%w: the content has no end", ErrFormat)
		}
	}
}

// notify reads the bits of NOTIFY (RFC 3461).
func notify(text string) []string {
	bits, err := strconv.Atoi(text)
	if err != nil {
		return nil
	}
	var out []string
	for i, name := range []string{"NEVER", "SUCCESS", "FAILURE", "DELAY"} {
		if bits&(1<<i) != 0 {
			out = append(out, name)
		}
	}
	return out
}

// Content reads the mail itself, with LF line ends.
func (m *Mail) Content() io.Reader { return &content{c: newCursor(m.file, m.content, m.size)} }

type content struct {
	c     *cursor
	rest  []byte
	jumps int
	err   error
}

func (r *content) Read(p []byte) (int, error) {
	for len(r.rest) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		kind, data, err := r.c.next()
		switch {
		case err != nil:
			r.err = err
		case kind == recNormal:
			r.rest = append(data, '\n')
		case kind == recContinued:
			r.rest = data
		case kind == recPointer:
			r.err = r.c.follow(data, &r.jumps)
		case kind == recExtracted || kind == recEnd:
			r.err = io.EOF
		}
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}
