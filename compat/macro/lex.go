package macro

import (
	"strings"
	"unicode/utf8"
)

type tokenKind byte

const (
	plain       tokenKind = iota
	newlineMark           // \n written in the template: a newline, but not the end of a source line
	openIter              // [
	openSelect            // [?
	openMatch             // [~
	openActive            // [@
	openNeutral           // [:
	openDefine            // [=
	openQuote             // ["
	closeQuote            // "]
	closeCall             // ]
	separator             // |
	discard               // #
	simple                // %x or %#x
	capitals              // _NAME_ or _NAME(arg)_
)

// token is a lexical element. For plain tokens text is the text itself, else the way it was written, so that joining
// the texts of tokens gives back what a quoted passage looks like.
type token struct {
	kind tokenKind
	text string
}

func (t token) opens() bool { return t.kind >= openIter && t.kind <= openQuote }

// formal gives the index of a formal argument %0 … %9.
func (t token) formal() (int, bool) {
	if t.kind == simple && len(t.text) == 2 && t.text[1] >= '0' && t.text[1] <= '9' {
		return int(t.text[1] - '0'), true
	}
	return 0, false
}

// variable gives x of %x.
func (t token) variable() (string, bool) {
	if t.kind != simple {
		return "", false
	}
	name := t.text[1:]
	return name, utf8.RuneCountInString(name) == 1
}

var openers = map[byte]tokenKind{
	'?': openSelect, '~': openMatch, '@': openActive, ':': openNeutral, '=': openDefine, '"': openQuote,
}

// escapes are the letters that mean a control character after a backslash.
var escapes = map[byte]string{'r': "\r", 'f': "\f", 'b': "\b", 'e': "\x1b", 'a': "\a", 't': "\t"}

func tokenize(s string) []token {
	var out []token
	for len(s) > 0 {
		t, n := next(s)
		if t.kind != plain || t.text != "" {
			out = append(out, t)
		}
		s = s[n:]
	}
	return out
}

// next reads one token and its length in octets. An empty plain token stands for what the language drops.
func next(s string) (token, int) {
	switch s[0] {
	case '#':
		return token{discard, "#"}, 1
	case '|':
		return token{separator, "|"}, 1
	case ']':
		return token{closeCall, "]"}, 1
	case '\n':
		return token{plain, "\n"}, 1
	case '"':
		if strings.HasPrefix(s, `"]`) {
			return token{closeQuote, `"]`}, 2
		}
		return token{plain, `"`}, 1
	case '[':
		if len(s) > 1 {
			if k, ok := openers[s[1]]; ok {
				return token{k, s[:2]}, 2
			}
		}
		return token{openIter, "["}, 1
	case '%':
		return percent(s)
	case '\\':
		return backslash(s)
	case '_':
		if n := capitalsLen(s); n > 0 {
			return token{capitals, s[:n]}, n
		}
		return token{plain, "_"}, 1
	}
	n := strings.IndexAny(s, "[]\\|%\n#\"_")
	if n < 0 {
		n = len(s)
	}
	return token{plain, s[:n]}, n
}

func percent(s string) (token, int) {
	if len(s) == 1 {
		return token{plain, "%"}, 1
	}
	if s[1] == '%' {
		return token{plain, "%"}, 2
	}
	n := 1
	if s[1] == '#' && len(s) > 2 {
		n = 2
	}
	_, size := utf8.DecodeRuneInString(s[n:])
	return token{simple, s[:n+size]}, n + size
}

func backslash(s string) (token, int) {
	if len(s) == 1 {
		return token{plain, `\`}, 1
	}
	c := s[1]
	switch {
	case c >= '0' && c <= '7':
		n, v := 1, 0
		for n < len(s) && n < 4 && s[n] >= '0' && s[n] <= '7' {
			v = v*8 + int(s[n]-'0')
			n++
		}
		if v > 255 {
			return token{plain, string(rune(v))}, n
		}
		return token{plain, string([]byte{byte(v)})}, n
	case c == '\n' || c == '_':
		return token{plain, ""}, 2
	case c == 'n':
		return token{newlineMark, "\n"}, 2
	}
	if e, ok := escapes[c]; ok {
		return token{plain, e}, 2
	}
	_, size := utf8.DecodeRuneInString(s[1:])
	return token{plain, s[1 : 1+size]}, 1 + size
}

// capitalsLen is the length of _NAME_ or _NAME(arg)_ at the start of s, or 0.
func capitalsLen(s string) int {
	n := 1
	for n < len(s) && s[n] >= 'A' && s[n] <= 'Z' {
		n++
	}
	if n == 1 || n == len(s) {
		return 0
	}
	if s[n] == '(' {
		end := strings.IndexByte(s[n:], ')')
		if end < 0 || n+end+1 >= len(s) {
			return 0
		}
		n += end + 1
	}
	if s[n] != '_' {
		return 0
	}
	return n + 1
}

// flatten joins tokens as text.
func flatten(ts []token) string {
	if len(ts) == 1 {
		return ts[0].text
	}
	var b strings.Builder
	for _, t := range ts {
		b.WriteString(t.text)
	}
	return b.String()
}
