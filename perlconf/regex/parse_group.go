package regex

import (
	"strconv"
	"strings"
)

// group reads what starts with '('; nil when it only set flags.
func (p *parser) group() *node {
	start := p.pos
	p.pos++
	switch {
	case p.accept("*"):
		return p.starred(start)
	case !p.accept("?"):
		from := p.pos
		p.skip()
		if p.pos > from && (p.peek() == '?' || p.peek() == '*') {
			p.fail(start, "'(' and '%c' must be adjacent", p.peek())
		}
		p.pos = from
		if p.modes.n {
			return p.body(start)
		}
		return p.capture(start, "")
	}
	if p.pos >= len(p.src) {
		p.fail(start, "the pattern ends in '(?'")
	}
	switch c := p.peek(); c {
	case ':':
		p.pos++
		return p.body(start)
	case '=', '!':
		p.pos++
		return p.lookaround(start, c == '!', false)
	case '>':
		p.pos++
		return &node{kind: kAtomic, at: start, subs: []*node{p.body(start)}}
	case '|':
		p.pos++
		return p.branchReset(start)
	case '<':
		if next := p.at(1); next == '=' || next == '!' {
			p.pos += 2
			return p.lookaround(start, next == '!', true)
		}
		return p.capture(start, p.groupName(start, '>'))
	case '\'':
		return p.capture(start, p.groupName(start, '\''))
	case 'P':
		return p.python(start)
	case '(':
		return p.conditional(start)
	case '&':
		p.pos++
		return p.callName(start)
	case 'R', '0', '+', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return p.callNumber(start)
	case '-':
		if isDigit(p.at(1)) {
			return p.callNumber(start)
		}
	case '{', '?':
		if c == '{' || p.at(1) == '{' {
			p.unsupported(start, "Perl code within a pattern is never run")
		}
	case '[':
		p.unsupported(start, "(?[...]), a class with set operations, cannot be used here")
	}
	return p.flagGroup(start)
}

// body reads up to the closing ')'; flags set within end there.
func (p *parser) body(start int) *node {
	return p.bodyReset(start, nil)
}

func (p *parser) bodyReset(start int, reset func()) *node {
	saved := p.modes
	n := p.alternatives(reset)
	if !p.accept(")") {
		p.fail(start, "this '(' has no ')'")
	}
	p.modes = saved
	return n
}

func (p *parser) capture(start int, name string) *node {
	p.groups++
	n := &node{kind: kGroup, at: start, n: p.groups}
	if name != "" {
		p.declare(name, n.n)
	}
	n.subs = []*node{p.body(start)}
	if _, ok := p.bodies[n.n]; !ok {
		p.bodies[n.n] = n
	}
	return n
}

func (p *parser) declare(name string, num int) {
	for _, have := range p.names[name] {
		if have == num {
			return
		}
	}
	p.names[name] = append(p.names[name], num)
}

// groupName reads <name> or 'name', the cursor on the opener.
func (p *parser) groupName(start int, closer byte) string {
	p.pos++
	from := p.pos
	for isWordByte(p.peek()) {
		p.pos++
	}
	name := p.src[from:p.pos]
	if name == "" || isDigit(name[0]) {
		p.fail(from, "a group's name starts with a letter or '_'")
	}
	if p.peek() != closer {
		p.fail(start, "the name of this group has no closing '%c'", closer)
	}
	p.pos++
	return name
}

func (p *parser) lookaround(start int, neg, behind bool) *node {
	p.look++
	n := &node{kind: kLook, at: start, neg: neg, behind: behind, subs: []*node{p.body(start)}}
	p.look--
	return n
}

// branchReset reads (?|...): every branch counts its groups from the same number.
func (p *parser) branchReset(start int) *node {
	first, last := p.groups, p.groups
	n := p.bodyReset(start, func() {
		last = max(last, p.groups)
		p.groups = first
	})
	p.groups = max(last, p.groups)
	return n
}

