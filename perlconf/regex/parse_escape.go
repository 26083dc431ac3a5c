package regex

import (
	"strconv"
	"strings"
)

// escape reads a backslash and what belongs to it, outside of a class.
func (p *parser) escape() *node {
	start := p.pos
	if p.pos+1 >= len(p.src) {
		p.fail(start, "a backslash ends the pattern")
	}
	c := p.src[p.pos+1]
	p.escaped = start
	assert := func(a assertion) *node {
		p.pos += 2
		return &node{kind: kAssert, assert: a, at: start}
	}
	switch c {
	case 'A':
		return assert(aBegin)
	case 'z':
		return assert(aEnd)
	case 'Z':
		return assert(aEndNL)
	case 'G':
		return assert(aStart)
	case 'b', 'B':
		n := assert(aWord)
		if c == 'B' {
			n.assert = aNotWord
		}
		n.uni = p.modes.cs.unicodeClasses()
		if p.peek() == '{' {
			if !strings.Contains(p.rest(), "}") {
				p.fail(start, "\\%c{ has no closing brace", c)
			}
			p.unsupported(start, "\\%c{...}, a boundary by Unicode's rules, cannot be used here", c)
		}
		return n
	case 'K':
		p.pos += 2
		if p.look > 0 {
			p.fail(start, "\\K may not stand in a lookaround")
		}
		p.keeps++
		return &node{kind: kKeep, at: start}
	case 'R', 'X':
		p.pos += 2
		// Within Latin-1 a grapheme is one character, save that CR LF is one.
		crlf := cat(start, []*node{p.bytes(start, "\r"), p.bytes(start, "\n")})
		one := &node{kind: kSet, at: start}
		if c == 'R' {
			one.set, _ = escapeClass('v', p.modes.cs)
		} else {
			one.set = one.set.not()
		}
		n := &node{kind: kAtomic, at: start, subs: []*node{{kind: kAlt, at: start, subs: []*node{crlf, one}}}}
		if c == 'X' {
			n.max = infinite
		}
		n.linebreak = c == 'R'
		return n
	case 'N':
		if n := p.notNewline(start); n != nil {
			return n
		}
	case 'p', 'P':
		n := &node{kind: kSet, at: start}
		n.set = p.propertyEscape()
		return n
	case 'k', 'g':
		return p.reference(start, c)
	case 'C':
		p.fail(start, "\\C, a single byte of a character, is gone since Perl 5.24")
	}
	if c >= '1' && c <= '9' {
		if n := p.digits(start); n != nil {
			return n
		}
	}
	if set, ok := escapeClass(c, p.modes.cs); ok {
		p.pos += 2
		return &node{kind: kSet, at: start, set: set}
	}
	return p.literal(start, p.character(false))
}

// notNewline reads \N without a name behind it.
func (p *parser) notNewline(start int) *node {
	if p.at(2) == '{' {
		p.pos += 2
		quantifier := p.curly() > 0
		p.pos -= 2
		if !quantifier {
			return nil
		}
	}
	p.pos += 2
	p.skip()
	if p.peek() == '{' && p.curly() == 0 {
		p.fail(start, "\\N and the brace after it must be adjacent")
	}
	n := &node{kind: kSet, at: start}
	n.set.add('\n')
	n.set = n.set.not()
	return n
}

// bytes is a literal without case folding.
func (p *parser) bytes(at int, s string) *node {
	var subs []*node
	for i := 0; i < len(s); i++ {
		n := &node{kind: kSet, at: at}
		n.set.add(s[i])
		subs = append(subs, n)
	}
	return cat(at, subs)
}

// digits reads \1 and the like as a back-reference, or gives nil for an octal escape.
func (p *parser) digits(start int) *node {
	end := p.pos + 1
	for end < len(p.src) && isDigit(p.src[end]) {
		end++
	}
	num, err := strconv.Atoi(p.src[p.pos+1 : end])
	if err != nil {
		num = 1 << 30
	}
	first := p.src[p.pos+1]
	if num > 9 && p.total >= 0 && num > p.total && first < '8' {
		return nil
	}
	p.pos = end
	return p.backref(start, num)
}

