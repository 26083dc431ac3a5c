package logline_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"mavis/compat/logline"
	"mavis/compat/macro"
	"mavis/compat/macro/facts"
	"mavis/testdata/peer"
)

var update = flag.Bool("update", false, "record the goldens anew from the original")

type table map[string]any

type lines struct{ Short, Verbose, Recip []string }

// randomTable sets some of the macros that log templates use.
func randomTable(r *rand.Rand) table {
	pick := func(s ...any) any { return s[r.IntN(len(s))] }
	list := func(s ...string) any {
		out := []any{}
		for _, e := range s {
			if r.IntN(2) == 0 {
				out = append(out, e)
			}
		}
		return out
	}
	number := func() any { return string(rune('0' + r.IntN(10))) }
	t := table{
		"D": list("<bob@example.com>", `<"odd bob"@EXAMPLE.com>`), "O": list("<carol@example.com>", "<dave@xn--bcher-kva.example>"),
		"s": pick("<alice@sender.test>", "<>"), "p": pick("", "MYNETS", "A/B"), "a": pick(nil, "192.0.2.1"),
		"client_addr_port": pick("[192.0.2.1]:40000", "[192.0.2.1]"), "l": pick(nil, "1"), "e": pick("", "203.0.113.9"),
		"actions_performed": pick("RelayedInbound", "BouncedInbound,Quarantined", ""), "F": pick("application/x,.exe", nil, "rule:a|b]"),
		"V": list("Eicar", "Other (x)"), "q": list("virus-1", "a/b"), "Q": pick(nil, "4ABC", "0"), "m": pick(nil, "<id@x>"),
		"r": pick(nil, "<r@x>"), "i": pick("AbCdEfGhIjKl", ""), "SCORE": pick("-", "-0.002", "12.3", "1..5"), "c": pick("-", "3"),
		"z": "255", "y": "136", "partition_tag": pick("0", "", "47", "1"), "T": list("A=1", "B=0.2"),
		"remote_mta_smtp_response": list("250 2.0.0 Ok: queued as 4XyZ", "250 2.0.0 fine", "250 2.0.0 from MTA: queued as Q1"),
		"client_protocol":          pick("ESMTP", nil), "protocol": pick("ESMTP", "LMTP"),
		"ip_proto_trace_public": list("ESMTP://192.0.2.7", "SMTP://[192.0.2.9]:25"), "tls_in": pick(nil, "TLS_AES_256"),
		"body_digest": "0123456789abcdef", "rfc2822_from": pick(nil, "<a@b.c>", "<a@b.c>, <d@E.f>"),
		"client_helo": pick("", "client.test"), "banning_rule_key": list("(?^i:x)", "k2"), "banning_rule_comment": list("c1"),
		"banning_rule_rhs": list("1"), "banned_parts_as_attr": list("P=p003,L=1,M=multipart/mixed | P=p002", "P=p9"),
		"tag_level": "2", "tag2_level": "6.2", "kill_level": "6.9", "0": pick("L", "0"), "1": pick("Y", "0"), "2": pick("Y", "0"), "k": "0",
		"dkim|author": pick("", "d.test"), "dkim|sig_sd": pick("", "s:d.test,t:e.test"), "dkim|newsig_sd": pick("", "n:d.test"),
		"dkim|identity": pick("", "@d.test"), "useragent|name": pick(nil, "X-Mailer"), "useragent|body": "Mutt 1.2  (odd)",
		"header_field_octets|Subject": pick(nil, "plain", `=?utf-8?Q?caf=C3=A9?= "x"`, strings.Repeat("long ", 40)),
		"supplementary_info|SCTYPE":   pick(nil, "ham"), "supplementary_info|AUTOLEARN": pick(nil, "no", "spam"),
		"supplementary_info|AUTOLEARNSCORE": pick(nil, "1.5"), "supplementary_info|LANGUAGES": pick(nil, "en de"),
		"supplementary_info|RELAYCOUNTRY": pick(nil, "SI US"), "supplementary_info|ASN": pick(nil, "AS1"), "supplementary_info|ASNCIDR": pick(nil, "10.0.0.0/8"),
		"rusage|ru_maxrss": pick(nil, "1000"),
		"ccat|major":       number(), "ccat|major|blocking": number(), "ccat|minor": pick("0", "1", "2", "8"),
	}
	t["ccat|major|"] = t["ccat|major"]
	return t
}

