package origin

import "strings"

const maxAddresses = 1000

// Addresses reads an address list (RFC 5322 section 3.4) as leniently as mail in the wild demands: display names, comments
// and group names are dropped, what is left of each entry is given in SMTP form without brackets.
func Addresses(body string) []string {
	l := list{}
	s := unfold(body)
	for i := 0; i < len(s) && len(l.out) < maxAddresses; i++ {
		i += l.take(s[i:])
	}
	l.flush()
	return l.out
}

// list is the state of the scan: bare text outside of angle brackets, and what stood inside them.
type list struct {
	out                               []string
	bare, angled                      strings.Builder
	comment                           int
	quoted, literal, inAngle, inGroup bool
	afterAt                           bool
}

// take reads the first byte of s, and gives how many more it used.
func (l *list) take(s string) int {
	c := s[0]
	switch {
	case l.comment > 0:
		return l.inComment(s)
	case l.quoted || l.literal:
		return l.inside(s)
	case c == '(':
		l.comment++
	case c == '"':
		l.quoted = true
		l.put(c)
	case c == '[':
		l.literal = l.afterAt
		l.put(c)
	case c == '<' && !l.inAngle:
		if l.angled.Len() > 0 {
			l.flush()
		}
		l.inAngle, l.afterAt = true, false
		l.angled.WriteByte(c)
	case c == '>' && l.inAngle:
		l.angled.WriteByte(c)
		l.inAngle, l.afterAt = false, false
	case c == ',':
		l.afterAt = false
		if l.inAngle {
			l.put(c)
		} else {
			l.flush()
		}
	case c == ':' && !l.inAngle && !l.inGroup:
		l.inGroup = true
		l.bare.Reset()
		l.angled.Reset()
	case c == ';' && l.inGroup:
		l.inGroup, l.afterAt = false, false
	case c == '@':
		l.afterAt = true
		l.put(c)
	default:
		l.put(c)
	}
	return 0
}

func (l *list) inComment(s string) int {
	switch s[0] {
	case '\\':
		if len(s) > 1 {
			return 1
		}
	case '(':
		l.comment++
	case ')':
		l.comment--
	}
	return 0
}

func (l *list) inside(s string) int {
	c := s[0]
	l.put(c)
	switch {
	case c == '\\' && len(s) > 1:
		l.put(s[1])
		return 1
	case l.quoted && c == '"', l.literal && c == ']':
		l.quoted, l.literal = false, false
	case c == '>': // somebody forgot to close the quote
		l.quoted, l.literal, l.inAngle, l.afterAt = false, false, false, false
	}
	return 0
}

func (l *list) put(c byte) {
	if l.inAngle {
		l.angled.WriteByte(c)
	} else {
		l.bare.WriteByte(c)
	}
}

func (l *list) flush() {
	bare := strings.Trim(l.bare.String(), " \t")
	angled := strings.Trim(l.angled.String(), " \t")
	l.bare.Reset()
	l.angled.Reset()
	switch {
	case angled != "":
		l.out = append(l.out, strings.TrimSuffix(strings.TrimPrefix(angled, "<"), ">"))
	case bare != "":
		l.out = append(l.out, bare)
	}
}
