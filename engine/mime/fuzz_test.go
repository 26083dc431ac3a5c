package mime

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzParse(f *testing.F) {
	for i, r := range readRecorded(f) {
		if i%6 == 0 {
			f.Add(r.Mail)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, keep := range []bool{true, false} {
			m, err := ParseAt(bytes.NewReader(b), int64(len(b)), Options{KeepCR: keep, MaxParts: 300})
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			m.Root.Walk(func(e *Entity) {
				if n++; e.Leaf == (len(e.Children) > 0) && e.Leaf {
					t.Error("a leaf with children")
				}
				for _, s := range e.Names {
					if !utf8.ValidString(s) {
						t.Errorf("name %q is not text", s)
					}
				}
				for _, s := range []*Span{e.Preamble, e.Epilogue} {
					if s != nil {
						if err := e.Write(io.Discard, *s); err != nil {
							t.Error(err)
						}
					}
				}
			})
			for _, e := range m.Leaves {
				if e.Body.Start > e.Body.End || e.Body.End > int64(len(b)) || e.Body.Start < 0 {
					t.Errorf("body %v of %d bytes", e.Body, len(b))
				}
				if err := e.Decode(io.Discard); err != nil {
					t.Error(err)
				}
			}
		}
	})
}

func FuzzParams(f *testing.F) {
	for _, s := range []string{`text/plain; charset=x; name="a\"b"`, "a/b; n*0*=utf-8'en'a%20; n*1=b", `a/b (c) ; x = y ; =`, "a/b; name==?utf-8?q?a?=", `a/b;name="`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p := ParseParams(s)
		for _, n := range []string{"", "name", "boundary", "n"} {
			p.Get(n)
		}
	})
}

func FuzzDecodeWords(f *testing.F) {
	for _, s := range []string{"=?utf-8?B?w6k=?= =?utf-8?Q?_b?=", "=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "=?x?q?=?=", "=?=?=?", "=?utf-8*en?Q?=41?=", "\xff=?gb18030?B?gTCBMA==?="} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(DecodeWords(s)) {
			t.Errorf("%q does not give text", s)
		}
	})
}

func FuzzBodies(f *testing.F) {
	f.Add("base64", "aGVsbG8=")
	f.Add("quoted-printable", "a=3D =\n =20\n")
	f.Add("x-uuencode", "begin 644 x\n#0V%T\n`\nend\n")
	f.Add("binhex", "(This file must be converted with BinHex 4.0)\n:#'0XB@dZCAKP!%9B43\"$\n:\n")
	f.Fuzz(func(t *testing.T, encoding, s string) {
		how := decoderFor(encoding)
		if how == nil {
			return
		}
		var b bytes.Buffer
		if err := how(&b, strings.NewReader(s)); err != nil {
			t.Error(err)
		}
		if encoding != "binhex" && !strings.Contains(encoding, "binhex") && b.Len() > len(s)+3 {
			t.Errorf("%d bytes out of %d", b.Len(), len(s))
		}
	})
}

func FuzzCharset(f *testing.F) {
	for _, s := range [][2]string{{"iso-2022-jp", "\x1b$B$F\x1b(B"}, {"gb18030", "\x81\x30\x81"}, {"utf-7", "+AGE-+"}, {"big5", "\xa4\xa4\xff"}, {"euc-kr", "\xb0"}, {"utf-16", "\xfe\xff\xd8"}, {"x", "\xe9"}} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, name, octets string) {
		s, _ := DecodeCharset(name, octets)
		if !utf8.ValidString(s) || !utf8.ValidString(Latin1(octets)) {
			t.Errorf("%q in %q does not give text", octets, name)
		}
	})
}