func (t table) macros() macro.Lookup {
	m := macro.Map{}
	calls := map[string]map[string]string{}
	for key, v := range t {
		name, args, isCall := strings.Cut(key, "|")
		if isCall {
			if calls[name] == nil {
				calls[name] = map[string]string{}
			}
			calls[name][args], _ = v.(string)
			continue
		}
		switch v := v.(type) {
		case string:
			m[name] = macro.Text(v)
		case []any:
			l := make([]string, len(v))
			for i := range v {
				l[i] = v[i].(string)
			}
			m[name] = macro.List(l...)
		default:
			m[name] = macro.Undef
		}
	}
	for name, of := range calls {
		m[name] = macro.Call(func(_ string, a []string) macro.Value {
			format := ""
			if name == "supplementary_info" && len(a) > 1 {
				a, format = a[:1], a[1]
			}
			v := of[strings.Join(a, "|")]
			if v != "" && format != "" {
				v = macro.Sprintf(format, []string{v})
			}
			return macro.Text(v)
		})
	}
	return macro.Chain{m, macro.Builtins(false)}
}

func expandAll(t *testing.T, in table) lines {
	one := func(text string) []string {
		tpl, err := macro.Compile(text)
		if err != nil {
			t.Fatal(err)
		}
		s, err := tpl.Expand(in.macros())
		if err != nil {
			t.Fatal(err)
		}
		return logline.SplitLines(s)
	}
	return lines{one(logline.Short()), one(logline.Verbose()), one(logline.Recip())}
}

func ask(t *testing.T, in []table) []lines {
	perl := peer.Need(t, "perl")
	if _, err := os.Stat("/usr/share/perl5/Amavis/Expand.pm"); err != nil {
		peer.Missing(t, "amavisd-new is not installed")
	}
	raw, _ := json.Marshal(in)
	cmd := exec.Command(perl, "-T", "testdata/record.pl")
	cmd.Stdin = bytes.NewReader(raw)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("the original: %v", err)
	}
	var results []lines
	if err := json.Unmarshal(out, &results); err != nil {
		t.Fatal(err)
	}
	return results
}

func compare(t *testing.T, in table, want lines) {
	t.Helper()
	got := expandAll(t, in)
	for _, c := range []struct {
		name      string
		got, want []string
	}{{"short", got.Short, want.Short}, {"verbose", got.Verbose, want.Verbose}, {"recip", got.Recip, want.Recip}} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%s\n got %q\nwant %q", c.name, c.got, c.want)
		}
	}
}

// TestGolden holds the built-in templates against what the original's expand to. It is recorded anew by
// go test ./compat/logline -run Golden -update, with amavisd-new installed.
func TestGolden(t *testing.T) {
	type golden struct {
		Table table
		Lines lines
	}
	const file = "testdata/golden.json"
	if *update {
		r := rand.New(rand.NewPCG(5, 5))
		var in []table
		for range 20 {
			in = append(in, randomTable(r))
		}
		var gs []golden
		for i, l := range ask(t, in) {
			gs = append(gs, golden{in[i], l})
		}
		raw, _ := json.MarshalIndent(gs, "", " ")
		if err := os.WriteFile(file, append(raw, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var gs []golden
	if err := json.Unmarshal(raw, &gs); err != nil {
		t.Fatal(err)
	}
	for _, g := range gs {
		compare(t, g.Table, g.Lines)
	}
}

// TestAgainstOriginal asks the installed original about other tables.
func TestAgainstOriginal(t *testing.T) {
	r := rand.New(rand.NewPCG(uint64(os.Getpid()), 2))
	var in []table
	for range 60 {
		in = append(in, randomTable(r))
	}
	for i, want := range ask(t, in) {
		compare(t, in[i], want)
	}
}

func BenchmarkEntries(b *testing.B) {
	short, _ := macro.Compile(logline.Short())
	recip, _ := macro.Compile(logline.Recip())
	m := &facts.Message{Sender: "a@b.c", MailID: "AbCdEfGhIjKl", Actions: []string{"RelayedInbound"},
		Recips: []facts.Recipient{{Addr: "d@e.f", Pass: true, Done: 2, Response: "250 2.0.0 Ok", RemoteReply: "250 2.0.0 Ok: queued as ABC"}}}
	for b.Loop() {
		if _, err := logline.Entries(short, recip, m); err != nil {
			b.Fatal(err)
		}
	}
}
