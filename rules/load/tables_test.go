package load

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mavis/perlconf/eval"
	"mavis/rules/lookup"
	"mavis/testdata/peer"
)

func call(l *loader, fn native, args ...eval.Value) (eval.Value, error) {
	c := &eval.Call{In: l.in, Want: eval.ScalarContext}
	for _, a := range args {
		c.Args = append(c.Args, eval.NewScalar(a))
	}
	out, err := fn(c)
	if len(out) == 0 {
		return nil, err
	}
	return out[len(out)-1], err
}

// plain turns values into strings, lists and maps.
func plain(v eval.Value) any {
	switch v := v.(type) {
	case *eval.Array:
		out := []any{}
		for _, e := range v.Values() {
			out = append(out, plain(e))
		}
		return out
	case *eval.Hash:
		out := map[string]any{}
		for _, k := range v.Keys() {
			out[k] = plain(v.Get(k))
		}
		return out
	case nil:
		return nil
	}
	return eval.ToString(v)
}

const tableText = `# comment
user@Example.COM   value with  blanks  # and a comment
User+Ext@sub.example.com
.example.org	0
"strange # \"foo\" address"@example.com x
"unfinished quote
<angle@example.com> y   
@route.example,@two.example:user@three.example z

   leading@example.com v
back\slash@example.com
"aa@bb.com"
"aa@bb.com"@
a@[1.2.3.4] literal
a@b@c.example 5
a@[x@y] 6
a"b"c@d 7
müller@bücher.example 8
@bücher.example
.bücher.example	1 # c
cr@example.com 9
tail  trailing
key#nocomment
last@example.com no newline`

const cidrText = `# networks
10.0.0.0/8   internal
192.168.0.0/16
   continued here
!10.1.2.3	reject this
2001:DB8::/32
[2001:db8::1]  OK

   # comment
127.0.0.1 `

// TestTableFiles reads tricky files with our words and with the original's.
func TestTableFiles(t *testing.T) {
	perl := peer.Need(t, "perl")
	if exec.Command(perl, "-MAmavis::Boot", "-MAmavis::Conf", "-e", "1").Run() != nil {
		peer.Missing(t, "amavisd-new is not installed")
	}
	dir := t.TempDir()
	table, cidr := filepath.Join(dir, "table"), filepath.Join(dir, "cidr")
	for name, text := range map[string]string{table: strings.Replace(tableText, "cr@example.com 9", "cr@example.com 9\r", 1), cidr: cidrText} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command(perl, "-T", "-e", `
		use Amavis::Boot; use Amavis::Conf; use Amavis::Util (); use Amavis::rfc2821_2822_Tools (); use JSON::PP;
		my ($t, $c) = map { /(.*)/s } @ARGV; package Amavis::Conf;
		my @out = (read_hash($t), do { $localpart_is_case_sensitive = $trim_trailing_space_in_lookup_result_fields = 1; read_hash({ have => 'x' }, $t) },
			read_array($t), read_array(['have'], $t), read_cidr($c), read_cidr($c, {}), read_text($t, 'iso-8859-1'));
		utf8::encode($out[-1]);
		my $walk; $walk = sub { ref $_[0] eq 'HASH' ? { map((unpack('H*', $_) => unpack('H*', "$_[0]{$_}")), keys %{$_[0]}) }
			: ref $_[0] ? [ map(unpack('H*', "$_"), @{$_[0]}) ] : unpack('H*', $_[0]) };
		print JSON::PP->new->encode([map $walk->($_), @out]);`, table, cidr).Output()
	if err != nil {
		t.Fatalf("perl: %v", err)
	}
	var want any
	if err := json.Unmarshal(out, &want); err != nil {
		t.Fatal(err)
	}
	l := newLoader(Options{})
	var got []any
	add := func(v eval.Value, err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
		got = append(got, hexed(plain(v)))
	}
	add(call(l, l.readHash, table))
	l.in.Scalar(Package, "localpart_is_case_sensitive").V = int64(1)
	l.in.Scalar(Package, "trim_trailing_space_in_lookup_result_fields").V = int64(1)
	have := eval.NewHash()
	have.Put("have", "x")
	add(call(l, l.readHash, have, table))
	add(call(l, l.readArray, table))
	add(call(l, l.readArray, eval.NewArray("have"), table))
	add(call(l, l.readCIDR, cidr))
	add(call(l, l.readCIDR, cidr, eval.NewHash()))
	add(call(l, l.readText, table, "iso-8859-1"))
	if d := cmp.Diff(want, any(got)); d != "" {
		t.Error(d)
	}
}

