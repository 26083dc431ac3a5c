package eval

import (
	"math"
	"math/bits"
	"strings"

	"mavis/perlconf/source"
)

// maxExact bounds the doubles that Perl takes for integers in arithmetic.
const maxExact = 1 << 53

// numeric is ToNumber with whole doubles made integers, as Perl's + - * do.
func numeric(v Value) Value {
	n := ToNumber(v)
	if x, ok := n.(float64); ok && x == math.Trunc(x) && math.Abs(x) < maxExact {
		return int64(x)
	}
	return n
}

func asFloat(v Value) float64 {
	switch x := v.(type) {
	case int64:
		return float64(x)
	case uint64:
		return float64(x)
	case float64:
		return x
	}
	return 0
}

// signed splits an integer into sign and size.
func signed(v Value) (neg bool, abs uint64, ok bool) {
	switch x := v.(type) {
	case int64:
		if x < 0 {
			return true, uint64(-(x + 1)) + 1, true
		}
		return false, uint64(x), true
	case uint64:
		return false, x, true
	}
	return false, 0, false
}

func fromSigned(neg bool, abs uint64) (Value, bool) {
	switch {
	case !neg && abs <= math.MaxInt64:
		return int64(abs), true
	case !neg:
		return abs, true
	case abs <= 1<<63:
		return -int64(abs-1) - 1, true
	}
	return nil, false
}

func add(a, b Value) Value {
	a, b = numeric(a), numeric(b)
	an, au, aok := signed(a)
	bn, bu, bok := signed(b)
	if aok && bok {
		if an == bn {
			if sum, carry := bits.Add64(au, bu, 0); carry == 0 {
				if v, ok := fromSigned(an, sum); ok {
					return v
				}
			}
		} else {
			if bu > au {
				an, au, bu = bn, bu, au
			}
			if v, ok := fromSigned(an && au != bu, au-bu); ok {
				return v
			}
		}
	}
	return asFloat(a) + asFloat(b)
}

func sub(a, b Value) Value {
	b = numeric(b)
	switch x := b.(type) {
	case int64:
		if x != math.MinInt64 {
			return add(a, -x)
		}
	case uint64:
		if v, ok := fromSigned(true, x); ok {
			return add(a, v)
		}
		an, au, aok := signed(numeric(a))
		if aok && !an {
			neg := x > au
			d := au - x
			if neg {
				d = x - au
			}
			if v, ok := fromSigned(neg, d); ok {
				return v
			}
		}
	}
	return asFloat(numeric(a)) - asFloat(b)
}

func mul(a, b Value) Value {
	a, b = numeric(a), numeric(b)
	an, au, aok := signed(a)
	bn, bu, bok := signed(b)
	if aok && bok {
		if hi, lo := bits.Mul64(au, bu); hi == 0 {
			if v, ok := fromSigned(an != bn && lo != 0, lo); ok {
				return v
			}
		}
	}
	return asFloat(a) * asFloat(b)
}

func (in *Interp) div(a, b Value, span source.Span) Value {
	a, b = numeric(a), numeric(b)
	an, au, aok := signed(a)
	bn, bu, bok := signed(b)
	if aok && bok && bu != 0 && au >= bu && au%bu == 0 {
		if v, ok := fromSigned(an != bn, au/bu); ok {
			return v
		}
	}
	d := asFloat(b)
	if d == 0 {
		in.fail(CodeDie, span, "Illegal division by zero")
	}
	return asFloat(a) / d
}

// integerOf cuts to an integer; big values saturate as in Perl's casts.
func integerOf(v Value) (neg bool, abs uint64) {
	n := ToNumber(v)
	if x, ok := n.(float64); ok {
		neg = x < 0
		x = math.Abs(math.Trunc(x))
		if x >= 1<<64 {
			return neg, math.MaxUint64
		}
		if x != x {
			return false, 0
		}
		return neg, uint64(x)
	}
	neg, abs, _ = signed(n)
	return neg, abs
}

func (in *Interp) mod(a, b Value, span source.Span) Value {
	an, au := integerOf(a)
	bn, bu := integerOf(b)
	if bu == 0 {
		in.fail(CodeDie, span, "Illegal modulus zero")
	}
	r := au % bu
	if r != 0 && an != bn {
		r = bu - r
	}
	v, ok := fromSigned(bn, r)
	if !ok {
		return -float64(r)
	}
	return v
}

