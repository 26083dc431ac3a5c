package check

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mavis/engine/mail"
)

func fields(lines ...string) []mail.Field {
	var out []mail.Field
	for _, l := range lines {
		name, _, ok := strings.Cut(l, ":")
		if !ok {
			name = ""
		}
		out = append(out, mail.Field{Name: name, Raw: []byte(l + "\r\n")})
	}
	return out
}

var allTests = HeaderTests{Syntax: true, Empty: true, Long: true, Control: true, EightBit: true, Missing: true, Multiple: true}

// The wanted lines are what amavisd 2.13 shows for the same header in X-Amavis-Alert and its log.
func TestHeader(t *testing.T) {
	base := []string{"From: a@sender.test", "Date: Mon, 20 Feb 2006 10:00:00 +0100"}
	for _, c := range []struct {
		name   string
		header []string
		eai    bool
		want   []string
		minor  int
	}{
		{"clean", base, false, nil, 0},
		{"latin1", append(base, "Subject: caf\xe9"), false, []string{`Non-encoded non-ASCII data (and not UTF-8) (char E9 hex): Subject: caf\x{E9}`}, Minor8Bit},
		{"utf8 is allowed by default", append(base, "Subject: café"), false, nil, 0},
		{"control", append(base, "Subject: nul\x00byte"), false, []string{"Improper use of control character (char 00 hex): Subject: nul\x00byte"}, MinorControl},
		{"bare cr", append(base, "Subject: bare\rcr"), false, []string{"Improper use of control character (char 0D hex): Subject: bare\rcr"}, MinorControl},
		{"blank line", append(base, "Subject: fold\r\n   \r\n more"), false, []string{"Improper folded header field made up entirely of whitespace (char 20 20 20 hex): Subject: fold\n   \n more"}, MinorEmpty},
		{"long", append(base, "X-Long: "+strings.Repeat("y", 1500)), false, []string{"Header line longer than 998 characters: X-Long: " + strings.Repeat("y", 42) + "[...]"}, MinorLong},
		{"syntax", append(base, "this is no header field"), false, []string{"Invalid header field syntax: this is no header field\n"}, MinorSyntax},
		{"missing", []string{"From: a@sender.test"}, false, []string{`Missing required header field: "Date"`}, MinorMissing},
		{"twice", append(base, "Subject: a", "Subject: b"), false, []string{`Duplicate header field: "Subject"`}, MinorMultiple},
		{"thrice", append(base, "Subject: a", "subject: b", "SUBJECT: c"), false, []string{`Header field occurs more than once: "Subject" occurs 3 times`}, MinorMultiple},
		{"highest minor wins", append(base, "Subject: caf\xe9", "Subject: b"), false, []string{
			`Non-encoded non-ASCII data (and not UTF-8) (char E9 hex): Subject: caf\x{E9}`, `Duplicate header field: "Subject"`}, MinorMultiple},
		{"non-ascii name", append(base, "Sübject: x"), false, []string{`Invalid header field name, contains non-ASCII char (char C3 hex): S\x{C3}\x{BC}bject: x`}, MinorSyntax},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, minor := Header(fields(c.header...), c.eai, allTests)
			if d := cmp.Diff(c.want, got); d != "" || minor != c.minor {
				t.Errorf("minor %d, want %d: %s", minor, c.minor, d)
			}
		})
	}
	if got, _ := Header(fields("Subject: caf\xe9", "Subject: x"), false, HeaderTests{}); got != nil {
		t.Errorf("tests that are off found %q", got)
	}
}

func TestDescribe(t *testing.T) {
	root := &mail.Part{}
	outer := &mail.Part{Number: 1, Placement: "1", Parent: root, TypeDeclared: []string{"multipart/mixed"}}
	zip := &mail.Part{Number: 3, Placement: "1/2", Parent: outer, TypeDeclared: []string{"application/zip"}, TypeShort: []string{"zip"}, NameDeclared: []string{"x\ty.zip"}}
	exe := &mail.Part{Number: 4, Parent: zip, TypeShort: []string{"exe", "exe-ms"}, NameDeclared: []string{"a.exe"}, Attributes: "CU"}
	root.Children, outer.Children, zip.Children = []*mail.Part{outer}, []*mail.Part{zip}, []*mail.Part{exe}
	if got := leaves(root); len(got) != 1 || got[0] != exe {
		t.Fatalf("leaves: %v", got)
	}
	d := describe(exe)
	want := description{
		candidates: []string{"multipart/mixed", "application/zip", ".zip", "x y.zip", ".exe", ".exe-ms", "a.exe", "UNDECIPHERABLE"},
		names:      "multipart/mixed | application/zip,.zip,x y.zip | .exe,.exe-ms,a.exe,UNDECIPHERABLE",
		leaf:       ".exe,.exe-ms,a.exe,UNDECIPHERABLE",
		attrs:      "P=p001,L=1,M=multipart/mixed | P=p003,L=1/2,M=application/zip,T=zip,N=x y.zip | P=p004,T=exe,T=exe-ms,N=a.exe,A=C,A=U",
		attrLines:  "P=p001\tL=1\tM=multipart/mixed\nP=p003\tL=1/2\tM=application/zip\tT=zip\tN=x y.zip\nP=p004\tT=exe\tT=exe-ms\tN=a.exe\tA=C\tA=U",
	}
	if diff := cmp.Diff(want, d, cmp.AllowUnexported(description{})); diff != "" {
		t.Error(diff)
	}
}
