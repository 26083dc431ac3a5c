package mime

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"mavis/testdata/peer"
)

// summary lists a structure in the words of testdata/record.pl.
func summary(t testing.TB, m *Message) []string {
	var out []string
	m.Root.Walk(func(e *Entity) {
		body := "container"
		if e.Leaf {
			var b bytes.Buffer
			if err := e.Decode(&b); err != nil {
				t.Fatal(err)
			}
			body = fmt.Sprintf("%d %x", b.Len(), sha1.Sum(b.Bytes()))
		}
		s := fmt.Sprintf("%s %s [%s] names=%s", e.Placement, strings.Join(e.TypeDeclared(), ","), body, strings.Join(e.Names, "|"))
		for i, span := range []*Span{e.Preamble, e.Epilogue} {
			if span != nil {
				var b bytes.Buffer
				if err := e.Write(&b, *span); err != nil {
					t.Fatal(err)
				}
				s += fmt.Sprintf(" %d:%d:%x", i, b.Len(), sha1.Sum(b.Bytes()))
			}
		}
		if raw, ok := e.Header.Get("content-type"); ok && !e.Leaf && strings.HasPrefix(e.EffectiveType, "multipart") && twoBoundaries(raw) { // all that 5.510 tells
			s += " ambiguous"
		}
		out = append(out, s)
	})
	return out
}

type recorded struct {
	Mail  []byte
	Error string
	Parts []string
}

