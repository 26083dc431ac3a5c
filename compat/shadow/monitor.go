package shadow

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Judgement is what our engine would have done, and why.
type Judgement struct {
	Account
	Rules []string // places of the rules that decided, with what they decided
	Took  time.Duration
}

// Finding is a mail with the two accounts of it.
type Finding struct {
	In          *Overheard // its copy is gone when Keep returns
	Theirs      Account
	Ours        *Judgement // nil when it could not be judged
	Differences []Difference
	// Unjudged says why there is nothing to compare: no copy, or nobody to judge in time.
	Unjudged string

	outBefore int64 // how many messages had left the filter when this mail was answered
}

// MonitorOptions say who judges and who keeps. Judge and Keep are needed.
type MonitorOptions struct {
	// Judge runs the engine over a mail. It is called by Workers goroutines.
	Judge func(ctx context.Context, o *Overheard) (*Judgement, error)
	// Keep is told of every mail, one at a time.
	Keep func(*Finding)
	// LineOf finds what the filter logged about a mail: by what it said in its last reply, and Message-ID. Nil when no log is read.
	LineOf func(ctx context.Context, replies []string, messageID string) *Line
	// Watched says that what leaves the filter is listened to.
	Watched bool
	// Workers judge at a time; 0 is 1. Queue is the number of mails that may wait; 0 is 100. What comes when it is full is
	// counted and not judged.
	Workers, Queue int
	// Patience bounds one judgement; 0 is five minutes.
	Patience time.Duration
}

// Monitor holds what is overheard against what our engine says.
type Monitor struct {
	opt     MonitorOptions
	work    chan *Finding
	out     chan *Overheard
	found   chan *Finding
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
	m := &Monitor{opt: opt, work: make(chan *Finding, opt.Queue), out: make(chan *Overheard, maxWaiting), found: make(chan *Finding)}
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
	case m.work <- &Finding{In: o, outBefore: m.outHeard}: // what came out of it was heard before its last reply
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
func (m *Monitor) cameOut(f *Finding, in Sent, mailID string) (mails, notices []Sent, blind bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for m.outDone < f.outBefore {
		m.summedUp.Wait()
	}
	mails, notices, blind = m.match.take(in, mailID, f.In.Sent, f.In.Answered)
	return mails, notices, blind || m.outLost.After(f.In.Sent)
}

func (m *Monitor) judge(ctx context.Context) {
	defer m.judging.Done()
	for f := range m.work {
		m.one(ctx, f)
		m.found <- f
	}
}

func (m *Monitor) keep() {
	defer m.rest.Done()
	go func() { m.judging.Wait(); close(m.found) }()
	for f := range m.found {
		m.opt.Keep(f)
		f.In.Close()
	}
}

// one fills a Finding in.
func (m *Monitor) one(ctx context.Context, f *Finding) {
	defer func() {
		if p := recover(); p != nil {
			f.Differences = []Difference{{Failed, "", fmt.Sprintf("panic: %v", p)}}
		}
	}()
	o := f.In
	f.Theirs = Account{Replies: o.Replies, Blind: true}
	if o.Task == nil {
		f.Unjudged = o.Skipped
		if f.Unjudged == "" {
			f.Unjudged = "refused before the message came"
		}
		return
	}
	in, err := o.sent()
	if err != nil {
		f.Unjudged = err.Error()
		return
	}
	ctx, cancel := context.WithTimeout(ctx, m.opt.Patience)
	defer cancel()
	id := ""
	if m.opt.LineOf != nil {
		if f.Theirs.Line = m.opt.LineOf(ctx, o.Replies, in.ID); f.Theirs.Line != nil {
			id = f.Theirs.Line.MailID
		}
	}
	if m.opt.Watched {
		f.Theirs.Sent, f.Theirs.Notices, f.Theirs.Blind = m.cameOut(f, in, id)
	}
	ours, err := m.opt.Judge(ctx, o)
	switch {
	case errors.Is(err, context.Canceled):
		f.Unjudged = "ended before it was judged"
		return
	case err != nil:
		f.Differences = []Difference{{Failed, "", err.Error()}}
		return
	}
	f.Ours = ours
	f.Differences = compare(in.Header, f.Theirs, ours.Account)
	if id == "" && len(f.Theirs.Sent) == 0 {
		f.Differences = without(f.Differences, Notices) // whose notices went out cannot be told
	}
}

func without(list []Difference, c Class) []Difference {
	var out []Difference
	for _, d := range list {
		if d.Class != c {
			out = append(out, d)
		}
	}
	return out
}
