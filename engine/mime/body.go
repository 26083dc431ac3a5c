package mime

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"io"
	"sync"
)

// decoding turns an encoded body into its content.
type decoding func(w io.Writer, r io.Reader) error

// Decode writes the content of a leaf. Broken encodings never fail: what can be had is written, as MIME-tools would. Errors
// are those of the source and of w.
func (e *Entity) Decode(w io.Writer) error {
	how := e.how
	if how == nil {
		how = decodeBinary
	}
	keepCR := e.keepCR || e.Encoding == "base64" // which drops every CR itself
	return how(w, newSpanReader(e.src, e.Body, keepCR))
}

// Write writes a stretch of the source, such as a preamble, with LF line ends.
func (e *Entity) Write(w io.Writer, s Span) error {
	_, err := io.Copy(w, newSpanReader(e.src, s, e.keepCR))
	return err
}

// DecodeBody decodes r, which has LF as line ends, by the name of a content transfer encoding in lower case; an unknown one
// passes through.
func DecodeBody(encoding string, w io.Writer, r io.Reader) error {
	how := decoderFor(encoding)
	if how == nil {
		how = decodeBinary
	}
	return how(w, r)
}

func decoderFor(encoding string) decoding {
	switch encoding {
	case "7bit", "8bit":
		return decodeLines
	case "binary", "none":
		return decodeBinary
	case "base64":
		return decodeBase64
	case "quoted-printable":
		return decodeQuoted
	case "x-uu", "x-uuencode":
		return decodeUU
	case "binhex", "binhex40", "mac-binhex40", "mac-binhex":
		return decodeBinHex
	}
	return nil
}

func decodeBinary(w io.Writer, r io.Reader) error {
	_, err := io.Copy(w, r)
	return err
}

// decodeLines is for 7bit and 8bit. MIME-tools passes them on but for a CR LF at the end of each of its blocks, which are
// 8 KiB and the rest of the line; after SMTP that remains only of CR CR LF.
func decodeLines(w io.Writer, r io.Reader) error {
	b := blocks.Get().(*blockReader)
	in := &b.in
	in.Reset(r)
	defer func() {
		in.Reset(nil)
		blocks.Put(b)
	}()
	for {
		n, err := io.ReadFull(in, b.block[:8<<10])
		out := b.block[:n]
		if err == nil {
			var rest []byte
			rest, err = in.ReadSlice('\n')
			out = append(out, rest...)
			for err == bufio.ErrBufferFull {
				if _, werr := w.Write(out); werr != nil {
					return werr
				}
				rest, err = in.ReadSlice('\n')
				out = append(out[:0], rest...)
			}
		}
		switch n := len(out); {
		case n >= 3 && string(out[n-3:]) == "\r\n\n":
			out = append(out[:n-3], "\n\n"...)
		case n >= 2 && string(out[n-2:]) == "\r\n":
			out = append(out[:n-2], '\n')
		}
		if _, werr := w.Write(out); werr != nil {
			return werr
		}
		switch err {
		case nil:
		case io.EOF, io.ErrUnexpectedEOF:
			return nil
		default:
			return err
		}
	}
}

// blockReader is what decodeLines needs for one body.
type blockReader struct {
	in    bufio.Reader
	block [16 << 10]byte
}

var blocks = sync.Pool{New: func() any {
	return &blockReader{in: *bufio.NewReaderSize(nil, 32<<10)}
}}

func isBase64(c byte) bool { return base64Value[c] }

var base64Value = func() (t [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		t[c] = true
	}
	return
}()

// coder is what decodeBase64 needs for one body.
type coder struct{ in, out []byte }

var coders = sync.Pool{New: func() any { return &coder{make([]byte, 64<<10), make([]byte, 48<<10+8)} }}

// decodeBase64 drops everything outside of the alphabet, padding too, and decodes what remains as one run.
func decodeBase64(w io.Writer, r io.Reader) error {
	c := coders.Get().(*coder)
	defer coders.Put(c)
	in, out := c.in, c.out
	have := 0
	for {
		n, err := r.Read(in[have:])
		have += inAlphabet(in[have : have+n])
		if err != nil && err != io.EOF {
			return err
		}
		use := have &^ 3
		if err == io.EOF {
			use = have
			if use%4 == 1 {
				use--
			}
		}
		if use > 0 && (use >= len(in)/2 || err == io.EOF) {
			m, derr := base64.RawStdEncoding.Decode(out, in[:use])
			if derr != nil {
				m = 0
			}
			if _, werr := w.Write(out[:m]); werr != nil {
				return werr
			}
			have = copy(in, in[use:have])
		}
		if err == io.EOF {
			return nil
		}
	}
}

