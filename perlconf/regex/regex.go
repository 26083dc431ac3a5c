// Package regex runs Perl regular expressions: by Go's RE2 where the meaning is provably the same, else by regexp2
// with a deadline and a bound on backtracking. Subjects and patterns are bytes, as Perl sees strings without wide
// characters: \w \d \s \b and /i know ASCII only unless the pattern or a flag asks for Unicode rules.
//
// Not supported, and refused with a place: patterns that call themselves, groups that refer to themselves, verbs such
// as (*SKIP), code, (?[...]), boundaries such as \b{wb}, names of characters, properties defined by the program, and in
// lookbehinds atomic parts and conditions. Under Unicode rules /i does not make "ss" equal to the sharp s.
package regex

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/dlclark/regexp2/v2"
)

// Options bound the work of a match. The zero value has the defaults.
type Options struct {
	Timeout    time.Duration // for one match by regexp2; 0 means one second
	MaxStack   int           // slots of regexp2's backtracking stack; 0 means 100000
	MaxSubject int           // bytes that regexp2 looks at; 0 means 16 MiB
}

// Regexp is a compiled pattern; it is safe for use by several goroutines.
type Regexp struct {
	source string
	modes  modes
	p      bool // flag /p
	parsed *pattern
	opt    Options
	names  map[string]int // nil when a name stands for several groups

	re2, context, endings bool // see fitsRE2
	plain                 bool // see emitter

	fast     lazily[*regexp.Regexp]
	slow     lazily[*regexp2.Regexp]
	nonEmpty lazily[*regexp2.Regexp]
}

// Match is one match: byte offsets of the whole and of the groups, -1 where a group took no part.
type Match struct {
	Loc []int // pairs, as in regexp.FindSubmatchIndex
	// Names gives the number of each named group; where several share a name, the first that captured. Read only.
	Names map[string]int
}

// Compile translates a Perl pattern. Flags are any of Perl's msixxnpaadlu; unknown ones are errors.
// An error of type *Error tells the byte offset in pattern.
func Compile(pattern, flags string) (*Regexp, error) {
	return CompileOptions(pattern, flags, Options{})
}

// CompileOptions is Compile with bounds of one's own.
func CompileOptions(pattern, flags string, opt Options) (*Regexp, error) {
	if opt.Timeout <= 0 {
		opt.Timeout = time.Second
	}
	if opt.MaxStack <= 0 {
		opt.MaxStack = 100_000
	}
	if opt.MaxSubject <= 0 {
		opt.MaxSubject = 16 << 20
	}
	r := &Regexp{source: pattern, opt: opt}
	if err := r.setFlags(flags); err != nil {
		return nil, err
	}
	var err error
	if r.parsed, err = parse(pattern, r.modes); err != nil {
		return nil, err
	}
	r.re2, r.context, r.endings = fitsRE2(r.parsed)
	r.plain = foldsLatin1(r.parsed.root)
	r.names = map[string]int{}
	for name, nums := range r.parsed.names {
		if len(nums) > 1 {
			r.names = nil
			break
		}
		r.names[name] = nums[0]
	}
	return r, nil
}

func (r *Regexp) setFlags(flags string) error {
	charsets := ""
	for i, f := range flags {
		switch f {
		case 'm':
			r.modes.m = true
		case 's':
			r.modes.s = true
		case 'i':
			r.modes.i = true
		case 'x':
			r.modes.xx = r.modes.x && i > 0 && flags[i-1] == 'x'
			r.modes.x = true
		case 'n':
			r.modes.n = true
		case 'p':
			r.p = true
		case 'a', 'd', 'l', 'u':
			charsets += string(f)
		default:
			return &Error{Message: fmt.Sprintf("there is no flag %q of a pattern", f)}
		}
	}
	cs, ok := charsetOf(charsets)
	if !ok {
		return &Error{Message: fmt.Sprintf("these flags exclude each other: %s", charsets)}
	}
	r.modes.cs = cs
	return nil
}

