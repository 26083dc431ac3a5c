package eval

import (
	"math"
	"strconv"
	"strings"

	"mavis/perlconf/source"
	"mavis/perlconf/syntax"
)

func compileSprintf(c *compiler, x *syntax.Func) node {
	args := flatArgs(x)
	if !c.count(x, args, 1, -1) {
		return lit(x.Span(), nil)
	}
	l := c.list(x.Span(), args)
	return &listFuncNode{at: at{x.Span()}, args: l, run: func(f *frame, a []Value, n *listFuncNode) Value {
		if len(a) == 0 {
			return ""
		}
		return f.in.sprintf(ToString(a[0]), a[1:], n.sp)
	}}
}

// directive is one conversion of a format.
type directive struct {
	minus, plus, space, zero, alt, vector bool
	width, prec                           int
	hasPrec                               bool
	verb                                  byte
	sep                                   string
}

// sprintf formats as Perl's function of this name.
func (in *Interp) sprintf(format string, args []Value, span source.Span) string {
	var b strings.Builder
	next := 0
	arg := func(explicit int) Value {
		i := explicit - 1
		if explicit == 0 {
			i = next
			next++
		}
		if i < 0 || i >= len(args) {
			return nil
		}
		return args[i]
	}
	for i := 0; i < len(format); {
		c := format[i]
		if c != '%' {
			b.WriteByte(c)
			i++
			continue
		}
		start := i
		i++
		num := func() int {
			n := 0
			for i < len(format) && format[i] >= '0' && format[i] <= '9' {
				n = min(n*10+int(format[i]-'0'), 1<<30)
				i++
			}
			return n
		}
		index := func() int { // N$
			save := i
			if n := num(); n > 0 && i < len(format) && format[i] == '$' {
				i++
				return n
			}
			i = save
			return 0
		}
		var d directive
		d.sep = "."
		which := index()
	flags:
		for i < len(format) {
			switch format[i] {
			case '-':
				d.minus = true
			case '+':
				d.plus = true
			case ' ':
				d.space = true
			case '0':
				d.zero = true
			case '#':
				d.alt = true
			default:
				break flags
			}
			i++
		}
		if i+1 < len(format) && format[i] == '*' && format[i+1] == 'v' {
			d.sep = ToString(arg(0))
			d.vector = true
			i += 2
		} else if i < len(format) && format[i] == 'v' {
			d.vector = true
			i++
		}
		if i < len(format) && format[i] == '*' {
			i++
			d.width = clampIndex(ToInt(arg(index())))
			if d.width < 0 {
				d.minus, d.width = true, -d.width
			}
		} else {
			d.width = num()
		}
		if i < len(format) && format[i] == '.' {
			i++
			d.hasPrec = true
			if i < len(format) && format[i] == '*' {
				i++
				d.prec = clampIndex(ToInt(arg(index())))
				d.hasPrec = d.prec >= 0
			} else {
				d.prec = num()
			}
		}
		for i < len(format) && strings.IndexByte("hlqLVzt", format[i]) >= 0 {
			i++
		}
		if i >= len(format) {
			b.WriteString(format[start:])
			break
		}
		d.verb = format[i]
		i++
		in.bytes(b.Len() + d.width + d.prec)
		if d.verb == '%' {
			b.WriteString(d.pad("%", false))
			continue
		}
		if strings.IndexByte("csdiuoxXbBeEfFgGaADOU", d.verb) < 0 {
			if d.verb == 'n' {
				in.fail(CodeArgs, span, "Use of %%n in printf format not supported")
			}
			b.WriteString(format[start:i])
			continue
		}
		v := arg(which)
		if d.vector {
			b.WriteString(d.pad(d.vectorText(ToString(v)), false))
			continue
		}
		b.WriteString(d.format(v))
	}
	return b.String()
}

func (d *directive) vectorText(s string) string {
	var parts []string
	one := *d
	one.vector, one.width = false, 0
	for i := range len(s) {
		parts = append(parts, one.format(int64(s[i])))
	}
	return strings.Join(parts, d.sep)
}

// pad brings text to the width.
func (d *directive) pad(s string, number bool) string {
	n := d.width - len(s)
	if n <= 0 {
		return s
	}
	switch {
	case d.minus:
		return s + strings.Repeat(" ", n)
	case d.zero && number:
		head := 0
		if len(s) > 0 && strings.IndexByte("+- ", s[0]) >= 0 {
			head = 1
		}
		if len(s) > head+1 && s[head] == '0' && strings.IndexByte("xXbB", s[head+1]) >= 0 && strings.IndexByte("xXbBaA", d.verb) >= 0 {
			head += 2
		}
		return s[:head] + strings.Repeat("0", n) + s[head:]
	case d.zero && !number:
		return strings.Repeat("0", n) + s
	}
	return strings.Repeat(" ", n) + s
}

