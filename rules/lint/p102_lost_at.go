package lint

import (
	"regexp"
	"strings"

	"mavis/perlconf/diag"
	"mavis/perlconf/source"
	"mavis/perlconf/syntax"
	"mavis/rules/vars"
)

// lostAt finds "admin@$mydomain" and "admin@example.com": an array where an at-sign was meant.
func lostAt() Rule {
	return Rule{
		Code: "P102", Name: "lost-backslash-before-at", Severity: diag.Error,
		Summary: "an at-sign in double quotes has no backslash, so Perl takes what follows for an array",
		Page: Page{
			What: "In double quotes @ begins an array, and @$ follows a reference. An address there needs a backslash before its at-sign; web pages " +
				"and some editors lose it.",
			Why:   "Under `use strict` the file is refused as a whole. Without it the address loses its at-sign and domain, and mail to it is lost.",
			Wrong: "use strict;\n$mydomain = 'example.com';\n$virus_admin = \"admin@$mydomain\";\n",
			Right: "use strict;\n$mydomain = 'example.com';\n$virus_admin = \"admin\\@$mydomain\";\n",
			Fix:   "Write \\@, or use single quotes where the address holds no variable. The automatic fix is unsafe, as it changes the value.",
		},
		Check: checkLostAt,
	}
}

var domainLike = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.-]*`)

func checkLostAt(p *Pass) {
	own := arraysOf(p)
	p.Walk(func(n syntax.Node) bool {
		in, ok := n.(*syntax.Interp)
		if !ok || in.Quote == "" {
			return true
		}
		for i, part := range in.Parts {
			at, name, ok := arrayIn(part)
			if !ok || !addressLike(in.Parts, i) {
				continue
			}
			if name != "" && own[name] {
				continue
			}
			sign := source.Span{File: at.File, Start: at.Start, End: at.Start + 1}
			if sign.Text() != "@" {
				continue
			}
			what := at.Text()
			if m := domainLike.FindString(string(at.File.Text[at.Start+1:])); name != "" && m != "" {
				what = "@" + m
			}
			d := p.Report(sign, "%s in double quotes is taken for an array, not for part of an address", what)
			d.Help = `a backslash was lost: write \` + what
			d.Fixes = []diag.Fix{{Message: `write \@`, Edits: []diag.Edit{{Span: sign, New: `\@`}}}}
			p.Instead(sign, "P200", "P202", "P203", "P204")
		}
		return true
	})
}

// arrayIn says that a part of a string is an array, or a reference to one that is followed; name is that of a plain array.
func arrayIn(part syntax.InterpPart) (at source.Span, name string, ok bool) {
	if part.X == nil {
		return at, "", false
	}
	switch x := part.X.(type) {
	case *syntax.Var:
		return x.Span(), x.Name, x.Sigil == '@'
	case *syntax.Deref:
		_, plain := x.X.(*syntax.Var)
		return x.Span(), "", x.Sigil == '@' && plain
	}
	return at, "", false
}

// addressLike says that right before part i stands what can be the local part of an address, and nothing before it makes
// it a list of words.
func addressLike(parts []syntax.InterpPart, i int) bool {
	if i == 0 {
		return true // "@$mydomain", "@example.com"
	}
	before := parts[i-1]
	if before.X != nil {
		return true
	}
	return before.Text != "" && !strings.ContainsAny(before.Text[len(before.Text)-1:], " \t\n,;:(=/")
}

// arraysOf gives the arrays that a name in a string can stand for: those of amavisd and those that the files set.
func arraysOf(p *Pass) map[string]bool {
	out := map[string]bool{"ARGV": true, "INC": true, "_": true}
	for _, v := range vars.All() {
		if v.Sigil() == '@' {
			out[v.Bare()] = true
		}
	}
	p.Walk(func(n syntax.Node) bool {
		switch x := n.(type) {
		case *syntax.Assign:
			if v, ok := x.L.(*syntax.Var); ok && v.Sigil == '@' {
				out[v.Name] = true
			}
		case *syntax.My:
			for _, e := range x.Vars {
				if v, ok := e.(*syntax.Var); ok && v.Sigil == '@' {
					out[v.Name] = true
				}
			}
		case *syntax.Func:
			if x.Name == "push" && len(x.Args) > 0 {
				if v, ok := x.Args[0].(*syntax.Var); ok {
					out[v.Name] = true
				}
			}
		}
		return true
	})
	return out
}
