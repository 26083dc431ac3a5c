package origin

import (
	"net/netip"
	"regexp"
	"strings"

	"mavis/engine/mail"
)

// Hop is one step of a message's way, from a Received field or from the connection.
type Hop struct {
	IP   string // "" when unknown
	Port string
	With string // protocol
	From string
	By   string
}

const maxHops = 100

// Received gives the hops that Received fields tell of, the latest first.
func Received(fields []mail.Field) []Hop {
	var hops []Hop
	for _, f := range fields {
		if strings.EqualFold(f.Name, "Received") {
			hops = append(hops, parseReceived(unfold(Body(f))))
			if len(hops) == maxHops {
				break
			}
		}
	}
	return hops
}

// parseReceived reads the clauses of RFC 5321 section 4.4 loosely. Comments belong to the clause that they follow.
func parseReceived(s string) Hop {
	clause := map[string]*strings.Builder{}
	comment := map[string]*strings.Builder{}
	into := func(m map[string]*strings.Builder, k, text string) {
		if m[k] == nil {
			m[k] = &strings.Builder{}
		}
		m[k].WriteString(text)
	}
	current := ""
	for s != "" {
		if s[0] == '(' {
			n := commentEnd(s)
			into(comment, current, s[1:max(1, n-1)])
			s = s[n:]
			continue
		}
		n := strings.IndexAny(s, " \t(;")
		if n == 0 {
			if s[0] == ';' {
				current = ";"
			}
			into(clause, current, s[:1])
			s = s[1:]
			continue
		}
		if n < 0 {
			n = len(s)
		}
		switch word := strings.ToLower(s[:n]); word {
		case "from", "by", "via", "with", "id", "for":
			current = word
		default:
			into(clause, current, s[:n])
		}
		s = s[n:]
	}
	text := func(m map[string]*strings.Builder, k string) string {
		if m[k] == nil {
			return ""
		}
		return strings.Trim(m[k].String(), " \t")
	}
	h := Hop{From: text(clause, "from"), By: text(clause, "by"), With: text(clause, "with")}
	for _, where := range []string{text(comment, "from"), h.From} {
		if h.IP = addressIn(where); h.IP != "" {
			break
		}
	}
	h.With = notToken.ReplaceAllString(h.With, "_")
	return h
}

func commentEnd(s string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(s)
}

var (
	notToken  = regexp.MustCompile(`[^A-Za-z0-9.+-]`)
	bracketed = regexp.MustCompile(`\[([^\]]{2,60})\]`)
	plainIPv4 = regexp.MustCompile(`(?:^|[^\d.])(\d{1,3}(?:\.\d{1,3}){3})(?:$|[^0-9.])`)
)

// addressIn finds an IP address: an address literal first, else a bare IPv4 address.
func addressIn(s string) string {
	for _, m := range bracketed.FindAllStringSubmatch(s, 20) {
		if ip := Normal(m[1]); ip != "" {
			return ip
		}
	}
	if m := plainIPv4.FindStringSubmatch(s); m != nil {
		return Normal(m[1])
	}
	return ""
}

// Normal brings an address, perhaps an SMTP literal, into its usual form; "" when it is none.
func Normal(s string) string {
	if len(s) > 5 && strings.EqualFold(s[:5], "IPv6:") {
		s = s[5:]
	}
	ip, err := netip.ParseAddr(s)
	if err != nil {
		return ""
	}
	return ip.Unmap().WithZone("").String()
}

// Public says whether an address is one of the open Internet: neither private, local, shared nor multicast (RFC 6890).
func Public(ip string) bool {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return false
	}
	a = a.Unmap()
	if !a.IsValid() || a.IsUnspecified() || a.IsLoopback() || a.IsPrivate() || a.IsMulticast() || a.IsLinkLocalUnicast() {
		return false
	}
	if !a.Is4() {
		return true
	}
	return !sharedSpace.Contains(a) && !reserved.Contains(a)
}

var (
	sharedSpace = netip.MustParsePrefix("100.64.0.0/10")
	reserved    = netip.MustParsePrefix("240.0.0.0/4")
)
