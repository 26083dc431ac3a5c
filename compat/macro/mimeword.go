package macro

import (
	"encoding/base64"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
)

// wordRE is an encoded-word, with the tolerance mail needs: white space is allowed in Q text.
var wordRE = regexp.MustCompile(`(?s)=\?([^?]*)\?(?:([Bb])\?([A-Za-z0-9+/=]*?)|([Qq])\?(.*?))\?=`)

var foldRE = regexp.MustCompile(`(?:\r?\n|\r)[ \t]`)

// DecodeWords gives a header field body as UTF-8: encoded-words (RFC 2047) decoded, the rest read as UTF-8 if it is
// that, as KOI8-U if it looks so, else as Windows-1252. Encoded-words of unknown charsets stay as they are.
func DecodeWords(s string) string {
	words := wordRE.MatchString(s)
	switch {
	case isASCII(s) && words:
		return decodeWords(foldRE.ReplaceAllString(s, " "), func(s string) string { return s })
	case isASCII(s):
		return s
	case words:
		return decodeWords(s, plainText)
	case looksKOI8(s):
		if out, err := charmap.KOI8U.NewDecoder().String(s); err == nil {
			return out
		}
	}
	return plainText(s)
}

func plainText(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return latin(s)
}

// decodeWords decodes encoded-words and drops the white space between neighbours. Neighbours of the same charset and encoding
// are joined before they are decoded, since mailers cut characters in two.
func decodeWords(s string, other func(string) string) string {
	var out, pending, raw strings.Builder // raw: what is pending, as found
	key := ""                             // charset and encoding of what is pending
	flush := func() {
		charset, _, _ := strings.Cut(key, "?")
		if text, ok := decodeCharset(charset, pending.String()); ok {
			out.WriteString(text)
		} else {
			out.WriteString(raw.String())
		}
		pending.Reset()
		raw.Reset()
		key = ""
	}
	at := 0
	for _, m := range wordRE.FindAllStringSubmatchIndex(s, -1) {
		gap := s[at:m[0]]
		octets, ok := wordOctets(s, m)
		if !ok {
			continue
		}
		k := strings.ToLower(s[m[2] : m[3]+2])
		if at == 0 || strings.Trim(gap, " \t\r\n") != "" {
			flush()
			out.WriteString(other(gap))
		} else if k != key {
			flush()
		}
		key = k
		pending.WriteString(octets)
		raw.WriteString(s[m[0]:m[1]])
		at = m[1]
	}
	flush()
	out.WriteString(other(s[at:]))
	return out.String()
}

func wordOctets(s string, m []int) (string, bool) {
	if m[4] >= 0 {
		text := strings.TrimRight(s[m[6]:m[7]], "=")
		if len(text)%4 == 1 {
			text = text[:len(text)-1]
		}
		b, err := base64.RawStdEncoding.DecodeString(text)
		return string(b), err == nil
	}
	text := strings.ReplaceAll(s[m[10]:m[11]], "_", " ")
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '=' && i+2 < len(text) {
			hi, lo := nibble(text[i+1]), nibble(text[i+2])
			if hi >= 0 && lo >= 0 {
				b.WriteByte(byte(hi<<4 | lo))
				i += 2
				continue
			}
		}
		b.WriteByte(text[i])
	}
	return b.String(), true
}

func nibble(c byte) int {
	if c >= 'A' && c <= 'F' {
		c |= 0x20
	}
	return strings.IndexByte("0123456789abcdef", c)
}

func decodeCharset(name, octets string) (string, bool) {
	name, _, _ = strings.Cut(name, "*") // RFC 2231 section 5: a language may follow
	switch name {
	case "", "us-ascii", "ascii", "utf-8", "utf8":
		return strings.ToValidUTF8(octets, "\ufffd"), true
	}
	var enc encoding.Encoding
	var err error
	if enc, err = htmlindex.Get(name); err != nil {
		if enc, err = ianaindex.MIME.Encoding(name); err != nil || enc == nil {
			return "", false
		}
	}
	out, err := enc.NewDecoder().String(octets)
	return out, err == nil
}

// looksKOI8 says whether raw octets are mostly Cyrillic letters of KOI8-U and hold few ASCII letters.
func looksKOI8(s string) bool {
	if len(s) < 4 || utf8.ValidString(s) {
		return false
	}
	cyrillic, latin := 0, 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c >= 0xC0, strings.IndexByte("\xA3\xA4\xA6\xA7\xAD\xB3\xB4\xB6\xB7\xBD", c) >= 0:
			cyrillic++
		case c >= 0x80:
			return false
		case isLetter(c):
			latin++
		}
	}
	return 3*cyrillic >= 2*len(s) && latin <= 5
}

// decodeLimited is mime_decode (in characters) and mime2utf8 (in octets): text, limit, and whether to add the raw form
// where it differs.
func decodeLimited(raw string, a []string, chars bool) string {
	if raw == "" {
		return ""
	}
	text := DecodeWords(raw)
	both := truth(arg(a, 2))
	limit := int(number(arg(a, 1)))
	switch {
	case chars && limit > 0:
		text = cut(text, limit)
		if both && len(raw) > len(text) {
			raw = raw[:len(text)]
		}
	case !chars && len(a) > 1:
		text = TruncateUTF8(text, limit)
		if both && limit > 0 && len(raw) > limit {
			raw = raw[:limit]
		}
	}
	if both && raw != text {
		text += " (raw: " + raw + ")"
	}
	return text
}

func truth(s string) bool { return s != "" && s != "0" }

// TruncateUTF8 shortens to at most n octets, without leaving a part of a character at the end.
func TruncateUTF8(s string, n int) string {
	if n <= 0 {
		return ""
	}
	if len(s) > n {
		s = s[:n]
	}
	for i := 1; i <= 3 && i <= len(s); i++ {
		c := s[len(s)-i]
		if c < 0x80 {
			break
		}
		if c >= 0xC0 {
			need := 2
			if c >= 0xF0 {
				need = 4
			} else if c >= 0xE0 {
				need = 3
			}
			if i < need {
				return s[:len(s)-i]
			}
			break
		}
	}
	return s
}
