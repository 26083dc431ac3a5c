package mail

import (
	"fmt"
	"strings"
)

// XText encodes as RFC 3461 section 4 says: for ENVID, ORCPT and AUTH.
func XText(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c > ' ' && c < 0x7f && c != '+' && c != '=' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "+%02X", c)
		}
	}
	return b.String()
}
