package eval

import (
	"math"
	"math/rand"
	"strconv"
	"strings"
	"unicode/utf8"

	"mavis/perlconf/source"
)

func str1(fn func(string) Value) scalarFunc {
	return func(_ *Interp, a []Value, _ source.Span) Value { return fn(ToString(a[0])) }
}

func num1(fn func(float64) float64) scalarFunc {
	return func(_ *Interp, a []Value, _ source.Span) Value { return fn(ToFloat(a[0])) }
}

// simpleFuncs are the builtins on scalars.
var simpleFuncs = map[string]simple{
	"lc":        {1, 1, true, str1(func(s string) Value { return lower(s) })},
	"uc":        {1, 1, true, str1(func(s string) Value { return upper(s) })},
	"fc":        {1, 1, true, str1(func(s string) Value { return lower(s) })},
	"lcfirst":   {1, 1, true, str1(func(s string) Value { return lowerFirst(s) })},
	"ucfirst":   {1, 1, true, str1(func(s string) Value { return upperFirst(s) })},
	"quotemeta": {1, 1, true, str1(func(s string) Value { return quoteMeta(s) })},
	"length": {1, 1, true, func(_ *Interp, a []Value, _ source.Span) Value {
		if a[0] == nil {
			return nil
		}
		return int64(len(ToString(a[0])))
	}},
	"ord": {1, 1, true, str1(func(s string) Value {
		if s == "" {
			return int64(0)
		}
		return int64(s[0])
	})},
	"chr": {1, 1, true, func(_ *Interp, a []Value, _ source.Span) Value { return chr(ToInt(a[0])) }},
	"hex": {1, 1, true, str1(func(s string) Value { return parseBase(strings.TrimLeft(s, " \t\n"), 16) })},
	"oct": {1, 1, true, str1(func(s string) Value { return parseBase(strings.TrimLeft(s, " \t\n"), 8) })},
	"abs": {1, 1, true, func(_ *Interp, a []Value, _ source.Span) Value {
		n := numeric(a[0])
		if r, _ := compareNumbers(n, int64(0)); r < 0 {
			return negate(n)
		}
		return n
	}},
	"int": {1, 1, true, func(_ *Interp, a []Value, _ source.Span) Value {
		n := ToNumber(a[0])
		if x, ok := n.(float64); ok {
			t := math.Trunc(x)
			if math.Abs(t) < maxExact {
				return int64(t)
			}
			return t
		}
		return n
	}},
	"sqrt": {1, 1, true, func(in *Interp, a []Value, sp source.Span) Value {
		x := ToFloat(a[0])
		if x < 0 {
			in.fail(CodeDie, sp, "Can't take sqrt of %s", FormatNumber(x))
		}
		return math.Sqrt(x)
	}},
	"log": {1, 1, true, func(in *Interp, a []Value, sp source.Span) Value {
		x := ToFloat(a[0])
		if x <= 0 {
			in.fail(CodeDie, sp, "Can't take log of %s", FormatNumber(x))
		}
		return math.Log(x)
	}},
	"exp": {1, 1, true, num1(math.Exp)},
	"sin": {1, 1, true, num1(math.Sin)},
	"cos": {1, 1, true, num1(math.Cos)},
	"atan2": {2, 2, false, func(_ *Interp, a []Value, _ source.Span) Value {
		return math.Atan2(ToFloat(a[0]), ToFloat(a[1]))
	}},
	"ref":    {1, 1, true, func(_ *Interp, a []Value, _ source.Span) Value { return Ref(a[0]) }},
	"index":  {2, 3, false, func(_ *Interp, a []Value, _ source.Span) Value { return index(a) }},
	"rindex": {2, 3, false, func(_ *Interp, a []Value, _ source.Span) Value { return rindex(a) }},
	"time": {0, 0, false, func(in *Interp, _ []Value, _ source.Span) Value {
		return in.host.Now().Unix()
	}},
	"rand": {0, 1, false, func(in *Interp, a []Value, _ source.Span) Value {
		top := 1.0
		if len(a) > 0 {
			if top = ToFloat(a[0]); top == 0 {
				top = 1
			}
		}
		return in.random().Float64() * top
	}},
	"srand": {0, 1, false, func(in *Interp, a []Value, _ source.Span) Value {
		seed := in.host.Now().UnixNano() & math.MaxUint32
		if len(a) > 0 && a[0] != nil {
			seed = ToInt(a[0])
		}
		in.rand = &randState{rand.New(rand.NewSource(seed))}
		return seed
	}},
}

func (in *Interp) random() *rand.Rand {
	if in.rand == nil {
		in.rand = &randState{rand.New(rand.NewSource(in.host.Now().UnixNano()))}
	}
	return in.rand.r
}

// chr gives a byte, or above 255 the character as UTF-8.
func chr(n int64) Value {
	switch {
	case n < 0:
		return "\uFFFD"
	case n < 256:
		return string([]byte{byte(n)})
	}
	return string(utf8.AppendRune(nil, rune(min(n, utf8.MaxRune+1))))
}

// parseBase reads hex, octal or binary digits up to the first that is none; prefixes rule over the base.
func parseBase(s string, base int) Value {
	s = strings.ReplaceAll(s, "_", "")
	l := strings.ToLower(s)
	switch {
	case strings.HasPrefix(l, "0x"):
		base, s = 16, s[2:]
	case strings.HasPrefix(l, "x"):
		base, s = 16, s[1:]
	case base == 8 && strings.HasPrefix(l, "0b"):
		base, s = 2, s[2:]
	case base == 8 && strings.HasPrefix(l, "b"):
		base, s = 2, s[1:]
	case base == 8 && strings.HasPrefix(l, "0o"):
		s = s[2:]
	case base == 8 && strings.HasPrefix(l, "o"):
		s = s[1:]
	}
	i := 0
	for i < len(s) {
		d := strings.IndexByte("0123456789abcdef", s[i]|0x20)
		if s[i] >= '0' && s[i] <= '9' {
			d = int(s[i] - '0')
		}
		if d < 0 || d >= base || s[i] < '0' {
			break
		}
		i++
	}
	if i == 0 {
		return int64(0)
	}
	u, err := strconv.ParseUint(s[:i], base, 64)
	if err != nil {
		f := 0.0
		for _, c := range strings.ToLower(s[:i]) {
			f = f*float64(base) + float64(strings.IndexRune("0123456789abcdef", c))
		}
		return f
	}
	return fromUnsigned(u)
}

func index(a []Value) Value {
	s, t := ToString(a[0]), ToString(a[1])
	from := 0
	if len(a) > 2 {
		from = clampIndex(ToInt(a[2]))
	}
	from = max(0, min(from, len(s)))
	if i := strings.Index(s[from:], t); i >= 0 {
		return int64(from + i)
	}
	return int64(-1)
}

func rindex(a []Value) Value {
	s, t := ToString(a[0]), ToString(a[1])
	end := len(s)
	if len(a) > 2 {
		at := clampIndex(ToInt(a[2]))
		if at < 0 {
			if t == "" {
				return int64(0)
			}
			return int64(-1)
		}
		end = min(len(s), at+len(t))
	}
	return int64(strings.LastIndex(s[:end], t))
}
