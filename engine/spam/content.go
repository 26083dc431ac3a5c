package spam

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"strings"

	"mavis/engine/mail"
	"mavis/perlconf/eval"
	"mavis/rules"
)

// The original holds mails up to this size in memory, and shows SpamAssassin where it has cut those.
const inMemory = 100 << 10

// content is what a scanner gets to see: fields put before the mail, then the mail with line feeds alone, perhaps cut.
type content struct {
	prefix string
	crlf   bool // the mail goes out with the line ends it came with
	body   mail.Body
	mail   int64  // bytes of the mail that are sent
	tail   string // put where the mail was cut
	limit  int64  // bytes to which the whole was cut; -1 when it was not
}

func (c *content) size() int64 { return int64(len(c.prefix)) + c.mail + int64(len(c.tail)) }

func (c *content) writeTo(w io.Writer) error {
	if _, err := io.WriteString(w, c.prefix); err != nil {
		return err
	}
	n, err := io.Copy(w, io.LimitReader(c.reader(), c.mail))
	if err == nil && n < c.mail {
		err = io.ErrUnexpectedEOF
	}
	if err == nil {
		_, err = io.WriteString(w, c.tail)
	}
	return err
}

func (c *content) reader() io.Reader {
	if c.crlf {
		return io.NewSectionReader(c.body, 0, c.body.Size())
	}
	return newLF(c.body)
}

// newWireContent is what a spamd of others gets: with line ends as on the wire, and cut at the very byte.
func newWireContent(prefix string, m *Mail, limit int64) *content {
	c := &content{prefix: strings.ReplaceAll(prefix, "\n", "\r\n"), body: m.Body, mail: m.Body.Size(), limit: limit, crlf: true}
	if limit >= 0 && c.size() > limit {
		c.mail, c.tail = max(0, limit-int64(len(c.prefix))-1), "\n" // spamd reads lines
	}
	return c
}

// sizeLimit is how many bytes a scanner gets, prefix included: option mail_body_size_limit of its entry, or
// $sa_mail_body_size_limit, and the header besides. A mail that is hardly larger is given whole: then it is -1.
func sizeLimit(p *rules.Policy, s rules.SpamScanner, m *Mail) int64 {
	limit, ok := s.Options.Get("mail_body_size_limit")
	if !ok || limit == nil {
		if !p.Defined("sa_mail_body_size_limit") {
			return -1
		}
		limit = p.Value("sa_mail_body_size_limit")
	}
	n := min(64<<10, m.HeaderSize) + 1 + min(max(0, eval.ToInt(limit)), m.Body.Size()-m.HeaderSize)
	if m.size() < n+5<<10 {
		return -1
	}
	return n
}

// newContent counts what is sent. head stands before the prefix and does not count towards the limit.
func newContent(head, prefix string, m *Mail, limit int64) (*content, error) {
	c := &content{prefix: head + prefix, body: m.Body, limit: limit}
	n, err := io.Copy(io.Discard, newLF(m.Body))
	if err != nil {
		return nil, fmt.Errorf("read the mail: %w", err)
	}
	c.mail = n
	room := limit - int64(len(prefix))
	if limit < 0 || n <= room {
		return c, nil
	}
	room = max(0, room)
	c.mail = room
	if n <= inMemory {
		c.tail = "[...]\n"
	}
	return c, nil
}

// lf gives a mail with line feeds for its CRLF line ends. Lone carriage returns stay.
type lf struct {
	r *bufio.Reader
}

func newLF(b mail.Body) *lf {
	return &lf{bufio.NewReaderSize(io.NewSectionReader(b, 0, b.Size()), 32<<10)}
}

