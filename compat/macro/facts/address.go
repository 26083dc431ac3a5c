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

// ParseAddresses takes the addresses out of a From, Sender or To field body (RFC 5322 section 3.4, RFC 6854): display
// names, comments and group names go. Broken input gives what can be made out.
func ParseAddresses(body string) []string {
	body = strings.NewReplacer("\r\n", "", "\n", "").Replace(body)
	p := addressParser{rest: body}
	return p.parse()
}

type addressParser struct {
	rest        string
	bare, angle strings.Builder
	inAngle     bool
	hasAngle    bool
	afterAt     bool
	group       bool
	out         []string
}

func (p *addressParser) parse() []string {
	for p.rest != "" {
		c := p.rest[0]
		switch {
		case c == '(':
			p.rest = p.rest[commentLen(p.rest):]
			continue
		case c == '"':
			p.take(quotedLen(p.rest, '"'))
			continue
		case c == '[' && p.afterAt:
			p.take(quotedLen(p.rest, ']'))
			continue
		case c == '<' && !p.inAngle:
			if p.hasAngle {
				p.flush()
			}
			p.inAngle, p.hasAngle, p.afterAt = true, true, false
			p.rest = p.rest[1:]
			continue
		case c == '>' && p.inAngle:
			p.inAngle, p.afterAt = false, false
			p.rest = p.rest[1:]
			continue
		case c == ',' && !p.inAngle:
			p.flush()
			p.rest = p.rest[1:]
			continue
		case c == ':' && !p.inAngle && !p.group:
			p.group = true
			p.bare.Reset()
			p.rest = p.rest[1:]
			continue
		case c == ';' && p.group:
			p.group, p.afterAt = false, false
			p.rest = p.rest[1:]
			continue
		case c == '@':
			p.afterAt = true
		}
		p.take(1)
	}
	p.flush()
	return p.out
}

func (p *addressParser) take(n int) {
	if p.inAngle {
		p.angle.WriteString(p.rest[:n])
	} else {
		p.bare.WriteString(p.rest[:n])
	}
	p.rest = p.rest[n:]
}

func (p *addressParser) flush() {
	a := strings.Trim(p.angle.String(), " \t")
	if a == "" && !p.hasAngle {
		a = strings.Trim(p.bare.String(), " \t")
	}
	if a != "" {
		p.out = append(p.out, a)
	}
	p.angle.Reset()
	p.bare.Reset()
	p.inAngle, p.hasAngle, p.afterAt = false, false, false
}

// quotedLen is the length up to the closing character, or up to a > that ends an address left open.
func quotedLen(s string, end byte) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case end:
			return i + 1
		case '>':
			return i
		}
	}
	return len(s)
}

func commentLen(s string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(s)
}

// MessageIDs takes the ids out of a Message-ID, In-Reply-To or References body, comments left out. Of a body without
// any id the whole is made into one.
func MessageIDs(body string) []string {
	body = strings.NewReplacer("\r", "", "\n", "").Replace(body)
	var out []string
	garbage := false
	for s := body; s != ""; {
		switch {
		case s[0] == ' ' || s[0] == '\t':
			s = s[1:]
		case s[0] == '(':
			n := commentLen(s)
			if s[n-1] != ')' {
				garbage = true
			}
			s = s[n:]
		case s[0] == '<':
			if n := idLen(s); n > 0 {
				out = append(out, s[:n])
				s = s[n:]
				continue
			}
			garbage = true
			s = s[1:]
		default:
			garbage = true
			n := strings.IndexAny(s, "<( \t")
			if n < 1 {
				n = len(s)
			}
			s = s[n:]
		}
	}
	if len(out) == 0 && garbage {
		s := strings.Join(strings.FieldsFunc(body, func(r rune) bool { return r == ' ' || r == '\t' }), " ")
		s = strings.TrimSuffix(strings.TrimPrefix(s, "<"), ">")
		return []string{"<" + strings.ReplaceAll(s, ">", "_") + ">"}
	}
	return unique(out)
}

// idLen is the length of <…> at the start of s; quoted strings and literals inside may hold a >.
func idLen(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '>':
			return i + 1
		case '<', ']', '\\':
			return 0
		case '"', '[':
			end := byte('"')
			if s[i] == '[' {
				end = ']'
			}
			n := quotedLen(s[i:], end)
			if s[i+n-1] != end {
				return 0
			}
			i += n - 1
		}
	}
	return 0
}
