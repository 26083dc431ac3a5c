package lint

import (
	"bytes"
	"regexp"
	"sort"
	"strings"

	"mavis/perlconf/diag"
	"mavis/perlconf/source"
	"mavis/perlconf/syntax"
)

// Mask hides passwords: in the lines that are shown with findings, and in their words. Secret are values of names that say
// so (pass, secret, token ...), the third element of a data source, password=... in any text, private keys.
type Mask struct {
	files map[*source.File]*source.File
	words *strings.Replacer // in messages
}

// shortest is the length under which a value is not looked for in messages: it would hide any word.
const shortest = 3

// unmistakable is the length from which on a value is hidden wherever it stands in a file.
const unmistakable = 6

var (
	secretName = regexp.MustCompile(`(?i)pass(wd|word|phrase)?$|passw(or)?d|secret|token$|api_?key|_pw$|private_?key`)
	// secretTexts find secrets in plain text: the last group is the secret.
	secretTexts = []*regexp.Regexp{
		regexp.MustCompile(`(?i)\b\w*(?:pass(?:word|wd|phrase)?|pwd|secret|token|api_?key)\s*(?:=>|[=:,])\s*["']([^"'\r\n]+)["']`),
		regexp.MustCompile(`(?i)["']\w*(?:pass(?:word|wd|phrase)?|pwd|secret|token|api_?key)["']\s*(?:=>|,)\s*["']?([^"'\r\n,;)}]+)`),
		regexp.MustCompile(`(?i)(?:\b|_)(?:pass(?:word|wd|phrase)?|pwd|secret|token|api_?key)=([^\s;'",&\[{($][^\s;'",&]*)`),
		regexp.MustCompile(`(?i)--?(?:pass(?:word|wd)?|secret|token)[= ]+([^\s;'"=>]+)`),
		regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://[^\s:/@'"]*:([^\s@/'"]+)@`),
		regexp.MustCompile(`(?i)["']DBI:[^"'\r\n]*["']\s*,\s*(?:["'][^"'\r\n]*["']|undef)\s*,\s*["']([^"'\r\n]*)["']`),
		regexp.MustCompile(`(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----(.+?)-----END`),
	}
)

// secretMember finds values in YAML and JSON that are marked, and those of members whose names say so.
var secretMember = regexp.MustCompile(`(?im)(?:!secret["']?:?|^[ \t{,]*["']?\w*(?:pass(?:word|wd|phrase)?|secret|token|api_?key)["']?:)[ \t]+["']?([^"'\r\n\[\]{}#]+)`)

// NewMask looks for secrets in all files of the input.
func NewMask(in Input) *Mask {
	m := &Mask{files: map[*source.File]*source.File{}}
	spans := map[*source.File][]source.Span{}
	add := func(s source.Span) {
		if !s.IsZero() && s.End > s.Start {
			spans[s.File] = append(spans[s.File], s)
		}
	}
	files := in.others()
	if in.Loaded != nil {
		for _, t := range in.Loaded.Interp.Trees() {
			files = append(files, t.Source)
			secretsOf(t, add)
		}
		for _, f := range in.Loaded.Vars.Documents() {
			files = append(files, f)
			for _, loc := range secretMember.FindAllSubmatchIndex(f.Text, -1) {
				add(source.Span{File: f, Start: loc[2], End: loc[3]})
			}
		}
	}
	for _, f := range files {
		for _, re := range secretTexts {
			for _, loc := range re.FindAllSubmatchIndex(f.Text, -1) {
				add(source.Span{File: f, Start: loc[len(loc)-2], End: loc[len(loc)-1]})
			}
		}
	}
	values := map[string]bool{}
	for _, ss := range spans {
		for _, s := range ss {
			for _, line := range strings.Split(s.Text(), "\n") {
				if v := strings.TrimSpace(line); len(v) >= shortest {
					values[v] = true
				}
			}
		}
	}
	sorted := make([]string, 0, len(values))
	for v := range values {
		sorted = append(sorted, v)
	}
	sort.Slice(sorted, func(i, j int) bool {
		return len(sorted[i]) > len(sorted[j]) || len(sorted[i]) == len(sorted[j]) && sorted[i] < sorted[j]
	})
	var inWords, inFiles []string
	for _, v := range sorted {
		inWords = append(inWords, v, "*****")
		if len(v) >= unmistakable {
			inFiles = append(inFiles, v, strings.Repeat("*", len(v)))
		}
	}
	m.words = strings.NewReplacer(inWords...)
	elsewhere := strings.NewReplacer(inFiles...)
	for _, f := range files {
		text := bytes.Clone(f.Text)
		for _, s := range spans[f] {
			stars(text[s.Start:s.End])
		}
		text = []byte(elsewhere.Replace(string(text)))
		if !bytes.Equal(text, f.Text) {
			m.files[f] = source.New(f.Name, text)
			m.files[f].IncludedAt = f.IncludedAt
		}
	}
	for _, masked := range m.files {
		masked.IncludedAt = m.span(masked.IncludedAt)
	}
	return m
}

