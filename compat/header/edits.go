package header

import (
	"bytes"
	"regexp"
	"strings"

	"mavis/engine/mail"
)

// Change edits the body of an existing field. The body comes and goes with LF line ends, without the last. Drop removes
// the field; verbatim puts the body in without encoding and folding.
type Change func(name, body string) (newBody string, verbatim, drop bool)

// Edits are changes to a header section. The zero value changes nothing.
type Edits struct {
	Format  Format
	top     [][]byte // in front of all
	above   [][]byte // after these, above the fields of the message
	bottom  [][]byte // after the fields of the message
	changes map[string][]Change
}

// Prepend puts a field in front of everything prepended before.
func (e *Edits) Prepend(name, body string, fold Folding) {
	e.top = append([][]byte{Field(name, body, fold, e.Format)}, e.top...)
}

// Add puts a field above those of the message, below those added before.
func (e *Edits) Add(name, body string, fold Folding) {
	e.above = append(e.above, Field(name, body, fold, e.Format))
}

// AppendOctets puts a field that came with a message after those of the message. Octets above 127 stand for the characters
// of Latin-1 where the field is one whose text gets encoded, whatever SMTPUTF8 allows: so does the original.
func (e *Edits) AppendOctets(name, body string, fold Folding) {
	format := e.Format
	format.SMTPUTF8 = false
	if encodable.MatchString(name) && !ascii(body) {
		text := make([]rune, len(body))
		for i := range len(body) {
			text[i] = rune(body[i])
		}
		body = string(text)
	}
	e.bottom = append(e.bottom, Field(name, body, fold, format))
}

// Delete removes all fields of a name. It replaces edits asked for before.
func (e *Edits) Delete(name string) {
	e.set(name, []Change{func(string, string) (string, bool, bool) { return "", false, true }})
}

// Edit changes all fields of a name, after changes asked for before.
func (e *Edits) Edit(name string, c Change) {
	key := strings.ToLower(name)
	e.set(name, append(e.changes[key], c))
}

func (e *Edits) set(name string, c []Change) {
	if e.changes == nil {
		e.changes = map[string][]Change{}
	}
	e.changes[strings.ToLower(name)] = c
}

// Added are the fields that go above those of the message, with LF line ends.
func (e *Edits) Added() [][]byte { return append(append([][]byte{}, e.top...), e.above...) }

// Repair says what is made good in the fields of the message ($allow_fixing_improper_header,
// $allow_fixing_improper_header_folding, $allow_fixing_long_header_lines).
type Repair struct {
	BareCR  bool // carriage returns inside of lines go away
	Folding bool // lines of white space only go away
	// Spaces says that the white space of such lines stays behind, at the end of the line before. The original does so with
	// mail that it has in a file.
	Spaces bool
	Long   bool // lines longer than 998 octets are cut
}

// Result is an edited header section.
type Result struct {
	Header   []byte // CRLF line ends, without the empty line that ends it
	Received int    // number of Received fields that the message came with; over 110 is a mail loop
	Repaired Repair // what was made good
}

var (
	fieldRE   = regexp.MustCompile(`(?s)^([!-9;-~]+)[ \t]*:(.*)$`)
	blankLine = regexp.MustCompile(`(?m)^[ \t]*\n`)
)

// Apply gives the header section with the edits made. Fields that are no fields are passed on as they are.
func Apply(orig []mail.Field, e *Edits, r Repair) Result {
	var out Result
	var b bytes.Buffer
	for _, f := range e.Added() {
		b.Write(f)
	}
	for _, f := range orig {
		raw := bytes.ReplaceAll(f.Raw, []byte("\r\n"), []byte("\n"))
		if len(raw) > 0 && raw[len(raw)-1] != '\n' {
			raw = append(raw[:len(raw):len(raw)], '\n')
		}
		if r.Folding && blankLine.Match(raw) {
			out.Repaired.Folding = true
			if r.Spaces {
				raw = joinBlank(raw)
			} else {
				raw = blankLine.ReplaceAll(raw, nil)
			}
		}
		if m := fieldRE.FindSubmatch(raw); m != nil {
			if strings.EqualFold(string(m[1]), "Received") {
				out.Received++
			}
			raw = e.change(raw)
		}
		if len(raw) == 0 {
			continue
		}
		if r.BareCR && bytes.IndexByte(raw, '\r') >= 0 {
			out.Repaired.BareCR = true
			raw = bytes.ReplaceAll(raw, []byte("\r"), nil)
		}
		if r.Long && len(raw) > lineLimit {
			raw, out.Repaired.Long = cutLong(raw, out.Repaired.Long)
		}
		b.Write(raw)
	}
	for _, f := range e.bottom {
		b.Write(f)
	}
	out.Header = bytes.ReplaceAll(b.Bytes(), []byte("\n"), []byte("\r\n"))
	return out
}

// Changed gives a field of a message in one line, as it is and as it comes out of the edits: "" when it is removed.
func Changed(f mail.Field, e *Edits) (was, now string) {
	line := func(b []byte) string { return string(bytes.Join(bytes.Fields(b), []byte(" "))) }
	raw := bytes.ReplaceAll(f.Raw, []byte("\r\n"), []byte("\n"))
	if !fieldRE.Match(raw) {
		return "", ""
	}
	return line(raw), line(e.change(raw))
}

// joinBlank puts lines of white space at the end of the line before.
func joinBlank(raw []byte) []byte {
	var out []byte
	for _, l := range bytes.SplitAfter(raw, []byte("\n")) {
		if len(out) > 0 && len(bytes.TrimSpace(l)) == 0 {
			out = bytes.TrimSuffix(out, []byte("\n"))
			if len(l) == 0 {
				l = []byte("\n")
			}
		}
		out = append(out, l...)
	}
	return out
}

// change runs the changes for a field, one after the other.
func (e *Edits) change(raw []byte) []byte {
	m := fieldRE.FindSubmatch(raw)
	changes := e.changes[strings.ToLower(string(m[1]))]
	for _, c := range changes {
		m := fieldRE.FindSubmatch(raw)
		if m == nil {
			return raw
		}
		name := string(m[1])
		body, verbatim, drop := c(name, strings.TrimSuffix(string(m[2]), "\n"))
		switch {
		case drop:
			return nil
		case verbatim:
			raw = []byte(name + ":" + strings.TrimSuffix(body, "\n") + "\n")
		default:
			raw = Field(name, body, Free, e.Format)
		}
	}
	return raw
}

// cutLong shortens lines to 998 octets and says whether there were any, now or before.
func cutLong(raw []byte, before bool) ([]byte, bool) {
	lines := bytes.Split(raw, []byte("\n"))
	for i, l := range lines {
		if len(l) > lineLimit {
			lines[i] = append(append([]byte{}, l[:lineLimit-3]...), "..."...)
			before = true
		}
	}
	return bytes.Join(lines, []byte("\n")), before
}
