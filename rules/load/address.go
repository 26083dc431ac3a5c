package load

import (
	"strings"

	"mavis/rules/lookup"
)

// splitAddress parses an address as found in table files (RFC 5321, section 4.1.2, read with much tolerance): angle
// brackets and a source route are dropped, quoting of the local part is undone. The domain keeps its @.
func splitAddress(addr string) (local, domain string) {
	if t := strings.TrimLeft(addr, " \t\r\n\f\v"); strings.HasPrefix(t, "<") {
		addr = t[1:]
	}
	if t := strings.TrimRight(addr, " \t\r\n\f\v"); strings.HasSuffix(t, ">") {
		addr = t[:len(t)-1]
	}
	addr = addr[routeLen(addr):]
	local = addr
	for i := 0; i < len(addr); i++ {
		if addr[i] == '@' && isDomain(addr[i+1:]) {
			local, domain = addr[:i], addr[i:]
			break
		}
	}
	return unquoteLocal(local), domain
}

// routeLen is the length of a source route, "@a,@b:", with the blanks around it.
func routeLen(s string) int {
	i := blanks(s, 0)
	for {
		if i >= len(s) || s[i] != '@' {
			return 0
		}
		i++
		if i < len(s) && s[i] == '[' {
			end := bracketEnd(s, i)
			if end < 0 {
				return 0
			}
			i = end
		} else {
			for i < len(s) && routeChar(s[i]) {
				i++
			}
		}
		i = blanks(s, i)
		if i >= len(s) {
			return 0
		}
		switch s[i] {
		case ',':
			i = blanks(s, i+1)
		case ':':
			return blanks(s, i+1)
		default:
			return 0
		}
	}
}

func blanks(s string, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\t') {
		i++
	}
	return i
}

func routeChar(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c >= 0x80 && c <= 0xf4 ||
		strings.IndexByte(".!#$%&*/^{}=_+-", c) >= 0
}

// bracketEnd is the offset after the ] that closes the [ at i; -1 when there is none within 1000 signs.
func bracketEnd(s string, i int) int {
	for n, j := 0, i+1; j < len(s) && n < 1000; n, j = n+1, j+1 {
		switch s[j] {
		case ']':
			return j + 1
		case '\\':
			j++
		}
	}
	return -1
}

// isDomain says whether a text may follow the last @: an @ within it must stand in brackets.
func isDomain(s string) bool {
	ok := make([]bool, len(s)+1) // ok[i]: s[i:] is fine
	ok[len(s)] = true
	for i := len(s) - 1; i >= 0; i-- {
		ok[i] = s[i] != '@' && ok[i+1]
		if s[i] == '[' {
			if end := bracketEnd(s, i); end >= 0 && ok[end] {
				ok[i] = true
			}
		}
	}
	return ok[0]
}

// unquoteLocal drops quotes, and backslashes before other signs.
func unquoteLocal(s string) string {
	if !strings.ContainsAny(s, `"\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
		case '\\':
			if i++; i < len(s) {
				b.WriteByte(s[i])
			}
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// internalAddress is the unquoted form of an address. One with an @ in its local part but no domain gets an @ at its
// end, to stay different from a common address.
func internalAddress(s string) string {
	local, domain := splitAddress(s)
	if domain == "" && strings.Contains(local, "@") {
		domain = "@"
	}
	return local + domain
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

func asciiLower(s string) string {
	for i := 0; i < len(s); i++ {
		if s[i] >= 'A' && s[i] <= 'Z' {
			b := []byte(s)
			for j := range b {
				if b[j] >= 'A' && b[j] <= 'Z' {
					b[j] += 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return s
}

// toUnicode decodes the xn-- labels of a domain name; what cannot be decoded leaves the name as it is.
func toUnicode(s string) string {
	labels := strings.Split(asciiLower(s), ".")
	found := false
	for i, label := range labels {
		if strings.HasPrefix(label, "xn--") {
			u, ok := punyDecode(label[4:])
			if !ok {
				return s
			}
			labels[i], found = u, true
		}
	}
	if !found {
		return s
	}
	return strings.Join(labels, ".")
}

// addrToASCII encodes the domain of a mail address, which may stand in angle brackets.
func addrToASCII(s string) string {
	open, end := "", ""
	if len(s) >= 2 && s[0] == '<' && s[len(s)-1] == '>' {
		open, end, s = "<", ">", s[1:len(s)-1]
	}
	if i := strings.LastIndexByte(s, '@'); i >= 0 {
		s = s[:i] + lookup.ToASCII(s[i:])
	}
	return open + s + end
}
