package spam

import (
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

//go:embed scan.pm
var plugin []byte

// ErrNoSpamd means that the program spamd is not on this host.
var ErrNoSpamd = errors.New("spamd is not installed (Debian package spamd): it is needed for entries of module SpamAssassin in @spam_scanners")

// SpamdOptions say how to run a spamd of our own.
type SpamdOptions struct {
	Program string   // "" looks for spamd in Path, then in the sbin folders
	Path    []string // folders of $path
	Folder  string   // where a private folder for socket and plugin is made; "" is the system's temporary folder
	Home    string   // $helpers_home
	// Local is $sa_local_tests_only: no tests over the network.
	Local bool
	// Children is how many messages are scanned at a time, $max_servers; 0 is 2.
	Children                   int
	ConfigPath, SiteConfigPath string        // $sa_configpath, $sa_siteconfigpath; "" are spamd's own
	Debug                      string        // $sa_debug: areas, or a true value for all
	Timeout                    time.Duration // after which spamd gives a message up, 0 is 8 minutes
	StartTimeout               time.Duration // until spamd must be ready, 0 is 2 minutes
	Backoff                    time.Duration // before the second restart in a row, doubled each time up to a minute; 0 is one second
	// Credential is who spamd runs as when we are root, who may not scan; nil is the user we are.
	Credential *syscall.Credential
	Log        Log
}

// Spamd runs spamd on a private socket and starts it again when it dies. It ends with us, also when we are killed.
type Spamd struct {
	opt    SpamdOptions
	dir    string
	key    string
	cancel context.CancelFunc
	done   chan struct{}

	mu      sync.Mutex
	ready   chan struct{} // closed while spamd answers
	closed  error
	process *os.Process
	starts  int
}

// FindSpamd gives the path of the program, or ErrNoSpamd.
func FindSpamd(opt SpamdOptions) (string, error) {
	if opt.Program != "" {
		if _, err := exec.LookPath(opt.Program); err != nil {
			return "", fmt.Errorf("%w: %w", ErrNoSpamd, err)
		}
		return opt.Program, nil
	}
	for _, dir := range append(append([]string(nil), opt.Path...), "/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin") {
		if p, err := exec.LookPath(filepath.Join(dir, "spamd")); err == nil {
			return p, nil
		}
	}
	return "", ErrNoSpamd
}

// StartSpamd starts spamd and waits until it has scanned a first message. A spamd that dies later is started again in the
// background. The caller must Close it.
func StartSpamd(ctx context.Context, opt SpamdOptions) (*Spamd, error) {
	var err error
	if opt.Program, err = FindSpamd(opt); err != nil {
		return nil, err
	}
	if os.Geteuid() == 0 && (opt.Credential == nil || opt.Credential.Uid == 0) {
		return nil, errors.New("spamd refuses to scan as root: $daemon_user must be another user")
	}
	def := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	def(&opt.Timeout, 8*time.Minute)
	def(&opt.StartTimeout, 2*time.Minute)
	def(&opt.Backoff, time.Second)
	if opt.Children <= 0 {
		opt.Children = 2
	}
	key := make([]byte, 16)
	rand.Read(key)
	s := &Spamd{opt: opt, key: hex.EncodeToString(key), done: make(chan struct{}), ready: make(chan struct{})}
	if err := s.prepare(); err != nil {
		return nil, fmt.Errorf("prepare to start spamd: %w", err)
	}
	var life context.Context
	life, s.cancel = context.WithCancel(context.Background())
	first := make(chan error, 1)
	go s.supervise(life, first)
	select {
	case err = <-first:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("start spamd: %w", err)
	}
	return s, nil
}

// maxSocket is how long the path of a Unix socket may be, with some room.
const maxSocket = 100

// prepare makes the private folder with the plugin in it.
func (s *Spamd) prepare() (err error) {
	if s.dir, err = os.MkdirTemp(s.opt.Folder, "spamd-"); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.RemoveAll(s.dir)
		}
	}()
	if s.dir, err = filepath.Abs(s.dir); err != nil {
		return err
	}
	if n := len(s.socket()); n > maxSocket {
		return fmt.Errorf("the path of the socket has %d characters, %d is the most", n, maxSocket)
	}
	if err = os.WriteFile(s.plugin(), plugin, 0o600); err != nil {
		return err
	}
	if c := s.opt.Credential; c != nil && os.Geteuid() == 0 {
		for _, p := range []string{s.plugin(), s.dir} {
			if err = os.Chown(p, int(c.Uid), int(c.Gid)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Spamd) socket() string { return filepath.Join(s.dir, "socket") }
func (s *Spamd) plugin() string { return filepath.Join(s.dir, "scan.pm") }

// Close ends spamd and waits until it is gone.
func (s *Spamd) Close() error {
	s.mu.Lock()
	if s.closed == nil {
		s.closed = errors.New("spamd was ended")
	}
	s.mu.Unlock()
	s.cancel()
	<-s.done
	return os.RemoveAll(s.dir)
}

// Starts counts how often spamd was started.
func (s *Spamd) Starts() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.starts
}

// PID is that of the running spamd, 0 while there is none.
func (s *Spamd) PID() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return 0
	}
	return s.process.Pid
}

// wait blocks until spamd answers.
func (s *Spamd) wait(ctx context.Context) error {
	for {
		s.mu.Lock()
		ready, closed := s.ready, s.closed
		s.mu.Unlock()
		if closed != nil {
			return closed
		}
		select {
		case <-ready:
			return nil
		case <-s.done:
		case <-ctx.Done():
			return fmt.Errorf("spamd is not running: %w", ctx.Err())
		}
	}
}

func (s *Spamd) dial(ctx context.Context) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "unix", s.socket())
}

// tries is how often a message is given to spamd when that dies over it.
const tries = 2

// scan gives a message to spamd. One that is lost with a dying spamd is given once more.
func (s *Spamd) scan(ctx context.Context, c *content) (map[string]string, error) {
	var last error
	for lost := 0; lost < tries; {
		if err := s.wait(ctx); err != nil {
			return nil, errors.Join(err, last)
		}
		a, err := ask(ctx, s.dial, "REPORT", c)
		if err == nil {
			return fields(a.body)
		}
		if last = err; !errors.Is(err, errTransport) || ctx.Err() != nil {
			break
		}
		if !errors.Is(err, errDial) {
			lost++
		}
		// the supervisor may not know yet that spamd is gone
		select {
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
	return nil, last
}
