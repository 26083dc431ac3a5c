package deliver

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// pipe gives the message to a command, with line ends as on Unix, and reads its exit code as sysexits.h has it.
func (d *delivery) pipe(ctx context.Context, t Target) {
	var args []string
	if strings.Contains(t.Args[0], "sendmail") && !d.m.NoDSN {
		args = d.dsnArguments()
		d.res.DSN = true
	}
	for _, a := range t.Args[1:] {
		switch strings.ToLower(a) {
		case "${sender}":
			sender := d.m.Sender
			if sender == "" {
				sender = "<>"
			}
			args = append(args, sender)
		case "${recipient}":
			for _, r := range d.m.Rcpts {
				args = append(args, r.Addr)
			}
		default:
			args = append(args, a)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, d.client.opt.timeout(DataDot))
	defer cancel()
	cmd := exec.CommandContext(ctx, t.Args[0], args...)
	cmd.WaitDelay = 5 * time.Second
	var said bytes.Buffer
	cmd.Stdout = &limitedBuffer{b: &said, left: 1000}
	cmd.Stderr = cmd.Stdout
	in, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		d.client.opt.Logf(-1, "%s cannot be started: %v", t.Args[0], err)
		d.settleOwn(d.todo, Connect, t.String(), 451, "4.5.0", "Failed to submit a message: exit 3")
		return
	}
	w := bufio.NewWriterSize(in, 64<<10)
	werr := writeMessage(&unixLines{w: w}, d.m)
	werr = errors.Join(werr, w.Flush())
	if errors.Is(werr, syscall.EPIPE) {
		werr = nil // it has heard enough, and its exit code says what it made of that
	}
	if werr != nil {
		cancel() // the command must not take half a message for a whole one
	}
	if cerr := in.Close(); cerr != nil && !errors.Is(cerr, syscall.EPIPE) {
		werr = errors.Join(werr, cerr)
	}
	err = cmd.Wait()
	code, enhanced, text := 250, "2.6.0", "Ok"
	var exit *exec.ExitError
	switch {
	case werr != nil:
		code, enhanced, text = 451, "4.5.0", "Failed to submit a message: "+werr.Error()
	case err == nil:
	case !errors.As(err, &exit):
		code, enhanced, text = 451, "4.5.0", "Failed to submit a message: "+err.Error()
	case exit.ExitCode() == 75:
		code, enhanced, text = 450, "4.5.0", "Temporary failure submitting message"
	case exit.ExitCode() == 67:
		code, enhanced, text = 554, "5.1.1", "Recipient unknown"
	case exit.ExitCode() == 69:
		code, enhanced, text = 554, "5.5.0", "Mail submission service unavailable"
	default:
		code, enhanced, text = 451, "4.5.0", "Failed to submit a message: "+ending(exit)
	}
	if said.Len() > 0 {
		d.client.opt.Logf(2, "%s: %s", t.Args[0], strings.TrimSpace(said.String()))
	}
	d.settleOwn(d.todo, DataDot, t.String(), code, enhanced, text)
}

// ending words how a command ended as the original does.
func ending(e *exec.ExitError) string {
	if w, ok := e.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		word := "DIED"
		switch w.Signal() {
		case syscall.SIGHUP:
			word = "HANGUP"
		case syscall.SIGINT:
			word = "INTERRUPTED"
		case syscall.SIGABRT:
			word = "ABORTED"
		case syscall.SIGKILL:
			word = "KILLED"
		case syscall.SIGTERM:
			word = "TERMINATED"
		}
		return fmt.Sprintf("%s, signal %d (%04x)", word, w.Signal(), int(w))
	}
	return fmt.Sprintf("exit %d", e.ExitCode())
}

// dsnArguments tell a sendmail command of the wishes of the sender (its options -V and -N), where all recipients have the same.
func (d *delivery) dsnArguments() (args []string) {
	if d.m.Params.EnvID != "" {
		args = append(args, "-V", d.m.Params.EnvID)
	}
	common := ""
	for i, r := range d.m.Rcpts {
		list := slices.Sorted(slices.Values(r.Notify))
		if len(list) == 0 {
			list = []string{"DELAY", "FAILURE"}
		}
		if n := strings.Join(list, ","); i == 0 {
			common = n
		} else if n != common {
			return args
		}
	}
	if d.m.Sender != "" && common != "DELAY,FAILURE" {
		args = append(args, "-N", common)
	}
	return args
}

// limitedBuffer keeps the first bytes and drops the rest.
type limitedBuffer struct {
	b    *bytes.Buffer
	left int
}

