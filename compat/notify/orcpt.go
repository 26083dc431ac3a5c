package notify

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

var (
	addressType = regexp.MustCompile("^[ \\t]*([0-9A-Za-z!#$%&'*/=?^_`{|}~+-]*)[ \\t]*;[ \\t]*")
	xtextHex    = regexp.MustCompile(`\+([0-9A-F]{2})`)
	unicodeChar = regexp.MustCompile(`\\x\{([0-9A-Fa-f]{2,6})\}|\+([0-9A-F]{2})`)
)

// DecodeORcpt reads an ORCPT parameter (RFC 3461 section 4.2, RFC 6533 section 3): address type and plain address.
func DecodeORcpt(s string, smtputf8 bool) (kind, addr string) {
	if m := addressType.FindStringSubmatch(s); m != nil {
		kind, s = strings.ToLower(m[1]), s[len(m[0]):]
	}
	high := !ascii(s) && utf8.ValidString(s)
	switch {
	case kind == "" && high:
		return "utf-8", s
	case kind == "":
		return "rfc822", s
	case kind != "utf-8":
		s = xtextHex.ReplaceAllStringFunc(s, func(h string) string { return string([]byte{byte(hex(h[1:]))}) })
		if smtputf8 && kind == "rfc822" && !ascii(s) && utf8.ValidString(s) {
			kind = "utf-8"
		}
		return kind, s
	case ascii(s) || high:
		return kind, unicodeChar.ReplaceAllStringFunc(s, func(c string) string {
			return string(rune(hex(strings.Trim(c, `\x{}+`))))
		})
	}
	return kind, s
}

func hex(s string) int64 {
	n, err := strconv.ParseInt(s, 16, 32)
	if err != nil || n > utf8.MaxRune {
		return utf8.RuneError
	}
	return n
}

// EncodeORcpt writes an address for Original-Recipient, Final-Recipient and ORCPT: as Unicode where SMTPUTF8 allows it. kind is
// the address type that came with it, "" when none did.
func EncodeORcpt(kind, addr string, smtputf8 bool) string {
	if len(addr) >= 2 && addr[0] == '<' && addr[len(addr)-1] == '>' {
		addr = addr[1 : len(addr)-1]
	}
	text := !ascii(addr) && utf8.ValidString(addr)
	if smtputf8 && (text || kind == "utf-8" && utf8.ValidString(addr)) {
		return "utf-8;" + addr
	}
	var b strings.Builder
	if text {
		for _, r := range addr {
			if r < 0x80 && plainByte(byte(r)) {
				b.WriteRune(r)
			} else {
				fmt.Fprintf(&b, `\x{%02X}`, r)
			}
		}
		return "utf-8;" + b.String()
	}
	for i := 0; i < len(addr); i++ {
		if plainByte(addr[i]) {
			b.WriteByte(addr[i])
		} else {
			fmt.Fprintf(&b, "+%02X", addr[i])
		}
	}
	return "rfc822;" + b.String()
}

// plainByte says whether a character needs no encoding.
func plainByte(c byte) bool { return c > ' ' && c < 0x7f && c != '+' && c != '=' && c != '\\' }
