package diag

import (
	"fmt"
	"io"
	"sort"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"mavis/perlconf/source"
)

// Text writes diagnostics for people: message, place, the line with a caret under it, related places, help and fixes.
type Text struct {
	Color bool // with ANSI colours; the caller looks at NO_COLOR and at the terminal
	Width int  // longest line of source that is shown whole; 0 means 120
	Brief bool // one line for each diagnostic
}

const (
	tabWidth = 4
	red      = "\x1b[1;31m"
	yellow   = "\x1b[1;33m"
	blue     = "\x1b[1;34m"
	bold     = "\x1b[1m"
	reset    = "\x1b[0m"
)

// Write writes all diagnostics and, unless Brief, a line that counts them.
func (t Text) Write(w io.Writer, ds []Diagnostic) error {
	var b strings.Builder
	for _, d := range ds {
		t.one(&b, d)
	}
	if !t.Brief && len(ds) > 0 {
		b.WriteString(tally(ds) + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// tally counts diagnostics in words.
func tally(ds []Diagnostic) string {
	var n [3]int
	for _, d := range ds {
		n[d.Severity]++
	}
	var parts []string
	for _, s := range []Severity{Error, Warning, Info} {
		switch {
		case n[s] == 1:
			parts = append(parts, "1 "+s.String())
		case n[s] > 1 && s == Info:
			parts = append(parts, strconv.Itoa(n[s])+" infos")
		case n[s] > 1:
			parts = append(parts, strconv.Itoa(n[s])+" "+s.String()+"s")
		}
	}
	return strings.Join(parts, ", ")
}

func (t Text) paint(color, s string) string {
	if !t.Color || s == "" {
		return s
	}
	return color + s + reset
}

func (t Text) one(b *strings.Builder, d Diagnostic) {
	color := map[Severity]string{Error: red, Warning: yellow, Info: blue}[d.Severity]
	if t.Brief {
		if !d.Span.IsZero() {
			b.WriteString(clean(d.Span.String()) + ": ")
		}
		fmt.Fprintf(b, "%s: %s [%s]\n", t.paint(color, d.Severity.String()), clean(d.Message), d.Code)
		return
	}
	fmt.Fprintf(b, "%s%s\n", t.paint(color, d.Severity.String()+"["+d.Code+"]"), t.paint(bold, ": "+clean(d.Message)))
	places := []source.Span{d.Span}
	for _, r := range d.Related {
		places = append(places, r.Span)
	}
	margin := 1
	for _, s := range places {
		if !s.IsZero() {
			margin = max(margin, len(strconv.Itoa(s.Pos().Line)))
		}
	}
	pad := strings.Repeat(" ", margin)
	if !d.Span.IsZero() {
		t.place(b, d.Span, "", color, '^', pad, "-->")
	}
	for _, r := range d.Related {
		if r.Span.IsZero() {
			fmt.Fprintf(b, "%s %s %s\n", pad, t.paint(blue, "="), clean(r.Message))
			continue
		}
		t.place(b, r.Span, r.Message, blue, '-', pad, ":::")
	}
	if d.Help != "" {
		fmt.Fprintf(b, "%s %s %s\n", pad, t.paint(blue, "="), "help: "+clean(d.Help))
	}
	for _, f := range d.Fixes {
		word := "fix"
		if !f.Safe {
			word = "fix (may change meaning)"
		}
		fmt.Fprintf(b, "%s %s %s: %s\n", pad, t.paint(blue, "="), word, clean(f.Message))
	}
	if chain := includes(d.Span); chain != "" {
		fmt.Fprintf(b, "%s %s %s\n", pad, t.paint(blue, "="), chain)
	}
	b.WriteString("\n")
}

// includes tells by which way a file was included; "" for a file that was named directly.
func includes(s source.Span) string {
	var parts []string
	for n := 0; s.File != nil && !s.File.IncludedAt.IsZero() && n < 20; n++ {
		s = s.File.IncludedAt
		parts = append(parts, clean(s.String()))
	}
	if len(parts) == 0 {
		return ""
	}
	return "included at " + strings.Join(parts, ", which is included at ")
}

// place writes the position, the line and the mark under it.
func (t Text) place(b *strings.Builder, s source.Span, note, color string, mark byte, pad, arrow string) {
	pos := s.Pos()
	fmt.Fprintf(b, "%s%s %s\n", pad, t.paint(blue, arrow), clean(s.String()))
	line, from, to := t.line(s)
	bar := t.paint(blue, "|")
	fmt.Fprintf(b, "%s %s\n", pad, bar)
	number := strconv.Itoa(pos.Line)
	fmt.Fprintf(b, "%s%s %s %s\n", t.paint(blue, number), strings.Repeat(" ", len(pad)-len(number)), bar, line)
	under := strings.Repeat(string(mark), max(1, to-from))
	if note != "" {
		under += " " + clean(note)
	}
	fmt.Fprintf(b, "%s %s %s%s\n", pad, bar, strings.Repeat(" ", from), t.paint(color, under))
}

// line gives the first line of a span as it is shown, and the columns from..to that the span covers there.
func (t Text) line(s source.Span) (string, int, int) {
	pos := s.Pos()
	text := strings.TrimSuffix(s.File.Line(pos.Line), "\r")
	start := min(s.Start-s.File.LineStart(pos.Line), len(text))
	end := max(start, min(s.End-s.File.LineStart(pos.Line), len(text)))
	var out strings.Builder
	var cells []int // byte offset in out of each column
	col, from, to := 0, 0, 0
	put := func(s string, width int) {
		for i := 0; i < width; i++ {
			cells = append(cells, out.Len())
		}
		out.WriteString(s)
		col += width
	}
	for i := 0; i < len(text); {
		if i <= start {
			from = col
		}
		if i < end {
			to = -1
		}
		r, n := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == '\t':
			w := tabWidth - col%tabWidth
			put(strings.Repeat(" ", w), w)
		case r == utf8.RuneError && n == 1, r < ' ', r == 0x7f, r >= 0x80 && r < 0xa0, unicode.Is(unicode.Cf, r):
			put("\ufffd", 1)
		case unicode.Is(unicode.Mn, r):
			out.WriteRune(r)
		default:
			put(string(r), cellWidth(r))
		}
		i += n
		if to == -1 && i >= end {
			to = col
		}
	}
	if start >= len(text) {
		from, to = col, col
	}
	to = max(to, from)
	return t.trim(out.String(), cells, from, to)
}

// trim cuts a long line so that the columns from..to stay in sight.
func (t Text) trim(line string, cells []int, from, to int) (string, int, int) {
	width := t.Width
	if width <= 0 {
		width = 120
	}
	if len(cells) <= width {
		return line, from, to
	}
	left := 0
	if from > width*2/3 {
		left = from - width/3
	}
	right := min(len(cells), left+width)
	to = max(from, min(to, right))
	at := func(c int) int {
		if c >= len(cells) {
			return len(line)
		}
		return cells[c]
	}
	cut := line[at(left):at(right)]
	if right < len(cells) {
		cut += "..."
	}
	if left > 0 {
		cut = "..." + cut
		from, to = from-left+3, to-left+3
	}
	return cut, from, to
}

// wide are the characters that take two columns in a terminal.
var wide = [][2]rune{{0x1100, 0x115f}, {0x2e80, 0x303e}, {0x3041, 0xa4cf}, {0xac00, 0xd7a3}, {0xf900, 0xfaff},
	{0xfe30, 0xfe6f}, {0xff00, 0xff60}, {0xffe0, 0xffe6}, {0x1f300, 0x1faff}, {0x20000, 0x3fffd}}

func cellWidth(r rune) int {
	i := sort.Search(len(wide), func(i int) bool { return wide[i][1] >= r })
	if i < len(wide) && r >= wide[i][0] {
		return 2
	}
	return 1
}

// clean makes text from a configuration harmless to a terminal.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || unicode.Is(unicode.Cf, r) {
			return '\ufffd'
		}
		return r
	}, s)
}
