package lint

import (
	"mavis/perlconf/diag"
	"mavis/perlconf/eval"
	"mavis/rules/lookup"
)

func levelsOutOfOrder() Rule {
	return Rule{
		Code: "D301", Name: "spam-levels-out-of-order", Severity: diag.Warning,
		Summary: "spam levels are not in the order tag, tag2, kill",
		Page: Page{
			What: "From the tag level on mail gets X-Spam fields, from tag2 on it is marked as spam, from the kill level on it is stopped. " +
				"Here a later step comes at a lower score than an earlier one.",
			Why: "With kill below tag2, mail is blocked at scores that you call harmless. When spam is let pass (D_PASS), mail between the two " +
				"levels is treated as spam and yet arrives with X-Spam-Flag: NO. With tag above tag2, spam arrives without any X-Spam field.",
			Wrong: "$sa_tag2_level_deflt = 6.3;\n$sa_kill_level_deflt = 5;\n",
			Right: "$sa_tag2_level_deflt = 5;\n$sa_kill_level_deflt = 6.3;\n",
			Fix:   "Order the levels: tag, then tag2, then kill. Levels for single recipients and in policy banks count as well.",
		},
		Check: checkLevels,
	}
}

var levelPairs = []struct{ low, high, lowName, highName, text string }{
	{"spam_tag2_level_maps", "spam_kill_level_maps", "tag2", "kill", "spam is stopped at %s (kill) before it is marked at %s (tag2)"},
	{"spam_tag_level_maps", "spam_tag2_level_maps", "tag", "tag2", "mail is spam at %s (tag2) before it gets X-Spam fields at %s (tag)"},
	{"spam_tag2_level_maps", "spam_tag3_level_maps", "tag2", "tag3", "the mark of %s (tag3) comes before that of %s (tag2)"},
}

func checkLevels(p *Pass) {
	told := map[string]bool{}
	for _, l := range p.layers() {
		for _, pair := range levelPairs {
			if !l.sets(pair.low, pair.high) {
				continue
			}
			for _, key := range []string{someone, p.local()} {
				low, ok1 := level(l, pair.low, key)
				high, ok2 := level(l, pair.high, key)
				at := high.Origin
				if at.IsZero() {
					at = low.Origin
				}
				id := at.String() + pair.high
				if !ok1 || !ok2 || high.Num() >= low.Num() || at.IsZero() || told[id] {
					continue
				}
				told[id] = true
				d := p.Report(at, pair.text+l.in(), high.String(), low.String())
				d.Help = pair.lowName + " must not be above " + pair.highName
				if !low.Origin.IsZero() && low.Origin != at {
					d.Related = []diag.Related{{Span: low.Origin, Message: pair.lowName + " was set here"}}
				}
			}
		}
	}
}

func level(l layer, maps, key string) (lookup.Result, bool) {
	r, ok := find(l.policy, maps, key)
	return r, ok && r.Value != nil && eval.LooksLikeNumber(r.Value)
}
