package notify_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"mavis/compat/macro"
	"mavis/compat/macro/facts"
	"mavis/compat/notify"
	"mavis/engine/origin"
	"mavis/rules"
)

func message(major rules.Category, minor int) *facts.Message {
	score := 12.5
	return &facts.Message{
		Hostname: "mail.example.com", LogID: "1-1", MailID: "AbCdEfGhIjKl", Sender: "alice@sender.test", ClientAddr: "192.0.2.1", ClientPort: 40000,
		PeerAddr: "127.0.0.1", ClientName: "client.test", Received: time.Date(2026, 11, 2, 8, 4, 5, 0, time.UTC), StarChar: "*",
		Header: parse("From: Älice <alice@sender.test>\nTo: bob@example.com\nSubject: a subject that is long enough to need more than one line of seventy-eight columns\nMessage-ID: <m@x>\n"),
		CCats:  []rules.CCat{{Major: major, Minor: minor}}, Blocking: &rules.CCat{Major: major, Minor: minor},
		Recips:     []facts.Recipient{{Addr: "bob@example.com", Local: true, Done: 1, Response: "554 5.7.0 Bounce, id=1-1", Score: &score, BannedShort: "setup.exe"}},
		Viruses:    []string{"Eicar"},
		AVOutput:   "p001: Eicar FOUND\n",
		Scanners:   []string{"ClamAV"},
		BadHeaders: []string{"Duplicate header field: \"Subject\""}, SpamSummary: "Content analysis: 12.5 points\n",
		Trace: []origin.Hop{{IP: "127.0.0.1"}, {IP: "192.0.2.1", With: "ESMTP", Port: 40000}},
	}
}

// TestBuiltin expands every built-in template for every category: no macro may be left over, no gap of many lines.
func TestBuiltin(t *testing.T) {
	if len(notify.Names()) != 9 {
		t.Errorf("templates: %v", notify.Names())
	}
	for _, name := range notify.Names() {
		text, _ := notify.Template(name)
		tpl, err := macro.Compile(text)
		if err != nil {
			t.Fatal(err)
		}
		for c := rules.Clean; c <= rules.Virus; c++ {
			for minor := range 9 {
				m := message(c, minor)
				if c != rules.Virus {
					m.Viruses, m.AVOutput, m.Scanners = nil, "", nil
				}
				if c != rules.Banned {
					m.Recips[0].BannedShort = ""
				}
				if c != rules.BadHeader {
					m.BadHeaders = nil
				}
				s := notify.Settings{Template: tpl, HdrFrom: `"Filter" <postmaster@${myhostname_ascii}>`, Boundary: "BOUNDARY"}
				n, err := notify.Admin(s, m, []string{"root@example.com"})
				if err != nil {
					t.Fatal(err)
				}
				got := strings.ReplaceAll(string(n.Message), "\r\n", "\n")
				body := got[strings.Index(got, "\n\n"):]
				if strings.ContainsAny(strings.ReplaceAll(body, "[released]", ""), "%|") || strings.Contains(body, "[:") || strings.Contains(body, "\n\n\n\n") {
					t.Errorf("%s for category %d,%d:\n%s", name, c, minor, got)
				}
				if !strings.Contains(got, "Subject: ") || !strings.Contains(got, "Message-ID: <") {
					t.Errorf("%s: header fields are missing:\n%s", name, got)
				}
				if n.From != "postmaster@mail.example.com" {
					t.Errorf("from %s", n.From)
				}
			}
		}
	}
}

func bounce(change func(b *notify.Bounce, r *notify.Recip)) *notify.Bounce {
	m := message(rules.Banned, 0)
	tpl, _ := macro.Compile("Subject: x\n\nbody\n")
	b := &notify.Bounce{Settings: notify.Settings{Template: tpl, HdrFrom: "<p@x>", Boundary: "B"}, Message: m, Helo: "h"}
	r := notify.Recip{Recipient: m.Recips[0], Destiny: rules.Bounce}
	change(b, &r)
	b.Rcpts = append(b.Rcpts, r)
	return b
}

