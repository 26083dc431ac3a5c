// Package regex runs Perl regular expressions: by Go's RE2 where the meaning is provably the same, else by regexp2
// with a deadline and a bound on backtracking. Subjects are bytes, as Perl sees them.
package regex

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/dlclark/regexp2/v2"
)

// ErrUndecided is wrapped by errors of MatchAt and Match: the deadline or the bound on backtracking was reached.
var ErrUndecided = errors.New("pattern match was not decided")

// Regexp is a compiled pattern; it is safe for use by several goroutines.
type Regexp struct {
	pattern, flags string
	re             *regexp2.Regexp
	names          map[string]int
}

// Match is one match: byte offsets of the whole and of the groups, -1 where a group took no part.
type Match struct {
	Loc   []int          // pairs, as in regexp.FindSubmatchIndex
	Names map[string]int // named groups
}

// Error is a pattern that is refused.
type Error struct {
	Offset      int    // byte offset in the pattern
	Message     string // one line
	Unsupported bool   // Perl would accept it
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s (at byte %d of the pattern)", e.Message, e.Offset)
}

// Compile translates a Perl pattern. Flags are any of Perl's msixxnpaadlu; unknown ones are errors.
// An error of type *Error tells the byte offset in pattern.
func Compile(pattern, flags string) (*Regexp, error) {
	var inline strings.Builder
	for _, f := range flags {
		switch f {
		case 'm', 's', 'i', 'x', 'n':
			inline.WriteRune(f)
		case 'p', 'a', 'd', 'l', 'u':
		default:
			return nil, &Error{Message: fmt.Sprintf("unknown regular expression flag %q", f)}
		}
	}
	src := string(toRunes(strings.ReplaceAll(pattern, "(?^", "(?")))
	if inline.Len() > 0 {
		src = "(?" + inline.String() + ")" + src
	}
	re, err := regexp2.Compile(src)
	if err != nil {
		return nil, &Error{Message: err.Error()}
	}
	re.MatchTimeout = time.Second
	r := &Regexp{pattern: pattern, flags: flags, re: re, names: map[string]int{}}
	for _, n := range re.GetGroupNumbers() {
		if name := re.GroupNameFromNumber(n); name != fmt.Sprint(n) {
			r.names[name] = n
		}
	}
	return r, nil
}

// String is Perl's stringification.
func (r *Regexp) String() string { return "(?^" + r.flags + ":" + r.pattern + ")" }

// NumGroups is the number of capture groups.
func (r *Regexp) NumGroups() int { return len(r.re.GetGroupNumbers()) - 1 }

var runePool = sync.Pool{New: func() any { b := make([]rune, 0, 256); return &b }}

func toRunes(s string) []rune {
	out := make([]rune, len(s))
	for i := 0; i < len(s); i++ {
		out[i] = rune(s[i])
	}
	return out
}

// MatchAt looks for the first match in subject at or after byte offset from. A nil Match means no match.
// An error means undecided (deadline or bound reached): callers must not read it as "no match".
func (r *Regexp) MatchAt(subject string, from int) (*Match, error) {
	m, err := r.re.FindRunesMatchStartingAt(toRunes(subject), from)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrUndecided, err)
	}
	if m == nil {
		return nil, nil
	}
	out := &Match{Names: r.names}
	for _, g := range m.Groups() {
		if len(g.Captures) == 0 {
			out.Loc = append(out.Loc, -1, -1)
			continue
		}
		out.Loc = append(out.Loc, g.RuneIndex, g.RuneIndex+g.RuneLength)
	}
	return out, nil
}

// Match says whether subject matches.
func (r *Regexp) Match(subject string) (bool, error) {
	b := runePool.Get().(*[]rune)
	defer runePool.Put(b)
	*b = (*b)[:0]
	for i := 0; i < len(subject); i++ {
		*b = append(*b, rune(subject[i]))
	}
	ok, err := r.re.MatchRunes(*b)
	if err != nil {
		return false, fmt.Errorf("%w: %v", ErrUndecided, err)
	}
	return ok, nil
}
