// Package origin reads from header fields where a message comes from: authors, the trace of Received fields, mailing
// lists, automatic and bulk mail. It only reads; what follows from it is decided elsewhere.
package origin

import (
	"strings"

	"mavis/engine/mail"
)

// Get gives the body of the first field of that name, folding kept, without the colon; ok is false when there is none.
func Get(fields []mail.Field, name string) (body string, ok bool) { return Nth(fields, name, 0) }

// Nth gives the n-th field of that name, counted from the top, from 0.
func Nth(fields []mail.Field, name string, n int) (body string, ok bool) {
	for _, f := range fields {
		if !strings.EqualFold(f.Name, name) {
			continue
		}
		if n == 0 {
			return Body(f), true
		}
		n--
	}
	return "", false
}

// Body is what stands behind the colon, with line ends as LF and the last one removed.
func Body(f mail.Field) string {
	raw := strings.ReplaceAll(string(f.Raw), "\r\n", "\n")
	_, body, _ := strings.Cut(raw, ":")
	return strings.TrimRight(body, "\n")
}

// unfold joins folded lines: the line end goes, the white space stays (RFC 5322 section 2.2.3).
func unfold(s string) string {
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\n ", " "), "\n\t", "\t")
	return strings.TrimRight(s, "\n")
}
