package lint

import (
	"strings"

	"mavis/perlconf/diag"
	"mavis/perlconf/source"
	"mavis/rules/lookup"
	"mavis/rules/vars"
)

func deadEntry() Rule {
	return Rule{
		Code: "L301", Name: "entry-never-reached", Severity: diag.Warning,
		Summary: "an entry of a lookup list can never match, because one before it takes all its keys",
		Page: Page{
			What: "In a list of addresses, patterns or networks the first entry that matches decides. An entry that stands behind a wider " +
				"one, such as \".\" or a constant, is never come to.",
			Why: "The exception that was meant is none: with ['.', '!boss@example.com'] the boss is treated like everybody else. amavisd " +
				"says nothing about it.",
			Wrong: "@virus_lovers_maps = ( ['.', '!boss@example.com'] );\n",
			Right: "@virus_lovers_maps = ( ['!boss@example.com', '.'] );\n",
			Fix:   "Put exceptions before the rule, and a catch-all last. An entry that says the same as the wider one can go; that is told as info.",
		},
		Check: checkDeadEntry,
	}
}

// allMatches are lists in which every matching table counts, not only the first.
var allMatches = map[string]bool{"score_sender_maps": true, "banned_filename_maps": true,
	"dkim_signature_options_bysender_maps": true}

func checkDeadEntry(p *Pass) {
	told := map[source.Span]bool{}
	report := func(list []lookup.Dead) {
		for _, d := range list {
			if d.At.IsZero() || told[d.At] || d.ByAt == d.At && d.Text == d.By {
				continue
			}
			told[d.At] = true
			what := "this table"
			if d.Text != "" {
				what = quoted(d.Text)
			}
			f := p.Report(d.At, "%s is never looked at: %s before it matches everything that it does", what, quoted(d.By))
			if f.Help = "put the exception first"; d.Same {
				f.Severity, f.Help = diag.Info, "it says the same as the other and can go"
			}
			if !d.ByAt.IsZero() && d.ByAt != d.At {
				f.Related = []diag.Related{{Span: d.ByAt, Message: "this takes all its keys"}}
			}
		}
	}
	for _, l := range p.layers() {
		for _, v := range vars.All() {
			if !v.Group.InBank() || v.AliasOf != "" || !l.sets(v.Bare()) || allMatches[v.Bare()] {
				continue
			}
			switch v.Kind {
			case vars.Maps:
				if v.Bare() == "mynetworks_maps" {
					report(l.policy.Networks(v.Bare()).Dead())
					continue
				}
				report(l.policy.Tables(v.Bare()).Dead())
			case vars.Networks:
				report(l.policy.Networks(v.Bare()).Dead())
			}
		}
	}
	for _, t := range p.Config.BannedRules {
		report(t.Dead())
	}
}

// quoted is a text of a configuration in a message, cut where it is long.
func quoted(s string) string {
	const most = 60
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return "'" + s + "'"
}