func hexed(v any) any {
	const digits = "0123456789abcdef"
	hex := func(s string) string {
		var b strings.Builder
		for i := 0; i < len(s); i++ {
			b.WriteByte(digits[s[i]>>4])
			b.WriteByte(digits[s[i]&15])
		}
		return b.String()
	}
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = hexed(v[i])
		}
		return v
	case map[string]any:
		out := map[string]any{}
		for k, e := range v {
			out[hex(k)] = hexed(e)
		}
		return out
	case string:
		return hex(v)
	}
	return v
}

func TestMissingTables(t *testing.T) {
	l := newLoader(Options{})
	for name, fn := range map[string]native{"read_hash": l.readHash, "read_array": l.readArray, "read_cidr": l.readCIDR, "read_text": l.readText} {
		if _, err := call(l, fn, "/nowhere/at/all"); err == nil || !strings.Contains(err.Error(), "/nowhere/at/all") {
			t.Errorf("%s: %v", name, err)
		}
	}
	l = newLoader(Options{StubMissing: true})
	for _, c := range []struct {
		fn   native
		want any
	}{
		{l.readHash, map[string]any{"__stub__": "/nowhere"}},
		{l.readArray, []any{"__STUB__ /nowhere"}},
		{l.readCIDR, []any{"__STUB__ /nowhere"}},
		{l.readText, "__STUB__ /nowhere"},
	} {
		v, err := call(l, c.fn, "/nowhere")
		if err != nil {
			t.Error(err)
		}
		if d := cmp.Diff(c.want, plain(v)); d != "" {
			t.Error(d)
		}
	}
	if len(l.stubbed) != 4 || l.stubbed[0] != "read_hash(/nowhere)" {
		t.Errorf("stubbed: %v", l.stubbed)
	}
}

func TestIDN(t *testing.T) {
	for in, want := range map[string]string{
		"Example.ORG": "example.org", ".Bücher.example": ".xn--bcher-kva.example", "@BÜCHER.example": "@xn--bcher-kva.example",
		"日本語.jp": "xn--wgv71a119e.jp", "": "", "\xff.example": "\xff.example",
	} {
		if got := lookup.ToASCII(in); got != want {
			t.Errorf("ToASCII(%q) = %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{
		"xn--bcher-kva.example": "bücher.example", "xn--wgv71a119e.jp": "日本語.jp", "plain.example": "plain.example",
		"xn--!!.example": "xn--!!.example", "xn--": "xn--",
	} {
		if got := toUnicode(in); got != want && !(in == "xn--" && got == "") {
			t.Errorf("toUnicode(%q) = %q, want %q", in, got, want)
		}
	}
	if got := addrToASCII("<Postmaster@Bücher.example>"); got != "<Postmaster@xn--bcher-kva.example>" {
		t.Error(got)
	}
}

func FuzzTables(f *testing.F) {
	f.Add(tableText)
	f.Add(cidrText)
	f.Fuzz(func(t *testing.T, text string) {
		for line := range lines(text) {
			n := 0
			for tok := range tokens(line) {
				n += len(tok)
			}
			if n != len(line) {
				t.Fatalf("tokens lost text of %q", line)
			}
			internalAddress(line)
			toUnicode(lookup.ToASCII(line))
		}
	})
}
