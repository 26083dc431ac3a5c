package document

import (
	"bytes"
	"strings"
	"testing"

	"mavis/perlconf/diag"
	"mavis/perlconf/source"
	"mavis/rules/vars"
)

func read(t *testing.T, name, text string) (*Document, *diag.Bag, bool) {
	t.Helper()
	bag := &diag.Bag{}
	d, ok := Read(source.New(name, []byte(text)), bag)
	if ok == bag.HasErrors() {
		t.Fatalf("ok is %v, diagnostics %v", ok, bag.All)
	}
	return d, bag, ok
}

// TestRefused holds what a document may not be: the text, then place and code of the first error.
func TestRefused(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"no YAML", "a: [", "f:1:1 Y001"},
		{"unknown setting", "mydomain: x\nmydomian: y\n", "f:2:1 Y002"},
		{"list for a map", "virus_lovers: [a]\n", "f:1:15 Y003"},
		{"map for a list", "mynetworks: {a: 1}\n", "f:1:13 Y003"},
		{"scalar for a list", "mynetworks: 10.0.0.0/8\n", "f:1:13 Y003"},
		{"truth for a path", "TEMPBASE: true\n", "f:1:11 Y003"},
		{"key twice", "max_servers: 1\nmax_servers: 2\n", "f:2:1 Y005"},
		{"old and new name", "final_destiny_by_ccat: {}\nfinal_destiny_maps_by_ccat: {}\n", "f:2:1 Y005"},
		{"key twice inside", "virus_lovers: {a: 1, a: 2}\n", "f:1:22 Y005"},
		{"anchor", "mydomain: &a x\n", "f:1:11 Y004"},
		{"merge", "virus_lovers: {<<: {a: 1}}\n", ""},
		{"unknown tag", "mydomain: !foo x\n", "f:1:11 Y006"},
		{"tag on the wrong kind", "mydomain: !ref [x]\n", "f:1:11 Y006"},
		{"foreign tag", "mydomain: !!python/object x\n", "f:1:11 Y006"},
		{"two tags", "mydomain: {'!ref': !re x}\n", "f:1:11 Y006"},
		{"two documents", "mydomain: x\n---\nmydomain: y\n", "f:2:1 Y001"},
		{"no map", "- a\n", "f:1:1 Y003"},
		{"another version", "mavis: 2\n", "f:1:8 Y007"},
		{"two of one name", "virus_admin: x\n", "f:1:1 Y002"},
		{"infinite", "max_servers: .inf\n", "f:1:14 Y003"},
		{"a name of amavisd as one's own", "own: {$mydomain: x}\n", "f:1:7 Y002"},
		{"code as module", "uses: {'POSIX; die': []}\n", "f:1:8 Y002"},
		{"deep", "mynetworks: " + strings.Repeat("[", 200) + strings.Repeat("]", 200), "f:1:113 Y004"},
		{"empty", "", ""},
		{"comment only", "# nothing\n", ""},
		{"JSON", "{\"mavis\": 1, \"$virus_admin\": \"x\", \"origins\": {\"a\": 1}}", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, bag, _ := read(t, "f", c.text)
			got := ""
			if len(bag.All) > 0 {
				got = bag.All[0].Span.String() + " " + bag.All[0].Code
			}
			if got != c.want {
				t.Errorf("got %q, want %q: %v", got, c.want, bag.All)
			}
		})
	}
}

// TestTyped holds how scalars are typed.
func TestTyped(t *testing.T) {
	for text, want := range map[string]Node{
		"5":                    {Kind: Int, Text: "5"},
		"0x10":                 {Kind: Int, Text: "16"},
		"1_000":                {Kind: Int, Text: "1000"},
		"6.31":                 {Kind: Float, Text: "6.31"},
		"true":                 {Kind: Bool, Text: "1"},
		"no":                   {Kind: Text, Text: "no"},
		"'5'":                  {Kind: Text, Text: "5"},
		"~":                    {Kind: Undef},
		"2024-01-01":           {Kind: Text, Text: "2024-01-01"},
		"!!binary /w==":        {Kind: Text, Text: "\xff"},
		"!secret 5":            {Kind: Text, Tag: TagSecret, Text: "5"},
		"{'!secret': 5}":       {Kind: Text, Tag: TagSecret, Text: "5"},
		"99999999999999999999": {Kind: Float, Text: "1e+20"},
	} {
		d, bag, ok := read(t, "f", "$syslog_ident: "+text)
		if !ok {
			t.Errorf("%s: %v", text, bag.All)
			continue
		}
		if got := d.Settings[0].Value; !Equal(got, &want) {
			t.Errorf("%s: %+v", text, got)
		}
	}
}

