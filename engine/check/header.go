// Package check looks at what was received and taken apart: the syntax of the header section, and names and types
// of parts against the banning rules. It finds; it does not decide.
package check

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"mavis/engine/mail"
)

// Minor categories of BadHeader, in the order of precedence (README.policy-on-notifications).
const (
	MinorMIME     = 1
	Minor8Bit     = 2
	MinorControl  = 3
	MinorEmpty    = 4
	MinorLong     = 5
	MinorSyntax   = 6
	MinorMissing  = 7
	MinorMultiple = 8
)

// HeaderTests switches the single tests, as %allowed_header_tests does.
type HeaderTests struct {
	Syntax, Empty, Long, Control, EightBit, UTF8, Missing, Multiple bool
}

// single names the fields that may occur at most once (RFC 5322 section 3.6, RFC 2045, RFC 2183, RFC 3834).
var single = []string{"Date", "From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Subject", "Message-ID", "References",
	"In-Reply-To", "MIME-Version", "Content-Type", "Content-Transfer-Encoding", "Content-ID", "Content-Description",
	"Content-Disposition", "Auto-Submitted"}

const maxComplaints = 100

// Header checks the header section. It gives one line for each breach, worded as readers of logs and
// X-Amavis-Alert know them, and the highest minor category (0: nothing found).
// smtputf8 says that the sender announced internationalised headers (RFC 6532).
func Header(fields []mail.Field, smtputf8 bool, on HeaderTests) (bad []string, minor int) {
	count := map[string]int{}
	for _, f := range fields {
		line, m := field(unixLines(f.Raw), smtputf8, on, count)
		if line == "" {
			continue
		}
		bad = append(bad, line)
		minor = max(minor, m)
		if len(bad) >= maxComplaints {
			break
		}
	}
	for _, name := range single {
		n := count[strings.ToLower(name)]
		switch {
		case n == 0 && on.Missing && (name == "Date" || name == "From"):
			bad = append(bad, fmt.Sprintf("Missing required header field: %q", name))
			minor = max(minor, MinorMissing)
		case n > 1 && on.Multiple:
			if n == 2 {
				bad = append(bad, fmt.Sprintf("Duplicate header field: %q", name))
			} else {
				bad = append(bad, fmt.Sprintf("Header field occurs more than once: %q occurs %d times", name, n))
			}
			minor = max(minor, MinorMultiple)
		}
	}
	for i := range bad {
		bad[i] = printable(bad[i])
	}
	return bad, minor
}

// breach is what one test found: where it stands in the field, and how to speak of it.
type breach struct {
	message    string
	minor      int
	start, end int    // the offending bytes
	quote      string // shown instead of the surroundings
}

func field(raw []byte, smtputf8 bool, on HeaderTests, count map[string]int) (string, int) {
	name, ok := fieldName(raw)
	if ok {
		count[strings.ToLower(name)]++
	}
	b, found := inspect(raw, name, ok, smtputf8, on)
	if !found {
		return "", 0
	}
	mid := ""
	if b.quote == "" {
		mid = string(raw[b.start:b.end])
		b.quote = surroundings(raw, name, b)
	}
	msg := b.message
	if mid != "" && len(mid) <= 4 {
		hex := make([]string, len(mid))
		for i := range hex {
			hex[i] = fmt.Sprintf("%02X", mid[i])
		}
		msg += " (char " + strings.Join(hex, " ") + " hex)"
	}
	return msg + ": " + b.quote, b.minor
}

// inspect runs the tests on one field, in the order of the original; the first breach counts.
func inspect(raw []byte, name string, named, smtputf8 bool, on HeaderTests) (breach, bool) {
	if !named || strings.HasPrefix(name, "--") {
		if !on.Syntax {
			return breach{}, false
		}
		return breach{message: "Invalid header field syntax", minor: MinorSyntax, quote: string(raw)}, true
	}
	if i := indexHigh([]byte(name)); on.Syntax && i >= 0 {
		return breach{message: "Invalid header field name, contains non-ASCII char", minor: MinorSyntax, start: i, end: i + 1}, true
	}
	if on.Empty {
		if s, e := blankLine(raw); s >= 0 {
			return breach{message: "Improper folded header field made up entirely of whitespace", minor: MinorEmpty, start: s, end: e}, true
		}
	}
	if on.Long {
		for _, line := range bytes.Split(bytes.TrimSuffix(raw, []byte("\n")), []byte("\n")) {
			if len(line) >= 999 {
				return breach{message: "Header line longer than 998 characters", minor: MinorLong, quote: string(line[:50]) + "[...]"}, true
			}
		}
	}
	if i := bytes.IndexAny(raw, "\x00\r"); on.Control && i >= 0 {
		return breach{message: "Improper use of control character", minor: MinorControl, start: i, end: i + 1}, true
	}
	if i := indexHigh(raw); on.EightBit && i >= 0 {
		return highBytes(raw, i, smtputf8, on.UTF8)
	}
	return breach{}, false
}

