package postfix

import (
	"errors"
	"strings"

	"mavis/perlconf/diag"
	"mavis/perlconf/source"
)

// Main is main.cf. A nil *Main sets nothing.
type Main struct {
	File     *source.File
	settings []Setting
	last     map[string]int
}

// ParseMain reads main.cf. What is wrong goes into the bag.
func ParseMain(f *source.File, bag *diag.Bag) *Main {
	if bag == nil {
		bag = &diag.Bag{}
	}
	m := &Main{File: f, last: map[string]int{}}
	rep := &reporter{bag: bag}
	for _, l := range lines(f, bag) {
		s, ok := l.setting(f, 0, len(l.text))
		if !ok {
			rep.add(diag.Error, CodeNoSetting, l.span(f, 0, len(l.text)), nil, "NAME = VALUE is wanted; Postfix refuses this file")
			continue
		}
		if i, have := m.last[s.Name]; have {
			rep.add(diag.Warning, CodeRepeated, m.settings[i].At, []diag.Related{{Span: s.At, Message: "set again here"}},
				"this value of %s does not count: the last one does", s.Name)
		}
		m.last[s.Name] = len(m.settings)
		m.settings = append(m.settings, s)
	}
	return m
}

// Settings gives all lines that set something, in order. Read only.
func (m *Main) Settings() []Setting {
	if m == nil {
		return nil
	}
	return m.settings
}

// Setting gives the line that counts for a parameter.
func (m *Main) Setting(name string) (Setting, bool) {
	if m == nil {
		return Setting{}, false
	}
	i, ok := m.last[name]
	if !ok {
		return Setting{}, false
	}
	return m.settings[i], true
}

// Errors of Expand.
var (
	ErrMacro  = errors.New("a $ that Postfix refuses")
	ErrNested = errors.New("parameters refer to each other too deeply, or make too long a text")
)

const (
	maxNesting  = 20
	maxExpanded = 64 << 10
)

// Expand puts values in for $name, ${name}, $(name), ${name?text}, ${name:text} and ${name?{text}:{text}}; $$ is a
// dollar. A parameter that main.cf does not set counts as empty; Postfix knows its defaults, which may differ.
func (m *Main) Expand(text string) (string, error) {
	budget := maxExpanded
	return m.expand(text, 0, &budget)
}

func (m *Main) expand(text string, depth int, budget *int) (string, error) {
	if depth > maxNesting {
		return "", ErrNested
	}
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if *budget--; *budget < 0 {
			return "", ErrNested
		}
		if text[i] != '$' {
			out.WriteByte(text[i])
			continue
		}
		if i++; i == len(text) {
			return "", ErrMacro
		}
		var body string
		switch open := text[i]; {
		case open == '$':
			out.WriteByte('$')
			continue
		case open == '{' || open == '(':
			end := closing(text, i)
			if end < 0 {
				return "", ErrMacro
			}
			body, i = text[i+1:end], end
		default:
			end := i
			for end < len(text) && isName(text[end]) {
				end++
			}
			body, i = text[i:end], end-1
		}
		value, err := m.macro(body, depth, budget)
		if err != nil {
			return "", err
		}
		out.WriteString(value)
	}
	return out.String(), nil
}

// macro is what stands behind a $, without its braces.
func (m *Main) macro(body string, depth int, budget *int) (string, error) {
	body = strings.TrimLeft(body, blanks)
	n := 0
	for n < len(body) && isName(body[n]) {
		n++
	}
	name, rest := body[:n], strings.TrimLeft(body[n:], blanks)
	if name == "" {
		return "", ErrMacro // also a comparison, ${{a} == {b} ? …}, which real files hardly use
	}
	set, _ := m.Setting(name)
	value, err := m.expand(set.Value, depth+1, budget)
	if err != nil || rest == "" {
		return value, err
	}
	var yes, no string
	switch rest[0] {
	case '?':
		if yes = strings.TrimLeft(rest[1:], blanks); strings.HasPrefix(yes, "{") {
			end := closing(yes, 0)
			if end < 0 {
				return "", ErrMacro
			}
			after := strings.TrimLeft(yes[end+1:], blanks)
			yes = yes[1:end]
			if after != "" {
				if after[0] != ':' {
					return "", ErrMacro
				}
				no = inner(after[1:])
			}
		} else {
			yes = rest[1:]
		}
	case ':':
		no = inner(rest[1:])
	default:
		return "", ErrMacro
	}
	if value == "" {
		yes = no
	}
	return m.expand(yes, depth+1, budget)
}

// inner takes the braces off {text}.
func inner(s string) string {
	t := strings.Trim(s, blanks)
	if strings.HasPrefix(t, "{") && closing(t, 0) == len(t)-1 {
		return t[1 : len(t)-1]
	}
	return s
}

// closing finds the bracket that closes the one at s[i]; -1 when there is none.
func closing(s string, i int) int {
	open, end := s[i], byte('}')
	if open == '(' {
		end = ')'
	}
	level := 0
	for ; i < len(s); i++ {
		switch s[i] {
		case open:
			level++
		case end:
			if level--; level == 0 {
				return i
			}
		}
	}
	return -1
}

func isName(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
