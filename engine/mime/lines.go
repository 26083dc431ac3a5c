package mime

import (
	"bytes"
	"io"
)

const (
	blockSize = 64 << 10
	maxLine   = 1 << 20
)

// lines gives the source line by line with offsets.
type lines struct {
	src    io.ReaderAt
	next   int64 // offset of buf[len(buf)]
	end    int64
	buf    []byte
	pos    int // start of the next line in buf
	atEOF  bool
	keepCR bool
	err    error
}

// line is one line of the source.
type line struct {
	start, end int64 // in the source, with the line end
	// text is the line with LF as its end (or nothing at the end of the source), CR LF converted. Valid until the next
	// call. Of a line over 1 MiB only the beginning, and long is set.
	text []byte
	long bool
	// body is where the text without trailing CR and LF ends in the source.
	body int64
}

// offset is where the next line starts.
func (l *lines) offset() int64 { return l.next - int64(len(l.buf)-l.pos) }

func newLines(src io.ReaderAt, start, end int64, keepCR bool) *lines {
	return &lines{src: src, next: start, end: end, keepCR: keepCR}
}

// fill reads another block behind what is still unread.
func (l *lines) fill() {
	if l.pos > 0 {
		n := copy(l.buf, l.buf[l.pos:])
		l.buf = l.buf[:n]
		l.pos = 0
	}
	want := int64(blockSize)
	if left := l.end - l.next; left < want {
		want = left
	}
	if want <= 0 {
		l.atEOF = true
		return
	}
	have := len(l.buf)
	if cap(l.buf)-have < int(want) {
		size := 2*cap(l.buf) + 2*blockSize
		if want < blockSize { // this is the rest of it
			size = have + int(want)
		}
		bigger := make([]byte, have, size)
		copy(bigger, l.buf)
		l.buf = bigger
	}
	n, err := l.src.ReadAt(l.buf[have:have+int(want)], l.next)
	l.buf = l.buf[:have+n]
	l.next += int64(n)
	if n == 0 || (err != nil && err != io.EOF) {
		l.atEOF = true
		if err != nil && err != io.EOF {
			l.err = err
		}
	}
}

// read returns the next line; ok is false at the end.
func (l *lines) read() (ln line, ok bool) {
	seen := 0
	for {
		if i := bytes.IndexByte(l.buf[l.pos+seen:], '\n'); i >= 0 {
			return l.take(seen + i + 1), true
		}
		seen = len(l.buf) - l.pos
		if l.atEOF {
			if seen == 0 {
				return line{}, false
			}
			return l.take(seen), true
		}
		if seen >= maxLine {
			return l.skipLong(), true
		}
		l.fill()
	}
}

func (l *lines) take(n int) line {
	raw := l.buf[l.pos : l.pos+n]
	start := l.next - int64(len(l.buf)-l.pos)
	l.pos += n
	ln := line{start: start, end: start + int64(n)}
	ln.body = start + int64(trimmedLen(raw))
	ln.text = raw
	if !l.keepCR && n >= 2 && raw[n-1] == '\n' && raw[n-2] == '\r' {
		raw[n-2] = '\n'
		ln.text = raw[:n-1]
	}
	return ln
}

// skipLong runs to the end of a line that is too long to hold.
func (l *lines) skipLong() line {
	head := append([]byte(nil), l.buf[l.pos:]...)
	start := l.next - int64(len(l.buf)-l.pos)
	ln := line{start: start, text: head, long: true}
	tail := head[max(0, len(head)-64):]
	l.pos = len(l.buf)
	for {
		if i := bytes.IndexByte(l.buf[l.pos:], '\n'); i >= 0 {
			tail = append(append([]byte(nil), tail...), l.buf[l.pos:l.pos+i+1]...)
			l.pos += i + 1
			break
		}
		chunk := l.buf[l.pos:]
		tail = append(append([]byte(nil), tail...), chunk...)
		tail = tail[max(0, len(tail)-64):]
		l.pos = len(l.buf)
		if l.atEOF {
			break
		}
		l.fill()
	}
	ln.end = l.next - int64(len(l.buf)-l.pos)
	ln.body = ln.end - int64(len(tail)-trimmedLen(tail))
	return ln
}

func trimmedLen(b []byte) int {
	n := len(b)
	for n > 0 && (b[n-1] == '\n' || b[n-1] == '\r') {
		n--
	}
	return n
}

// spanReader reads a stretch of the source with CR LF turned into LF.
type spanReader struct {
	src    io.ReaderAt
	off    int64
	end    int64
	keepCR bool
	buf    []byte
	have   []byte
	held   bool // a CR was held back at the end of a block
}

func newSpanReader(src io.ReaderAt, s Span, keepCR bool) *spanReader {
	return &spanReader{src: src, off: s.Start, end: s.End, keepCR: keepCR}
}

func (s *spanReader) Read(p []byte) (int, error) {
	for len(s.have) == 0 {
		if s.off >= s.end {
			if s.held && len(p) > 0 {
				s.held = false
				p[0] = '\r'
				return 1, nil
			}
			return 0, io.EOF
		}
		if s.buf == nil {
			s.buf = make([]byte, 1+min(int64(32<<10), s.end-s.off))
		}
		at := 0
		if s.held {
			s.buf[0] = '\r'
			s.held = false
			at = 1
		}
		n, err := s.src.ReadAt(s.buf[at:at+int(min(int64(len(s.buf)-at), s.end-s.off))], s.off)
		s.off += int64(n)
		if n == 0 {
			if err == nil || err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return 0, err
		}
		s.have = s.buf[:at+n]
		if !s.keepCR {
			s.have = s.convert(s.have)
		}
	}
	n := copy(p, s.have)
	s.have = s.have[n:]
	return n, nil
}

// convert turns CR LF into LF in place and holds back a CR at the very end.
func (s *spanReader) convert(b []byte) []byte {
	if b[len(b)-1] == '\r' && s.off < s.end {
		s.held = true
		b = b[:len(b)-1]
	}
	i := bytes.IndexByte(b, '\r')
	if i < 0 {
		return b
	}
	w := i
	for i < len(b) {
		if b[i] == '\r' && i+1 < len(b) && b[i+1] == '\n' {
			i++
		}
		b[w] = b[i]
		w, i = w+1, i+1
	}
	return b[:w]
}
