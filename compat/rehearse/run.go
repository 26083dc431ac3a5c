package rehearse

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"mavis/compat/rehearse/answer"
	"mavis/compat/rehearse/judge"
	"mavis/compat/rehearse/stored"
	"mavis/engine/ingress"
	"mavis/engine/mail"
	"mavis/engine/origin"
)

// Options of a run. Judges is needed.
type Options struct {
	// Judges are the configurations: one, or two to be compared.
	Judges []*judge.Judge
	// Given stands above what is known of a mail's envelope; Lookup, when set, above both what is stored and Given.
	Given  stored.Envelope
	Lookup func(mail string) (stored.Envelope, bool, error)
	// Past, when set, gives what was decided about a mail earlier, to be compared with; nil when it does not know.
	Past func(m *Known) (*answer.Answer, error)
	// Compare says how answers are compared.
	Compare answer.Compare
	// AsStored takes mail as it lies, with what delivery and an earlier filter have put on top.
	AsStored bool
	// Workers is how many mails are worked on at a time; 0 is the number of processors.
	Workers int
	// Done says that a mail has its record from an earlier run; nil is none.
	Done func(name string) (bool, error)
	// Emit takes the records, in the order of the mails, from one goroutine.
	Emit func(r *Record) error
	// Passed hears of each mail that is through, with its size as stored; nil is silence. It comes from the goroutine of Emit.
	Passed func(size int64)
}

// Known is a mail with all that is known of how it came.
type Known struct {
	Mail      *stored.Mail
	Envelope  stored.Envelope
	MessageID string
	asStored  bool
}

// Size is the number of bytes that the mail has on the wire. It reads the mail.
func (k *Known) Size() (int64, error) {
	o, err := k.Mail.Read(k.asStored)
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(io.Discard, o)
	return n, errors.Join(err, o.Close())
}

type job struct {
	seq  int
	mail *stored.Mail
	skip bool
}

type outcome struct {
	seq    int
	size   int64
	record *Record
	err    error
}

