// Package emit writes a loaded configuration again: as YAML, as JSON, or as one amavisd.conf in the words of 2.13. What
// it writes is loaded back and compared before anybody gets it.
package emit

import (
	"regexp"
	"sort"
	"strings"

	"mavis/perlconf/eval"
	"mavis/perlconf/source"
	"mavis/rules/document"
	"mavis/rules/load"
	"mavis/rules/lookup"
	"mavis/rules/vars"
)

// Loss is something that a document cannot hold. The text names variables and places, never values.
type Loss struct {
	Name string      // the variable
	Span source.Span // where it was set; zero when that is not known
	Why  string
}

// String is PLACE: NAME: reason.
func (l Loss) String() string {
	if l.Span.IsZero() {
		return l.Name + ": " + l.Why
	}
	return l.Span.String() + ": " + l.Name + ": " + l.Why
}

// hidden are variables that are not written: the program's own state, and what other members of a document stand for.
var hidden = map[string]bool{"%current_policy_bank": true, "$spamcontrol_obj": true, "$my_pid": true, "$profiling": true,
	"$can_truncate": true, "@dkim_signing_keys_list": true, "@dkim_signing_keys_storage": true, "$myprogram_name": true}

// taker turns live variables into a document, once before the files ran and once after.
type taker struct {
	all    bool
	vars   *load.Vars
	in     *eval.Interp
	byAddr map[any]string
	fresh  struct {
		values map[string]*document.Node
		own    map[string]map[string]bool // by package
		subs   map[string]*eval.Code
		env    map[string]eval.Value
	}
	tables  map[any]*load.Table // nil for what was read into more than once
	counts  map[any]int
	shared  map[any]string
	queue   []any // containers in shared, in order
	doc     *document.Document
	lost    []Loss
	retired []string // that were set
	name    string   // the variable at work
	at      source.Span
	code    []string // text of carried code
	nodes   int
}

// start notes what there is before any file.
func (t *taker) start(in *eval.Interp, v *load.Vars) {
	t.vars, t.in, t.byAddr = v, in, map[any]string{}
	t.counts, t.shared = map[any]int{}, map[any]string{}
	for _, d := range vars.All() {
		if d.AliasOf == "" {
			t.byAddr[v.Container(d.Name)] = d.Name
		}
	}
	t.fresh.values, t.fresh.own = map[string]*document.Node{}, map[string]map[string]bool{}
	for _, d := range vars.All() {
		if t.writes(d) {
			t.fresh.values[d.Name] = t.variable(d.Name)
		}
	}
	for _, pkg := range in.Packages() {
		t.fresh.own[pkg] = set(in.Names(pkg))
	}
	t.fresh.subs = in.Subs(load.Package)
	t.fresh.env = environment(in)
}

func (t *taker) writes(d vars.Var) bool { return d.AliasOf == "" && !hidden[d.Name] }

func set(names []string) map[string]bool {
	out := make(map[string]bool, len(names))
	for _, n := range names {
		out[n] = true
	}
	return out
}

func environment(in *eval.Interp) map[string]eval.Value {
	h := in.Hash("main", "ENV")
	out := map[string]eval.Value{}
	for _, k := range h.Keys() {
		out[k] = h.Get(k)
	}
	return out
}

// finish makes the document of what the files have left.
func (t *taker) finish(tables []load.Table) {
	t.doc = &document.Document{}
	t.tables = map[any]*load.Table{}
	for i := range tables {
		if _, again := t.tables[tables[i].Into]; again {
			t.tables[tables[i].Into] = nil
			continue
		}
		t.tables[tables[i].Into] = &tables[i]
	}
	own := t.ownNames()
	for _, n := range own {
		t.byAddr[t.container(n)] = n
	}
	for _, d := range vars.All() {
		if t.writes(d) {
			t.count(t.vars.Container(d.Name), 0)
		}
	}
	for _, n := range own {
		t.count(t.container(n), 0)
	}
	for _, d := range vars.All() {
		if t.writes(d) {
			t.setting(d)
		}
	}
	for _, n := range own {
		c := t.container(n)
		t.name, t.at = n, placeOf(c)
		t.doc.Own = append(t.doc.Own, document.Entry{Name: n, Value: t.top(c, n), Span: t.at})
	}
	t.keys()
	t.environment()
	t.shareds()
	t.words()
	for _, list := range [][]document.Entry{t.doc.Settings, t.doc.Own} {
		byPlace(list)
		for i := range list {
			list[i].Note = note(list[i].Span)
		}
	}
}

// note names a place as people know it.
func note(at source.Span) string {
	if at.IsZero() {
		return ""
	}
	s := at.String()
	return printableName(s[:strings.LastIndexByte(s, ':')])
}

// printableName keeps a file's name from ending a comment.
func printableName(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0xfffd || r >= 0x80 && r < 0xa0 || r == 0x2028 || r == 0x2029 {
			return '?'
		}
		return r
	}, s)
}

