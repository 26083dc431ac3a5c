package notify

import (
	"bytes"
	"encoding/base64"
	"mime/quotedprintable"
	"strings"
	"unicode/utf8"

	"mavis/compat/header"
	"mavis/compat/macro"
	"mavis/compat/macro/facts"
)

// part is one body part, or a message of one part.
type part struct {
	kind        string // Content-Type with its parameters, "; " between them
	disposition string
	encoding    string
	description string
	data        []byte // as it goes out, LF line ends
}

// textPart encodes text: 7bit, or quoted-printable when less than a fifth is not ASCII, else base64.
func textPart(text, charset string) part {
	octets := header.Encode(text, charset)
	high := 0
	for i := 0; i < len(octets); i++ {
		if octets[i] >= 0x80 {
			high++
		}
	}
	p := part{kind: `text/plain; charset="us-ascii"`, disposition: "inline", encoding: "7bit", data: []byte(octets)}
	if high == 0 {
		return p
	}
	p.kind = `text/plain; charset="` + charset + `"`
	if float64(high) < 0.2*float64(len(octets)) {
		p.encoding, p.data = "quoted-printable", quotedPrintable(octets)
	} else {
		p.encoding, p.data = "base64", base64Lines(octets)
	}
	return p
}

// quotedPrintable also protects what mail systems are known to change: "From " and a lone dot at the start of a line.
func quotedPrintable(s string) []byte {
	var b bytes.Buffer
	w := quotedprintable.NewWriter(&b)
	_, _ = w.Write([]byte(s)) // a bytes.Buffer takes all
	_ = w.Close()
	lines := strings.Split(strings.ReplaceAll(b.String(), "\r\n", "\n"), "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, "From ") {
			lines[i] = "=46rom " + l[5:]
		} else if l == "." {
			lines[i] = "=2E"
		}
	}
	return []byte(strings.Join(lines, "\n"))
}

func base64Lines(s string) []byte {
	all := base64.StdEncoding.EncodeToString([]byte(s))
	var b bytes.Buffer
	for len(all) > 76 {
		b.WriteString(all[:76] + "\n")
		all = all[76:]
	}
	b.WriteString(all + "\n")
	return b.Bytes()
}

func (p part) header() string {
	s := foldParameters("Content-Type: "+p.kind) + "\n"
	if p.disposition != "" {
		s += foldParameters("Content-Disposition: "+p.disposition) + "\n"
	}
	s += "Content-Transfer-Encoding: " + p.encoding + "\n"
	if p.description != "" {
		s += "Content-Description: " + p.description + "\n"
	}
	return s
}

// foldParameters breaks a field that is longer than a line: each parameter with quotes gets a line of its own.
func foldParameters(s string) string {
	if len(s) < 79 {
		return s
	}
	parts := strings.Split(s, "; ")
	out := parts[0]
	for _, p := range parts[1:] {
		if strings.Contains(p, `"`) {
			out += ";\n " + p
		} else {
			out += "; " + p
		}
	}
	return out
}

// entity is a message in the making.
type entity struct {
	fields []field // of the template, in order
	kind   string  // multipart type with its parameters
	parts  []part
}

type field struct{ name, raw string }

// set replaces a field, or adds it.
func (e *entity) set(name, raw string) {
	for i := range e.fields {
		if strings.EqualFold(e.fields[i].name, name) {
			e.fields[i] = field{name, raw}
			return
		}
	}
	e.fields = append(e.fields, field{name, raw})
}

// template splits an expanded template into header fields and text. Fields are folded and encoded.
func (e *entity) template(text string, format header.Format) (body string) {
	head := ""
	switch sep := strings.Index(text, "\n\n"); {
	case strings.HasPrefix(text, "\n"):
		body = text[1:]
	case sep >= 0:
		head, body = text[:sep+1], text[sep+2:]
	default:
		head = text
	}
	head = strings.NewReplacer("\r\n", "\n").Replace(head)
	head = strings.NewReplacer("\n ", " ", "\n\t", "\t").Replace(head)
	for _, l := range strings.Split(head, "\n") {
		name, value, ok := strings.Cut(l, ":")
		name = strings.TrimRight(name, " \t")
		if !ok || name == "" {
			continue
		}
		value = macro.DecodeWords(strings.TrimLeft(value, " \t"))
		e.set(name, string(header.FieldIndented(name, value, " ", format)))
	}
	return body
}

// message writes it all with CRLF line ends.
func (e *entity) message(boundary string) []byte {
	var b strings.Builder
	b.WriteString("MIME-Version: 1.0\n")
	if len(e.parts) == 1 {
		b.WriteString(e.parts[0].header())
	} else {
		b.WriteString(foldParameters("Content-Type: "+e.kind+`; boundary="`+boundary+`"`) + "\nContent-Transfer-Encoding: 8bit\n")
	}
	for _, f := range e.fields {
		b.WriteString(f.raw)
	}
	b.WriteString("\n")
	if len(e.parts) == 1 {
		b.Write(e.parts[0].data)
	} else {
		b.WriteString("This is a multi-part message in MIME format...\n\n")
		for _, p := range e.parts {
			b.WriteString("--" + boundary + "\n" + p.header() + "\n")
			b.Write(p.data)
			b.WriteString("\n")
		}
		b.WriteString("--" + boundary + "--\n")
	}
	return []byte(strings.ReplaceAll(strings.ReplaceAll(b.String(), "\r\n", "\n"), "\n", "\r\n"))
}

// headerPart is the header section of the mail that the notice is about.
func headerPart(m *facts.Message) part {
	var b bytes.Buffer
	b.WriteString("Return-Path: " + facts.Quote(m.Sender) + "\n")
	for _, f := range m.Header {
		b.Write(bytes.ReplaceAll(f.Raw, []byte("\r\n"), []byte("\n")))
		if n := len(f.Raw); n > 0 && f.Raw[n-1] != '\n' {
			b.WriteByte('\n')
		}
	}
	p := part{kind: `text/rfc822-headers; name="header.hdr"`, disposition: `inline; filename="header.hdr"`, encoding: "7bit",
		description: "Message header section", data: b.Bytes()}
	if !ascii(b.String()) {
		p.encoding = "8bit"
		if utf8.Valid(b.Bytes()) { // RFC 6533 section 6
			p.kind, p.disposition = `message/global-headers; name="header.u8hdr"`, `inline; filename="header.u8hdr"`
		}
	}
	return p
}

func ascii(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
