// Package daemon puts the parts together: from a typed configuration to sockets that take mail. amavisd and
// `mavis try` are both made of it.
package daemon

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	"mavis/compat/logline"
	"mavis/compat/voice"
	"mavis/engine/av"
	"mavis/engine/deliver"
	"mavis/engine/filetype"
	"mavis/engine/flow"
	"mavis/engine/ingress"
	"mavis/engine/program"
	"mavis/engine/spam"
	"mavis/engine/spool"
	"mavis/engine/unpack"
	"mavis/rules"
)

// Options of a Daemon. Config and Log are needed.
type Options struct {
	Config *rules.Config
	Log    *logline.Logger
	// Sandbox holds helper programs; a program whose main does not call unpack.ChildMain first must switch it off.
	Sandbox unpack.Sandbox
	// Scanners and Watch are passed to the flow.
	Scanners func(p *rules.Policy) (primary, backup []rules.Scanner)
	Watch    func(t *flow.Task, reply string)
	// Redirect, when set, is where all mail goes, whatever the configuration names as next hop; QuarantineDir is where all
	// held mail goes. Rehearsals set both.
	Redirect, QuarantineDir string
	// Trace is passed to the flow.
	Trace bool
}

// Daemon takes mail.
type Daemon struct {
	opt     Options
	types   *filetype.Classifier
	spool   *spool.Spool
	client  *deliver.Client
	spamd   *spam.Spamd // nil when nothing needs it
	voice   *voice.Voice
	flow    *flow.Flow
	server  *ingress.Server
	mu      sync.Mutex
	sockets map[string]net.Listener
	tls     tlsSettings
	serving sync.WaitGroup
}

// New makes the parts. Temporary files go to $TEMPBASE, which must exist.
func New(opt Options) (*Daemon, error) {
	cfg := opt.Config
	d := &Daemon{opt: opt, sockets: map[string]net.Listener{}}
	file, found := program.Find(cfg.Paths.File, cfg.Paths.Search)
	if !found {
		d.logf(-1, "No file(1) program: types of parts come from a small built-in table")
	}
	d.types = filetype.New(strings.Join(file, " "), filetype.Options{Dir: "/", Processes: max(1, runtime.NumCPU()/2)})
	var err error
	d.spool, err = spool.Open(spool.Options{TempBase: cfg.Paths.Temp, Logf: func(format string, args ...any) { d.logf(-1, format, args...) }})
	if err != nil {
		d.types.Close()
		return nil, err
	}
	d.tls.use(cfg)
	d.client = deliver.New(d.delivery(cfg))
	d.voice = voice.New(voice.Options{Log: opt.Log})
	if d.spamd, err = Spamd(opt.Config, d.logf); err != nil {
		d.types.Close()
		return nil, errors.Join(err, d.spool.Close())
	}
	var next flow.Next = d.client
	if opt.Redirect != "" {
		next = redirect{d.client, opt.Redirect}
	}
	d.flow = flow.New(flow.Options{Config: cfg, Types: d.types, Sandbox: opt.Sandbox, Spamd: d.spamd, Next: next, Retire: d.client.Retire, Voice: d.voice,
		TLS: d.tls.forServer, Log: logger{opt.Log}, Scanners: opt.Scanners, Watch: opt.Watch, QuarantineDir: opt.QuarantineDir, Trace: opt.Trace})
	d.server = ingress.New(ingress.Options{Handler: d.flow, Spool: d.spool, Slots: ingress.NewSlots(cfg.Servers.MaxServers), Logf: d.logf})
	for _, f := range append(av.Check(cfg.Base().AVScanners(), cfg.Paths.Search, "primary"), av.Check(cfg.Base().AVScannersBackup(), cfg.Paths.Search, "secondary")...) {
		d.logf(f.Level, "%s", f.Text)
	}
	return d, nil
}