// letters gives the flags msixxn in Perl's order.
func (m modes) letters() string {
	var b strings.Builder
	for _, f := range []struct {
		on     bool
		letter string
	}{{m.m, "m"}, {m.s, "s"}, {m.i, "i"}, {m.x, "x"}, {m.xx, "x"}, {m.n, "n"}} {
		if f.on {
			b.WriteString(f.letter)
		}
	}
	return b.String()
}

// String is Perl's stringification, such as (?^i:abc): what stands in a pattern that a qr// object is put into.
func (r *Regexp) String() string {
	p, tail := "", ""
	if r.p {
		p = "p"
	}
	if r.parsed.runOn {
		tail = "\n"
	}
	cs := r.modes.cs
	if r.parsed.upgraded && r.parsed.wide {
		cs = csUnicode
	}
	return "(?^" + charsetNames[cs] + p + r.modes.letters() + ":" + r.source + tail + ")"
}

// Pattern is what was compiled.
func (r *Regexp) Pattern() string { return r.source }

// Flags gives the flags as Perl's regexp_pattern does: the character set, then msixxn, then p.
func (r *Regexp) Flags() string {
	cs := r.modes.cs
	if r.parsed.upgraded {
		cs = csUnicode
	}
	p := ""
	if r.p {
		p = "p"
	}
	return charsetNames[cs] + r.modes.letters() + p
}

// Engine tells which engine runs the pattern when the subject allows both: "re2" (linear time) or "regexp2".
func (r *Regexp) Engine() string {
	if r.re2 {
		return "re2"
	}
	return "regexp2"
}

// NumGroups is the number of capture groups.
func (r *Regexp) NumGroups() int { return r.parsed.groups }

// GroupNames gives the names of groups, each with its numbers. Read only.
func (r *Regexp) GroupNames() map[string][]int { return r.parsed.names }

// Warnings are parts of the pattern that are legal and likely not meant.
func (r *Regexp) Warnings() []Warning { return r.parsed.warnings }

// lazily makes a value once.
type lazily[T any] struct {
	once sync.Once
	v    T
	err  error
}

func (l *lazily[T]) get(make func() (T, error)) (T, error) {
	l.once.Do(func() { l.v, l.err = make() })
	return l.v, l.err
}

// Prepare makes the engine's program now, which else happens at the first match.
func (r *Regexp) Prepare() error {
	if r.re2 {
		if _, err := r.fastProgram(); err == nil {
			return nil
		}
	}
	_, err := r.slowProgram()
	return err
}

func (r *Regexp) fastProgram() (*regexp.Regexp, error) {
	return r.fast.get(func() (*regexp.Regexp, error) { return regexp.Compile(emitRE2(r.parsed)) })
}

func (r *Regexp) slowProgram() (*regexp2.Regexp, error) {
	return r.slow.get(func() (*regexp2.Regexp, error) { return r.compileSlow("", "") })
}

// nonEmptyProgram matches only what does not end where the search starts.
func (r *Regexp) nonEmptyProgram() (*regexp2.Regexp, error) {
	return r.nonEmpty.get(func() (*regexp2.Regexp, error) { return r.compileSlow("(?:", `)(?!\G)`) })
}

func (r *Regexp) compileSlow(before, after string) (re *regexp2.Regexp, err error) {
	defer func() {
		if e := recover(); e != nil {
			re, err = nil, fmt.Errorf("%w: the engine failed on this pattern: %v", ErrUndecided, e)
		}
	}()
	re, err = regexp2.Compile(before+emitRegexp2(r.parsed, r.plain)+after, regexp2.OptionMaxBacktrackingStackSize(r.opt.MaxStack))
	if err != nil {
		return nil, fmt.Errorf("%w: the engine refuses this pattern: %v", ErrUndecided, err)
	}
	re.MatchTimeout = r.opt.Timeout
	return re, nil
}
