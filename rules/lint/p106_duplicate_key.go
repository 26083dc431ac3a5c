package lint

import (
	"mavis/perlconf/diag"
	"mavis/perlconf/source"
	"mavis/perlconf/syntax"
)

// duplicateKey finds a key that stands twice in one hash.
func duplicateKey() Rule {
	return Rule{
		Code: "P106", Name: "duplicate-key", Severity: diag.Warning,
		Summary: "a key stands twice in one hash",
		Page: Page{
			What:  "Two entries of one hash have the same key.",
			Why:   "The later one wins, and the earlier one does nothing: whoever changes it wonders why.",
			Wrong: "@score_sender_maps = ({ '.' => [{ 'a@example.com' => 3.0, 'b@example.com' => 1.0, 'a@example.com' => -3.0 }] });\n",
			Right: "@score_sender_maps = ({ '.' => [{ 'b@example.com' => 1.0, 'a@example.com' => -3.0 }] });\n",
			Fix:   "Remove the entry that is not meant.",
		},
		Check: func(p *Pass) {
			p.Walk(func(n syntax.Node) bool {
				switch x := n.(type) {
				case *syntax.AnonHash:
					doubles(p, x.Elems)
				case *syntax.Assign:
					v, hash := x.L.(*syntax.Var)
					if l, ok := x.R.(*syntax.List); ok && hash && v.Sigil == '%' {
						doubles(p, l.Elems)
					}
				}
				return true
			})
		},
	}
}

// doubles looks at the keys up to the first element that may hold more than one value.
func doubles(p *Pass, elems []syntax.Expr) {
	first := map[string]int{}
	for i := 0; i+1 < len(elems); i += 2 {
		if many(elems[i]) || many(elems[i+1]) {
			return
		}
		var key string
		var at source.Span
		switch k := elems[i].(type) {
		case *syntax.Str:
			key, at = k.Value, k.Span()
		case *syntax.Num:
			key, at = k.Text, k.Span()
		default:
			continue
		}
		j, seen := first[key]
		if !seen {
			first[key] = i
			continue
		}
		d := p.Report(at, "the key '%s' stands twice in this hash; this one wins", key)
		d.Related = []diag.Related{{Span: elems[j].Span(), Message: "overwritten: this one has no effect"}}
		if elems[j+1].Span().Text() == elems[i+1].Span().Text() {
			d.Severity = diag.Info
			d.Message = "the key '" + key + "' stands twice in this hash, with the same value"
		}
		first[key] = i
	}
}

// many says that an expression may give several values in a list, or none.
func many(x syntax.Expr) bool {
	switch x := x.(type) {
	case *syntax.Var:
		return x.Sigil != '$'
	case *syntax.Str, *syntax.Num, *syntax.Interp, *syntax.AnonArray, *syntax.AnonHash, *syntax.AnonSub, *syntax.Regexp, *syntax.Elem, *syntax.Binary:
		return false
	case *syntax.Unary:
		return false
	case *syntax.Func:
		return x.Name != "lc" && x.Name != "uc" && x.Name != "new_RE" && x.Name != "read_hash" && x.Name != "undef"
	}
	return true
}
