package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"mavis/compat/cli"
	"mavis/compat/daemon"
	"mavis/compat/rehearse"
	decided "mavis/compat/rehearse/answer"
	"mavis/compat/rehearse/judge"
	"mavis/compat/shadow"
	"mavis/engine/spool"
	"mavis/rules"
)

// shadowCommand watches a filter at work. See docs/shadow.md.
type shadowCommand struct {
	Run    shadowRun    `cmd:"" help:"Stand beside a filter, judge the same mail, and keep what differs."`
	Report shadowReport `cmd:"" help:"Tell what differed."`
}

// shadowRun is the part that stands beside the filter.
type shadowRun struct {
	Config   []string      `short:"c" placeholder:"FILE" help:"Configuration of ours, may be repeated; without it that of the host."`
	In       []string      `placeholder:"LISTEN=FILTER" help:"Listen there, and pass all on to the filter: 127.0.0.1:10023=127.0.0.1:10024. May be repeated."`
	Out      []string      `placeholder:"LISTEN=MTA" help:"Listen there for what leaves the filter, and pass it on to the MTA: 127.0.0.1:10026=127.0.0.1:10025. May be repeated."`
	Copies   string        `placeholder:"LISTEN" help:"Take copies of delivered mail over SMTP, as from always_bcc; they are judged and thrown away. Needs --log."`
	Log      string        `placeholder:"FILE" help:"Follow the log that the filter writes."`
	Journal  string        `placeholder:"FILE" required:"" help:"Where the findings are kept."`
	KeepFor  time.Duration `default:"720h" help:"How long findings are kept."`
	Scanners string        `enum:"real,off" default:"real" help:"Ask the configured scanners (real) or none (off)."`
	Metrics  string        `placeholder:"LISTEN" help:"Serve counters for Prometheus there, at /metrics."`
	Bodies   string        `placeholder:"DIR" help:"Keep the mails that came out differently, in this folder."`
	BodyFor  time.Duration `default:"24h" help:"How long a mail is kept there."`
	BodyMax  int64         `default:"100" placeholder:"MIB" help:"How much may be kept there."`
	Workers  int           `default:"1" placeholder:"N" help:"Mails judged at a time."`
	Waiting  int           `default:"200" placeholder:"N" help:"Mails that may wait to be judged; those that come when it is full are passed on only."`
	CopyMax  int64         `default:"256" placeholder:"MIB" help:"How much space the copies of waiting mails may take; what is more is passed on only."`
	Temp     string        `placeholder:"DIR" help:"Where temporary files go; by default the configuration's $$TEMPBASE if it can be written to, else the system's folder."`
}

// Run works until it is told to end.
func (c *shadowRun) Run(s streams) error {
	if len(c.In) == 0 && c.Copies == "" {
		return c.usage(s, "give --in or --copies: there is nothing to listen to")
	}
	if c.Copies != "" && c.Log == "" {
		return c.usage(s, "--copies needs --log: a copy says nothing about who else got the mail")
	}
	cfg, err := loadFor(daemon.Source{Files: c.Config}, s.err)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return c.watch(ctx, s, cfg)
}

func (c *shadowRun) usage(s streams, text string) error {
	fmt.Fprintln(s.err, "mavis: shadow:", text)
	return exitStatus(2)
}

// watcher is a shadow that runs.
type watcher struct {
	*shadowRun
	s        streams
	judge    *judge.Judge
	spool    *spool.Spool
	journal  *shadow.Journal
	counters *shadow.Counters
	bodies   *shadow.Bodies
	monitor  *shadow.Monitor
	logs     *shadow.Logs
	serving  sync.WaitGroup
	mu       sync.Mutex // guards what is written to s
}

func (w *watcher) logf(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	fmt.Fprintf(w.s.err, time.Now().Format("2006-01-02 15:04:05 ")+format+"\n", args...)
}

func (c *shadowRun) watch(ctx context.Context, s streams, cfg *rules.Config) (err error) {
	w := &watcher{shadowRun: c, s: s}
	folder, err := workFolder(c.Temp, cfg, "mavis-shadow-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	for _, sub := range []string{"copies", "parts"} {
		if err := os.Mkdir(folder+"/"+sub, 0o755); err != nil {
			return err
		}
	}
	if w.spool, err = spool.Open(spool.Options{TempBase: folder + "/copies", TotalMax: c.CopyMax << 20}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.spool.Close()) }()
	if w.judge, err = judge.New(judge.Options{Config: cfg, Temp: folder + "/parts", Unscanned: c.Scanners == "off", Workers: c.Workers}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.judge.Close()) }()
	if w.journal, err = shadow.OpenJournal(c.Journal, c.KeepFor, 0); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.journal.Close()) }()
	if c.Bodies != "" {
		w.bodies = &shadow.Bodies{Dir: c.Bodies, For: c.BodyFor, Max: c.BodyMax << 20}
		if err := os.MkdirAll(c.Bodies, 0o700); err != nil {
			return err
		}
	}
	opt := shadow.MonitorOptions{Judge: w.one, Spool: w.spool, Keep: w.keep, Watched: len(c.Out) > 0, NoScores: c.Scanners == "off", Workers: c.Workers, Queue: c.Waiting}
	if c.Log != "" {
		w.logs = &shadow.Logs{Name: c.Log}
		following, end := context.WithCancel(context.WithoutCancel(ctx))
		defer end()
		go func() {
			if err := w.logs.Follow(following); err != nil {
				w.logf("the log is read no more: %v", err)
			}
		}()
		opt.Logged = w.logs.Find
	}
	if w.bodies != nil {
		opt.Body = w.body
	}
	w.monitor = shadow.NewMonitor(opt)
	w.counters = shadow.NewCounters(w.monitor.Dropped)
	return w.serve(ctx)
}

