package facts

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"mavis/compat/macro"
	"mavis/rules"
)

// scanMacros are about what was found in the message.
func (m *Message) scanMacros(t macro.Map) {
	t["v"] = macro.Undef
	if m.AVOutput != "" {
		t["v"] = macro.List(lines(m.AVOutput)...)
	}
	t["V"] = macro.Undef
	if m.Viruses != nil {
		t["V"] = macro.List(unique(m.Viruses)...)
	}
	t["W"] = macro.Call(func(_ string, a []string) macro.Value {
		if len(a) == 0 {
			return macro.List(m.Scanners...)
		}
		return macro.Text(m.perScanner())
	})
	t["F"] = macro.Undef
	var keys, notes, rhs, parts, attrs []string
	for i := len(m.Recips) - 1; i >= 0; i-- {
		if s := m.Recips[i].BannedShort; s != "" {
			t["F"] = macro.Text(s)
		}
	}
	for _, r := range m.Recips {
		keys = append(keys, r.BannedKeys...)
		notes = append(notes, r.BannedNotes...)
		rhs = append(rhs, r.BannedRHS...)
		parts = append(parts, r.BannedParts...)
		attrs = append(attrs, r.BannedAttrs...)
	}
	t["banning_rule_key"] = macro.List(unique(keys)...)
	t["banning_rule_comment"] = macro.List(unique(notes)...)
	t["banning_rule_rhs"] = macro.List(unique(rhs)...)
	t["banned_parts"] = macro.List(chopParts(unique(parts))...)
	t["banned_parts_as_attr"] = macro.List(chopParts(unique(attrs))...)
	t["X"] = macro.List(m.BadHeaders...)
	t["A"] = macro.Lazy(func() macro.Value {
		return macro.List(strings.Split(strings.TrimRight(strings.ReplaceAll(m.SpamSummary, "\r\n", "\n"), "\n"), "\n")...)
	})
	t["SUMMARY"] = macro.Text(m.SpamSummary)
	t["REPORT"] = macro.Text(Sanitize(m.SpamReport, true))
	t["AUTOLEARN"] = optional(m.Supplementary["AUTOLEARN"])
	t["ADDEDHEADERHAM"] = optional(m.Supplementary["ADDEDHEADERHAM"])
	t["ADDEDHEADERSPAM"] = optional(m.Supplementary["ADDEDHEADERSPAM"])
	t["SUBJPREFIX"] = optional(m.Supplementary["SUBJPREFIX"])
	t["score_boost"] = macro.Text("0")
	t["REQD"] = macro.Lazy(func() macro.Value {
		var least *float64
		for _, r := range m.Recips {
			if r.Tag2Level != nil && (least == nil || *r.Tag2Level < *least) {
				least = r.Tag2Level
			}
		}
		return macro.Text(level(least))
	})
	above := func(c rules.CCat) bool {
		for _, r := range m.Recips {
			if r.in(c) {
				return true
			}
		}
		return false
	}
	t["1"] = macro.Text(yes(above(rules.CCat{Major: rules.Clean, Minor: 1})))
	t["2"] = macro.Text(yes(above(rules.CCat{Major: rules.Spammy})))
	t["k"] = macro.Text(yes(above(rules.CCat{Major: rules.Spam})))
	for name, words := range map[string][2]string{"YESNO": {"Yes", "No"}, "YESNOCAPS": {"YES", "NO"}} {
		t[name] = macro.Call(func(called string, a []string) macro.Value {
			// The name of the macro is its own first argument here, as in the original, so that it is what stands for yes.
			words := words
			for i, s := range append([]string{called}, a...) {
				if i < 2 {
					words[i] = s
				}
			}
			if above(rules.CCat{Major: rules.Spammy}) {
				return macro.Text(words[0])
			}
			return macro.Text(words[1])
		})
	}
}

// in says whether a category is among the recipient's.
func (r Recipient) in(c rules.CCat) bool {
	for _, have := range r.CCats {
		if have == c {
			return true
		}
	}
	return false
}

func yes(b bool) string {
	if b {
		return "Y"
	}
	return "0"
}

func lines(s string) []string {
	out := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i := range out {
		out[i] = strings.TrimRight(out[i], " \t")
	}
	for len(out) > 0 && out[len(out)-1] == "" {
		out = out[:len(out)-1]
	}
	return out
}

var wideGap = regexp.MustCompile(`[ \t]{6,}`)

// chopParts shortens lists of banned parts for display.
func chopParts(parts []string) []string {
	if len(parts) > 2 {
		parts = []string{parts[0], parts[1], "..."}
	}
	for i, p := range parts {
		parts[i] = wideGap.ReplaceAllString(p, " ... ")
	}
	return parts
}

func (m *Message) perScanner() string {
	var out []string
	for _, r := range m.ScannerResults {
		name := r.Name
		if name == "" || strings.ContainsAny(name, ":\" \t") {
			name = `"` + strings.ReplaceAll(name, `"`, "'") + `"`
		}
		found := "-"
		if r.Infected {
			found = "[" + strings.Join(r.Viruses, ",") + "]"
		}
		out = append(out, name+":"+found)
	}
	return strings.Join(out, "; ")
}

