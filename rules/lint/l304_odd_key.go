package lint

import (
	"strings"

	"mavis/perlconf/diag"
	"mavis/perlconf/source"
	"mavis/rules/lookup"
	"mavis/rules/vars"
)

func oddKey() Rule {
	return Rule{
		Code: "L304", Name: "key-never-matches", Severity: diag.Warning,
		Summary: "a key of a lookup table is written in a way that no address matches",
		Page: Page{
			What: "Hashes are searched with user@example.com, user@, example.com, .example.com and so on, in lower case. A key with capital " +
				"letters, a star, or @ before a domain alone is none of these. Lists, in [ ], heed no case.",
			Why:   "The entry has no effect: whoever was to be whitelisted, or to be spared a check, is not.",
			Wrong: "@virus_lovers_maps = ( { '@example.com' => 1 } );\n",
			Right: "@virus_lovers_maps = ( { 'example.com' => 1 } );\n",
			Fix: "Write keys in lower case; 'example.com' for a domain, '.example.com' for it and all below, '.' for everything. lc('…') around " +
				"a key does it as well. The automatic fix is unsafe: it makes an entry count that never did.",
		},
		Check: checkOddKey,
	}
}

// notAddresses are lists of tables whose keys are names of viruses or types.
var notAddresses = map[string]bool{"virus_name_to_spam_score_maps": true, "virus_name_to_policy_bank_maps": true,
	"viruses_that_fake_sender_maps": true, "banned_filename_maps": true, "mynetworks_maps": true, "signer_reputation_maps": true}

func checkOddKey(p *Pass) {
	told := map[string]bool{}
	for _, l := range p.layers() {
		for _, v := range vars.All() {
			if !v.Group.InBank() || v.AliasOf != "" || v.Kind != vars.Maps || !l.sets(v.Bare()) || notAddresses[v.Bare()] {
				continue
			}
			for _, o := range l.policy.Tables(v.Bare()).Odd(l.policy.Options(), v.Bare() == "score_sender_maps") {
				id := o.At.String() + o.Key
				if o.At.IsZero() || told[id] {
					continue
				}
				told[id] = true
				d := p.Report(o.At, "no address matches %s", quoted(o.Key))
				better := o.Key
				switch o.Why {
				case lookup.Case:
					better = strings.ToLower(o.Key)
					d.Message = "the key " + quoted(o.Key) + " has capital letters, and what is looked up is in lower case"
				case lookup.Wildcard:
					better = strings.TrimPrefix(strings.Replace(strings.TrimLeft(o.Key, "!"), "*@", "", 1), "*")
					d.Message = "the * in " + quoted(o.Key) + " stands for itself: no address matches"
				case lookup.AtDomain:
					better = o.Key[1:]
					d.Message = quoted(o.Key) + " is an address without local part: no address matches"
				case lookup.Blank:
					better = strings.Join(strings.Fields(o.Key), "")
					d.Message = "no address matches " + quoted(o.Key) + ", which has a blank"
				}
				if better == "" {
					better = "."
				}
				d.Help = "write " + quoted(better)
				if o.Why != lookup.Blank {
					d.Fixes = keyFix(o.At, o.Key, better)
				}
			}
		}
	}
}

// keyFix replaces a key that stands in quotes of its own, once, at a place.
func keyFix(at source.Span, key, better string) []diag.Fix {
	text := at.Text()
	for _, q := range []string{"'", `"`} {
		if i := strings.Index(text, q+key+q); i >= 0 && strings.Count(text, q+key+q) == 1 {
			s := source.Span{File: at.File, Start: at.Start + i + 1, End: at.Start + i + 1 + len(key)}
			return []diag.Fix{{Message: "write " + quoted(better), Edits: []diag.Edit{{Span: s, New: better}}}}
		}
	}
	return nil
}
