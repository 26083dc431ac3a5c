package macro

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// fieldLimit bounds width and precision of a conversion.
const fieldLimit = 4096

// conversion is one % in a format.
type conversion struct {
	minus, plus, space, zero, alternate bool
	width, precision                    int
	hasPrecision                        bool
	verb                                byte
}

// Sprintf formats as Perl's sprintf does, on strings. What is no valid conversion stays as it is.
func Sprintf(format string, args []string) string {
	var out strings.Builder
	index := 0
	arg := func() string {
		index++
		if index <= len(args) {
			return args[index-1]
		}
		return ""
	}
	for len(format) > 0 {
		n := strings.IndexByte(format, '%')
		if n < 0 {
			out.WriteString(format)
			break
		}
		out.WriteString(format[:n])
		format = format[n:]
		back := index
		c, explicit, used, ok := parseConversion(format, arg)
		if !ok {
			index = back
			out.WriteString(format[:used])
			format = format[used:]
			continue
		}
		format = format[used:]
		if c.verb == '%' {
			out.WriteString("%")
			continue
		}
		value := ""
		switch {
		case explicit > 0 && explicit <= len(args):
			value = args[explicit-1]
		case explicit == 0:
			value = arg()
		}
		out.WriteString(c.format(value))
	}
	return out.String()
}

// parseConversion reads a conversion at the start of s: %[n$][flags][width][.precision][size]verb.
func parseConversion(s string, arg func() string) (c conversion, explicit, used int, ok bool) {
	i := 1
	num := func() (int, bool) {
		from, v := i, 0
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			if v < fieldLimit {
				v = v*10 + int(s[i]-'0')
			}
			i++
		}
		return min(v, fieldLimit), i > from
	}
	if i < len(s) && s[i] != '0' {
		back := i
		if v, got := num(); got && i < len(s) && s[i] == '$' {
			explicit = v
			i++
		} else {
			i = back
		}
	}
flags:
	for i < len(s) {
		switch s[i] {
		case '-':
			c.minus = true
		case '+':
			c.plus = true
		case ' ':
			c.space = true
		case '0':
			c.zero = true
		case '#':
			c.alternate = true
		default:
			break flags
		}
		i++
	}
	field := func() int {
		if i < len(s) && s[i] == '*' {
			i++
			return int(math.Max(-fieldLimit, math.Min(fieldLimit, number(arg()))))
		}
		v, _ := num()
		return v
	}
	if c.width = field(); c.width < 0 {
		c.minus, c.width = true, -c.width
	}
	if i < len(s) && s[i] == '.' {
		i++
		c.hasPrecision = true
		if c.precision = field(); c.precision < 0 {
			c.hasPrecision = false
		}
	}
	for i < len(s) && strings.IndexByte("hlqLVzt", s[i]) >= 0 {
		i++
	}
	if i >= len(s) {
		return c, explicit, len(s), false
	}
	c.verb = s[i]
	return c, explicit, i + 1, strings.IndexByte("%csdiuoxXbBeEfFgGDUO", s[i]) >= 0
}

func (c conversion) format(value string) string {
	switch c.verb {
	case 's':
		if c.hasPrecision {
			value = cut(value, c.precision)
		}
		return c.pad(value, "")
	case 'c':
		return c.pad(string(rune(int(number(value)))), "")
	case 'd', 'i', 'D':
		v := math.Trunc(number(value))
		return c.integer(strconv.FormatFloat(math.Abs(v), 'f', -1, 64), c.sign(v < 0), "")
	case 'u', 'U':
		return c.integer(strconv.FormatUint(unsigned(value), 10), "", "")
	case 'o', 'O':
		return c.integer(strconv.FormatUint(unsigned(value), 8), "", "0")
	case 'x':
		return c.integer(strconv.FormatUint(unsigned(value), 16), "", "0x")
	case 'X':
		return c.integer(strings.ToUpper(strconv.FormatUint(unsigned(value), 16)), "", "0X")
	case 'b', 'B':
		return c.integer(strconv.FormatUint(unsigned(value), 2), "", "0"+string(c.verb))
	}
	v := number(value)
	if math.IsInf(v, 0) || math.IsNaN(v) {
		c.zero = false
		return c.pad(numberText(v), "")
	}
	if !c.hasPrecision {
		c.precision = 6
	}
	digits := ""
	switch c.verb {
	case 'f', 'F':
		digits = strconv.FormatFloat(math.Abs(v), 'f', c.precision, 64)
	case 'e', 'E':
		digits = strconv.FormatFloat(math.Abs(v), 'e', c.precision, 64)
	default:
		digits = shortest(math.Abs(v), c.precision, c.alternate, c.verb == 'G')
	}
	if c.verb == 'E' {
		digits = strings.ToUpper(digits)
	}
	return c.pad(digits, c.sign(math.Signbit(v)))
}

func (c conversion) sign(negative bool) string {
	switch {
	case negative:
		return "-"
	case c.plus:
		return "+"
	case c.space:
		return " "
	}
	return ""
}

func (c conversion) integer(digits, sign, prefix string) string {
	if c.alternate && digits != "0" {
		sign += prefix
	}
	if c.hasPrecision {
		c.zero = false
		if c.precision == 0 && digits == "0" {
			digits = ""
		}
		digits = strings.Repeat("0", max(0, c.precision-len(digits))) + digits
	}
	return c.pad(digits, sign)
}

// pad brings sign and body to the field's width.
func (c conversion) pad(body, sign string) string {
	fill := c.width - utf8.RuneCountInString(body) - len(sign)
	switch {
	case fill <= 0:
		return sign + body
	case c.minus:
		return sign + body + strings.Repeat(" ", fill)
	case c.zero:
		return sign + strings.Repeat("0", fill) + body
	}
	return strings.Repeat(" ", fill) + sign + body
}

func unsigned(s string) uint64 {
	v := math.Trunc(number(s))
	if v < 0 {
		return uint64(int64(v))
	}
	return uint64(v)
}

// cut shortens to n characters.
func cut(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}