func highBytes(raw []byte, first int, smtputf8, complainUTF8 bool) (breach, bool) {
	if !utf8.Valid(raw) {
		return breach{message: "Non-encoded non-ASCII data (and not UTF-8)", minor: Minor8Bit, start: first, end: first + 1}, true
	}
	if len(raw) > 0 && (raw[0] < 0x20 && raw[0] != '\t' && raw[0] != '\n' || raw[0] == 0x7f) {
		return breach{message: "UTF-8 string contains C0 Controls", minor: Minor8Bit, start: 0, end: 1}, true
	}
	for i := first; i < len(raw); {
		r, n := utf8.DecodeRune(raw[i:])
		if r >= 0x80 && r <= 0x9f { // RFC 5198 section 2
			return breach{message: "UTF-8 string contains C1 Controls", minor: Minor8Bit, start: i, end: i + n}, true
		}
		i += n
	}
	if smtputf8 || !complainUTF8 {
		return breach{}, false
	}
	_, n := utf8.DecodeRune(raw[first:])
	return breach{message: "Non-encoded UTF-8 string in non-EAI mail", minor: Minor8Bit, start: first, end: first + n}, true
}

// surroundings quotes the offending bytes with what stands around them, shortened on both sides.
func surroundings(raw []byte, name string, b breach) string {
	pre, mid := string(raw[:b.start]), string(raw[b.start:b.end])
	post := strings.TrimSuffix(string(raw[b.end:]), "\n")
	if len(mid) > 20 {
		mid = cutUTF8(mid, 15) + "[...]"
	}
	if len(post) > 20 {
		post = cutUTF8(post, 15) + "[...]"
	}
	if len(pre)-len(name)-2 > 50-len(post) {
		pre = name + ": ..." + pre[len(pre)-(45-len(post)):]
	}
	return pre + mid + post
}

// fieldName reads the name; white space before the colon is the obsolete syntax of RFC 5322 section 4.5.
func fieldName(raw []byte) (string, bool) {
	for i, c := range raw {
		switch {
		case c == ':':
			name := bytes.TrimRight(raw[:i], " \t")
			return string(name), len(name) > 0
		case c == ' ' || c == '\t':
			rest := bytes.TrimLeft(raw[i:], " \t")
			if len(rest) == 0 || rest[0] != ':' {
				return "", false
			}
		case c < '!' || c == 0x7f:
			return "", false
		}
	}
	return "", false
}

// blankLine finds a line of the field that is nothing but blanks and tabs.
func blankLine(raw []byte) (start, end int) {
	for i := 0; i < len(raw); {
		j := bytes.IndexByte(raw[i:], '\n')
		if j < 0 {
			j = len(raw) - i
		}
		if line := raw[i : i+j]; j > 0 && len(bytes.Trim(line, " \t")) == 0 {
			return i, i + j
		}
		i += j + 1
	}
	return -1, -1
}

func indexHigh(b []byte) int {
	for i, c := range b {
		if c >= 0x80 {
			return i
		}
	}
	return -1
}

// cutUTF8 shortens to at most n bytes without splitting a character.
func cutUTF8(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// unixLines undoes CRLF line ends; a lone CR stays and is a breach.
func unixLines(raw []byte) []byte {
	if bytes.IndexByte(raw, '\r') < 0 {
		return raw
	}
	return bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n"))
}

// printable shows a complaint that holds non-ASCII bytes in ASCII: they and control characters become \x{..}.
// A complaint in ASCII stays as it is; the log sanitises control characters by itself.
func printable(s string) string {
	if indexHigh([]byte(s)) < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < 0x20 || c > 0x7e || strings.HasPrefix(s[i:], `\x{`) {
			fmt.Fprintf(&b, `\x{%02X}`, c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