func power(a, b Value) Value {
	a, b = numeric(a), numeric(b)
	if base, ok := a.(int64); ok {
		if exp, ok := b.(int64); ok && exp >= 0 {
			neg, abs, _ := signed(base)
			// Perl stays with integers while the result has at most 64 bits
			if exp <= 64 && bits.Len64(abs)*int(exp) <= 64 {
				r := uint64(1)
				for range exp {
					r *= abs
				}
				isPow2 := abs&(abs-1) == 0
				if isPow2 && r >= maxExact { // worked out as a double there
					f := float64(r)
					if neg && exp&1 == 1 {
						f = -f
					}
					return f
				}
				if v, ok := fromSigned(neg && exp&1 == 1, r); ok {
					return v
				}
			}
		}
	}
	r := math.Pow(asFloat(a), asFloat(b))
	_, aInt := a.(float64)
	_, bInt := b.(float64)
	if !aInt && !bInt && r == math.Trunc(r) && math.Abs(r) < maxExact {
		return int64(r)
	}
	return r
}

func negate(v Value) Value {
	switch x := v.(type) {
	case string:
		if x == "" {
			return int64(0)
		}
		if _, whole := ParseNumber(x); whole {
			return negate(ToNumber(x))
		}
		switch c := x[0]; {
		case c == '-':
			return "+" + x[1:]
		case c == '+':
			return "-" + x[1:]
		case c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= 0x80:
			return "-" + x
		}
		return negate(ToNumber(x))
	case float64:
		if x == 0 {
			return int64(0)
		}
		return -x
	}
	n := ToNumber(v)
	neg, abs, ok := signed(n)
	if !ok {
		return -asFloat(n)
	}
	if r, ok := fromSigned(!neg && abs != 0, abs); ok {
		return r
	}
	return -float64(abs)
}

// compareNumbers gives -1, 0, 1; ok is false when one is not a number.
func compareNumbers(a, b Value) (r int, ok bool) {
	a, b = ToNumber(a), ToNumber(b)
	an, au, aok := signed(a)
	bn, bu, bok := signed(b)
	if aok && bok {
		switch {
		case an != bn:
			if an {
				return -1, true
			}
			return 1, true
		case au == bu:
			return 0, true
		case (au < bu) != an:
			return -1, true
		}
		return 1, true
	}
	x, y := asFloat(a), asFloat(b)
	switch {
	case x < y:
		return -1, true
	case x > y:
		return 1, true
	case x == y:
		return 0, true
	}
	return 0, false
}

// unsigned is what the bit operators work on.
func unsigned(v Value) uint64 {
	neg, abs := integerOf(v)
	if neg {
		return -min(abs, 1<<63)
	}
	return abs
}

func fromUnsigned(u uint64) Value {
	if u <= math.MaxInt64 {
		return int64(u)
	}
	return u
}

// bitOp is & | ^: on numbers, or byte by byte when both are strings.
func bitOp(op byte, a, b Value) Value {
	s, ok1 := a.(string)
	t, ok2 := b.(string)
	if !ok1 || !ok2 {
		x, y := unsigned(a), unsigned(b)
		switch op {
		case '&':
			x &= y
		case '|':
			x |= y
		default:
			x ^= y
		}
		return fromUnsigned(x)
	}
	if len(s) < len(t) {
		s, t = t, s
	}
	out := []byte(s)
	if op == '&' {
		out = out[:len(t)]
	}
	for i := range len(t) {
		switch op {
		case '&':
			out[i] &= t[i]
		case '|':
			out[i] |= t[i]
		default:
			out[i] ^= t[i]
		}
	}
	return string(out)
}

func complement(v Value) Value {
	if s, ok := v.(string); ok {
		out := []byte(s)
		for i := range out {
			out[i] = ^out[i]
		}
		return string(out)
	}
	return fromUnsigned(^unsigned(v))
}

func shift(v Value, by int64, left bool) Value {
	if by < 0 {
		by, left = -by, !left
	}
	u := unsigned(v)
	switch {
	case by >= 64:
		u = 0
	case left:
		u <<= uint(by)
	default:
		u >>= uint(by)
	}
	return fromUnsigned(u)
}

// increment is ++: magical on words such as a9.
func increment(v Value) Value {
	s, ok := v.(string)
	if !ok {
		return add(v, int64(1))
	}
	if s == "" || !magicWord(s) {
		return add(s, int64(1))
	}
	out := []byte(s)
	for i := len(out) - 1; i >= 0; i-- {
		switch out[i] {
		case 'z':
			out[i] = 'a'
		case 'Z':
			out[i] = 'A'
		case '9':
			out[i] = '0'
		default:
			out[i]++
			return string(out)
		}
	}
	first := map[byte]string{'a': "a", 'A': "A", '0': "1"}[out[0]]
	return first + string(out)
}

// magicWord says that ++ works on characters: letters, then digits; digits alone too, so that 08 becomes 09.
func magicWord(s string) bool {
	i := 0
	for i < len(s) && (s[i]|0x20) >= 'a' && (s[i]|0x20) <= 'z' {
		i++
	}
	return strings.Trim(s[i:], "0123456789") == ""
}
