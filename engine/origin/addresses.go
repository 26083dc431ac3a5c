package origin

import "strings"

const maxAddresses = 1000 // of one field

// Addresses takes the addresses out of a From, Sender or To field body (RFC 5322 section 3.4, RFC 6854): display
// names, comments and group names go. Broken input gives what can be made out.
func Addresses(body string) []string {
	p := addressParser{rest: strings.ReplaceAll(strings.ReplaceAll(body, "\r\n", ""), "\n", "")}
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
	for p.rest != "" && len(p.out) < maxAddresses {
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
