package facts

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"mavis/compat/macro"
	"mavis/rules"
)

// Macros is the table for the message as a whole. In chars mode, for notices, values are UTF-8 text, or octets in the
// form of macro.Upgrade where the original has octets; otherwise all are octets.
// What a notice adds (f, T, C, B) goes before it in a macro.Chain.
func (m *Message) Macros(chars bool) macro.Lookup {
	t := make(macro.Map, 128)
	m.plainMacros(t)
	m.scanMacros(t)
	m.wayMacros(t)
	m.headerMacros(t, chars)
	for name, f := range map[string]func(args []string) macro.Value{
		"ccat":        func(a []string) macro.Value { return m.ccat(a, m.CCats, m.Blocking) },
		"c":           func([]string) macro.Value { return m.score("c", nil, m.Recips) },
		"SCORE":       func(a []string) macro.Value { return m.score("SCORE", a, m.Recips) },
		"STARS":       func(a []string) macro.Value { return m.score("STARS", a, m.Recips) },
		"TESTS":       func(a []string) macro.Value { return m.tests("TESTS", a, m.allTests()) },
		"TESTSSCORES": func(a []string) macro.Value { return m.tests("TESTSSCORES", a, m.allTests()) },
		"dkim":        m.dkim,
		"report_json": func(a []string) macro.Value {
			if m.ReportJSON == nil {
				return macro.Undef
			}
			return macro.Text(m.ReportJSON(a))
		},
		"supplementary_info": m.supplementary,
		"rusage": func(a []string) macro.Value {
			if m.Usage == nil || len(a) == 0 {
				return macro.Text("")
			}
			return macro.Text(m.Usage(a[0]))
		},
	} {
		t[name] = macro.Call(func(_ string, a []string) macro.Value { return f(a) })
	}
	if chars {
		for _, name := range octetMacros {
			t[name] = upgraded(t[name])
		}
	}
	return macro.Chain{t, macro.Builtins(chars)}
}

// octetMacros are octets in the original even where templates are text.
var octetMacros = []string{"s", "S", "o", "R", "D", "O", "N", "m", "r", "rfc2822_sender", "rfc2822_from", "rfc2822_resent_sender",
	"rfc2822_resent_from", "header_field_octets", "body_digest", "v", "V", "X", "H", "A", "SUMMARY", "REPORT", "t", "g", "client_helo",
	"remote_mta", "smtp_response", "remote_mta_smtp_response", "q"}

// upgraded gives octets as text.
func upgraded(v macro.Value) macro.Value {
	return macro.Call(func(name string, args []string) macro.Value {
		for i := range args {
			args[i] = macro.Downgrade(args[i])
		}
		return v.Call(name, args).Map(macro.Upgrade)
	})
}

func lazy(f func() string) macro.Value {
	return macro.Lazy(func() macro.Value { return macro.Text(f()) })
}

// optional is undefined when empty.
func optional(s string) macro.Value {
	if s == "" {
		return macro.Undef
	}
	return macro.Text(s)
}

func (m *Message) plainMacros(t macro.Map) {
	set := func(v macro.Value, names ...string) {
		for _, n := range names {
			t[n] = v
		}
	}
	set(macro.Undef, ".")
	set(macro.Text(m.PolicyBank), "p")
	local := m.Received
	set(lazy(func() string { return RFC5322Time(local) }), "d", "DATE", "date_rfc2822_local")
	set(lazy(func() string { return local.UTC().Format("20060102T150405Z") }), "U", "date_iso8601_utc")
	set(lazy(func() string { return local.Format("20060102T150405-0700") }), "date_iso8601_local")
	set(lazy(func() string { return fmt.Sprintf("%010d", local.Unix()) }), "u", "date_unix_utc")
	set(lazy(func() string { _, w := local.ISOWeek(); return strconv.Itoa(w) }), "week_iso8601")
	set(lazy(func() string { return strconv.Itoa((int(local.Weekday())+6)%7 + 1) }), "weekday")
	set(lazy(func() string {
		if m.Elapsed == nil {
			return "0"
		}
		return fmt.Sprintf("%.0f", float64(m.Elapsed())/float64(time.Millisecond))
	}), "y")
	host := macro.DomainToASCII(m.Hostname)
	if m.SMTPUTF8 {
		host = macro.DomainToUnicode(m.Hostname)
	}
	set(macro.Text(host), "h")
	set(macro.Text(macro.DomainToUnicode(m.Hostname)), "HOSTNAME")
	set(macro.Bool(m.Originating), "l")
	set(macro.Text(Quote(m.Sender)), "s", "S")
	set(macro.Text(Sanitize(unquoteAddress(m.Sender), false)), "o")
	var all []string
	for _, r := range m.Recips {
		all = append(all, unquoteAddress(r.Addr))
	}
	set(macro.List(all...), "R")
	d, o, n := m.split()
	set(macro.List(d...), "D")
	set(macro.List(o...), "O")
	set(macro.List(n...), "N")
	set(macro.Text(strings.Join(m.Actions, ",")), "actions_performed")
	set(optional(m.QueueID), "Q")
	set(macro.Text(m.LogID), "n", "log_id", "LOGID")
	set(macro.Text(m.MailID), "i", "mail_id", "MAILID")
	set(macro.Text(m.SecretID), "secret_id")
	set(optional(m.ParentMailID), "parent_mail_id")
	set(macro.Text(m.PartitionTag), "P", "partition_tag")
	set(optional(m.BodyDigest), "b")
	set(lazy(func() string { b, _ := hex.DecodeString(m.BodyDigest); return string(b) }), "body_digest")
	set(macro.Text(strconv.FormatInt(m.Size, 10)), "z")
	set(m.quarantine(), "q")
	set(lazy(m.domains), "log_domains")
	set(lazy(m.dsnNotify), "dsn_notify")
	set(lazy(func() string {
		if m.Password == nil {
			return ""
		}
		return m.Password()
	}), "attachment_password")
	ccat := func(attr string) macro.Value {
		return macro.Lazy(func() macro.Value { return m.ccat([]string{attr}, m.CCats, m.Blocking) })
	}
	set(ccat("major"), "ccat_maj")
	set(ccat("minor"), "ccat_min")
	set(ccat("name"), "ccat_name")
	set(optional(m.ReportFormat), "report_format")
	set(optional(m.FeedbackType), "feedback_type")
	set(optional(m.TLSCipher), "tls_in")
}

