package origin

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"mavis/engine/mail"
)

const maxHops = 100 // Received fields that are looked at

// Hop is one step of a message's way, from a Received field or from what the connection says.
type Hop struct {
	IP     string
	Port   int
	With   string // protocol
	From   string // what stands after "from", with comments
	Public bool   // see Public
}

// Trace gives the way of a message, latest hop first: the connection to us, the client told by the MTA unless the
// topmost Received field tells it, and the Received fields.
func Trace(header []mail.Field, peer, client Hop) []Hop {
	var hops []Hop
	for _, f := range header {
		if strings.EqualFold(f.Name, "Received") {
			if hops = append(hops, ParseReceived(Body(f))); len(hops) == maxHops {
				break
			}
		}
	}
	if client.IP != "" {
		switch {
		case len(hops) == 0 || !strings.EqualFold(hops[0].IP, client.IP):
			hops = append([]Hop{client}, hops...)
		case hops[0].Port == 0:
			hops[0].Port = client.Port
		}
	}
	hops = append([]Hop{peer}, hops...)
	for i := range hops {
		h := &hops[i]
		h.Public = Public(h.IP)
		h.With = strings.Map(func(r rune) rune {
			if r == '.' || r == '+' || r == '-' || r >= '0' && r <= '9' || r|0x20 >= 'a' && r|0x20 <= 'z' {
				return r
			}
			return '_'
		}, h.With)
	}
	return hops
}

var (
	v4InBrackets = regexp.MustCompile(`\[(\d{1,3}(?:\.\d{1,3}){3})(?:\.\d{4,5})?\]`)
	v6InBrackets = regexp.MustCompile(`(?i)\[((?:IPv6:)?[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){1,7}(?::\d{1,3}(?:\.\d{1,3}){3})?(?:%[A-Z0-9_-]+)?)\]`)
	v4Bare       = regexp.MustCompile(`(?:^|\D)(\d{1,3}(?:\.\d{1,3}){3})(?:[^0-9.]|$)`)
	tcpDomain    = regexp.MustCompile(`^(?:localhost|(?:[\x{80}-\x{10ffff}a-zA-Z0-9_/+-]{1,63}\.)+[\x{80}-\x{10ffff}a-zA-Z0-9-]{2,})`)
)

// ParseReceived reads a Received field body (RFC 5321 section 4.4): the client's address, the protocol, the from clause.
func ParseReceived(body string) Hop {
	c := receivedClauses(body)
	var h Hop
	h.With = c["with"]
	tcp, comment := c["from-tcp"], c["from-com"]
	if tcp != "" && !v4InBrackets.MatchString(tcp) && !v6InBrackets.MatchString(tcp) && !tcpDomain.MatchString(tcp) {
		tcp, comment = "", strings.TrimSpace(tcp+" "+comment)
	}
	for _, s := range []string{tcp, c["from"], comment} {
		if h.IP = fishIP(s); h.IP != "" {
			break
		}
	}
	if _, ok := c["from"]; ok {
		var parts []string
		for _, s := range []string{c["from"], tcp, comment} {
			if s != "" && !slices.Contains(parts, s) {
				parts = append(parts, s)
			}
		}
		h.From = strings.Join(parts, " ")
	}
	return h
}

func fishIP(s string) string {
	m := v4InBrackets.FindStringSubmatch(s)
	if m == nil && strings.Count(s, ":") >= 2 {
		m = v6InBrackets.FindStringSubmatch(s)
	} else if m == nil {
		m = v4Bare.FindStringSubmatch(s)
	}
	if m == nil {
		return ""
	}
	ip := m[1]
	if len(ip) > 5 && strings.EqualFold(ip[:5], "IPv6:") {
		ip = ip[5:]
	}
	if a, err := netip.ParseAddr(ip); err == nil {
		return a.Unmap().String()
	}
	return strings.ToLower(ip)
}

// receivedClauses cuts the body at its key words. The first comment after the name of from is from-tcp, others from-com.
func receivedClauses(s string) map[string]string {
	found := map[string]*strings.Builder{}
	clause := func(k string) *strings.Builder {
		if found[k] == nil {
			found[k] = &strings.Builder{}
		}
		return found[k]
	}
	key, tcpSeen := "", false
	add := func(k, v string) {
		b := clause(k)
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(v)
	}
scan:
	for s = withoutLineEnds(s); s != ""; {
		switch c := s[0]; {
		case c == ' ' || c == '\t':
			s = s[1:]
			continue
		case c == ';':
			break scan
		case c == '(':
			n := commentLen(s)
			text := strings.Trim(strings.TrimSuffix(s[1:n], ")"), " \t")
			s = s[n:]
			if (key == "from" || key == "by") && !tcpSeen {
				add(key+"-tcp", text)
				tcpSeen = true
			} else {
				add(key+"-com", text)
			}
			continue
		}
		n := 0
		for n < len(s) && strings.IndexByte(" \t(;", s[n]) < 0 {
			switch s[n] {
			case '"':
				n += quotedLen(s[n:], '"')
			case '[':
				n += quotedLen(s[n:], ']')
			default:
				n++
			}
		}
		word := s[:n]
		s = s[n:]
		switch k := strings.ToLower(word); k {
		case "from", "by", "via", "with", "id", "for":
			key, tcpSeen = k, false
			clause(k)
		default:
			add(key, word)
		}
	}
	out := make(map[string]string, len(found))
	for k, b := range found {
		out[k] = b.String()
	}
	return out
}
