package mime

import (
	"bytes"
	"strings"

	"mavis/engine/mail"
)

// Header is the header of an entity: its fields in order, folding kept, line ends as LF.
type Header []mail.Field

// strictName is the length of a field name in the eyes of MIME-tools: printable ASCII without space, then a colon.
func strictName(t []byte) int {
	for i, c := range t {
		if c == ':' {
			return i
		}
		if c <= ' ' || c >= 0x7f {
			return 0
		}
	}
	return 0
}

// parse fills the header from text with LF line ends. A line that is no field is skipped, with its continuation. cut says
// that a stray CR ended the header early; rest is then the next line. many says that fields over maxFields were left out.
func (h *Header) parse(text []byte) (rest string, cut, many bool) {
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	*h = make(Header, 0, 16)
	in := false
	for len(text) > 0 {
		n := bytes.IndexByte(text, '\n') + 1
		if n == 0 {
			n = len(text)
		}
		ln := text[:n]
		text = text[n:]
		if in && (ln[0] == ' ' || ln[0] == '\t') {
			f := &(*h)[len(*h)-1]
			f.Raw = append(f.Raw, ln...)
			continue
		}
		in = false
		if string(ln) == "\n" || string(ln) == "\r\n" || string(ln) == "\r" {
			if len(text) > 0 {
				n := bytes.IndexByte(text, '\n')
				if n < 0 {
					n = len(text)
				}
				return string(text[:n]), true, false
			}
			return "", false, false
		}
		n = strictName(ln)
		if n == 0 {
			if !bytes.HasPrefix(ln, []byte("From ")) {
				continue
			}
			n = 4
		}
		if len(*h) >= maxFields {
			return "", false, true
		}
		in = true
		*h = append(*h, mail.Field{Name: string(ln[:n]), Raw: ln[:len(ln):len(ln)]})
	}
	return "", false, false
}

// maxFields bounds the fields of one header.
const maxFields = 50_000

// Get is the value of the first field of that name, leading white space removed, folding kept.
func (h Header) Get(name string) (string, bool) {
	for _, f := range h {
		if len(f.Name) == len(name) && strings.EqualFold(f.Name, name) {
			return strings.TrimLeft(string(f.Raw[len(f.Name)+1:]), whiteSpace), true
		}
	}
	return "", false
}

// Count is how many fields have that name.
func (h Header) Count(name string) int {
	n := 0
	for _, f := range h {
		if strings.EqualFold(f.Name, name) {
			n++
		}
	}
	return n
}

// params are the parameters of one of the MIME fields, read once.
func (e *Entity) params(field string) *Params {
	if p, ok := e.parsed[field]; ok {
		return p
	}
	p := &Params{}
	if raw, ok := e.Header.Get(field); ok {
		p = ParseParams(raw)
	}
	if e.parsed == nil {
		e.parsed = map[string]*Params{}
	}
	e.parsed[field] = p
	return p
}

func (e *Entity) mimeType(fallback string) string {
	t := e.params("content-type").Value
	if t == "" || t == "0" {
		t = fallback
	}
	if t == "" {
		t = "text/plain"
	}
	return asciiLower(t)
}

func (e *Entity) transferEncoding() string {
	t := e.params("content-transfer-encoding").Value
	if t == "" || t == "0" {
		return "7bit"
	}
	t = asciiLower(t)
	if len(t) == 5 && (t[0] == '7' || t[0] == '8') && (t[1] == ' ' || t[1] == '_' || t[1] == '-') && t[2:] == "bit" {
		return t[:1] + "bit"
	}
	return t
}

func asciiLower(s string) string {
	for i := range len(s) {
		if s[i] >= 'A' && s[i] <= 'Z' {
			b := []byte(s)
			for ; i < len(b); i++ {
				if b[i] >= 'A' && b[i] <= 'Z' {
					b[i] += 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return s
}
