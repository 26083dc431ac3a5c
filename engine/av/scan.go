// Package av asks virus scanners about the parts of a message: daemons in their own dialogue, programs by exit status
// and output. A scanner that hangs, dies or lies costs its own deadline; when none answers, that is an error.
package av

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"mavis/perlconf/eval"
	"mavis/rules"
)

// ErrNone means that no scanner vouched for the message or found anything. The mail must be deferred or be treated as
// unchecked, as the configuration says.
var ErrNone = errors.New("no virus scanner answered")

// Job is what to scan: files in a folder that holds nothing else.
type Job struct {
	Folder string   // the task's parts folder, an absolute path
	Files  []string // base names, in the order of the part tree; empty ones are left out by the caller
}

// Scanner runs the configured entries. Its methods may be called from any goroutine.
type Scanner struct {
	Primary, Backup []rules.Scanner
	Path            []string // folders of $path
	// FirstInfectedStops ends the scan as soon as one has found something ($first_infected_stops_scan).
	FirstInfectedStops bool
	// Spam says that a name is no virus but worth a spam score, which it gives as the configuration writes it
	// (@virus_name_to_spam_score_maps); nil when there is no such table. It may be called from several goroutines.
	Spam func(virus string) (score string, ok bool)
	// Daemons keeps sessions and the sockets that answered from one scan to the next; nil keeps nothing.
	Daemons *Daemons
	// Run calls a sub of the configuration: those that find names, stand before or after a scanner, or are one. Nil
	// makes entries with such code fail.
	Run func(code *eval.Code, args ...eval.Value) ([]eval.Value, error)
	// Var gives a scalar of the configuration, such as TEMPBASE; nil knows none.
	Var func(name string) (string, bool)
	// Mail sends the message to one recipient by a method such as smtp:[127.0.0.1]:5525 and gives the reply, code first.
	// An error means that the scanner has not spoken. Nil makes smtp: and lmtp: entries fail.
	Mail func(ctx context.Context, method, recipient string) (reply string, err error)
	// Recall, when set, answers for an entry; ask runs it. An answer that was kept stands in for the entry, so that the same
	// verdict can be had again. It may be called from several goroutines.
	Recall func(ctx context.Context, e *rules.Scanner, job Job, ask func() (Answer, error)) (Answer, error)
	// Pause waits between two tries of a daemon; nil sleeps. Tests need no patience.
	Pause func(context.Context, time.Duration)
	// Pick chooses among n sockets of a clamd:, sssp: or savapi: entry; nil does so at random, as the original.
	Pick func(n int) int
	// Log takes a line at one of the original's levels; nil drops it. It may be called from several goroutines.
	Log func(level int, format string, args ...any)
}

// errEnough ends scanners that are not needed any more.
var errEnough = errors.New("another scanner has found something")

// longest bounds a scan whose context has no deadline: amavisd's default $child_timeout.
const longest = 8 * time.Minute

