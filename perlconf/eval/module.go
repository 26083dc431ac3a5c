package eval

import (
	"math"
	"sort"
	"strconv"
	"strings"
	"time"

	"mavis/perlconf/syntax"
)

// module is a Perl module of which the evaluator knows some subs.
type module struct {
	subs   map[string]modSub
	always []string // exported without being asked for
}

type modSub struct {
	proto string // "-" means none
	run   func(in *Interp, c *Call) ([]Value, error)
}

func one(fn func(in *Interp, c *Call) Value) func(*Interp, *Call) ([]Value, error) {
	return func(in *Interp, c *Call) ([]Value, error) { return []Value{fn(in, c)}, nil }
}

func mathSub(fn func(float64) float64) modSub {
	return modSub{"-", one(func(_ *Interp, c *Call) Value {
		x := fn(ToFloat(c.Arg(0)))
		if x == math.Trunc(x) && math.Abs(x) < maxExact {
			return int64(x)
		}
		return x
	})}
}

// modules are the standard modules that configurations use. Others are for the Host to know.
func modules() map[string]module {
	return map[string]module{
		"POSIX": {always: []string{"floor", "ceil", "strftime", "fmod", "INT_MAX", "INT_MIN", "UINT_MAX", "DBL_MAX",
			"EXIT_SUCCESS", "EXIT_FAILURE", "setlocale", "LC_ALL", "LC_TIME", "LC_CTYPE", "strtol", "toupper", "tolower", "uname"},
			subs: map[string]modSub{
				"floor": mathSub(math.Floor), "ceil": mathSub(math.Ceil), "round": mathSub(math.Round), "trunc": mathSub(math.Trunc),
				"fmod": {"-", one(func(_ *Interp, c *Call) Value { return math.Mod(ToFloat(c.Arg(0)), ToFloat(c.Arg(1))) })},
				"pow":  {"-", one(func(_ *Interp, c *Call) Value { return math.Pow(ToFloat(c.Arg(0)), ToFloat(c.Arg(1))) })},
				"strftime": {"-", one(func(in *Interp, c *Call) Value {
					return strftime(in.host.Now().Location(), ToString(c.Arg(0)), c.Values())
				})},
				"toupper": {"-", one(func(_ *Interp, c *Call) Value { return upper(ToString(c.Arg(0))) })},
				"tolower": {"-", one(func(_ *Interp, c *Call) Value { return lower(ToString(c.Arg(0))) })},
				"strtol": {"-", one(func(_ *Interp, c *Call) Value {
					base := int(ToInt(c.Arg(1)))
					if base < 2 || base > 36 {
						base = 10
					}
					n, _ := strconv.ParseInt(ToString(c.Arg(0)), base, 64)
					return n
				})},
				"setlocale": {"-", one(func(*Interp, *Call) Value { return "C" })},
				"INT_MAX":   constSub(int64(math.MaxInt32)), "INT_MIN": constSub(int64(math.MinInt32)),
				"UINT_MAX": constSub(int64(math.MaxUint32)), "DBL_MAX": constSub(math.MaxFloat64),
				"EXIT_SUCCESS": constSub(int64(0)), "EXIT_FAILURE": constSub(int64(1)),
				"uname":    {"-", uname},
				"LC_CTYPE": constSub(int64(0)), "LC_TIME": constSub(int64(2)), "LC_ALL": constSub(int64(6)),
			}},
		"Fcntl": fcntlModule(),
		"Errno": errnoModule(),
		"Sys::Hostname": {always: []string{"hostname"}, subs: map[string]modSub{
			"hostname": {"-", func(in *Interp, _ *Call) ([]Value, error) {
				h, err := in.host.Hostname()
				return []Value{h}, err
			}},
		}},
		"Scalar::Util": {subs: map[string]modSub{
			"blessed": {"$", one(func(_ *Interp, c *Call) Value {
				if b := Blessed(c.Arg(0)); b != "" {
					return b
				}
				return nil
			})},
			"reftype": {"$", one(func(_ *Interp, c *Call) Value {
				if r := RefType(c.Arg(0)); r != "" {
					return r
				}
				return nil
			})},
			"refaddr": {"$", one(func(_ *Interp, c *Call) Value {
				if IsRef(c.Arg(0)) {
					return int64(address(c.Arg(0)))
				}
				return nil
			})},
			"looks_like_number": {"$", one(func(_ *Interp, c *Call) Value { return Bool(LooksLikeNumber(c.Arg(0))) })},
			"dualvar":           {"$$", one(func(_ *Interp, c *Call) Value { return &Dual{ToInt(c.Arg(0)), ToString(c.Arg(1))} })},
			"weaken":            {"$", one(func(*Interp, *Call) Value { return nil })},
			"readonly":          {"$", one(func(_ *Interp, c *Call) Value { return Bool(len(c.Args) > 0 && c.Args[0].ro) })},
			"tainted":           {"$", one(func(*Interp, *Call) Value { return "" })},
		}},
		"List::Util": {subs: listUtil},
		"Carp": {always: []string{"croak", "carp", "confess", "cluck"}, subs: map[string]modSub{
			"croak": {"-", carp(true)}, "confess": {"-", carp(true)}, "carp": {"-", carp(false)}, "cluck": {"-", carp(false)},
		}},
		"File::Basename": {always: []string{"basename", "dirname"}, subs: map[string]modSub{
			"basename": {"-", one(func(_ *Interp, c *Call) Value {
				s := strings.TrimRight(ToString(c.Arg(0)), "/")
				s = s[strings.LastIndexByte(s, '/')+1:]
				for _, suffix := range c.Values()[1:] {
					s = strings.TrimSuffix(s, ToString(suffix))
				}
				return s
			})},
			"dirname": {"-", one(func(_ *Interp, c *Call) Value {
				s := strings.TrimRight(ToString(c.Arg(0)), "/")
				i := strings.LastIndexByte(s, '/')
				switch {
				case i > 0:
					return strings.TrimRight(s[:i], "/")
				case i == 0 || s == "" && c.Arg(0) != nil && ToString(c.Arg(0)) != "":
					return "/"
				}
				return "."
			})},
		}},
	}
}