// python reads (?P<name>...) (?P=name) (?P>name).
func (p *parser) python(start int) *node {
	p.pos++
	switch p.peek() {
	case '<':
		return p.capture(start, p.groupName(start, '>'))
	case '=':
		name := p.groupName(start, ')')
		return &node{kind: kBackref, at: start, name: name, fold: p.modes.i, uni: p.modes.cs.unicodeFold()}
	case '>':
		p.pos++
		return p.callName(start)
	}
	p.fail(start, "(?P is followed by <name>, =name or >name")
	return nil
}

func (p *parser) callName(start int) *node {
	p.pos--
	name := p.groupName(start, ')')
	return &node{kind: kCall, at: start, name: name, n: -1}
}

func (p *parser) callNumber(start int) *node {
	end := strings.IndexByte(p.rest(), ')')
	if end < 0 {
		p.fail(start, "the call of a group has no ')'")
	}
	text := p.rest()[:end]
	p.pos += end + 1
	n := &node{kind: kCall, at: start}
	if text == "R" || text == "0" {
		return n
	}
	p.refers = true
	num, err := strconv.Atoi(text)
	if err != nil {
		p.fail(start, "the call of a group needs its number")
	}
	switch {
	case text[0] == '-':
		num += p.groups + 1
	case text[0] == '+':
		num += p.groups
	}
	if num <= 0 || p.total >= 0 && num > p.total {
		p.fail(start, "there is no group %s to call", text)
	}
	n.n = num
	return n
}

// starred reads (*...): the long names of lookarounds, and verbs.
func (p *parser) starred(start int) *node {
	from := p.pos
	for isWordByte(p.peek()) {
		p.pos++
	}
	word := p.src[from:p.pos]
	if word != "" && word[0] >= 'a' && word[0] <= 'z' {
		if !p.accept(":") {
			p.fail(start, "there is no construct (*%s", word)
		}
		switch word {
		case "pla", "positive_lookahead":
			return p.lookaround(start, false, false)
		case "nla", "negative_lookahead":
			return p.lookaround(start, true, false)
		case "plb", "positive_lookbehind":
			return p.lookaround(start, false, true)
		case "nlb", "negative_lookbehind":
			return p.lookaround(start, true, true)
		case "atomic":
			return &node{kind: kAtomic, at: start, subs: []*node{p.body(start)}}
		case "sr", "script_run", "asr", "atomic_script_run":
			p.unsupported(start, "script runs cannot be used here")
		}
		p.fail(start, "there is no construct (*%s:", word)
	}
	end := strings.IndexByte(p.rest(), ')')
	if end < 0 {
		p.fail(start, "the verb has no ')'")
	}
	argument := p.rest()[:end]
	p.pos += end + 1
	switch word {
	case "F", "FAIL":
		if argument == "" || argument[0] == ':' {
			return &node{kind: kSet, at: start}
		}
	case "ACCEPT", "COMMIT", "PRUNE", "SKIP", "THEN", "MARK", "":
		if argument == "" || argument[0] == ':' {
			p.unsupported(start, "verbs that steer the matcher cannot be used here")
		}
	}
	p.fail(start, "there is no verb (*%s%s)", word, argument)
	return nil
}

// flagGroup reads (?flags) and (?flags:...).
func (p *parser) flagGroup(start int) *node {
	m := p.modes
	if p.accept("^") {
		m = modes{cs: csDefault}
		if p.upgrade {
			m.cs = csUnicode
		}
		if p.peek() == '-' {
			p.fail(start, "(?^ already turns flags off, '-' may not follow")
		}
	}
	on, charsets := true, ""
	for {
		if p.pos >= len(p.src) {
			p.fail(start, "the flags of this group do not end")
		}
		c := p.src[p.pos]
		switch c {
		case ')':
			p.pos++
			p.modes = m
			return nil
		case ':':
			p.pos++
			saved := p.modes
			p.modes = m
			n := p.alternatives(nil)
			if !p.accept(")") {
				p.fail(start, "this '(' has no ')'")
			}
			p.modes = saved
			return n
		case '-':
			if !on {
				p.fail(p.pos, "a second '-' among the flags")
			}
			on = false
		case 'i':
			m.i = on
		case 'm':
			m.m = on
		case 's':
			m.s = on
		case 'n':
			m.n = on
		case 'x':
			m.x, m.xx = on, false
			if p.at(1) == 'x' {
				p.pos++
				m.xx = on
			}
		case 'p', 'o', 'g', 'c':
			p.warn(p.pos, "the flag %c has no effect within a pattern", c)
		case 'a', 'd', 'l', 'u':
			if !on {
				p.fail(p.pos, "the flag %c cannot be turned off", c)
			}
			charsets += string(c)
			cs, ok := charsetOf(charsets)
			if !ok {
				p.fail(p.pos, "these flags exclude each other: %s", charsets)
			}
			if m.cs = cs; cs == csDefault && p.upgrade {
				m.cs = csUnicode
			}
		default:
			p.fail(p.pos, "there is no group that starts with %s", p.src[start:min(p.pos+1, len(p.src))])
		}
		p.pos++
	}
}