func (d *directive) format(v Value) string {
	switch d.verb {
	case 's':
		s := ToString(v)
		if d.hasPrec && d.prec < len(s) {
			s = s[:d.prec]
		}
		return d.pad(s, false)
	case 'c':
		return d.pad(ToString(chr(ToInt(v))), false)
	case 'd', 'i', 'D':
		return d.signed(v)
	case 'u', 'U', 'o', 'O', 'x', 'X', 'b', 'B':
		return d.unsigned(v)
	}
	return d.float(ToFloat(v))
}

func (d *directive) signed(v Value) string {
	n := ToNumber(v)
	if x, ok := n.(float64); ok && (math.IsInf(x, 0) || math.IsNaN(x)) {
		if math.IsNaN(x) || x > 0 {
			return d.pad(d.sign(false)+FormatNumber(x), false)
		}
		return d.pad(FormatNumber(x), false)
	}
	neg, abs := integerOf(n)
	if neg && abs > 1<<63 {
		abs = 1 << 63
	} else if !neg && abs > math.MaxInt64 { // wraps, as the cast to IV does
		neg, abs = true, -abs
	}
	return d.integer(d.sign(neg), strconv.FormatUint(abs, 10), abs == 0)
}

func (d *directive) sign(neg bool) string {
	switch {
	case neg:
		return "-"
	case d.plus:
		return "+"
	case d.space:
		return " "
	}
	return ""
}

func (d *directive) integer(head, digits string, isZero bool) string {
	number := true
	if d.hasPrec {
		number = false
		if d.prec == 0 && isZero {
			digits = ""
		}
		if n := d.prec - len(digits); n > 0 {
			digits = strings.Repeat("0", n) + digits
		}
		one := *d
		one.zero = false
		return one.pad(head+digits, number)
	}
	return d.pad(head+digits, number)
}

func (d *directive) unsigned(v Value) string {
	u := unsigned(v)
	base := map[byte]int{'u': 10, 'U': 10, 'o': 8, 'O': 8, 'x': 16, 'X': 16, 'b': 2, 'B': 2}[d.verb]
	digits := strconv.FormatUint(u, base)
	head := ""
	if d.verb == 'X' {
		digits = strings.ToUpper(digits)
	}
	if d.alt && u != 0 {
		switch d.verb {
		case 'o', 'O':
			if !d.hasPrec || d.prec <= len(digits) {
				digits = "0" + digits
			}
		case 'x', 'X', 'b', 'B':
			head = "0" + string(d.verb)
		}
	}
	return d.integer(head, digits, u == 0)
}

func (d *directive) float(x float64) string {
	if math.IsInf(x, 0) || math.IsNaN(x) {
		s := FormatNumber(x)
		if d.plus && !math.Signbit(x) {
			s = "+" + s
		}
		return d.pad(s, false)
	}
	prec := 6
	if d.hasPrec {
		prec = min(d.prec, 1000)
	}
	neg := math.Signbit(x)
	x = math.Abs(x)
	var s string
	switch d.verb {
	case 'f', 'F':
		s = strconv.FormatFloat(x, 'f', prec, 64)
		if d.alt && prec == 0 {
			s += "."
		}
	case 'e', 'E':
		s = strconv.FormatFloat(x, d.verb, prec, 64)
	case 'a', 'A':
		p := -1
		if d.hasPrec {
			p = prec
		}
		s = hexFloat(x, p, d.verb)
	default:
		s = general(x, prec, d.verb, d.alt)
	}
	return d.pad(d.sign(neg)+s, true)
}

// general is %g: the shorter of %e and %f with trailing zeros removed unless # is given.
func general(x float64, prec int, verb byte, alt bool) string {
	if prec == 0 {
		prec = 1
	}
	if !alt {
		return trimFloat(strconv.FormatFloat(x, verb, prec, 64))
	}
	exp := 0
	if x != 0 {
		e := strconv.FormatFloat(x, 'e', prec-1, 64)
		exp, _ = strconv.Atoi(e[strings.IndexByte(e, 'e')+1:])
	}
	if exp < -4 || exp >= prec {
		return strconv.FormatFloat(x, verb-'g'+'e', prec-1, 64)
	}
	s := strconv.FormatFloat(x, 'f', prec-1-exp, 64)
	if !strings.Contains(s, ".") {
		s += "."
	}
	return s
}

func trimFloat(s string) string {
	e := strings.IndexAny(s, "eE")
	tail := ""
	if e >= 0 {
		s, tail = s[:e], s[e:]
	}
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s + tail
}

func hexFloat(x float64, prec int, verb byte) string {
	f := byte('x')
	if verb == 'A' {
		f = 'X'
	}
	s := strconv.FormatFloat(x, f, prec, 64)
	// Go writes at least two digits of exponent
	i := strings.IndexAny(s, "pP")
	if i > 0 && len(s) == i+4 && s[i+2] == '0' {
		s = s[:i+2] + s[i+3:]
	}
	return s
}
