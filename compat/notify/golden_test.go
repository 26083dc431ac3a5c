package notify_test

import (
	"encoding/json"
	"io"
	"mime/quotedprintable"
	"os"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"mavis/compat/macro"
	"mavis/compat/macro/facts"
	"mavis/compat/notify"
	"mavis/engine/mail"
	"mavis/rules"
)

// recorded is a notice of the original, chosen by testdata/from_recording.py. Octets stand as code points 0 to 255.
type recorded struct {
	Name, Kind, Orig, Mail, Boundary, Data string
	Rcpt                                   []string
}

func octets(s string) string {
	var b []byte
	for _, r := range s {
		b = append(b, byte(r))
	}
	return string(b)
}

func parse(s string) []mail.Field {
	var out []mail.Field
	for _, l := range strings.SplitAfter(s, "\n") {
		if l == "" {
			continue
		}
		if len(out) > 0 && (l[0] == ' ' || l[0] == '\t') {
			out[len(out)-1].Raw = append(out[len(out)-1].Raw, l...)
			continue
		}
		name, _, _ := strings.Cut(l, ":")
		out = append(out, mail.Field{Name: name, Raw: []byte(l)})
	}
	return out
}

// soften undoes the soft line ends of quoted-printable text, whose places depend on nothing that counts.
func soften(s string) string { return strings.ReplaceAll(s, "=\n", "") }

// comparable sorts the header fields: the original has no fixed order.
func comparable(s string) string {
	head, body, _ := strings.Cut(s, "\n\n")
	var fields []string
	for _, f := range parse(head + "\n") {
		fields = append(fields, string(f.Raw))
	}
	sort.Strings(fields)
	return strings.Join(fields, "") + "\n" + soften(body)
}

func find(t *testing.T, pattern, s string) []string {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(s)
	if m == nil {
		return make([]string, 9)
	}
	return m
}

