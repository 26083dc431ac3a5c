package regex

import (
	"strings"
	"testing"
)

// TestSetsLikePerl compares every class, escape and property, byte by byte, under all sets of rules.
func TestSetsLikePerl(t *testing.T) {
	patterns := []string{`\w`, `\W`, `\d`, `\D`, `\s`, `\S`, `\h`, `\H`, `\v`, `\V`, `\N`, `.`, `\R`, `\X`, `[\W\d]`, `[^\s\w]`}
	for _, name := range []string{"alpha", "alnum", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "word", "xdigit"} {
		patterns = append(patterns, "[[:"+name+":]]", "[[:^"+name+":]]", `\p{Posix`+name+`}`, `\p{XPosix`+name+`}`, `\p{`+name+`}`, `\p{Is_`+name+`}`)
	}
	for _, name := range []string{
		"L", "L&", "LC", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "N", "Nd", "Nl", "No", "P", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po",
		"S", "Sm", "Sc", "Sk", "So", "Z", "Zs", "Zl", "C", "Cc", "Cf", "Cn", "Letter", "Uppercase Letter", "lowercase_letter", "Punctuation", "Symbol", "Number", "Separator", "Other",
		"Any", "All", "Assigned", "Unassigned", "Alphabetic", "Uppercase", "Lowercase", "Titlecase", "Title", "Cased", "White_Space", "SpacePerl", "PerlSpace", "XPerlSpace", "PerlWord", "HorizSpace", "VertSpace",
		"Hex", "AHex", "Latin", "Common", "Greek", "Script=Latin", "sc=Grek", "scx=Latin", "gc=Lu", "General_Category=Letter", "^L", "Latin1", "L1", "Latin_1_Supplement", "Basic_Latin", "W",
	} {
		patterns = append(patterns, `\p{`+name+`}`, `\P{`+name+`}`)
	}
	for c := range 256 {
		if b := byte(c); b > ' ' && !(isAlpha(b) || isDigit(b)) {
			patterns = append(patterns, `\`+string([]byte{b}))
		} else if b >= 'A' {
			patterns = append(patterns, string([]byte{b}), "["+string([]byte{b})+"-"+string([]byte{b})+"]")
		}
	}
	for _, c := range []string{"\xb5", "\xdf", "\xe9", "\xf7", "\xff", "\xc5"} {
		patterns = append(patterns, "["+c+"a]", "["+c+"-\xff]")
	}
	patterns = append(patterns, `\x{178}`, `\x{17f}`, `\x{212a}`, `\x{3bc}`, `[\x{100}-\x{17f}]`, `[^\x{100}]`, `\x{212b}`, `[\x{80}-\x{200}]`)
	var bytes []string
	for c := range 256 {
		bytes = append(bytes, string([]byte{byte(c)}))
	}
	var qs []question
	for _, p := range patterns {
		rules := []string{"", "i", "u", "ui", "a", "ai", "aai"}
		switch {
		case strings.Contains(p, "{"): // the same under all
			rules = []string{"", "i"}
		case !strings.Contains(p, `\`) && !strings.Contains(p, ":"):
			rules = []string{"", "ui", "aai"}
		}
		for _, flags := range rules {
			qs = append(qs, question{p, flags, bytes})
		}
	}
	n := compare(t, qs, nil)
	if n.unsupported > 0 {
		for _, q := range qs {
			if _, err := Compile(q.pattern, q.flags); err != nil && q.flags == "" {
				t.Logf("%s: %v", q.pattern, err)
			}
		}
	}
}
