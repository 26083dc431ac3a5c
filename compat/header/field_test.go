package header_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"mavis/compat/header"
	"mavis/compat/macro/facts"
	"mavis/rules"
	"mavis/testdata/peer"
)

var update = flag.Bool("update", false, "record the goldens anew from the original")

type fieldCase struct {
	Name, Body string
	Fold       int
	Want       *string // octets as code points; null where the original died
}

func randomFields(r *rand.Rand, n int) []fieldCase {
	words := []string{"a", "word", "", " ", "\t", "long" + strings.Repeat("x", 60), strings.Repeat("y", 30), "é", "Grüße", "naïve=?_", "日本語", "<a@b.c>,", "=?x?=", "q_"}
	seps := []string{" ", " ", " ", "\n ", "\n", "\t", "  "}
	var out []fieldCase
	for range n {
		var b strings.Builder
		for k := r.IntN(22); k >= 0; k-- {
			b.WriteString(words[r.IntN(len(words))])
			b.WriteString(seps[r.IntN(len(seps))])
		}
		body := b.String()
		if r.IntN(4) > 0 {
			body = strings.TrimRight(body, " \t\n")
		}
		name := []string{"Subject", "X-Test", "From", "Comments"}[r.IntN(4)]
		out = append(out, fieldCase{Name: name, Body: body, Fold: r.IntN(3)})
	}
	return append(out, fieldCase{Name: "X-Long", Body: strings.Repeat("z", 1200) + " " + strings.Repeat("z", 1200)})
}

func askFields(t *testing.T, cases []fieldCase) {
	perl := peer.Need(t, "perl")
	if _, err := os.Stat("/usr/share/perl5/Amavis/Out/EditHeader.pm"); err != nil {
		peer.Missing(t, "amavisd-new is not installed")
	}
	var in [][3]any
	for _, c := range cases {
		in = append(in, [3]any{c.Name, c.Body, c.Fold})
	}
	raw, _ := json.Marshal(in)
	cmd := exec.Command(perl, "-T", "testdata/fields.pl")
	cmd.Stdin, cmd.Stderr = bytes.NewReader(raw), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("the original: %v", err)
	}
	var results []*string
	var text strings.Builder
	for _, b := range out {
		text.WriteRune(rune(b))
	}
	if err := json.Unmarshal([]byte(text.String()), &results); err != nil {
		t.Fatal(err)
	}
	for i := range cases {
		cases[i].Want = results[i]
	}
}

func checkFields(t *testing.T, cases []fieldCase) {
	for _, c := range cases {
		if c.Want == nil {
			continue
		}
		if got := string(header.Field(c.Name, c.Body, header.Folding(c.Fold), header.Format{})); got != octets(*c.Want) {
			t.Errorf("%s fold %d: %q\n got %q\nwant %q", c.Name, c.Fold, c.Body, got, octets(*c.Want))
		}
	}
}