// inAlphabet moves what belongs to the alphabet to the front and says how much that is. Whole runs are moved at once: honest
// mail has lines of 76.
func inAlphabet(b []byte) int {
	w := 0
	for i := 0; i < len(b); {
		start := i
		for i+8 <= len(b) {
			t := b[i : i+8 : i+8]
			if !(base64Value[t[0]] && base64Value[t[1]] && base64Value[t[2]] && base64Value[t[3]] &&
				base64Value[t[4]] && base64Value[t[5]] && base64Value[t[6]] && base64Value[t[7]]) {
				break
			}
			i += 8
		}
		for i < len(b) && base64Value[b[i]] {
			i++
		}
		if w != start {
			copy(b[w:], b[start:i])
		}
		w += i - start
		for i < len(b) && !base64Value[b[i]] {
			i++
		}
	}
	return w
}

// decodeQuoted is quoted-printable line by line (RFC 2045 section 6.7): white space at line ends goes, what is not a valid
// escape stays as it is.
func decodeQuoted(w io.Writer, r io.Reader) error {
	in := bufio.NewReaderSize(r, 64<<10)
	out := make([]byte, 0, 64<<10)
	first, pdf := true, false
	for {
		ln, err := in.ReadSlice('\n')
		if err != nil && err != io.EOF && err != bufio.ErrBufferFull {
			return err
		}
		if first {
			first = false
			pdf = brokenPDF(ln)
		}
		if pdf {
			out = quotedPDF(out[:0], ln)
		} else {
			out = quotedLine(out[:0], ln)
		}
		if _, werr := w.Write(out); werr != nil {
			return werr
		}
		if err == io.EOF {
			return nil
		}
	}
}

func quotedLine(out, ln []byte) []byte {
	for i := 0; i < len(ln); {
		c := ln[i]
		switch {
		case c == ' ' || c == '\t':
			j := i
			for j < len(ln) && (ln[j] == ' ' || ln[j] == '\t') {
				j++
			}
			k := j
			for k < len(ln) && ln[k] == '\r' {
				k++
			}
			if !(j < len(ln) && (ln[j] == '\n' || k < len(ln) && k > j && k == j+1 && ln[k] == '\n')) {
				out = append(out, ln[i:j]...)
			}
			i = j
		case c == '\r' && i+1 < len(ln) && ln[i+1] == '\n':
			i++
		case c == '=':
			if i+2 < len(ln) && unhex(ln[i+1]) >= 0 && unhex(ln[i+2]) >= 0 {
				out = append(out, byte(unhex(ln[i+1])<<4|unhex(ln[i+2])))
				i += 3
				continue
			}
			j := i + 1
			for j < len(ln) && (ln[j] == ' ' || ln[j] == '\t') {
				j++
			}
			switch {
			case j < len(ln) && ln[j] == '\n':
				i = j + 1
			case j+1 < len(ln) && ln[j] == '\r' && ln[j+1] == '\n':
				i = j + 2
			default:
				out = append(out, c)
				i++
			}
		default:
			out = append(out, c)
			i++
		}
	}
	return out
}

// brokenPDF recognises a PDF whose line ends one mailer left half encoded.
func brokenPDF(ln []byte) bool {
	rest, ok := bytes.CutPrefix(ln, []byte("%PDF-"))
	if !ok {
		return false
	}
	n := 0
	for n < len(rest) && (rest[n] >= '0' && rest[n] <= '9' || rest[n] == '.') {
		n++
	}
	return n > 0 && bytes.HasPrefix(rest[n:], []byte("=0D")) && !bytes.HasSuffix(ln, []byte("=0D\n"))
}

func quotedPDF(out, ln []byte) []byte {
	end := len(ln)
	if end > 0 && ln[end-1] == '\n' {
		cut := end - 1
		cr := cut > 0 && ln[cut-1] == '\r'
		if cr {
			cut--
		}
		for cut > 0 && (ln[cut-1] == ' ' || ln[cut-1] == '\t') {
			cut--
		}
		if cut > 0 && ln[cut-1] == '=' {
			ln = ln[:cut-1]
		} else {
			ln = append(append([]byte(nil), ln[:cut]...), '\r', '\n')
		}
	}
	for i := 0; i < len(ln); i++ {
		if ln[i] == '=' && i+2 < len(ln) && unhex(ln[i+1]) >= 0 && unhex(ln[i+2]) >= 0 {
			out = append(out, byte(unhex(ln[i+1])<<4|unhex(ln[i+2])))
			i += 2
			continue
		}
		out = append(out, ln[i])
	}
	return out
}