func stars(text []byte) {
	for i, c := range text {
		if c != '\n' && c != '\r' {
			text[i] = '*'
		}
	}
}

// secretsOf gives the places of secrets as the tree shows them.
func secretsOf(t *syntax.File, add func(source.Span)) {
	literals := func(x syntax.Expr) {
		if x == nil {
			return
		}
		syntax.Walk(x, func(n syntax.Node) bool {
			switch s := n.(type) {
			case *syntax.Str:
				add(inside(s.Span()))
			case *syntax.Interp:
				add(inside(s.Span()))
			case *syntax.Num:
				add(s.Span())
			}
			return true
		})
	}
	pairs := func(elems []syntax.Expr) {
		for i := 0; i+1 < len(elems); i++ {
			if k, ok := elems[i].(*syntax.Str); ok && secretName.MatchString(k.Value) {
				literals(elems[i+1])
			}
		}
	}
	syntax.Walk(t.Body, func(n syntax.Node) bool {
		switch x := n.(type) {
		case *syntax.Assign:
			name := nameOf(x.L)
			switch {
			case secretName.MatchString(name):
				literals(x.R)
			case strings.Contains(strings.ToLower(name), "dsn"):
				syntax.Walk(x.R, func(n syntax.Node) bool {
					if a, ok := n.(*syntax.AnonArray); ok && len(a.Elems) > 2 {
						literals(a.Elems[2])
					}
					return true
				})
			}
		case *syntax.List:
			pairs(x.Elems)
		case *syntax.AnonHash:
			pairs(x.Elems)
		case *syntax.AnonArray:
			pairs(x.Elems)
		}
		return true
	})
}

// inside is a literal without its quotes, where they are one sign each.
func inside(s source.Span) source.Span {
	if t := s.Text(); len(t) >= 2 && (t[0] == '\'' || t[0] == '"') && t[len(t)-1] == t[0] {
		s.Start++
		s.End--
	}
	return s
}

// nameOf is the last name of what is assigned to: of a variable, or the key of an element.
func nameOf(x syntax.Expr) string {
	switch x := x.(type) {
	case *syntax.Var:
		return x.Name
	case *syntax.Elem:
		if s, ok := x.Key.(*syntax.Str); ok {
			return s.Value
		}
		return nameOf(x.Of)
	case *syntax.My:
		if len(x.Vars) == 1 {
			return nameOf(x.Vars[0])
		}
	case *syntax.Deref:
		return nameOf(x.X)
	}
	return ""
}

// File gives a file with its secrets hidden; offsets stay the same.
func (m *Mask) File(f *source.File) *source.File {
	if masked := m.files[f]; masked != nil {
		return masked
	}
	return f
}

func (m *Mask) span(s source.Span) source.Span {
	if s.File != nil {
		s.File = m.File(s.File)
	}
	return s
}

// Text hides known secrets in a text.
func (m *Mask) Text(s string) string { return m.words.Replace(s) }

// Diagnostics gives copies that may be shown.
func (m *Mask) Diagnostics(ds []diag.Diagnostic) []diag.Diagnostic {
	out := make([]diag.Diagnostic, len(ds))
	for i, d := range ds {
		d.Span, d.Message, d.Help = m.span(d.Span), m.Text(d.Message), m.Text(d.Help)
		related := make([]diag.Related, len(d.Related))
		for j, r := range d.Related {
			related[j] = diag.Related{Span: m.span(r.Span), Message: m.Text(r.Message)}
		}
		d.Related = related
		fixes := make([]diag.Fix, len(d.Fixes))
		for j, f := range d.Fixes {
			fixes[j] = diag.Fix{Message: m.Text(f.Message), Safe: f.Safe}
			for _, e := range f.Edits {
				fixes[j].Edits = append(fixes[j].Edits, diag.Edit{Span: m.span(e.Span), New: m.Text(e.New)})
			}
		}
		d.Fixes = fixes
		out[i] = d
	}
	return out
}
