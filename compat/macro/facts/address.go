package facts

import (
	"strings"
	"unicode/utf8"
)

// Quote gives an address in angle brackets in its shortest form: quotes of the local part only where it needs them
// (RFC 5321 section 4.1.2, RFC 6531).
func Quote(addr string) string {
	if addr == "" {
		return "<>"
	}
	return "<" + Normalize(addr) + ">"
}

// Normalize is Quote without the brackets.
func Normalize(addr string) string {
	local, domain := splitAddress(addr)
	local = unquote(local)
	if !dotAtom(local) {
		local = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(local) + `"`
		if domain == "@" && strings.Contains(local, "@") {
			domain = ""
		}
	}
	return local + domain
}

// Domain is what follows the @ of an address, lower case.
func Domain(addr string) string {
	_, d := splitAddress(addr)
	return strings.ToLower(strings.TrimPrefix(d, "@"))
}

// splitAddress cuts at the last @ that stands outside of quotes and of an address literal. The domain has the @.
func splitAddress(addr string) (local, domain string) {
	quoted, literal, at := false, false, -1
	for i := 0; i < len(addr); i++ {
		switch c := addr[i]; {
		case c == '\\' && (quoted || literal):
			i++
		case c == '"' && !literal:
			quoted = !quoted
		case c == '[' && !quoted && at == i-1 && at >= 0:
			literal = true
		case c == ']' && literal:
			literal = false
		case c == '@' && !quoted && !literal:
			at = i
		}
	}
	if quoted { // quotes out of balance mean nothing
		at = strings.LastIndexByte(addr, '@')
	}
	if at < 0 {
		return addr, ""
	}
	return addr[:at], addr[at:]
}

func unquote(local string) string {
	if !strings.ContainsAny(local, `"\`) {
		return local
	}
	var b strings.Builder
	for i := 0; i < len(local); i++ {
		switch local[i] {
		case '"':
			continue
		case '\\':
			if i++; i == len(local) {
				continue
			}
		}
		b.WriteByte(local[i])
	}
	return b.String()
}

// dotAtom says whether a local part needs no quotes.
func dotAtom(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, word := range strings.Split(s, ".") {
		if word == "" {
			return false
		}
		for i := 0; i < len(word); i++ {
			c := word[i]
			if c <= ' ' || c == 0x7f || strings.IndexByte(`"(),:;<>@[\]`, c) >= 0 {
				return false
			}
		}
	}
	return true
}
