package spam

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"mavis/engine/program"
	"mavis/perlconf/eval"
	"mavis/rules"
)

// Bounds on what a program may say; only a header is wanted.
const (
	maxOutput = 64 << 10
	maxErrors = 2000
)

// extProg gives the message to a program on its standard input and reads header fields from its output: DSPAM, CRM114,
// bogofilter (module Amavis::SpamControl::ExtProg). A program that is not there is passed over, as in the original.
func (s *Scanner) extProg(ctx context.Context, p *rules.Policy, entry rules.SpamScanner, m *Mail, r *Result) error {
	command, ok := program.Find(entry.Programs, p.Config().Paths.Search)
	if !ok {
		s.Log.printf(5, "SpamControl: no scanner %s, module %s", entry.Name, entry.Module)
		return nil
	}
	limit := sizeLimit(p, entry, m)
	c, err := newContent("", pseudoHeader(p, m, r, limit, avDotTest), m, limit)
	if err != nil {
		return err
	}
	c.tail = ""
	unlock, err := lockFor(ctx, entry, "classifier_lock_type")
	if err != nil {
		return err
	}
	defer unlock()
	out, err := s.pipe(ctx, append(command, entry.Args...), entry.Name, c)
	if err != nil {
		return err
	}
	v := verdictOf(command[0], out, entry)
	for name, value := range v.info {
		r.Info[name] = value
	}
	if v.scored {
		s.Log.printf(2, "%s result: score=%s, %s", entry.Name, plain(v.score), v.tests)
		r.Info["SCORE-"+entry.Name] = plain(v.score)
		r.add(everyone(r), v.score, v.tests)
	}
	return nil
}

// pipe runs a program and gives the beginning of its output. It must end with status 0.
func (s *Scanner) pipe(ctx context.Context, command []string, name string, c *content) (string, error) {
	pr, pw := io.Pipe()
	read := make(chan error, 1)
	go func() {
		err := c.writeTo(pw)
		pw.CloseWithError(err)
		read <- err
	}()
	var out, errs head
	out.room, errs.room = maxOutput, maxErrors
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = pr, &out, &errs
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	pr.Close()
	werr := <-read
	if text := strings.TrimSpace(errs.String()); text != "" {
		level := 2
		if err != nil {
			level = -1
		}
		s.Log.printf(level, "%s stderr: %s", name, text)
	}
	switch {
	case ctx.Err() != nil:
		return "", fmt.Errorf("%s did not end in time: %w", command[0], ctx.Err())
	case werr != nil && !errors.Is(werr, io.ErrClosedPipe): // the mail could not be read
		return "", werr
	case err != nil:
		return "", fmt.Errorf("%s: %w", command[0], err)
	}
	return out.String(), nil
}

// head keeps the beginning of what is written to it.
type head struct {
	bytes.Buffer
	room int
}

func (h *head) Write(p []byte) (int, error) {
	h.Buffer.Write(p[:min(len(p), max(0, h.room-h.Len()))])
	return len(p), nil
}

// lockFor takes the lock that options lock_file and lock_type (exclusive, shared, none) of an entry ask for.
func lockFor(ctx context.Context, entry rules.SpamScanner, kind string) (func(), error) {
	file := entry.Options.Str("lock_file")
	mode := "exclusive"
	for _, option := range []string{"lock_type", kind} {
		if v, ok := entry.Options.Get(option); ok && v != nil {
			mode = strings.ToLower(eval.ToString(v))
		}
	}
	if file == "" || mode == "" || mode == "none" {
		return func() {}, nil
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_RDWR, 0o640)
	if err != nil {
		return nil, fmt.Errorf("lock file: %w", err)
	}
	how := syscall.LOCK_EX
	if mode == "shared" {
		how = syscall.LOCK_SH
	}
	for {
		err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
		if err == nil {
			return func() { f.Close() }, nil
		}
		if err != syscall.EWOULDBLOCK && err != syscall.EINTR {
			f.Close()
			return nil, fmt.Errorf("lock %s: %w", file, err)
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, fmt.Errorf("lock %s: %w", file, ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}
