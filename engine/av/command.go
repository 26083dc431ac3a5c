package av

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"mavis/rules"
)

const (
	maxArguments = 4000     // bytes of arguments in one call; POSIX grants 4096
	maxOutput    = 1 << 20  // bytes of output that are kept and judged
	maxFlood     = 64 << 20 // bytes of output after which a program is ended
)

// command runs a program over the folder or over its files, as many files to a call as fit.
func (s *Scanner) command(ctx context.Context, e *rules.Scanner, program []string, job Job) (a answer) {
	dir, err := s.workFolder(e, job)
	if err == nil {
		err = s.before(e, job)
	}
	if err != nil {
		return answer{err: err}
	}
	defer func() { s.after(e, job, &a) }()
	template := e.ArgList
	if e.Args != "" || template == nil {
		template = words(e.Args) // amavisd takes only the first element when a list is given
	}
	for rest := job.Files; len(rest) > 0; {
		args, n := arguments(template, len(strings.Join(program, " "))+1, job.Folder, rest)
		done := rest[:n]
		rest = rest[n:]
		if !perFile(template) {
			done = []string{job.Folder}
		}
		s.logf(3, "run_av Using (%s): %s %s", e.Name, strings.Join(program, " "), strings.Join(args, " "))
		r, err := execute(ctx, append(append([]string{}, program...), args...), dir, s.environ())
		s.logf(3, "run_av: %s exit %d, %s", program[0], r.status, shorten(r.output))
		if err != nil {
			a.take(s, e, done, nil, err)
			return a
		}
		if r.broken != nil && e.Clean.Pattern == nil && e.Infected.Pattern == nil {
			r.broken = nil // the status says it all
		}
		if !a.take(s, e, done, []reply{r}, nil) {
			return a
		}
	}
	return a
}

// environ is the daemon's environment with PATH as $path has it.
func (s *Scanner) environ() []string {
	if len(s.Path) == 0 {
		return nil
	}
	return append(os.Environ(), "PATH="+strings.Join(s.Path, ":"))
}

// words cuts as Perl's split ' ' does: quotes mean nothing.
func words(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(" \t\n\r\f\v", r) })
}

// perFile says that a template names files, not only their folder.
func perFile(template []string) bool {
	return slices.Contains(template, "*") || slices.Contains(template, "{}/*")
}

// arguments fills a template; size is the length of what comes before. n is how many files it took: all of them when
// the template names only the folder.
func arguments(template []string, size int, folder string, files []string) (args []string, n int) {
	for _, t := range template {
		switch {
		case t == "*" || t == "{}/*":
		case t == "{}" || strings.HasPrefix(t, "{}/"):
			size += len(folder) + len(t) - 2 + 1
		default:
			size += len(t) + 1
		}
	}
	n = len(files)
	if perFile(template) {
		for n = 0; n < len(files); n++ {
			for _, t := range template {
				switch t {
				case "{}/*":
					size += len(folder) + 1 + len(files[n]) + 1
				case "*":
					size += len(files[n]) + 1
				}
			}
			if n > 0 && size > maxArguments {
				break
			}
		}
	}
	for _, t := range template {
		switch {
		case t == "*":
			args = append(args, files[:n]...)
		case t == "{}/*":
			for _, f := range files[:n] {
				args = append(args, folder+"/"+f)
			}
		case t == "{}" || strings.HasPrefix(t, "{}/"):
			args = append(args, folder+t[2:])
		default:
			args = append(args, t)
		}
	}
	return args, n
}

// execute starts a program in a folder, with both outputs joined, and ends its whole process group when ctx ends, when
// it floods, and when it has ended and left others behind.
func execute(ctx context.Context, command []string, dir string, env []string) (reply, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir, cmd.Env = dir, env
	out := &limited{flood: func() { stop(errFlood) }}
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 2 * time.Second
	if err := cmd.Start(); err != nil {
		return reply{}, fmt.Errorf("%s: %w", command[0], err)
	}
	// Look without reaping first: as long as the leader is not reaped nobody else can have its group's number.
	pid := cmd.Process.Pid
	for unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
	}
	syscall.Kill(-pid, syscall.SIGKILL)
	err := cmd.Wait()
	r := reply{output: out.text()}
	if out.cut() {
		r.broken = errCut
	}
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return r, fmt.Errorf("%s: %w", command[0], context.Cause(ctx))
	case errors.As(err, &exit) && exit.Exited():
		r.status = exit.ExitCode()
		return r, nil
	case err != nil:
		return r, fmt.Errorf("%s: %w", command[0], err)
	}
	return r, nil
}

var errFlood = errors.New("a flood of output")

// limited keeps the first bytes and swallows the rest, so that a flood costs no memory.
type limited struct {
	mu    sync.Mutex
	buf   bytes.Buffer
	total int
	flood func()
}

func (l *limited) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if room := maxOutput - l.buf.Len(); room > 0 {
		l.buf.Write(p[:min(room, len(p))])
	}
	if l.total += len(p); l.total > maxFlood {
		l.flood()
	}
	return len(p), nil
}

func (l *limited) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func (l *limited) cut() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.total > l.buf.Len()
}
