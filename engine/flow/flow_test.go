package flow

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mavis/engine/mail"
	"mavis/perlconf/eval"
	"mavis/rules"
)

type body struct{ *bytes.Reader }

func text(s string) mail.Body { return body{bytes.NewReader([]byte(s))} }

func TestReadHeader(t *testing.T) {
	long := "X: " + strings.Repeat("a", 9000) + "\r\n"
	for _, c := range []struct {
		name, in string
		fields   []string
		names    []string
		size     int
	}{
		{"plain", "A: 1\r\nB: 2\r\n\r\nbody", []string{"A: 1\r\n", "B: 2\r\n"}, []string{"A", "B"}, 14},
		{"folded", "A: 1\r\n two\r\n\tthree\r\nB: 2\r\n\r\n", []string{"A: 1\r\n two\r\n\tthree\r\n", "B: 2\r\n"}, []string{"A", "B"}, 28},
		{"no body", "A: 1\r\n", []string{"A: 1\r\n"}, []string{"A"}, 6},
		{"no header", "\r\nbody", nil, nil, 2},
		{"not a field", "A: 1\r\nnonsense here\r\n\r\n", []string{"A: 1\r\n", "nonsense here\r\n"}, []string{"A", ""}, 23},
		{"bare line feeds", "A: 1\nB : 2\n\nbody", []string{"A: 1\n", "B : 2\n"}, []string{"A", "B"}, 12},
		{"separator over a block's edge", long + "\r\nbody", []string{long}, []string{"X"}, len(long) + 2},
		{"empty", "", nil, nil, 0},
	} {
		m := &mail.Message{Body: text(c.in)}
		if err := ReadHeader(m); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		var fields, names []string
		for _, f := range m.Header {
			fields, names = append(fields, string(f.Raw)), append(names, f.Name)
		}
		if cmp.Diff(c.fields, fields) != "" || cmp.Diff(c.names, names) != "" || int(m.HeaderSize) != c.size {
			t.Errorf("%s: %q %q, body at %d, want %d", c.name, fields, names, m.HeaderSize, c.size)
		}
	}
	m := &mail.Message{Body: text(strings.Repeat("a", maxHeader+10000))}
	if err := ReadHeader(m); err == nil {
		t.Error("a header without end was read")
	}
}

func TestMissingSeparator(t *testing.T) {
	for in, want := range map[string]bool{"A: 1\r\n": true, "A: 1\r\n\r\n": false, "A: 1\r\n\r\nx": false, "": false} {
		m := &mail.Message{Body: text(in)}
		if err := ReadHeader(m); err != nil {
			t.Fatal(err)
		}
		if missingSeparator(m) != want {
			t.Errorf("%q: not %v", in, want)
		}
	}
}

func TestLogIDs(t *testing.T) {
	ids := NewLogIDs(123)
	shape := regexp.MustCompile(`^\d{5,}-\d\d$`)
	seen := map[string]bool{}
	for range 1000 {
		id := ids.Connection()
		if !shape.MatchString(id) || seen[id] {
			t.Fatalf("id %q", id)
		}
		seen[id] = true
	}
	if !seen["00123-01"] || !seen["00124-01"] {
		t.Error("ids do not start at the process number and move on")
	}
	if Message("00123-01", 1) != "00123-01" || Message("00123-01", 2) != "00123-01-2" {
		t.Error("numbers of further messages")
	}
}

// The id proves the secret: amavisd-release sends both, and the daemon compares.
func TestMailIDIsTheSumOfItsSecret(t *testing.T) {
	for _, bits := range []int{24, 72, 96} {
		id, secret, err := NewMailID(bits)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := base64.URLEncoding.DecodeString(secret)
		if err != nil || len(raw) != bits/8 || len(id) != bits/6 {
			t.Fatalf("%q %q: %v", id, secret, err)
		}
		sum := md5.Sum(raw)
		if base64.URLEncoding.EncodeToString(sum[:])[:len(id)] != id {
			t.Errorf("%q is not the sum of %q", id, secret)
		}
		if !regexp.MustCompile(`^[A-Za-z0-9].*[A-Za-z0-9]$`).MatchString(id) {
			t.Errorf("%q begins or ends with a sign", id)
		}
	}
}

