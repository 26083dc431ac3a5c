package load

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"mavis/perlconf/eval"
)

// maxFile bounds a file that is read whole.
const maxFile = 256 << 20

// LintHost is this machine for looking only: files are read, nothing is run, no name is asked of the network. It
// answers the few commands that configurations use to learn the host's name from what it can read. The zero value is ready.
type LintHost struct {
	// Path is the value of PATH that files see; "" means /bin:/usr/bin, as the original sets it.
	Path string
}

// Now is the local time.
func (LintHost) Now() time.Time { return time.Now() }

// Env is the environment, with the original's PATH and without what it removes.
func (h LintHost) Env() []string {
	path := h.Path
	if path == "" {
		path = "/bin:/usr/bin"
	}
	out := []string{"PATH=" + path}
	for _, e := range os.Environ() {
		switch name, _, _ := strings.Cut(e, "="); name {
		case "PATH", "IFS", "CDPATH", "ENV", "BASH_ENV":
		default:
			out = append(out, e)
		}
	}
	return out
}

// ReadFile reads a regular file or a pipe.
func (LintHost) ReadFile(name string) ([]byte, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, &fs.PathError{Op: "read", Path: name, Err: syscall.EISDIR}
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = &fs.PathError{Op: "read", Path: name, Err: syscall.EFBIG}
	}
	return text, err
}

// Stat follows links.
func (LintHost) Stat(name string) (fs.FileInfo, error) { return os.Stat(name) }

// Lstat does not follow links.
func (LintHost) Lstat(name string) (fs.FileInfo, error) { return os.Lstat(name) }

// Access asks the system about the process's own rights.
func (LintHost) Access(name string, op byte) error {
	bit := map[byte]uint32{'r': 4, 'w': 2, 'x': 1}[op]
	if err := syscall.Access(name, bit); err != nil {
		return &fs.PathError{Op: "access", Path: name, Err: err}
	}
	return nil
}

// ReadDir gives the names in a folder.
func (LintHost) ReadDir(name string) ([]string, error) {
	entries, err := os.ReadDir(name)
	out := make([]string, 0, len(entries))
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out, err
}

// Command answers what needs no command to be run, and refuses the rest.
func (h LintHost) Command(line string) ([]byte, int, error) { return answer(h, line, nil) }

// Hostname is the name of the host.
func (LintHost) Hostname() (string, error) { return os.Hostname() }

// Pid is the number of this process.
func (LintHost) Pid() int { return os.Getpid() }

// Module lets modules pass that configurations load without using more than their names.
func (LintHost) Module(name string) bool { return harmlessModule(name) }

// Print writes nothing.
func (LintHost) Print(int, string) {}

// harmlessModule says that a module may be passed over: what it does, this program does itself or does not need.
func harmlessModule(name string) bool {
	for _, p := range []string{"Amavis::", "Mail::SpamAssassin", "Mail::ClamAV", "Mail::DKIM", "Net::Server", "Net::LDAP", "DBD::",
		"NetAddr::IP", "Net::DNS", "Convert::", "Archive::", "Razor2::", "Unix::Syslog", "SAVI", "Socket", "IO::", "Carp", "Fcntl",
		"Errno", "Encode", "Data::Dumper", "Time::", "Sys::Syslog", "Digest::", "Crypt::", "DBI"} {
		if name == strings.TrimSuffix(p, "::") || strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}

// DaemonHost is this machine for the daemon: beyond LintHost it asks the resolver for the full host name and shows what
// files print.
type DaemonHost struct {
	LintHost
	// Run allows other commands than those answered without running anything; each ends after a minute.
	Run bool
	// Out and Err take what files print; nil drops it.
	Out, Err io.Writer
}

// Command answers the host's name and simple files itself, and runs the rest when Run allows.
func (h DaemonHost) Command(line string) ([]byte, int, error) {
	out, status, err := answer(h, line, resolve)
	if err != eval.ErrRefused || !h.Run {
		return out, status, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", line)
	cmd.Env = h.Env()
	cmd.Stderr = h.Err
	out, err = cmd.Output()
	if exit, ok := err.(*exec.ExitError); ok && ctx.Err() == nil {
		return out, exit.ExitCode(), nil
	}
	if err != nil {
		return nil, -1, fmt.Errorf("running %q: %w", line, err)
	}
	return out, 0, nil
}

// Print writes to Out or Err.
func (h DaemonHost) Print(stream int, text string) {
	w := h.Out
	if stream == eval.Stderr {
		w = h.Err
	}
	if w != nil {
		_, _ = io.WriteString(w, text) // a lost line of a configuration's own output changes nothing
	}
}

// resolve asks the resolver for the full form of a host name.
func resolve(name string) string {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	full, err := net.DefaultResolver.LookupCNAME(ctx, name)
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(full, ".")
}
