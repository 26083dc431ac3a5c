package regex

import "strings"

// class reads a bracketed class.
func (p *parser) class() *node {
	start := p.pos
	p.pos++
	n := &node{kind: kSet, at: start}
	p.blanks()
	neg := p.accept("^")
	p.blanks()
	for first := true; ; first = false {
		p.blanks()
		if p.pos >= len(p.src) {
			p.fail(start, "this '[' has no ']'")
		}
		if p.src[p.pos] == ']' && !first {
			p.pos++
			break
		}
		n.set = n.set.or(p.member(start))
	}
	if neg {
		n.set = n.set.not()
	}
	p.outsidePosix(start)
	return n
}

// outsidePosix warns of [:alpha:] that is not within another class.
func (p *parser) outsidePosix(start int) {
	text := p.src[start:p.pos]
	if name, ok := strings.CutPrefix(text, "[:"); ok {
		if name, ok = strings.CutSuffix(name, ":]"); ok && posixClass(strings.TrimPrefix(name, "^")) != nil {
			p.warn(start, "%s is a set of these letters; the class is written [%s]", text, text)
		}
	}
}

// blanks skips what /xx ignores in a class.
func (p *parser) blanks() {
	for p.modes.xx && (p.peek() == ' ' || p.peek() == '\t') && p.pos < len(p.src) {
		p.pos++
	}
}

// member reads one character, range or class within brackets.
func (p *parser) member(open int) byteSet {
	at := p.pos
	set, lo, isSet := p.element(open)
	p.blanks()
	if p.peek() != '-' || p.pos+1 >= len(p.src) {
		return p.one(set, lo, isSet)
	}
	dash := p.pos
	p.pos++
	p.blanks()
	if p.peek() == ']' || p.pos >= len(p.src) {
		p.pos = dash
		return p.one(set, lo, isSet)
	}
	if isSet {
		p.warn(at, "a range cannot start with a class: '-' stands for itself")
		p.pos = dash
		set.addRange('-', '-')
		p.pos++
		return set
	}
	set2, hi, isSet2 := p.element(open)
	if isSet2 {
		p.warn(at, "a range cannot end with a class: '-' stands for itself")
		set = p.one(set, lo, false).or(set2)
		set.addRange('-', '-')
		return set
	}
	if lo > hi {
		p.fail(at, "the range %q runs backwards", p.src[at:p.pos])
	}
	if hi > 0xff {
		p.needUnicode()
	}
	set = byteSet{}
	if p.modes.i {
		set.addFoldedRange(lo, hi, p.modes.cs)
	} else {
		set.addRange(lo, hi)
	}
	return set
}

func (p *parser) one(set byteSet, c rune, isSet bool) byteSet {
	if isSet {
		return set
	}
	wide := p.wide
	set = p.literal(p.pos, c).set
	p.wide = wide
	return set
}

// element reads a character, or a class with isSet.
func (p *parser) element(open int) (set byteSet, c rune, isSet bool) {
	if p.pos >= len(p.src) {
		p.fail(open, "this '[' has no ']'")
	}
	switch p.src[p.pos] {
	case '[':
		if set, ok := p.posix(); ok {
			return set, 0, true
		}
	case '\\':
		if p.pos+1 >= len(p.src) {
			p.fail(open, "this '[' has no ']'")
		}
		letter := p.src[p.pos+1]
		if letter == 'p' || letter == 'P' {
			return p.propertyEscape(), 0, true
		}
		if set, ok := escapeClass(letter, p.modes.cs); ok {
			p.pos += 2
			return set, 0, true
		}
		return byteSet{}, p.character(true), false
	}
	c = rune(p.src[p.pos])
	p.pos++
	return byteSet{}, c, false
}

// posix reads [:name:]; ok is false when the bracket is a literal.
func (p *parser) posix() (byteSet, bool) {
	kind := p.at(1)
	if kind != ':' && kind != '.' && kind != '=' {
		return byteSet{}, false
	}
	end := p.pos + 2
	for end < len(p.src) && (isWordByte(p.src[end]) || p.src[end] == '^' && end == p.pos+2) {
		end++
	}
	if end == p.pos+2 || end+1 >= len(p.src) || p.src[end] != kind || p.src[end+1] != ']' {
		return byteSet{}, false
	}
	name := p.src[p.pos+2 : end]
	if kind != ':' {
		p.fail(p.pos, "[%c %c] is reserved by POSIX and means nothing to Perl", kind, kind)
	}
	bare, neg := strings.CutPrefix(name, "^")
	is := posixClass(bare)
	if is == nil {
		p.fail(p.pos, "there is no POSIX class [:%s:]", name)
	}
	if p.modes.i && (bare == "upper" || bare == "lower") {
		is = func(c rune) bool { return posixClass("upper")(c) || isLower(c) }
	}
	set := setOf(p.modes.cs.limit(), is)
	if neg {
		set = set.not()
	}
	p.pos = end + 2
	return set, true
}
