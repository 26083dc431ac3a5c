package facts_test

import (
	"strings"
	"testing"
	"time"

	"mavis/compat/logline"
	"mavis/compat/macro"
	"mavis/compat/macro/facts"
	"mavis/engine/mail"
	"mavis/engine/origin"
	"mavis/rules"
)

func header(lines ...string) []mail.Field {
	var out []mail.Field
	for _, l := range lines {
		name, _, _ := strings.Cut(l, ":")
		out = append(out, mail.Field{Name: name, Raw: []byte(strings.ReplaceAll(l, "\n", "\r\n") + "\r\n")})
	}
	return out
}

func ptr(v float64) *float64 { return &v }

// TestLogLines makes the lines that the original wrote for the same mails.
func TestLogLines(t *testing.T) {
	base := func() *facts.Message {
		return &facts.Message{
			LogID: "1-1", MailID: "v81656eTYZdb", Hostname: "mail.example.com", Sender: "alice@sender.test", ClientAddr: "127.0.0.1",
			PartitionTag: "0", Size: 165, Elapsed: func() time.Duration { return 259 * time.Millisecond },
			Header: header("Subject: x", "Message-ID: <badh-8bit-latin1@sender.test>"),
		}
	}
	relayed := facts.Recipient{Addr: "bob@example.com", Local: true, Pass: true, Done: 2, Response: "250 2.0.0 from MTA(smtp:[127.0.0.1]:1): 250 2.0.0 Ok: queued as SINKQUEUEID",
		RemoteReply: "250 2.0.0 Ok: queued as SINKQUEUEID", Score: ptr(-0.001), TagLevel: ptr(-999), Tag2Level: ptr(6.2), KillLevel: ptr(6.9)}
	badh := base()
	r := relayed
	r.CCats = []rules.CCat{{Major: rules.BadHeader, Minor: 2}, {Major: rules.BadHeader}, {Major: rules.Clean, Minor: 1}, {Major: rules.Clean}}
	badh.CCats, badh.Recips = r.CCats, []facts.Recipient{r}
	badh.Actions = []string{"RelayedInbound", "Quarantined"}
	badh.Quarantine = []string{"/q/badh-v81656eTYZdb"}
	badh.QuarantineDir = "/q"

	banned := base()
	block := rules.CCat{Major: rules.Banned}
	banned.Blocking, banned.CCats = &block, []rules.CCat{block, {Major: rules.Clean, Minor: 1}}
	banned.Actions = []string{"BouncedInbound", "Quarantined"}
	banned.Recips = []facts.Recipient{{Addr: `"bob"@EXAMPLE.com`, Local: true, Done: 1, Response: "250 2.5.0 Ok, id=1-1, BOUNCE", BannedShort: "application/octet-stream,.dat,setup.exe",
		CCats: banned.CCats, Blocking: &block, TagLevel: ptr(-999), Tag2Level: ptr(6.2), KillLevel: ptr(6.9)}}

	for _, c := range []struct {
		m    *facts.Message
		want []string
	}{
		{badh, []string{
			"Passed BAD-HEADER-2 {RelayedInbound,Quarantined}, [127.0.0.1] <alice@sender.test> -> <bob@example.com>, quarantine: badh-v81656eTYZdb, Message-ID: <badh-8bit-latin1@sender.test>, mail_id: v81656eTYZdb, Hits: -0.001, size: 165, queued_as: SINKQUEUEID, 259 ms",
			"Passed BAD-HEADER, <alice@sender.test> -> <bob@example.com>, Hits: -0.001, tag=-999, tag2=6.2, kill=6.9, queued_as: SINKQUEUEID, L/Y/0/0"}},
		{banned, []string{
			"Blocked BANNED (application/octet-stream,.dat,setup.exe) {BouncedInbound,Quarantined}, [127.0.0.1] <alice@sender.test> -> <bob@example.com>, Message-ID: <badh-8bit-latin1@sender.test>, mail_id: v81656eTYZdb, Hits: -, size: 165, 259 ms",
			"Blocked BANNED (application/octet-stream,.dat,setup.exe), <alice@sender.test> -> , Hits: -, tag=-999, tag2=6.2, kill=6.9, L/Y/0/0"}},
	} {
		short, _ := macro.Compile(logline.Short())
		recip, _ := macro.Compile(logline.Recip())
		got, err := logline.Entries(short, recip, c.m)
		if err != nil || strings.Join(got, "\n") != strings.Join(c.want, "\n") {
			t.Errorf("%v\ngot  %q\nwant %q", err, got, c.want)
		}
	}
}

