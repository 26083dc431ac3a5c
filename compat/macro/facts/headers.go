package facts

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"mavis/compat/macro"
	"mavis/engine/origin"
)

// headerMacros are about the header section.
func (m *Message) headerMacros(t macro.Map, chars bool) {
	id := func(name string) macro.Value {
		return macro.Lazy(func() macro.Value {
			body, ok := m.field(name, 0)
			if !ok {
				return macro.Undef
			}
			ids := origin.MessageIDs(body)
			if len(ids) == 0 {
				return macro.Undef
			}
			return macro.Text(ids[0])
		})
	}
	t["m"], t["r"] = id("Message-ID"), id("Resent-Message-ID")
	text := func(v macro.Value) macro.Value {
		if chars {
			return v.Map(asText)
		}
		return v
	}
	t["j"] = macro.Lazy(func() macro.Value { return text(m.headerField([]string{"Subject"})) })
	t["header_field"] = macro.Call(func(_ string, a []string) macro.Value { return text(m.headerField(a)) })
	t["HEADER"] = t["header_field"]
	t["header_field_octets"] = macro.Call(func(_ string, a []string) macro.Value { return m.headerField(a) })
	t["useragent"] = macro.Call(func(_ string, a []string) macro.Value { return text(m.userAgent(a)) })
	addresses := func(name string, all bool) macro.Value {
		return macro.Lazy(func() macro.Value { return m.addresses(name, all) })
	}
	t["rfc2822_sender"] = addresses("Sender", false)
	t["rfc2822_from"] = addresses("From", true)
	t["rfc2822_resent_sender"] = addresses("Resent-Sender", true)
	t["rfc2822_resent_from"] = addresses("Resent-From", true)
	t["H"] = macro.Lazy(func() macro.Value {
		var out []string
		for _, f := range m.Header {
			out = append(out, strings.Split(strings.TrimSuffix(strings.ReplaceAll(string(f.Raw), "\r\n", "\n"), "\n"), "\n")...)
		}
		return macro.List(out...)
	})
}

func (m *Message) userAgent(a []string) macro.Value {
	for _, name := range []string{"User-Agent", "X-Mailer"} {
		if _, ok := m.field(name, 0); !ok {
			continue
		}
		body := m.headerField([]string{name}).Str()
		part := ""
		if len(a) > 0 {
			part = strings.ToLower(a[0])
		}
		switch part {
		case "name":
			return macro.Text(name)
		case "body":
			return macro.Text(body)
		}
		return macro.Text(name + ": " + body)
	}
	return macro.Undef
}

// addresses of a header field, quoted; for the Resent fields those of all blocks.
func (m *Message) addresses(name string, all bool) macro.Value {
	var out []string
	found := false
	for j := 0; ; j++ {
		body, ok := m.field(name, j)
		if !ok {
			break
		}
		found = true
		out = append(out, origin.Addresses(body)...)
		if !strings.HasPrefix(name, "Resent-") {
			break
		}
	}
	if !all && found { // the Sender is one or none
		if len(out) == 0 {
			return macro.Text("<>")
		}
		out = out[:1]
	}
	if len(out) == 0 {
		return macro.Undef
	}
	for i, a := range out {
		out[i] = Quote(a)
	}
	return macro.Text(strings.Join(out, ", "))
}

var (
	idFields   = regexp.MustCompile(`(?i)^(?:Message-ID|Resent-Message-ID|In-Reply-To|References)$`)
	foldedLine = regexp.MustCompile(`\n([ \t])`)
	lineEnds   = regexp.MustCompile(`[\r\n]`)
)

