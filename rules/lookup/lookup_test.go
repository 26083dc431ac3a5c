package lookup

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"mavis/perlconf/diag"
	"mavis/perlconf/eval"
	"mavis/perlconf/regex"
	"mavis/perlconf/source"
)

func TestOrigin(t *testing.T) {
	f := source.New("x.conf", []byte(strings.Repeat("x", 100)))
	at := func(n int) source.Span { return source.Span{File: f, Start: n, End: n + 1} }
	h := eval.NewHash()
	h.Mark(at(1))
	h.Put("own@x", int64(1)).Mark(at(2))
	h.Put("table@x", int64(1))
	acl := eval.NewArray("a.com", "b.com")
	acl.Mark(at(3))
	acl.Elems[1].Mark(at(4))
	re := &eval.Array{Class: "Amavis::Lookup::RE"}
	re.Push(&eval.Regexp{Pattern: "^re", Span: at(5)})
	re.Mark(at(6))
	s := eval.NewScalar("const")
	s.Mark(at(7))
	list := eval.NewArray(&eval.Scalar{V: "name", Class: "Amavis::Lookup::Label"}, h, acl, re, s)
	var c Compiler
	tables := c.Tables(list, nil)
	for key, want := range map[string]int{"own@x": 2, "table@x": 1, "q@a.com": 3, "q@b.com": 4, "re": 5, "other": 7} {
		r, ok, err := tables.First(key, nil)
		if !ok || err != nil || r.Origin != at(want) || r.Label != "name" {
			t.Errorf("%s: %v %v %+v, want origin %d", key, ok, err, r, want)
		}
	}
	if tables.Len() != 5-1 {
		t.Errorf("Len %d", tables.Len())
	}
}

func TestParseLate(t *testing.T) {
	conf := func(text string) *eval.Code {
		return &eval.Code{Span: source.Span{File: source.New("x", []byte(text)), End: len(text)}}
	}
	native := func(name string) *eval.Code {
		return &eval.Code{Name: name, Native: func(*eval.Call) ([]eval.Value, error) { return nil, nil }}
	}
	tests := []struct {
		code *eval.Code
		want Late
	}{
		{native("c('x')"), Late{Word: "c", Name: "x"}},
		{native("ca('spam_lovers_maps')"), Late{Word: "ca", Name: "spam_lovers_maps"}},
		{native("[ c('x') ]"), Late{Word: "c", Name: "x", Wrap: "["}},
		{native("Opaque(c('x'))"), Late{Word: "c", Name: "x", Wrap: "Opaque"}},
		{native("do_unzip"), Late{}},
		{conf("sub { c('x') }"), Late{Word: "c", Name: "x"}},
		{conf("sub {\n  cr(\"x\");\n}"), Late{Word: "cr", Name: "x"}},
		{conf("sub { [ c('x') ] }"), Late{Word: "c", Name: "x", Wrap: "["}},
		{conf("sub { c('x') || c('y') }"), Late{}},
		{conf("sub { [ c('x'), c('y') ] }"), Late{}},
		{conf("sub { my $x = 1; c('x') }"), Late{}},
		{conf("sub { c('x$y') }"), Late{}},
		{conf("sub { }"), Late{}},
	}
	for _, tt := range tests {
		got, ok := ParseLate(tt.code)
		if got != tt.want || ok != (tt.want.Word != "") {
			t.Errorf("%s%s: %+v %v", tt.code.Name, tt.code.Span.Text(), got, ok)
		}
	}
}

func TestFaults(t *testing.T) {
	f := source.New("x.conf", []byte("0123456789"))
	span := source.Span{File: f, Start: 3, End: 5}
	mark := func(v eval.Value) *eval.Array {
		a := eval.NewArray(v)
		a.Elems[0].Mark(span)
		return a
	}
	re := mark("(")
	re.Class = "Amavis::Lookup::RE"
	sub := mark(eval.NewHash())
	sub.Class = "Amavis::Lookup::RE"
	pair := mark(eval.NewArray("x", int64(1), int64(2)))
	pair.Class = "Amavis::Lookup::RE"
	tests := []struct {
		name  string
		table eval.Value
		code  string
		sev   diag.Severity
		fails bool // a lookup cannot be decided
	}{
		{"regexp alone", mark(&eval.Regexp{Pattern: "x"}), CodeNotTable, diag.Error, true},
		{"two references", mark(eval.NewScalar(eval.NewScalar(eval.NewHash()))), CodeNotTable, diag.Error, true},
		{"glob", mark(&eval.Glob{Name: "x"}), CodeNotTable, diag.Error, true},
		{"foreign object", mark(&eval.Hash{Class: "My::Object"}), CodeNotTable, diag.Error, true},
		{"broken pattern", eval.NewArray(re), CodePattern, diag.Error, true},
		{"hash as pattern", eval.NewArray(sub), CodePattern, diag.Error, true},
		{"three in a pair", eval.NewArray(pair), CodePair, diag.Warning, false},
		{"list in a list", eval.NewArray(mark(eval.NewArray("a"))), CodeEntry, diag.Warning, false},
		{"pattern in a list", eval.NewArray(mark(&eval.Regexp{Pattern: "x"})), CodeEntry, diag.Warning, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var bag diag.Bag
			var c Compiler
			tables := c.Tables(tt.table, &bag)
			if len(bag.All) != 1 || bag.All[0].Code != tt.code || bag.All[0].Severity != tt.sev || bag.All[0].Span != span {
				t.Errorf("diagnostics %+v", bag.All)
			}
			_, _, err := tables.First("zzz", nil)
			if (err != nil) != tt.fails {
				t.Errorf("lookup: %v", err)
			}
		})
	}
}

