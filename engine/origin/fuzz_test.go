package origin

import (
	"strings"
	"testing"

	"mavis/engine/mail"
)

// FuzzFields reads any octets as each of the fields that this package takes apart.
func FuzzFields(f *testing.F) {
	for _, s := range []string{
		" Alice (x (y)) <alice@sender.test>, friends: a@b.c, \"D, J\" <j@d.test>;",
		" from mx (mx.sender.test [192.0.2.25])\r\n\tby mail (Postfix) with ESMTP id 4ABC;\r\n\tMon, 20 Feb 2006 10:00:00 +0100",
		" from v6 ([IPv6:2001:db8::1]) by h with SMTP; date",
		" <a@b> \"x y\"@z <[q]@[1.2.3.4]>", " The list <l.example.org>", " auto-replied (rejected)",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, a := range Addresses(s) {
			if a == "" {
				t.Error("an empty address")
			}
		}
		h := ParseReceived(s)
		Public(h.IP)
		n := 0
		for _, id := range MessageIDs(s) {
			n += len(id)
		}
		if n > len(s)+2 { // a body without any id becomes one
			t.Errorf("%d bytes of identifiers out of %d", n, len(s))
		}
		var all []mail.Field
		for _, name := range []string{"Received", "From", "List-Id", "List-Post", "Precedence", "Auto-Submitted", "Resent-From", "Resent-To", "X-Loop"} {
			all = append(all, mail.Field{Name: name, Raw: []byte(name + ":" + s)})
		}
		Trace(all, Hop{}, Hop{})
		Resent(all)
		Classify(all, s, s)
		if strings.ContainsAny(Normal(s), " \n") && !strings.ContainsAny(s, " \n") {
			t.Error("white space out of nothing")
		}
	})
}
