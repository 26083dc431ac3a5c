package mangle

import "strings"

const (
	foldColumn = 79 // of a line with its line end, from which on it is folded
	foldMin    = 59 // octets of a line that is folded
	foldMax    = 74
)

// foldSubject writes a Subject as MIME::Tools does: unfolded, then folded anew in white space near the end of each line.
func foldSubject(body string) string {
	const tag = "Subject:"
	s := strings.ReplaceAll(body, "\n", "")
	if len(s) >= len(tag) && strings.EqualFold(s[:len(tag)], tag) { // a name said twice without a blank is taken once
		s = s[len(tag):]
	}
	s = tag + " " + strings.TrimLeft(s, white)
	s = strings.TrimRight(s, white) + "\n"
	if len(s) <= foldColumn {
		return s[:len(s)-1]
	}
	var b strings.Builder
	for {
		n := breakAt(s)
		if n < 0 {
			break
		}
		b.WriteString(s[:n] + "\n" + s[n:n+1])
		s = s[n+1:]
	}
	return strings.TrimRight(b.String()+s, white)
}

const white = " \t\n\v\f\r"

// breakAt is the last white space that leaves a good line in front of it; where there is none, the line gets longer.
func breakAt(s string) int {
	if len(s) <= foldMin {
		return -1
	}
	reach := min(foldMax+1, len(s))
	if n := strings.LastIndexAny(s[foldMin:reach], white); n >= 0 {
		return foldMin + n
	}
	if n := strings.IndexAny(s[reach:], white); n >= 0 {
		return reach + n
	}
	return -1
}
