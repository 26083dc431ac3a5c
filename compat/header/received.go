package header

import (
	"fmt"
	"regexp"
	"strings"

	"mavis/compat/macro"
	"mavis/compat/macro/facts"
)

// Connection is how the mail came to us, for the Received field.
type Connection struct {
	Helo       string
	ClientIP   string // "" for a Unix socket
	SocketIP   string
	SocketPort int // 0 for a Unix socket
	Protocol   string
	TLSCipher  string
}

var (
	withRE = regexp.MustCompile(`(?i)^(?:SMTP|(?:ES|L|UTF8S|UTF8L)MTPS?A?)$`)
	v6     = regexp.MustCompile(`(?i):[0-9a-f]*:`)
)

// literal is an address as it stands in an address literal (RFC 5321 section 4.1.3).
func literal(ip string) string {
	if v6.MatchString(ip) && !strings.HasPrefix(strings.ToLower(ip), "ipv6:") {
		return "IPv6:" + ip
	}
	return ip
}

// ReceivedBody is the body of our Received field (RFC 5321 section 4.4), with line feeds where it may be folded. With
// several recipients none is named.
func ReceivedBody(s Settings) string {
	c := s.Connection
	local := s.LocalName
	if local == "" {
		local = "localhost"
	}
	if s.Format.SMTPUTF8 {
		local = macro.DomainToUnicode(local)
	} else {
		local = macro.DomainToASCII(local)
	}
	var b strings.Builder
	helo := c.Helo
	if helo == "" {
		helo = "unknown"
	}
	b.WriteString("from " + helo)
	if c.ClientIP != "" {
		b.WriteString(" ([" + literal(c.ClientIP) + "])")
	}
	if c.TLSCipher != "" {
		b.WriteString(" (using TLS with cipher " + c.TLSCipher + ")")
	}
	b.WriteString("\n by " + local)
	if c.SocketIP != "" {
		b.WriteString(" (" + s.host() + " [" + literal(c.SocketIP) + "])")
	}
	product := s.Product
	if product == "" {
		product = "amavis"
	}
	where := "unix socket"
	if c.SocketPort != 0 {
		where = fmt.Sprintf("port %d", c.SocketPort)
	}
	b.WriteString(" (" + product + ", " + where + ")")
	if withRE.MatchString(c.Protocol) {
		b.WriteString("\n with " + c.Protocol)
	}
	if s.MailID != "" {
		b.WriteString("\n id " + s.MailID)
	}
	if len(s.Recipients) == 1 {
		b.WriteString("\n for " + quoteFor(s.Recipients[0], s.Format.SMTPUTF8))
	}
	b.WriteString(";\n " + facts.RFC5322Time(s.Received))
	return b.String()
}

// quoteFor quotes an address; without SMTPUTF8 its domain is in A-labels.
func quoteFor(addr string, smtputf8 bool) string {
	q := facts.Quote(addr)
	if at := strings.LastIndexByte(q, '@'); at >= 0 && !smtputf8 {
		q = q[:at+1] + macro.DomainToASCII(q[at+1:])
	}
	return q
}