// TestMembersAreNoSettings keeps the words of the form apart from amavisd's names.
func TestMembersAreNoSettings(t *testing.T) {
	for _, m := range []string{memberVersion, memberOwn, memberUses, memberSubs, memberShared, memberEnvironment, memberKeys, memberOrigins} {
		if name, found := Resolve(m); name != "" {
			t.Errorf("%s means %s, %v", m, name, found)
		}
	}
	for _, v := range vars.All() {
		if name, _ := Resolve(MemberOf(v.Name)); name != v.Name {
			t.Errorf("%s is written %s and read as %s", v.Name, MemberOf(v.Name), name)
		}
	}
}

// awkward are texts that writers of YAML get wrong.
var awkward = []string{"", " ", "\n", "\n\n", "a\n", "a\nb", "a\nb\n", "a\nb\n\n", " a\nb", "a \nb", "\ta\nb", "#a\nb", "a: b", "a #b", "- a", "? a", "!a", "&a",
	"*a", "%a", "@a", "`a", "'", "\"", "\\", "'\"\\", "null", "~", "true", "Yes", "0x1", "1e3", ".5", "0777", "1:20", "2001-01-01", "<<", "=",
	"\x00", "\x01\x7f", "\r\n", "a\r\nb", "\x85", "\u0085", "\u2028", "\ufeff", "\ufeffa\nb", "\xff\xfe", "é", "\U0001f600", strings.Repeat("long words ", 40),
	"|\n a", "---\na", "...\na", "a\n---\nb", "{}", "[]", ",", "a, b", "}", "tab\there", "a\tb\nc", "!ref", "\u00a0\nx", "x\n\u00a0"}

func TestAwkwardText(t *testing.T) {
	d := &Document{Head: "head\nof two lines"}
	list, m := &Node{Kind: List}, &Node{Kind: Map}
	for _, s := range awkward {
		list.Items = append(list.Items, NewText(s), Tagged(TagSecret, s), &Node{Kind: List, Items: []*Node{NewText(s)}})
		m.Put(s, NewText(s))
		one := &Node{Kind: Map}
		one.Put(s, Tagged(TagCode, s))
		list.Items = append(list.Items, one)
	}
	d.Settings = []Entry{{Name: "@mynetworks", Value: list, Note: "a: b # c"}, {Name: "%virus_lovers", Value: m}}
	d.Own = []Entry{{Name: "$x", Value: NewText("\n x")}}
	roundTrip(t, d)
}

func roundTrip(t *testing.T, d *Document) {
	t.Helper()
	for name, write := range map[string]func(*bytes.Buffer) error{"f.yaml": func(b *bytes.Buffer) error { return d.WriteYAML(b) },
		"f.json": func(b *bytes.Buffer) error { return d.WriteJSON(b) }} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		again, bag, ok := read(t, name, b.String())
		if !ok {
			t.Fatalf("%s: %v\n%s", name, bag.All, b.String())
		}
		x, y := entries(d), entries(again)
		if len(x) != len(y) {
			t.Fatalf("%s: %d entries, want %d\n%s", name, len(y), len(x), b.String())
		}
		for i := range x {
			if x[i].Name != y[i].Name || !same(t, x[i].Value, y[i].Value) {
				t.Errorf("%s: %s differs", name, x[i].Name)
			}
		}
	}
}

// same is Equal, and tells where the difference is.
func same(t *testing.T, a, b *Node) bool {
	if Equal(a, b) {
		return true
	}
	for i := range a.Items {
		if i < len(b.Items) && !Equal(a.Items[i], b.Items[i]) {
			t.Logf("%+v is read as %+v", *a.Items[i], *b.Items[i])
		}
	}
	return false
}

func entries(d *Document) []Entry {
	var out []Entry
	for _, l := range [][]Entry{d.Settings, d.Own, d.Shared, d.Environment, d.Uses, {{"subs", NewList(d.Subs...), source.Span{}, ""},
		{"keys", NewList(d.Keys...), source.Span{}, ""}}} {
		out = append(out, l...)
	}
	return out
}

// FuzzRead wants no panic, and that whatever is read can be written and read again with the same meaning.
func FuzzRead(f *testing.F) {
	f.Add([]byte("---\nmavis: 1\nmydomain: example.org\nvirus_lovers_maps: [!ref '%virus_lovers', !new_RE [[!re '/^a@/i', 1]]]\n"))
	f.Add([]byte("own: {$x: !sref [1]}\nsubs: ['sub f { 1 }']\nshared: {a: []}\ndkim_keys: [{domain: a}]\nenvironment: {A: null}\nuses: {POSIX: [floor]}\n"))
	f.Add([]byte("{\"virus_lovers\": {\"!map\": [[\"!a\", {\"!binary\": \"/w==\"}]]}}"))
	for _, s := range awkward {
		f.Add([]byte("mydomain: " + s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		d, ok := Read(source.New("f", text), &diag.Bag{})
		if !ok {
			return
		}
		roundTrip(t, d)
	})
}
