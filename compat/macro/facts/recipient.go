package facts

import (
	"strconv"
	"strings"

	"mavis/compat/macro"
	"mavis/rules"
)

// RecipientMacros are what differs from the message's macros when $log_recip_templ is expanded for recipient i. It goes
// before the message's own table in a macro.Chain.
func (m *Message) RecipientMacros(i int) macro.Map {
	r := m.Recips[i]
	one := m.Recips[i : i+1]
	t := macro.Map{
		".":                        macro.Text(strconv.Itoa(i + 1)),
		"remote_mta":               optional(r.RemoteMTA),
		"smtp_response":            optional(r.Response),
		"remote_mta_smtp_response": optional(r.RemoteReply),
		"D":                        macro.Undef, "O": macro.Undef, "N": macro.Undef,
		"R":                    macro.Text(unquoteAddress(r.Addr)),
		"banned_parts":         macro.List(chopParts(append([]string(nil), r.BannedParts...))...),
		"F":                    optional(r.BannedShort),
		"banning_rule_comment": macro.Undef,
		"banning_rule_rhs":     macro.Undef,
	}
	if r.Delivered() {
		t["D"] = macro.Text(Quote(r.Addr))
	} else {
		t["O"], t["N"] = macro.Text(Quote(r.Addr)), macro.Text(r.Report())
	}
	if r.BannedNotes != nil {
		t["banning_rule_comment"] = macro.List(unique(r.BannedNotes)...)
	}
	if r.BannedRHS != nil {
		t["banning_rule_rhs"] = macro.List(unique(r.BannedRHS)...)
	}
	notify := strings.ToUpper(strings.Join(notifyOrDefault(r.Notify), ","))
	if m.Sender == "" {
		notify = "NEVER"
	}
	t["dsn_notify"] = macro.Text(notify)
	for _, name := range []string{"c", "SCORE", "STARS"} {
		t[name] = macro.Call(func(_ string, a []string) macro.Value { return m.score(name, a, one) })
	}
	for _, name := range []string{"T", "TESTS", "TESTSSCORES"} {
		t[name] = macro.Call(func(_ string, a []string) macro.Value { return m.tests(name, a, r.Tests) })
	}
	shown := func(v *float64) macro.Value {
		if v == nil || r.BypassSpam {
			return macro.Text("x")
		}
		return macro.Text(strconv.FormatFloat(*v, 'g', 15, 64))
	}
	rounded := func(v *float64) macro.Value {
		if v == nil || r.BypassSpam { // the original makes the number 0 of its own mark for no level
			return macro.Text("0")
		}
		return macro.Text(level(v))
	}
	t["3"], t["4"], t["5"] = shown(r.TagLevel), shown(r.Tag2Level), shown(r.KillLevel)
	t["tag_level"], t["kill_level"] = rounded(r.TagLevel), rounded(r.KillLevel)
	t["tag2_level"] = rounded(r.Tag2Level)
	t["REQD"] = t["tag2_level"]
	t["0"] = macro.Text("0")
	if r.Local {
		t["0"] = macro.Text("L")
	}
	t["1"] = macro.Text(yes(r.in(rules.CCat{Major: rules.Clean, Minor: 1})))
	t["2"] = macro.Text(yes(r.in(rules.CCat{Major: rules.Spammy})))
	t["k"] = macro.Text(yes(r.in(rules.CCat{Major: rules.Spam})))
	t["ccat"] = macro.Call(func(_ string, a []string) macro.Value { return m.ccat(a, r.CCats, r.Blocking) })
	return t
}
