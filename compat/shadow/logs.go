package shadow

import (
	"context"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"mavis/compat/rehearse/answer"
	"mavis/compat/rehearse/oldlog"
)

// Logs follows the log of a filter and finds what it says about a mail.
type Logs struct {
	Name string
	// Patience is how long a line may come after the reply; 0 is five seconds: syslog may be slow.
	Patience time.Duration

	mu     sync.Mutex
	recent []*past // oldest first
	more   chan struct{}
}

type past struct {
	*oldlog.Past
	sender string
	rcpts  []string
	taken  bool
}

// maxPast bounds the lines remembered.
const maxPast = 5000

// Follow reads lines until ctx ends.
func (l *Logs) Follow(ctx context.Context) error {
	r, w := io.Pipe()
	defer r.Close()
	ended := make(chan error, 1)
	go func() {
		err := (&tail{name: l.Name, pause: 100 * time.Millisecond}).follow(ctx, func(line string) { io.WriteString(w, line+"\n") })
		w.CloseWithError(errors.Join(err, io.EOF))
		ended <- err
	}()
	for in := oldlog.New(r); ; {
		line, err := in.Next()
		if err != nil {
			return <-ended
		}
		l.add(line)
	}
}

func (l *Logs) add(line *oldlog.Line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.more != nil {
		close(l.more)
		l.more = nil
	}
	for i := len(l.recent) - 1; i >= max(0, len(l.recent)-64); i-- {
		if p := l.recent[i]; p.Same(line) {
			p.Join(line)
			p.rcpts = append(p.rcpts, line.Rcpts...)
			return
		}
	}
	if len(l.recent) == maxPast {
		l.recent = slices.Delete(l.recent, 0, maxPast/10)
	}
	l.recent = append(l.recent, &past{Past: oldlog.Begin(line), sender: line.Sender, rcpts: slices.Clone(line.Rcpts)})
}

var inReply = regexp.MustCompile(`\bid=(\d{3,}-\d+(?:-\d+)*)\b`)

// Find waits for what was logged about a mail: by the log id in a reply, else by Message-ID and envelope. A copy of delivered mail knows
// the sender only. A line is found once.
func (l *Logs) Find(ctx context.Context, o *Overheard, messageID string) *answer.Answer {
	patience := l.Patience
	if patience == 0 {
		patience = 5 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		l.mu.Lock()
		p := l.find(o, messageID)
		if l.more == nil {
			l.more = make(chan struct{})
		}
		more := l.more
		l.mu.Unlock()
		if p != nil {
			return p
		}
		select {
		case <-more:
		case <-ctx.Done():
			return nil
		}
	}
}

func (l *Logs) find(o *Overheard, messageID string) *answer.Answer {
	id := ""
	for _, r := range o.Replies {
		if m := inReply.FindStringSubmatch(r); m != nil {
			id = m[1]
		}
	}
	var want []string
	for _, r := range o.Taken() {
		want = append(want, strings.ToLower(r.Addr))
	}
	for i := len(l.recent) - 1; i >= 0; i-- {
		p := l.recent[i]
		switch {
		case p.taken || id != "" && p.LogID != id:
		case id != "":
			p.taken = true
			return p.Answer
		case p.MessageID != messageID || !strings.EqualFold(p.sender, o.Envelope.Sender):
		case o.Side == Copy:
			return p.Answer // every copy of a mail finds it
		case !sameAddresses(p.rcpts, want):
		default:
			p.taken = true
			return p.Answer
		}
	}
	return nil
}

func sameAddresses(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	low := make([]string, len(a))
	for i := range a {
		low[i] = strings.ToLower(a[i])
	}
	slices.Sort(low)
	b = slices.Clone(b)
	slices.Sort(b)
	return slices.Equal(low, b)
}