// Scan asks all primary scanners side by side; when none of them answers, the backup ones. ctx bounds the whole; the
// primary ones get six tenths of the time that is left, so that the backup ones have some (as the original shares it).
// An error wraps ErrNone with the reasons.
func (s *Scanner) Scan(ctx context.Context, job Job) (*Verdict, error) {
	if len(job.Files) == 0 {
		s.logf(2, "Not calling virus scanners, no files to scan in %s", job.Folder)
		return &Verdict{}, nil
	}
	for _, f := range job.Files {
		if f == "" || strings.ContainsFunc(f, func(r rune) bool { return r < ' ' || r == '/' || r == 0x7f }) {
			return nil, fmt.Errorf("%w: a file is called %q", ErrNone, f)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	var reasons []string
	tried := false
	for tier, list := range [][]rules.Scanner{s.Primary, s.Backup} {
		if tier == 1 {
			s.logf(-1, "WARN: all primary virus scanners failed, considering backups")
		}
		answers := s.ask(ctx, list, job)
		tried = tried || len(answers) > 0
		v := &Verdict{}
		for _, a := range answers {
			if a.err != nil {
				reasons = append(reasons, a.err.Error())
			}
			v.add(a, job.Folder)
		}
		if len(v.Answered) > 0 {
			if v.Infected {
				s.logf(2, "virus_scan: (%s), detected by %d scanners: %s", strings.Join(v.Names, ", "), len(v.Scanners),
					scannerNames(v.Scanners))
			}
			return v, nil
		}
		if ctx.Err() != nil {
			break
		}
	}
	if !tried {
		return nil, fmt.Errorf("%w: NO VIRUS SCANNERS AVAILABLE", ErrNone)
	}
	return nil, fmt.Errorf("%w: ALL VIRUS SCANNERS FAILED: %s", ErrNone, strings.Join(reasons, "; "))
}

// share is how much of the time left one tier may take: six tenths, with four seconds kept for the rest of the work, but
// six seconds at least.
func share(left time.Duration) time.Duration {
	d := min(left*6/10, left-4*time.Second)
	if d < 8*time.Second {
		d = max(6*time.Second, min(8*time.Second, left))
	}
	return min(d, left)
}

// ask runs the usable entries of a list at the same time and gives their answers in the order of the list. Those that
// come after an infected one are cancelled when the first infected stops the scan.
func (s *Scanner) ask(ctx context.Context, list []rules.Scanner, job Job) []answer {
	if limit, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, share(time.Until(limit)))
		defer cancel()
	}
	type usable struct {
		entry  *rules.Scanner
		run    func(context.Context, Job) answer
		ctx    context.Context
		cancel context.CancelCauseFunc
	}
	var use []usable
	for i := range list {
		if run := s.runner(&list[i]); run != nil {
			one, cancel := context.WithCancelCause(ctx)
			defer cancel(nil)
			use = append(use, usable{&list[i], run, one, cancel})
		}
	}
	answers := make([]answer, len(use))
	work := func(i int) {
		answers[i] = s.guarded(use[i].ctx, use[i].entry, use[i].run, job)
		if answers[i].infected && s.FirstInfectedStops {
			for _, later := range use[i+1:] {
				later.cancel(errEnough)
			}
		}
	}
	var wg sync.WaitGroup
	for i := 1; i < len(use); i++ {
		wg.Go(func() { work(i) })
	}
	if len(use) > 0 {
		work(0)
	}
	wg.Wait()
	if s.FirstInfectedStops {
		for i, a := range answers {
			if a.infected {
				return answers[:i+1]
			}
		}
	}
	return answers
}

// guarded turns a panic into a failure of that scanner, logs failures, and makes a spam report of names that are only
// worth a score.
func (s *Scanner) guarded(ctx context.Context, e *rules.Scanner, run func(context.Context, Job) answer, job Job) (a answer) {
	defer func() {
		if p := recover(); p != nil {
			s.logf(-2, "%s av-scanner: %v %s", e.Name, p, debug.Stack())
			a = answer{err: fmt.Errorf("internal error: %v", p)}
		}
		a.entry = e
		if a.err != nil {
			level := -1
			if context.Cause(ctx) == errEnough {
				level = 5
			}
			s.logf(level, "%s av-scanner FAILED: %v", e.Name, a.err)
			a.err = fmt.Errorf("%s: %w", e.Name, a.err)
		}
	}()
	a = s.asked(ctx, e, run, job)
	if a.infected && a.err != nil { // whatever else went wrong, this was seen
		s.logf(-1, "%s: after an infection was found: %v", e.Name, a.err)
		a.err = nil
	}
	if a.infected {
		a.names = unique(a.names)
		a.spam = s.onlySpam(e.Name, a.names)
		if a.spam != nil {
			a.infected, a.names = false, nil
		}
	}
	return a
}

func (s *Scanner) logf(level int, format string, args ...any) {
	if s.Log != nil {
		s.Log(level, format, args...)
	}
}
