package lint

import (
	"strings"

	"mavis/perlconf/diag"
	"mavis/perlconf/eval"
	"mavis/perlconf/source"
	"mavis/rules"
)

func ambiguousMail() Rule {
	return Rule{
		Code: "C301", Name: "CVE-2024-28054", Severity: diag.Warning,
		Summary: "mail that can be read in two ways passes as it is (CVE-2024-28054)",
		Page: Page{
			What: "A mail whose MIME structure is ambiguous, such as one with two boundary parameters, has the category CC_UNCHECKED,3. Nothing " +
				"here stops, wraps or holds it: the destiny of unchecked mail is D_PASS by default.",
			Why: "The filter and the recipient's mail program may see different parts. A sender can show the filter a harmless text, and the " +
				"recipient a program: banned names and virus checks of parts are got round. Only the subject is marked ***UNCHECKED***. " +
				"README.CVE-2024-28054 of the original recommends to wrap such mail.",
			Wrong: "$final_unchecked_destiny = D_PASS;\n1;\n",
			Right: "$final_unchecked_destiny = D_PASS;\n$defang_maps_by_ccat{+CC_UNCHECKED.',3'} = 1;  # CVE-2024-28054\n1;\n",
			Fix: "Wrap it: $defang_maps_by_ccat{+CC_UNCHECKED.',3'} = 1. Or reject it: $final_destiny_maps_by_ccat{+CC_UNCHECKED.',3'} = D_REJECT; " +
				"or hold a copy. It is not done automatically: which of them is a decision, and wrapped mail arrives as an attachment.",
		},
		Check: checkAmbiguous,
	}
}

func checkAmbiguous(p *Pass) {
	base := p.Config.Base()
	if p.Incomplete || !p.whole() && p.origin("$final_unchecked_destiny").IsZero() || p.bypassed(base, rules.Virus) && p.bypassed(base, rules.Banned) {
		return
	}
	ccats := []rules.CCat{{Major: rules.Unchecked, Minor: 3}, {Major: rules.Unchecked}}
	truth := func(table string) bool {
		s, ok, err := base.ByCCat(table, ccats)
		if !ok || err != nil || s.Value == nil {
			return false
		}
		if s.Tables != nil {
			opt := *base.Options()
			opt.Resolver = offline{base}
			r, ok, err := s.Tables.First(someone, &opt)
			return ok && err == nil && r.Bool()
		}
		return eval.ToBool(s.Value)
	}
	if base.Bool("defang_all") || truth("defang_maps_by_ccat") || truth("quarantine_to_maps_by_ccat") && truth("quarantine_method_by_ccat") {
		return
	}
	if s, ok, err := base.ByCCat("final_destiny_maps_by_ccat", ccats); ok && err == nil {
		if to, valid := rules.DestinyOf(s.Value); valid && !eval.IsRef(s.Value) && to != rules.Pass {
			return
		}
		if s.Tables != nil && eval.IsRef(s.Value) {
			opt := *base.Options()
			opt.Resolver = offline{base}
			if r, ok, err := s.Tables.First(someone, &opt); ok && err == nil {
				if to, valid := rules.DestinyOf(r.Value); valid && to != rules.Pass {
					return
				}
			}
		}
	}
	end := p.end()
	at := p.origin("$final_unchecked_destiny", "$defang_undecipherable")
	if at.IsZero() {
		at = end
	}
	d := p.Report(at, "mail with an ambiguous MIME structure passes as it is: CVE-2024-28054 is open")
	d.Help = "add $defang_maps_by_ccat{+CC_UNCHECKED.',3'} = 1;"
}

// end is the last statement of the last file when it is the customary 1; else the end of that file.
func (p *Pass) end() source.Span {
	if len(p.Trees) == 0 {
		return source.Span{}
	}
	t := p.Trees[len(p.Trees)-1]
	if n := len(t.Body.Stmts); n > 0 {
		last := t.Body.Stmts[n-1].Span()
		if strings.TrimRight(last.Text(), "; \t\n") == "1" {
			return last
		}
		return source.Span{File: t.Source, Start: min(last.End+1, len(t.Source.Text)), End: min(last.End+1, len(t.Source.Text))}
	}
	return source.Span{File: t.Source, Start: len(t.Source.Text), End: len(t.Source.Text)}
}
