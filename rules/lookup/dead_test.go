package lookup_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mavis/perlconf/diag"
	"mavis/perlconf/source"
	"mavis/rules"
	"mavis/rules/load"
	"mavis/rules/lookup"
)

// TestDead wants for each list the entries that are never reached, and by whom. "=" says that both mean the same.
func TestDead(t *testing.T) {
	for _, c := range []struct {
		name, list string
		want       []string
	}{
		{"after the dot", `['.', '!boss@x.org', 'a@x.org']`, []string{"!boss@x.org < .", "a@x.org < . ="}},
		{"exceptions first", `['!boss@x.org', '.']`, nil},
		{"below a suffix", `['.x.org', '!sub.x.org', 'me@sub.x.org', '.a.x.org', 'y.org']`,
			[]string{"!sub.x.org < .x.org", "me@sub.x.org < .x.org =", ".a.x.org < .x.org ="}},
		{"a suffix is wider", `['x.org', '.x.org', 'X.ORG']`, []string{"X.ORG < x.org ="}},
		{"only the domain", `['x.org', 'sub.x.org', 'me@x.org']`, []string{"me@x.org < x.org ="}},
		{"not by the end of a name", `['.x.org', '.xx.org', 'ax.org']`, nil},
		{"local parts", `['a@x.org', '!b@x.org', '!a@x.org']`, []string{"!a@x.org < a@x.org"}},
		{"tables after a constant", `1, {'x.org' => 0}, ['x.org']`, []string{" < 1", " < 1 ="}},
		{"tables after a dot", `['.'], 0`, []string{"0 < ."}},
		{"empty tables", `1, {}, []`, nil},
		{"a hash with a dot", `{'.' => 5, 'x.org' => 6}, ['y.org']`, []string{" < '.'"}},
		{"a hash with an undef dot", `{'.' => undef}, ['y.org']`, nil},
		{"patterns", `new_RE( [qr/^a/ => 0], qr/.*/, qr/^b/, [qr/^c/i => 0] )`, []string{"(?^:^b) < (?^:.*) =", "(?^i:^c) < (?^:.*)"}},
		{"patterns twice", `new_RE( qr/^a/, qr/^a/i, [qr/^a/ => 0] )`, []string{"(?^:^a) < (?^:^a)"}},
		{"an undef pattern", `new_RE( [qr/^/ => undef] ), ['x.org']`, nil},
		{"code", `sub { undef }, ['x.org']`, nil},
		{"a reference to undef", `\$undefined, ['x.org']`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := policy(t, "@virus_lovers_maps = ("+c.list+");")
			compare(t, c.want, p.Tables("virus_lovers_maps").Dead())
		})
	}
	for _, c := range []struct {
		name, list string
		want       []string
	}{
		{"inside", `10.0.0.0/8 !10.1.0.0/16 192.168.1.1 10.2.3.4`, []string{"!10.1.0.0/16 < 10.0.0.0/8", "10.2.3.4 < 10.0.0.0/8 ="}},
		{"exceptions first", `!10.1.0.0/16 10.0.0.0/8`, nil},
		{"all", `127.0.0.1 ::/0 10.0.0.1 !::1`, []string{"10.0.0.1 < ::/0 =", "!::1 < ::/0"}},
		{"families", `0.0.0.0/0 ::1`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := policy(t, "@inet_acl = qw("+c.list+");")
			compare(t, c.want, p.Networks("inet_acl").Dead())
		})
	}
}

func policy(t *testing.T, text string) *rules.Policy {
	t.Helper()
	name := filepath.Join(t.TempDir(), "amavisd.conf")
	if err := os.WriteFile(name, []byte("our $undefined;\n$inet_socket_port = 10024;\n"+text+"\n1;\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	res, err := load.Files(load.Options{}, name)
	if err != nil {
		t.Fatal(err)
	}
	return rules.Bind(res.Vars, &diag.Bag{}).Base()
}

func compare(t *testing.T, want []string, dead []lookup.Dead) {
	t.Helper()
	var got []string
	for _, d := range dead {
		s := fmt.Sprintf("%s < %s", d.Text, d.By)
		if d.Same {
			s += " ="
		}
		got = append(got, s)
		if d.At.IsZero() || d.ByAt.IsZero() {
			t.Errorf("%s has no place", s)
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestExact wants the domains that stand for themselves alone.
func TestExact(t *testing.T) {
	var got []string
	for _, e := range policy(t, "@local_domains_maps = (['a.org', 'B.org', '.b.org', '!c.org', 'd@e.org', '.'], {'f.org' => 1});").
		Tables("local_domains_maps").Exact() {
		got = append(got, e.Domain)
	}
	if strings.Join(got, " ") != "a.org" {
		t.Error(got)
	}
}

// TestOdd wants the keys that no address matches. Each was tried with the original, by a mail to bob@example.com.
func TestOdd(t *testing.T) {
	for _, c := range []struct {
		list string
		want []lookup.Odd
	}{
		{`{'Bob@example.com' => 1, 'bob@Example.com' => 1, 'EXAMPLE.com' => 1, 'bob@example.com' => 1, 'bob@' => 1, '.' => 1, '' => 1, '@' => 1}`,
			[]lookup.Odd{{Key: "Bob@example.com", Why: lookup.Case}, {Key: "EXAMPLE.com", Why: lookup.Case}, {Key: "bob@Example.com", Why: lookup.Case}}},
		{`{'*@example.com' => 1, '*' => 1, '*.example.com' => 1, 'a*b@example.com' => 1, 'bob@*' => 1}`,
			[]lookup.Odd{{Key: "*", Why: lookup.Wildcard}, {Key: "*.example.com", Why: lookup.Wildcard}, {Key: "*@example.com", Why: lookup.Wildcard},
				{Key: "bob@*", Why: lookup.Wildcard}}},
		{`['@example.com', '!*@example.com', 'BOB@EXAMPLE.COM', '.EXAMPLE.com', 'bob @example.com', '"bob smith"@example.com']`,
			[]lookup.Odd{{Key: "@example.com", Why: lookup.AtDomain}, {Key: "!*@example.com", Why: lookup.Wildcard}, {Key: "bob @example.com", Why: lookup.Blank}}},
	} {
		p := policy(t, "@virus_lovers_maps = ("+c.list+");")
		got := p.Tables("virus_lovers_maps").Odd(p.Options(), false)
		for i := range got {
			if got[i].At.IsZero() {
				t.Errorf("%s has no place", got[i].Key)
			}
			got[i].At = source.Span{}
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Error(d)
		}
	}
	p := policy(t, `@score_sender_maps = ({ '.' => [ {'*@x.org' => 1}, new_RE([qr/a/ => 1]) ], 'You@here' => 2 });`)
	if got := p.Tables("score_sender_maps").Odd(p.Options(), true); len(got) != 2 {
		t.Error(got)
	}
	p = policy(t, `$localpart_is_case_sensitive = 1; @virus_lovers_maps = ({'Bob@example.com' => 1, 'bob@Example.com' => 1});`)
	if got := p.Tables("virus_lovers_maps").Odd(p.Options(), false); len(got) != 1 {
		t.Error(got)
	}
}
