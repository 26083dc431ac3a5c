package eval

import (
	"fmt"
	"math"
	"strconv"
)

// ToString is the text Perl sees in a value; undef is "".
func ToString(v Value) string {
	switch x := v.(type) {
	case nil:
		return ""
	case string:
		return x
	case int64:
		return strconv.FormatInt(x, 10)
	case uint64:
		return strconv.FormatUint(x, 10)
	case float64:
		return FormatNumber(x)
	case *Dual:
		return x.Str
	case GlobValue:
		return "*" + x.G.Package + "::" + x.G.Name
	case *Regexp:
		if x.Class == "" {
			return x.String()
		}
	}
	return refString(v)
}

// String is the form in which a qr object is interpolated, such as (?^i:a.b).
func (r *Regexp) String() string { return "(?^" + r.Flags + ":" + r.Pattern + ")" }

// FormatNumber writes a floating point number as Perl prints it, by %.15g.
func FormatNumber(x float64) string {
	switch {
	case math.IsNaN(x):
		return "NaN"
	case math.IsInf(x, 1):
		return "Inf"
	case math.IsInf(x, -1):
		return "-Inf"
	case x == 0:
		if math.Signbit(x) {
			return "-0"
		}
		return "0"
	case x == math.Trunc(x) && math.Abs(x) < 1e15:
		return strconv.FormatInt(int64(x), 10)
	}
	return strconv.FormatFloat(x, 'g', 15, 64)
}

// ToBool is Perl's truth: undef, "", "0" and zero are false.
func ToBool(v Value) bool {
	switch x := v.(type) {
	case nil:
		return false
	case string:
		return x != "" && x != "0"
	case int64:
		return x != 0
	case uint64:
		return x != 0
	case float64:
		return x != 0
	case *Dual:
		return x.Str != "" && x.Str != "0"
	}
	return true
}

// Bool is the value of a comparison: 1 or "".
func Bool(b bool) Value {
	if b {
		return int64(1)
	}
	return ""
}

// ToNumber is the number Perl sees in a value, as int64, uint64 or float64; what does not look like one counts as far
// as it does, else 0.
func ToNumber(v Value) Value {
	switch x := v.(type) {
	case int64, uint64, float64:
		return x
	case nil:
		return int64(0)
	case string:
		n, _ := ParseNumber(x)
		return n
	case *Dual:
		return x.Num
	case GlobValue:
		return int64(0)
	}
	return int64(address(v))
}

// ToFloat is ToNumber as float64.
func ToFloat(v Value) float64 {
	switch x := ToNumber(v).(type) {
	case int64:
		return float64(x)
	case uint64:
		return float64(x)
	case float64:
		return x
	}
	return 0
}

// ToInt is ToNumber cut to an integer towards zero and to the range of int64.
func ToInt(v Value) int64 {
	switch x := ToNumber(v).(type) {
	case int64:
		return x
	case uint64:
		return math.MaxInt64
	case float64:
		switch {
		case math.IsNaN(x):
			return 0
		case x >= math.MaxInt64:
			return math.MaxInt64
		case x <= math.MinInt64:
			return math.MinInt64
		}
		return int64(x)
	}
	return 0
}

