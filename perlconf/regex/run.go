package regex

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/dlclark/regexp2/v2"
)

// MatchAt looks for the first match in subject at or after byte offset from, which is also where \G stands. A nil
// Match means no match. An error means undecided (deadline or bound reached): callers must not read it as "no match".
func (r *Regexp) MatchAt(subject string, from int) (*Match, error) {
	if from < 0 || from > len(subject) {
		return nil, nil
	}
	if re := r.fastFor(subject, from); re != nil {
		return r.matchFast(re, subject, from), nil
	}
	re, err := r.slowProgram()
	if err != nil {
		return nil, err
	}
	return r.matchSlow(re, subject, from)
}

// MatchNext is MatchAt for the next round of m//g after a match that was empty: a match that ends at from does not
// count.
func (r *Regexp) MatchNext(subject string, from int) (*Match, error) {
	if from < 0 || from > len(subject) {
		return nil, nil
	}
	re, err := r.nonEmptyProgram()
	if err != nil {
		return nil, err
	}
	return r.matchSlow(re, subject, from)
}

// Match says whether subject matches.
func (r *Regexp) Match(subject string) (ok bool, err error) {
	if re := r.fastFor(subject, 0); re != nil {
		if !isASCII(subject) {
			subject = latin1(subject)
		}
		return re.MatchString(subject), nil
	}
	re, err := r.slowProgram()
	if err != nil {
		return false, err
	}
	if len(subject) > r.opt.MaxSubject {
		return false, tooLong(len(subject))
	}
	buf := runePool.Get().(*[]rune)
	defer putRunes(buf)
	r.runes(buf, subject)
	defer caught(&err)
	if ok, err = re.MatchRunes(*buf); err != nil {
		return false, undecided(err)
	}
	return ok, nil
}

// fastFor gives Go's program when it may judge this subject from this place.
func (r *Regexp) fastFor(subject string, from int) *regexp.Regexp {
	if !r.re2 || from > 0 && r.context || r.endings && strings.HasSuffix(subject, "\n") {
		return nil
	}
	re, err := r.fastProgram()
	if err != nil { // too large for it
		return nil
	}
	return re
}

func (r *Regexp) matchFast(re *regexp.Regexp, subject string, from int) *Match {
	text := subject[from:]
	ascii := isASCII(text)
	if !ascii {
		text = latin1(text)
	}
	loc := re.FindStringSubmatchIndex(text)
	if loc == nil {
		return nil
	}
	for i, at := range loc {
		if at >= 0 && !ascii {
			at = utf8.RuneCountInString(text[:at])
		}
		if at >= 0 {
			loc[i] = at + from
		}
	}
	return r.found(loc)
}

func (r *Regexp) matchSlow(re *regexp2.Regexp, subject string, from int) (m *Match, err error) {
	if len(subject) > r.opt.MaxSubject {
		return nil, tooLong(len(subject))
	}
	buf := runePool.Get().(*[]rune)
	defer putRunes(buf)
	r.runes(buf, subject)
	defer caught(&err)
	err = re.FindRunesMatches(*buf, from, func(v regexp2.MatchView) bool {
		loc := make([]int, 2*r.parsed.groups+2)
		for g := range len(loc) / 2 {
			loc[2*g], loc[2*g+1] = -1, -1
			if at, n, ok := v.GroupRange(g); ok {
				loc[2*g], loc[2*g+1] = at, at+n
			}
		}
		if r.parsed.keep {
			if at, _, ok := v.GroupRange(r.parsed.groups + 1); ok {
				loc[0] = at
			}
		}
		m = r.found(loc)
		return false
	})
	if err != nil {
		return nil, undecided(err)
	}
	return m, nil
}

func (r *Regexp) found(loc []int) *Match {
	m := &Match{Loc: loc, Names: r.names}
	if m.Names == nil {
		m.Names = make(map[string]int, len(r.parsed.names))
		for name, nums := range r.parsed.names {
			m.Names[name] = nums[0]
			for _, n := range nums {
				if loc[2*n] >= 0 {
					m.Names[name] = n
					break
				}
			}
		}
	}
	return m
}

// caught turns a panic of the engine into an error.
func caught(err *error) {
	if e := recover(); e != nil {
		*err = fmt.Errorf("%w: the engine failed: %v", ErrUndecided, e)
	}
}

func undecided(err error) error {
	if errors.Is(err, regexp2.ErrBacktrackingStackLimit) {
		return fmt.Errorf("%w: too much backtracking", ErrUndecided)
	}
	return fmt.Errorf("%w: it took too long", ErrUndecided) // the engine's own text holds the whole subject
}

func tooLong(n int) error { return fmt.Errorf("%w: the text has %d bytes", ErrUndecided, n) }

// maxKept is the greatest buffer that goes back to the pool, in runes.
const maxKept = 64 << 10

var runePool = sync.Pool{New: func() any { b := make([]rune, 0, 256); return &b }}

func putRunes(b *[]rune) {
	if cap(*b) <= maxKept {
		runePool.Put(b)
	}
}

// runes spreads the bytes of s, one rune each.
func (r *Regexp) runes(buf *[]rune, s string) {
	b := *buf
	if cap(b) < len(s) {
		b = make([]rune, len(s))
	}
	b = b[:len(s)]
	base := rune(privateBase)
	if r.plain {
		base = 0
	}
	for i := range len(s) {
		c := rune(s[i])
		if c >= 0x80 {
			c += base
		}
		b[i] = c
	}
	*buf = b
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// latin1 writes bytes as the UTF-8 of the characters they stand for.
func latin1(s string) string {
	b := make([]byte, 0, len(s)+len(s)/4)
	for i := range len(s) {
		b = utf8.AppendRune(b, rune(s[i]))
	}
	return string(b)
}
