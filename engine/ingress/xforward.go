package ingress

import (
	"strings"

	"mavis/engine/mail"
)

// xforward is what XFORWARD said since the last transaction (Postfix XFORWARD_README).
type xforward map[string]string

// parse takes the arguments of one XFORWARD in; values of a later command replace those of an earlier one.
func (x xforward) parse(args string) *Reply {
	for word := range strings.FieldsSeq(args) {
		name, value, has := strings.Cut(word, "=")
		if !has || !isKeyword(name) || !xforwardValue(value) {
			return syntax("Syntax error in XFORWARD parameters")
		}
		switch name = strings.ToUpper(name); name {
		case "NAME", "ADDR", "PORT", "PROTO", "HELO", "IDENT", "SOURCE", "LOGIN":
		default:
			return syntax("XFORWARD command parameter error: " + name + "=" + value)
		}
		if strings.EqualFold(value, "[UNAVAILABLE]") {
			value = ""
		}
		x[name] = xtextDecode(value)
	}
	return nil
}

func xforwardValue(s string) bool {
	if len(s) > 255 {
		return false
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] == 0x7f {
			return false
		}
	}
	return true
}

// xtextDecode undoes +XX (RFC 3461 section 4). A control character that comes out becomes a question mark: these values
// end up in header fields and log lines.
func xtextDecode(s string) string {
	if !strings.Contains(s, "+") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '+' && i+2 < len(s) && hexDigit(s[i+1]) >= 0 && hexDigit(s[i+2]) >= 0 {
			c = byte(hexDigit(s[i+1])<<4 | hexDigit(s[i+2]))
			i += 2
		}
		if c < ' ' || c == 0x7f {
			c = '?'
		}
		b.WriteByte(c)
	}
	return b.String()
}

// visible puts a question mark in place of each control character, for the same reason: a bare CR or LF does not end a command.
func visible(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c < ' ' || c == 0x7f {
			b[i] = '?'
		}
	}
	return string(b)
}

func hexDigit(c byte) int {
	switch {
	case isDigit(c):
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

func (x xforward) apply(c *mail.Client) {
	if len(x) == 0 {
		return
	}
	c.HasXForward = true
	c.XName, c.XAddr, c.XPort, c.XProto = x["NAME"], x["ADDR"], x["PORT"], x["PROTO"]
	c.XHelo, c.XIdent, c.XSource = x["HELO"], x["IDENT"], x["SOURCE"]
}
