package mime

import (
	"encoding/base64"
	"strings"
)

// DecodeWords decodes encoded words (RFC 2047) in octets as found in a header, leniently: words may stand anywhere, also
// in quotes, and white space between two words goes. What is outside of words is taken as Windows-1252, the customary
// reading of unlabelled octets; a word in an unknown charset gives its octets as Latin-1. The result is Unicode text.
func DecodeWords(s string) string {
	if strings.Contains(s, "?=") {
		s = joinWords(s)
	}
	var b strings.Builder
	for s != "" {
		i := strings.Index(s, "=?")
		if i < 0 {
			b.WriteString(windows1252(s))
			break
		}
		b.WriteString(windows1252(s[:i]))
		s = s[i:]
		charset, kind, data, n := encodedWord(s)
		if n == 0 {
			b.WriteString("=?")
			s = s[2:]
			continue
		}
		s = s[n:]
		charset, _, _ = strings.Cut(charset, "*")
		if kind == 'q' {
			data = decodeQ(data)
		} else {
			data = string(decode64([]byte(data)))
		}
		if charset == "" {
			b.WriteString(windows1252(data))
			continue
		}
		text, known := DecodeCharset(charset, data)
		if !known {
			text = Latin1(data)
		}
		b.WriteString(text)
	}
	return b.String()
}

// joinWords removes white space between the end of a word and the start of the next.
func joinWords(s string) string {
	var b strings.Builder
	for {
		i := strings.Index(s, "?=")
		if i < 0 {
			b.WriteString(s)
			return b.String()
		}
		j := skipSpace(s, i+2)
		b.WriteString(s[:i+2])
		if j > i+2 && strings.HasPrefix(s[j:], "=?") {
			b.WriteString("=?")
			s = s[j+2:]
			continue
		}
		s = s[i+2:]
	}
}

// encodedWord reads a word at the start of s; n is its length, 0 when there is none.
func encodedWord(s string) (charset string, kind byte, data string, n int) {
	i := strings.IndexByte(s[2:], '?')
	if i < 0 {
		return
	}
	i += 2
	if i+2 >= len(s) || s[i+2] != '?' {
		return
	}
	kind = s[i+1] | 0x20
	if kind != 'q' && kind != 'b' {
		return
	}
	j := strings.IndexByte(s[i+3:], '?')
	if j <= 0 {
		return
	}
	j += i + 3
	if j+1 >= len(s) || s[j+1] != '=' {
		return
	}
	return s[2:i], kind, s[i+3 : j], j + 2
}

func decodeQ(s string) string {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '_':
			b = append(b, ' ')
		case s[i] == '=' && i+2 < len(s) && unhex(s[i+1]) >= 0 && unhex(s[i+2]) >= 0:
			b = append(b, byte(unhex(s[i+1])<<4|unhex(s[i+2])))
			i += 2
		default:
			b = append(b, s[i])
		}
	}
	return string(b)
}

// decode64 decodes one run of base64: foreign characters are skipped, the first padding ends it.
func decode64(s []byte) []byte {
	clean := make([]byte, 0, len(s))
	for i, c := range s {
		if isBase64(c) {
			clean = append(clean, c)
		} else if c == '=' && len(clean)%4 >= 2 {
			_ = i
			break
		}
	}
	if len(clean)%4 == 1 {
		clean = clean[:len(clean)-1]
	}
	out := make([]byte, base64.RawStdEncoding.DecodedLen(len(clean)))
	n, _ := base64.RawStdEncoding.Decode(out, clean)
	return out[:n]
}

// Names gives the forms of a name that rules see: decoded, then raw, each once. Raw octets stand as Latin-1 characters.
func candidateNames(list []string, raw string) []string {
	if raw == "" {
		return list
	}
	dec, plain := DecodeWords(raw), Latin1(raw)
	for _, n := range []string{dec, plain} {
		known := n == ""
		for _, have := range list {
			known = known || have == n
		}
		if !known {
			list = append(list, n)
		}
	}
	return list
}
