package mail

import "strings"

// Unquote gives the internal form of an SMTP address as it stands between angle brackets: the quotes of a quoted
// local part undone, source routes dropped (RFC 5321 section 4.1.2). Lookup tables see this form.
func Unquote(path string) string {
	local, domain := splitAt(stripRoute(path))
	if !strings.Contains(local, `"`) && !strings.Contains(local, `\`) {
		return local + domain
	}
	var b strings.Builder
	for i := 0; i < len(local); i++ {
		switch c := local[i]; {
		case c == '\\' && i+1 < len(local):
			i++
			b.WriteByte(local[i])
		case c == '"':
		default:
			b.WriteByte(c)
		}
	}
	return b.String() + domain
}

// Quote gives the SMTP form without brackets: the local part is quoted when its characters demand it
// (RFC 5321 section 4.1.2; 8-bit characters may stand bare, RFC 6531).
func Quote(addr string) string {
	local, domain := splitAt(addr)
	if local == "" && domain == "" || isDotAtom(local) {
		return addr
	}
	var b strings.Builder
	b.WriteByte('"')
	for i := 0; i < len(local); i++ {
		if local[i] == '"' || local[i] == '\\' {
			b.WriteByte('\\')
		}
		b.WriteByte(local[i])
	}
	b.WriteByte('"')
	return b.String() + domain
}

// Bracket is Quote between angle brackets, as log lines and header fields show addresses.
func Bracket(addr string) string { return "<" + Quote(addr) + ">" }

// SplitAddress cuts the internal form at its last @; domain keeps the @ and is empty when there is none.
func SplitAddress(addr string) (local, domain string) { return splitAt(addr) }

// splitAt cuts at the @ that ends the local part; an @ inside quotes belongs to the local part.
func splitAt(s string) (string, string) {
	quoted := false
	at := -1
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			quoted = !quoted
		case '@':
			if !quoted {
				at = i
			}
		}
	}
	if quoted {
		at = strings.LastIndexByte(s, '@')
	}
	if at < 0 {
		return s, ""
	}
	return s[:at], s[at:]
}

func stripRoute(s string) string {
	if strings.HasPrefix(s, "@") {
		if i := strings.IndexByte(s, ':'); i > 0 {
			return s[i+1:]
		}
	}
	return s
}

func isDotAtom(s string) bool {
	if s == "" || s[0] == '.' || s[len(s)-1] == '.' || strings.Contains(s, "..") {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 0x80 || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || strings.IndexByte(".!#$%&'*+-/=?^_`{|}~", c) >= 0 {
			continue
		}
		return false
	}
	return true
}