// known gathers from the recorded text what went into it.
func (c recorded) known(t *testing.T) (*facts.Message, *notify.Bounce) {
	data := octets(c.Data)
	text := data
	if c.Kind != "recip" || strings.Contains(data, "quoted-printable") {
		raw, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(data)))
		if err == nil && strings.Contains(data, "Content-Transfer-Encoding: quoted-printable") {
			text = string(raw)
		}
	}
	date, err := time.Parse("Mon, _2 Jan 2006 15:04:05 -0700 (MST)", find(t, `(?m)^Date: (.*)$`, data)[1])
	if err != nil {
		t.Fatal(err)
	}
	m := &facts.Message{Hostname: "mail.example.com", Header: parse(octets(c.Orig)), Received: date.UTC(), ClientAddr: "127.0.0.1", PeerAddr: "127.0.0.1", StarChar: "*"}
	m.Sender = find(t, `(?m)^Return-Path: <(.*)>$`, data)[1]
	if m.Sender == "" && c.Kind == "recip" {
		m.Sender = find(t, `from <(\S*)> unsigned`, text)[1]
	}
	m.MailID = find(t, `Message-ID: <(?:VA|VR|SA|DSN)(.{12})@`, data)[1]
	m.LogID = find(t, `reference:? (\d+-\d+)`, text)[1]
	if w := find(t, `(?m)^scanner: (.*)$`, text)[1]; w != "" {
		m.Scanners = []string{w}
	}
	if v := find(t, `scanner output:\n  (.*)\n`, text)[1]; v != "" {
		m.AVOutput = v + "\n"
	}
	if q := find(t, `(?m)^quarantine: (\S+)$|^Held as (\S+)$`, text); q[1]+q[2] != "none" && q[1]+q[2] != "" {
		m.Quarantine = []string{q[1] + q[2]}
	}
	for _, p := range regexp.MustCompile(`(?:problems|bad header):\n((?:  .*\n)+)`).FindAllStringSubmatch(text, -1) {
		for _, l := range strings.Split(strings.TrimSuffix(p[1], "\n"), "\n") {
			m.BadHeaders = append(m.BadHeaders, l[2:])
		}
	}
	minor := map[string]int{"BadHdr8bit": 2, "BadHdrDupl": 8, "BadHdrMime": 1, "BadHdrLong": 5, "MtaRejected": 2, "BadHdr": 0}
	major := map[string]rules.Category{"Banned": rules.Banned, "Virus": rules.Virus, "Spam": rules.Spam, "BadHdr8bit": rules.BadHeader, "BadHdrDupl": rules.BadHeader,
		"BadHdrMime": rules.BadHeader, "BadHdr": rules.BadHeader, "BadHdrLong": rules.BadHeader, "MtaRejected": rules.MTA, "Clean": rules.Clean}
	subject := find(t, `(?s)\nSubject: (.*?)\n[^ ]`, data)[1]
	subject = macro.DecodeWords(strings.ReplaceAll(subject, "\n", ""))
	cat := find(t, `category: (\w+)`, text)[1]
	switch c.Kind {
	case "dsn":
		cat = find(t, `^\w+: (\w+)`, subject)[1]
	case "recip":
		cat = find(t, `^(\w+)`, subject)[1]
	case "spam_admin":
		cat = find(t, `(?m)^(\w+) hits`, text)[1]
	}
	m.CCats = []rules.CCat{{Major: major[cat], Minor: minor[cat]}}
	if blocked := find(t, `blocked for (\w+)`, text)[1]; blocked != "" {
		m.Blocking = &rules.CCat{Major: major[blocked], Minor: minor[blocked]}
	}
	if cat == "Virus" {
		m.Viruses = []string{"Eicar-Test-Signature.UNOFFICIAL"}
	}
	banned := strings.ReplaceAll(find(t, `banned:((?: .+|\n  .+)*)\n(?:return|bad header)`, text)[1], "\n ", "")
	banned = strings.TrimSpace(banned)
	if c.Kind == "dsn" {
		banned = macro.Downgrade(find(t, `BANNED: (.*)`, text)[1])
	}
	if s := find(t, `hits (\S+) `, text)[1]; s != "" && s != "-" {
		v, err := strconv.ParseFloat(s, 64)
		if err != nil {
			t.Fatal(err)
		}
		m.Recips = nil
		defer func() {
			req, _ := strconv.ParseFloat(find(t, `required (\S+)`, text)[1], 64)
			for i := range m.Recips {
				m.Recips[i].Score, m.Recips[i].Tag2Level = &v, &req
				m.Recips[i].CCats = []rules.CCat{{Major: rules.Spammy}}
				m.Recips[i].Tests = strings.Split(find(t, `tests (.*)`, text)[1], ",")
			}
		}()
	}
	m.PeerAddr = "127.0.0.1"
	b := &notify.Bounce{Message: m, Helo: "client.test"}
	for _, p := range regexp.MustCompile(`(?m)^  <(.*?)>$`).FindAllStringSubmatch(text, -1) {
		m.Recips = append(m.Recips, facts.Recipient{Addr: p[1], Pass: true, Done: 2, Response: "250 2.0.0 Ok"})
	}
	for _, p := range regexp.MustCompile(`(?m)^  <(.*?)>:(?: \[(\S+)\] said:)?\n   (.*)$`).FindAllStringSubmatch(text, -1) {
		r := facts.Recipient{Addr: p[1], Done: 1, Response: macro.Downgrade(p[3]), RemoteMTA: p[2], BannedShort: banned}
		if r.RemoteMTA != "" {
			r.Done = 2
			r.RemoteReply = find(t, `Diagnostic-Code: smtp; (.*)`, data)[1]
		}
		m.Recips = append(m.Recips, r)
	}
	if len(m.Recips) == 0 {
		m.Recips = []facts.Recipient{{Addr: c.Rcpt[0], BannedShort: find(t, `, (\S+/\S+) in mail`, subject)[1]}}
	}
	for _, r := range m.Recips {
		destiny := rules.Bounce
		if r.Pass {
			destiny = rules.Pass
		}
		b.Rcpts = append(b.Rcpts, notify.Recip{Recipient: r, Destiny: destiny})
	}
	return m, b
}

func template(t *testing.T, name string) *macro.Template {
	raw, err := os.ReadFile("testdata/" + name + ".templ")
	if err != nil {
		t.Fatal(err)
	}
	tpl, err := macro.Compile(string(raw))
	if err != nil {
		t.Fatal(err)
	}
	return tpl
}

// TestGolden makes notices again that the original made.
func TestGolden(t *testing.T) {
	raw, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []recorded
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.Name+"/"+c.Kind+"/"+c.Rcpt[0], func(t *testing.T) {
			m, b := c.known(t)
			s := notify.Settings{Boundary: c.Boundary, HdrFrom: find(t, `(?m)^From: (.*)$`, c.Data)[1]}
			var n *notify.Notice
			var err error
			switch c.Kind {
			case "recip":
				s.Template = template(t, "recip")
				i := 0
				n, err = notify.Recipient(s, m, i)
			case "dsn":
				s.Template = template(t, "sender")
				b.Settings = s
				n, _, err = b.Build()
			default:
				s.Template = template(t, c.Kind)
				n, err = notify.Admin(s, m, c.Rcpt)
			}
			if err != nil {
				t.Fatal(err)
			}
			if n == nil {
				t.Fatal("no notice")
			}
			got, want := comparable(strings.ReplaceAll(string(n.Message), "\r\n", "\n")), comparable(octets(c.Data))
			if got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			if from := find(t, `FROM:<(.*?)>`, c.Mail)[1]; n.From != from || strings.Join(n.To, ",") != strings.Join(c.Rcpt, ",") {
				t.Errorf("envelope <%s> %v", n.From, n.To)
			}
		})
	}
}