func (p *parser) backref(start, num int) *node {
	p.refers = true
	if num == 0 {
		p.fail(start, "groups count from 1")
	}
	if p.total >= 0 && num > p.total {
		p.fail(start, "there is no group %d to refer to", num)
	}
	return &node{kind: kBackref, at: start, refs: []int{num}, fold: p.modes.i, uni: p.modes.cs.unicodeFold()}
}

// reference reads \g1 \g-1 \g{1} \g{-1} \g{name} \k<name> \k'name' \k{name}.
func (p *parser) reference(start int, letter byte) *node {
	p.pos += 2
	closer := byte(0)
	switch p.peek() {
	case '{':
		closer = '}'
	case '<':
		closer = '>'
	case '\'':
		closer = '\''
	}
	if letter == 'g' && closer != '}' {
		from := p.pos
		if p.peek() == '-' {
			p.pos++
		}
		digits := p.pos
		for isDigit(p.peek()) {
			p.pos++
		}
		if p.pos == digits {
			p.fail(start, "\\g needs a number or a name in braces")
		}
		return p.numbered(start, p.src[from:p.pos])
	}
	if closer == 0 {
		p.fail(start, "\\%c needs a name in <>, {} or ''", letter)
	}
	p.pos++
	end := strings.IndexByte(p.rest(), closer)
	if end < 0 {
		p.fail(start, "\\%c... has no closing '%c'", letter, closer)
	}
	text := p.rest()[:end]
	if closer == '}' {
		text = strings.Trim(text, " \t")
	}
	from := p.pos
	p.pos += end + 1
	if letter == 'g' && text != "" && (isDigit(text[0]) || text[0] == '-') {
		return p.numbered(start, text)
	}
	p.checkName(from, text)
	return &node{kind: kBackref, at: start, name: text, fold: p.modes.i, uni: p.modes.cs.unicodeFold()}
}

func (p *parser) numbered(start int, text string) *node {
	num, err := strconv.Atoi(text)
	switch {
	case err != nil:
		p.fail(start, "\\g needs a number or a name")
	case text[0] == '-' && num < 0:
		num += p.groups + 1
		if num <= 0 {
			p.fail(start, "there are not that many groups before this place")
		}
	}
	return p.backref(start, num)
}

func (p *parser) checkName(at int, name string) {
	if name == "" || isDigit(name[0]) {
		p.fail(at, "a group's name starts with a letter or '_'")
	}
	for i := 0; i < len(name); i++ {
		if !isWordByte(name[i]) {
			p.fail(at+i, "a group's name is made of letters, digits and '_'")
		}
	}
}

// propertyEscape reads \p{...} \pL and their negations.
func (p *parser) propertyEscape() byteSet {
	start := p.pos
	neg := p.src[p.pos+1] == 'P'
	p.pos += 2
	name := ""
	switch {
	case p.pos >= len(p.src):
		p.fail(start, "\\%c needs the name of a property", p.src[start+1])
	case p.peek() == '{':
		end := strings.IndexByte(p.rest(), '}')
		if end < 0 {
			p.fail(start, "\\%c{ has no closing brace", p.src[start+1])
		}
		name = strings.Trim(p.rest()[1:end], " \t\n\r\f\v")
		p.pos += end + 1
		if rest, ok := strings.CutPrefix(name, "^"); ok {
			neg, name = !neg, strings.Trim(rest, " \t\n\r\f\v")
		}
		if name == "" {
			p.fail(start, "\\%c{} needs the name of a property", p.src[start+1])
		}
	default:
		name = p.rest()[:1]
		p.pos++
	}
	p.needUnicode()
	set, ok := property(name, p.modes.i)
	if !ok {
		p.unsupported(start, "the property %q is not known here", name)
	}
	if neg {
		set = set.not()
	}
	return set
}

