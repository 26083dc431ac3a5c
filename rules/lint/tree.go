package lint

import (
	"strings"

	"mavis/perlconf/source"
	"mavis/perlconf/syntax"
	"mavis/rules/vars"
)

// assigned calls f for every value that a variable gets in the files, named with its sigil: by an assignment, by push or
// unshift, or as a member of a policy bank.
func assigned(p *Pass, f func(name string, value syntax.Expr)) {
	p.Walk(func(n syntax.Node) bool {
		switch x := n.(type) {
		case *syntax.Assign:
			switch l := x.L.(type) {
			case *syntax.Var:
				f(string(l.Sigil)+l.Name, x.R)
			case *syntax.Elem:
				if v, ok := l.Of.(*syntax.Var); ok && v.Name == "policy_bank" {
					members(x.R, f)
				}
			}
		case *syntax.Func:
			if (x.Name == "push" || x.Name == "unshift") && len(x.Args) > 1 {
				if v, ok := x.Args[0].(*syntax.Var); ok {
					for _, a := range x.Args[1:] {
						f(string(v.Sigil)+v.Name, a)
					}
				}
			}
		}
		return true
	})
}

// members gives the members of a policy bank under the names of their variables.
func members(x syntax.Expr, f func(name string, value syntax.Expr)) {
	h, ok := x.(*syntax.AnonHash)
	if !ok {
		return
	}
	for i := 0; i+1 < len(h.Elems); i += 2 {
		k, ok := h.Elems[i].(*syntax.Str)
		if !ok {
			continue
		}
		for _, sigil := range []string{"$", "@", "%"} {
			if _, known := vars.Find(sigil + k.Value); known {
				f(sigil+k.Value, h.Elems[i+1])
			}
		}
	}
}

// entry is one entry of @av_scanners, @decoders or @spam_scanners as it is written.
type entry struct {
	list  string // the variable, with sigil
	array *syntax.AnonArray
}

// elem gives element i of the entry, nil where there is none.
func (e entry) elem(i int) syntax.Expr {
	if i < len(e.array.Elems) {
		return e.array.Elems[i]
	}
	return nil
}

func entries(p *Pass) []entry {
	var out []entry
	assigned(p, func(name string, value syntax.Expr) {
		switch name {
		case "@av_scanners", "@av_scanners_backup", "@decoders", "@spam_scanners":
		default:
			return
		}
		var add func(x syntax.Expr, depth int)
		add = func(x syntax.Expr, depth int) {
			switch x := x.(type) {
			case *syntax.List:
				for _, e := range x.Elems {
					add(e, depth)
				}
			case *syntax.AnonArray:
				if depth == 0 && len(x.Elems) > 0 {
					if _, nested := x.Elems[0].(*syntax.AnonArray); nested { // a list of entries, as banks have it
						for _, e := range x.Elems {
							add(e, 1)
						}
						return
					}
				}
				out = append(out, entry{name, x})
			}
		}
		add(value, 0)
	})
	return out
}

// scannerEntries are the entries of virus scanners.
func scannerEntries(p *Pass) []entry {
	var out []entry
	for _, e := range entries(p) {
		if strings.HasPrefix(e.list, "@av_") {
			out = append(out, e)
		}
	}
	return out
}

// holds says that a span lies within the entry.
func (e entry) holds(s source.Span) bool { return liesIn(s, []source.Span{e.array.Span()}) }

// patternText gives a pattern that holds no variables, and where its first byte stands; ok is false when the text in the
// file differs from it.
func patternText(re *syntax.Regexp) (text string, at source.Span, ok bool) {
	if re.Pattern == nil || len(re.Pattern.Parts) != 1 || re.Pattern.Parts[0].X != nil {
		return "", at, false
	}
	part := re.Pattern.Parts[0]
	at = part.Place
	if at.IsZero() || at.Text() != part.Text {
		return "", at, false
	}
	return part.Text, at, true
}

// codeOf gives the text of a file without its comments.
func codeOf(t *syntax.File) string {
	var b strings.Builder
	at := 0
	for _, c := range t.Comments {
		b.Write(t.Source.Text[at:c.Place.Start])
		at = c.Place.End
	}
	b.Write(t.Source.Text[at:])
	return b.String()
}