func TestUnavailable(t *testing.T) {
	field := func(class, key, name string) *eval.Hash {
		h := eval.NewHash()
		h.Class = class
		h.Put(key, name)
		return h
	}
	var c Compiler
	for _, v := range []eval.Value{field("Amavis::Lookup::SQLfield", "fieldname", "spam_lover"),
		field("Amavis::Lookup::LDAPattr", "attrname", "amavisSpamLover"), &eval.Code{}} {
		tables := c.Tables(eval.NewArray(v, int64(1)), nil)
		if _, _, err := tables.First("a@b", nil); !errors.Is(err, ErrUnavailable) {
			t.Errorf("%T: %v", v, err)
		}
		if _, err := tables.All("a@b", nil); !errors.Is(err, ErrUnavailable) {
			t.Errorf("%T: %v", v, err)
		}
	}
	dns := c.Networks(eval.NewArray(field("Amavis::Lookup::DNSxL", "zone", "zen.example")), false, nil)
	if _, _, err := dns.Find("127.0.0.2", nil); !errors.Is(err, ErrUnavailable) {
		t.Error(err)
	}
}

// TestUndecided: a pattern that runs into its bound must not be read as "no match".
func TestUndecided(t *testing.T) {
	re := &eval.Array{Class: "Amavis::Lookup::RE"}
	re.Push(&eval.Regexp{Pattern: `^(a+)+(?=b)$`})
	var c Compiler
	_, _, err := c.Tables(eval.NewArray(re, int64(1)), nil).First(strings.Repeat("a", 60), nil)
	if err == nil {
		t.Skip("the pattern was decided")
	}
	if !errors.Is(err, regex.ErrUndecided) {
		t.Error(err)
	}
}

func TestAllocations(t *testing.T) {
	h := eval.NewHash()
	h.Put("example.org", int64(1))
	var c Compiler
	tables := c.Tables(eval.NewArray(h, eval.NewArray("!.example.com", "."), "x"), nil)
	q := NewQuery("user@sub.example.com", nil)
	if _, ok, err := tables.Find(q); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if n := testing.AllocsPerRun(100, func() { _, _, _ = tables.Find(q) }); n > 0 {
		t.Errorf("%v allocations for a lookup of a prepared key", n)
	}
	if n := testing.AllocsPerRun(100, func() { NewQuery("user@sub.example.com", nil).Keys() }); n > 8 {
		t.Errorf("%v allocations to prepare a key", n)
	}
}

func BenchmarkFind(b *testing.B) {
	h := eval.NewHash()
	for range 1000 {
		h.Put("u"+strings.Repeat("x", h.Len()%50)+"@example.org", int64(1))
	}
	var c Compiler
	tables := c.Tables(eval.NewArray(h, eval.NewArray("!.example.com", ".example.net", "."), "x"), nil)
	b.ReportAllocs()
	for b.Loop() {
		_, _, _ = tables.First("user@sub.example.net", nil)
	}
}

func FuzzKeys(f *testing.F) {
	for _, s := range []string{"user+x@sub.example.com", "", "@", "a@[b@c]", "ü@ü", "x@..", "a@[\\"} {
		f.Add(s, "+-")
	}
	h := eval.NewHash()
	h.Put("user@", "${1}$(2)$3$9")
	f.Fuzz(func(t *testing.T, key, delim string) {
		q := NewQuery(key, &Options{Delimiter: delim})
		keys := q.Keys()
		if len(keys) == 0 || keys[0] != key || len(keys) > maxDomainKeys+8 {
			t.Errorf("keys %q", keys)
		}
		l, d := SplitAddress(key)
		if l+d != key {
			t.Errorf("%q is split into %q and %q", key, l, d)
		}
		if a := ToASCII(d); utf8.ValidString(d) != utf8.ValidString(a) {
			t.Errorf("%q became %q", d, a)
		}
		var c Compiler
		_, _, _ = c.Tables(eval.NewArray(h, eval.NewArray(key, "!."+key)), nil).First(key, nil)
	})
}

func FuzzNetworks(f *testing.F) {
	for _, s := range []string{"10.0.0.0/8", "[::1]/128", "IPv6:fe80::%x/10", "1.2.3.4/255.0.0.0", "!::/0", "::ffff:1.2.3.4"} {
		f.Add(s, "10.1.2.3")
	}
	f.Fuzz(func(t *testing.T, net, ip string) {
		var c Compiler
		r, ok, err := c.Networks(eval.NewArray(net), true, nil).Find(ip, nil)
		if ok && err == nil && r.Key != net {
			t.Errorf("key %q", r.Key)
		}
	})
}