func (l *limitedBuffer) Write(p []byte) (int, error) {
	n := min(len(p), l.left)
	l.b.Write(p[:n])
	l.left -= n
	return len(p), nil
}

// unixLines writes LF where CRLF comes in; with dots it stuffs them as well.
type unixLines struct {
	w     io.Writer
	dots  bool
	cr    bool // a CR came last and was not written
	begun bool // the line has begun
}

func (u *unixLines) Write(p []byte) (int, error) {
	out := make([]byte, 0, len(p)+len(p)/16+1)
	for _, b := range p {
		if u.cr && b != '\n' {
			out = append(out, '\r')
			u.begun = true
		}
		u.cr = b == '\r'
		if u.cr {
			continue
		}
		if u.dots && b == '.' && !u.begun {
			out = append(out, '.')
		}
		out = append(out, b)
		u.begun = b != '\n'
	}
	if _, err := u.w.Write(out); err != nil {
		return 0, err
	}
	return len(p), nil
}

// bsmtp writes the message as a batch of SMTP commands (RFC 2442) to a file, first under a name of its own.
func (d *delivery) bsmtp(t Target) {
	sender := strings.Map(func(r rune) rune {
		if r < 0x80 && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("@._+-", r)) {
			return r
		}
		return '='
	}, d.m.Sender)
	if len(sender) > 103 {
		sender = sender[:100] + "..."
	}
	sender = strings.ReplaceAll(sender, "@", "_at_")
	if sender == "" || sender == "." || sender == ".." {
		sender = "_" + sender
	}
	name := strings.NewReplacer("%%", "%", "%m", d.m.MailID, "%n", d.m.LogID, "%s", sender,
		"%i", time.Now().Format("20060102T150405")).Replace(t.Path)
	path := name
	if d.client.opt.Folder != "" && !filepath.IsAbs(path) {
		path = filepath.Join(d.client.opt.Folder, path)
	}
	if err := d.writeBSMTP(path + ".tmp"); err != nil {
		d.settleOwn(d.todo, DataDot, t.String(), 451, "4.5.0", fmt.Sprintf("Writing %s.tmp failed: %v", path, err))
		return
	}
	if err := publish(path+".tmp", path); err != nil {
		_ = os.Remove(path + ".tmp") // the first error counts
		d.settleOwn(d.todo, DataDot, t.String(), 451, "4.5.0", fmt.Sprintf("Writing %s failed: %v", path, err))
		return
	}
	d.res.DSN = true
	d.settleOwn(d.todo, DataDot, t.String(), 250, "2.6.0", "Ok, queued as BSMTP "+name)
}

// publish gives a complete file its name, and takes it from no other: that would be the only copy of another mail.
func publish(temporary, path string) error {
	err := os.Link(temporary, path)
	if err == nil {
		return os.Remove(temporary)
	}
	if errors.Is(err, os.ErrExist) {
		return err
	}
	if _, there := os.Lstat(path); there == nil {
		return os.ErrExist
	}
	return os.Rename(temporary, path) // a file system without hard links
}

func (d *delivery) writeBSMTP(path string) (err error) {
	var b strings.Builder
	fmt.Fprintf(&b, "EHLO %s\nMAIL FROM:<%s>", d.helo(), d.m.Sender)
	p := &d.m.Params
	for _, kv := range [][2]string{{"BODY", strings.ToUpper(p.BodyType)}, {"RET", p.Ret}, {"ENVID", p.EnvID}} {
		if kv[1] != "" {
			fmt.Fprintf(&b, " %s=%s", kv[0], kv[1])
		}
	}
	for _, r := range d.m.Rcpts {
		fmt.Fprintf(&b, "\nRCPT TO:<%s>", r.Addr)
		if len(r.Notify) > 0 && d.m.Sender != "" {
			fmt.Fprintf(&b, " NOTIFY=%s", strings.Join(r.Notify, ","))
		}
		if r.ORcpt != "" {
			fmt.Fprintf(&b, " ORCPT=%s", orcpt(r.ORcpt))
		}
	}
	b.WriteString("\nDATA\n")
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			_ = os.Remove(path) // the first error counts
		}
	}()
	w := bufio.NewWriterSize(f, 64<<10)
	if _, err = w.WriteString(b.String()); err != nil {
		return err
	}
	lines := &unixLines{w: w, dots: true}
	if err = writeMessage(lines, d.m); err != nil {
		return err
	}
	if lines.begun || lines.cr {
		_ = w.WriteByte('\n') // bufio keeps the error for Flush
	}
	_, _ = w.WriteString(".\n")
	if err = w.Flush(); err != nil {
		return err
	}
	return f.Sync() // the client forgets the mail after our 250
}