func TestActions(t *testing.T) {
	r := func(d rules.Destiny, done mail.Done, local, tagged bool) *mail.Recipient {
		return &mail.Recipient{Destiny: d, Done: done, Local: local, Tagged: tagged}
	}
	for _, c := range []struct {
		name  string
		t     Task
		reply string
		want  []string
	}{
		{"relayed in", Task{Rcpts: []*mail.Recipient{r(rules.Pass, mail.Forwarded, true, false)}}, "250 x", []string{"RelayedInbound"}},
		{"tagged, held", Task{Rcpts: []*mail.Recipient{r(rules.Pass, mail.Forwarded, true, true)}, Actions: []string{"Quarantined"}}, "250 x", []string{"RelayedTaggedInbound", "Quarantined"}},
		{"both ways", Task{Originating: true, Rcpts: []*mail.Recipient{r(rules.Pass, mail.Forwarded, true, false), r(rules.Pass, mail.Forwarded, false, false)}}, "250 x", []string{"RelayedInternal", "RelayedOutbound"}},
		{"discarded", Task{Rcpts: []*mail.Recipient{r(rules.Discard, mail.Settled, false, false)}}, "250 x", []string{"DiscardedOpenRelay"}},
		{"bounced", Task{DSNSent: 1, Rcpts: []*mail.Recipient{r(rules.Bounce, mail.Settled, true, false)}}, "250 x", []string{"BouncedInbound"}},
		{"bounce suppressed", Task{DSNSent: 2, Rcpts: []*mail.Recipient{r(rules.Bounce, mail.Settled, true, false)}}, "250 x", []string{"NoBounceInbound"}},
		{"rejected", Task{Rcpts: []*mail.Recipient{r(rules.Reject, mail.Settled, true, false)}}, "554 x", []string{"RejectedInbound"}},
		{"tagged and not", Task{Rcpts: []*mail.Recipient{r(rules.Pass, mail.Forwarded, true, true), r(rules.Pass, mail.Forwarded, true, false)}}, "250 x",
			[]string{"RelayedTaggedInbound", "RelayedInbound"}},
		{"relayed out of nowhere", Task{Rcpts: []*mail.Recipient{r(rules.Pass, mail.Forwarded, false, false)}}, "250 x", []string{"RelayedOpenRelay"}},
		{"each its own, held", Task{LMTP: true, Rcpts: []*mail.Recipient{{Destiny: rules.Reject, Done: mail.Settled, Local: true, Reply: "554 5.7.0"},
			{Destiny: rules.Pass, Done: mail.Forwarded, Local: true, Tagged: true, Reply: "250 2.0.0 Ok"}}, Actions: []string{"Quarantined"}}, "",
			[]string{"RejectedInbound", "RelayedTaggedInbound", "Quarantined"}},
		{"forwarded, then deferred", Task{Rcpts: []*mail.Recipient{r(rules.Pass, mail.Forwarded, true, false)}}, "451 4.5.0", []string{"TempFailedInbound"}},
		{"no answer at all", Task{Rcpts: []*mail.Recipient{r(rules.Bounce, mail.Settled, true, false)}}, "", []string{"UnknownInbound"}},
		{"deferred", Task{Rcpts: []*mail.Recipient{r(rules.TempFail, mail.Settled, true, false)}}, "451 x", []string{"TempFailedInbound"}},
	} {
		c.t.actions(c.reply)
		if d := cmp.Diff(c.want, c.t.Actions); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
}

func TestDigestSeesUnixLineEnds(t *testing.T) {
	const in, want = "a\r\nb\rc\r\n\r\r\n\n\r\r\rd\r\n\r\n\r", "a\nb\rc\n\r\n\n\r\r\rd\n\n"
	for size := 2; size < 30; size++ {
		var got bytes.Buffer
		if err := hashLines(&got, strings.NewReader(in), make([]byte, size)); err != nil || got.String() != want {
			t.Errorf("blocks of %d: %q, %v", size, got.String(), err)
		}
	}
}

func TestMethodsOf(t *testing.T) {
	for _, c := range []struct {
		in   eval.Value
		want []string
	}{
		{nil, nil}, {"", nil}, {"smtp:[127.0.0.1]:10025", []string{"smtp:[127.0.0.1]:10025"}},
		{eval.NewArray("a", "", "b"), []string{"a", "b"}}, {eval.NewScalar("x"), []string{"x"}},
	} {
		if d := cmp.Diff(c.want, methodsOf(c.in)); d != "" {
			t.Errorf("%v: %s", c.in, d)
		}
	}
}

func TestBankNames(t *testing.T) {
	if d := cmp.Diff([]string{"A", "B"}, bankNames(" A ,, B", "X")); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"VIRUS"}, bankNames("1", "VIRUS")); d != "" {
		t.Error(d)
	}
}
