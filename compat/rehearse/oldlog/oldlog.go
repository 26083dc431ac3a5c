// Package oldlog reads what amavisd-new decided out of its log: the main line of a mail as the stock $log_templ of 2.x
// write it, with the prefix of syslog or of a log file before it.
package oldlog

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"mavis/compat/rehearse/answer"
)

// Line is one line about a mail. A mail whose recipients fared differently has two, with the same log id.
type Line struct {
	LogID     string
	Blocked   bool
	Word      string   // CLEAN, BAD-HEADER-7 …; "" in logs that old
	Names     []string // of viruses or banned parts, "" when there are none
	Actions   []string
	Sender    string
	Rcpts     []string
	MessageID string
	MailID    string
	// Quarantine are places as written; Score is nil for "-".
	Quarantine []string
	Score      *float64
	Size       int64
}

const (
	maxLine    = 64 << 10 // bytes of a line, or of one joined from pieces; what is longer is passed over
	maxPending = 1000     // lines broken in pieces whose end is not there yet
)

// Reader reads lines.
type Reader struct {
	in      *bufio.Reader
	pending map[string]string
	order   []string
	// Troubles counts mails that ended without a verdict, and Trouble has what was said of some.
	Troubles int64
	Trouble  []string
}

// New reads from r.
func New(r io.Reader) *Reader {
	return &Reader{in: bufio.NewReaderSize(r, maxLine), pending: map[string]string{}}
}

// The log id of a message, as all lines about it have it in front.
var idPattern = regexp.MustCompile(`\((\d{3,}-\d+(?:-\d+)*)\) `)

// Next gives the next line about a mail; io.EOF ends it.
func (r *Reader) Next() (*Line, error) {
	for {
		raw, err := r.in.ReadSlice('\n')
		long := false
		for errors.Is(err, bufio.ErrBufferFull) {
			long = true
			_, err = r.in.ReadSlice('\n')
		}
		if err != nil && (!errors.Is(err, io.EOF) || len(raw) == 0) {
			return nil, err
		}
		if long {
			continue
		}
		if l := r.line(strings.TrimRight(string(raw), "\r\n")); l != nil {
			return l, nil
		}
	}
}

// line takes one physical line in; nil when it does not complete a line about a mail.
func (r *Reader) line(s string) *Line {
	m := idPattern.FindStringSubmatchIndex(s)
	if m == nil {
		return nil
	}
	id, text := s[m[2]:m[3]], s[m[1]:]
	if head, ok := r.pending[id]; ok && strings.HasPrefix(text, "...") {
		delete(r.pending, id)
		text = head + text[3:]
	} else if why, ok := strings.CutPrefix(text, "(!!)TROUBLE in "); ok {
		if r.Troubles++; len(r.Trouble) < 5 {
			r.Trouble = append(r.Trouble, why)
		}
		return nil
	} else if !strings.HasPrefix(text, "Passed") && !strings.HasPrefix(text, "Blocked") {
		return nil
	}
	if strings.HasSuffix(text, "...") && len(text) < maxLine {
		r.wait(id, text[:len(text)-3])
		return nil
	}
	return Parse(id, text)
}

func (r *Reader) wait(id, text string) {
	if len(r.pending) >= maxPending {
		for len(r.order) > 0 && len(r.pending) >= maxPending {
			delete(r.pending, r.order[0])
			r.order = r.order[1:]
		}
	}
	if _, ok := r.pending[id]; !ok {
		r.order = append(r.order, id)
	}
	if len(r.order) > 4*maxPending {
		r.order = r.order[len(r.order)-2*maxPending:]
	}
	r.pending[id] = text
}

var (
	headPattern   = regexp.MustCompile(`^(Passed|Blocked)(?: ([A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*))?`)
	namesEnd      = regexp.MustCompile(`\)(?: \{[^}]*\})?,`)
	actionsAt     = regexp.MustCompile(`^ ?\{([^}]*)\}`)
	messageID     = regexp.MustCompile(`, Message-ID: ([^,]*(?:<[^>]*>)?)`)
	mailID        = regexp.MustCompile(`, mail_id: ([A-Za-z0-9+_-]+)`)
	quarantinedTo = regexp.MustCompile(`,? quarantine:? (.*?)(?:, (?:Queue-ID|Message-ID|Resent-Message-ID|mail_id|Hits|size): |$)`)
	hits          = regexp.MustCompile(`, Hits: (-?\d+(?:\.\d+)?)`)
	sized         = regexp.MustCompile(`, size: (\d+)`)
)

