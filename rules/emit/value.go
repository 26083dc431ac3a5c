package emit

import (
	"fmt"
	"regexp"
	"sort"
	"strings"

	"mavis/perlconf/eval"
	"mavis/rules/document"
	"mavis/rules/load"
	"mavis/rules/vars"
)

// tagNative marks code that only the program itself can make. It never leaves this package.
const tagNative = "native"

const classTable = "Amavis::Lookup::RE"

const (
	maxDepth = document.MaxDepth - 10
	maxNodes = 1_000_000
)

// lose notes what cannot be carried; undef stands in its place.
func (t *taker) lose(format string, args ...any) *document.Node {
	t.lost = append(t.lost, Loss{Name: t.name, Span: t.at, Why: fmt.Sprintf(format, args...)})
	return &document.Node{}
}

// top gives the content of a named variable.
func (t *taker) top(container any, name string) *document.Node {
	ctx := document.Of(name)
	switch c := container.(type) {
	case *eval.Scalar:
		if c.Class != "" {
			return t.lose("the variable itself is an object of class %s", c.Class)
		}
		return t.secret(name[1:], t.value(c.Get(), ctx, 1))
	case *eval.Array:
		if c.Class != "" {
			return t.lose("the variable itself is an object of class %s", c.Class)
		}
		if n := t.table(c, document.TagArray, document.TagCIDR); n != nil {
			return n
		}
		n := t.list(c, 0)
		if d, ok := vars.Find(name); ok && d.Kind == vars.DataSource {
			secretSources(n)
		}
		return n
	case *eval.Hash:
		if c.Class != "" {
			return t.lose("the variable itself is an object of class %s", c.Class)
		}
		if n := t.table(c, document.TagHash, document.TagCIDR); n != nil {
			return n
		}
		return t.hash(c, ctx, 0)
	}
	return &document.Node{}
}

// secretSources marks the third element of each data source.
func secretSources(n *document.Node) {
	for _, source := range n.Items {
		if source.Kind == document.List && len(source.Items) > 2 && source.Items[2].Kind != document.Undef && source.Items[2].Tag == "" {
			source.Items[2] = document.Tagged(document.TagSecret, source.Items[2].Text)
		}
	}
}

// table gives the file that the whole content of a container was read from, nil when it is not so.
func (t *taker) table(container any, words ...string) *document.Node {
	read := t.tables[container]
	if read == nil {
		return nil
	}
	var members []*eval.Scalar
	switch c := container.(type) {
	case *eval.Hash:
		for _, k := range c.Keys() {
			members = append(members, c.Lookup(k))
		}
	case *eval.Array:
		members = c.Elems
	}
	if len(members) != read.Len {
		return nil
	}
	for _, m := range members { // a placeholder for a missing file has no place
		if m == nil || m.Origin != nil && m.Origin.Span != read.Span || m.Origin == nil && len(members) > 1 {
			return nil
		}
	}
	for _, w := range words {
		if w == read.Word {
			return document.Tagged(w, read.File)
		}
	}
	return nil
}

func (t *taker) list(a *eval.Array, depth int) *document.Node {
	n := &document.Node{Kind: document.List}
	for _, e := range a.Elems {
		n.Items = append(n.Items, t.value(e.Get(), document.Plain, depth+1))
	}
	return n
}

func (t *taker) hash(h *eval.Hash, ctx document.Context, depth int) *document.Node {
	n := &document.Node{Kind: document.Map}
	for _, k := range h.Keys() {
		key := document.NewText(k)
		if ctx.HasKeys() {
			if name, ok := document.CategoryName(k); ok {
				key.Text = name
			} else if _, ambiguous := document.CategoryKeyOf(k); ambiguous {
				key.Tag = document.TagText
			}
		}
		n.Keys = append(n.Keys, key)
		n.Items = append(n.Items, t.secret(k, t.value(h.Get(k), ctx.Items(), depth+1)))
	}
	return n
}

// text gives plain text or a number.
func text(s string, ctx document.Context) *document.Node {
	switch ctx {
	case document.Boolean:
		if s == "1" || s == "0" {
			return &document.Node{Kind: document.Bool, Text: s}
		}
	case document.Destiny:
		if name, ok := document.DestinyName(s); ok {
			return document.NewText(name)
		}
		if _, ambiguous := document.DestinyNumber(s); ambiguous {
			return document.Tagged(document.TagText, s)
		}
	}
	n := document.Number(s)
	if n.Kind == document.Text && secretText.MatchString(s) {
		n.Tag = document.TagSecret
	}
	return n
}

// value writes a value that stands in a variable or an element.
func (t *taker) value(v eval.Value, ctx document.Context, depth int) *document.Node {
	if t.nodes++; depth > maxDepth || t.nodes > maxNodes {
		if t.nodes == maxNodes+1 || t.nodes <= maxNodes {
			return t.lose("it is too deep or too large")
		}
		return &document.Node{}
	}
	if v == nil {
		return &document.Node{}
	}
	if name := t.named(v); name != "" {
		return document.Tagged(document.TagRef, name)
	}
	switch c := v.(type) {
	case *eval.Scalar, *eval.Array, *eval.Hash:
		if name := t.share(c); name != "" {
			return document.Tagged(document.TagShared, name)
		}
		return t.anonymous(c, ctx, depth)
	case *eval.Regexp:
		if c.Class != "" && c.Class != "Regexp" {
			return t.lose("a pattern of class %s", c.Class)
		}
		return document.Tagged(document.TagRegexp, "/"+c.Pattern+"/"+c.Flags)
	case *eval.Code:
		return t.codeOf(c)
	case *eval.Glob, eval.GlobValue:
		return t.lose("a file handle or a name of Perl's symbol table")
	}
	return text(eval.ToString(v), ctx)
}

