package shadow

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"mavis/compat/rehearse"
	"mavis/compat/rehearse/answer"
	"mavis/engine/origin"
	"mavis/engine/spool"
)

// MonitorOptions say who judges and who keeps. Judge and Keep are needed.
type MonitorOptions struct {
	// Judge runs the engine over a mail. refused are recipients whom the next MTA did not take. It is called by Workers
	// goroutines.
	Judge func(ctx context.Context, o *Overheard, refused map[string]string) (*answer.Answer, error)
	// Spool holds what copies are turned back into.
	Spool *spool.Spool
	// Keep is told of every mail, one at a time.
	Keep func(*rehearse.Record)
	// Logged finds what the filter logged about a mail; nil when it logged nothing. A nil function means that no log is read.
	Logged func(ctx context.Context, o *Overheard, messageID string) *answer.Answer
	// Body, when set, is given each mail that came out differently, from the goroutine that judged it.
	Body func(r *rehearse.Record, o *Overheard)
	// Watched says that what leaves the filter is listened to.
	Watched bool
	// NoScores leaves scores out: no spam scanner is asked.
	NoScores bool
	// Workers judge at a time; 0 is 1. Queue is the number of mails that may wait; 0 is 100. What comes when it is full is
	// counted and not judged.
	Workers, Queue int
	// Patience bounds one judgement; 0 is five minutes.
	Patience time.Duration
}

// job is a mail to be judged.
type job struct {
	in        *Overheard
	outBefore int64 // how many messages had left the filter when this mail was answered
}

// Monitor holds what is overheard against what our engine says.
type Monitor struct {
	opt     MonitorOptions
	work    chan job
	out     chan *Overheard
	found   chan *rehearse.Record
	dropped atomic.Int64
	judging sync.WaitGroup
	rest    sync.WaitGroup
	cancel  context.CancelFunc

	mu       sync.Mutex
	summedUp sync.Cond // on mu: another one of out was summed up
	closed   bool
	match    matcher
	outHeard int64
	outDone  int64
	outLost  time.Time // when something that left the filter was not listened to, last
}

// NewMonitor starts a Monitor; Close ends it.
func NewMonitor(opt MonitorOptions) *Monitor {
	if opt.Workers == 0 {
		opt.Workers = 1
	}
	if opt.Queue == 0 {
		opt.Queue = 100
	}
	if opt.Patience == 0 {
		opt.Patience = 5 * time.Minute
	}
	m := &Monitor{opt: opt, work: make(chan job, opt.Queue), out: make(chan *Overheard, maxWaiting), found: make(chan *rehearse.Record)}
	m.summedUp.L = &m.mu
	ctx, cancel := context.WithCancel(context.Background())
	m.cancel = cancel
	m.judging.Add(opt.Workers)
	for range opt.Workers {
		go m.judge(ctx)
	}
	m.rest.Add(2)
	go m.sumUp()
	go m.keep()
	return m
}

// Heard takes a transaction. It never waits.
func (m *Monitor) Heard(o *Overheard) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.closed && m.take(o) {
		return
	}
	if o.Side == Out {
		m.outLost = o.Answered
	} else {
		m.dropped.Add(1)
	}
	o.Close()
}

func (m *Monitor) take(o *Overheard) bool {
	if o.Side == Out {
		select {
		case m.out <- o:
			m.outHeard++
			return true
		default:
			return false
		}
	}
	select {
	case m.work <- job{o, m.outHeard}: // what came out of it was heard before its last reply
		return true
	default:
		return false
	}
}

// Dropped counts what came while too much was waiting.
func (m *Monitor) Dropped() int64 { return m.dropped.Load() }

// Close judges what waits, until ctx ends, and ends the Monitor.
func (m *Monitor) Close(ctx context.Context) {
	m.mu.Lock()
	if !m.closed {
		m.closed = true
		close(m.work)
		close(m.out)
	}
	m.mu.Unlock()
	stop := context.AfterFunc(ctx, m.cancel)
	defer stop()
	m.rest.Wait()
	m.cancel()
}

