package macro

import (
	"math"
	"strconv"
	"strings"
)

// number reads a string the way Perl does: leading white space, then as much of a decimal number as there is.
func number(s string) float64 {
	s = strings.TrimLeft(s, " \t\n\r\f\v")
	n := 0
	digits := func() int {
		from := n
		for n < len(s) && s[n] >= '0' && s[n] <= '9' {
			n++
		}
		return n - from
	}
	if n < len(s) && (s[n] == '+' || s[n] == '-') {
		n++
	}
	if rest := strings.ToLower(s[n:]); strings.HasPrefix(rest, "inf") || strings.HasPrefix(rest, "nan") {
		v, _ := strconv.ParseFloat(s[:n]+rest[:3], 64)
		return v
	}
	whole, fraction := digits(), 0
	if n < len(s) && s[n] == '.' {
		n++
		fraction = digits()
	}
	if whole+fraction == 0 {
		return 0
	}
	if n < len(s) && (s[n] == 'e' || s[n] == 'E') {
		back := n
		n++
		if n < len(s) && (s[n] == '+' || s[n] == '-') {
			n++
		}
		if digits() == 0 {
			n = back
		}
	}
	v, _ := strconv.ParseFloat(s[:n], 64)
	return v
}

// numberText writes a number the way Perl does: whole numbers in full, others with 15 significant digits.
func numberText(v float64) string {
	switch {
	case math.IsInf(v, 1):
		return "Inf"
	case math.IsInf(v, -1):
		return "-Inf"
	case math.IsNaN(v):
		return "NaN"
	case v == math.Trunc(v) && math.Abs(v) < 1e15:
		if v == 0 {
			return "0"
		}
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return shortest(v, 15, false, false)
}

// sum adds the others to the first number, or takes them away with sign -1. Whole numbers stay exact.
func sum(a []string, sign int64) string {
	var whole int64
	exact, v := true, 0.0
	for i, s := range a {
		k := sign
		if i == 0 {
			k = 1
		}
		v += float64(k) * number(s)
		n, ok := integral(s)
		exact = exact && ok
		whole += k * n
	}
	if exact {
		return strconv.FormatInt(whole, 10)
	}
	return numberText(v)
}

// integral is the value of a whole number far enough from overflow.
func integral(s string) (int64, bool) {
	if n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64); err == nil {
		return n, n > -1<<60 && n < 1<<60
	}
	v := number(s)
	return int64(v), v == math.Trunc(v) && math.Abs(v) < 1<<53
}

// shortest is C's %.{precision}g.
func shortest(v float64, precision int, alternate, upper bool) string {
	if precision == 0 {
		precision = 1
	}
	if v == 0 {
		if alternate && precision > 1 {
			return "0." + strings.Repeat("0", precision-1)
		}
		return "0"
	}
	e := strconv.FormatFloat(v, 'e', precision-1, 64)
	mantissa, exp, _ := strings.Cut(e, "e")
	x, _ := strconv.Atoi(exp)
	out := ""
	if x < -4 || x >= precision {
		if !alternate && strings.Contains(mantissa, ".") {
			mantissa = strings.TrimRight(strings.TrimRight(mantissa, "0"), ".")
		}
		out = mantissa + "e" + exp
	} else {
		out = strconv.FormatFloat(v, 'f', precision-1-x, 64)
		if !alternate && strings.Contains(out, ".") {
			out = strings.TrimRight(strings.TrimRight(out, "0"), ".")
		}
	}
	if upper {
		out = strings.ToUpper(out)
	}
	return out
}

// increment is Perl's ++ on a string: letters and digits are counted on as in a numbering of list items.
func increment(s string) string {
	if s == "" {
		return "1"
	}
	letters := 0
	for letters < len(s) && isLetter(s[letters]) {
		letters++
	}
	if letters == 0 || strings.Trim(s[letters:], "0123456789") != "" {
		return sum([]string{s, "1"}, 1)
	}
	b := []byte(s)
	for i := len(b) - 1; i >= 0; i-- {
		switch b[i] {
		case 'z':
			b[i] = 'a'
		case 'Z':
			b[i] = 'A'
		case '9':
			b[i] = '0'
		default:
			b[i]++
			return string(b)
		}
	}
	first := b[0]
	if first == '0' {
		first = '1'
	}
	return string(first) + string(b)
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
