package unpack

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"mavis/engine/mail"
	"mavis/engine/mime"
)

// commandOptions say how a helper is run.
type commandOptions struct {
	dir    string // working folder; "" is Dir/parts
	stdin  string // file; "" is /dev/null
	stdout io.Writer
	merge  bool                 // standard error goes where standard output goes; otherwise it is dropped
	each   func(s string) error // instead of stdout: called for each line; an error ends the helper
	ok     []int                // exit codes that are success; nil is 0 only, anyCode all
	env    []string
	watch  string // a folder that the helper fills: it is ended when the quota is exceeded
}

var anyCode = []int{-1}

// exitError is a helper that ended badly.
type exitError struct {
	code int
	last string // last line it said
}

func (e *exitError) Error() string {
	if e.last != "" {
		return fmt.Sprintf("exit %d; %s", e.code, e.last)
	}
	return fmt.Sprintf("exit %d", e.code)
}

const (
	maxListLine  = 64 << 10
	maxListBytes = 64 << 20
)

// command runs a helper in the sandbox and waits for it.
func (t *task) command(argv []string, o commandOptions) error {
	path, args, err := t.o.Sandbox.wrap(argv, []string{t.dir}, t.quota.left()+1<<20)
	if err != nil {
		return &HostError{err}
	}
	cmd := exec.CommandContext(t.ctx, path)
	cmd.Args = args
	if cmd.Dir = o.dir; cmd.Dir == "" {
		cmd.Dir = t.dir
	}
	cmd.Env = append([]string{"PATH=" + t.o.Path, "HOME=" + t.dir, "TMPDIR=" + t.dir}, o.env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	if o.stdin != "" {
		in, err := os.Open(o.stdin)
		if err != nil {
			return &HostError{err}
		}
		defer in.Close()
		cmd.Stdin = in
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return &HostError{err}
	}
	if o.merge {
		cmd.Stderr = cmd.Stdout
	}
	if err := cmd.Start(); err != nil {
		return &HostError{err}
	}
	done := make(chan struct{})
	over := make(chan error, 1)
	go t.watch(o.watch, t.quota.left(), cmd.Process.Pid, filepath.Base(argv[0]), done, over, func() { _ = cmd.Cancel() })
	last, rerr := consume(out, &o)
	if rerr != nil {
		_ = cmd.Cancel()
	}
	werr := cmd.Wait()
	close(done)
	exceeded := <-over
	if rerr != nil {
		return rerr
	}
	if t.ctx.Err() != nil {
		return t.ctx.Err()
	}
	if exceeded != nil {
		return exceeded
	}
	code := 0
	var exit *exec.ExitError
	switch {
	case errors.As(werr, &exit):
		if code = exit.ExitCode(); code < 0 {
			return &exitError{code, exit.String()}
		}
	case werr != nil:
		return &HostError{werr}
	}
	if code == childFailed && !t.o.Sandbox.Off {
		return &HostError{fmt.Errorf("sandbox of %s: %s", argv[0], last)}
	}
	for _, c := range o.ok {
		if c == code || c == -1 {
			return nil
		}
	}
	if code == 0 && o.ok == nil {
		return nil
	}
	return &exitError{code, last}
}

// consume reads what a helper says and keeps its last line.
func consume(out io.Reader, o *commandOptions) (last string, err error) {
	if o.stdout != nil {
		buf := make([]byte, 64<<10)
		for {
			n, rerr := out.Read(buf)
			if n > 0 {
				if _, err := o.stdout.Write(buf[:n]); err != nil {
					return "", err
				}
			}
			if rerr != nil {
				return "", nil
			}
		}
	}
	in := bufio.NewReaderSize(out, maxListLine)
	for total := 0; ; {
		ln, rerr := in.ReadSlice('\n')
		if total += len(ln); total > maxListBytes {
			return last, errors.New("endless output")
		}
		s := strings.TrimRight(string(ln), "\n")
		if strings.TrimSpace(s) != "" {
			last = s[:min(len(s), 500)]
		}
		if o.each != nil && (len(ln) > 0) {
			if err := o.each(s); err != nil {
				return last, err
			}
		}
		if rerr != nil && rerr != bufio.ErrBufferFull {
			return last, nil
		}
	}
}

// watch ends a helper that uses too much memory, or fills a folder with more than left bytes or with too many files. At the end it tells
// over what was exceeded, nil for nothing.
func (t *task) watch(dir string, left int64, pid int, name string, done chan struct{}, over chan error, kill func()) {
	limit, resident := t.o.MaxFiles, t.o.Sandbox.Resident
	if resident <= 0 {
		resident = 72 << 20
	}
	const often = 5 * time.Millisecond // a program takes some megabytes in this time, not more
	look, wait := time.Now().Add(4*often), 4*often
	tick := time.NewTicker(often)
	defer tick.Stop()
	var exceeded error
	for exceeded == nil {
		select {
		case <-done:
			over <- nil
			return
		case <-tick.C:
		}
		if residentOf(pid) > resident {
			exceeded = errMemory{name}
		}
		if dir == "" || time.Now().Before(look) {
			continue
		}
		if bytes, files := usage(dir); bytes > left || limit > 0 && files > 2*limit+100 {
			exceeded = errQuota{t.quota.limit, name, 0}
		}
		wait = min(2*wait, 200*time.Millisecond)
		look = time.Now().Add(wait)
	}
	kill()
	<-done
	over <- exceeded
}

// residentOf is the memory a process uses; 0 where that cannot be known.
func residentOf(pid int) int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	f := strings.Fields(string(b))
	if len(f) < 3 {
		return 0
	}
	pages, _ := strconv.ParseInt(f[1], 10, 64)
	shared, _ := strconv.ParseInt(f[2], 10, 64) // of files: programs and libraries
	return (pages - shared) * int64(os.Getpagesize())
}

