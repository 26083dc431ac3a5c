package emit

import (
	"regexp"
	"sort"
	"strings"

	"mavis/perlconf/eval"
	"mavis/rules/document"
	"mavis/rules/load"
)

var anyWord = regexp.MustCompile(`[A-Za-z_]\w*`)

// words takes the subs, constants and imported words that carried code mentions, and those that they mention in turn.
// What the files defined for their own run only is not needed any more.
func (t *taker) words() {
	now := t.in.Subs(load.Package)
	uses := map[string][]string{}
	done := map[string]bool{}
	subs := map[string]*document.Node{}
	for i := 0; i < len(t.code); i++ {
		for _, w := range anyWord.FindAllString(t.code[i], -1) {
			code := now[w]
			if code == nil || done[w] || t.fresh.subs[w] == code {
				continue
			}
			done[w] = true
			t.name, t.at = "sub "+w, code.Span
			switch values, constant := code.Constant(); {
			case constant && code.Package == load.Package:
				if n := t.constant(w, values); n != nil {
					subs[w] = n
				}
			case code.Native != nil:
				uses[code.Package] = append(uses[code.Package], w)
			case code.Name != w:
				t.lose("a sub that is an alias of another")
			default:
				src, why := codeText(code)
				if why != "" {
					t.lose("%s", why)
					continue
				}
				subs[w] = document.NewText(src)
				t.code = append(t.code, src)
			}
		}
	}
	for _, w := range sorted(subs) {
		t.doc.Subs = append(t.doc.Subs, subs[w])
	}
	for _, m := range sorted(uses) {
		n := &document.Node{Kind: document.List}
		sort.Strings(uses[m])
		for _, w := range uses[m] {
			n.Items = append(n.Items, document.NewText(w))
		}
		t.doc.Uses = append(t.doc.Uses, document.Entry{Name: m, Value: n})
	}
}

func sorted[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

// constant writes use constant again.
func (t *taker) constant(name string, values []eval.Value) *document.Node {
	p := &perl{}
	var texts []string
	for _, v := range values {
		if eval.IsRef(v) {
			t.lose("a constant that is a reference")
			return nil
		}
		texts = append(texts, p.inline(t.value(v, document.Plain, 1)))
	}
	return document.NewText("use constant " + name + " => " + strings.Join(append(texts, ""), ", ") + ";")
}
