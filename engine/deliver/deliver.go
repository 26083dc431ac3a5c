// Package deliver sends mail to the next hop: SMTP and LMTP over TCP or a Unix socket, a command's standard input, a
// batch SMTP file. It says for each recipient what became of it, and never more than the next hop said.
package deliver

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"time"
)

// Options of a Client. The zero value is amavisd-new's default.
type Options struct {
	// Helo is the name given in EHLO ($localhost_name); "" is localhost.
	Helo string
	// LocalAddress is the address to connect from ($local_client_bind_address); "" leaves it to the system.
	LocalAddress string
	// TLS gives the settings for sessions of messages that want it, see Outgoing.Security; nil is the zero Config.
	TLS func() *tls.Config
	// Timeout bounds each wait of a stage; 0 is RFC 5321's (section 4.5.3.2) as the original has them.
	Timeout func(Stage) time.Duration
	// Pick chooses one of n alternatives to try first; nil picks at random, as the original does.
	Pick func(n int) int
	// Folder is where bsmtp: files without a folder go ($QUARANTINEDIR).
	Folder string
	// Logf hears of connections that failed before another one did; nil is silence.
	Logf func(level int, format string, args ...any)
}

func (o *Options) timeout(s Stage) time.Duration {
	if o.Timeout != nil {
		if d := o.Timeout(s); d > 0 {
			return d
		}
	}
	switch s {
	case Connect:
		return 35 * time.Second
	case DataCommand:
		return 120 * time.Second
	case DataDot:
		return 600 * time.Second
	}
	return 300 * time.Second
}

// Client delivers. Its methods may be called from any goroutine.
type Client struct {
	opt   Options
	cache cache
}

// New makes a client.
func New(opt Options) *Client {
	if opt.Helo == "" {
		opt.Helo = "localhost"
	}
	if opt.TLS == nil {
		opt.TLS = func() *tls.Config { return &tls.Config{} }
	}
	if opt.Pick == nil {
		opt.Pick = rand.IntN
	}
	if opt.Logf == nil {
		opt.Logf = func(int, string, ...any) {}
	}
	return &Client{opt: opt}
}

// Close ends the connections kept.
func (c *Client) Close() { c.cache.close() }

// Retire ends the connections kept for one worker.
func (c *Client) Retire(worker int) { c.cache.retire(worker) }

// Deliver sends m by one of the methods, which are alternatives. It fails only when a method cannot be read or is not one
// that sends (local, sql); all else is in the outcomes. A recipient whose outcome is not Accepted was not delivered to, as
// far as the next hop said; after a connection lost behind the final dot nobody knows, and the outcome is a 451.
func (c *Client) Deliver(ctx context.Context, methods []string, m *Outgoing) (*Result, error) {
	targets, err := ParseMethods(methods)
	if err != nil {
		return nil, err
	}
	if len(targets) == 0 {
		return nil, errors.New("no delivery method")
	}
	d := &delivery{client: c, m: m, res: &Result{Outcomes: make([]Outcome, len(m.Rcpts))}}
	for i, r := range m.Rcpts {
		d.res.Outcomes[i] = Outcome{Addr: r.Addr}
		d.todo = append(d.todo, i)
	}
	if hops := receivedFields(m.Header); hops > maxHops {
		d.settleOwn(d.todo, Connect, "", 554, "5.4.6", tooManyHops(hops))
		return d.res, nil
	}
	switch targets[0].Protocol {
	case "smtp", "lmtp":
		d.send(ctx, targets)
	case "pipe":
		d.pipe(ctx, targets[0])
	case "bsmtp":
		d.bsmtp(targets[0])
	case "discard":
		d.settleOwn(d.todo, DataDot, targets[0].String(), 250, "2.0.0", "Ok, discarded")
	default:
		return nil, fmt.Errorf("delivery method %q is none that sends", methods[0])
	}
	return d.res, nil
}

// delivery is one call of Deliver.
type delivery struct {
	client *Client
	m      *Outgoing
	res    *Result
	todo   []int // recipients without an outcome
}

// settle gives recipients the answer of the next hop.
func (d *delivery) settle(which []int, stage Stage, target string, a answer) {
	for _, i := range which {
		o := &d.res.Outcomes[i]
		*o = Outcome{Addr: o.Addr, Code: a.code, Enhanced: a.enhanced, Text: a.text, Answer: a.String(), Stage: stage, Target: target}
	}
}

// settleOwn gives recipients an outcome of our own. The log id is added, as the original does.
func (d *delivery) settleOwn(which []int, stage Stage, target string, code int, enhanced, text string) {
	if d.m.LogID != "" {
		text += ", id=" + d.m.LogID
	}
	d.settle(which, stage, target, answer{code, enhanced, text})
	for _, i := range which {
		d.res.Outcomes[i].Own = true
	}
}

// maxHops is how many Received fields a mail may have; the original's number.
const maxHops = 100

