package deliver

import (
	"bytes"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
)

func written(octets Octets, p []byte, chunk int) string {
	var b bytes.Buffer
	w := newContentWriter(&b, octets)
	for len(p) > 0 {
		n := min(chunk, len(p))
		_, _ = w.Write(p[:n])
		p = p[n:]
	}
	_ = w.Close()
	return b.String()
}

// stuffedByRule is the reference for Exact.
func stuffedByRule(p string) string {
	p = strings.ReplaceAll("\r\n"+p, "\r\n.", "\r\n..")
	if !strings.HasSuffix(p, "\r\n") {
		p += "\r\n"
	}
	return p[2:] + ".\r\n"
}

func checkContent(t *testing.T, p []byte, chunk int) {
	t.Helper()
	if got, want := written(Exact, p, chunk), stuffedByRule(string(p)); got != want {
		t.Fatalf("exact, %q in chunks of %d: %q, want %q", p, chunk, got, want)
	}
	plain := strings.NewReplacer("\r", "", "\n", "\r\n", "\x00", "\xc0\x80").Replace(string(p))
	if got, want := written(Original, p, chunk), stuffedByRule(plain); got != want {
		t.Fatalf("original, %q in chunks of %d: %q, want %q", p, chunk, got, want)
	}
	// Guarded: no server, however lax about line ends, may see an end before ours.
	got := written(Guarded, p, chunk)
	for _, end := range []string{"\n.\n", "\n.\r", "\r.\r", "\r.\n"} {
		if n := strings.Index("\r\n"+got, end); n >= 0 && n < len(got)-3 {
			t.Fatalf("guarded, %q in chunks of %d: %q holds %q", p, chunk, got, end)
		}
	}
	if !bytes.ContainsAny(p, ".") && got != stuffedByRule(string(p)) {
		t.Fatalf("guarded altered %q to %q", p, got)
	}
}

func TestContent(t *testing.T) {
	for range 20000 {
		p := make([]byte, rand.IntN(20))
		for i := range p {
			p[i] = "\r\n.a\x00"[rand.IntN(5)]
		}
		checkContent(t, p, 1+rand.IntN(6))
	}
	if got := written(Guarded, []byte("a\n.b\r.c\r\n..\r\n"), 3); got != "a\n.b\r.c\r\n...\r\n.\r\n" {
		t.Errorf("harmless dots were touched: %q", got)
	}
}

func FuzzContent(f *testing.F) {
	f.Add([]byte("a\r\n.\r\n\n.\n"), 1)
	f.Fuzz(func(t *testing.T, p []byte, chunk int) { checkContent(t, p, 1+(chunk&0x7fffffff)%50) })
}

func TestXForwardLine(t *testing.T) {
	all := "NAME ADDR PORT PROTO HELO IDENT SOURCE"
	for _, c := range []struct {
		in            map[string]string
		offered, want string
	}{
		{map[string]string{"NAME": "n"}, all, ""},
		{map[string]string{"ADDR": "1.2.3.4"}, "", ""},
		{map[string]string{"ADDR": "2001:db8::1", "NAME": "a b<\xff"}, all, "XFORWARD ADDR=IPv6:2001:db8::1 NAME=a?b??"},
		{map[string]string{"ADDR": "1.2.3.4", "HELO": "a+b=c\r\nd", "IDENT": strings.Repeat("x", 300)}, all,
			"XFORWARD ADDR=1.2.3.4 HELO=a+2Bb+3Dc??d IDENT=" + strings.Repeat("x", 255)},
	} {
		if got := xforwardLine(c.in, c.offered); got != c.want {
			t.Errorf("%v: %q", c.in, got)
		}
	}
}

func BenchmarkContent(b *testing.B) {
	p := bytes.Repeat([]byte("0123456789012345678901234567890123456789012345678901234567890123456789012345\r\n"), 10000)
	for name, octets := range map[string]Octets{"guarded": Guarded, "original": Original} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(p)))
			for b.Loop() {
				w := newContentWriter(io.Discard, octets)
				_, _ = w.Write(p)
			}
		})
	}
}