// score is the macros c, SCORE and STARS over some recipients.
func (m *Message) score(name string, a []string, rcpts []Recipient) macro.Value {
	var lo, hi *float64
	for _, r := range rcpts {
		if r.Score == nil {
			continue
		}
		if lo == nil || *r.Score < *lo {
			lo = r.Score
		}
		if hi == nil || *r.Score > *hi {
			hi = r.Score
		}
	}
	if name == "STARS" {
		star := m.StarChar
		if len(a) > 0 && a[0] != "" {
			star = a[0]
		}
		if lo == nil || *lo < 1 {
			return macro.Text("")
		}
		return macro.Text(strings.Repeat(star, int(math.Min(50, *lo))))
	}
	if lo == nil {
		return macro.Text("-")
	}
	format := "%.3f"
	if name == "SCORE" && len(a) > 0 && a[0] != "" && len(a[0]) < 40 {
		switch width := len(a[0]) + 4; {
		case strings.Trim(a[0], "0") == "":
			format = fmt.Sprintf("%%0%d.3f", width)
		case strings.Trim(a[0], " ") == "":
			format = fmt.Sprintf("%%%d.3f", width)
		}
	}
	number := func(v float64) string { return trimFraction(fmt.Sprintf(format, v)) }
	if math.Abs(*lo-*hi) < 0.1 {
		return macro.Text(number(*lo))
	}
	return macro.Text(number(*lo) + ".." + number(*hi))
}

// trimFraction drops zeros at the end of a fraction.
func trimFraction(s string) string {
	t := strings.TrimRight(s, "0")
	return strings.TrimSuffix(t, ".")
}

// level is a spam level with up to three decimals.
func level(v *float64) string {
	if v == nil {
		return "-"
	}
	s := trimFraction(fmt.Sprintf("%.3f", *v))
	if s == "-0" {
		return "0"
	}
	return s
}

func (m *Message) allTests() []string {
	set := map[string]bool{}
	for _, r := range m.Recips {
		for _, t := range r.Tests {
			set[t] = true
		}
	}
	return sortedKeys(set)
}

// tests is the macros T, TESTS and TESTSSCORES.
func (m *Message) tests(name string, a []string, tests []string) macro.Value {
	out := append([]string(nil), tests...)
	if m.TestsLimit > 0 && len(out) > m.TestsLimit {
		out = append(out[:m.TestsLimit:m.TestsLimit], "...")
	}
	if name == "TESTS" {
		for i, t := range out {
			out[i], _, _ = strings.Cut(t, "=")
		}
	}
	if len(a) == 0 || name == "T" {
		return macro.List(out...)
	}
	return macro.Text(strings.Join(out, a[0]))
}

func (m *Message) supplementary(a []string) macro.Value {
	if len(a) == 0 {
		return macro.Text("")
	}
	info := m.Supplementary[a[0]]
	if info == "" || len(a) < 2 || a[1] == "" {
		return macro.Text(info)
	}
	return macro.Text(macro.Sprintf(a[1], []string{info}))
}

// dkim answers [:dkim|what].
func (m *Message) dkim(a []string) macro.Value {
	what := ""
	if len(a) > 0 {
		what = a[0]
	}
	join := func(sigs []Signature, f func(Signature) string) string {
		var out []string
		for _, s := range sigs {
			out = append(out, f(s))
		}
		return strings.Join(out, ",")
	}
	pairs := func(sigs []Signature) string {
		var out []string
		for _, s := range sigs {
			out = append(out, s.Selector+":"+s.Domain)
		}
		return strings.Join(unique(out), ",")
	}
	switch strings.ToLower(what) {
	case "", "any":
		if len(m.DKIM.Valid) == 0 {
			return macro.Undef
		}
		return macro.Text(strconv.Itoa(len(m.DKIM.Valid)))
	case "author":
		return optional(m.DKIM.Author)
	case "sender":
		return optional(m.DKIM.Sender)
	case "thirdparty":
		return optional(m.DKIM.ThirdParty)
	case "envsender":
		return optional(m.DKIM.EnvSender)
	case "identity":
		return macro.Text(join(m.DKIM.Valid, func(s Signature) string { return s.Identity }))
	case "selector":
		return macro.Text(join(m.DKIM.Valid, func(s Signature) string { return s.Selector }))
	case "domain":
		return macro.Text(join(m.DKIM.Valid, func(s Signature) string { return s.Domain }))
	case "sig_sd":
		return macro.Text(pairs(m.DKIM.Valid))
	case "newsig_sd":
		return macro.Text(pairs(m.DKIM.New))
	}
	if i := strings.LastIndexByte(what, '@'); i >= 0 {
		what = what[i+1:]
	}
	want := macro.DomainToASCII(strings.TrimPrefix(what, "."))
	for _, s := range m.DKIM.Valid {
		d := macro.DomainToASCII(s.Domain)
		if what == "" && m.DKIM.Author != "" || d == want && what != "" ||
			strings.HasPrefix(what, ".") && strings.HasSuffix(d, "."+want) {
			return macro.Text("1")
		}
	}
	return macro.Text("0")
}
