package lint_test

import (
	"testing"

	"mavis/rules/lint"
)

// TestLostBackslashes restores patterns that were found on web pages, and leaves alone those that are well.
func TestLostBackslashes(t *testing.T) {
	for _, c := range []struct{ is, want string }{
		{`qr'bEICARb'i`, `qr'\bEICAR\b'i`},
		{`qr'..(exe|vbs)$'i`, `qr'.\.(exe|vbs)$'i`},
		{`qr'.[^./]*.(exe|vbs|pif|scr|bat|cmd|com|cpl|dll).?$'i`, `qr'\.[^./]*\.(exe|vbs|pif|scr|bat|cmd|com|cpl|dll)\.?$'i`},
		{`qr'^.(rpm|cpio|tar)$'`, `qr'^\.(rpm|cpio|tar)$'`},
		{`qr/bFOUND$/m`, `qr/\bFOUND$/m`},
		{`qr/^(?:a|b)d+@/`, `qr/^(?:a|b)\d+@/`},
		// well as they are
		{`qr'.\.(exe|vbs)$'i`, ""},
		{`qr'^\.(zip|rar)$'`, ""},
		{`qr/\bEICAR\b/`, ""},
		{`qr/^.*?: (?!Infected Archive)(.*) FOUND$/m`, ""},
		{`qr/^(bob|dad)@/`, ""},
		{`qr/^[^@]*(sales|news)@/`, ""},
		{`qr'.*'`, ""},
		{`qr'^(ASCII(?! cpio)|text|uuencoded|xxencoded|binhex)'i`, ""},
		{`qr/^words?@/`, ""},
		{`qr'.(example|test)$'`, ""},
	} {
		// a backslash elsewhere shows that the file has not lost all
		text := "$x = \"\\n\";\n@virus_lovers_maps = (new_RE( " + c.is + " ));\n"
		found := check(t, text)
		n := codes(found)["R101"]
		if c.want == "" {
			if n > 0 {
				t.Errorf("%s: %v", c.is, found)
			}
			continue
		}
		if n != 1 {
			t.Errorf("%s: %d findings", c.is, n)
			continue
		}
		for _, got := range lint.Apply(lint.Selection{Select: []string{"R101"}}.Filter(found), true).Text {
			if want := "$x = \"\\n\";\n@virus_lovers_maps = (new_RE( " + c.want + " ));\n"; string(got) != want {
				t.Errorf("%s became %s", c.is, got)
			}
		}
	}
}
