package origin

import (
	"net/netip"
	"strings"
)

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
