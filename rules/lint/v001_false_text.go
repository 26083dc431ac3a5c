package lint

import (
	"strings"

	"mavis/perlconf/diag"
	"mavis/perlconf/eval"
	"mavis/perlconf/source"
	"mavis/perlconf/syntax"
	"mavis/rules/vars"
)

// falseText finds 'no' and its like as the value of a switch: a text that is not empty is true.
func falseText() Rule {
	return Rule{
		Code: "V001", Name: "text-for-false", Severity: diag.Warning,
		Summary: "a switch is set to a word such as 'no', which is true",
		Page: Page{
			What:  "In Perl every text but '' and '0' is true, also 'no', 'off' and 'false'.",
			Why:   "The switch is on although the file says the opposite.",
			Wrong: "$enable_dkim_verification = 'no';\n",
			Right: "$enable_dkim_verification = 0;\n",
			Fix:   "Write 0 for no and 1 for yes. The automatic fix is unsafe, as it turns the switch off, which is what the word says.",
		},
		Check: func(p *Pass) {
			check := func(name string, s *eval.Scalar) {
				if s == nil || s.Origin == nil {
					return
				}
				text, ok := s.Get().(string)
				if !ok || !falseWord(text) {
					return
				}
				at := s.Origin.Span
				d := p.Report(at, "%s is '%s', which is true in Perl", name, text)
				d.Help = "write 0 for no, 1 for yes"
				if lit, ok := onlyLiteral(p, at, text); ok {
					d.Span = lit
					d.Fixes = []diag.Fix{{Message: "write 0", Edits: []diag.Edit{{Span: lit, New: "0"}}}}
				}
			}
			for _, v := range vars.All() {
				if v.Kind == vars.Bool && v.Sigil() == '$' && v.AliasOf == "" {
					check(v.Name, p.Loaded.Vars.Scalar(v.Bare()))
				}
			}
			banks := p.Loaded.Vars.Hash("policy_bank")
			if banks == nil {
				return
			}
			for _, name := range banks.Keys() {
				bank, ok := banks.Get(name).(*eval.Hash)
				if !ok || name == "" {
					continue
				}
				for _, k := range bank.Keys() {
					if v, ok := vars.Find("$" + k); ok && v.Kind == vars.Bool {
						check(k+" of the policy bank "+name, bank.Lookup(k))
					}
				}
			}
		},
	}
}

func falseWord(s string) bool {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "no", "off", "false", "n", "f", "none", "never", "disabled", "disable", "0 but true":
		return true
	}
	return false
}

// onlyLiteral finds the one literal within a span whose value is a text.
func onlyLiteral(p *Pass, at source.Span, text string) (source.Span, bool) {
	var found []source.Span
	p.Walk(func(n syntax.Node) bool {
		s := n.Span()
		if s.File != at.File || s.End < at.Start || s.Start > at.End {
			_, block := n.(*syntax.Block)
			return block
		}
		inside := at.Start <= s.Start && s.End <= at.End
		switch x := n.(type) {
		case *syntax.Str:
			if inside && x.Value == text {
				found = append(found, s)
			}
		case *syntax.Bareword:
			if inside && x.Name == text {
				found = append(found, s)
			}
		}
		return true
	})
	if len(found) != 1 {
		return source.Span{}, false
	}
	return found[0], true
}
