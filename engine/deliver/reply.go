package deliver

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// answer is a reply of the next hop.
type answer struct {
	code           int
	enhanced, text string // lines of text parted by \n
}

func (a answer) String() string {
	if a.enhanced == "" {
		return fmt.Sprintf("%d %s", a.code, a.text)
	}
	return fmt.Sprintf("%d %s %s", a.code, a.enhanced, a.text)
}

const (
	maxReplyLine  = 4 << 10
	maxReplyLines = 200
)

var (
	errNoReply  = errors.New("no reply")
	errBadReply = errors.New("malformed reply")

	replyLine = regexp.MustCompile(`^([2-5][0-9][0-9])([ -]|$)(?:([245]\.[0-9]{1,3}\.[0-9]{1,3})(?: |$))?(.*)$`)
)

// wording is an error in the original's words, which stand in replies: they begin with a capital.
type wording string

func (w wording) Error() string { return string(w) }

// readAnswer reads one reply. It takes what SMTP servers say in practice: codes without text, enhanced codes on any line.
func readAnswer(r *bufio.Reader) (a answer, err error) {
	var lines []string
	for {
		line, err := r.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return a, fmt.Errorf("%w: line too long", errBadReply)
		}
		if err != nil {
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				return a, errNoReply
			}
			return a, err
		}
		m := replyLine.FindStringSubmatch(strings.TrimRight(string(line), "\r\n"))
		if m == nil {
			return a, fmt.Errorf("%w: %.60q", errBadReply, line)
		}
		code := int(m[1][0]-'0')*100 + int(m[1][1]-'0')*10 + int(m[1][2]-'0')
		if len(lines) == 0 {
			a.code, a.enhanced = code, m[3]
		} else if code != a.code {
			return a, fmt.Errorf("%w: two codes in one", errBadReply)
		}
		lines = append(lines, m[4])
		if m[2] != "-" {
			a.text = strings.Join(lines, "\n")
			return a, nil
		}
		if len(lines) >= maxReplyLines {
			return a, fmt.Errorf("%w: too many lines", errBadReply)
		}
	}
}