// Parse reads the text of a main log line, without prefix and log id; nil when it is none. Lines of $log_recip_templ, which
// tell the same once more for each recipient, are none.
func Parse(id, text string) *Line {
	m := headPattern.FindStringSubmatch(text)
	if m == nil {
		return nil
	}
	l := &Line{LogID: id, Blocked: m[1] == "Blocked", Word: m[2]}
	rest := text[len(m[0]):]
	if strings.HasPrefix(rest, " (") {
		end := namesEnd.FindStringIndex(rest)
		if end == nil {
			return nil
		}
		l.Names = split(rest[2:end[0]])
		rest = rest[end[0]+1:]
	}
	if a := actionsAt.FindStringSubmatch(rest); a != nil {
		l.Actions = split(a[1])
		rest = rest[len(a[0]):]
	}
	if strings.Contains(rest, ", tag=") && strings.Contains(rest, ", kill=") || !strings.HasPrefix(rest, ",") {
		return nil
	}
	tail := l.envelope(rest)
	if tail == "" {
		return nil
	}
	if x := messageID.FindStringSubmatch(tail); x != nil {
		l.MessageID = x[1]
	}
	if x := mailID.FindStringSubmatch(tail); x != nil {
		l.MailID = x[1]
	}
	if x := quarantinedTo.FindStringSubmatch(tail); x != nil {
		l.Quarantine = split(x[1])
	}
	if x := hits.FindStringSubmatch(tail); x != nil {
		if f, err := strconv.ParseFloat(x[1], 64); err == nil {
			l.Score = &f
		}
	}
	if x := sized.FindStringSubmatch(tail); x != nil {
		l.Size, _ = strconv.ParseInt(x[1], 10, 64) // digits only; too many give the greatest
	}
	return l
}

func split(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}

// envelope reads "<sender> -> <rcpt>,<rcpt>" and gives what follows; "" when there is none.
func (l *Line) envelope(s string) string {
	arrow := strings.Index(s, "> -> ")
	if arrow < 0 {
		return ""
	}
	from := strings.LastIndex(s[:arrow], " <")
	if from < 0 {
		return ""
	}
	l.Sender = s[from+2 : arrow]
	s = s[arrow+5:]
	for strings.HasPrefix(s, "<") {
		end := pathEnd(s)
		if end < 0 {
			return ""
		}
		l.Rcpts = append(l.Rcpts, s[1:end])
		s = s[end+1:]
		if strings.HasPrefix(s, ",<") {
			s = s[1:]
		}
	}
	if s == "" {
		return " "
	}
	return s
}

// pathEnd finds the > that ends a path; one in a quoted local part does not.
func pathEnd(s string) int {
	quoted := false
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case c == '>' && !quoted:
			return i
		}
	}
	return -1
}

// Past is what a log tells of a mail.
type Past struct {
	MessageID string
	LogID     string
	Answer    *answer.Answer
	size      int64
	sender    string
}

// Join adds a line about the same mail.
func (p *Past) Join(l *Line) {
	a := p.Answer
	if l.Blocked {
		a.Blocked = word(l)
	} else {
		a.Passed = word(l)
	}
	for _, to := range l.Rcpts {
		a.Recipients = append(a.Recipients, answer.Recipient{Addr: to, Gets: !l.Blocked})
	}
	switch {
	case strings.HasPrefix(l.Word, "INFECTED"):
		a.Viruses = l.Names
	case strings.HasPrefix(l.Word, "BANNED") && len(l.Names) > 0:
		a.Banned = []string{strings.Join(l.Names, ",")}
	}
	if a.Score == nil {
		a.Score = l.Score
	}
}

// Key is what the mail is found by when its id is not known: its Message-ID, the domain of which the log writes in small
// letters, or without one size and envelope.
func (p *Past) Key() string {
	if p.MessageID != "" {
		return Key(p.MessageID)
	}
	var to []string
	for _, r := range p.Answer.Recipients {
		to = append(to, r.Addr)
	}
	return SizeKey(p.size, p.sender, to)
}

// Key is the key of a Message-ID.
func Key(messageID string) string { return strings.ToLower(messageID) }

// SizeKey is the key of a mail without Message-ID.
func SizeKey(size int64, from string, to []string) string {
	to = slices.Clone(to)
	slices.Sort(to)
	return strings.ToLower(fmt.Sprintf("%d %s %s", size, from, strings.Join(to, " ")))
}

// Begin makes an account of a mail from its first line.
func Begin(l *Line) *Past {
	p := &Past{MessageID: l.MessageID, LogID: l.LogID, size: l.Size, sender: l.Sender, Answer: &answer.Answer{Log: true, MailID: l.MailID, Actions: l.Actions, Quarantine: l.Quarantine}}
	p.Join(l)
	return p
}

func word(l *Line) string {
	if l.Word == "" {
		return "OTHER"
	}
	return l.Word
}

// Same says that a line is about the mail of an account.
func (p *Past) Same(l *Line) bool {
	return p.LogID == l.LogID && p.MessageID == l.MessageID && p.Answer.MailID == l.MailID && (p.Answer.Passed == "") != (p.Answer.Blocked == "") &&
		(p.Answer.Passed == "") == !l.Blocked
}
