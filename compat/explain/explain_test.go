package explain

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestParseExpect(t *testing.T) {
	got, err := ParseExpect(" destiny=D_PASS, reply=250 2.0.0 Ok, id=1,header=X-Spam-Status: Yes, score=9 ,banks=")
	want := [][2]string{{"destiny", "D_PASS"}, {"reply", "250 2.0.0 Ok, id=1"}, {"header", "X-Spam-Status: Yes"}, {"score", "9"}, {"banks", ""}}
	if err == nil {
		t.Errorf("id= was taken: %v", got)
	}
	got, err = ParseExpect(" destiny=D_PASS, reply=250 2.0.0 Ok, so,header=X-Spam-Status: Yes, score=9 ,banks=")
	want[1][1] = "250 2.0.0 Ok, so"
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v %v", got, err)
	}
	for _, bad := range []string{"destiny", "fate=good", "=x", "destiny=x,,"} {
		if got, err := ParseExpect(bad); err == nil && bad != "destiny=x,," {
			t.Errorf("%q: %v", bad, got)
		}
	}
}

func TestCheck(t *testing.T) {
	a := &Answer{Reply: "250 2.7.0 Ok, discarded", Held: []string{"/q/virus-1"}, Sent: []Sent{{What: "admin", To: []string{"root@x"}}},
		Rcpts: []Rcpt{{Addr: "a@x", Destiny: "D_DISCARD", HeldFor: "virus-quarantine"}, {Addr: "b@x", Destiny: "D_PASS", SendTo: "b@x", Header: []string{"X-Spam-Flag: YES"}}}}
	for expect, want := range map[string]int{
		"reply=250 2.7":               0,
		"reply=550":                   1,
		"held=/q/virus-*":             0,
		"admin=root@x, bounce=none":   0,
		"destiny=D_DISCARD":           1,
		"quarantine=virus-quarantine": 1,
		"delivered=yes":               1,
		"header=X-Spam-Flag":          1,
		"banks=none":                  0,
	} {
		if got, err := a.Check(expect); err != nil || len(got) != want {
			t.Errorf("%s: %v, %v", expect, got, err)
		}
	}
	if got, _ := (&Answer{Reply: "552 too large"}).Check("destiny=D_PASS"); len(got) != 1 || !strings.Contains(got[0].Got, "552") {
		t.Errorf("a refused mail: %v", got)
	}
}

func TestParseSuite(t *testing.T) {
	none := func(string) ([]byte, error) { return nil, errors.New("not there") }
	s, err := ParseSuite([]byte("For people.\nconfig: a.conf\n-- b.conf --\n1;\n-- m.eml --\nSubject: x\n\n-- one --\n# note\nfrom: <>\nto: a@x, <b@x>\nmail: m.eml\nspam-score: 3.5\nexpect: destiny=D_PASS\nexpect: reply=250\n"), "/etc", none)
	if err != nil || len(s.Config) != 1 || s.Config[0] != "/etc/a.conf" || len(s.Files) != 1 || len(s.Cases) != 1 {
		t.Fatalf("%+v %v", s, err)
	}
	if c := s.Cases[0]; c.Name != "one" || c.Case.From != "" || len(c.Case.To) != 2 || c.Case.To[1] != "b@x" || c.Case.Score != 3.5 || string(c.Case.Mail) != "Subject: x\n\n" || c.Expect != "destiny=D_PASS,reply=250" {
		t.Errorf("%+v", c)
	}
	for _, bad := range []string{"", "-- x --\nto: a\n", "-- x --\nexpect: destiny=D_PASS\n", "-- x --\nto a\n", "-- x --\nto: a\nmail: gone.eml\nexpect: destiny=x\n", "-- x --\nto: a\nspam-score: high\nexpect: destiny=x\n"} {
		if s, err := ParseSuite([]byte(bad), "", none); err == nil {
			t.Errorf("%q: %+v", bad, s)
		}
	}
}

func TestParseSample(t *testing.T) {
	got, err := ParseSample("# mails\n\nfrom=<> to=a@x to=b@x spam-score=5 banned=x.exe client-ip=10.0.0.1 port=10026 virus=V\n")
	if err != nil || len(got) != 1 || got[0].From != "" || len(got[0].To) != 2 || got[0].Score != 5 || got[0].Banned[0] != "x.exe" || got[0].Port != "10026" {
		t.Errorf("%+v %v", got, err)
	}
	for _, bad := range []string{"from=a", "to=a fate=x", "to", "to=a spam-score=x"} {
		if got, err := ParseSample(bad); err == nil {
			t.Errorf("%q: %+v", bad, got)
		}
	}
}

func FuzzParseSuite(f *testing.F) {
	f.Add([]byte("config: a\n-- x --\nto: a\nexpect: destiny=D_PASS\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := ParseSuite(text, "/", func(string) ([]byte, error) { return nil, nil })
		if err == nil && len(s.Cases) == 0 {
			t.Error("a suite without cases")
		}
	})
}
