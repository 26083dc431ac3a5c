package judge

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"mavis/engine/av"
	"mavis/engine/spam"
	"mavis/rules"
)

// Verdicts keeps what scanners said. Its methods may be called from several goroutines.
type Verdicts interface {
	// Verdict gives what was kept under a key; ok is false when nothing was.
	Verdict(key string) (value []byte, ok bool, err error)
	// Keep keeps it. The scanner's name is for people who look at the store.
	Keep(key, scanner string, value []byte) error
}

// ErrNotRecorded means that only recorded verdicts may be used and there is none.
var ErrNotRecorded = errors.New("no verdict of it is recorded")

// virusAnswers stands between the flow and its virus scanners when verdicts are kept; nil asks them.
func (j *Judge) virusAnswers() func(context.Context, *rules.Scanner, av.Job, func() (av.Answer, error)) (av.Answer, error) {
	if j.opt.Verdicts == nil && !j.opt.Recorded {
		return nil
	}
	return j.virus
}

// virus looks for a verdict under what the scanner would see: its own entry and the bytes of the parts.
func (j *Judge) virus(_ context.Context, e *rules.Scanner, job av.Job, ask func() (av.Answer, error)) (av.Answer, error) {
	h := sha256.New()
	fmt.Fprintf(h, "virus\x00%s\x00%s\x00%q\x00%s\x00%q\x00%s\x00%s\x00%v\x00", e.Name, e.Call, e.Query, e.Args, e.ArgList,
		pattern(e.Clean), pattern(e.Infected), e.NameRE)
	for _, name := range job.Files {
		if err := sum(h, filepath.Join(job.Folder, name)); err != nil {
			return av.Answer{}, err
		}
	}
	return kept(j, hex.EncodeToString(h.Sum(nil)), e.Name, ask)
}

func pattern(o rules.Outcome) string { return fmt.Sprintf("%v %v", o.Status, o.Pattern) }

func sum(h io.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	part := sha256.New()
	n, err := io.Copy(part, f)
	fmt.Fprintf(h, "%s %d %x\n", filepath.Base(path), n, part.Sum(nil))
	return err
}

// spam asks the spam scanners, or looks for a verdict under the whole mail, its envelope and the scanners. No scanner learns
// from it.
func (j *Judge) spam(ctx context.Context, p *rules.Policy, m *spam.Mail) (*spam.Result, error) {
	if j.opt.Unscanned {
		return &spam.Result{Shares: make([]spam.Share, len(m.Rcpts)), Info: map[string]string{}, Report: m.Report, Summary: m.Summary}, nil
	}
	ask := func() (*spam.Result, error) {
		s := spam.Scanner{Spamd: j.spamd, Log: func(int, string, ...any) {}}
		return s.Scan(ctx, p, m)
	}
	if j.opt.Verdicts == nil && !j.opt.Recorded {
		return ask()
	}
	h := sha256.New()
	var names []string
	for _, s := range p.SpamScanners() {
		names = append(names, s.Name)
		fmt.Fprintf(h, "spam\x00%s\x00%s\x00%q\x00", s.Name, s.Module, s.Args)
		for _, k := range s.Options.Keys() {
			v, _ := s.Options.Get(k)
			fmt.Fprintf(h, "%s=%v\x00", k, v)
		}
	}
	fmt.Fprintf(h, "%q %q %t %q %q\x00", m.Sender, m.ClientIP, m.Originating, m.Report, m.Summary)
	for _, r := range m.Rcpts {
		fmt.Fprintf(h, "%q %t %t\x00", r.Internal, r.Local, r.BypassSpam)
	}
	if _, err := io.Copy(h, io.NewSectionReader(m.Body, 0, m.Body.Size())); err != nil {
		return nil, err
	}
	return kept(j, hex.EncodeToString(h.Sum(nil)), strings.Join(names, ", "), ask)
}

// kept gives the verdict that was kept, or asks and keeps what comes.
func kept[T any](j *Judge, key, scanner string, ask func() (T, error)) (v T, err error) {
	if j.opt.Verdicts != nil {
		raw, ok, err := j.opt.Verdicts.Verdict(key)
		if err != nil {
			return v, err
		}
		if ok {
			return v, json.Unmarshal(raw, &v)
		}
	}
	if j.opt.Recorded {
		return v, fmt.Errorf("%s: %w", scanner, ErrNotRecorded)
	}
	if v, err = ask(); err != nil || j.opt.Verdicts == nil {
		return v, err
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return v, err
	}
	return v, j.opt.Verdicts.Keep(key, scanner, raw)
}