func tooManyHops(n int) string {
	return fmt.Sprintf("Reject: Too many hops: %d 'Received:' header fields", n)
}

// receivedFields counts the hops that a header tells of (RFC 5321 section 6.3).
func receivedFields(header []byte) (n int) {
	for line := range bytes.Lines(header) {
		if len(line) > 9 && bytes.EqualFold(line[:9], []byte("Received:")) {
			n++
		}
	}
	return n
}

// send tries transactions until each recipient has an outcome. A next hop that takes only so many recipients at a time
// (452) gets the others in a further transaction.
func (d *delivery) send(ctx context.Context, targets []Target) {
	for len(d.todo) > 0 {
		before := len(d.todo)
		s, err := d.session(ctx, targets)
		if err != nil {
			d.failed(d.todo, Connect, "", "fwd-connect", err)
			return
		}
		tx := &transaction{delivery: d, s: s, rcpts: d.todo}
		err = tx.run(ctx)
		if err != nil && s.reused && !tx.dotSent && ctx.Err() == nil && !errors.Is(err, errBail) && !isTimeout(err) {
			// The connection had died while it lay idle. Without the final dot nothing can have been delivered.
			d.client.opt.Logf(3, "connection to %s was stale: %v", s.name, err)
			s.drop()
			continue
		}
		if err != nil {
			tx.abort(ctx, err)
		}
		d.todo = tx.again
		if len(d.todo) >= before {
			break
		}
	}
}

// failed settles recipients after something went wrong with the connection.
func (d *delivery) failed(which []int, stage Stage, target, section string, err error) {
	if isTimeout(err) {
		d.settleOwn(which, stage, target, 450, "4.4.2", fmt.Sprintf("Timed out during %s, MTA(%s)", section, target))
		return
	}
	id := ""
	if d.m.LogID != "" {
		id = ": id=" + d.m.LogID
	}
	var heard []string
	for _, i := range which {
		o := &d.res.Outcomes[i]
		if o.Heard == "" && o.Stage == RcptTo {
			o.Heard = o.Answer
		}
		heard = append(heard, o.Heard)
	}
	d.settle(which, stage, target, answer{451, "4.5.0", fmt.Sprintf("From MTA(%s) during %s (%v)%s", target, section, err, id)})
	for n, i := range which {
		d.res.Outcomes[i].Own, d.res.Outcomes[i].Heard = true, heard[n]
	}
}

func isTimeout(err error) bool {
	var ne net.Error
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) || errors.As(err, &ne) && ne.Timeout()
}

// session gives a connection to one of the targets: a kept one for any of them, else a new one, going on to the next
// target where one fails before MAIL.
func (d *delivery) session(ctx context.Context, targets []Target) (*session, error) {
	c := d.client
	resolved := make([]Target, 0, len(targets))
	var last error
	for _, t := range targets {
		t, err := t.resolve(d.m)
		if err != nil {
			last = err
			continue
		}
		resolved = append(resolved, t)
	}
	for _, t := range resolved {
		key := cacheKey(t, d.m.Security)
		if s := c.cache.take(d.m.Worker, key); s != nil {
			if s.revive(ctx) {
				return s, nil
			}
			s.drop()
		}
	}
	tried := ""
	n := len(resolved)
	for left := resolved; len(left) > 0; {
		i := 0
		if len(left) > 1 {
			i = min(max(c.opt.Pick(len(left)), 0), len(left)-1)
		}
		t := left[i]
		left = append(append([]Target{}, left[:i]...), left[i+1:]...)
		s, err := c.connect(ctx, t, d.m, d.helo())
		if err == nil {
			d.res.Connections++
			return s, nil
		}
		c.opt.Logf(1, "connect to %s: %v", t, err)
		last = err
		if tried != "" {
			tried += ", "
		}
		tried += t.String()
		if ctx.Err() != nil {
			break
		}
	}
	var op *net.OpError
	if errors.As(last, &op) && op.Op == "dial" && !isTimeout(last) {
		last = wording(fmt.Sprintf("All attempts (%d) failed connecting to %s", n, tried))
	}
	return nil, last
}

func (d *delivery) helo() string {
	if d.m.Helo != "" {
		return d.m.Helo
	}
	return d.client.opt.Helo
}

// cacheKey tells sessions apart that may not stand in for one another.
func cacheKey(t Target, s Security) string { return fmt.Sprintf("%s %d", t, s) }

// revive says whether a kept session can be used. One that was used moments ago is taken at its word.
func (s *session) revive(ctx context.Context) bool {
	now := time.Now()
	if stale(s, now) || s.r.Buffered() > 0 {
		return false
	}
	s.reused = true
	s.wire.limit, _ = ctx.Deadline()
	if now.Sub(s.used) <= freshFor {
		return true
	}
	a, err := s.ask(15*time.Second, "NOOP")
	return err == nil && a.code/100 == 2
}
