package av

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"mavis/rules"
)

const (
	maxArguments = 4000      // bytes of arguments in one call; POSIX grants 4096
	maxOutput    = 200 << 10 // bytes of output that are kept
)

// command runs a program over the folder or over its files, as many files to a call as fit.
func (s *Scanner) command(ctx context.Context, e *rules.Scanner, program []string, job Job) answer {
	var a answer
	template := e.ArgList
	if template == nil {
		template = strings.Fields(e.Args)
	}
	for rest := job.Files; len(rest) > 0; {
		args, n := arguments(template, job.Folder, rest)
		rest = rest[n:]
		r, err := run(ctx, append(append([]string{}, program...), args...), job.Folder)
		if err != nil {
			return answer{err: err}
		}
		if !a.take(e, r) {
			return a
		}
	}
	return a
}

// arguments fills a template; n is how many files it took: all of them when the template names only the folder.
func arguments(template []string, folder string, files []string) (args []string, n int) {
	size := 0
	perFile := false
	for _, t := range template {
		if t == "*" || t == "{}/*" {
			perFile = true
		}
		size += len(t) + 1
	}
	n = len(files)
	if perFile {
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

// run starts a program in a folder, with both outputs joined, and ends its whole process group when ctx ends.
func run(ctx context.Context, command []string, dir string) (reply, error) {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir = dir
	out := &limited{max: maxOutput}
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 2 * time.Second
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return reply{}, fmt.Errorf("%s: %w", command[0], ctx.Err())
	case errors.As(err, &exit) && exit.Exited():
		return reply{exit.ExitCode(), out.String()}, nil
	case err != nil:
		return reply{}, fmt.Errorf("%s: %w", command[0], err)
	}
	return reply{0, out.String()}, nil
}

// limited keeps the first max bytes and swallows the rest, so that a flood costs no memory.
type limited struct {
	bytes.Buffer
	max int
}

func (l *limited) Write(p []byte) (int, error) {
	if room := l.max - l.Len(); room > 0 {
		l.Buffer.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}
