package regex

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"mavis/testdata/peer"
)

// constructs is a table of facts about Perl that somebody could trip over. want is the matched text, "-" no match.
var constructs = []struct{ pattern, flags, subject, want string }{
	{``, "", "abc", ""},
	{`^\.exe$`, "i", ".EXE\n", ".EXE"},
	{`a$`, "", "a\n", "a"},
	{`a$`, "", "a\n\n", "-"},
	{`a\z`, "", "a\n", "-"},
	{`a\Z`, "", "a\n", "a"},
	{`^b`, "m", "a\nb", "b"},
	{`(?m)^$`, "", "a\n", "-"},
	{`(?m)^`, "", "\n", ""},
	{`a.b`, "", "a\nb", "-"},
	{`a.b`, "s", "a\nb", "a\nb"},
	{`a b # c`, "x", "ab", "ab"},
	{`[a b]`, "xx", " ", "-"},
	{`[a b]`, "x", " ", " "},
	{`a{,2}`, "", "aaa", "aa"},
	{`a{ 1, 2 }`, "", "aaa", "aa"},
	{`a{,}`, "", "a{,}", "a{,}"},
	{`x{2`, "", "x{2", "x{2"},
	{`{2}`, "", "{2}", "{2}"},
	{`a++a`, "", "aaa", "-"},
	{`(?>a+)a`, "", "aaa", "-"},
	{`[[:alpha:]]+`, "", "1ab", "ab"},
	{`[[:^alpha:]]+`, "", "ab1", "1"},
	{`[a-z-[b]]`, "", "c]", "c]"},
	{`[a-\d]`, "", "-", "-"},
	{`[\w.-]+`, "", "!a-b.c", "a-b.c"},
	{`[]a]+`, "", "]a", "]a"},
	{`[^]a]`, "", "]ab", "b"},
	{`\w`, "", "\xe9", "-"},
	{`\w`, "u", "\xe9", "\xe9"},
	{`\w`, "a", "\xe9", "-"},
	{`\xe9`, "i", "\xc9", "-"},
	{`\xe9`, "ai", "\xc9", "\xc9"},
	{`\xe9`, "ui", "\xc9", "\xc9"},
	{"\xe9", "", "\xe9", "\xe9"},
	{`k`, "i", "\xe2\x84\xaa", "-"},
	{`.`, "", "\xc3\xa9", "\xc3"},
	{`\p{L}`, "", "\xe9", "\xe9"},
	{`\w\p{L}`, "", "\xe9\xe9", "\xe9\xe9"},
	{`\s`, "", "\xa0", "-"},
	{`\h`, "", "\xa0", "\xa0"},
	{`\s`, "", "\v", "\v"},
	{`\R`, "", "a\r\nb", "\r\n"},
	{`\R\n`, "", "\r\n", "-"},
	{`\N+`, "", "ab\n", "ab"},
	{`\Qa.b\E`, "", "Qa.bE", "Qa.bE"},
	{`a\Kb`, "", "ab", "b"},
	{`(?i)a(?-i)B`, "", "AB", "AB"},
	{`(?i)a(?-i)B`, "", "Ab", "-"},
	{`(a(?i)b|c)d`, "", "Cd", "Cd"},
	{`(?^:a)`, "i", "A", "-"},
	{`(?^i:a)b`, "", "Ab", "Ab"},
	{`(?<n>a)\k<n>\k'n'\k{n}\g{n}(?P=n)`, "", "aaaaaa", "aaaaaa"},
	{`(?P<n>a)(?P=n)`, "", "aa", "aa"},
	{`(a)(b)\g{-1}\g1`, "", "abba", "abba"},
	{`(?<n>a)|(?<n>b)\k<n>`, "", "bb", "bb"},
	{`\10`, "", "\b", "\b"},
	{`\x41\x{42}\103\o{104}\cA`, "", "ABCD\x01", "ABCD\x01"},
	{`\x{263a}?a`, "", "a", "a"},
	{`\x{263a}`, "", "\xe2\x98\xba", "-"},
	{`(?|(a)|(b))\1`, "", "bb", "bb"},
	{`(a)?(?(1)b|c)`, "", "c", "c"},
	{`(?<q>")?x(?(<q>)")`, "", `"x"`, `"x"`},
	{`(?(?=a)ab|c)`, "", "ab", "ab"},
	{`(?<o>\d{1,3})(?:\.(?&o)){3}`, "", "at 192.0.2.1", "192.0.2.1"},
	{`(?(DEFINE)(?<w>[a-z]+))<(?&w)>`, "", "1<ab>", "<ab>"},
	{`(\d)-(?1)`, "", "1-2", "1-2"},
	{`(?<=a{1,3})b`, "", "aab", "b"},
	{`(?<!a)b`, "", "abb", "b"},
	{`(*pla:a)a`, "", "a", "a"},
	{`a(*F)|b`, "", "ab", "b"},
	{`a(?#note)+`, "", "aaa", "aaa"},
	{`a + ?`, "x", "aaa", "a"},
	{`(a)|b`, "n", "b", "b"},
	{`\bcat\b`, "", "a cat.", "cat"},
	{`\bx`, "", "\xe9x", "x"},
	{`\bx`, "u", "\xe9x", "-"},
	{`a{3,2}`, "", "aaa", "-"},
	{`(a|ab)(c|bcd)(d*)`, "", "abcd", "abcd"},
	{`^(?!.*\.(?:exe|scr)$).+$`, "i", "a.EXE", "-"},
	{`(ab)\1`, "i", "abAB", "abAB"},
	{"(\xe9)\\1", "i", "\xe9\xc9", "-"},
	{"(\xe9)\\1", "ui", "\xe9\xc9", "\xe9\xc9"},
}

