package syntax

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"

	"mavis/perlconf/diag"
)

func sprintf(format string, args ...any) string { return fmt.Sprintf(format, args...) }

// num makes a number of its text.
func (p *parser) num(start int, text string) Expr {
	n := &Num{At: p.from(start), Text: text}
	s := strings.ReplaceAll(text, "_", "")
	bad := func(format string, args ...any) Expr {
		p.add(diag.Diagnostic{Code: codeNumber, Span: n.Place, Message: sprintf(format, args...)})
		return n
	}
	base, digits := 10, s
	switch {
	case strings.HasPrefix(s, "v") || strings.Count(s, ".") > 1:
		var b strings.Builder
		for _, f := range strings.Split(strings.TrimPrefix(s, "v"), ".") {
			v, err := strconv.ParseInt(f, 10, 32)
			if err != nil {
				return bad("%s is no version number", text)
			}
			if v < 0x100 {
				b.WriteByte(byte(v))
			} else {
				b.WriteRune(rune(v))
			}
		}
		n.VString = b.String()
		return n
	case len(s) > 1 && s[0] == '0' && (s[1]|0x20) == 'x':
		base, digits = 16, s[2:]
	case len(s) > 1 && s[0] == '0' && (s[1]|0x20) == 'b':
		base, digits = 2, s[2:]
	case len(s) > 1 && s[0] == '0' && (s[1]|0x20) == 'o':
		base, digits = 8, s[2:]
	case len(s) > 1 && s[0] == '0' && isDigit(s[1]) && !strings.ContainsAny(s, ".eE"):
		base, digits = 8, s[1:]
	}
	if i := strings.IndexAny(digits, "pP"); base != 10 && i >= 0 {
		v, ok := binaryFloat(digits[:i], digits[i+1:], base)
		if !ok {
			return bad("%s is no number", text)
		}
		n.Value = v
		return n
	}
	if base == 10 {
		if v, err := strconv.ParseInt(s, 10, 64); err == nil {
			n.Int, n.Value, n.IsInt = v, float64(v), true
			return n
		}
		v, err := strconv.ParseFloat(s, 64)
		if err != nil && !math.IsInf(v, 0) {
			return bad("%s is no number", text)
		}
		n.Value = v
		return n
	}
	for i := 0; i < len(digits); i++ {
		if d := hexDigit(digits[i]); d < 0 || d >= base {
			kind := map[int]string{2: "binary", 8: "octal", 16: "hexadecimal"}[base]
			return bad("%c is no digit of the %s number %s", digits[i], kind, text)
		}
	}
	v := 0.0
	for i := 0; i < len(digits); i++ {
		v = v*float64(base) + float64(hexDigit(digits[i]))
	}
	n.Value = v
	if i, err := strconv.ParseInt(digits, base, 64); err == nil {
		n.Int, n.IsInt = i, true
	} else if digits == "" {
		n.IsInt = true
	}
	return n
}

// trans reads tr/// and y///.
func (p *parser) trans() Expr {
	start := p.start()
	i := p.index()
	from := p.next()
	to := p.next()
	t := &Trans{}
	t.From = p.transList(from, i)
	t.To = p.transList(to, i+1)
	t.Flags = p.closeQuote()
	t.At = p.from(start)
	return t
}

// transList undoes escapes and finds ranges in one half of tr///.
func (p *parser) transList(tok *lexer.Token, i int) []TransRange {
	at := p.tokenSpan(i)
	s := tok.Value
	type char struct {
		r    rune
		dash bool
	}
	var cs []char
	for s != "" {
		if s[0] != '\\' || len(s) == 1 {
			cs = append(cs, char{rune(s[0]), s[0] == '-'})
			s = s[1:]
			continue
		}
		n := escapeLen(s)
		if s[1] == '-' || s[1] == '\\' {
			cs = append(cs, char{rune(s[1]), false})
		} else {
			for _, b := range []byte(p.unescape(s[:n], at)) {
				cs = append(cs, char{rune(b), false})
			}
		}
		s = s[n:]
	}
	var out []TransRange
	for j := 0; j < len(cs); j++ {
		if j+2 < len(cs) && cs[j+1].dash {
			if cs[j+2].r < cs[j].r {
				p.add(diag.Diagnostic{Code: codeTrans, Span: at, Message: sprintf("the range %c-%c runs backwards", cs[j].r, cs[j+2].r)})
			}
			out = append(out, TransRange{cs[j].r, cs[j+2].r})
			j += 2
			continue
		}
		out = append(out, TransRange{cs[j].r, cs[j].r})
	}
	return out
}

// escapeLen is the length of the escape that s starts with.
func escapeLen(s string) int {
	n := 2
	switch s[1] {
	case 'x', 'o', 'N':
		if len(s) > 2 && s[2] == '{' {
			if e := strings.IndexByte(s, '}'); e > 0 {
				return e + 1
			}
			return len(s)
		}
		for s[1] == 'x' && n < len(s) && n < 4 && hexDigit(s[n]) >= 0 {
			n++
		}
	case 'c':
		n = 3
	case '0', '1', '2', '3', '4', '5', '6', '7':
		for n < len(s) && n < 4 && s[n] >= '0' && s[n] <= '7' {
			n++
		}
	}
	return min(n, len(s))
}

// binaryFloat gives the value of a number such as 0x1.8p3: digits of base 2, 8 or 16 times a power of two.
func binaryFloat(digits, exponent string, base int) (float64, bool) {
	bits := map[int]int{2: 1, 8: 3, 16: 4}[base]
	exp, err := strconv.ParseInt(exponent, 10, 16)
	whole, part, _ := strings.Cut(digits, ".")
	v := 0.0
	for _, c := range []byte(whole + part) {
		d := hexDigit(c)
		if d < 0 || d >= base {
			return 0, false
		}
		v = v*float64(base) + float64(d)
	}
	return math.Ldexp(v, int(exp)-bits*len(part)), err == nil
}
