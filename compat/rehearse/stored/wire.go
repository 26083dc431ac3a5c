package stored

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"sync"

	"mavis/engine/mail"
)

// Opened is a mail with its top read: what it says of its envelope, and its bytes as they would come by SMTP.
type Opened struct {
	Header []mail.Field // after what delivery had added
	Known  Envelope     // what delivery and filter wrote on top
	io.Reader
	in   *bufio.Reader
	file io.Closer
}

var readers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, maxTop) }}

// Read opens a mail. What delivery and an earlier filter put on top is left out, unless asStored keeps it.
func (m *Mail) Read(asStored bool) (*Opened, error) {
	f, err := m.Open()
	if err != nil {
		return nil, err
	}
	in := readers.Get().(*bufio.Reader)
	in.Reset(f)
	o := &Opened{in: in, file: f}
	top, err := in.Peek(maxTop)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, errors.Join(err, o.Close())
	}
	if len(top) == 0 {
		return nil, errors.Join(errors.New("the file is empty"), o.Close())
	}
	fields, _ := Header(top)
	o.Known = FromHeader(fields)
	if n := Added(fields); n > 0 && !asStored {
		if _, err := in.Discard(n); err != nil {
			return nil, errors.Join(err, o.Close())
		}
		for n > 0 {
			n -= len(fields[0].Raw)
			fields = fields[1:]
		}
	}
	o.Header = make([]mail.Field, len(fields))
	for i, f := range fields {
		o.Header[i] = mail.Field{Name: f.Name, Raw: bytes.Clone(f.Raw)}
	}
	o.Reader = &wire{in: in}
	return o, nil
}

// Close ends the reading.
func (o *Opened) Close() error {
	if o.in != nil {
		o.in.Reset(nil)
		readers.Put(o.in)
		o.in = nil
	}
	return o.file.Close()
}

// wire gives line ends as CRLF, and one at the end.
type wire struct {
	in    *bufio.Reader
	rest  []byte
	buf   []byte
	ended bool // the last byte was a line end
	some  bool
	err   error
}

func (w *wire) Read(p []byte) (int, error) {
	for len(w.rest) == 0 {
		if w.err != nil {
			return 0, w.err
		}
		w.buf = w.buf[:0]
		for len(w.buf) < 32<<10 && w.err == nil {
			line, err := w.in.ReadSlice('\n')
			if len(line) > 0 {
				w.some = true
			}
			switch {
			case bytes.HasSuffix(line, []byte("\r\n")):
				w.buf = append(w.buf, line...)
				w.ended = true
			case bytes.HasSuffix(line, []byte("\n")):
				if n := len(w.buf); len(line) == 1 && n > 0 && w.buf[n-1] == '\r' { // a CRLF cut in two by the buffer
					w.buf = append(w.buf, '\n')
				} else {
					w.buf = append(append(w.buf, line[:len(line)-1]...), "\r\n"...)
				}
				w.ended = true
			case len(line) > 0:
				w.buf = append(w.buf, line...)
				w.ended = false
			}
			if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
				w.err = err
				if errors.Is(err, io.EOF) && w.some && !w.ended {
					w.buf = append(w.buf, "\r\n"...)
				}
			}
		}
		w.rest = w.buf
	}
	n := copy(p, w.rest)
	w.rest = w.rest[n:]
	return n, nil
}