func (l *lf) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if l.r.Buffered() < 2 {
		if _, err := l.r.Peek(2); err != nil && err != io.EOF {
			return 0, err
		}
		if l.r.Buffered() == 0 {
			return 0, io.EOF
		}
	}
	b, err := l.r.Peek(l.r.Buffered())
	if err != nil {
		return 0, err
	}
	in, out := 0, 0
	for in < len(b) && out < len(p) {
		c := b[in]
		if c == '\r' {
			if in+1 == len(b) && in > 0 {
				break // what follows is not known yet
			}
			if in+1 < len(b) && b[in+1] == '\n' {
				in++
				c = '\n'
			}
		}
		p[out] = c
		in++
		out++
	}
	_, err = l.r.Discard(in)
	return out, err
}

// Tests of virus scanners that count as spam; only SpamAssassin is told of those with a colon.
var (
	avTest    = regexp.MustCompile(`^AV[.:].+=`)
	avDotTest = regexp.MustCompile(`^AV\..+=`)
)

// pseudoHeader is what the original puts before a mail, as a local delivery agent would. viruses is avTest for
// SpamAssassin, which also gets to know what other scanners said.
func pseudoHeader(p *rules.Policy, m *Mail, r *Result, limit int64, viruses *regexp.Regexp) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Return-Path: %s\n", noBreaks.Replace(mail.Bracket(m.Sender)))
	to := make([]string, len(m.Rcpts))
	var av []string
	for i, rcpt := range m.Rcpts {
		to[i] = noBreaks.Replace(mail.Bracket(rcpt.Internal))
		for _, t := range rcpt.SpamTests {
			if viruses.MatchString(t) {
				av = append(av, t)
			}
		}
	}
	fmt.Fprintf(&b, "X-Envelope-To: %s\n", strings.Join(to, ",\n "))
	if m.Fingerprint != "" {
		fmt.Fprintf(&b, "X-Amavis-OS-Fingerprint: %s\n", oneLine(m.Fingerprint))
	}
	if len(av) > 0 {
		fmt.Fprintf(&b, "X-Amavis-AV-Status: %s\n", oneLine(strings.Join(av, ",")))
	}
	fmt.Fprintf(&b, "X-Amavis-PolicyBank: %s\n", noBreaks.Replace(p.Path()))
	fmt.Fprintf(&b, "X-Amavis-MessageSize: %d", m.size())
	if limit >= 0 {
		fmt.Fprintf(&b, ", TRUNCATED to %d", limit)
	}
	b.WriteByte('\n')
	if viruses != avTest {
		return b.String()
	}
	for _, name := range otherScanners {
		v, ok := r.Info[name]
		if !ok {
			v = m.Info[name]
		}
		if v = strings.TrimSuffix(v, "\n"); v != "" {
			fmt.Fprintf(&b, "%s: %s\n", name, oneLine(v))
		}
	}
	return b.String()
}

// otherScanners are fields that CRM114 and DSPAM leave for SpamAssassin's rules.
var otherScanners = []string{"X-CRM114-Status", "X-CRM114-CacheID", "X-CRM114-Notice", "X-CRM114-Action", "X-DSPAM-Result",
	"X-DSPAM-Class", "X-DSPAM-Signature", "X-DSPAM-Processed", "X-DSPAM-Confidence", "X-DSPAM-Probability", "X-DSPAM-User",
	"X-DSPAM-Factors"}

// oneLine shows controls and backslashes as the original does, so that no value can begin another field.
func oneLine(s string) string {
	plain := func(c byte) bool { return c >= ' ' && c != 0x7f && c != '\\' }
	for i := range len(s) {
		if !plain(s[i]) {
			var b strings.Builder
			for j := range len(s) {
				if plain(s[j]) {
					b.WriteByte(s[j])
				} else if q, ok := quoted[s[j]]; ok {
					b.WriteString(q)
				} else {
					fmt.Fprintf(&b, `\x%02X`, s[j])
				}
			}
			return b.String()
		}
	}
	return s
}

var quoted = map[byte]string{'\r': `\r`, '\n': `\n`, '\t': `\t`, '\\': `\\`}

// noBreaks takes line ends out of what must stay as it is otherwise.
var noBreaks = strings.NewReplacer("\r", "", "\n", "")
