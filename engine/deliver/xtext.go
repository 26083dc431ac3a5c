package deliver

import (
	"fmt"
	"strings"

	"mavis/engine/mail"
)

// xforwardLine gives the XFORWARD command for those attributes that the next hop takes (offered is what stands behind the
// EHLO keyword), "" when there is nothing to say. Order and neutering of characters are the original's.
func xforwardLine(values map[string]string, offered string) string {
	takes := map[string]bool{}
	for f := range strings.FieldsSeq(strings.ToUpper(offered)) {
		takes[f] = true
	}
	addr := values["ADDR"]
	if addr == "" {
		return ""
	}
	line := "XFORWARD"
	for _, name := range []string{"ADDR", "NAME", "PORT", "PROTO", "HELO", "SOURCE", "IDENT"} {
		v := values[name]
		if name == "ADDR" && strings.Count(v, ":") > 1 && !(len(v) > 5 && strings.EqualFold(v[:5], "IPv6:")) {
			v = "IPv6:" + v
		}
		if v == "" || !takes[name] {
			continue
		}
		v = strings.Map(func(r rune) rune {
			if r <= ' ' || r >= 0x7f || strings.ContainsRune(`<>()\";@`, r) {
				return '?'
			}
			return r
		}, v)
		if v = mail.XText(v); len(v) > 255 {
			v = v[:255]
		}
		line += " " + name + "=" + v
	}
	if line == "XFORWARD" {
		return ""
	}
	return line
}

// orcpt makes sure of a type and of xtext without blanks.
func orcpt(s string) string {
	kind, addr, ok := strings.Cut(s, ";")
	if !ok || kind == "" {
		return "rfc822;" + mail.XText(strings.TrimPrefix(s, ";"))
	}
	for i := range len(addr) {
		if c := addr[i]; c <= ' ' || c == '=' || c == 0x7f {
			return kind + ";" + mail.XText(addr)
		}
	}
	return s
}

// utf8XText writes an address for a next hop that takes ASCII only (RFC 6533 section 3, utf-8-addr-xtext).
func utf8XText(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r <= ' ' || r >= 0x7f || strings.ContainsRune(`+=\`, r) {
			fmt.Fprintf(&b, `\x{%02X}`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// safeWord says that a value can stand in a command.
func safeWord(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] == 0x7f {
			return false
		}
	}
	return true
}