// charsetOf reads the letters of the character set flags.
func charsetOf(letters string) (charset, bool) {
	switch letters {
	case "", "d":
		return csDefault, true
	case "l":
		return csLocale, true
	case "u":
		return csUnicode, true
	case "a":
		return csASCII, true
	case "aa":
		return csASCIIMore, true
	}
	return csDefault, false
}

// conditional reads (?(condition)yes|no).
func (p *parser) conditional(start int) *node {
	p.pos++
	n := &node{kind: kCond, at: start}
	switch {
	case p.accept("DEFINE)"):
		n.kind = kDefine
	case p.has("?=") || p.has("?!") || p.has("?<=") || p.has("?<!") || p.has("*"):
		p.pos--
		if n.subs = []*node{nil, nil, p.group()}; n.subs[2] == nil || n.subs[2].kind != kLook {
			p.fail(start, "this condition is no lookaround")
		}
	case p.has("?{") || p.has("??{"):
		p.unsupported(start, "Perl code within a pattern is never run")
	case p.peek() == '<' || p.peek() == '\'':
		closer := p.peek()
		if closer == '<' {
			closer = '>'
		}
		n.name = p.groupName(start, closer)
		p.endCondition(start)
	case p.accept("R"):
		n.kind, n.refs = kInCall, []int{-1}
		if p.accept("&") {
			p.pos--
			from := p.pos + 1
			for p.pos++; isWordByte(p.peek()); p.pos++ {
			}
			n.name = p.src[from:p.pos]
			p.checkName(from, n.name)
		} else if num, ok := p.number(); ok {
			n.refs[0] = num
		}
		p.endCondition(start)
	default:
		num, ok := p.number()
		if !ok || num == 0 {
			p.fail(start, "this condition is not understood")
		}
		n.refs = []int{num}
		p.endCondition(start)
	}
	p.branches(start, n)
	return n
}

func (p *parser) number() (int, bool) {
	from := p.pos
	for isDigit(p.peek()) {
		p.pos++
	}
	num, err := strconv.Atoi(p.src[from:p.pos])
	return num, err == nil
}

func (p *parser) endCondition(start int) {
	if !p.accept(")") {
		p.fail(start, "the condition has no ')'")
	}
}

// branches reads the yes and the no of a conditional, and its ')'.
func (p *parser) branches(start int, n *node) {
	if p.depth++; p.depth > maxDepth {
		p.unsupported(start, "groups are nested more than %d deep", maxDepth)
	}
	defer func() { p.depth-- }()
	saved := p.modes
	yes, no := p.branch(), &node{kind: kEmpty, at: p.pos}
	if p.peek() == '|' {
		if n.kind == kDefine {
			p.fail(p.pos, "(?(DEFINE)...) has no alternatives")
		}
		p.pos++
		no = p.branch()
		if p.peek() == '|' {
			p.fail(p.pos, "a condition has two branches at most")
		}
	}
	if !p.accept(")") {
		p.fail(start, "this '(' has no ')'")
	}
	p.modes = saved
	n.subs = append([]*node{yes, no}, n.subs[min(2, len(n.subs)):]...)
}
