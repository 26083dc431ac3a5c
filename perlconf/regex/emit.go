package regex

import (
	"strconv"
	"strings"
)

// maxRE2Repeat is the greatest count that Go's regexp takes.
const maxRE2Repeat = 1000

// fitsRE2 says that Go's regexp gives the pattern the same meaning as Perl does. Where context is true the pattern
// looks at what lies before the start of the match; where endings is true that holds only for subjects that do not
// end in a newline.
func fitsRE2(p *pattern) (fits, context, endings bool) {
	if p.keep {
		return false, false, false
	}
	fits = true
	groups := 0
	walk(p.root, func(n *node) {
		switch n.kind {
		case kEmpty, kSet, kCat, kAlt:
		case kGroup:
			groups++
			fits = fits && n.n == groups
		case kQuant:
			least, _ := width(n.subs[0])
			fits = fits && n.mode != possessive && least > 0 && n.min <= maxRE2Repeat && n.max <= maxRE2Repeat
		case kAssert:
			switch n.assert {
			case aBegin:
				context = true
			case aEnd:
			case aEndNL, aLineEnd:
				endings = true
			case aLineBegin:
				context, endings = true, true
			case aWord, aNotWord:
				context = true
				fits = fits && !n.uni
			default:
				fits = false
			}
		default:
			fits = false
		}
	})
	return fits && groups == p.groups, context, endings
}

// emitter writes a pattern for one of the two engines.
type emitter struct {
	strings.Builder
	re2     bool
	plain   bool         // bytes from 0x80 stand for Latin-1, not for private characters
	keep    int          // number of the group that marks \K
	present map[int]bool // groups that are written
}

// privateBase moves the bytes from 0x80 on to characters without case and class, so that regexp2 treats them as Perl
// treats such bytes.
const privateBase = 0xe000

// foldsLatin1 says that a back-reference must know the letters of Latin-1's upper half.
func foldsLatin1(root *node) bool {
	found := false
	walk(root, func(n *node) { found = found || n.kind == kBackref && n.fold && n.uni })
	return found
}

func emitRE2(p *pattern) string {
	e := &emitter{re2: true, plain: true}
	e.write(p.root)
	return e.String()
}

func emitRegexp2(p *pattern, plain bool) string {
	e := &emitter{plain: plain, keep: p.groups + 1, present: map[int]bool{}}
	walk(p.root, func(n *node) {
		if n.kind == kGroup {
			e.present[n.n] = true
		}
	})
	e.write(p.root)
	return e.String()
}

func (e *emitter) write(n *node) {
	switch n.kind {
	case kSet:
		e.set(n.set)
	case kCat:
		for _, s := range n.subs {
			if s.kind == kAlt {
				e.wrap("(?:", s)
			} else {
				e.write(s)
			}
		}
	case kAlt:
		for i, s := range n.subs {
			if i > 0 {
				e.WriteByte('|')
			}
			e.write(s)
		}
	case kGroup:
		if e.re2 {
			e.wrap("(", n.subs[0])
		} else {
			e.wrap("(?<"+strconv.Itoa(n.n)+">", n.subs[0])
		}
	case kQuant:
		e.quant(n)
	case kAssert:
		e.assertion(n)
	case kLook:
		open := "(?"
		if n.behind {
			open = "(?<"
		}
		if n.neg {
			e.wrap(open+"!", n.subs[0])
		} else {
			e.wrap(open+"=", n.subs[0])
		}
	case kAtomic:
		e.wrap("(?>", n.subs[0])
	case kBackref:
		e.backref(n)
	case kCond:
		e.conditional(n)
	case kKeep:
		e.WriteString("(?<" + strconv.Itoa(e.keep) + ">)")
	}
}

func (e *emitter) wrap(open string, n *node) {
	e.WriteString(open)
	e.write(n)
	e.WriteByte(')')
}

func (e *emitter) quant(n *node) {
	if n.mode == possessive {
		e.WriteString("(?>")
		defer e.WriteByte(')')
	}
	switch inner := n.subs[0]; {
	case inner.kind == kSet:
		e.write(inner)
	case endsAtomic(inner):
		// regexp2 would melt (?:(?>a+))+ into (?>a+)+ and then into a+; an empty group keeps them apart.
		e.WriteString("(?:")
		e.write(inner)
		e.WriteString("(?<" + strconv.Itoa(e.keep+1) + ">))")
	default:
		e.wrap("(?:", inner)
	}
	switch {
	case n.min == 0 && n.max == infinite:
		e.WriteByte('*')
	case n.min == 1 && n.max == infinite:
		e.WriteByte('+')
	case n.min == 0 && n.max == 1:
		e.WriteByte('?')
	case n.max == infinite:
		e.WriteString("{" + strconv.Itoa(n.min) + ",}")
	case n.min == n.max:
		e.WriteString("{" + strconv.Itoa(n.min) + "}")
	default:
		e.WriteString("{" + strconv.Itoa(n.min) + "," + strconv.Itoa(n.max) + "}")
	}
	if n.mode == lazy {
		e.WriteByte('?')
	}
}

