// Package av asks virus scanners about the parts of a message: daemons in their own dialogue, programs by exit status
// and output. A scanner that hangs, dies or lies costs its own deadline; when none answers, that is an error.
package av

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"mavis/perlconf/source"
	"mavis/rules"
)

// ErrNone means that no scanner vouched for the message or found anything. The mail must be deferred or be treated as
// unchecked, as the configuration says.
var ErrNone = errors.New("no virus scanner answered")

// Job is what to scan: files in a folder that holds nothing else.
type Job struct {
	Folder string   // the task's parts folder
	Files  []string // base names, in the order of the part tree; empty ones are left out by the caller
}

// Verdict is what the scanners said together.
type Verdict struct {
	Infected  bool
	Names     []string // of the first scanner that found something; never empty when Infected
	Output    string   // what that scanner said, without the folder's name
	Scanners  []string // those that found something
	Answered  []string // those that gave an answer
	Origin    source.Span
	Tentative string // output of a scanner that found nothing
}

// Scanner runs the configured entries.
type Scanner struct {
	Primary, Backup []rules.Scanner
	Path            []string // folders of $path
	// FirstInfectedStops ends the scan as soon as one has found something.
	FirstInfectedStops bool
	// Spam says that a name is no virus but worth a spam score; nil when there is no such table.
	Spam func(virus string) bool
	// Pause waits between two tries of a daemon; nil sleeps. Tests need no patience.
	Pause func(context.Context, time.Duration)
	// Log takes a line at one of the original's levels; nil drops it.
	Log func(level int, format string, args ...any)
}

// Scan asks all primary scanners side by side; when none of them answers, the backup ones. ctx bounds the whole.
// An error wraps ErrNone with the reasons.
func (s *Scanner) Scan(ctx context.Context, job Job) (*Verdict, error) {
	if len(job.Files) == 0 {
		return &Verdict{}, nil
	}
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
				continue
			}
			v.add(a, job.Folder)
		}
		if len(v.Answered) > 0 {
			return v, nil
		}
	}
	if !tried {
		return nil, fmt.Errorf("%w: NO VIRUS SCANNERS AVAILABLE", ErrNone)
	}
	return nil, fmt.Errorf("%w: ALL VIRUS SCANNERS FAILED: %s", ErrNone, strings.Join(reasons, "; "))
}

// answer is what one scanner said. conclusive is false for a scanner that found nothing but does not vouch for it.
type answer struct {
	entry      *rules.Scanner
	infected   bool
	conclusive bool
	names      []string
	output     string
	err        error
}

// ask runs the usable entries of a list at the same time and gives their answers in the order of the list. Those that
// come after an infected one are cancelled when the first infected stops the scan.
func (s *Scanner) ask(ctx context.Context, list []rules.Scanner, job Job) []answer {
	type usable struct {
		entry *rules.Scanner
		run   func(context.Context, Job) answer
	}
	var use []usable
	for i := range list {
		if run := s.runner(&list[i]); run != nil {
			use = append(use, usable{&list[i], run})
		}
	}
	answers := make([]answer, len(use))
	cancels := make([]context.CancelFunc, len(use))
	var wg sync.WaitGroup
	for i, u := range use {
		var one context.Context
		one, cancels[i] = context.WithCancel(ctx)
		wg.Add(1)
		go func() {
			defer wg.Done()
			answers[i] = s.guarded(one, u.entry, u.run, job)
			if answers[i].infected && s.FirstInfectedStops {
				for _, stop := range cancels[i+1:] {
					if stop != nil {
						stop()
					}
				}
			}
		}()
	}
	wg.Wait()
	for _, stop := range cancels {
		stop()
	}
	if s.FirstInfectedStops {
		for i, a := range answers {
			if a.infected {
				return answers[:i+1]
			}
		}
	}
	return answers
}

// guarded turns a panic into a failure of that scanner, logs failures, and drops names that are only worth a score.
func (s *Scanner) guarded(ctx context.Context, e *rules.Scanner, run func(context.Context, Job) answer, job Job) (a answer) {
	defer func() {
		if p := recover(); p != nil {
			a = answer{err: fmt.Errorf("%s: internal error: %v", e.Name, p)}
		}
		a.entry = e
		if a.err != nil {
			s.logf(-1, "%s av-scanner FAILED: %v", e.Name, a.err)
		}
	}()
	a = run(ctx, job)
	if a.err == nil && a.infected && s.onlySpam(a.names) {
		a.infected, a.names = false, nil
	}
	return a
}

func (s *Scanner) onlySpam(names []string) bool {
	if s.Spam == nil || len(names) == 0 {
		return false
	}
	for _, n := range names {
		if !s.Spam(n) {
			return false
		}
	}
	return true
}

func (v *Verdict) add(a answer, folder string) {
	if !a.infected && !a.conclusive {
		return
	}
	v.Answered = append(v.Answered, a.entry.Name)
	out := strings.ReplaceAll(strings.ReplaceAll(a.output, folder+"/", ""), folder, "")
	if !a.infected {
		if v.Tentative == "" {
			v.Tentative = out
		}
		return
	}
	v.Scanners = append(v.Scanners, a.entry.Name)
	if !v.Infected {
		v.Infected, v.Names, v.Output, v.Origin = true, unique(a.names), out, a.entry.Origin
	}
}

func unique(names []string) []string {
	seen := map[string]bool{}
	var out []string
	for _, n := range names {
		if !seen[n] {
			seen[n] = true
			out = append(out, n)
		}
	}
	return out
}

func (s *Scanner) logf(level int, format string, args ...any) {
	if s.Log != nil {
		s.Log(level, format, args...)
	}
}