func constSub(v Value) modSub {
	return modSub{"", one(func(*Interp, *Call) Value { return v })}
}

func carp(fatal bool) func(*Interp, *Call) ([]Value, error) {
	return func(in *Interp, c *Call) ([]Value, error) {
		msg := in.joinValues("", c.Values())
		span := c.Span
		if n := len(in.stack); n > 0 && !in.stack[n-1].from.IsZero() {
			span = in.stack[n-1].from
		}
		full := msg
		if !strings.HasSuffix(msg, "\n") {
			full += atPlace(span) + ".\n"
		}
		if fatal {
			e := Fail(CodeDie, c.Span, "", "%s", strings.TrimRight(msg, "\n"))
			e.Value = full
			return nil, e
		}
		in.host.Print(Stderr, full)
		return []Value{int64(1)}, nil
	}
}

var listUtil = map[string]modSub{
	"first": {"&@", func(in *Interp, c *Call) ([]Value, error) {
		for _, e := range c.Args[1:] {
			if in.onTopic(c, e) {
				return []Value{e.Get()}, nil
			}
		}
		return []Value{nil}, nil
	}},
	"any": {"&@", quantifier(true, true)}, "all": {"&@", quantifier(false, false)},
	"none": {"&@", quantifier(true, false)}, "notall": {"&@", quantifier(false, true)},
	"sum": {"@", one(func(_ *Interp, c *Call) Value {
		if len(c.Args) == 0 {
			return nil
		}
		return total(c.Values())
	})},
	"sum0":   {"@", one(func(_ *Interp, c *Call) Value { return total(c.Values()) })},
	"max":    {"@", extreme(func(a, b Value) bool { r, ok := compareNumbers(a, b); return ok && r > 0 })},
	"min":    {"@", extreme(func(a, b Value) bool { r, ok := compareNumbers(a, b); return ok && r < 0 })},
	"maxstr": {"@", extreme(func(a, b Value) bool { return ToString(a) > ToString(b) })},
	"minstr": {"@", extreme(func(a, b Value) bool { return ToString(a) < ToString(b) })},
	"uniq": {"@", func(_ *Interp, c *Call) ([]Value, error) {
		seen := map[string]bool{}
		var out []Value
		for _, v := range c.Values() {
			if k := ToString(v); !seen[k] {
				seen[k] = true
				out = append(out, v)
			}
		}
		if c.Want != ListContext {
			return []Value{int64(len(out))}, nil
		}
		return out, nil
	}},
	"reduce": {"&@", func(in *Interp, c *Call) ([]Value, error) {
		if len(c.Args) < 2 {
			return []Value{nil}, nil
		}
		code, ok := c.Arg(0).(*Code)
		if !ok {
			return nil, Fail(CodeArgs, c.Span, "", "Not a subroutine reference")
		}
		a, b := in.glob(in.pkgNow(), "a"), in.glob(in.pkgNow(), "b")
		oldA, oldB := a.sv, b.sv
		in.locals = append(in.locals, func() { a.sv, b.sv = oldA, oldB })
		mark := len(in.locals) - 1
		acc := c.Arg(1)
		for _, e := range c.Args[2:] {
			a.sv, b.sv = &Scalar{V: acc}, e
			acc = in.callScalar(code, nil, ScalarContext, c.Span, "")
		}
		in.unwind(mark)
		return []Value{acc}, nil
	}},
}

func total(vals []Value) Value {
	var sum Value = int64(0)
	for _, v := range vals {
		sum = add(sum, v)
	}
	return sum
}

func extreme(better func(a, b Value) bool) func(*Interp, *Call) ([]Value, error) {
	return one(func(_ *Interp, c *Call) Value {
		var best Value
		for i, v := range c.Values() {
			if i == 0 || better(v, best) {
				best = v
			}
		}
		return best
	})
}

