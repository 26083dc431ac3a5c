package syntax

import (
	"sort"
	"strings"
)

// unixLines drops the carriage return before each newline, as Perl does with its own source, quotes and heredocs
// included. It tells where, as positions of the newlines in the new text.
func unixLines(src string) (string, []int) {
	if !strings.Contains(src, "\r\n") {
		return src, nil
	}
	var b strings.Builder
	b.Grow(len(src))
	var dropped []int
	for {
		line, rest, found := strings.Cut(src, "\r\n")
		b.WriteString(line)
		if !found {
			return b.String(), dropped
		}
		dropped = append(dropped, b.Len())
		b.WriteByte('\n')
		src = rest
	}
}

// returnsBefore counts the carriage returns that were dropped before position p.
func returnsBefore(dropped []int, p int) int { return sort.SearchInts(dropped, p) }