func usage(dir string) (bytes int64, files int) {
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		files++
		if st, err := d.Info(); err == nil && st.Mode().IsRegular() {
			bytes += st.Size()
		}
		return nil
	})
	return
}

// collect runs a helper that extracts into Dir/parts/sub and makes parts of what it left there. make creates the folder first.
func (t *task) collect(p *mail.Part, argv []string, sub, by string, create bool, o commandOptions) error {
	dir := filepath.Join(t.dir, sub)
	if create {
		if err := os.Mkdir(dir, 0o750); err != nil {
			return &HostError{err}
		}
	}
	defer t.removeAll(dir)
	o.watch = dir
	err := t.command(argv, o)
	if err != nil && fatal(t, err) {
		return err
	}
	if _, serr := os.Lstat(dir); serr == nil {
		item := 0
		if ferr := t.flatten(dir, p, by, &item, 0); ferr != nil {
			return ferr
		}
	}
	return err
}

// removeAll removes a folder that a helper filled, whatever modes it set.
func (t *task) removeAll(dir string) {
	if os.RemoveAll(dir) == nil {
		return
	}
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if d != nil && d.IsDir() {
			_ = os.Chmod(path, 0o700)
		}
		return nil
	})
	_ = os.RemoveAll(dir)
}

// flatten makes parts of the files in a folder, then of those in its folders. Files are renamed to their part's name.
func (t *task) flatten(dir string, parent *mail.Part, by string, item *int, depth int) error {
	if depth > 200 {
		return errors.New("folders nested too deep")
	}
	if err := os.Chmod(dir, 0o750); err != nil {
		return &HostError{err}
	}
	f, err := os.Open(dir)
	if err != nil {
		return &HostError{err}
	}
	names, err := f.Readdirnames(-1)
	f.Close()
	if err != nil {
		return &HostError{err}
	}
	var folders []string
	for _, s := range names {
		from := filepath.Join(dir, s)
		st, err := os.Lstat(from)
		if err != nil {
			return &HostError{err}
		}
		p, err := t.add(parent, true, false)
		if err != nil {
			return err
		}
		*item++
		p.Placement = fmt.Sprintf("%s/%d", parent.Placement, *item)
		p.NameDeclared = []string{mime.Latin1(s)}
		switch mode := st.Mode(); {
		case mode.IsDir():
			p.Attribute("D")
			folders = append(folders, from)
		case mode&fs.ModeSymlink != 0:
			p.Attribute("L")
		case !mode.IsRegular():
			p.Attribute("S")
		case st.Size() > 0:
			if err := os.Chmod(from, 0o640); err != nil {
				return &HostError{err}
			}
			if err := os.Rename(from, t.path(p)); err != nil {
				return &HostError{err}
			}
			p.Path, p.Size = t.path(p), st.Size()
			if err := t.quota.charge(p.Size, by); err != nil {
				return err
			}
		}
	}
	for _, d := range folders {
		if err := t.flatten(d, parent, by, item, depth+1); err != nil {
			return err
		}
	}
	return nil
}
