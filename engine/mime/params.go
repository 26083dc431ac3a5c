package mime

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
)

const whiteSpace = " \t\n\r\f\v"

// Params are the value and the parameters of a structured field such as Content-Type, octets as received.
type Params struct {
	Value    string
	list     []param
	index    map[string]int
	Repeated []string // names of parameters given more than once with different values
}

type param struct {
	name, value string
	set         bool
}

// Get is a parameter by lower-case name; "" is the value in front of the parameters.
func (p *Params) Get(name string) (string, bool) {
	if name == "" {
		return p.Value, true
	}
	if i, ok := p.index[name]; ok {
		return p.list[i].value, p.list[i].set
	}
	return "", false
}

func (p *Params) put(name, value string, set bool) {
	if i, ok := p.index[name]; ok {
		if p.list[i].value != value {
			p.Repeated = append(p.Repeated, name)
		}
		p.list[i].value, p.list[i].set = value, set
		return
	}
	if p.index == nil {
		p.index = map[string]int{}
	}
	p.index[name] = len(p.list)
	p.list = append(p.list, param{name, value, set})
}

// extended collects the pieces of one parameter in the ways of RFC 2231.
type extended struct {
	name    string
	pieces  []*piece
	byKey   map[string]*piece
	percent bool
}

type piece struct {
	order float64
	value []byte
}

// ParseParams reads a field's value leniently, with the results that MIME-tools gives: the last of repeated plain parameters
// wins, RFC 2231 forms win over plain ones, and a parameter with a charset comes back as an encoded word of RFC 2047.
func ParseParams(raw string) *Params {
	raw = strings.TrimRight(strings.ReplaceAll(raw, "\n", ""), whiteSpace)
	out := &Params{}
	i := skipComments(raw, 0)
	start := i
	for i < len(raw) && raw[i] > ' ' && raw[i] < 0x80 && raw[i] != ';' {
		i++
	}
	out.Value = raw[start:i]
	i = skipComments(raw, i)
	var ext []*extended
	bases := map[string]*extended{}
	for {
		semi := strings.IndexByte(raw[i:], ';')
		if semi < 0 {
			break
		}
		i += semi
		for i < len(raw) && raw[i] == ';' {
			i = skipComments(raw, i+1)
		}
		start = i
		for i < len(raw) && raw[i] > ' ' && raw[i] != ':' && raw[i] != '=' && raw[i] < 0x80 {
			i++
		}
		name := asciiLower(raw[start:i])
		i = skipSpace(raw, i)
		if name == "" || i >= len(raw) || raw[i] != '=' {
			break
		}
		i = skipSpace(raw, i+1)
		value, set, next, ok := paramValue(raw, i)
		if !ok {
			break
		}
		i = next
		if base, key, star, isExt := splitExtended(name); isExt {
			e := bases[base]
			if e == nil {
				e = &extended{name: base, byKey: map[string]*piece{}}
				bases[base] = e
				ext = append(ext, e)
			}
			if e.add(key, star, value) {
				out.Repeated = append(out.Repeated, base)
			}
			continue
		}
		out.put(name, value, set)
	}
	for _, e := range ext {
		out.put(e.name, e.join(), true)
	}
	return out
}

func skipSpace(s string, i int) int {
	for i < len(s) && strings.IndexByte(whiteSpace, s[i]) >= 0 {
		i++
	}
	return i
}

// skipComments skips white space and comments; an open parenthesis without its end stops it. Comments do not nest here.
func skipComments(s string, i int) int {
	for {
		i = skipSpace(s, i)
		if i >= len(s) || s[i] != '(' {
			return i
		}
		end := strings.IndexByte(s[i:], ')')
		if end < 0 {
			return i
		}
		i += end + 1
	}
}

// paramValue reads a value at i; there is none before a semicolon. set is false for a value of which nothing is usable.
func paramValue(s string, i int) (value string, set bool, next int, ok bool) {
	if i >= len(s) || s[i] == ';' {
		return "", false, i, false
	}
	if s[i] == '"' {
		if v, end, closed := quoted(s, i); closed {
			return v, true, end, true
		}
	}
	if end := encodedWordEnd(s, i); end > 0 {
		return s[i:end], true, end, true
	}
	if end := tokenEnd(s, i); end > i {
		return s[i:end], true, end, true
	}
	end := len(s)
	if semi := strings.IndexByte(s[i:], ';'); semi >= 0 {
		end = i + semi
	}
	junk := strings.Trim(s[i:end], whiteSpace)
	n := tokenEnd(junk, 0)
	return junk[:n], n > 0, end, true
}