// headerField answers [:header_field|name|limit|index]: the unfolded body of a field, the topmost unless an index is
// given.
func (m *Message) headerField(a []string) macro.Value {
	if len(a) == 0 {
		return macro.Undef
	}
	index := 0
	if len(a) > 2 {
		if n, err := strconv.Atoi(a[2]); err == nil {
			index = n
		}
	}
	s, ok := m.field(a[0], index)
	if !ok {
		return macro.Undef
	}
	s = foldedLine.ReplaceAllString(strings.TrimSuffix(s, "\n"), "$1")
	s = strings.TrimRight(strings.TrimLeft(s, " \t"), " \t\n")
	if s != "" && idFields.MatchString(a[0]) {
		s = strings.Join(origin.MessageIDs(s), " ")
	}
	if len(a) > 1 {
		if n, err := strconv.Atoi(strings.TrimSpace(a[1])); err == nil && n > 5 && len(s) > n {
			s = macro.TruncateUTF8(s, n-5) + "[...]"
		}
	}
	return macro.Text(lineEnds.ReplaceAllStringFunc(s, func(c string) string {
		if c == "\r" {
			return `\x{0D}`
		}
		return `\x{0A}`
	}))
}

// asText makes text of a header field that is no UTF-8, octet by octet.
func asText(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return macro.Upgrade(s)
}

// wayMacros are about where the message comes from.
func (m *Message) wayMacros(t macro.Map) {
	var all, public, hops, publicHops []string
	first := ""
	for i, h := range m.Trace {
		ip := h.IP
		if ip == "" {
			ip = "x"
		}
		all = append(all, Sanitize(ip, false))
		if h.Public {
			public = append(public, Sanitize(h.IP, false))
			first = h.IP
		}
		if i == 0 { // the hop to us
			continue
		}
		s := ip
		if h.IP != "" && h.Port != 0 {
			s = "[" + h.IP + "]:" + strconv.Itoa(h.Port)
		}
		if h.With != "" {
			s = h.With + "://" + s
		}
		hops = append(hops, Sanitize(s, false))
		if h.Public {
			publicHops = append(publicHops, Sanitize(s, false))
		}
	}
	t["ip_trace_all"], t["ip_trace_public"] = macro.List(all...), macro.List(public...)
	t["ip_proto_trace_all"], t["ip_proto_trace_public"] = macro.List(hops...), macro.List(publicHops...)
	t["e"] = macro.Text(Sanitize(first, false))
	t["t"] = macro.Lazy(func() macro.Value {
		body, ok := m.field("Received", 0)
		if !ok {
			return macro.Text("")
		}
		return macro.Text(Sanitize(origin.ParseReceived(body).From, false))
	})
	t["protocol"] = macro.Text(m.Protocol)
	t["a"], t["client_addr"] = optional(m.ClientAddr), optional(m.ClientAddr)
	t["client_port"], t["client_addr_port"] = macro.Undef, macro.Undef
	port := ""
	if m.ClientPort != 0 {
		t["client_port"] = macro.Text(strconv.Itoa(m.ClientPort))
		port = ":" + strconv.Itoa(m.ClientPort)
	}
	if m.ClientAddr != "" {
		t["client_addr_port"] = macro.Text("[" + m.ClientAddr + "]" + port)
	}
	t["g"] = macro.Text(Sanitize(m.ClientName, false))
	t["client_helo"] = macro.Text(Sanitize(m.ClientHelo, false))
	t["client_protocol"] = optional(m.ClientProto)
	t["REMOTEHOSTADDR"] = macro.Text(m.PeerAddr)
	t["REMOTEHOSTNAME"] = macro.Text("localhost")
	if m.PeerAddr != "" {
		t["REMOTEHOSTNAME"] = macro.Text("[" + m.PeerAddr + "]")
	}
	var mtas, replies, remote []string
	for _, r := range m.Recips {
		mtas, replies, remote = append(mtas, r.RemoteMTA), append(replies, r.Response), append(remote, r.RemoteReply)
	}
	t["remote_mta"], t["smtp_response"] = uniqueList(mtas), uniqueList(replies)
	t["remote_mta_smtp_response"] = uniqueList(remote)
}

// uniqueList leaves out what is empty.
func uniqueList(in []string) macro.Value {
	var out []string
	for _, s := range unique(in) {
		if s != "" {
			out = append(out, s)
		}
	}
	return macro.List(out...)
}
