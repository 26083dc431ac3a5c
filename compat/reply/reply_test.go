package reply

import (
	"strings"
	"testing"

	"mavis/engine/mail"
	"mavis/rules"
)

// The wanted texts are replies of amavisd 2.13 as recorded.
func TestBlocked(t *testing.T) {
	virus, badh := rules.CCat{Major: rules.Virus}, rules.CCat{Major: rules.BadHeader}
	for _, c := range []struct {
		cat    rules.CCat
		d      rules.Destiny
		soft   bool
		reason string
		want   string
	}{
		{virus, rules.Discard, false, "id=06412-04 - INFECTED: NAME", "250 2.7.0 Ok, discarded, id=06412-04 - INFECTED: NAME"},
		{virus, rules.Reject, false, "id=1 - INFECTED: X", "554 5.7.0 Reject, id=1 - INFECTED: X"},
		{badh, rules.Bounce, false, "id=1 - BAD HEADER", "554 5.6.0 Bounce, id=1 - BAD HEADER"},
		{rules.CCat{Major: rules.BadHeader, Minor: 2}, rules.Reject, false, "", "554 5.6.3 Reject"},
		{rules.CCat{Major: rules.Oversized}, rules.Reject, false, "", "552 5.3.4 Reject"},
		{virus, rules.TempFail, false, "x", "450 4.7.0 Temporary failure, x"},
		{virus, rules.Reject, true, "x", "450 4.7.0 Reject (soft_bounce), x"},
		{virus, rules.Reject, false, strings.Repeat("y", 500), "554 5.7.0 Reject, " + strings.Repeat("y", 450) + "..."},
	} {
		if got := Blocked(c.cat, c.d, c.soft, c.reason); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestFromMTA(t *testing.T) {
	for answer, want := range map[string]string{
		"250 2.0.0 Ok: queued as X":   "250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as X",
		"250 Ok":                      "250 2.6.0 from MTA(smtp:[127.0.0.1]:10025): 250 Ok",
		"550 5.1.1 User unknown":      "550 5.1.1 from MTA(smtp:[127.0.0.1]:10025): 550 5.1.1 User unknown",
		"":                            "451 4.5.0 from MTA(smtp:[127.0.0.1]:10025): No resp. to data-dot",
		"354 what":                    "451 4.5.0 from MTA(smtp:[127.0.0.1]:10025): Bad resp. to data-dot: 354 what",
		"451 try later":               "451 4.6.0 from MTA(smtp:[127.0.0.1]:10025): 451 try later",
		"garbage without a code here": "451 4.5.0 from MTA(smtp:[127.0.0.1]:10025): Bad resp. to data-dot: garbage without a code here",
	} {
		if got := FromMTA("smtp:[127.0.0.1]:10025", answer, ".6.0", "data-dot"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestRelaying(t *testing.T) {
	from := "550 5.1.1 from MTA(smtp:[127.0.0.1]:10025): 550 5.1.1 User unknown"
	for _, c := range []struct {
		d    rules.Destiny
		soft bool
		want string
	}{
		{rules.Reject, false, "550 5.1.1 id=1 - Rejected, from MTA(smtp:[127.0.0.1]:10025): 550 5.1.1 User unknown"},
		{rules.Discard, false, "250 2.1.1 Discarded id=1 - Rejected, from MTA(smtp:[127.0.0.1]:10025): 550 5.1.1 User unknown"},
		{rules.Reject, true, "450 4.1.1 id=1 - Rejected, from MTA(smtp:[127.0.0.1]:10025): 550 5.1.1 User unknown"},
	} {
		if got := Relaying(from, c.d, c.soft, "id=1 - Rejected"); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func rcpt(d rules.Destiny, done mail.Done, reply string) *mail.Recipient {
	return &mail.Recipient{Destiny: d, Done: done, Reply: reply}
}

func TestForAll(t *testing.T) {
	ok := rcpt(rules.Pass, mail.Forwarded, "250 2.0.0 from MTA: queued")
	gone := rcpt(rules.Discard, mail.Settled, "250 2.7.0 Ok, discarded")
	bounce := rcpt(rules.Bounce, mail.Settled, "554 5.7.0 Bounce")
	reject := rcpt(rules.Reject, mail.Settled, "554 5.7.0 Reject")
	hop := rcpt(rules.Reject, mail.Forwarded, "550 5.1.1 from MTA")
	later := rcpt(rules.TempFail, mail.Settled, "451 4.3.0 later")
	for _, c := range []struct {
		name       string
		rcpts      []*mail.Recipient
		lmtp       bool
		suppressed bool
		want       string
		notify     bool
	}{
		{"none", nil, false, false, "250 2.5.0 Ok, id=ID", false},
		{"passed", []*mail.Recipient{ok}, false, false, "250 2.0.0 from MTA: queued", false},
		{"any 4xx wins", []*mail.Recipient{ok, later, reject}, false, false, "451 4.3.0 later", false},
		{"all discarded", []*mail.Recipient{gone, gone}, false, false, "250 2.7.0 Ok, discarded", false},
		{"discard and reject", []*mail.Recipient{gone, reject}, false, false, "554 5.7.0 Reject", false},
		{"the hop's refusal is preferred", []*mail.Recipient{reject, hop}, false, false, "550 5.1.1 from MTA", false},
		{"bounce", []*mail.Recipient{bounce}, false, false, "250 2.5.0 Ok, id=ID, BOUNCE", true},
		{"bounce that is not sent", []*mail.Recipient{bounce}, false, true, "250 2.5.0 Ok, id=ID, DISCARD(bounce.suppressed)", true},
		{"mixed", []*mail.Recipient{ok, reject, gone}, false, false, "250 2.0.0 from MTA: queued, but 1 REJECT, and 1 DISCARD", true},
		{"mixed over LMTP", []*mail.Recipient{ok, reject}, true, false, "250 2.0.0 from MTA: queued, but 1 REJECT", false},
		{"a reply without a code", []*mail.Recipient{rcpt(rules.Pass, mail.Forwarded, "oops")}, false, false, `451 4.5.0 Bad SMTP response code "oops"`, false},
	} {
		text, notify := ForAll(c.rcpts, "ID", c.lmtp, c.suppressed)
		if text != c.want || notify != c.notify {
			t.Errorf("%s: got %q %v, want %q %v", c.name, text, notify, c.want, c.notify)
		}
	}
}
