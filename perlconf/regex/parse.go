package regex

import (
	"bytes"
	"fmt"
	"strconv"
)

const (
	maxPattern    = 256 << 10 // bytes
	maxDepth      = 250       // nested groups
	maxRepeat     = 65534     // as in Perl 5.36
	maxLookbehind = 255       // as in Perl 5.36
	maxNodes      = 200_000   // after calls were expanded
)

// modes are the flags in force at a place of the pattern.
type modes struct {
	i, m, s, x, xx, n bool
	cs                charset
}

// parser reads one pattern. Errors are thrown as *Error and caught by parse.
type parser struct {
	src      string
	pos      int
	modes    modes
	depth    int
	look     int // depth of lookarounds
	groups   int // opened so far
	total    int // in the whole pattern, from the first pass; -1 in that pass
	names    map[string][]int
	bodies   map[int]*node
	upgrade  bool // Perl would switch to Unicode rules
	initial  charset
	keeps    int
	runOn    bool
	refers   bool // numbers of groups occur
	escaped  int  // where the last escape began
	wide     bool
	warnings []Warning
}

// restart makes parse begin again under Unicode rules.
type restart struct{}

// pattern is a parsed pattern.
type pattern struct {
	root     *node
	groups   int
	names    map[string][]int
	keep     bool // \K occurs
	upgraded bool // Unicode rules came from the pattern, not from a flag
	wide     bool // a literal above 0xff occurs outside of classes
	runOn    bool // a comment of /x runs up to the end
	warnings []Warning
}

func parse(src string, m modes) (*pattern, error) {
	if len(src) > maxPattern {
		return nil, &Error{Offset: maxPattern, Message: "pattern is too long", Unsupported: true}
	}
	upgraded := false
	total := -1
	for {
		p := &parser{src: src, modes: m, total: total, names: map[string][]int{}, bodies: map[int]*node{}, initial: m.cs, upgrade: upgraded}
		root, again, err := p.run()
		switch {
		case again && !upgraded:
			upgraded, m.cs = true, csUnicode
			continue
		case err != nil:
			return nil, err
		case total < 0 && p.refers:
			total = p.groups // now \10 can be told from an octal escape
			continue
		}
		r := &resolver{p: p}
		if root, err = r.resolve(root); err != nil {
			return nil, err
		}
		return &pattern{root: root, groups: p.groups, names: p.names, keep: p.keeps > 0, upgraded: upgraded, wide: p.wide, runOn: p.runOn, warnings: p.warnings}, nil
	}
}

func (p *parser) run() (root *node, again bool, err error) {
	defer func() {
		switch e := recover().(type) {
		case nil:
		case *Error:
			err = e
		case restart:
			again = true
		default:
			panic(e)
		}
	}()
	root = p.alternatives(nil)
	if p.pos < len(p.src) {
		p.fail(p.pos, "this ')' closes nothing")
	}
	return root, false, nil
}

func (p *parser) fail(at int, format string, args ...any) {
	panic(&Error{Offset: min(at, len(p.src)), Message: fmt.Sprintf(format, args...)})
}

func (p *parser) unsupported(at int, format string, args ...any) {
	panic(&Error{Offset: min(at, len(p.src)), Message: fmt.Sprintf(format, args...), Unsupported: true})
}

func (p *parser) warn(at int, format string, args ...any) {
	if len(p.warnings) < 100 {
		p.warnings = append(p.warnings, Warning{at, fmt.Sprintf(format, args...)})
	}
}

// needUnicode does what Perl does when a construct only makes sense with Unicode rules.
func (p *parser) needUnicode() {
	if p.initial == csDefault && !p.upgrade {
		panic(restart{})
	}
}

func (p *parser) rest() string { return p.src[p.pos:] }

func (p *parser) peek() byte {
	if p.pos < len(p.src) {
		return p.src[p.pos]
	}
	return 0
}

func (p *parser) at(offset int) byte {
	if p.pos+offset < len(p.src) {
		return p.src[p.pos+offset]
	}
	return 0
}

func (p *parser) has(prefix string) bool {
	return len(p.src)-p.pos >= len(prefix) && p.src[p.pos:p.pos+len(prefix)] == prefix
}

func (p *parser) accept(prefix string) bool {
	if p.has(prefix) {
		p.pos += len(prefix)
		return true
	}
	return false
}

// skip passes comments and, under /x, white space.
func (p *parser) skip() {
	for p.pos < len(p.src) {
		switch c := p.src[p.pos]; {
		case p.has("(?#"):
			end := bytes.IndexByte([]byte(p.rest()), ')')
			if end < 0 {
				p.fail(p.pos, "the comment (?#... has no ')'")
			}
			p.pos += end + 1
		case p.modes.x && (c >= '\t' && c <= '\r' || c == ' ' || c == 0x85):
			p.pos++
		case p.modes.x && c == '#':
			for p.pos < len(p.src) && p.src[p.pos] != '\n' {
				p.pos++
			}
			p.runOn = p.runOn || p.pos == len(p.src)
		default:
			return
		}
	}
}

// alternatives reads up to the ')' of the group or the end. In a branch reset, reset is called before each branch.
func (p *parser) alternatives(reset func()) *node {
	start := p.pos
	if p.depth++; p.depth > maxDepth {
		p.unsupported(start, "groups are nested more than %d deep", maxDepth)
	}
	defer func() { p.depth-- }()
	var branches []*node
	for {
		if reset != nil {
			reset()
		}
		branches = append(branches, p.branch())
		if !p.accept("|") {
			break
		}
	}
	if len(branches) == 1 {
		return branches[0]
	}
	return &node{kind: kAlt, at: start, subs: branches}
}

