// Package header makes the header section that others get to read: it adds, removes and changes fields with the very
// folding and encoding of amavisd, for forwarded mail, quarantined mail and notices.
package header

import (
	"bytes"
	"encoding/base64"
	"regexp"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"

	"mavis/compat/macro"
)

// Folding says where the body of a new field may be folded.
type Folding int

const (
	// Free folds at any white space, when the field is longer than 78 columns.
	Free Folding = iota
	// Marked folds where the body has line feeds, and only there.
	Marked
	// Kept leaves the line feeds of the body as they are.
	Kept
)

// Format are the settings for new fields. The zero value is the default.
type Format struct {
	Charset  string // $hdr_encoding; "" means UTF-8
	Base64   bool   // $hdr_encoding_qb is B
	SMTPUTF8 bool   // the message may have UTF-8 in its header
}

const (
	foldColumn = 78
	lineLimit  = 998 // RFC 5322 section 2.1.1
)

var encodable = regexp.MustCompile(`(?i)^(?:Subject|Comments|(?:Resent-)?(?:From|Sender|To|Cc))$`)

// Field writes a field with LF line ends, the last included. The body is UTF-8, or raw octets for fields that are not
// encoded.
func Field(name, body string, fold Folding, format Format) []byte {
	return field(name, body, fold, format, nil)
}

// field with an indent replaces the white space at folds by it.
func field(name, body string, fold Folding, format Format, indent *string) []byte {
	name = strings.Map(func(r rune) rune {
		if r <= ' ' || r == ':' || r >= 0x7f {
			return '?'
		}
		return r
	}, name)
	if !format.SMTPUTF8 && !ascii(body) && encodable.MatchString(name) {
		body = encodeBody(body, format)
	}
	s := name + ":"
	if body != "" && body[0] != ' ' && body[0] != '\t' {
		s += " "
	}
	s += body
	if fold == Kept {
		s = tidyFolds(s)
	} else if fold == Marked || len(s) > foldColumn {
		w := macro.Wrapping{Width: foldColumn, Structured: fold == Marked}
		if indent != nil {
			w.Indent, w.HasIndent = *indent, true
		}
		s = macro.Wrap(s, w)
	}
	if len(s) > lineLimit {
		lines := strings.Split(s, "\n")
		for i, l := range lines {
			if len(l) > lineLimit {
				lines[i] = l[:lineLimit-3] + "..."
			}
		}
		s = strings.Join(lines, "\n")
	}
	return []byte(strings.TrimRight(s, "\n") + "\n")
}

// tidyFolds takes lines of white space out of a folded field and sees to white space after each fold.
func tidyFolds(s string) string {
	var out []string
	for _, l := range strings.Split(s, "\n") {
		switch {
		case len(out) > 0 && strings.Trim(l, " \t") == "":
			out[len(out)-1] += l
		case len(out) > 0 && l[0] != ' ' && l[0] != '\t':
			out = append(out, " "+l)
		default:
			out = append(out, l)
		}
	}
	return strings.Join(out, "\n")
}

func ascii(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// encodeBody makes encoded-words (RFC 2047) of the lines that are not plain ASCII.
func encodeBody(body string, format Format) string {
	body = strings.NewReplacer("\n ", " ", "\n\t", "\t").Replace(body)
	body = strings.TrimSuffix(body, "\n")
	charset := format.Charset
	if charset == "" {
		charset = "UTF-8"
	}
	lines := strings.Split(Encode(body, charset), "\n")
	for i, l := range lines {
		switch {
		case ascii(l) && !strings.ContainsAny(l, "\x00\r"):
		case format.Base64:
			lines[i] = "=?" + charset + "?B?" + base64.StdEncoding.EncodeToString([]byte(l)) + "?="
		default:
			lines[i] = QEncode(l, charset)
		}
	}
	return strings.Join(lines, "\n")
}

// Encode turns UTF-8 text into a charset; what it does not have becomes a question mark.
func Encode(text, charset string) string {
	if strings.EqualFold(charset, "utf-8") || strings.EqualFold(charset, "utf8") {
		return text
	}
	if strings.EqualFold(charset, "us-ascii") {
		return questionMarks(text)
	}
	enc, err := ianaindex.MIME.Encoding(charset) // for browsers, htmlindex takes Windows-1252 for Latin-1
	if err != nil || enc == nil {
		if enc, err = htmlindex.Get(charset); err != nil {
			return text
		}
	}
	out, err := encoding.ReplaceUnsupported(enc.NewEncoder()).String(text)
	if err != nil {
		return questionMarks(text)
	}
	return strings.ReplaceAll(out, "\x1a", "?")
}

func questionMarks(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 0x80 {
			return '?'
		}
		return r
	}, s)
}

// QEncode makes Q encoded-words of the part of a text that needs it: ASCII words before and after stay readable. No word
// is longer than 75 characters.
func QEncode(octets, charset string) string {
	plain := func(c byte) bool { return c != 0 && c != '\n' && c != '\r' && c < 0x80 }
	head, tail := 0, len(octets)
	for i := 0; i < len(octets) && plain(octets[i]); i++ {
		if octets[i] == ' ' || octets[i] == '\t' {
			head = i + 1
		}
	}
	for i := len(octets) - 1; i >= head && plain(octets[i]); i-- {
		if octets[i] == ' ' || octets[i] == '\t' {
			tail = i
		}
	}
	rest := qText(octets[head:tail])
	prefix := "=?" + charset + "?Q?"
	room := 75 - len(prefix) - len("?=")
	out := octets[:head]
	for rest != "" {
		if out == "" || out[len(out)-1] != ' ' && out[len(out)-1] != '\t' {
			out += " "
		}
		n := qCut(rest, room)
		out += prefix + rest[:n] + "?="
		rest = rest[n:]
	}
	return out + octets[tail:]
}

func qText(s string) string {
	const hex = "0123456789ABCDEF"
	var b bytes.Buffer
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == ' ':
			b.WriteByte('_')
		case c < ' ' || c >= 0x7f || c == '=' || c == '?' || c == '_':
			b.Write([]byte{'=', hex[c>>4], hex[c&15]})
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// qCut is how much of encoded text goes into one word: no =XX is cut in two. A word that is not the last ends with two
// characters that are no equals sign.
func qCut(s string, room int) int {
	if len(s) <= room {
		return len(s)
	}
	for n := min(room, len(s)); n > 2; n-- {
		if s[n-1] != '=' && s[n-2] != '=' {
			return n
		}
	}
	return min(room, len(s))
}

// FieldIndented is Field with Free folding, where the white space at each fold is replaced by indent.
func FieldIndented(name, body, indent string, format Format) []byte {
	return field(name, body, Free, format, &indent)
}
