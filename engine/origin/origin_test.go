package origin

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mavis/engine/mail"
)

func fields(lines ...string) []mail.Field {
	var out []mail.Field
	for _, l := range lines {
		name, _, _ := strings.Cut(l, ":")
		out = append(out, mail.Field{Name: name, Raw: []byte(l + "\r\n")})
	}
	return out
}

func TestAddresses(t *testing.T) {
	for _, c := range []struct {
		in   string
		want []string
	}{
		{" Alice Example <alice@sender.test>", []string{"alice@sender.test"}},
		{"bob@example.com, carol@example.com", []string{"bob@example.com", "carol@example.com"}},
		{`"Doe, J" <j@d.test>, x@y.z (a, comment)`, []string{"j@d.test", "x@y.z"}},
		{`friends: a@b.c, d@e.f;, g@h.i`, []string{"a@b.c", "d@e.f", "g@h.i"}},
		{"<@relay.test:a@b.c>", []string{"@relay.test:a@b.c"}},
		{`"odd bob"@example.com`, []string{`"odd bob"@example.com`}},
		{"a@[192.0.2.1]", []string{"a@[192.0.2.1]"}},
		{"undisclosed-recipients:;", nil},
		{"folded\n <x@y.z>", []string{"x@y.z"}},
		{`"never closed <x@y.z>`, []string{`"never closed <x@y.z>`}},
		{"", nil},
	} {
		if d := cmp.Diff(c.want, Addresses(c.in)); d != "" {
			t.Errorf("%q: %s", c.in, d)
		}
	}
}

func TestReceived(t *testing.T) {
	got := Trace(fields(
		"Received: from mx.sender.test (mx.sender.test [192.0.2.25])\r\n\tby mail.example.com (Postfix) with ESMTP id 4ABC;\r\n\tMon, 20 Feb 2006 10:00:00 +0100 (CET)",
		"Subject: x",
		"Received: from laptop (unknown [198.51.100.7]) by mx.sender.test with ESMTPSA id 77; Mon, 20 Feb 2006 09:59:58 +0100",
		"Received: from v6 ([IPv6:2001:db8::1]) by h with SMTP; date",
		"Received: (qmail 123 invoked by uid 0); date",
		"Received: from a.test (HELO b) (203.0.113.9) by c"), Hop{IP: "127.0.0.1", With: "ESMTP X"}, Hop{IP: "192.0.2.99", Port: 7})
	want := []Hop{
		{IP: "127.0.0.1", With: "ESMTP_X"},
		{IP: "192.0.2.99", Port: 7, Public: true},
		{IP: "192.0.2.25", From: "mx.sender.test mx.sender.test [192.0.2.25]", With: "ESMTP", Public: true},
		{IP: "198.51.100.7", From: "laptop unknown [198.51.100.7]", With: "ESMTPSA", Public: true},
		{IP: "2001:db8::1", From: "v6 [IPv6:2001:db8::1]", With: "SMTP", Public: true},
		{},
		{IP: "203.0.113.9", From: "a.test HELO b 203.0.113.9", Public: true},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestPublic(t *testing.T) {
	for ip, want := range map[string]bool{"192.0.2.25": true, "10.1.2.3": false, "127.0.0.1": false, "100.64.1.1": false, "::1": false,
		"2001:db8::25": true, "fe80::1": false, "fc00::1": false, "172.20.0.1": false, "255.255.255.255": false, "x": false, "::ffff:8.8.8.8": true} {
		if Public(ip) != want {
			t.Errorf("Public(%s) is not %v", ip, want)
		}
	}
}

func TestClassify(t *testing.T) {
	for _, c := range []struct {
		name           string
		fields         []mail.Field
		sender, author string
		want           Kind
	}{
		{"plain", fields("Subject: x"), "a@b.c", "a@b.c", Kind{}},
		{"list id", fields("List-Id: The list <l.example.org>"), "a@b.c", "a@b.c", Kind{List: "ml:l.example.org", Bulk: "ml:l.example.org"}},
		{"owner", nil, "owner-x@b.c", "", Kind{List: "ml:sender=owner-x@b.c", Bulk: "ml:sender=owner-x@b.c"}},
		{"bulk", fields("Precedence: bulk"), "a@b.c", "a@b.c", Kind{Bulk: "bulk"}},
		{"auto", fields("Auto-Submitted: auto-replied (rejected)"), "a@b.c", "", Kind{Auto: "Auto-Submitted:auto-replied", Bulk: "Auto-Submitted:auto-replied"}},
		{"auto no", fields("Auto-Submitted: no"), "a@b.c", "", Kind{}},
		{"bounce", nil, "", "x@y.z", Kind{Auto: "sender=<>", Bulk: "sender=<>"}},
		{"postmaster", nil, "a@b.c", "postmaster@b.c", Kind{Bulk: "From:postmaster@b.c"}},
	} {
		if d := cmp.Diff(c.want, Classify(c.fields, c.sender, c.author)); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
}

// A field as long as a header may be is read in a moment.
func TestLongReceived(t *testing.T) {
	begin := time.Now()
	h := ParseReceived("from " + strings.Repeat("a, ", 1<<18) + "; x")
	if took := time.Since(begin); took > 20*time.Second || len(h.From) < 1<<18 {
		t.Errorf("%d bytes in %v", len(h.From), took)
	}
}