func (m *Message) quarantine() macro.Value {
	if m.Quarantine == nil {
		return macro.Undef
	}
	places := make([]string, len(m.Quarantine))
	for i, q := range m.Quarantine {
		places[i] = q
		if m.QuarantineDir != "" {
			places[i] = strings.TrimPrefix(q, m.QuarantineDir+"/")
		}
	}
	return macro.List(places...)
}

// domains are the domains of local recipients, or EXT.
func (m *Message) domains() string {
	set := map[string]bool{}
	for _, r := range m.Recips {
		if r.Local {
			set[Domain(r.Addr)] = true
		} else {
			set["EXT"] = true
		}
	}
	return strings.Join(sortedKeys(set), ",")
}

func (m *Message) dsnNotify() string {
	if m.Sender == "" {
		return "NEVER"
	}
	set := map[string]bool{}
	for _, r := range m.Recips {
		for _, n := range notifyOrDefault(r.Notify) {
			set[strings.ToUpper(n)] = true
		}
	}
	return strings.Join(sortedKeys(set), ",")
}

func notifyOrDefault(n []string) []string {
	if n == nil {
		return []string{"FAILURE"}
	}
	return n
}

// ccat answers [:ccat|attribute|main or blocking].
func (m *Message) ccat(a []string, cats []rules.CCat, blocking *rules.CCat) macro.Value {
	attr, which := "", ""
	if len(a) > 0 {
		attr = strings.ToLower(a[0])
	}
	if len(a) > 1 {
		which = strings.ToLower(a[1])
	}
	switch attr {
	case "is_blocking":
		return flag(blocking != nil)
	case "is_nonblocking":
		return flag(blocking == nil)
	case "is_blocked_by_nonmain":
		return flag(blocking != nil && len(cats) > 0 && *blocking != cats[0])
	case "name":
		if blocking == nil && which == "blocking" {
			return macro.Undef
		}
		if blocking != nil && which != "main" {
			cats = []rules.CCat{*blocking}
		}
		return macro.Text(m.displayName(cats))
	}
	var c rules.CCat
	known := true
	switch {
	case blocking != nil && which != "main":
		c = *blocking
	case len(cats) > 0 && which != "blocking":
		c = cats[0]
	default:
		known = false
	}
	switch attr {
	case "major":
		if !known {
			return macro.Undef
		}
		return macro.Text(strconv.Itoa(int(c.Major)))
	case "minor":
		return macro.Text(strconv.Itoa(c.Minor))
	}
	return macro.Text(fmt.Sprintf("(%d,%d)", c.Major, c.Minor))
}

func flag(b bool) macro.Value {
	if b {
		return macro.Text("1")
	}
	return macro.Text("")
}

// RFC5322Time is a date for header fields, with the zone's name in a comment.
func RFC5322Time(t time.Time) string {
	s := t.Format("Mon, _2 Jan 2006 15:04:05 -0700")
	if zone, _ := t.Zone(); zone != "" && zone[0] != '+' && zone[0] != '-' {
		s += " (" + zone + ")"
	}
	return s
}

// Sanitize shows control characters, DEL and backslash as escapes; keepLF leaves line feeds alone.
func Sanitize(s string, keepLF bool) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\n' && keepLF:
			b.WriteByte(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\r':
			b.WriteString(`\r`)
		case c == '\t':
			b.WriteString(`\t`)
		case c == '\\':
			b.WriteString(`\\`)
		case c < ' ' || c == 0x7f:
			fmt.Fprintf(&b, `\x%02X`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// unquoteAddress is the internal form of an address: without quotes.
func unquoteAddress(addr string) string {
	local, domain := splitAddress(addr)
	plain := unquote(local)
	if domain == "" && strings.Contains(plain, "@") {
		domain = "@"
	}
	return plain + domain
}