func (e *emitter) assertion(n *node) {
	switch n.assert {
	case aBegin:
		e.WriteString(`\A`)
	case aEnd:
		e.WriteString(`\z`)
	case aEndNL:
		if e.re2 { // the subject ends in no newline
			e.WriteString(`\z`)
		} else {
			e.WriteString(`\Z`)
		}
	case aLineBegin:
		if e.re2 {
			e.WriteString(`(?m:^)`)
		} else {
			e.WriteString(`(?:(?m:^)(?!\z)|\A)`)
		}
	case aLineEnd:
		e.WriteString(`(?m:$)`)
	case aStart:
		e.WriteString(`\G`)
	case aWord, aNotWord:
		e.boundary(n)
	}
}

// boundary writes \b or \B. With private characters regexp2's own \b is the ASCII one.
func (e *emitter) boundary(n *node) {
	not := n.assert == aNotWord
	if e.re2 || !n.uni && !e.plain {
		if not {
			e.WriteString(`\B`)
		} else {
			e.WriteString(`\b`)
		}
		return
	}
	cs := csDefault
	if n.uni {
		cs = csUnicode
	}
	word, _ := escapeClass('w', cs)
	one := func(open string) {
		e.WriteString(open)
		e.set(word)
		e.WriteByte(')')
	}
	first, second := "(?!", "(?="
	if not {
		first, second = second, first
	}
	e.WriteString("(?:")
	one("(?<=")
	one(first)
	e.WriteByte('|')
	one("(?<!")
	one(second)
	e.WriteByte(')')
}

// backref writes the first of the groups that captured something.
func (e *emitter) backref(n *node) {
	var refs []int
	for _, r := range n.refs {
		if e.present[r] {
			refs = append(refs, r)
		}
	}
	if len(refs) == 0 {
		e.WriteString("(?!)")
		return
	}
	open, end := "", ""
	if n.fold {
		open, end = "(?i:", ")"
	}
	last := len(refs) - 1
	for _, r := range refs[:last] {
		num := strconv.Itoa(r)
		e.WriteString("(?(" + num + ")" + open + `\k<` + num + `>` + end + "|")
	}
	e.WriteString("(?:" + open + `\k<` + strconv.Itoa(refs[last]) + `>` + end + ")")
	e.WriteString(strings.Repeat(")", last))
}

func (e *emitter) conditional(n *node) {
	if len(n.subs) > 2 {
		e.WriteString("(?")
		e.write(n.subs[2])
		e.arms(n)
		return
	}
	opened := 0
	for _, r := range n.refs {
		if !e.present[r] {
			continue
		}
		if opened++; opened > 1 {
			e.WriteByte('|')
		}
		e.WriteString("(?(" + strconv.Itoa(r) + ")")
		e.wrap("(?:", n.subs[0])
	}
	if opened > 0 {
		e.WriteByte('|')
	}
	e.wrap("(?:", n.subs[1])
	e.WriteString(strings.Repeat(")", opened))
}

func (e *emitter) arms(n *node) {
	e.wrap("(?:", n.subs[0])
	e.WriteByte('|')
	e.wrap("(?:", n.subs[1])
	e.WriteByte(')')
}

// set writes a set of bytes as a class.
func (e *emitter) set(s byteSet) {
	switch n := s.count(); {
	case n == 256:
		e.WriteString("(?s:.)")
		return
	case n == 0 && e.re2:
		e.WriteString(`[^\x{0}-\x{10ffff}]`)
		return
	case n == 0:
		e.WriteString("(?!)")
		return
	case n == 1:
		s.ranges(func(lo, _ byte) { e.byte(lo) })
		return
	case n > 128:
		e.WriteString("[^")
		s = s.not()
	default:
		e.WriteByte('[')
	}
	s.ranges(func(lo, hi byte) {
		if lo < 0x80 && hi >= 0x80 && !e.plain {
			e.span(lo, 0x7f)
			lo = 0x80
		}
		e.span(lo, hi)
	})
	e.WriteByte(']')
}

func (e *emitter) span(lo, hi byte) {
	e.byte(lo)
	if lo < hi {
		e.WriteByte('-')
		e.byte(hi)
	}
}

func (e *emitter) byte(b byte) {
	const hex = "0123456789abcdef"
	switch {
	case isAlpha(b) || isDigit(b):
		e.WriteByte(b)
	case b < 0x80 || e.plain:
		e.WriteString(`\x`)
		if e.re2 {
			e.WriteString("{" + string(hex[b>>4]) + string(hex[b&15]) + "}")
		} else {
			e.WriteString(string(hex[b>>4]) + string(hex[b&15]))
		}
	default:
		e.WriteString(`\ue0` + string(hex[b>>4]) + string(hex[b&15]))
	}
}

// endsAtomic says that a node is nothing but an atomic or possessive part.
func endsAtomic(n *node) bool {
	return n.kind == kAtomic || n.kind == kQuant && (n.mode == possessive || endsAtomic(n.subs[0]))
}