// character reads an escape that stands for one character, in or outside of a class.
func (p *parser) character(inClass bool) rune {
	start := p.pos
	p.pos++
	if p.pos >= len(p.src) {
		p.fail(start, "a backslash ends the pattern")
	}
	c := p.src[p.pos]
	p.pos++
	switch c {
	case 'a':
		return 7
	case 'e':
		return 27
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	case 'b':
		if inClass {
			return '\b'
		}
	case 'c':
		return p.control(start)
	case 'x':
		return p.hex(start)
	case 'o':
		if p.peek() != '{' {
			p.fail(start, "\\o needs digits in braces")
		}
		return p.braced(start, 8)
	case 'N':
		return p.named(start)
	}
	if c >= '0' && c <= '7' {
		v := rune(c - '0')
		for i := 0; i < 2 && p.peek() >= '0' && p.peek() <= '7' && p.pos < len(p.src); i++ {
			v = v*8 + rune(p.peek()-'0')
			p.pos++
		}
		return v
	}
	if isAlpha(c) || isDigit(c) {
		p.warn(start, "\\%c has no meaning here: it stands for %c itself", c, c)
	}
	return rune(c)
}

func (p *parser) control(start int) rune {
	if p.pos >= len(p.src) || p.peek() < 0x20 || p.peek() > 0x7e {
		p.fail(start, "\\c needs a printable ASCII character behind it")
	}
	c := p.peek()
	if c == '{' {
		p.fail(start, "write \\x3b, not \\c{")
	}
	p.pos++
	if c >= 'a' && c <= 'z' {
		c -= 0x20
	}
	return rune(c ^ 64)
}

func (p *parser) hex(start int) rune {
	if p.peek() == '{' {
		return p.braced(start, 16)
	}
	v := rune(0)
	for i := 0; i < 2 && p.pos < len(p.src) && isXDigit(rune(p.peek())); i++ {
		d, _ := strconv.ParseUint(p.src[p.pos:p.pos+1], 16, 8)
		v = v*16 + rune(d)
		p.pos++
	}
	return v
}

// braced reads {digits}; what is no digit ends the number, as in Perl.
func (p *parser) braced(start int, base int) rune {
	end := strings.IndexByte(p.rest(), '}')
	if end < 0 {
		p.fail(start, "\\%c{ has no closing brace", p.src[start+1])
	}
	text := strings.Trim(p.rest()[1:end], " \t")
	p.pos += end + 1
	if text == "" && base == 8 {
		p.fail(start, "\\o{} holds no digits")
	}
	v := uint64(0)
	for i := 0; i < len(text); i++ {
		if text[i] == '_' && i > 0 {
			continue
		}
		d, err := strconv.ParseUint(text[i:i+1], base, 8)
		if err != nil {
			p.warn(start, "the number in the braces ends at %q", text[i:i+1])
			break
		}
		if v = v*uint64(base) + d; v > 1<<62/16 {
			p.fail(start, "the number is too large for a character")
		}
	}
	return rune(min(v, 0x7fffffff))
}

// named reads the rest of \N{U+...}; names of characters are not known.
func (p *parser) named(start int) rune {
	end := strings.IndexByte(p.rest(), '}')
	if p.peek() != '{' {
		p.fail(start, "\\N in a class needs a character's name in braces")
	}
	if end < 0 {
		p.fail(start, "\\N{ has no closing brace")
	}
	text := strings.Trim(p.rest()[1:end], " \t")
	p.pos += end + 1
	digits, ok := strings.CutPrefix(text, "U+")
	if !ok || digits == "" || strings.ContainsFunc(digits, func(c rune) bool { return !isXDigit(c) }) {
		p.unsupported(start, "\\N{...} with a name cannot be used here; write \\N{U+...} or \\x{...}")
	}
	p.needUnicode()
	v, err := strconv.ParseUint(digits, 16, 31)
	if err != nil {
		p.fail(start, "the number is too large for a character")
	}
	return rune(v)
}
