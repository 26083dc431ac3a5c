package regex

import (
	"math/bits"
	"unicode"
)

// byteSet is a set of bytes. Bytes from 0x80 on stand for the characters of Latin-1, as in Perl.
type byteSet [4]uint64

func (s *byteSet) add(b byte)     { s[b>>6] |= 1 << (b & 63) }
func (s byteSet) has(b byte) bool { return s[b>>6]&(1<<(b&63)) != 0 }

func (s *byteSet) addRange(lo, hi rune) {
	for c := max(lo, 0); c <= hi && c <= 0xff; c++ {
		s.add(byte(c))
	}
}

func (s byteSet) or(o byteSet) byteSet {
	for i := range s {
		s[i] |= o[i]
	}
	return s
}

// meets says that a byte is in both sets.
func (s byteSet) meets(o byteSet) bool {
	for i := range s {
		if s[i]&o[i] != 0 {
			return true
		}
	}
	return false
}

func (s byteSet) not() byteSet {
	for i := range s {
		s[i] = ^s[i]
	}
	return s
}

func (s byteSet) count() int {
	n := 0
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

// ranges calls f for each run of bytes in the set.
func (s byteSet) ranges(f func(lo, hi byte)) {
	for c := 0; c < 256; c++ {
		if !s.has(byte(c)) {
			continue
		}
		lo := c
		for c < 255 && s.has(byte(c+1)) {
			c++
		}
		f(byte(lo), byte(c))
	}
}

// setOf gives the bytes below limit whose character satisfies is.
func setOf(limit rune, is func(rune) bool) byteSet {
	var s byteSet
	for c := rune(0); c < limit; c++ {
		if is(c) {
			s.add(byte(c))
		}
	}
	return s
}

// charset is which of Perl's /d /l /u /a /aa is in force.
type charset uint8

const (
	csDefault charset = iota
	csLocale
	csUnicode
	csASCII
	csASCIIMore
)

var charsetNames = [...]string{"", "l", "u", "a", "aa"}

// unicodeClasses says that \w, \s, \b and POSIX classes know Latin-1's upper half.
func (c charset) unicodeClasses() bool { return c == csUnicode }

// unicodeFold says that /i knows Latin-1's upper half.
func (c charset) unicodeFold() bool { return c >= csUnicode }

// limit is the first character that classes do not look at.
func (c charset) limit() rune {
	if c.unicodeClasses() {
		return 0x100
	}
	return 0x80
}

// addFoldedRange adds the bytes that /i makes equal to a character from lo to hi, which may lie above 0xff.
func (s *byteSet) addFoldedRange(lo, hi rune, cs charset) {
	if hi < 0x80 { // what else folds to ASCII letters is not in Latin-1
		for c := lo; c <= hi; c++ {
			s.add(byte(c))
			if isAlpha(byte(c)) {
				s.add(byte(c ^ 0x20))
			}
		}
		return
	}
	if lo >= 0x80 && hi < 0x100 && !cs.unicodeFold() {
		s.addRange(lo, hi)
		return
	}
	for c := rune(0); c < 0x100; c++ {
		if lo <= c && c <= hi {
			s.add(byte(c))
			continue
		}
		for o := unicode.SimpleFold(c); o != c; o = unicode.SimpleFold(o) {
			if lo <= o && o <= hi && foldAllowed(cs, c, o) {
				s.add(byte(c))
				break
			}
		}
	}
}

func foldAllowed(cs charset, a, b rune) bool {
	switch {
	case a < 0x80 && b < 0x80:
		return true
	case !cs.unicodeFold():
		return false
	case cs == csASCIIMore && (a < 0x80) != (b < 0x80):
		return false
	}
	return true
}

func isWord(c rune) bool  { return c == '_' || unicode.IsLetter(c) || unicode.IsDigit(c) }
func isSpace(c rune) bool { return c >= '\t' && c <= '\r' || c == ' ' || c == 0x85 || c == 0xa0 }
func isBlank(c rune) bool { return c == '\t' || c == ' ' || c == 0xa0 }
func isCntrl(c rune) bool { return c < 0x20 || c >= 0x7f && c < 0xa0 }
func isGraph(c rune) bool { return !isCntrl(c) && c != ' ' && c != 0xa0 }
func isLower(c rune) bool { return unicode.IsLower(c) || c == 0xaa || c == 0xba }

func isXDigit(c rune) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func isPunct(c rune) bool {
	if c < 0x80 {
		return isGraph(c) && !unicode.IsLetter(c) && !unicode.IsDigit(c)
	}
	return unicode.IsPunct(c)
}

// posixClass gives the test of a POSIX class, nil for an unknown name.
func posixClass(name string) func(rune) bool {
	switch name {
	case "alpha":
		return unicode.IsLetter
	case "alnum":
		return func(c rune) bool { return unicode.IsLetter(c) || unicode.IsDigit(c) }
	case "ascii":
		return func(c rune) bool { return c < 0x80 }
	case "blank":
		return isBlank
	case "cntrl":
		return isCntrl
	case "digit":
		return unicode.IsDigit
	case "graph":
		return isGraph
	case "lower":
		return isLower
	case "print":
		return func(c rune) bool { return !isCntrl(c) }
	case "punct":
		return isPunct
	case "space":
		return isSpace
	case "upper":
		return unicode.IsUpper
	case "word":
		return isWord
	case "xdigit":
		return isXDigit
	}
	return nil
}

// escapeClass gives the set of \w \d \s \h \v and their negations; ok is false for other letters.
func escapeClass(letter byte, cs charset) (s byteSet, ok bool) {
	switch letter | 0x20 {
	case 'w':
		s = setOf(cs.limit(), isWord)
	case 'd':
		s = setOf(0x80, unicode.IsDigit)
	case 's':
		s = setOf(cs.limit(), isSpace)
	case 'h': // whatever the charset
		s = setOf(0x100, isBlank)
	case 'v':
		s = setOf(0x100, func(c rune) bool { return c >= '\n' && c <= '\r' || c == 0x85 })
	default:
		return s, false
	}
	if letter&0x20 == 0 {
		s = s.not()
	}
	return s, true
}
