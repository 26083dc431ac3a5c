package lint

import (
	"regexp"
	"strings"

	"mavis/perlconf/diag"
	"mavis/perlconf/source"
	"mavis/perlconf/syntax"
	"mavis/rules/vars"
)

// textInMaps finds @local_domains_maps = ('.example.com'): a plain text in a list of tables holds for everybody.
func textInMaps() Rule {
	return Rule{
		Code: "V005", Name: "text-in-maps", Severity: diag.Warning,
		Summary: "a plain text stands in a list of lookup tables, where it matches everybody",
		Page: Page{
			What: "The elements of a @..._maps list are tables: references to hashes or lists, patterns made by new_RE. A plain value is a table that " +
				"gives this value for every address.",
			Why: "The setting holds for all mail, not for the domain or address that stands there: all recipients are local, nobody is checked, every " +
				"sender is trusted.",
			Wrong: "@local_domains_maps = ('.example.com');\n",
			Right: "@local_domains_maps = (['.example.com']);\n",
			Fix:   "Put the addresses into a list of their own with [ ]. The automatic fix is unsafe, as it makes the setting hold for these addresses only.",
		},
		Check: func(p *Pass) {
			for _, v := range vars.All() {
				if v.Sigil() != '@' || v.Kind != vars.Maps || !yesNoMaps.MatchString(v.Name) {
					continue
				}
				a := p.Loaded.Vars.Array(v.Bare())
				if a == nil {
					continue
				}
				for _, s := range a.Elems {
					text, ok := s.Get().(string)
					if !ok || !strings.ContainsAny(text, ".@*") || numberText.MatchString(text) {
						continue
					}
					at := source.Span{}
					switch {
					case s.Origin != nil:
						at = s.Origin.Span
					case a.Origin != nil:
						at = a.Origin.Span
					}
					if at.IsZero() {
						continue
					}
					d := p.Report(at, "'%s' stands in %s by itself, where it matches every address", text, v.Name)
					d.Help = "put it into a list: ['" + text + "']"
					d.Fixes = listFix(p, v.Name)
					break // one finding for a list
				}
			}
		},
	}
}

// yesNoMaps are the lists of tables that answer a question with yes or no.
var (
	yesNoMaps = regexp.MustCompile(`^@(?:local_domains|mynetworks|ip_repu_ignore|bypass_\w+_checks|\w+_lovers|whitelist_sender|blacklist_sender|` +
		`debug_sender|debug_recipient|viruses_that_fake_sender|keep_decoded_original|warn\w+recip)_maps$`)
	numberText = regexp.MustCompile(`^\s*[-+]?[0-9.]+\s*$`)
)

// listFix puts the elements of an assignment that are all plain texts into a list of their own.
func listFix(p *Pass, name string) []diag.Fix {
	var fixes []diag.Fix
	count := 0
	assigned(p, func(n string, value syntax.Expr) {
		if n != name {
			return
		}
		count++
		l, ok := value.(*syntax.List)
		if !ok || !l.Paren || len(l.Elems) == 0 {
			return
		}
		for _, e := range l.Elems {
			switch e.(type) {
			case *syntax.Str, *syntax.Interp, *syntax.QW:
			default:
				return
			}
		}
		first, last := l.Elems[0].Span(), l.Elems[len(l.Elems)-1].Span()
		first.End, last.Start = first.Start, last.End
		fixes = []diag.Fix{{Message: "put them into a list", Edits: []diag.Edit{{Span: first, New: "["}, {Span: last, New: "]"}}}}
	})
	if count != 1 {
		return nil
	}
	return fixes
}
