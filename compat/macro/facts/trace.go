package facts

import (
	"strings"

	"mavis/engine/mail"
)

// Body is what follows the colon of a field, with LF line ends.
func Body(f mail.Field) string {
	_, body, _ := strings.Cut(string(f.Raw), ":")
	return strings.ReplaceAll(body, "\r\n", "\n")
}

// field finds a header field by name: the j-th from the top, or from the bottom when negative (-1 is the last).
func (m *Message) field(name string, j int) (string, bool) {
	var found []mail.Field
	for _, f := range m.Header {
		if strings.EqualFold(strings.TrimRight(f.Name, " \t"), name) {
			found = append(found, f)
		}
	}
	if j < 0 {
		j += len(found)
	}
	if j < 0 || j >= len(found) {
		return "", false
	}
	return Body(found[j]), true
}