// delivery are the settings of the client toward the next hop.
func (d *Daemon) delivery(cfg *rules.Config) deliver.Options {
	p := cfg.Base()
	return deliver.Options{TLS: d.tls.client.Load, Logf: d.logf, Helo: p.Str("localhost_name"), LocalAddress: p.Str("local_client_bind_address"), Folder: cfg.Paths.Quarantine}
}

// Listen opens the sockets of the configuration; those that are open already stay.
func (d *Daemon) Listen(listeners []rules.Listener) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, l := range listeners {
		key := l.Network + " " + l.Address
		if d.sockets[key] != nil {
			continue
		}
		s, err := open(l)
		if err != nil {
			return fmt.Errorf("can't listen on %s: %w", l.Address, err)
		}
		d.sockets[key] = s
		d.logf(2, "%s", bound(s.Addr()))
		d.serving.Add(1)
		serve := d.server.Serve
		if speaksPDP(d.opt.Config, l) {
			serve = d.deferPDP
		}
		go func() {
			defer d.serving.Done()
			if err := serve(s); err != nil {
				d.logf(-2, "socket %s: %v", s.Addr(), err)
			}
		}()
	}
	return nil
}

// bound is the line that readers of logs know from the original's server framework.
func bound(a net.Addr) string {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return fmt.Sprintf("Net::Server: Binding to UNIX socket file %q", a)
	}
	family := "IPv6"
	if tcp.IP.To4() != nil {
		family = "IPv4"
	}
	return fmt.Sprintf("Net::Server: Binding to TCP port %d on host %s with %s", tcp.Port, tcp.IP, family)
}

// Addr gives the address of the n-th socket in no fixed order; it serves rehearsals that listen on one free port.
func (d *Daemon) Addr() net.Addr {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.sockets {
		return s.Addr()
	}
	return nil
}

func open(l rules.Listener) (net.Listener, error) {
	if l.Network != "unix" {
		return net.Listen("tcp", l.Address)
	}
	if c, err := net.DialTimeout("unix", l.Address, time.Second); err == nil {
		c.Close()
		return nil, errors.New("another process listens there")
	}
	if st, err := os.Lstat(l.Address); err == nil && st.Mode()&os.ModeSocket != 0 {
		if err := os.Remove(l.Address); err != nil {
			return nil, err
		}
	}
	s, err := net.Listen("unix", l.Address)
	if err == nil && l.HasMode {
		err = os.Chmod(l.Address, os.FileMode(l.Mode)&os.ModePerm)
	}
	return s, err
}

// Use takes a configuration that was read anew, for sessions that begin from now on.
func (d *Daemon) Use(cfg *rules.Config) error {
	if err := d.Listen(cfg.Listeners); err != nil {
		return err
	}
	d.tls.use(cfg)
	d.flow.Use(cfg)
	return nil
}

// Close ends: running transactions get their reply, within the time that ctx grants.
func (d *Daemon) Close(ctx context.Context) error {
	d.mu.Lock()
	for _, s := range d.sockets {
		s.Close()
	}
	d.mu.Unlock()
	err := d.server.Shutdown(ctx)
	d.serving.Wait()
	d.flow.Close()
	d.client.Close()
	d.types.Close()
	if d.spamd != nil {
		err = errors.Join(err, d.spamd.Close())
	}
	return errors.Join(err, d.spool.Close())
}

func (d *Daemon) logf(level int, format string, args ...any) {
	if d.opt.Log.Enabled(level, nil) {
		d.opt.Log.Log(level, "", fmt.Sprintf(format, args...), nil)
	}
}

// logger is the log as the flow sees it.
type logger struct{ l *logline.Logger }

func (l logger) Log(level int, id, line string) { l.l.Log(level, id, line, nil) }
func (l logger) Enabled(level int) bool         { return l.l.Enabled(level, nil) }

// redirect sends everything to one place.
type redirect struct {
	client *deliver.Client
	to     string
}

func (r redirect) Deliver(ctx context.Context, _ []string, m *deliver.Outgoing) (*deliver.Result, error) {
	return r.client.Deliver(ctx, []string{r.to}, m)
}