// sumUp takes in what left the filter.
func (m *Monitor) sumUp() {
	defer m.rest.Done()
	for o := range m.out {
		s, err := o.sent()
		p := passed{Sent: s, started: o.Started, answered: o.Answered, whole: err == nil}
		if len(o.Replies) > 0 {
			p.code = o.Replies[0][0]
		}
		o.Close()
		m.mu.Lock()
		m.match.add(p)
		m.outDone++
		m.summedUp.Broadcast()
		m.mu.Unlock()
	}
}

// cameOut gives what left the filter because of a mail, once that is summed up.
func (m *Monitor) cameOut(j job, in Sent, mailID string) (mails, notices []Sent, blind bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for m.outDone < j.outBefore {
		m.summedUp.Wait()
	}
	mails, notices, blind = m.match.take(in, mailID, j.in.Sent, j.in.Answered)
	return mails, notices, blind || m.outLost.After(j.in.Sent)
}

func (m *Monitor) judge(ctx context.Context) {
	defer m.judging.Done()
	for j := range m.work {
		r := &rehearse.Record{Version: rehearse.Version}
		m.one(ctx, j, r)
		if m.opt.Body != nil && len(r.Changes) > 0 && j.in.Task != nil {
			m.opt.Body(r, j.in)
		}
		j.in.Close()
		m.found <- r
	}
}

func (m *Monitor) keep() {
	defer m.rest.Done()
	go func() { m.judging.Wait(); close(m.found) }()
	for r := range m.found {
		m.opt.Keep(r)
	}
}

// one fills a record in.
func (m *Monitor) one(ctx context.Context, j job, r *rehearse.Record) {
	defer func() {
		if p := recover(); p != nil {
			r.Finding = fmt.Sprintf("panic: %v", p)
		}
	}()
	o := j.in
	r.Mail, r.From = o.Answered.UTC().Format("2006-01-02T15:04:05.000Z"), o.Envelope.Sender
	for _, rcpt := range o.Envelope.Rcpts {
		r.To = append(r.To, rcpt.Addr)
	}
	if o.Side == Copy {
		m.copied(ctx, o, r)
		return
	}
	theirs := account{replies: o.Replies, blind: !m.opt.Watched, anonymous: true}
	if o.Task == nil {
		r.Finding = o.Skipped
		if r.Finding == "" {
			r.Then = &answer.Answer{Log: true, Failed: "refused before the message came", Reply: worst(o)}
			r.Alone = true
		}
		return
	}
	r.Size = o.Task.Body().Size()
	in, err := o.sent()
	if err != nil {
		r.Finding = err.Error()
		return
	}
	r.MessageID = in.ID
	r.Subject, _ = origin.Get(in.Header, "Subject")
	r.Subject = clip(r.Subject)
	ctx, cancel := context.WithTimeout(ctx, m.opt.Patience)
	defer cancel()
	var id string
	if m.opt.Logged != nil {
		if r.Then = m.opt.Logged(ctx, o, in.ID); r.Then != nil {
			id = r.Then.MailID
		}
	}
	var refused map[string]string
	if m.opt.Watched {
		theirs.sent, theirs.notices, theirs.blind = m.cameOut(j, in, id)
		theirs.anonymous = id == "" && len(theirs.sent) == 0
		for _, s := range theirs.sent {
			for addr, text := range s.Refused {
				if refused == nil {
					refused = map[string]string{}
				}
				refused[addr] = text
			}
		}
	}
	if r.Now, err = m.opt.Judge(ctx, o, refused); err != nil {
		r.Finding = err.Error()
		return
	}
	if r.Then != nil {
		r.Changes = answer.Compare{NoScores: m.opt.NoScores}.Diff(r.Then, r.Now)
	} else {
		r.Then = fromWire(o, theirs)
	}
	r.Then.Seen = theirs.seen(r.Now)
	r.Changes = append(r.Changes, compare(in, theirs, r.Now)...)
}

// clip shortens what strangers wrote.
func clip(s string) string {
	if s = strings.TrimSpace(s); len(s) > 200 {
		s = strings.ToValidUTF8(s[:200], "") + "…"
	}
	return s
}

// worst is a reply that refused something.
func worst(o *Overheard) string {
	for _, text := range o.Refused {
		return text
	}
	if len(o.Replies) > 0 {
		return o.Replies[0]
	}
	return ""
}