func (p *parser) branch() *node {
	start := p.pos
	var subs []*node
	for {
		p.skip()
		if p.pos >= len(p.src) || p.src[p.pos] == '|' || p.src[p.pos] == ')' {
			return cat(start, subs)
		}
		if n := p.piece(); n != nil {
			subs = append(subs, n)
		}
	}
}

// piece is an atom with its quantifier; nil for what only sets flags.
func (p *parser) piece() *node {
	start := p.pos
	atom := p.atom()
	if atom == nil {
		return nil
	}
	p.skip()
	quantAt := p.pos
	lo, hi, ok := p.quantifier()
	if !ok {
		return atom
	}
	q := &node{kind: kQuant, at: start, min: lo, max: hi, subs: []*node{atom}}
	p.skip()
	switch {
	case p.accept("?"):
		q.mode = lazy
		p.skip()
	case p.accept("+"):
		q.mode = possessive
		p.skip()
	}
	if c := p.peek(); c == '*' || c == '+' || c == '?' || c == '{' && p.curly() > 0 {
		p.fail(p.pos, "a quantifier stands on a quantifier")
	}
	if hi != infinite && lo > hi {
		p.warn(quantAt, "the least number is greater than the greatest, so this never matches")
		q.min, q.max = 0, 0
		return cat(start, []*node{{kind: kSet, at: start}, q})
	}
	if p.src[start] == '\\' && atom.kind == kKeep && hi == infinite {
		p.fail(quantAt, "\\K may not be repeated without end")
	}
	if _, most := width(atom); most == 0 {
		p.warn(quantAt, "this quantifier repeats something that takes no room")
	}
	return q
}

// quantifier reads * + ? {n} {n,} {,m} {n,m}; blanks within the braces are allowed, as since Perl 5.34.
func (p *parser) quantifier() (lo, hi int, ok bool) {
	switch p.peek() {
	case '*':
		p.pos++
		return 0, infinite, true
	case '+':
		p.pos++
		return 1, infinite, true
	case '?':
		p.pos++
		return 0, 1, true
	case '{':
		if size := p.curly(); size > 0 {
			lo, hi = p.bounds(p.src[p.pos+1 : p.pos+size-1])
			p.pos += size
			return lo, hi, true
		}
	}
	return 0, 0, false
}

// curly is the length of the braced quantifier at this place, 0 when the brace is a literal.
func (p *parser) curly() int {
	i := p.pos + 1
	blanks := func() {
		for i < len(p.src) && (p.src[i] == ' ' || p.src[i] == '\t') {
			i++
		}
	}
	digits := func() bool {
		from := i
		for i < len(p.src) && p.src[i] >= '0' && p.src[i] <= '9' {
			i++
		}
		return i > from
	}
	blanks()
	found := digits()
	blanks()
	if i < len(p.src) && p.src[i] == ',' {
		i++
		blanks()
		found = digits() || found
		blanks()
	}
	if !found || i >= len(p.src) || p.src[i] != '}' {
		return 0
	}
	return i + 1 - p.pos
}

func (p *parser) bounds(text string) (lo, hi int) {
	number := func(s string, none int) int {
		s = string(bytes.Trim([]byte(s), " \t"))
		if s == "" {
			return none
		}
		n, err := strconv.Atoi(s)
		if err != nil || n > maxRepeat {
			p.fail(p.pos+1, "a quantifier may count to %d at most", maxRepeat)
		}
		return n
	}
	for i := 0; i < len(text); i++ {
		if text[i] == ',' {
			return number(text[:i], 0), number(text[i+1:], infinite)
		}
	}
	lo = number(text, 0)
	return lo, lo
}

// atom reads one unit without quantifier; nil when it only set flags.
func (p *parser) atom() *node {
	start := p.pos
	switch c := p.src[p.pos]; c {
	case '(':
		return p.group()
	case '[':
		return p.class()
	case '\\':
		return p.escape()
	case '^':
		p.pos++
		if p.modes.m {
			return &node{kind: kAssert, assert: aLineBegin, at: start}
		}
		return &node{kind: kAssert, assert: aBegin, at: start}
	case '$':
		p.pos++
		if p.modes.m {
			return &node{kind: kAssert, assert: aLineEnd, at: start}
		}
		return &node{kind: kAssert, assert: aEndNL, at: start}
	case '.':
		p.pos++
		n := &node{kind: kSet, at: start}
		if !p.modes.s {
			n.set.add('\n')
		}
		n.set = n.set.not()
		return n
	case '*', '+', '?':
		p.fail(start, "this quantifier has nothing before it to repeat")
	case '{': // a literal, even where it looks like a quantifier
		p.brace()
	}
	c := p.src[p.pos]
	p.pos++
	return p.literal(start, rune(c))
}

// brace judges a '{' that is no quantifier: Perl refuses it after an escape that is a letter.
func (p *parser) brace() {
	if p.pos == 0 || !isAlpha(p.src[p.pos-1]) {
		return
	}
	if p.pos >= 2 && p.src[p.pos-2] == '\\' && !(p.modes.i && p.escaped != p.pos-2) {
		p.fail(p.pos, "write \\{ here if the brace itself is meant")
	}
}

// literal matches one character.
func (p *parser) literal(at int, c rune) *node {
	if c > 0xff {
		p.wide = true
		p.needUnicode()
	}
	n := &node{kind: kSet, at: at}
	if p.modes.i {
		n.set.addFoldedRange(c, c, p.modes.cs)
	} else {
		n.set.addRange(c, c)
	}
	return n
}

func isAlpha(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isWordByte(c byte) bool {
	return isAlpha(c) || isDigit(c) || c == '_'
}
