package macro_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"mavis/compat/macro"
)

// TestBounds: templates that would never end, or grow without end, end with an error.
func TestBounds(t *testing.T) {
	for _, text := range []string{
		`[=a|["[@a]"]][@a]`,
		`[=a|["x[@a|%1%1]"]][@a|0123456789]`,
		`[=a|["[@a|[:lc|%1%1]]"]][@a|0123456789]`,
		`[=a|["[@a][@a]"]][@a]`,
		strings.Repeat(`[%R|`, 2000) + strings.Repeat(`]`, 2000) + strings.Repeat(`[:args|`, 2000),
		`[%R|[%R|[%R|[%R|[%R|[%R|[%R|[%R|[%R|[%R|[%R|[%R|[%R|[%R|x]]]]]]]]]]]]]]`,
	} {
		_, err := expand(t, text, false)
		if err != nil && !errors.Is(err, macro.ErrTooMuch) {
			t.Errorf("%.40q: %v", text, err)
		}
	}
	if _, err := expand(t, `[=a|["[@a]"]][@a]`, false); !errors.Is(err, macro.ErrTooMuch) {
		t.Errorf("an endless template ended with %v", err)
	}
}

func TestExpanderKeepsDefinitions(t *testing.T) {
	e := macro.NewExpander(macro.Map{"s": macro.Text("v")}, macro.Limits{})
	one, _ := macro.Compile(`[=m|["<%1>"]]`)
	two, _ := macro.Compile(`[:m|%s]`)
	if _, err := e.Expand(one); err != nil {
		t.Fatal(err)
	}
	if got, err := e.Expand(two); got != "<v>" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestDomains(t *testing.T) {
	for u, a := range map[string]string{
		"münchen.de": "xn--mnchen-3ya.de", "bücher.example": "xn--bcher-kva.example", "例え.jp": "xn--r8jz45g.jp",
		"Example.COM": "example.com", "пример.рф": "xn--e1afmkfd.xn--p1ai",
	} {
		if got := macro.DomainToASCII(u); got != a {
			t.Errorf("%s: %s, want %s", u, got, a)
		}
		if got := macro.DomainToUnicode(a); got != strings.ToLower(u) {
			t.Errorf("%s: %s", a, got)
		}
	}
	for _, bad := range []string{"xn--", "xn--a-", "xn--99999999999", "xn--\x80"} {
		macro.DomainToUnicode(bad)
	}
}

func FuzzExpand(f *testing.F) {
	for _, s := range templates(f, 1, 20) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, chars := range []bool{false, true} {
			if _, err := expand(t, s, chars); err != nil && !errors.Is(err, macro.ErrTooMuch) {
				t.Fatal(err)
			}
		}
	})
}

func FuzzDecodeWords(f *testing.F) {
	f.Add("=?utf-8?B?w6nDqQ?= =?koi8-r?Q?=F0?=", 5)
	f.Fuzz(func(t *testing.T, s string, n int) {
		if got := macro.TruncateUTF8(macro.DecodeWords(s), n); len(got) > max(n, 0) {
			t.Fatalf("%q has more than %d octets", got, n)
		}
		macro.DecodeAddress(s, false)
		macro.Wrap(s, macro.Wrapping{Width: n, Structured: true})
		macro.Sprintf(s, []string{s})
	})
}

// A field as long as a header may be is decoded in a moment.
func TestManyWords(t *testing.T) {
	begin := time.Now()
	if n := len(macro.DecodeWords(strings.Repeat("=?utf-8?q?a?= ", 100_000))); n != 100_001 || time.Since(begin) > 20*time.Second {
		t.Errorf("%d octets in %v", n, time.Since(begin))
	}
}
