package lint

import (
	"mavis/perlconf/diag"
	"mavis/perlconf/eval"
	"mavis/perlconf/source"
	"mavis/rules"
)

func mapBankUndefined() Rule {
	return Rule{
		Code: "B304", Name: "bank-of-author-undefined", Severity: diag.Warning,
		Summary: "a map of authors or viruses names a policy bank that is not defined",
		Page: Page{
			What: "@author_to_policy_bank_maps gives names of policy banks by the author of a signed mail, @virus_name_to_policy_bank_maps by " +
				"virus. A value of 1 stands for AUTHOR_APPROVED and VIRUS. There is no bank of that name.",
			Why:   "The entry has no effect; amavisd says nothing about it.",
			Wrong: wholeConfig + "@author_to_policy_bank_maps = ( { '.example.com' => 'WHITELIST' } );\n",
			Right: wholeConfig + "@author_to_policy_bank_maps = ( { '.example.com' => 'WHITELIST' } );\n$policy_bank{'WHITELIST'} = { bypass_spam_checks_maps => [1] };\n",
			Fix:   "Define the bank, or correct the name.",
		},
		Check: func(p *Pass) {
			if p.Incomplete || len(p.Config.Banks()) == 0 && !p.whole() {
				return
			}
			defined := map[string]bool{}
			for _, b := range p.Config.Banks() {
				defined[b] = true
			}
			told := map[string]bool{}
			var look func(v eval.Value, at source.Span, usual string, depth int)
			look = func(v eval.Value, at source.Span, usual string, depth int) {
				switch x := v.(type) {
				case *eval.Array:
					for _, e := range x.Elems {
						if depth < 8 && e != nil {
							where := at
							if e.Origin != nil {
								where = e.Origin.Span
							}
							look(e.Get(), where, usual, depth+1)
						}
					}
				case *eval.Hash:
					for _, k := range x.Keys() {
						if where := placeOf(x, k); depth < 8 && x.Class == "" {
							if where.IsZero() {
								where = at
							}
							value := x.Get(k)
							if text := eval.ToString(value); !eval.IsRef(value) && value != nil {
								p.undefinedBanks(text, usual, where, defined, told)
								continue
							}
							look(value, where, usual, depth+1)
						}
					}
				}
			}
			for _, l := range p.layers() {
				for name, usual := range map[string]string{"author_to_policy_bank_maps": "AUTHOR_APPROVED", "virus_name_to_policy_bank_maps": "VIRUS"} {
					if l.sets(name) {
						look(l.policy.Value(name), l.policy.Origin(name), usual, 0)
					}
				}
			}
		},
	}
}

func (p *Pass) undefinedBanks(list, usual string, at source.Span, defined, told map[string]bool) {
	names := rules.BankNames(list)
	if list == "1" {
		names = []string{usual}
	}
	for _, n := range names {
		if !defined[n] && n != "0" && !told[n] && !at.IsZero() {
			told[n] = true
			d := p.Report(at, "policy bank %s is not defined", n)
			if d.Help = "define it, or correct the name"; nearBank(n, defined) != "" {
				d.Help = "did you mean " + nearBank(n, defined) + "?"
			}
		}
	}
}