func quoted(s string, i int) (string, int, bool) {
	var b strings.Builder
	for j := i + 1; j < len(s); j++ {
		switch s[j] {
		case '"':
			return b.String(), j + 1, true
		case '\\':
			j++
			if j < len(s) {
				b.WriteByte(s[j])
			}
		default:
			b.WriteByte(s[j])
		}
	}
	return "", 0, false
}

// encodedWordEnd finds the end of "=?charset?X?data?=" at i, or 0.
func encodedWordEnd(s string, i int) int {
	if !strings.HasPrefix(s[i:], "=?") {
		return 0
	}
	j := strings.IndexByte(s[i+2:], '?')
	if j < 0 {
		return 0
	}
	j += i + 3
	if j+2 >= len(s) || (s[j]|0x20) < 'a' || (s[j]|0x20) > 'z' || s[j+1] != '?' {
		return 0
	}
	k := strings.IndexByte(s[j+2:], '?')
	if k <= 0 {
		return 0
	}
	k += j + 2
	if k+1 >= len(s) || s[k+1] != '=' {
		return 0
	}
	return k + 2
}

func tokenEnd(s string, i int) int {
	for i < len(s) && s[i] > ' ' && s[i] < 0x80 && strings.IndexByte(`()<>@,;:\/[]?="`, s[i]) < 0 {
		i++
	}
	return i
}

// splitExtended takes "name*3*" apart (RFC 2231 sections 3 and 4).
func splitExtended(name string) (base, key string, star, ok bool) {
	i := strings.IndexByte(name, '*')
	if i <= 0 {
		return "", "", false, false
	}
	base, key = name[:i], name[i+1:]
	if strings.HasSuffix(key, "*") {
		star, key = true, key[:len(key)-1]
	} else if key == "" {
		star = true
	}
	if strings.Contains(key, "*") {
		return "", "", false, false
	}
	if key == "" && star && strings.HasSuffix(name, "**") {
		return "", "", false, false
	}
	if key == "" {
		key = "0"
	}
	return base, key, star, true
}

// add takes another piece; repeated says that its number was there before.
func (e *extended) add(key string, star bool, value string) (repeated bool) {
	if star {
		value = percentDecode(value)
		e.percent = true
	}
	if p := e.byKey[key]; p != nil {
		p.value = append(p.value, value...)
		return true
	}
	digits := 0
	for digits < len(key) && key[digits] >= '0' && key[digits] <= '9' {
		digits++
	}
	order, _ := strconv.ParseFloat(key[:digits], 64)
	p := &piece{order, []byte(value)}
	e.byKey[key] = p
	e.pieces = append(e.pieces, p)
	return false
}

func (e *extended) join() string {
	sort.SliceStable(e.pieces, func(a, b int) bool { return e.pieces[a].order < e.pieces[b].order })
	var b strings.Builder
	for _, p := range e.pieces {
		b.Write(p.value)
	}
	v := b.String()
	if !e.percent {
		return v
	}
	charset, rest, found := strings.Cut(v, "'")
	if !found {
		return v
	}
	lang, text, two := strings.Cut(rest, "'")
	if !two {
		lang, text = "", rest
	}
	if lang != "" {
		charset += "*" + lang
	}
	b.Reset()
	b.WriteString("=?" + charset + "?Q?")
	for i := range len(text) {
		switch c := text[i]; {
		case c == ' ':
			b.WriteByte('_')
		case c == '=' || c == '?' || c == '_' || c < ' ' || c >= 0x7f:
			fmt.Fprintf(&b, "=%02X", c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteString("?=")
	return b.String()
}

func percentDecode(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if h, l := unhex(s[i+1]), unhex(s[i+2]); h >= 0 && l >= 0 {
				b = append(b, byte(h<<4|l))
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
