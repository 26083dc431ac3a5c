package lint

import (
	"fmt"
	"strings"
)

// Text is the page of a rule as plain text, ending in a newline.
func (r Rule) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s  (%s)\n%s.\n", r.Code, r.Name, r.Severity, capital(r.Summary))
	section := func(title, body string) {
		if body != "" {
			fmt.Fprintf(&b, "\n%s\n", title)
			for _, line := range strings.Split(strings.Trim(body, "\n"), "\n") {
				b.WriteString(strings.TrimRight("    "+line, " ") + "\n")
			}
		}
	}
	section("WHAT", wrap(r.Page.What, 96))
	section("WHY IT HURTS", wrap(r.Page.Why, 96))
	section("WRONG", r.Page.Wrong)
	section("RIGHT", r.Page.Right)
	section("FIX", wrap(r.Page.Fix, 96))
	return b.String()
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// wrap breaks lines at blanks.
func wrap(s string, width int) string {
	var b strings.Builder
	col := 0
	for _, w := range strings.Fields(s) {
		switch {
		case col == 0:
		case col+1+len(w) > width:
			b.WriteByte('\n')
			col = 0
		default:
			b.WriteByte(' ')
			col++
		}
		b.WriteString(w)
		col += len(w)
	}
	return b.String()
}