// TestFields is recorded anew by go test ./compat/header -run Fields -update, with amavisd-new installed.
func TestFields(t *testing.T) {
	const file = "testdata/fields.json"
	if *update {
		cases := randomFields(rand.New(rand.NewPCG(3, 3)), 80)
		askFields(t, cases)
		raw, _ := json.MarshalIndent(cases, "", " ")
		if err := os.WriteFile(file, append(raw, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var cases []fieldCase
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	checkFields(t, cases)
}

// TestFieldsAgainstOriginal asks the installed original about other fields.
func TestFieldsAgainstOriginal(t *testing.T) {
	cases := randomFields(rand.New(rand.NewPCG(uint64(os.Getpid()), 4)), 500)
	askFields(t, cases)
	checkFields(t, cases)
}

func TestCharset(t *testing.T) {
	got := string(header.Field("Subject", "Grüße 日", header.Free, header.Format{Charset: "iso-8859-1", Base64: true}))
	if got != "Subject: =?iso-8859-1?B?R3L832UgPw==?=\n" {
		t.Errorf("%q", got)
	}
	if got := string(header.Field("Subject", "Grüße", header.Free, header.Format{SMTPUTF8: true})); got != "Subject: Grüße\n" {
		t.Errorf("%q", got)
	}
}

func TestForwardRest(t *testing.T) {
	score := 70.25
	s := header.Settings{
		Hostname: "mail.example.com", Tag: "X-Virus-Scanned", StarChar: "*", VerifyDKIM: true, SpamCode: true, Hold: "why", MailID: "id",
		Received: time.Date(2026, 11, 2, 8, 4, 5, 0, time.UTC), AuthResults: []string{"mail.example.com;\n dkim=pass"}, SpamReport: "* x\n* y\\z",
		Allowed:    func(string) bool { return true },
		Header:     parse("X-Amavis-Hold: old\nAuthentication-Results: mail.example.com; x\nAuthentication-Results: (c) other.test; y\nX-Spam-Flag: YES\nReturn-Path: <a@b>\n"),
		Connection: header.Connection{ClientIP: "::1", Protocol: "ESMTP"}, Recipients: []string{`"b"@EXAMPLE.com`},
		Supplementary: map[string]string{"ADDEDHEADERSPAM": "X-Spam-Flag: NO\nX-Other: a\n\tb\n", "SUBJPREFIX": "pre"},
	}
	r := header.Recipient{
		Recipient:  facts.Recipient{Local: true, Score: &score, CCats: []rules.CCat{{Major: rules.Spammy}, {Major: rules.Clean, Minor: 1}}, Tests: []string{"A=1", "B=2"}},
		RemoveSpam: true, SubjectTag: "[_SCORE_ _REQD_ _YESNO_ _SUBJPREFIX_ _X_] ", HasPenPals: true, PenPals: 90061 * time.Second, CategoryName: "Spammy", Forwarded: true,
		Blacklisted: true, Mangled: "altermime",
	}
	e, tagged := header.Forward(s, r)
	got := strings.ReplaceAll(string(header.Apply(s.Header, e, header.Repair{}).Header), "\r\n", "\n")
	want := `X-Amavis-Hold: why
X-Amavis-Modified: Mail body modified (using altermime) - mail.example.com
X-Spam-Flag: YES
X-Spam-Score: 70.25
X-Spam-Level: ` + strings.Repeat("*", 64) + `
X-Spam-Status: Yes, score=70.25 BLACKLISTED tests=[A=1, B=2]
 autolearn=unavailable
X-Spam-Report: ` + `
 * x
 * y\\z
X-Other: a
	b
X-Amavis-PenPals: age 1 1:01:01
Authentication-Results: mail.example.com; dkim=pass
Subject: [70.25 - Yes pre _X_]
Received: from unknown ([IPv6:::1]) by localhost (amavis, unix socket)
 with ESMTP id id for <b@example.com>; Mon,  2 Nov 2026 08:04:05 +0000 (UTC)
X-Amavis-Category: mail.example.com; category=Spammy
Authentication-Results: (c) other.test; y
Return-Path: <a@b>
`
	if got != want || !tagged {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	other := r
	other.SubjectTag = ""
	same := r
	same.Addr = "other@example.com"
	if header.Key(s, r) == header.Key(s, other) || header.Key(s, r) != header.Key(s, same) {
		t.Error("keys do not tell recipients apart")
	}
}

func FuzzApply(f *testing.F) {
	f.Add("Subject: x\n y\nbroken\n \n", "body \xe9 \n z")
	f.Fuzz(func(t *testing.T, head, body string) {
		e := &header.Edits{}
		for _, fold := range []header.Folding{header.Free, header.Marked, header.Kept} {
			e.Add("Subject", body, fold)
			e.Prepend("X-Y", body, fold)
		}
		e.Edit("Subject", func(_, b string) (string, bool, bool) { return b + body, false, false })
		for _, r := range []header.Repair{{}, {BareCR: true, Folding: true, Long: true}} {
			header.Apply(parse(head), e, r)
		}
	})
}