func TestMacros(t *testing.T) {
	m := &facts.Message{
		Hostname: "mail.example.com", Sender: "", Originating: true, Received: time.Date(2026, 11, 2, 8, 4, 5, 0, time.UTC),
		Header: header("Subject: =?utf-8?q?caf=C3=A9?=\n and more", "From: \"A, B\" <a@b.c>, (x) d@e.f", "Message-ID: (c) <m@x> <n@x>",
			"Received: from mx.test (mx.test [203.0.113.7])\n\tby a.b (Postfix) with ESMTP id 1; Mon, 2 Nov 2026 08:00:00 +0000", "X-Mailer: Mutt"),
		CCats: []rules.CCat{{Major: rules.Virus}}, StarChar: "*",
		Recips: []facts.Recipient{{Addr: "x@y.z", Score: ptr(5.25)}, {Addr: "v@w.u", Score: ptr(7)}},
		DKIM:   facts.DKIM{Valid: []facts.Signature{{Identity: "@d.t", Selector: "s", Domain: "d.t"}}},
	}
	m.Trace = origin.Trace(m.Header, origin.Hop{IP: "127.0.0.1", With: "ESMTP"}, origin.Hop{IP: "203.0.113.7", Port: 99})
	for text, want := range map[string]string{
		`%s|%l|%d`: "<>|1|Mon,  2 Nov 2026 08:04:05 +0000 (UTC)", `%U %u [:weekday] [:week_iso8601]`: "20261102T080405Z 1793606645 1 45",
		`[:header_field|subject]`: "=?utf-8?q?caf=C3=A9?= and more", `[:header_field|Subject|12]`: "=?utf-8[...]", `%m`: "<m@x>",
		`[:rfc2822_from]`: "<a@b.c>, <d@e.f>", `[:ccat] [:ccat|name] [:ccat|name|main]`: "(9,0) Virus Virus",
		`%c [:SCORE] [:STARS|x] [:REQD]`: "5.25..7 5.25..7 xxxxx -", `[:useragent] [:useragent|name] [:useragent|body]`: "X-Mailer: Mutt X-Mailer Mutt",
		`%e [ip_proto_trace_all|%x| < ] %t`:                            "203.0.113.7 ESMTP://[203.0.113.7]:99 mx.test mx.test [203.0.113.7]",
		`[:dkim] [:dkim|sig_sd] [:dkim|.t] [:dkim|x.t] [:dkim|author]`: "1 s:d.t 1 0 ", `%#R %#D %#q %#V`: "2 0 0 0",
	} {
		tpl, _ := macro.Compile(text)
		got, err := tpl.Expand(m.Macros(true))
		if err != nil || got != want {
			t.Errorf("%s: got %q (%v), want %q", text, got, err, want)
		}
	}
}

func TestQuote(t *testing.T) {
	for in, want := range map[string]string{
		"": "<>", "a@b.c": "<a@b.c>", `"a"@b.c`: "<a@b.c>", `"a b"@c.d`: `<"a b"@c.d>`, `"a\"b"@c`: `<"a\"b"@c>`, "a..b@c": `<"a..b"@c>`,
		`"x@y"@z.w`: `<"x@y"@z.w>`, "root": "<root>", "é@x": "<é@x>", `a@[1.2.3.4]`: "<a@[1.2.3.4]>",
	} {
		if got := facts.Quote(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

func FuzzHeaders(f *testing.F) {
	f.Add(`"A" <a@b>, g: x@y (c\)); <z@w`)
	f.Add("from a ([1.2.3.4]) by b with ESMTP; x")
	f.Fuzz(func(t *testing.T, s string) {
		origin.Addresses(s)
		origin.ParseReceived(s)
		origin.MessageIDs(s)
		facts.Quote(s)
	})
}
