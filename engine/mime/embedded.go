package mime

import (
	"bufio"
	"bytes"
	"io"
	"regexp"
	"strings"
)

// hint notices the first line that looks like an embedded uuencoded or BinHex file.
type hint struct {
	kind          string
	begun         bool // a line beginning with "begin"
	headed, colon bool // the BinHex comment, and a line beginning with a colon behind it
}

// missing says, for encodings that need a first line, that there was none.
func (h *hint) missing(encoding string) string {
	switch {
	case (encoding == "x-uu" || encoding == "x-uuencode") && !h.begun:
		return "uu decoding: no begin found"
	case strings.HasSuffix(encoding, "binhex") && !h.colon, strings.HasSuffix(encoding, "binhex40") && !h.colon:
		return "binhex decoding: fell off end of file"
	}
	return ""
}

func (h *hint) see(ln *line) {
	if len(ln.text) == 0 {
		return
	}
	h.begun = h.begun || ln.text[0] == 'b' && bytes.HasPrefix(ln.text, []byte("begin"))
	h.colon = h.colon || h.headed && ln.text[0] == ':'
	h.headed = ln.text[0] == '(' && bytes.HasPrefix(ln.text, []byte("(This file must be converted"))
	if h.kind != "" {
		return
	}
	switch t := ln.text; t[0] {
	case 'b':
		if len(t) >= 9 && string(t[:6]) == "begin " && octal(t[6]) && octal(t[7]) && octal(t[8]) {
			h.kind = "uu"
		}
	case '(':
		if hasFold(t, "(This file must be converted with") {
			h.kind = "binhex"
		}
	}
}

func octal(c byte) bool { return c >= '0' && c <= '7' }

func hasFold(t []byte, prefix string) bool {
	return len(t) >= len(prefix) && strings.EqualFold(string(t[:len(prefix)]), prefix)
}

var uuBegin = regexp.MustCompile(`^(\s+(\d+))?(\s+(.*?\S))?\s*$`)

// embedded splits a text with uuencoded or BinHex files into a multipart of its own: the text in front, if any, and one
// part for each file. Text behind the first file is not kept, as in the original. False when nothing was found.
func (p *parser) embedded(e *Entity, kind string) bool {
	r := newLines(p.src, e.Body.Start, e.Body.End, p.o.KeepCR)
	var made []*Entity
	add := func(c *Entity) {
		c.Parent, c.src, c.keepCR, c.Leaf = e, p.src, p.o.KeepCR, true
		made = append(made, c)
	}
	for {
		name, front, data, text, ok := nextEmbedded(r, kind)
		if !ok {
			break
		}
		if p.count++; p.count > p.o.MaxParts {
			p.problem(TooMany, data.Start, "")
			break
		}
		if len(made) == 0 && text {
			add(&Entity{Type: "text/plain", EffectiveType: "text/plain", Encoding: "7bit", Body: front, how: decodeBinary})
		}
		c := &Entity{Type: "application/octet-stream", Encoding: "binary", Body: data, how: decodeUU}
		if kind == "binhex" {
			c.how = decodeBinHex
		}
		if i := strings.LastIndexByte(name, '.'); i >= 0 {
			switch ext := asciiLower(name[i+1:]); ext {
			case "gif", "jpg", "jpeg", "xbm", "xpm", "png":
				c.Type = "image/" + ext
			}
		}
		c.EffectiveType = c.Type
		c.Names = candidateNames(nil, name)
		add(c)
	}
	if r.err != nil {
		p.err = r.err
	}
	if len(made) == 0 {
		return false
	}
	e.Leaf, e.Children = false, made
	e.Type, e.EffectiveType, e.Encoding = "multipart/mixed", "multipart/mixed", "7bit"
	e.Header, e.parsed = e.Header.without("content-"), nil
	p.out.Leaves = append(p.out.Leaves, made...)
	return true
}

func (h Header) without(prefix string) Header {
	var out Header
	for _, f := range h {
		if !strings.HasPrefix(asciiLower(f.Name), prefix) {
			out = append(out, f)
		}
	}
	return out
}

// nextEmbedded finds the next file: its name, the stretch in front of it, whether that has text, and the stretch to decode.
func nextEmbedded(r *lines, kind string) (name string, front, data Span, text, ok bool) {
	front = Span{r.offset(), r.offset()}
	for {
		ln, more := r.read()
		if !more {
			return "", front, data, text, false
		}
		t := ln.text
		if kind == "uu" && bytes.HasPrefix(t, []byte("begin")) {
			front.End = ln.start
			data = Span{ln.start, ln.end}
			rest := strings.TrimRight(string(t[5:min(len(t), 1000)]), "\n")
			if m := uuBegin.FindStringSubmatch(rest); m != nil {
				name = m[4]
			}
			for {
				ln, more = r.read()
				if !more {
					break
				}
				data.End = ln.end
				if bytes.HasPrefix(ln.text, []byte("end")) {
					break
				}
			}
			return name, front, data, text, true
		}
		if kind == "binhex" && bytes.HasPrefix(t, []byte("(This file must be converted")) {
			front.End = ln.start
			ln, more = r.read()
			if !more {
				return "", front, data, text, false
			}
			if ln.text[0] != ':' {
				text = text || len(bytes.TrimSpace(ln.text)) > 0
				continue
			}
			data = Span{front.End, ln.end}
			for !endsBinHex(ln.text) || ln.start == data.Start {
				ln, more = r.read()
				if !more {
					break
				}
				data.End = ln.end
			}
			return "", front, data, text, true
		}
		text = text || len(bytes.TrimSpace(t)) > 0
	}
}

func endsBinHex(t []byte) bool {
	t = bytes.TrimSuffix(t, []byte("\n"))
	return len(t) > 1 && t[len(t)-1] == ':'
}

// decodeUU decodes the first uuencoded file of a body. Lines that do not fit are passed over.
func decodeUU(w io.Writer, r io.Reader) error {
	in := bufio.NewReaderSize(r, 4096)
	begun := false
	var out []byte
	for {
		ln, err := in.ReadSlice('\n')
		long := err == bufio.ErrBufferFull
		for err == bufio.ErrBufferFull {
			_, err = in.ReadSlice('\n')
		}
		if err != nil && err != io.EOF {
			return err
		}
		switch {
		case len(ln) == 0 || long:
		case !begun:
			begun = bytes.HasPrefix(ln, []byte("begin"))
		case bytes.HasPrefix(ln, []byte("end")):
			return nil
		default:
			out = uuLine(out[:0], ln)
			if _, werr := w.Write(out); werr != nil {
				return werr
			}
		}
		if err == io.EOF {
			return nil
		}
	}
}

func uuLine(out, ln []byte) []byte {
	for _, c := range ln {
		if c >= 'a' && c <= 'z' {
			return out
		}
	}
	n := (int(ln[0]) - 32) & 0o77
	if (n+2)/3 != len(ln)/4 || ln[0] <= ' ' || ln[0] >= 'a' {
		return out
	}
	at := func(i int) byte {
		if i < len(ln) && ln[i] >= ' ' && ln[i] < 'a' {
			return (ln[i] - 32) & 0o77
		}
		return 0
	}
	for i := 1; n > 0; i += 4 {
		a, b, c, d := at(i), at(i+1), at(i+2), at(i+3)
		three := [3]byte{a<<2 | b>>4, b<<4 | c>>2, c<<6 | d}
		k := min(n, 3)
		out = append(out, three[:k]...)
		n -= k
	}
	return out
}
