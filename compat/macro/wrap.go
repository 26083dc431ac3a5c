package macro

import (
	"strings"
	"unicode/utf8"
)

// Wrapping says how Wrap breaks lines.
type Wrapping struct {
	Width  int    // columns of a line, line end not counted
	Prefix string // put before every line
	// Indent replaces the first white space of a continuation line when HasIndent is set. The empty Indent means plain
	// text: white space at breaks goes away.
	Indent    string
	HasIndent bool
	// Structured allows a break only where the text has a newline already. Otherwise breaks are made in white space.
	Structured bool
	// Chars counts UTF-8 characters instead of octets.
	Chars bool
}

// Wrap folds a text into lines, so that no line is all white space and each continuation line starts with white space
// (unless HasIndent says otherwise). A TAB reaches to the next multiple of eight columns. Words longer than a line stay
// whole. This is amavisd's macro wrap (README.customize), and the way it folds header fields.
func Wrap(text string, w Wrapping) string {
	var f folder
	f.Wrapping = w
	chunks := w.chunks(text)
	for i := 0; i < len(chunks); {
		next := ""
		last := i == len(chunks)-1
		if !last {
			next = chunks[i+1]
		}
		took, over := f.add(chunks[i], last)
		if !took {
			f.flush()
			continue
		}
		if over != "" {
			chunks[i+1] = over + next
		}
		i++
	}
	if strings.Trim(f.line, " \t") != "" {
		f.flush()
	}
	return f.out.String()
}

// chunks cuts a text where it may be broken: each piece but the first starts with one white-space character.
func (w Wrapping) chunks(s string) []string {
	if w.Structured {
		return structuredChunks(s)
	}
	s = spaceAfterNewlines(s)
	s = strings.ReplaceAll(s, "\n", "")
	var out []string
	for s != "" {
		lead := len(s) - len(strings.TrimLeft(s, " \t"))
		if lead == len(s) { // nothing but white space is left, which only the first piece can be
			break
		}
		end := lead
		if n := strings.IndexAny(s[lead:], " \t"); n >= 0 {
			end += n
		} else {
			end = len(s)
		}
		tail := len(s[end:]) - len(strings.TrimLeft(s[end:], " \t"))
		if end+tail < len(s) && tail > 0 {
			tail-- // the last one belongs to the next piece
		}
		out = append(out, s[:end+tail])
		s = s[end+tail:]
	}
	return out
}

// spaceAfterNewlines puts a space after each newline that is not followed by white space.
func spaceAfterNewlines(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		b.WriteByte(s[i])
		if s[i] == '\n' && (i+1 == len(s) || s[i+1] != ' ' && s[i+1] != '\t') {
			b.WriteByte(' ')
		}
	}
	return b.String()
}

func structuredChunks(s string) []string {
	lines := strings.Split(s, "\n")
	var out []string
	for _, l := range lines {
		blank := strings.Trim(l, " \t") == ""
		switch {
		case len(out) == 0:
			out = append(out, l)
		case strings.Trim(out[0], " \t") == "" && len(out) == 1: // white space before the first text
			out[0] += l
		case blank: // joined to what stands before it
			out[len(out)-1] += l
		default:
			if l[0] != ' ' && l[0] != '\t' {
				l = " " + l
			}
			out = append(out, l)
		}
	}
	return out
}

// folder collects one line after the other.
type folder struct {
	Wrapping
	out       strings.Builder
	line      string
	continued bool
}

// add puts a chunk on the line, whole or without some of its trailing white space, which it gives back for the next
// chunk. It says no when the line must be ended first.
func (f *folder) add(chunk string, last bool) (took bool, over string) {
	if f.HasIndent && f.continued && f.line == "" && chunk != "" && (chunk[0] == ' ' || chunk[0] == '\t') {
		chunk = f.Indent + chunk[1:]
	}
	empty := strings.Trim(f.line, " \t") == ""
	if f.fits(chunk) || last && empty {
		f.line += chunk
		return true, ""
	}
	solid := strings.TrimRight(chunk, " \t")
	if last || !empty && !f.fits(solid) {
		return false, ""
	}
	white := chunk[len(solid):]
	f.line += solid
	if f.HasIndent && f.Indent == "" {
		return true, ""
	}
	for white != "" && f.fits(white[:1]) {
		f.line += white[:1]
		white = white[1:]
	}
	return true, white
}

func (f *folder) fits(more string) bool {
	return f.columns(more, f.columns(f.line, f.columns(f.Prefix, 0))) <= f.Width
}

// columns is the position reached when s is written from column at.
func (w Wrapping) columns(s string, at int) int {
	for {
		n := strings.IndexByte(s, '\t')
		piece := s
		if n >= 0 {
			piece = s[:n]
		}
		if w.Chars {
			at += utf8.RuneCountInString(piece)
		} else {
			at += len(piece)
		}
		if n < 0 {
			return at
		}
		at += 8 - at%8
		s = s[n+1:]
	}
}

func (f *folder) flush() {
	if f.continued {
		f.out.WriteByte('\n')
	}
	f.continued = true
	line := f.line
	if f.HasIndent && f.Indent == "" {
		line = strings.TrimRight(line, " \t")
	}
	f.out.WriteString(f.Prefix)
	f.out.WriteString(line)
	f.line = ""
}
