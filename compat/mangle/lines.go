package mangle

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"mavis/engine/mail"
)

// unixLines copies text with CRLF made LF.
func unixLines(w io.Writer, r io.Reader) error {
	in, out := bufio.NewReaderSize(r, 64<<10), bufio.NewWriterSize(w, 64<<10)
	return rewrite(out, in, func(chunk []byte) {
		if n := len(chunk); n > 1 && chunk[n-2] == '\r' && chunk[n-1] == '\n' {
			out.Write(chunk[:n-2]) // an error stays in out
			chunk = chunk[n-1:]
		}
		out.Write(chunk)
	})
}

// smtpLines copies text with LF made CRLF.
func smtpLines(w io.Writer, r io.Reader) error {
	in, out := bufio.NewReaderSize(r, 64<<10), bufio.NewWriterSize(w, 64<<10)
	before := byte(0)
	return rewrite(out, in, func(chunk []byte) {
		n := len(chunk)
		if chunk[n-1] == '\n' && !(n > 1 && chunk[n-2] == '\r' || n == 1 && before == '\r') {
			out.Write(chunk[:n-1])
			out.WriteString("\r\n")
		} else {
			out.Write(chunk)
		}
		before = chunk[n-1]
	})
}

// rewrite hands over pieces of text that end with LF, or without one where a line is longer than the buffer. A CR that
// ends such a piece is held back until its LF is there.
func rewrite(out *bufio.Writer, in *bufio.Reader, each func([]byte)) error {
	var held []byte
	for {
		chunk, err := in.ReadSlice('\n')
		if len(held) > 0 {
			chunk = append(held, chunk...)
			held = nil
		}
		if n := len(chunk); n > 0 && chunk[n-1] == '\r' && errors.Is(err, bufio.ErrBufferFull) {
			held, chunk = []byte{'\r'}, chunk[:n-1]
		}
		if len(chunk) > 0 {
			each(chunk)
		}
		switch {
		case err == io.EOF:
			return out.Flush()
		case err != nil && !errors.Is(err, bufio.ErrBufferFull):
			return err
		}
	}
}

// headerMax bounds the header of a changed message, in bytes.
const headerMax = 4 << 20

// readHeader cuts the header of a message with CRLF line ends into fields and finds where its body starts.
func readHeader(m *mail.Message) error {
	in := bufio.NewReader(io.NewSectionReader(m.Body, 0, min(m.Body.Size(), headerMax)))
	for {
		line, err := in.ReadBytes('\n')
		if err != nil && err != io.EOF {
			return err
		}
		m.HeaderSize += int64(len(line))
		switch {
		case bytes.Equal(line, []byte("\r\n")):
			return nil
		case len(line) == 0 && m.HeaderSize < m.Body.Size():
			return errors.New("header section larger than 4 MiB")
		case len(line) == 0:
			return nil
		case (line[0] == ' ' || line[0] == '\t') && len(m.Header) > 0:
			last := &m.Header[len(m.Header)-1]
			last.Raw = append(last.Raw, line...)
		default:
			m.Header = append(m.Header, mail.Field{Name: fieldName(line), Raw: line})
		}
	}
}

// fieldName is "" for a line that is no field.
func fieldName(line []byte) string {
	name, _, found := bytes.Cut(line, []byte(":"))
	name = bytes.TrimRight(name, " \t")
	if !found || len(name) == 0 || bytes.ContainsAny(name, " \t\r\n") {
		return ""
	}
	return string(name)
}
