// Package postfix reads Postfix's main.cf and master.cf, with the place of every setting. It knows the syntax of the two
// files and no defaults of parameters. Ruling are postconf(5), master(5) and the answers of postconf(1) 3.7.
package postfix

import (
	"fmt"
	"strings"

	"mavis/perlconf/diag"
	"mavis/perlconf/source"
)

// Codes of this package. Postfix does not start with a file that has one of level error.
const (
	CodeNoSetting = "K100" // a line of main.cf that sets nothing
	CodeFields    = "K101" // a line of master.cf with too few fields
	CodeField     = "K102" // a field of master.cf that master(8) refuses
	CodeIndented  = "K103" // the first line is a continuation
	CodeBrace     = "K104" // a brace that is not closed, or text behind it
	CodeTooLong   = "K105" // more than this package reads
	CodeRepeated  = "K106" // a setting or service that a later line replaces
)

// Bounds of what is read. What is beyond is left out, with a diagnostic.
const (
	maxFile     = 4 << 20
	maxLines    = 50_000
	maxFindings = 100
)

// Setting is NAME = VALUE, of main.cf or behind -o.
type Setting struct {
	Name  string
	Value string      // one blank for each stretch of blanks and line ends
	At    source.Span // of the name
	Span  source.Span // of the value, from its first byte to its last; empty at the end of the name's line when there is none
}

// Config is main.cf and master.cf together. Either may be missing.
type Config struct {
	Main   *Main
	Master *Master
}

// Value is the expanded value of a parameter for a service: its own -o, else main.cf's. A nil service means main.cf
// alone. ok is false when neither sets it, and when it cannot be expanded.
func (c *Config) Value(s *Service, name string) (value string, at source.Span, ok bool) {
	if s != nil {
		if set, found := s.Option(name); found {
			value, err := c.Main.Expand(set.Value)
			return value, set.Span, err == nil
		}
	}
	if set, found := c.Main.Setting(name); found {
		value, err := c.Main.Expand(set.Value)
		return value, set.Span, err == nil
	}
	return "", source.Span{}, false
}

// piece is a stretch of one physical line.
type piece struct{ start, end int }

// logical is a line with its continuations, comments taken out.
type logical struct {
	text  []byte
	parts []piece // where text came from, in order; the parts are joined by one byte
}

// at gives the place in the file of a byte of text.
func (l *logical) at(i int) int {
	for _, p := range l.parts {
		if n := p.end - p.start; i <= n {
			return p.start + i
		} else {
			i -= n + 1
		}
	}
	return l.parts[len(l.parts)-1].end
}

// span gives the place of text[from:to].
func (l *logical) span(f *source.File, from, to int) source.Span {
	start := l.at(from)
	if to <= from {
		return source.Span{File: f, Start: start, End: start}
	}
	return source.Span{File: f, Start: start, End: l.at(to-1) + 1}
}

// lines takes a file apart: empty lines and comments are left out wherever they stand, a line that starts with a blank
// continues the one before.
func lines(f *source.File, bag *diag.Bag) []logical {
	text := f.Text
	if len(text) > maxFile {
		bag.Warnf(CodeTooLong, source.Span{File: f}, "only the first %d bytes of this file are read", maxFile)
		text = text[:maxFile]
	}
	var out []logical
	for start := 0; start < len(text); {
		end := start
		for end < len(text) && text[end] != '\n' {
			end++
		}
		line := text[start:end]
		trimmed := strings.TrimLeft(string(line), blanks)
		switch {
		case trimmed == "" || trimmed[0] == '#':
		case isBlank(line[0]) && len(out) > 0:
			l := &out[len(out)-1]
			l.text = append(append(l.text, '\n'), line...)
			l.parts = append(l.parts, piece{start, end})
		case len(out) == maxLines:
			bag.Warnf(CodeTooLong, source.Span{File: f, Start: start, End: end}, "only the first %d entries of this file are read", maxLines)
			return out
		case isBlank(line[0]):
			bag.Warnf(CodeIndented, source.Span{File: f, Start: start, End: end},
				"the first entry starts with a blank; Postfix leaves it out")
			out = append(out, logical{}) // takes its continuations along
			out[0].text, out[0].parts = append([]byte(nil), line...), []piece{{start, end}}
		default:
			out = append(out, logical{text: append([]byte(nil), line...), parts: []piece{{start, end}}})
		}
		start = end + 1
	}
	if len(out) > 0 && isBlank(out[0].text[0]) {
		out = out[1:]
	}
	return out
}

const blanks = " \t\r\v\f\n"

func isBlank(c byte) bool { return strings.IndexByte(blanks, c) >= 0 }

// setting reads NAME = VALUE of l.text[from:to]; ok is false when there is no name or no "=".
func (l *logical) setting(f *source.File, from, to int) (s Setting, ok bool) {
	text := string(l.text[from:to])
	eq := strings.IndexByte(text, '=')
	if eq < 0 {
		return s, false
	}
	s.Name = strings.Trim(text[:eq], blanks)
	if s.Name == "" || strings.ContainsAny(s.Name, blanks) {
		return s, false
	}
	name := from + strings.Index(text, s.Name)
	s.At = l.span(f, name, name+len(s.Name))
	value := strings.Trim(text[eq+1:], blanks)
	s.Value = strings.Join(strings.Fields(value), " ")
	if value == "" {
		end := l.at(from+eq) + 1
		s.Span = source.Span{File: f, Start: end, End: end}
		return s, true
	}
	start := from + eq + 1 + strings.Index(text[eq+1:], value)
	s.Span = l.span(f, start, start+len(value))
	return s, true
}

// reporter counts findings, so that a file of garbage stays readable.
type reporter struct {
	bag   *diag.Bag
	count int
}

func (r *reporter) add(sev diag.Severity, code string, at source.Span, related []diag.Related, format string, args ...any) {
	if r.count++; r.bag == nil || r.count > maxFindings {
		return
	}
	r.bag.Add(diag.Diagnostic{Code: code, Severity: sev, Span: at, Related: related, Message: fmt.Sprintf(format, args...)})
}
