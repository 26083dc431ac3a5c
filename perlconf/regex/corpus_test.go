package regex

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"os"
	"sort"
	"strings"
	"testing"

	"mavis/testdata/peer"
)

// corpusPatterns gives every pattern that real configurations hold.
func corpusPatterns(t *testing.T) []question {
	f, err := os.Open(peer.Shared(t, "corpus", "oracle.jsonl.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	found := map[[2]string]bool{}
	var collect func(v any)
	collect = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				collect(e)
			}
		case map[string]any:
			if re, ok := v["re"].(string); ok {
				flags, _ := v["flags"].(string)
				found[[2]string{string8(re), flags}] = true
			}
			for _, e := range v {
				collect(e)
			}
		}
	}
	sc := bufio.NewScanner(z)
	sc.Buffer(nil, 64<<20)
	for sc.Scan() {
		var line any
		if err := json.Unmarshal(sc.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		collect(line)
	}
	if sc.Err() != nil {
		t.Fatal(sc.Err())
	}
	var out []question
	for k := range found {
		out = append(out, question{pattern: k[0], flags: k[1]})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].pattern+"/"+out[i].flags < out[j].pattern+"/"+out[j].flags })
	return out
}

// string8 gives the bytes that characters below 0x100 stand for.
func string8(s string) string {
	b := make([]byte, 0, len(s))
	for _, c := range s {
		b = append(b, byte(c))
	}
	return string(b)
}

func TestCorpusLikePerl(t *testing.T) {
	qs := corpusPatterns(t)
	if len(qs) < 400 {
		t.Fatalf("only %d patterns", len(qs))
	}
	fixed := []string{
		"", "\n", ".exe", "exe", "a.exe", "A.EXE", "photo.jpg.pif", "x.tar.gz", "report.doc", "a.b.scr", "application/x-msdownload", "image/jpeg", "text/plain", "message/partial", "MAIL", "HTML", "ASCII text", "gzip compressed data, from Unix",
		"Zip archive data, at least v2.0 to extract", "PE32 executable (GUI) Intel 80386, for MS Windows", "user@example.com", "postmaster@example.com", "mailer-daemon@example.org", "root@localhost", "noreply@news.example.net", "owner-list@lists.example.org",
		"stream: Eicar-Test-Signature FOUND", "/tmp/x: OK", "Infected files: 1", "virus=\"EICAR\"", "name.{00021401-0000-0000-C000-000000000046}", "Content-Type: text/html; charset=utf-8", "X-Spam-Flag: YES", "VIRUS: Worm.Klez.H", "was infected by virus W32/Sircam",
		"a \xe9\xc9 b", "file name with spaces.com ", "xn--80ak6aa92e.com", "ALERT: [EICAR virus]", "Found the W32/Bugbear@MM virus !!!",
	}
	for i := range qs {
		plain := strings.NewReplacer("^", "", "$", "", `\.`, ".", `\`, "", "(", "", ")", "", "?", "", "*", "x", "+", "", "[", "", "]", "", ".", "m").Replace(qs[i].pattern)
		qs[i].subjects = append(append([]string{}, fixed...), plain, strings.ToUpper(plain), "."+plain, plain+"\n")
		for _, part := range strings.FieldsFunc(plain, func(c rune) bool { return c == '|' || c == '\n' }) {
			if len(qs[i].subjects) < 70 {
				qs[i].subjects = append(qs[i].subjects, part, "."+part, "a."+part)
			}
		}
	}
	n := compare(t, qs, nil)
	if n.unsupported+n.refused+n.undecided > 0 {
		t.Errorf("not every pattern was judged: %+v", n)
	}
	re2 := 0
	for _, q := range qs {
		r, err := Compile(q.pattern, q.flags)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Prepare(); err != nil {
			t.Error(err)
		}
		if r.Engine() == "re2" {
			re2++
		}
	}
	t.Logf("%d of %d patterns run in linear time", re2, len(qs))
}
