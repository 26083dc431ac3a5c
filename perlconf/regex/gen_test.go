package regex

import (
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
)

// generator makes patterns and subjects from a seed.
type generator struct {
	r      *rand.Rand
	groups int
	names  int
}

func (g *generator) pick(s ...string) string { return s[g.r.IntN(len(s))] }

func (g *generator) pattern(depth int) string {
	var b strings.Builder
	for i := range 1 + g.r.IntN(3) {
		if i > 0 && g.r.IntN(4) == 0 {
			b.WriteByte('|')
		}
		b.WriteString(g.atom(depth))
		if g.r.IntN(3) == 0 {
			b.WriteString(g.pick("*", "+", "?", "{2}", "{1,2}", "{,2}", "{2,}", "{0}", "{ 1, 3 }", "{0,1}") + g.pick("", "", "", "?", "+"))
		}
	}
	return b.String()
}

func (g *generator) atom(depth int) string {
	n := 12
	if depth <= 0 {
		n = 7
	}
	switch g.r.IntN(n) {
	case 0, 1, 2:
		return g.pick("a", "b", "c", "A", "B", "1", "-", " ", "_", "ab", "aB1", "\xe9", "\xc9", `\.`, "x")
	case 3:
		return g.pick(".", `\w`, `\d`, `\s`, `\W`, `\D`, `\S`, `\h`, `\v`, `\N`, `\R`, `\H`, `\V`, `\X`)
	case 4:
		return g.pick("[ab]", "[^a]", "[a-c]", `[\w-]`, "[[:alpha:]]", "[[:^digit:]_]", "[]a]", "[a-z-[b]]", `[\s\d]`, "[^\n]", "[A-C\xe0-\xef]", `[\x41-\x43]`, "[[:punct:]]", `[^\W1]`, "[[:upper:]]")
	case 5:
		return g.pick("^", "$", `\A`, `\z`, `\Z`, `\b`, `\B`, `\G`)
	case 6:
		if g.groups > 0 && g.r.IntN(2) == 0 {
			return g.pick(`\1`, `\g{-1}`, `\g1`, `(?i:\1)`, `\1`)
		}
		return g.pick("a", "b", "(?#note)", `\x61`, `\141`, `\Aa`)
	case 7, 8:
		g.groups++
		return "(" + g.pattern(depth-1) + ")"
	case 9:
		return g.pick("(?:", "(?:", "(?i:", "(?s:", "(?^:", "(?-i:", "(?m:", "(?>", "(?i)(?:", "(?a:", "(?u:") + g.pattern(depth-1) + ")"
	case 10:
		return g.pick("(?=", "(?!", "(?<=", "(?<!") + g.pattern(depth-1) + ")"
	default:
		switch g.r.IntN(5) {
		case 0:
			g.groups += 2
			return "(?|(" + g.pattern(depth-1) + ")|(" + g.pattern(depth-1) + "))"
		case 1:
			if g.groups > 0 {
				return "(?(1)" + g.atom(depth-1) + "|" + g.atom(depth-1) + ")"
			}
			return "(?(?=a)" + g.atom(depth-1) + "|" + g.atom(depth-1) + ")"
		case 2:
			g.groups++
			g.names++
			return "(?<n" + strconv.Itoa(g.names) + ">" + g.pattern(depth-1) + ")"
		case 3:
			return `\K`
		}
		g.groups++
		return "(" + g.pattern(depth-1) + g.pick("", "|") + ")"
	}
}

func (g *generator) subject() string {
	const bytes = "aabbcABC1-_ .\n\r\xe9\xc9x"
	n := g.r.IntN(9)
	s := make([]byte, n)
	for i := range s {
		s[i] = bytes[g.r.IntN(len(bytes))]
	}
	return string(s) + g.pick("", "", "", "", "\n")
}

func (g *generator) questions(n, subjects int) []question {
	out := make([]question, n)
	for i := range out {
		g.groups, g.names = 0, 0
		out[i] = question{pattern: g.pattern(3), flags: g.pick("", "", "i", "s", "m", "ms", "x", "i", "u", "ai", "n")}
		for range subjects {
			out[i].subjects = append(out[i].subjects, g.subject())
		}
	}
	return out
}

func TestLikePerlGenerated(t *testing.T) {
	n, seed := 4000, uint64(1)
	if s := os.Getenv("REGEX_PATTERNS"); s != "" {
		n, _ = strconv.Atoi(s)
	}
	if s := os.Getenv("REGEX_SEED"); s != "" {
		seed, _ = strconv.ParseUint(s, 10, 64)
	}
	g := &generator{r: rand.New(rand.NewPCG(seed, 7))}
	compare(t, g.questions(n, 4), nil)
}

// noise makes text that is a pattern only now and then.
func (g *generator) noise() string {
	var b strings.Builder
	for range 1 + g.r.IntN(7) {
		b.WriteString(g.pick("a", "b", "(", ")", "[", "]", "{", "}", "*", "+", "?", "|", `\`, "^", "$", ".", "-", ",", "1", "2", "0", ":", "=", "!", "<", ">", "'", "#", " ",
			"(?", "(?:", "(?<", "(?<n>", "(?P<n>", "(?P=n)", `\k<n>`, `\k{n}`, `\g{`, `\g`, `\1`, `\2`, `\10`, `\8`, `\x`, `\x{`, `\o{`, `\c`, `\N`, `\0`, "[:", ":]", "[:alpha:]", "[^", "{2}", "{,3}", "{1,", "a-", `\d`, `\w`, `\b`, `\B`,
			`\h`, `\R`, `\Q`, `\E`, `\K`, "(?i)", "(?x)", "(?^", "(?i-", "(?#", "(?|", "(?>", "(?=", "(?!", "(?(1)", "(?(<n>)", "(?1)", "(?&n)", "(?R)", "(?-1)", "(?+1)", "(*", "(*F)", "(*pla:", "x", "s", "i", "&", "R", "\xe9", "\n", "\t", `\`, "p", "{L}", "u", "d"))
	}
	return b.String()
}

func TestVerdictsLikePerlOnNoise(t *testing.T) {
	n, seed := 6000, uint64(1)
	if s := os.Getenv("REGEX_PATTERNS"); s != "" {
		n, _ = strconv.Atoi(s)
	}
	if s := os.Getenv("REGEX_SEED"); s != "" {
		seed, _ = strconv.ParseUint(s, 10, 64)
	}
	g := &generator{r: rand.New(rand.NewPCG(seed, 8))}
	var qs []question
	for range n {
		qs = append(qs, question{pattern: g.noise(), flags: g.pick("", "", "x", "i", "xx"), subjects: []string{"", "a", "b1", "{2}", "aab-", "x n\xe9", "a{2}", "[:alpha:]"}})
	}
	compare(t, qs, nil)
}
