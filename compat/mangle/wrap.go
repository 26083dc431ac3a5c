package mangle

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"mavis/compat/header"
	"mavis/engine/mail"
)

// Wrapping is a message to be wrapped. Both parts and the outer header are as the original makes them, so that rules of
// mail readers and of later filters go on to work.
type Wrapping struct {
	Warnings []string // of Explain
	Charset  string   // $bdy_encoding; "" means UTF-8
	Boundary string
	// EightBit says that the message has octets above 127, Global that some are in its header and SMTPUTF8 allows them.
	EightBit, Global bool
	ReturnPath       string // put in front of a large message, with brackets
}

// kept says whether the outer header takes a field of the message over.
func kept(name string) bool {
	switch name {
	case "received", "from", "sender", "to", "cc", "reply-to", "date", "message-id", "resent-from", "resent-sender",
		"resent-to", "resent-cc", "resent-date", "resent-message-id", "in-reply-to", "references", "comments", "keywords",
		"organization", "organisation", "user-agent", "x-mailer", "dkim-signature", "domainkey-signature":
		return true
	}
	return false
}

// Header gives the outer header before edits, CRLF line ends: MIME fields and Subject, which edits may tag. The other
// fields that are taken over are added to the edits, to stand below.
func (w Wrapping) Header(orig []mail.Field, e *header.Edits) []mail.Field {
	kind := `Content-Type: multipart/mixed; boundary="` + w.Boundary + `"`
	if len(kind) >= foldColumn {
		kind = strings.Replace(kind, "; ", ";\n ", 1)
	}
	out := []mail.Field{field(kind), field("Content-Transfer-Encoding: binary"), field("MIME-Version: 1.0")}
	for _, f := range orig {
		raw := strings.TrimSuffix(strings.ReplaceAll(string(f.Raw), "\r\n", "\n"), "\n")
		_, body, _ := strings.Cut(raw, ":")
		switch name := strings.ToLower(f.Name); {
		case name == "subject":
			out = append(out, field(foldSubject(protect(body))))
		case kept(name):
			e.AppendOctets(f.Name, protect(body), header.Kept)
		}
	}
	return out
}

func field(s string) mail.Field {
	name, _, _ := strings.Cut(s, ":")
	return mail.Field{Name: name, Raw: []byte(strings.ReplaceAll(s, "\n", "\r\n") + "\r\n")}
}

const lineLimit = 998 // RFC 5322 section 2.1.1

// protect makes a body of a strange field harmless: NUL and CR are written out, and so are line ends before lines of
// white space; long lines are cut.
func protect(body string) string {
	if strings.ContainsAny(body, "\x00\r") {
		body = strings.NewReplacer("\x00", `\x{00}`, "\r", `\x{0d}`).Replace(body)
	}
	all := strings.Split(body, "\n")
	out := all[0]
	for i, l := range all[1:] {
		last := i+1 == len(all)-1
		if !last && strings.Trim(l, " \t") == "" {
			out += `\012` + l
		} else {
			out += "\n" + l
		}
	}
	all = strings.Split(out, "\n")
	for i, l := range all {
		if len(l) > lineLimit {
			all[i] = l[:lineLimit-3] + "..."
		}
	}
	return strings.Join(all, "\n")
}

// Body gives the outer body: the note, then the message with its header.
func (w Wrapping) Body(m *mail.Message) (mail.Body, error) {
	charset := w.Charset
	if charset == "" {
		charset = "UTF-8"
	}
	var note strings.Builder
	for _, s := range w.Warnings {
		note.WriteString(header.Encode(s, charset) + "\n")
	}
	kind, encoding := "message/rfc822", "7bit"
	if w.Global {
		kind = "message/global"
	}
	if w.EightBit {
		encoding = "8bit"
	}
	head := "This is a multi-part message in MIME format...\n\n--" + w.Boundary + "\nContent-Type: text/plain; charset=\"" + charset +
		"\"\nContent-Disposition: inline\nContent-Transfer-Encoding: 7bit\n\n" + note.String() + "\n--" + w.Boundary +
		"\nContent-Type: " + kind + "; x-spam-type=original; name=\"message\"\nContent-Disposition: attachment; filename=\"message\"\n" +
		"Content-Transfer-Encoding: " + encoding + "\nContent-Description: Original message\n\n"
	if w.ReturnPath != "" {
		head += "Return-Path: " + w.ReturnPath + "\n"
	}
	inner := make([]byte, m.HeaderSize)
	if n, err := m.Body.ReadAt(inner, 0); int64(n) < m.HeaderSize {
		return nil, fmt.Errorf("reading the message to be wrapped: %w", err)
	}
	inner = Clean(inner)
	bodySize := m.Body.Size() - m.HeaderSize
	end, err := lineEnd(inner, m)
	if err != nil {
		return nil, err
	}
	return concat{Clean([]byte(strings.ReplaceAll(head, "\n", "\r\n"))), inner}.
		with(io.NewSectionReader(m.Body, m.HeaderSize, bodySize), bodySize, []byte(end+"\r\n--"+w.Boundary+"--\r\n")), nil
}

// lineEnd is what the message lacks at its end.
func lineEnd(inner []byte, m *mail.Message) (string, error) {
	last := byte('\n')
	if m.Body.Size() > m.HeaderSize {
		var b [1]byte
		if n, err := m.Body.ReadAt(b[:], m.Body.Size()-1); n < 1 {
			return "", fmt.Errorf("reading the message to be wrapped: %w", err)
		}
		last = b[0]
	} else if len(inner) > 0 {
		last = inner[len(inner)-1]
	}
	if last == '\n' {
		return "", nil
	}
	return "\r\n", nil
}

// Clean takes out of text what SMTP does not allow, the way the original does: a CR without LF goes, NUL becomes the two
// bytes C0 80.
func Clean(h []byte) []byte {
	if bytes.IndexByte(h, 0) < 0 && bytes.Count(h, []byte("\r")) == bytes.Count(h, []byte("\r\n")) {
		return h
	}
	h = bytes.ReplaceAll(h, []byte("\r\n"), []byte("\n"))
	h = bytes.ReplaceAll(h, []byte("\r"), nil)
	h = bytes.ReplaceAll(h, []byte{0}, []byte{0xc0, 0x80})
	return bytes.ReplaceAll(h, []byte("\n"), []byte("\r\n"))
}
