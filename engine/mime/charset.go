package mime

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
)

// lookupCharset finds a decoder. IANA's own meaning of a name goes first: the web's index would read iso-8859-1 as
// Windows-1252.
func lookupCharset(name string) encoding.Encoding {
	name = strings.ToLower(strings.TrimSpace(name))
	switch name {
	case "utf8", "utf-8", "unicode-1-1-utf-8":
		return unicode.UTF8
	case "us-ascii", "ascii", "iso646-us":
		return asciiOnly{}
	case "latin1", "latin-1":
		return charmap.ISO8859_1
	case "cp932", "ms932", "windows-31j", "sjis", "shiftjis":
		return japanese.ShiftJIS
	case "cp936":
		return simplifiedchinese.GBK
	case "cp949", "uhc":
		return korean.EUCKR
	case "cp950":
		return traditionalchinese.Big5
	}
	if rest, ok := strings.CutPrefix(name, "cp125"); ok && len(rest) == 1 {
		name = "windows-125" + rest
	}
	if e, err := ianaindex.MIME.Encoding(name); err == nil && e != nil {
		return e
	}
	if e, err := ianaindex.IANA.Encoding(name); err == nil && e != nil {
		return e
	}
	if e, err := htmlindex.Get(name); err == nil {
		return e
	}
	return nil
}

// DecodeCharset turns octets in the named charset into Unicode text; what cannot be is U+FFFD. False when the charset is
// not known.
func DecodeCharset(name, octets string) (string, bool) {
	e := lookupCharset(name)
	if e == nil {
		return "", false
	}
	if _, ok := e.(asciiOnly); ok {
		return asciiText(octets), true
	}
	if e == unicode.UTF8 {
		return validUTF8(octets), true
	}
	out, err := e.NewDecoder().String(octets)
	if err != nil || !utf8.ValidString(out) {
		out = strings.ToValidUTF8(out, "\uFFFD")
	}
	return out, true
}

// validUTF8 puts one U+FFFD in the place of each longest beginning of a character that does not go on (Unicode 15, section 3.9).
func validUTF8(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for s != "" {
		r, n := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && n == 1 {
			n = brokenLength(s)
		}
		b.WriteRune(r)
		s = s[n:]
	}
	return b.String()
}

// brokenLength is how many octets at the start of s belong to one broken character.
func brokenLength(s string) int {
	low, high, want := byte(0x80), byte(0xbf), 0
	switch c := s[0]; {
	case c >= 0xc2 && c < 0xe0:
		want = 2
	case c >= 0xe0 && c < 0xf0:
		want = 3
		if c == 0xe0 {
			low = 0xa0
		} else if c == 0xed {
			high = 0x9f
		}
	case c >= 0xf0 && c < 0xf5:
		want = 4
		if c == 0xf0 {
			low = 0x90
		} else if c == 0xf4 {
			high = 0x8f
		}
	}
	n := 1
	for n < want && n < len(s) && s[n] >= low && s[n] <= high {
		n++
		low, high = 0x80, 0xbf
	}
	return n
}

type asciiOnly struct{ encoding.Encoding }

func asciiText(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 0x80 {
			return utf8.RuneError
		}
		return r
	}, Latin1(s))
}

// Latin1 turns octets into the text of the characters with the same numbers.
func Latin1(s string) string {
	for i := range len(s) {
		if s[i] >= 0x80 {
			b := make([]rune, len(s))
			for j := range len(s) {
				b[j] = rune(s[j])
			}
			return string(b)
		}
	}
	return s
}

func windows1252(s string) string {
	for i := range len(s) {
		if s[i] >= 0x80 {
			b := make([]rune, len(s))
			for j := range len(s) {
				b[j] = charmap.Windows1252.DecodeByte(s[j])
				switch s[j] {
				case 0x81, 0x8d, 0x8f, 0x90, 0x9d: // not assigned
					b[j] = utf8.RuneError
				}
			}
			return string(b)
		}
	}
	return s
}
