package ingress

import (
	"fmt"
	"regexp"
	"strings"
)

// Reply is an SMTP reply. Text may hold several lines, parted by \n.
type Reply struct {
	Code     int    // 200 to 599
	Enhanced string // such as "2.1.0"; "" for none (RFC 3463)
	Text     string
}

// ParseReply takes "250 2.1.0 text" apart. What does not start with a code is nothing to say to a client: it becomes 451.
func ParseReply(s string) Reply {
	m := replyPattern.FindStringSubmatch(s)
	if m == nil {
		return Reply{451, "4.5.0", s}
	}
	return Reply{Code: int(m[1][0]-'0')*100 + int(m[1][1]-'0')*10 + int(m[1][2]-'0'), Enhanced: m[2], Text: m[3]}
}

var replyPattern = regexp.MustCompile(`(?s)^([1-5][0-9][0-9])[ -]?(?:([245]\.[0-9]{1,3}\.[0-9]{1,3})(?:[ ]|$))?(.*)$`)

// String is the reply in one line, as logs show it.
func (r Reply) String() string {
	if r.Enhanced == "" {
		return fmt.Sprintf("%d %s", r.Code, r.Text)
	}
	return fmt.Sprintf("%d %s %s", r.Code, r.Enhanced, r.Text)
}

func (r Reply) accepts() bool { return r.Code/100 == 2 }

// maxReplyLine is RFC 5321's bound on a reply line less CRLF (section 4.5.3.1.5).
const maxReplyLine = 512 - 2

// wire is the reply as sent: control characters and backslashes shown in place, long lines split, code and enhanced code
// on each line (RFC 2034).
func (r Reply) wire() []byte {
	lead := ""
	if r.Enhanced != "" {
		lead = r.Enhanced + " "
	}
	room := maxReplyLine - 4 - len(lead)
	var lines []string
	for line := range strings.SplitSeq(clean(r.Text), "\n") {
		for len(line) > room {
			lines = append(lines, line[:room])
			line = line[room:]
		}
		lines = append(lines, line)
	}
	if n := len(lines); n > 1 && lines[n-1] == "" { // a text that ended with \n
		lines = lines[:n-1]
	}
	var b strings.Builder
	for i, line := range lines {
		sep := '-'
		if i == len(lines)-1 {
			sep = ' '
		}
		fmt.Fprintf(&b, "%03d%c%s%s\r\n", r.Code, sep, lead, line)
	}
	return []byte(b.String())
}

// clean makes control characters other than \n visible, in the original's notation.
func clean(s string) string {
	if strings.IndexFunc(s, func(c rune) bool { return c < ' ' || c == 0x7f || c == '\\' }) < 0 {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c == '\n':
			b.WriteByte(c)
		case c == '\\':
			b.WriteString(`\\`)
		case c == '\r':
			b.WriteString(`\r`)
		case c == '\t':
			b.WriteString(`\t`)
		case c < ' ' || c == 0x7f:
			fmt.Fprintf(&b, `\x%02X`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

var macroPattern = regexp.MustCompile(`\$(?:\{([^}]+)\}|([a-zA-Z](?:[a-zA-Z0-9_-]*[a-zA-Z0-9])?))`)

// expand replaces ${name} and $name; names are taken in any case, unknown ones are empty, as in the original.
func expand(text string, macros map[string]string) string {
	return macroPattern.ReplaceAllStringFunc(text, func(m string) string {
		return macros[strings.ToLower(strings.Trim(m, "${}"))]
	})
}

func (s *Settings) banner(text string) string {
	macros := map[string]string{"product": "amavis", "helo-name": s.Name, "protocol": "ESMTP"}
	if s.LMTP {
		macros["protocol"] = "LMTP"
	}
	for k, v := range s.Macros {
		macros[strings.ToLower(k)] = v
	}
	return expand(text, macros)
}