// Run judges what each gives. It ends early when ctx does, with what is there and the context's error.
func Run(ctx context.Context, opt Options, each func(ctx context.Context, found func(*stored.Mail) error) error) error {
	if opt.Workers <= 0 {
		opt.Workers = runtime.NumCPU()
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	window := make(chan struct{}, 64*opt.Workers) // mails begun whose record is not out
	jobs, outcomes := make(chan job), make(chan outcome, opt.Workers)
	var workers sync.WaitGroup
	for range opt.Workers {
		workers.Go(func() {
			for j := range jobs {
				o := outcome{seq: j.seq, size: j.mail.Size}
				if !j.skip {
					o.record, o.err = opt.one(ctx, j.mail)
				}
				outcomes <- o
			}
		})
	}
	go func() {
		defer close(outcomes)
		seq := 0
		err := each(ctx, func(m *stored.Mail) error {
			skip := false
			if opt.Done != nil {
				var err error
				if skip, err = opt.Done(m.Name); err != nil {
					return err
				}
			}
			select {
			case window <- struct{}{}:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			select {
			case jobs <- job{seq, m, skip}:
				seq++
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		})
		close(jobs)
		workers.Wait()
		if err != nil {
			outcomes <- outcome{seq: -1, err: err}
		}
	}()
	waiting := map[int]outcome{}
	next := 0
	var failed error
	for o := range outcomes {
		if o.seq < 0 {
			if failed == nil {
				failed = o.err
			}
			continue
		}
		waiting[o.seq] = o
		for o, ok := waiting[next]; ok; o, ok = waiting[next] {
			delete(waiting, next)
			next++
			<-window
			if o.err == nil && o.record != nil && failed == nil {
				o.err = opt.Emit(o.record)
			}
			if o.err != nil {
				if failed == nil {
					failed = o.err
				}
				cancel(o.err)
				continue
			}
			if opt.Passed != nil {
				opt.Passed(o.size)
			}
		}
	}
	return failed
}

// one makes the record of one mail. An error ends the run.
func (opt *Options) one(ctx context.Context, m *stored.Mail) (r *Record, err error) {
	defer func() {
		if p := recover(); p != nil {
			r, err = &Record{Version: Version, Mail: m.Name, Finding: fmt.Sprintf("panic: %v %.2000s", p, debug.Stack())}, nil
		}
	}()
	r = &Record{Version: Version, Mail: m.Name}
	for i, j := range opt.Judges {
		a, err := opt.judge(ctx, j, m, r, i == 0)
		if err != nil {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			r.Finding = err.Error()
			return r, nil
		}
		if i == 0 && len(opt.Judges) > 1 {
			r.Then = a
			continue
		}
		r.Now = a
	}
	r.Alone = opt.Past != nil && r.Then == nil
	if r.Now.Failed != "" {
		r.Finding = r.Now.Failed
	} else if r.Then != nil && !r.Then.Log && r.Then.Failed != "" {
		r.Finding = r.Then.Failed
	}
	if r.Then != nil {
		r.Changes = opt.Compare.Diff(r.Then, r.Now)
	}
	return r, nil
}

// judge reads a mail and has it judged. An error says what is wrong with the mail.
func (opt *Options) judge(ctx context.Context, j *judge.Judge, m *stored.Mail, r *Record, fill bool) (*answer.Answer, error) {
	o, err := m.Read(opt.AsStored)
	if err != nil {
		return nil, err
	}
	defer o.Close()
	env := o.Known.Over(m.Known).Over(opt.Given)
	if opt.Lookup != nil {
		e, ok, err := opt.Lookup(m.Name)
		if err != nil {
			return nil, err
		}
		if ok {
			env = env.Over(e)
		}
	}
	if len(env.To) == 0 {
		env.To = stored.Named(o.Header)
	}
	if !env.HasFrom {
		env.From = stored.Author(o.Header)
	}
	if len(env.To) == 0 {
		return nil, errors.New("no recipient is known: neither the header nor an option names one")
	}
	k := &Known{Mail: m, Envelope: env, MessageID: field(o.Header, "Message-ID"), asStored: opt.AsStored}
	if fill {
		r.From, r.To, r.MessageID, r.Subject = env.From, env.To, k.MessageID, cut(field(o.Header, "Subject"), 200)
	}
	e, err := ingress.ParseEnvelope(env.From, env.MailParams, env.To, env.RcptParams)
	if err != nil {
		return nil, fmt.Errorf("its envelope: %w", err)
	}
	jm := &judge.Mail{Envelope: e, Port: env.Port, LMTP: env.LMTP, Client: mail.Client{Helo: "localhost", XName: env.ClientName, XAddr: env.ClientIP,
		XPort: env.ClientPort, XProto: env.Proto, XHelo: env.Helo, XIdent: env.QueueID, HasXForward: env.ClientIP != ""}}
	counted := &counter{r: o}
	jm.Data = counted
	if opt.Past != nil {
		if r.Then, err = opt.Past(k); err != nil {
			return nil, err
		}
		jm.Refused = refused(r.Then)
	}
	a, err := j.Judge(ctx, jm)
	if fill {
		r.Size = counted.n
	}
	return a, err
}

// refused are the recipients whom the next hop did not take, as an old log tells it.
func refused(a *answer.Answer) map[string]string {
	if a == nil || a.Blocked != "MTA-BLOCKED" {
		return nil
	}
	said := judge.Never
	if slices.ContainsFunc(a.Actions, func(s string) bool { return strings.HasPrefix(s, "TempFailed") }) {
		said = judge.Later
	}
	out := map[string]string{}
	for i := range a.Recipients {
		if r := &a.Recipients[i]; !r.Gets {
			out[strings.ToLower(r.Addr)] = said
		}
	}
	return out
}

type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

func field(fields []mail.Field, name string) string {
	body, _ := origin.Get(fields, name)
	return strings.Join(strings.Fields(string(bytes.ToValidUTF8([]byte(body), []byte("?")))), " ")
}

func cut(s string, n int) string {
	if len(s) > n {
		return strings.ToValidUTF8(s[:n], "") + "…"
	}
	return s
}
