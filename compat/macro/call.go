package macro

import (
	"strconv"
	"strings"
)

// evaluate gives the result of a call that has all its arguments. It is good until the next call.
func (m *machine) evaluate(f frame) []token {
	args := m.arguments(f)
	switch f.opener {
	case openSelect:
		return m.selector(args)
	case openMatch:
		return m.matcher(args)
	case openIter:
		return m.iterator(args)
	case openDefine:
		m.define(args)
		return nil
	}
	return m.callNamed(m.name(args[0]), args)
}

// name is an argument that names a macro.
func (m *machine) name(arg []token) string { return strings.Trim(m.join(arg), " \t\n") }

// selector chooses an alternative: 0 for white space, the number for a number, 1 for other text; past the end the last
// of several alternatives.
func (m *machine) selector(args [][]token) []token {
	which, choices := strings.Trim(m.join(args[0]), " \t\n\r\f\v"), args[1:]
	n := 0
	if which != "" {
		if n = 1; strings.Trim(which, "0123456789") == "" {
			var err error
			if n, err = strconv.Atoi(which); err != nil { // larger than any number of alternatives
				n = len(choices)
			}
		}
	}
	if n >= len(choices) {
		if len(choices) < 2 {
			return nil
		}
		n = len(choices) - 1
	}
	return choices[n]
}

// matcher is [~text|pattern|then|pattern|then|…|else]. An empty pattern always matches; one that does not compile or
// cannot be decided never does.
func (m *machine) matcher(args [][]token) []token {
	text, rest := m.join(args[0]), args[1:]
	groups := []string{text}
	for len(rest) >= 2 {
		got, ok := m.patterns.groups(m.join(rest[0]), text)
		rest = rest[1:]
		if ok {
			groups = append(groups, got...)
			break
		}
		rest = rest[1:]
	}
	if len(rest) == 0 {
		return nil
	}
	return m.replaceFormals(rest[0], func(n int) []token {
		if n < len(groups) {
			return m.one(groups[n])
		}
		return nil
	})
}

func (m *machine) replaceFormals(body []token, arg func(int) []token) []token {
	out := m.several[:0]
	for _, t := range body {
		if n, ok := t.formal(); ok {
			out = append(out, arg(n)...)
		} else {
			out = append(out, t)
		}
	}
	m.several = out
	return out
}

// iterator repeats a body for each element: [%x|body|separator], [body|separator], [body], [long-name|body|separator].
func (m *machine) iterator(args [][]token) []token {
	head, body := args[0], args[0]
	var sep []token
	if len(args) >= 3 {
		body, sep = args[1], args[2]
	} else if len(args) == 2 {
		sep = args[1]
	}
	variable, name := "", ""
	for _, t := range head {
		if v, ok := t.variable(); ok {
			variable, name = v, v
			break
		}
	}
	if variable == "" && len(args) >= 3 {
		if name = m.name(head); name != "" {
			variable = "x"
		}
	}
	v, ok := m.expander.lookup(name)
	if !ok {
		return nil
	}
	var elements []string
	if v.kind == defined {
		elements = []string{m.join(m.replaceFormals(v.tokens(), func(int) []token { return nil }))}
	} else {
		elements = m.value(name, v).Elements()
	}
	out := m.several[:0]
	for i, e := range elements {
		if m.steps -= len(body) + len(sep); m.steps < 0 {
			return nil
		}
		if i > 0 {
			out = append(out, sep...)
		}
		for _, t := range body {
			if t.kind == simple && t.text[1:] == variable {
				t = token{plain, e}
			}
			out = append(out, t)
		}
	}
	m.several = out
	return out
}

func (m *machine) define(args [][]token) {
	name := m.name(args[0])
	var body []token
	if len(args) > 1 {
		body = append(body, args[1]...)
	}
	delete(m.cache, name)
	m.expander.own[name] = Value{kind: defined, of: body}
}

// value calls a function that has no arguments, once in an expansion.
func (m *machine) value(name string, v Value) Value {
	if v.kind != function {
		return v
	}
	if c, ok := m.cache[name]; ok {
		return c
	}
	v = m.call(v, name, nil)
	m.cache[name] = v
	return v
}

// call runs a function until it gives something else than a function.
func (m *machine) call(v Value, name string, args []string) Value {
	for v.kind == function {
		if m.steps--; m.steps < 0 {
			return Undef
		}
		v = v.function()(name, args)
	}
	m.octets -= len(v.text)
	for _, s := range v.elements() {
		m.octets -= len(s)
	}
	return v
}

// callNamed is a call with arguments; args[0] is the name as written.
func (m *machine) callNamed(name string, args [][]token) []token {
	v, _ := m.expander.lookup(name)
	switch v.kind {
	case defined:
		return m.replaceFormals(v.tokens(), func(n int) []token {
			if n > 0 && n < len(args) {
				m.steps -= len(args[n])
				return args[n]
			}
			return nil
		})
	case function:
		if len(args) <= 1 {
			v = m.value(name, v)
			break
		}
		texts := make([]string, 0, len(args)-1)
		for _, a := range args[1:] {
			texts = append(texts, m.join(a))
		}
		if m.octets < 0 {
			return nil
		}
		v = m.call(v, name, texts)
	}
	return m.one(v.Str())
}

// callSimple is %x or %#x.
func (m *machine) callSimple(t token) []token {
	name, counting := t.text[1:], false
	if len(name) > 1 && name[0] == '#' {
		name, counting = name[1:], true
	}
	v, _ := m.expander.lookup(name)
	if v.kind != defined {
		v = m.value(name, v)
		if counting {
			return m.one(strconv.Itoa(v.count()))
		}
		return m.one(v.Str())
	}
	body := m.replaceFormals(v.tokens(), func(int) []token { return nil })
	if counting {
		return m.one(strconv.Itoa(Text(m.join(body)).count()))
	}
	return body
}

// callCapitals is _NAME_ or _NAME(arg)_.
func (m *machine) callCapitals(t token) []token {
	name, arg, has := strings.Cut(t.text[1:len(t.text)-1], "(")
	args := [][]token{{{plain, name}}}
	if has {
		args = append(args, []token{{plain, strings.TrimSuffix(arg, ")")}})
	}
	return m.callNamed(name, args)
}