// serve opens the sockets, and closes them in the end: dialogues that run may come to their end, and what was heard is judged.
func (w *watcher) serve(ctx context.Context) error {
	var proxies []*shadow.Proxy
	var listeners []net.Listener
	defer func() {
		for _, l := range listeners {
			l.Close()
		}
		patience, end := context.WithTimeout(context.Background(), 30*time.Second)
		defer end()
		for _, p := range proxies {
			p.Close(patience)
		}
		w.monitor.Close(patience)
		w.serving.Wait()
		if n := w.monitor.Dropped(); n > 0 {
			if err := w.journal.Lost(n, time.Now()); err != nil {
				w.logf("journal: %v", err)
			}
		}
	}()
	for side, list := range [][]string{shadow.In: w.In, shadow.Out: w.Out} {
		for _, spec := range list {
			from, to, ok := strings.Cut(spec, "=")
			if !ok || to == "" {
				return w.usage(w.s, fmt.Sprintf("%q is not LISTEN=SERVER", spec))
			}
			l, err := listenAt(from)
			if err != nil {
				return err
			}
			listeners = append(listeners, l)
			local, _ := netip.ParseAddrPort(to)
			p := shadow.NewProxy(shadow.ProxyOptions{Side: shadow.Side(side), Upstream: to, Local: local, Spool: w.spool,
				Heard: w.monitor.Heard, Logf: w.logf})
			proxies = append(proxies, p)
			w.serving.Go(func() { p.Serve(l) })
			w.logf("%s: %s is passed on to %s", shadow.Side(side), from, to)
		}
	}
	if w.Copies != "" {
		l, err := listenAt(w.Copies)
		if err != nil {
			return err
		}
		listeners = append(listeners, l)
		receiver := shadow.NewReceiver(w.spool, w.monitor.Heard)
		w.serving.Go(func() { receiver.Serve(l) })
		defer receiver.Close()
		w.logf("copies are taken at %s", w.Copies)
	}
	if w.Metrics != "" {
		l, err := listenAt(w.Metrics)
		if err != nil {
			return err
		}
		listeners = append(listeners, l)
		mux := http.NewServeMux()
		mux.Handle("GET /metrics", w.counters.Handler())
		server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
		w.serving.Go(func() { server.Serve(l) })
		defer server.Close()
		w.logf("counters are at http://%s/metrics", l.Addr())
	}
	<-ctx.Done()
	w.logf("ending")
	return nil
}

func listenAt(where string) (net.Listener, error) {
	if strings.HasPrefix(where, "/") {
		return net.Listen("unix", where)
	}
	return net.Listen("tcp", where)
}

// one asks our engine.
func (w *watcher) one(ctx context.Context, o *shadow.Overheard, refused map[string]string) (*decided.Answer, error) {
	m := &judge.Mail{Client: o.Client, LMTP: o.LMTP, Envelope: o.Envelope, Refused: refused,
		Data: io.NewSectionReader(o.Task.Body(), 0, o.Task.Body().Size())}
	if o.Client.Local.IsValid() {
		m.Port = fmt.Sprint(o.Client.Local.Port())
	}
	m.Envelope.Rcpts = o.Taken()
	return w.judge.Judge(ctx, m)
}

func (w *watcher) keep(r *rehearse.Record) {
	w.counters.Add(r)
	if err := w.journal.Add(r, time.Now()); err != nil {
		w.logf("journal: %v", err)
	}
}

func (w *watcher) body(r *rehearse.Record, o *shadow.Overheard) {
	if err := w.bodies.Keep(r.Mail, o.Task.Body(), time.Now()); err != nil {
		w.logf("mail is not kept: %v", err)
	}
}

// workFolder makes a folder for temporary files. Scanners must be able to look into it, as into the daemon's: run by root, this
// program takes on the daemon's group, which scanners are members of.
func workFolder(given string, cfg *rules.Config, name string) (folder string, err error) {
	if os.Geteuid() == 0 && cfg.Identity.User != "" {
		if id, err := cli.Lookup(cfg.Identity.User, cfg.Identity.Groups); err == nil && len(id.Groups) > 0 {
			if err := syscall.Setgid(id.Groups[0]); err != nil {
				return "", err
			}
		}
	}
	bases := []string{given}
	if given == "" {
		bases = []string{cfg.Paths.Temp, os.TempDir()}
	}
	for _, base := range bases {
		if base == "" {
			continue
		}
		if folder, err = os.MkdirTemp(base, name); err == nil {
			return folder, os.Chmod(folder, 0o755)
		}
	}
	return "", err
}
