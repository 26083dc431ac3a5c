package mangle

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"mavis/engine/mail"
)

// Altermime changes a message by the program altermime. It works on a file with LF line ends, in place.
type Altermime struct {
	Command []string // program and first arguments; none says that it is not there
	Args    []string // after --input=FILE
	Dir     string   // folder of the task: files are made there
	Path    string   // $path for the program
	Timeout time.Duration
	// Logf hears what the program said; nil is silence.
	Logf func(level int, format string, args ...any)
}

// ErrProgram is wrapped by errors of the program itself: it is not there, says that it failed, leaves nothing, or takes too
// long. Other errors are of this host.
var ErrProgram = errors.New("altermime failed")

const (
	saidMax    = 16 << 10 // bytes kept of what the program says
	growthMax  = 64 << 20 // bytes by which a message may grow
	memoryMax  = 1 << 30  // bytes
	usualLimit = 2 * time.Minute
)

// Altered is a message as altermime left it: a file with CRLF line ends.
type Altered struct {
	*mail.Message
	file *os.File
}

// Close removes the file.
func (a *Altered) Close() error { return errors.Join(a.file.Close(), os.Remove(a.file.Name())) }

// Run gives the changed message. Close it after use.
func (a Altermime) Run(ctx context.Context, m *mail.Message) (*Altered, error) {
	if len(a.Command) == 0 {
		return nil, fmt.Errorf("%w: not available", ErrProgram)
	}
	in, err := os.CreateTemp(a.Dir, "email-repl-*.txt")
	if err != nil {
		return nil, err
	}
	name := in.Name()
	defer os.Remove(name + ".tmp") // altermime's own
	defer os.Remove(name)
	err = unixLines(in, io.NewSectionReader(m.Body, 0, m.Body.Size()))
	if err = errors.Join(err, in.Close()); err != nil {
		return nil, fmt.Errorf("copy for altermime: %w", err)
	}
	if err := a.run(ctx, name, m.Body.Size()+growthMax); err != nil {
		return nil, err
	}
	st, err := os.Lstat(name)
	if err != nil || !st.Mode().IsRegular() || st.Size() == 0 {
		return nil, fmt.Errorf("%w: it left nothing", ErrProgram)
	}
	return a.collect(name)
}

func (a Altermime) run(ctx context.Context, name string, sizeMax int64) error {
	limit := a.Timeout
	if limit <= 0 {
		limit = usualLimit
	}
	within, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	args := append(append(append([]string{}, a.Command[1:]...), "--input="+name), a.Args...)
	cmd := exec.CommandContext(within, a.Command[0], args...)
	cmd.Dir = a.Dir
	cmd.Env = []string{"PATH=" + a.Path, "HOME=" + a.Dir, "TMPDIR=" + a.Dir}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	var said head
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); ctx.Err() != nil {
		return ctx.Err()
	} else if err != nil {
		return fmt.Errorf("%w: %w", ErrProgram, err)
	}
	for what, max := range map[int]uint64{unix.RLIMIT_FSIZE: uint64(sizeMax), unix.RLIMIT_DATA: memoryMax, unix.RLIMIT_CORE: 0} {
		_ = unix.Prlimit(cmd.Process.Pid, what, &unix.Rlimit{Cur: max, Max: max}, nil) // one that has ended needs no limit
	}
	err := cmd.Wait()
	text := strings.TrimSpace(said.String())
	if text != "" && a.Logf != nil {
		a.Logf(2, "program %s said: %q", a.Command[0], text)
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case within.Err() != nil:
		return fmt.Errorf("%w: no end after %v", ErrProgram, limit)
	case err != nil:
		return fmt.Errorf("%w: %s: %w, %.200s", ErrProgram, a.Command[0], err, text)
	}
	return nil
}

// collect makes a message of the file that the program left.
func (a Altermime) collect(name string) (*Altered, error) {
	in, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	out, err := os.CreateTemp(a.Dir, "email-sent-*.txt")
	if err != nil {
		return nil, err
	}
	got := &Altered{&mail.Message{}, out}
	if err = smtpLines(out, in); err == nil {
		var st os.FileInfo
		if st, err = out.Stat(); err == nil {
			got.Body = io.NewSectionReader(out, 0, st.Size())
			err = readHeader(got.Message)
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("result of altermime in %s: %w", filepath.Base(name), err), got.Close())
	}
	return got, nil
}

// head keeps the first bytes written to it.
type head struct{ bytes.Buffer }

// Write takes all and keeps what there is room for.
func (h *head) Write(p []byte) (int, error) {
	if room := saidMax - h.Len(); room > 0 {
		h.Buffer.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}
