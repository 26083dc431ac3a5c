package macro

import (
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
)

// Builtins gives the macros that work on their arguments only: wrap, lc, uc, substr, index, len, incr, decr, min, max,
// sprintf, join, limit, dquote, uquote, rot13, hexenc, b64encode, b64enc, b64urlenc, mail_addr_decode(_octets),
// mime_decode and mime2utf8. With chars set, lengths and positions count UTF-8 characters, as in notices; otherwise
// octets, as in log lines. With chars set, octets are expected and given in the form of Upgrade.
func Builtins(chars bool) Lookup {
	if chars {
		return onCharacters()
	}
	return onOctets()
}

// The tables do not change.
var (
	onCharacters = sync.OnceValue(func() Lookup { return builtins(true) })
	onOctets     = sync.OnceValue(func() Lookup { return builtins(false) })
)

func builtins(chars bool) Map {
	u := unit{chars}
	up, down := func(s string) string { return s }, func(s string) string { return s }
	if chars {
		up, down = Upgrade, Downgrade
	}
	return Map{
		"wrap": pure(func(a []string) string {
			w := Wrapping{Width: 78, Prefix: arg(a, 1), Chars: chars}
			if len(a) > 0 {
				w.Width = int(number(a[0]))
			}
			if len(a) > 2 {
				w.Indent, w.HasIndent = a[2], true
			}
			return Wrap(arg(a, 3), w)
		}),
		"lc":     pure(func(a []string) string { return u.lower(strings.Join(a, "")) }),
		"uc":     pure(func(a []string) string { return u.upper(strings.Join(a, "")) }),
		"substr": Call(u.substr),
		"index":  pure(u.index),
		"len": Call(func(_ string, a []string) Value {
			if len(a) == 0 {
				return Undef
			}
			return Text(strconv.Itoa(u.length(a[0])))
		}),
		"incr": pure(func(a []string) string {
			if len(a) < 2 {
				return increment(arg(a, 0))
			}
			return sum(a, 1)
		}),
		"decr": pure(func(a []string) string {
			if len(a) < 2 {
				return sum([]string{arg(a, 0), "1"}, -1)
			}
			return sum(a, -1)
		}),
		"min":     Call(func(_ string, a []string) Value { return extreme(a, -1) }),
		"max":     Call(func(_ string, a []string) Value { return extreme(a, 1) }),
		"sprintf": pure(func(a []string) string { return Sprintf(arg(a, 0), rest(a, 1)) }),
		"join":    pure(func(a []string) string { return strings.Join(rest(a, 1), arg(a, 0)) }),
		"limit": pure(func(a []string) string {
			n := int(number(arg(a, 0)))
			if s := arg(a, 1); n < 6 || u.length(s) <= n {
				return s
			} else {
				return u.first(s, n-5) + "[...]"
			}
		}),
		"dquote": each("", func(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }),
		"uquote": each("", underscores),
		"rot13": pure(func(a []string) string {
			return strings.Map(func(r rune) rune {
				switch {
				case r >= 'a' && r <= 'z':
					return 'a' + (r-'a'+13)%26
				case r >= 'A' && r <= 'Z':
					return 'A' + (r-'A'+13)%26
				}
				return r
			}, arg(a, 0))
		}),
		"hexenc":    each("", func(s string) string { return hex.EncodeToString([]byte(down(s))) }),
		"b64encode": each(" ", func(s string) string { return base64.StdEncoding.EncodeToString([]byte(down(s))) }),
		"b64enc":    each("", func(s string) string { return base64.RawStdEncoding.EncodeToString([]byte(down(s))) }),
		"b64urlenc": each("", func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(down(s))) }),
		"mail_addr_decode": pure(func(a []string) string {
			return DecodeAddress(down(arg(a, 0)), false)
		}),
		"mail_addr_decode_octets": pure(func(a []string) string {
			return up(DecodeAddress(down(arg(a, 0)), true))
		}),
		"mime_decode": pure(func(a []string) string { return decodeLimited(down(arg(a, 0)), a, true) }),
		"mime2utf8":   pure(func(a []string) string { return up(decodeLimited(down(arg(a, 0)), a, false)) }),
	}
}

func pure(f func([]string) string) Value {
	return Call(func(_ string, args []string) Value { return Text(f(args)) })
}

func each(sep string, f func(string) string) Value {
	return pure(func(a []string) string {
		out := make([]string, len(a))
		for i, s := range a {
			out[i] = f(s)
		}
		return strings.Join(out, sep)
	})
}

func arg(a []string, n int) string {
	if n < len(a) {
		return a[n]
	}
	return ""
}

func rest(a []string, from int) []string {
	if from >= len(a) {
		return nil
	}
	return a[from:]
}

// extreme is the least (sign -1) or greatest argument as it was written; white-space arguments do not count.
func extreme(a []string, sign float64) Value {
	best, found := "", false
	for _, s := range a {
		if blank(s) {
			continue
		}
		if !found || sign*number(s) > sign*number(best) {
			best, found = s, true
		}
	}
	if !found {
		return Undef
	}
	return Text(best)
}

func underscores(s string) string {
	var b strings.Builder
	in := false
	for i := 0; i < len(s); i++ {
		white := s[i] == ' ' || s[i] == '\t'
		if !white {
			b.WriteByte(s[i])
		} else if !in {
			b.WriteByte('_')
		}
		in = white
	}
	return b.String()
}

// unit is what lengths and positions count.
type unit struct{ chars bool }

func (u unit) length(s string) int {
	if u.chars {
		return utf8.RuneCountInString(s)
	}
	return len(s)
}

// first is the first n units.
func (u unit) first(s string, n int) string {
	if u.chars {
		return cut(s, n)
	}
	return s[:max(0, min(n, len(s)))]
}

func (u unit) lower(s string) string {
	if u.chars {
		return cases.Lower(language.Und).String(s)
	}
	return mapASCII(s, 'A', 'Z')
}

func (u unit) upper(s string) string {
	if u.chars {
		return cases.Upper(language.Und).String(s)
	}
	return mapASCII(s, 'a', 'z')
}

func mapASCII(s string, from, to byte) string {
	b := []byte(s)
	for i, c := range b {
		if c >= from && c <= to {
			b[i] = c ^ 0x20
		}
	}
	return string(b)
}

// substr is Perl's: negative offsets and lengths count from the end; a start outside of the text gives no value.
func (u unit) substr(_ string, a []string) Value {
	s := arg(a, 0)
	n := u.length(s)
	from := int(number(arg(a, 1)))
	to := n
	if from < 0 {
		from += n
	}
	if from > n {
		return Undef
	}
	if len(a) > 2 {
		if l := int(number(a[2])); l < 0 {
			to = n + l
		} else {
			to = from + l
		}
	}
	if from < 0 {
		if to < 0 {
			return Undef
		}
		from = 0
	}
	to = min(to, n)
	if to <= from {
		return Text("")
	}
	return Text(u.first(s, to)[len(u.first(s, from)):])
}

// index is Perl's: the position of a string in another at or after a start, or -1.
func (u unit) index(a []string) string {
	s, what := arg(a, 0), arg(a, 1)
	start := max(0, min(int(number(arg(a, 2))), u.length(s)))
	head := u.first(s, start)
	n := strings.Index(s[len(head):], what)
	if n >= 0 {
		n = u.length(s[:len(head)+n])
	}
	return numberText(float64(n))
}