// byPlace orders entries as the files set them. Those of which no place is known come first.
func byPlace(list []document.Entry) {
	rank := map[*source.File]int{nil: 0}
	for _, e := range list {
		if _, ok := rank[e.Span.File]; !ok {
			rank[e.Span.File] = len(rank)
		}
	}
	first := func(e document.Entry) int { // tables are read by these settings
		if e.Name == "$localpart_is_case_sensitive" || e.Name == "$trim_trailing_space_in_lookup_result_fields" {
			return 0
		}
		return 1
	}
	sort.SliceStable(list, func(i, j int) bool {
		a, b := list[i], list[j]
		switch {
		case first(a) != first(b):
			return first(a) < first(b)
		case a.Span.File != b.Span.File:
			return rank[a.Span.File] < rank[b.Span.File]
		}
		return a.Span.Start < b.Span.Start
	})
}

// ownNames are the variables that the files made, those of amavisd's package without it.
func (t *taker) ownNames() []string {
	var out []string
	for _, pkg := range t.in.Packages() {
		for _, n := range t.in.Names(pkg) {
			if t.fresh.own[pkg][n] {
				continue
			}
			if pkg != load.Package {
				n = n[:1] + pkg + "::" + n[1:]
			} else if _, known := vars.Find(n); known {
				continue
			}
			out = append(out, n)
		}
	}
	return out
}

func (t *taker) container(name string) any {
	switch name[0] {
	case '$':
		return t.in.Scalar(load.Package, name[1:])
	case '@':
		return t.in.Array(load.Package, name[1:])
	}
	return t.in.Hash(load.Package, name[1:])
}

// placeOf is where a container, or the first of its members that knows, was set.
func placeOf(container any) source.Span {
	var o *eval.Origin
	var members []*eval.Scalar
	switch c := container.(type) {
	case *eval.Scalar:
		o = c.Origin
	case *eval.Array:
		o, members = c.Origin, c.Elems
	case *eval.Hash:
		o = c.Origin
		for _, k := range c.Keys() {
			members = append(members, c.Lookup(k))
		}
	}
	if o != nil {
		return o.Span
	}
	for _, m := range members {
		if m != nil && m.Origin != nil {
			return m.Origin.Span
		}
	}
	return source.Span{}
}

// setting writes one variable of amavisd, when it was changed.
func (t *taker) setting(d vars.Var) {
	t.name, t.at = d.Name, placeOf(t.vars.Container(d.Name))
	lost := len(t.lost)
	n, before := t.variable(d.Name), t.fresh.values[d.Name]
	changed := !document.Equal(n, before)
	switch {
	case d.Retired != "":
		t.lost = t.lost[:lost]
		if changed {
			t.retired = append(t.retired, d.Name)
		}
		return
	case !changed:
		t.lost = t.lost[:lost]
		if !t.all || d.Group == vars.Platform || d.Name == "%policy_bank" {
			return
		}
		n = keepBuiltin(n)
	case d.Name[0] == '%' && n.Kind == document.Map && n.Tag == "" && len(before.Keys) > 0 && d.Name != "%policy_bank":
		n = t.added(n, before)
	}
	t.doc.Settings = append(t.doc.Settings, document.Entry{Name: d.Name, Value: t.withoutNative(n), Span: t.at})
}

// variable gives the value of a variable of amavisd.
func (t *taker) variable(name string) *document.Node {
	c := t.vars.Container(name)
	if name == "%policy_bank" {
		return t.banks(c.(*eval.Hash))
	}
	return t.top(c, name)
}

// added leaves out of a map what stood there before, when nothing of that is gone.
func (t *taker) added(n, before *document.Node) *document.Node {
	for _, k := range before.Keys {
		if n.Get(k.Text) == nil {
			return n
		}
	}
	out := &document.Node{Kind: document.Map, Tag: document.TagAdd}
	for i, k := range n.Keys {
		if old := before.Get(k.Text); t.all || old == nil || !document.Equal(old, n.Items[i]) {
			item := n.Items[i]
			if old != nil && document.Equal(old, item) {
				item = keepBuiltin(item)
			}
			out.Keys, out.Items = append(out.Keys, k), append(out.Items, item)
		}
	}
	return out
}

// keepBuiltin puts "as before" for what only the program itself can make.
func keepBuiltin(n *document.Node) *document.Node {
	if n.Tag == tagNative {
		return &document.Node{Tag: document.TagDefault}
	}
	if n.Kind != document.Map && n.Kind != document.List {
		return n
	}
	out := *n
	out.Items = nil
	for _, e := range n.Items {
		e = keepBuiltin(e)
		if e.Tag == document.TagDefault {
			if n.Kind == document.List {
				return e // a list stays as a whole
			}
			out.Tag = document.TagAdd
		}
		out.Items = append(out.Items, e)
	}
	return &out
}

// withoutNative drops code that only the program itself can make.
func (t *taker) withoutNative(n *document.Node) *document.Node {
	if n.Tag == tagNative {
		return t.lose("code that is built in")
	}
	for i, e := range n.Items {
		n.Items[i] = t.withoutNative(e)
	}
	return n
}