func TestWhetherToBounce(t *testing.T) {
	level := 5.0
	for _, c := range []struct {
		name            string
		sent, suppress  bool
		change          func(b *notify.Bounce, r *notify.Recip)
		contains, lacks string
	}{
		{"bounce", true, false, func(*notify.Bounce, *notify.Recip) {}, "Action: failed\n", "Original-"},
		{"temporary", false, false, func(_ *notify.Bounce, r *notify.Recip) { r.Response = "451 4.5.0 later" }, "", ""},
		{"null sender", false, true, func(b *notify.Bounce, _ *notify.Recip) { b.Message.Sender = "" }, "", ""},
		{"notify never", false, true, func(_ *notify.Bounce, r *notify.Recip) { r.Notify = []string{"NEVER"} }, "", ""},
		{"rejected", false, false, func(_ *notify.Bounce, r *notify.Recip) { r.Destiny = rules.Reject }, "", ""},
		{"discarded", false, false, func(_ *notify.Bounce, r *notify.Recip) {
			r.Destiny, r.Response = rules.Discard, "250 2.7.0 Ok, discarded"
		}, "", ""},
		{"fake sender", false, true, func(_ *notify.Bounce, r *notify.Recip) { r.Suppress = "virus" }, "", ""},
		{"cutoff by sender", false, true, func(b *notify.Bounce, _ *notify.Recip) { b.Cutoff = &level }, "", ""},
		{"cutoff by recipient", false, true, func(_ *notify.Bounce, r *notify.Recip) { r.Cutoff = &level }, "", ""},
		{"bulk", false, true, func(b *notify.Bounce, r *notify.Recip) {
			b.Bulk = true
			r.CCats = []rules.CCat{{Major: rules.Banned}}
		}, "", ""},
		{"desktop", false, true, func(b *notify.Bounce, _ *notify.Recip) { b.Fingerprint = "Windows 7" }, "", ""},
		{"success asked for", true, false, func(_ *notify.Bounce, r *notify.Recip) {
			r.Notify, r.Response, r.Done, r.Pass, r.Destiny = []string{"SUCCESS"}, "250 2.0.0 Ok", 2, true, rules.Pass
			r.ORcpt, r.RemoteMTA, r.RemoteReply, r.Final = "rfc822;b+2Bx@y", "mx", "250 Ok", "other@x"
		}, "Original-Recipient: rfc822;b+2Bx@y\nFinal-Recipient: rfc822;bob@example.com\nAction: relayed\nStatus: 2.0.0\nRemote-MTA: dns; mx\nDiagnostic-Code: smtp; 250 Ok\n", ""},
		{"success passed on", false, false, func(b *notify.Bounce, r *notify.Recip) {
			b.PassedOn = true
			r.Notify, r.Response, r.Done, r.Pass = []string{"SUCCESS"}, "250 2.0.0 Ok", 2, true
		}, "", ""},
		{"sender warned", true, false, func(b *notify.Bounce, r *notify.Recip) {
			b.PassedOn = true
			r.WarnSender, r.Response, r.Done = true, "250 2.0.0 Ok", 2
		}, "Action: delayed\n", ""},
		{"envelope id", true, false, func(b *notify.Bounce, r *notify.Recip) { b.EnvID = "a+2Bb" }, "Original-Envelope-Id: a+b\n", ""},
		{"other final address", true, false, func(_ *notify.Bounce, r *notify.Recip) {
			r.RemoteMTA, r.Done, r.Final, r.Response = "mx", 2, "bob@é.test", "554 5.1.1 no"
		}, "X-NextToLast-Final-Recipient: rfc822;bob@example.com\nFinal-Recipient: utf-8;bob@\\x{E9}.test\n", ""},
	} {
		n, suppressed, err := bounce(c.change).Build()
		if err != nil || (n != nil) != c.sent || suppressed != c.suppress {
			t.Errorf("%s: sent %v, suppressed %v, %v", c.name, n != nil, suppressed, err)
			continue
		}
		if n == nil {
			continue
		}
		text := strings.ReplaceAll(string(n.Message), "\r\n", "\n")
		if !strings.Contains(text, c.contains) || c.lacks != "" && strings.Contains(text, c.lacks) {
			t.Errorf("%s:\n%s", c.name, text)
		}
		if n.From != "" || n.To[0] != "alice@sender.test" {
			t.Errorf("%s: envelope %q %q", c.name, n.From, n.To)
		}
	}
	if _, _, err := bounce(func(_ *notify.Bounce, r *notify.Recip) { r.Done = 0 }).Build(); err == nil {
		t.Error("a recipient without an outcome was reported")
	}
	if _, err := notify.Admin(notify.Settings{}, message(rules.Virus, 0), nil); !errors.Is(err, notify.ErrUnsupported) {
		t.Errorf("no template: %v", err)
	}
}

func TestReport(t *testing.T) {
	for _, format := range []string{"attach", "plain", "arf"} {
		m := message(rules.Spam, 0)
		name := "notify_release_templ"
		if format == "arf" {
			name = "notify_report_templ"
		}
		text, _ := notify.Template(name)
		tpl, _ := macro.Compile(text)
		r := &notify.Report{Settings: notify.Settings{Template: tpl, HdrFrom: "<p@x.test>", Boundary: "B"}, Message: m, Format: format, Feedback: "abuse",
			Product: "mavis", To: []string{"bob@example.com"}, Original: []byte("Subject: held\r\n\r\nbody of the mail\r\n")}
		n, err := r.Build()
		if err != nil {
			t.Fatal(err)
		}
		got := string(n.Message)
		if !strings.Contains(got, "\r\nSubject: held\r\n\r\nbody of the mail\r\n") || n.From != "p@x.test" || strings.Count(got, "\r\nTo: <bob@example.com>\r\n") != 1 {
			t.Errorf("%s: from %s\n%s", format, n.From, got)
		}
		if arf := strings.Contains(got, "Feedback-Type: abuse\r\n"); arf != (format == "arf") {
			t.Errorf("%s:\n%s", format, got)
		}
		m.Password = func() string { return "secret" }
		if _, err := r.Build(); (format == "attach") != errors.Is(err, notify.ErrUnsupported) {
			t.Errorf("%s with a password: %v", format, err)
		}
	}
}

func FuzzORcpt(f *testing.F) {
	f.Add("utf-8;a\\x{E9}b@c", true)
	f.Add("rfc822;a+2Bb", false)
	f.Fuzz(func(t *testing.T, s string, smtputf8 bool) {
		notify.DecodeORcpt(s, smtputf8)
		m := message(rules.Banned, 0)
		m.SMTPUTF8, m.Sender = smtputf8, s
		tpl, _ := macro.Compile("Subject: %s\n\n%N\n")
		b := &notify.Bounce{Settings: notify.Settings{Template: tpl, HdrFrom: s, Boundary: "B"}, Message: m, EnvID: s}
		r := notify.Recip{Recipient: m.Recips[0], Destiny: rules.Bounce, ORcpt: s}
		r.Addr, r.Response = s, "554 5.7.0 "+s
		b.Rcpts = []notify.Recip{r}
		if _, _, err := b.Build(); err != nil {
			t.Fatal(err)
		}
	})
}