// ParseNumber reads the number a string begins with; whole says that nothing but space stood around it.
func ParseNumber(s string) (n Value, whole bool) {
	i := 0
	for i < len(s) && isSpace(s[i]) {
		i++
	}
	start := i
	if i < len(s) && (s[i] == '+' || s[i] == '-') {
		i++
	}
	digits := i
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	if i == digits && i < len(s) && s[i] != '.' {
		if v, end := parseInfNaN(s, start, i); end > 0 {
			return v, trimmedEnd(s, end)
		}
	}
	mant := i - digits
	isInt := true
	if i < len(s) && s[i] == '.' {
		j := i + 1
		for j < len(s) && s[j] >= '0' && s[j] <= '9' {
			j++
		}
		if mant+j-i-1 > 0 {
			mant += j - i - 1
			isInt = false
			i = j
		}
	}
	if mant == 0 {
		return int64(0), false
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		j := i + 1
		if j < len(s) && (s[j] == '+' || s[j] == '-') {
			j++
		}
		k := j
		for j < len(s) && s[j] >= '0' && s[j] <= '9' {
			j++
		}
		if j > k {
			i = j
			isInt = false
		}
	}
	text := s[start:i]
	whole = trimmedEnd(s, i)
	if isInt {
		if v, err := strconv.ParseInt(text, 10, 64); err == nil {
			return v, whole
		}
		if text[0] != '-' {
			if v, err := strconv.ParseUint(s[digits:i], 10, 64); err == nil {
				return v, whole
			}
		}
	}
	f, _ := strconv.ParseFloat(text, 64) // out of range gives Inf, as in Perl
	return f, whole
}

func parseInfNaN(s string, start, i int) (Value, int) {
	sign := 1.0
	if start < i && s[start] == '-' {
		sign = -1
	}
	has := func(w string) bool {
		if len(s)-i < len(w) {
			return false
		}
		for k := range len(w) {
			if s[i+k]|0x20 != w[k] {
				return false
			}
		}
		return true
	}
	switch {
	case has("infinity"):
		return math.Inf(int(sign)), i + 8
	case has("inf"):
		return math.Inf(int(sign)), i + 3
	case has("nan"):
		return math.NaN(), i + 3
	}
	return nil, 0
}

func trimmedEnd(s string, i int) bool {
	for i < len(s) && isSpace(s[i]) {
		i++
	}
	return i == len(s)
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// LooksLikeNumber is Scalar::Util's looks_like_number.
func LooksLikeNumber(v Value) bool {
	switch x := v.(type) {
	case int64, uint64, float64, *Dual:
		return true
	case string:
		_, whole := ParseNumber(x)
		return whole || x == "0 but true"
	}
	return false
}

// RefType is what reftype gives: SCALAR, REF, ARRAY, HASH, CODE, REGEXP, GLOB; "" for what is no reference.
func RefType(v Value) string {
	switch x := v.(type) {
	case *Scalar:
		switch x.V.(type) {
		case *Scalar, *Array, *Hash, *Code, *Regexp, *Glob:
			return "REF"
		case GlobValue:
			return "GLOB"
		}
		return "SCALAR"
	case *Array:
		return "ARRAY"
	case *Hash:
		return "HASH"
	case *Code:
		return "CODE"
	case *Regexp:
		return "REGEXP"
	case *Glob:
		return "GLOB"
	}
	return ""
}

// Blessed is the class of a reference, "" when it has none. A qr object that was not blessed again is of class Regexp.
func Blessed(v Value) string {
	switch x := v.(type) {
	case *Scalar:
		return x.Class
	case *Array:
		return x.Class
	case *Hash:
		return x.Class
	case *Code:
		return x.Class
	case *Glob:
		return x.Class
	case *Regexp:
		if x.Class == "" {
			return "Regexp"
		}
		return x.Class
	}
	return ""
}

// Ref is Perl's ref: the class, or the type.
func Ref(v Value) string {
	if c := Blessed(v); c != "" {
		return c
	}
	return RefType(v)
}

// IsRef says whether a value is a reference.
func IsRef(v Value) bool { return RefType(v) != "" }

func address(v Value) uintptr {
	switch v.(type) {
	case *Scalar, *Array, *Hash, *Code, *Regexp, *Glob:
		n, _ := strconv.ParseUint(fmt.Sprintf("%p", v), 0, 64)
		return uintptr(n)
	}
	return 0
}

func refString(v Value) string {
	s := fmt.Sprintf("%s(0x%x)", RefType(v), address(v))
	if c := Blessed(v); c != "" && RefType(v) != "" {
		return c + "=" + s
	}
	return s
}
