package header_test

import (
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"mavis/compat/header"
	"mavis/engine/mail"
	"mavis/rules"
)

// recorded is a case of testdata/golden.json, made by testdata/from_recording.py from recordings of the original.
// Octets stand as code points 0 to 255.
type recorded struct {
	Name, Kind, Orig, Helo, Client, Host, Proto, ID, For, Date, Hold, Config, Tag, Line, Flag string
	Port                                                                                      int
	Quarantined, Modified                                                                     bool
	Alerts, Tests                                                                             []string
	Score, XScore, Autolearn, Subject, Rcpt, Sender                                           string
	TaggedAbove                                                                               string `json:"tagged_above"`
	Required                                                                                  string
	TagL                                                                                      string `json:"tag_"`
	Tag2, Kill                                                                                string
	To, Blocked                                                                               []string
	Want                                                                                      string
}

func octets(s string) string {
	var b []byte
	for _, r := range s {
		b = append(b, byte(r))
	}
	return string(b)
}

// parse cuts a header section into fields.
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
		name, _, ok := strings.Cut(l, ":")
		if !ok {
			name = ""
		}
		out = append(out, mail.Field{Name: name, Raw: []byte(l)})
	}
	return out
}

func number(s string) *float64 {
	if s == "" || s == "x" {
		return nil
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return nil
	}
	return &v
}

func (c recorded) inputs(t *testing.T) (header.Settings, header.Recipient) {
	date, err := time.Parse("Mon, _2 Jan 2006 15:04:05 -0700 (MST)", c.Date)
	if err != nil {
		t.Fatal(err)
	}
	s := header.Settings{
		Hostname: c.Host, Tag: c.Tag, Line: c.Line, StarChar: "*", RemoveScanned: true, VirusCode: true, SpamCode: true, VerifyDKIM: true,
		MailID: c.ID, Received: date.UTC(), Hold: c.Hold, Quarantined: c.Quarantined,
		Header:        parse(octets(c.Orig)),
		Connection:    header.Connection{Helo: c.Helo, ClientIP: c.Client, SocketIP: "127.0.0.1", SocketPort: c.Port, Protocol: c.Proto},
		Recipients:    []string{strings.Trim(c.For, "<>")},
		Supplementary: map[string]string{"AUTOLEARN": c.Autolearn},
	}
	if c.For == "" {
		s.Recipients = []string{"a@b", "c@d"}
	}
	r := header.Recipient{Forwarded: true, RemoveSpam: true}
	r.Local = c.Flag != "" || c.Quarantined || c.Config != "seed"
	r.Score = number(c.Score)
	r.Tests = c.Tests
	r.TagLevel, r.Tag2Level = number(c.TaggedAbove), number(c.Required)
	if c.Flag != "" && (c.Score != "x" || number(c.TagL) != nil) {
		r.CCats = append(r.CCats, rules.CCat{Major: rules.Clean, Minor: 1})
	}
	if c.Flag == "YES" {
		r.CCats = append(r.CCats, rules.CCat{Major: rules.Spammy})
	}
	for _, a := range c.Alerts {
		a = strings.ReplaceAll(octets(a), "\xc0\x80", "\x00")
		if text, ok := strings.CutPrefix(a, "INFECTED, message contains virus: "); ok {
			s.Viruses = strings.Split(text, ", ")
			r.CCats = append(r.CCats, rules.CCat{Major: rules.Virus})
		} else if text, ok := strings.CutPrefix(a, "BANNED, message contains "); ok {
			r.BannedShort = text
			r.CCats = append(r.CCats, rules.CCat{Major: rules.Banned})
		} else if text, ok := strings.CutPrefix(a, "BAD HEADER SECTION, "); ok {
			s.BadHeaders = []string{text}
			r.CCats = append(r.CCats, rules.CCat{Major: rules.BadHeader})
		}
	}
	if c.Modified {
		r.Mangled = "1"
	}
	for prefix, tag := range map[string]string{"***SPAM*** ": "***SPAM*** ", "[spam ": "[spam _SCORE_ of _REQD_] ", "[maybe] ": "[maybe] ",
		"[unchecked] ": "[unchecked] ", "***INFECTED*** ": "***INFECTED*** ", "***UNCHECKED*** ": "***UNCHECKED*** ", "*** SPAM *** ": "*** SPAM *** "} {
		if strings.HasPrefix(c.Subject, strings.TrimSpace(prefix)) && !strings.Contains(c.Orig, "Subject: "+prefix) {
			r.SubjectTag = tag
		}
	}
	return s, r
}

// TestGolden makes header sections again that the original made.
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
		t.Run(c.Name+"/"+c.Kind, func(t *testing.T) {
			s, r := c.inputs(t)
			repair := header.Repair{BareCR: true, Folding: true, Long: true}
			var e *header.Edits
			if c.Kind == "forward" {
				e, _ = header.Forward(s, r)
			} else {
				s.Sender = strings.Trim(c.Sender, "<>")
				r.TagLevel, r.Tag2Level, r.KillLevel = number(c.TagL), number(c.Tag2), number(c.Kill)
				var all []header.Recipient
				for _, to := range c.To {
					one := r
					one.Recipient = r.Recipient
					one.Addr = strings.Trim(to, "<>")
					for _, b := range c.Blocked {
						if b == to {
							one.Done = 1
						}
					}
					all = append(all, one)
				}
				e = header.Quarantine(s, all)
				repair = header.Repair{}
			}
			// Over SMTP the original sends NUL octets as C0 80: that is up to who sends it.
			c.Want = strings.ReplaceAll(c.Want, "\u00c0\u0080", "\x00")
			got := strings.ReplaceAll(string(header.Apply(s.Header, e, repair).Header), "\r\n", "\n")
			if got != octets(c.Want) {
				t.Errorf("got\n%s\nwant\n%s", got, octets(c.Want))
			}
		})
	}
}