// banks leaves out of the built-in bank what only refers to the variable of the same name.
func (t *taker) banks(h *eval.Hash) *document.Node {
	out := &document.Node{Kind: document.Map}
	builtin := false
	for _, name := range h.Keys() {
		bank, ok := h.Get(name).(*eval.Hash)
		if name == "" && ok && t.counts[bank] < 2 && bank.Class == "" {
			builtin = true
			n := &document.Node{Kind: document.Map, Tag: document.TagAdd}
			for _, k := range bank.Keys() {
				if v, isText := bank.Get(k).(string); isText && v == "" && strings.HasPrefix(k, "policy_bank_") {
					continue
				}
				if known := t.byAddr[bank.Get(k)]; known != "" && known[1:] == k {
					continue
				}
				n.Put(k, t.value(bank.Get(k), document.Member(k), 2))
			}
			if len(n.Keys) > 0 {
				out.Put("", n)
			}
			continue
		}
		if !ok || bank.Class != "" || t.byAddr[bank] != "" || t.isShared(bank) {
			out.Put(name, t.value(h.Get(name), document.Plain, 1))
			continue
		}
		n := &document.Node{Kind: document.Map}
		for _, k := range bank.Keys() {
			n.Put(k, t.secret(k, t.value(bank.Get(k), document.Member(k), 2)))
		}
		out.Put(name, n)
	}
	if !builtin {
		out.Tag = document.TagWhole
	}
	return out
}

// environment takes the changes of %ENV.
func (t *taker) environment() {
	now := environment(t.in)
	var names []string
	for k := range now {
		if _, before := t.fresh.env[k]; !before || eval.ToString(now[k]) != eval.ToString(t.fresh.env[k]) {
			names = append(names, k)
		}
	}
	for k := range t.fresh.env {
		if _, still := now[k]; !still {
			names = append(names, k)
		}
	}
	sort.Strings(names)
	for _, k := range names {
		t.name = "$ENV{" + k + "}"
		n := t.secret(k, t.value(now[k], document.Plain, 1))
		t.doc.Environment = append(t.doc.Environment, document.Entry{Name: k, Value: n})
	}
}

// keys turns the records that dkim_key made into the calls that make them.
func (t *taker) keys() {
	storage := t.vars.Array("dkim_signing_keys_storage")
	for _, v := range t.vars.Array("dkim_signing_keys_list").Values() {
		record, ok := v.(*eval.Hash)
		if !ok {
			continue
		}
		t.name, t.at = "dkim_key", placeOf(record)
		n := &document.Node{Kind: document.Map, Span: t.at}
		n.Put("domain", t.value(record.Get("domain"), document.Plain, 1))
		n.Put("selector", t.value(record.Get("selector"), document.Plain, 1))
		stored, _ := storage.Get(int(eval.ToInt(record.Get("key_storage_ind")))).(*eval.Array)
		switch {
		case stored == nil:
			t.lose("its key is not where it was put")
			continue
		case stored.Len() > 3:
			n.Put("key", document.NewText(eval.ToString(stored.Get(3))))
		default:
			key := stored.Get(0)
			if h, ok := key.(*eval.Hash); ok && h.Class == "Stub::Key" {
				n.Put("key", document.NewText(eval.ToString(h.Get("file"))))
			} else {
				n.Put("key", t.value(key, document.Plain, 1))
			}
		}
		for _, k := range record.Keys() {
			switch k {
			case "domain", "selector", "key_storage_ind", "key_ind":
			default:
				n.Put(k, t.value(record.Get(k), document.Plain, 1))
			}
		}
		t.doc.Keys = append(t.doc.Keys, n)
	}
}

var lateText = map[string][2]string{"": {"", ""}, "[": {"[ ", " ]"}, "Opaque": {"Opaque(", ")"}}

// late writes code that only looks up a member of the bank in force.
func late(code *eval.Code) (string, bool) {
	l, ok := lookup.ParseLate(code)
	if !ok {
		return "", false
	}
	w := lateText[l.Wrap]
	return w[0] + l.Word + "('" + l.Name + "')" + w[1], true
}

var (
	secretName = regexp.MustCompile(`(?i)(?:^|_)(?:pass|passwd|password|pw|secret|token|key)(?:_|$)|passw|bindpw`)
	secretText = regexp.MustCompile(`(?i)\b(?:pass|passwd|password|pw)=|PRIVATE KEY`)
	noSecret   = regexp.MustCompile(`(?i)bypass|file|path`)
)

// secret marks the value of a member whose name says that it is a password, and text that holds one.
func (t *taker) secret(name string, n *document.Node) *document.Node {
	if n.Kind == document.Int && secretName.MatchString(name) && !noSecret.MatchString(name) {
		n = document.NewText(n.Text)
	}
	if n.Kind == document.Text && n.Tag == "" && n.Text != "" &&
		(secretName.MatchString(name) && !noSecret.MatchString(name) || secretText.MatchString(n.Text)) {
		return document.Tagged(document.TagSecret, n.Text)
	}
	return n
}