func TestConstructs(t *testing.T) {
	for _, c := range constructs {
		r, err := Compile(c.pattern, c.flags)
		if err != nil {
			t.Errorf("/%s/%s: %v", c.pattern, c.flags, err)
			continue
		}
		m, err := r.MatchAt(c.subject, 0)
		got := "-"
		if m != nil {
			got = c.subject[m.Loc[0]:m.Loc[1]]
		}
		if err != nil || got != c.want {
			t.Errorf("/%s/%s on %q: got %q, %v, want %q", c.pattern, c.flags, c.subject, got, err, c.want)
		}
		if ok, err := r.Match(c.subject); ok != (m != nil) || err != nil {
			t.Errorf("/%s/%s on %q: Match says %v, %v", c.pattern, c.flags, c.subject, ok, err)
		}
	}
}

func TestConstructsLikePerl(t *testing.T) {
	var qs []question
	for _, c := range constructs {
		qs = append(qs, question{c.pattern, c.flags, []string{c.subject, c.subject + "\n", "x" + c.subject}})
	}
	compare(t, qs, nil)
}

func TestRefused(t *testing.T) {
	for _, c := range []struct {
		pattern, flags string
		offset         int
		unsupported    bool
		message        string
	}{
		{`ab(`, "", 2, false, "no ')'"},
		{`ab)`, "", 2, false, "closes nothing"},
		{`a[b`, "", 1, false, "no ']'"},
		{`a**`, "", 2, false, "quantifier stands on a quantifier"},
		{`|*`, "", 1, false, "nothing before it"},
		{`a[z-a]`, "", 2, false, "backwards"},
		{`a[[:foo:]]`, "", 2, false, "POSIX class"},
		{`(a)\2`, "", 3, false, "no group 2"},
		{`\k<x>`, "", 0, false, `no group named "x"`},
		{`a(?<=b*)`, "", 1, false, "255"},
		{`\d{x`, "", 2, false, `\{`},
		{`a(?z)`, "", 3, false, "no group that starts"},
		{`a{70000}`, "", 2, false, "65534"},
		{`a\`, "", 1, false, "backslash"},
		{`a(?R)?`, "", 1, true, "calls itself"},
		{`(a(?1)?)`, "", 2, true, "calls itself"},
		{`(a\1?)`, "", 2, true, "refer to itself"},
		{`(a)?((?(2)b|c))`, "", 5, true, "refer to itself"},
		{`(?<=(?>a))b`, "", 4, true, "lookbehind"},
		{`a(*SKIP)b`, "", 1, true, "verbs"},
		{`a(?{1})`, "", 1, true, "code"},
		{`(??{1})`, "", 0, true, "code"},
		{`\b{wb}`, "", 0, true, "boundary"},
		{`\N{DIGIT ONE}`, "", 0, true, "name"},
		{`\p{Klingon}`, "", 0, true, "property"},
		{`(?[ \w - \d ])`, "", 0, true, "set operations"},
		{`a`, "q", 0, false, "flag"},
		{`a`, "au", 0, false, "exclude"},
		{strings.Repeat("(", 300) + strings.Repeat(")", 300), "", 250, true, "deep"},
		{"(?<a>xx)" + doubling(30), "", 8 + 10*12, true, "large"},
	} {
		_, err := Compile(c.pattern, c.flags)
		var e *Error
		if !errors.As(err, &e) || e.Unsupported != c.unsupported || !strings.Contains(e.Message, c.message) || e.Offset != c.offset && c.message != "large" {
			t.Errorf("/%.40s/%s: got %+v, want offset %d, unsupported %v, %q", c.pattern, c.flags, e, c.offset, c.unsupported, c.message)
		}
	}
}

// doubling makes groups of which each calls the one before twice.
func doubling(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "(?<g%d>(?%d)(?%d))", i+2, i+1, i+1)
	}
	return b.String()
}

func TestStringification(t *testing.T) {
	for _, c := range []struct{ pattern, flags, text, letters string }{
		{"a", "", "(?^:a)", ""},
		{"a", "nxism", "(?^msixn:a)", "msixn"},
		{"a", "xx", "(?^xx:a)", "xx"},
		{"a", "pix", "(?^pix:a)", "ixp"},
		{"a", "aai", "(?^aai:a)", "aai"},
		{"a", "u", "(?^u:a)", "u"},
		{"a", "l", "(?^l:a)", "l"},
		{`\x{100}`, "i", `(?^ui:\x{100})`, "ui"},
		{`[\x{100}a]`, "", `(?^:[\x{100}a])`, "u"},
		{`\p{L}`, "", `(?^:\p{L})`, "u"},
		{"a # c", "x", "(?^x:a # c\n)", "x"},
		{"a # c\nb", "x", "(?^x:a # c\nb)", "x"},
		{"[#]", "x", "(?^x:[#])", "x"},
	} {
		r, err := Compile(c.pattern, c.flags)
		if err != nil {
			t.Errorf("/%s/%s: %v", c.pattern, c.flags, err)
			continue
		}
		if r.String() != c.text || r.Flags() != c.letters || r.Pattern() != c.pattern {
			t.Errorf("/%s/%s: got %q %q, want %q %q", c.pattern, c.flags, r.String(), r.Flags(), c.text, c.letters)
		}
		if _, err := Compile(r.String(), ""); err != nil {
			t.Errorf("%q does not compile: %v", r.String(), err)
		}
	}
}

func TestEngines(t *testing.T) {
	for _, c := range []struct{ pattern, flags, engine string }{
		{`^\.(exe|vbs|pif|scr|bat|cmd|com|cpl)$`, "i", "re2"},
		{`^application/x-msdownload$`, "i", "re2"},
		{`\.[^./]*[A-Za-z][^./]*\.\s*(exe|vbs|pif|scr|bat|cmd|com|cpl|dll)[.\s]*$`, "i", "re2"},
		{`(?x)^ a # note`, "", "re2"},
		{`(?!a)b`, "", "regexp2"},
		{`(a)\1`, "", "regexp2"},
		{`(a?)*`, "", "regexp2"},
		{`a++`, "", "regexp2"},
		{`a{1001}`, "", "regexp2"},
		{`\bx`, "u", "regexp2"},
	} {
		r, err := Compile(c.pattern, c.flags)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Prepare(); err != nil || r.Engine() != c.engine {
			t.Errorf("/%s/%s: %s, %v, want %s", c.pattern, c.flags, r.Engine(), err, c.engine)
		}
	}
}

func TestMatchAtAndNext(t *testing.T) {
	all := func(pattern, subject string) []string {
		r, err := Compile(pattern, "")
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		m, err := r.MatchAt(subject, 0)
		for m != nil && err == nil {
			out = append(out, fmt.Sprintf("%d-%d", m.Loc[0], m.Loc[1]))
			if m.Loc[0] == m.Loc[1] {
				m, err = r.MatchNext(subject, m.Loc[1])
			} else {
				m, err = r.MatchAt(subject, m.Loc[1])
			}
		}
		if err != nil {
			t.Error(err)
		}
		return out
	}
	for _, c := range []struct{ pattern, subject, want string }{
		{`x*`, "axxb", "[0-0 1-3 3-3 4-4]"},
		{`a*?`, "aa", "[0-0 0-1 1-1 1-2 2-2]"},
		{`^a`, "aaa", "[0-1]"},
		{`\Ga`, "aab", "[0-1 1-2]"},
		{`\b`, "ab c", "[0-0 2-2 3-3 4-4]"},
		{"\xe9", "a\xe9\xe9", "[1-2 2-3]"},
		{`(?<=a)b|a`, "ab", "[0-1 1-2]"},
		{`$`, "a\n", "[1-1 2-2]"},
	} {
		if got := fmt.Sprint(all(c.pattern, c.subject)); got != c.want {
			t.Errorf("/%s/ on %q: %s, want %s", c.pattern, c.subject, got, c.want)
		}
	}
	r, _ := Compile("a", "")
	for _, from := range []int{-1, 2} {
		if m, err := r.MatchAt("a", from); m != nil || err != nil {
			t.Errorf("from %d: %v, %v", from, m, err)
		}
	}
}

func TestNames(t *testing.T) {
	r, err := Compile(`(?<a>x)|(?<a>y)(?<b>z)?`, "")
	if err != nil {
		t.Fatal(err)
	}
	m, err := r.MatchAt("yz", 0)
	if err != nil || m == nil || m.Names["a"] != 2 || m.Names["b"] != 3 || r.NumGroups() != 3 {
		t.Errorf("got %+v, %v", m, err)
	}
}

func TestWarnings(t *testing.T) {
	for _, c := range []struct {
		pattern, want string
	}{
		{`[:alpha:]`, "[[:alpha:]]"}, {`\y`, "no meaning"}, {`[\d-x]`, "stands for itself"}, {`(?=a)*`, "takes no room"}, {`a{3,2}`, "never matches"},
	} {
		r, err := Compile(c.pattern, "")
		if err != nil || len(r.Warnings()) != 1 || !strings.Contains(r.Warnings()[0].Message, c.want) {
			t.Errorf("/%s/: %v, %v, want %q", c.pattern, r.Warnings(), err, c.want)
		}
	}
}

// TestUndecided: what takes too long is an error, never "no match".
func TestUndecided(t *testing.T) {
	r, err := CompileOptions(`^(?:(a+)+\1)+$`, "", Options{Timeout: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	_, err = r.Match(strings.Repeat("a", 60) + "b")
	if !errors.Is(err, ErrUndecided) || time.Since(start) > 3*time.Second {
		t.Errorf("got %v after %v", err, time.Since(start))
	}
	if strings.Contains(err.Error(), "aaaa") {
		t.Error("the error holds the subject")
	}
	r, _ = Compile(`^(?>(?:\w+\s)*)x(?=y)$`, "")
	if _, err = r.MatchAt(strings.Repeat("a ", 1<<20), 0); !errors.Is(err, ErrUndecided) {
		t.Errorf("backtracking: got %v", err)
	}
	r, _ = CompileOptions(`(?=a)`, "", Options{MaxSubject: 10})
	if _, err = r.MatchAt("aaaaaaaaaaaaaaaa", 0); !errors.Is(err, ErrUndecided) {
		t.Errorf("long subject: got %v", err)
	}
}

func TestConcurrentUse(t *testing.T) {
	for _, pattern := range []string{`^(\w+)@(\w+)$`, `^(\w+)@(?!x)(\w+)$`} {
		r, err := Compile(pattern, "i")
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for g := range 8 {
			wg.Go(func() {
				for i := range 200 {
					name := strings.Repeat("u", 1+(g+i)%40)
					m, err := r.MatchAt(name+"@host", 0)
					if err != nil || m == nil || m.Loc[3] != len(name) {
						t.Errorf("%v, %v", m, err)
						return
					}
				}
			})
		}
		wg.Wait()
	}
}

func TestMatchDoesNotAllocate(t *testing.T) {
	most := 0.0
	if peer.Raced {
		most = 10
	}
	for _, pattern := range []string{`^\.(exe|scr)$`, `^(?!x)\.(exe|scr)$`} {
		r, err := Compile(pattern, "i")
		if err != nil {
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(100, func() { r.Match(".EXE") }); n > most {
			t.Errorf("/%s/: %v allocations", pattern, n)
		}
	}
}