func readRecorded(t testing.TB) []recorded {
	f, err := os.Open("testdata/broken.jsonl.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var out []recorded
	for s := bufio.NewScanner(z); s.Scan(); {
		var r recorded
		if err := json.Unmarshal(s.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}

// TestLikeMIMETools holds the parser against what MIME-tools made of mails with odd and broken structure
// (testdata/broken.py and record.pl), once with LF and once with CR LF as line ends.
func TestLikeMIMETools(t *testing.T) {
	all := readRecorded(t)
	if len(all) < 100 {
		t.Fatalf("only %d recorded mails", len(all))
	}
	for i, r := range all {
		for _, crlf := range []bool{false, true} {
			mail := r.Mail
			if crlf {
				mail = bytes.ReplaceAll(mail, []byte("\n"), []byte("\r\n"))
			}
			m, err := ParseAt(bytes.NewReader(mail), int64(len(mail)), Options{KeepCR: !crlf})
			if err != nil {
				t.Fatal(err)
			}
			got, want := strings.Join(summary(t, m), "\n"), strings.Join(r.Parts, "\n")
			if got != want || m.Error != r.Error {
				t.Errorf("mail %d (CR LF %v):\ngot  %q\n%s\nwant %q\n%s\n%s", i, crlf, m.Error, got, r.Error, want, base64.StdEncoding.EncodeToString(r.Mail))
				return
			}
		}
	}
}

func parse(t testing.TB, s string, o Options) *Message {
	t.Helper()
	m, err := ParseAt(strings.NewReader(s), int64(len(s)), o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestNames(t *testing.T) {
	for _, c := range []struct{ fields, want string }{
		{`Content-Type: a/b; name="=?iso-8859-1?Q?r=E9sum=E9.exe?="`, `résumé.exe|=?iso-8859-1?Q?r=E9sum=E9.exe?=`},
		{"Content-Disposition: attachment; filename*=utf-8''r%C3%A9sum%C3%A9.exe", `résumé.exe|=?utf-8?Q?r=C3=A9sum=C3=A9.exe?=`},
		{"Content-Type: a/b; name=\"r\xe9sum\xe9.exe\"", `résumé.exe`},
		{"Content-Type: a/b; name=\"r\xc3\xa9.exe\"", `rÃ©.exe`},
		{"Content-Type: a/b; name=\"ok.txt\"\nContent-Disposition: attachment; filename=bad.pif", `bad.pif|ok.txt`},
		{"Content-Disposition: attachment;\n filename*0*=us-ascii''long%20na;\n filename*1=\"me.e\";\n filename*2=xe", `long name.exe|=?us-ascii?Q?long_name.exe?=`},
		{"Content-Type: a/b; name=\"=?utf-8?B?w6k=?= =?utf-8?Q?_b?=\"", `é b|=?utf-8?B?w6k=?= =?utf-8?Q?_b?=`},
		{"Content-Type: a/b; name=\"\x93q\x94\"", "“q”|\u0093q\u0094"},
	} {
		m := parse(t, c.fields+"\n\nx\n", Options{KeepCR: true})
		if got := strings.Join(m.Root.Names, "|"); got != c.want {
			t.Errorf("%q: got %q, want %q", c.fields, got, c.want)
		}
	}
}

func TestAmbiguity(t *testing.T) {
	two := "Content-Type: multipart/mixed; boundary=\"one\"; boundary=\"two\"\n\n--two\n\nx\n--two--\n"
	if m := parse(t, two, Options{KeepCR: true}); !m.Root.Ambiguous {
		t.Error("two boundaries are not ambiguous")
	}
	for _, head := range []string{
		"Content-Type: text/plain\nContent-Type: text/html\n",
		"Content-Transfer-Encoding: base64\nContent-Transfer-Encoding: 7bit\n",
		"Content-Type: text/plain; name=a.txt; name=b.exe\n",
		"Content-Disposition: attachment; filename*0=a; filename*0=b.exe\n",
	} {
		if m := parse(t, head+"\nx\n", Options{KeepCR: true}); !m.Root.Ambiguous || len(m.Problems) == 0 {
			t.Errorf("%q: ambiguous %v, problems %v", head, m.Root.Ambiguous, m.Problems)
		}
	}
	if m := parse(t, "Content-Type: text/plain; name=a.txt; name=a.txt\n\nx\n", Options{KeepCR: true}); m.Root.Ambiguous {
		t.Error("the same parameter twice with one value is ambiguous")
	}
}

func TestLimits(t *testing.T) {
	deep := strings.Repeat("Content-Type: multipart/mixed; boundary=b\n\n--b\n", 2000)
	if m := parse(t, deep, Options{KeepCR: true}); m.Root != nil || m.Error == "" {
		t.Error("2000 levels were taken")
	}
	many := "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\n\nx\n", 50)
	if m := parse(t, many, Options{KeepCR: true, MaxParts: 20}); m.Root != nil || len(m.Leaves) != 19 {
		t.Errorf("root %v, %d leaves", m.Root, len(m.Leaves))
	}
	long := "Subject: " + strings.Repeat("x", 6<<20) + "\nContent-Type: text/html\n\n" + strings.Repeat("y", 3<<20)
	m := parse(t, long, Options{KeepCR: true})
	var b bytes.Buffer
	if err := m.Root.Decode(&b); err != nil || b.Len() != 3<<20 || m.Root.Type != "text/html" {
		t.Errorf("type %s, body of %d bytes, %v", m.Root.Type, b.Len(), err)
	}
}

func BenchmarkParse(b *testing.B) {
	part := "--b\nContent-Type: application/octet-stream; name=x.bin\nContent-Transfer-Encoding: base64\n\n" + strings.Repeat(strings.Repeat("QUJD", 19)+"\n", 1300)
	s := strings.ReplaceAll("Content-Type: multipart/mixed; boundary=b\n\n"+strings.Repeat(part, 50)+"--b--\n", "\n", "\r\n")
	src := strings.NewReader(s)
	b.SetBytes(int64(len(s)))
	b.ReportAllocs()
	for b.Loop() {
		m, err := ParseAt(src, int64(len(s)), Options{})
		if err != nil || len(m.Leaves) != 50 {
			b.Fatal(err)
		}
		for _, e := range m.Leaves {
			if err := e.Decode(discard{}); err != nil {
				b.Fatal(err)
			}
		}
	}
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }

// TestHostileHeaders holds mails whose headers cost more than they look: four times as much may not take sixteen times as long.
func TestHostileHeaders(t *testing.T) {
	repeat := func(before, part, after string, n int) func(div int) string {
		return func(div int) string { return before + strings.Repeat(part, n/div) + after }
	}
	numbered := func(format string, n int) func(div int) string {
		return func(div int) string {
			var b strings.Builder
			b.WriteString("Content-Type: a/b")
			for i := range n / div {
				fmt.Fprintf(&b, format, i)
			}
			return b.String()
		}
	}
	for name, text := range map[string]func(div int) string{
		"parameters":  repeat("Content-Type: a/b", ";x=y", "", 1<<17),
		"different":   numbered(";x%d=y", 70000),
		"pieces":      numbered(";x*%d=y", 70000),
		"same piece":  repeat("Content-Type: a/b", ";x*0=yyyyyyyyyyyyyy", "", 1<<15),
		"words":       repeat("Content-Type: a/b; name=\"", "=?utf-8?q?x?= ", "\"", 1<<16),
		"half words":  repeat("Content-Type: a/b; name=\"", "=?", "\"", 1<<18),
		"half words2": repeat("Content-Type: a/b; name=\"", "=?a?q?", "\"", 1<<17),
		"comments":    repeat("Content-Type: ", "(", "", 1<<19),
		"fields":      repeat("", "a:\n", "", 1<<20),
		"begins":      repeat("\n", "begin 644 x\n", "", 1<<18),
		"dashes":      repeat("Content-Type: multipart/mixed; boundary=b\n\n", "--\n", "", 1<<20),
	} {
		took := func(div int) time.Duration {
			s := text(div) + "\n\nbody\n"
			start := time.Now()
			parse(t, s, Options{KeepCR: true, MaxParts: 1500})
			return time.Since(start)
		}
		var quarter, whole time.Duration
		for range 5 { // another program may have held us up
			quarter, whole = took(4), took(1)
			if whole < 10*quarter+100*time.Millisecond {
				break
			}
		}
		if whole >= 10*quarter+100*time.Millisecond || whole > 5*time.Second && !peer.Raced {
			t.Errorf("%s: %s for a quarter, %s for all", name, quarter, whole)
		}
	}
}
