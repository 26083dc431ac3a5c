package ingress

import "testing"

func TestParsePath(t *testing.T) {
	for _, c := range []struct {
		in, path, params string
		ok               bool
	}{
		{"TO:<a@b.test> NOTIFY=NEVER", "a@b.test", "NOTIFY=NEVER", true},
		{`to: <"a> b"@b.test>`, `"a> b"@b.test`, "", true},
		{"TO:<a@[192.0.2.1]>", "a@[192.0.2.1]", "", true},
		{"TO:<a@[IPv6:2001:db8::1]> X", "a@[IPv6:2001:db8::1]", "X", true},
		{"TO:<a@[x> NOTIFY=SUCCESS ]>", "", "", false},
		{"TO:<a@[192.0.2.1 SIZE=1]>", "", "", false},
		{`TO:<a@[\]>`, "", "", false},
		{"TO:<postmaster>", "postmaster", "", true},
		{"TO:<a@b.test>NOTIFY=NEVER", "", "", false},
		{"TO:<a\x01@b.test>", "", "", false},
		{"TO:a@b.test", "", "", false},
	} {
		path, params, ok := parsePath(c.in, "TO:")
		if path != c.path || params != c.params || ok != c.ok {
			t.Errorf("%q: %q, %q, %v", c.in, path, params, ok)
		}
	}
}
