package origin

import (
	"slices"
	"strings"
)

func withoutLineEnds(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r", ""), "\n", "")
}

// MessageIDs takes the ids out of a Message-ID, In-Reply-To or References body, comments left out. Of a body without
// any id the whole is made into one.
func MessageIDs(body string) []string {
	body = withoutLineEnds(body)
	var out []string
	garbage := false
	for s := body; s != "" && len(out) < maxAddresses; {
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
				if !slices.Contains(out, s[:n]) {
					out = append(out, s[:n])
				}
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
	return out
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