// v2key is the identity of a container; nil for what has none.
func v2key(v eval.Value) any {
	switch v.(type) {
	case *eval.Scalar, *eval.Array, *eval.Hash:
		return v
	}
	return nil
}

// named gives the variable that a value refers to.
func (t *taker) named(v eval.Value) string {
	switch c := v.(type) {
	case *eval.Scalar:
		if c.Class == "" {
			return t.byAddr[c]
		}
	case *eval.Array:
		if c.Class == "" {
			return t.byAddr[c]
		}
	case *eval.Hash:
		if c.Class == "" {
			return t.byAddr[c]
		}
	}
	return ""
}

// anonymous writes what a reference points to that has no name.
func (t *taker) anonymous(v eval.Value, ctx document.Context, depth int) *document.Node {
	class, n := "", (*document.Node)(nil)
	switch c := v.(type) {
	case *eval.Scalar:
		class = c.Class
		n = &document.Node{Kind: document.List, Tag: document.TagScalar, Items: []*document.Node{t.value(c.Get(), document.Plain, depth+1)}}
	case *eval.Array:
		class = c.Class
		if class == "" {
			if n := t.table(c, document.TagArray, document.TagCIDR); n != nil {
				return n
			}
		}
		n = t.list(c, depth)
		if class == classTable {
			n.Tag = document.TagTable
			return n
		}
	case *eval.Hash:
		class = c.Class
		if class == "" {
			if n := t.table(c, document.TagHash); n != nil {
				return n
			}
		}
		n = t.hash(c, ctx, depth)
	}
	if class == "" {
		return n
	}
	o := &document.Node{Kind: document.Map, Tag: document.TagObject}
	o.Put("class", document.NewText(class))
	o.Put("data", n)
	return o
}

// pragma is a line that changes how all code of its file is read.
var pragma = regexp.MustCompile(`(?m)^[ \t]*use[ \t]+(?:integer|utf8|feature|locale|bytes|experimental|v?5[.\d]*)\b`)

// codeOf writes code: by name, as a lookup in the bank in force, or by its text.
func (t *taker) codeOf(c *eval.Code) *document.Node {
	if text, ok := late(c); ok {
		return document.Tagged(document.TagLate, text)
	}
	if c.Name != "" && c.Package != "" {
		name := c.Package + "::" + c.Name
		if short := t.in.Sub(load.Package, c.Name); short == c {
			name = c.Name
		}
		t.code = append(t.code, "&"+name)
		return document.Tagged(document.TagSub, name)
	}
	switch {
	case c.Native != nil:
		return &document.Node{Kind: document.Text, Tag: tagNative, Text: c.Name}
	case c.Class != "":
		return t.lose("code of class %s", c.Class)
	}
	src, why := codeText(c)
	if why != "" {
		saved := t.at
		t.at = c.Span
		n := t.lose("%s", why)
		t.at = saved
		return n
	}
	t.code = append(t.code, src)
	return document.Tagged(document.TagCode, src)
}

// codeText gives the text of code that means the same elsewhere, or why there is none.
func codeText(c *eval.Code) (text, why string) {
	switch text = strings.ReplaceAll(c.Span.Text(), "\r\n", "\n"); {
	case c.Captures():
		return "", "code that uses my variables of the file around it"
	case text == "" || c.Package != load.Package && c.Package != "":
		return "", "code that is not written in package " + load.Package
	case c.Span.File != nil && pragma.Match(c.Span.File.Text):
		return "", "code in a file with pragmas that change its meaning"
	}
	return text, ""
}

// count finds what several references share. Named variables are known by their names.
func (t *taker) count(v any, depth int) {
	if depth > maxDepth {
		return
	}
	visit := func(e *eval.Scalar) {
		inner := e.Get()
		key := v2key(inner)
		if key == nil || t.named(inner) != "" {
			return
		}
		if t.counts[key]++; t.counts[key] == 1 {
			t.count(inner, depth+1)
		}
	}
	switch c := v.(type) {
	case *eval.Scalar:
		visit(c)
	case *eval.Array:
		for _, e := range c.Elems {
			visit(e)
		}
	case *eval.Hash:
		keys := c.Keys()
		sort.Strings(keys)
		for _, k := range keys {
			visit(c.Lookup(k))
		}
	}
}

// isShared says that several references lead to a container without a name.
func (t *taker) isShared(v any) bool { return t.counts[v] > 1 }

// share gives the name under which a container stands in the document once for all, "" when only one reference leads to
// it. Objects and what is read from a file are written again for each reference.
func (t *taker) share(v any) string {
	if !t.isShared(v) {
		return ""
	}
	if name := t.shared[v]; name != "" {
		return name
	}
	switch c := v.(type) {
	case *eval.Scalar:
		if c.Class != "" {
			return ""
		}
	case *eval.Array:
		if c.Class != "" && c.Class != classTable || t.table(c, document.TagArray, document.TagCIDR) != nil {
			return ""
		}
	case *eval.Hash:
		if c.Class != "" || t.table(c, document.TagHash) != nil {
			return ""
		}
	}
	t.queue = append(t.queue, v)
	name := fmt.Sprintf("value%d", len(t.queue))
	t.shared[v] = name
	return name
}

// shareds writes the shared values, which may find more of them.
func (t *taker) shareds() {
	for i := 0; i < len(t.queue); i++ {
		t.name, t.at = t.shared[t.queue[i]], placeOf(t.queue[i])
		t.doc.Shared = append(t.doc.Shared, document.Entry{Name: t.name, Value: t.anonymous(t.queue[i], document.Plain, 1), Span: t.at})
	}
}