// onTopic calls a block with $_ set.
func (in *Interp) onTopic(c *Call, e *Scalar) bool {
	code, ok := c.Arg(0).(*Code)
	if !ok {
		in.fail(CodeArgs, c.Span, "Not a subroutine reference")
	}
	g := in.global.underscore
	old := g.sv
	in.locals = append(in.locals, func() { g.sv = old })
	mark := len(in.locals) - 1
	g.sv = e
	v := in.callScalar(code, nil, ScalarContext, c.Span, "")
	in.unwind(mark)
	return ToBool(v)
}

func quantifier(stop, answer bool) func(*Interp, *Call) ([]Value, error) {
	return func(in *Interp, c *Call) ([]Value, error) {
		for _, e := range c.Args[1:] {
			if in.onTopic(c, e) == stop {
				return []Value{Bool(answer)}, nil
			}
		}
		return []Value{Bool(!answer)}, nil
	}
}

func (in *Interp) knowsModule(name string) bool {
	_, ok := modules()[name]
	return ok || in.host.Module(name)
}

// loadModule defines the subs of a known module in its own package.
func (in *Interp) loadModule(name string) module {
	m := modules()[name]
	in.Hash("main", "INC").Put(strings.ReplaceAll(name, "::", "/")+".pm", name)
	for sub, s := range m.subs {
		g := in.glob(name, sub)
		if g.cv != nil {
			continue
		}
		var proto *string
		if s.proto != "-" {
			p := s.proto
			proto = &p
		}
		run := s.run
		g.cv = &Code{Name: sub, Package: name, Proto: proto, Native: func(c *Call) ([]Value, error) { return run(c.In, c) }}
	}
	return m
}

func (c *compiler) importModule(x *syntax.Use) {
	m := c.in.loadModule(x.Module)
	if x.No || x.Parens0 {
		return
	}
	var names []string
	for _, v := range c.useArgs(x) {
		s := ToString(v)
		if strings.HasPrefix(s, ":") {
			names = append(names, m.tagged(s)...)
			continue
		}
		names = append(names, strings.TrimPrefix(s, "&"))
		if len(m.subs) == 0 {
			c.stubImport(strings.TrimPrefix(s, "&"), x)
		}
	}
	c.in.imported = append(c.in.imported, x.Module)
	if x.Args == nil || len(names) == 0 {
		names = m.always
	}
	sort.Strings(names)
	for _, n := range names {
		if g := c.in.globs[x.Module+"::"+n]; g != nil && g.cv != nil {
			c.in.glob(c.pkg, n).cv = g.cv
		} else if len(m.subs) > 0 && n != "" && n[0] != '$' && n[0] != '@' && n[0] != '%' {
			c.errorf(CodeModule, x.Span(), "", "%s of the module %s is not known here", n, x.Module)
		}
	}
}

// strftime formats broken-down time: a[1:] are sec, min, hour, mday, mon, year.
func strftime(loc *time.Location, format string, a []Value) string {
	part := func(i int) int {
		if i < len(a) {
			return int(max(-1<<31, min(ToInt(a[i]), 1<<31)))
		}
		return 0
	}
	t := time.Date(part(6)+1900, time.Month(part(5)+1), part(4), part(3), part(2), part(1), 0, loc)
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			b.WriteByte(format[i])
			continue
		}
		i++
		b.WriteString(timePart(t, format[i]))
	}
	return b.String()
}

func timePart(t time.Time, c byte) string {
	layouts := map[byte]string{'Y': "2006", 'm': "01", 'd': "02", 'H': "15", 'M': "04", 'S': "05", 'y': "06", 'b': "Jan",
		'h': "Jan", 'B': "January", 'a': "Mon", 'A': "Monday", 'p': "PM", 'I': "03", 'e': "_2", 'Z': "MST", 'z': "-0700",
		'F': "2006-01-02", 'T': "15:04:05", 'D': "01/02/06", 'R': "15:04", 'c': "Mon Jan _2 15:04:05 2006",
		'x': "01/02/06", 'X': "15:04:05", 'r': "03:04:05 PM", 'j': "002"}
	if l, ok := layouts[c]; ok {
		return t.Format(l)
	}
	year, week := t.ISOWeek()
	pad := func(n int) string {
		if n < 10 {
			return "0" + strconv.Itoa(n)
		}
		return strconv.Itoa(n)
	}
	switch c {
	case '%':
		return "%"
	case 'n':
		return "\n"
	case 't':
		return "\t"
	case 's':
		return strconv.FormatInt(t.Unix(), 10)
	case 'u':
		return strconv.Itoa((int(t.Weekday())+6)%7 + 1)
	case 'w':
		return strconv.Itoa(int(t.Weekday()))
	case 'V':
		return pad(week)
	case 'G':
		return strconv.Itoa(year)
	case 'C':
		return pad(t.Year() / 100)
	case 'U':
		return pad((t.YearDay() + 6 - int(t.Weekday())) / 7)
	case 'W':
		return pad((t.YearDay() + 6 - (int(t.Weekday())+6)%7) / 7)
	case 'k':
		return t.Format("15")
	}
	return "%" + string(c)
}
