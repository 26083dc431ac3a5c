package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"mavis/compat/daemon"
	"mavis/compat/logline"
	"mavis/engine/deliver"
	"mavis/engine/flow"
	"mavis/perlconf/diag"
	"mavis/rules"
	"mavis/testdata/seed"
)

// tryCommand runs mails through the daemon's own engine, between a real SMTP client and a next hop of its own. Nothing
// outside of a temporary folder is touched.
type tryCommand struct {
	Config []string `short:"c" placeholder:"FILE" help:"Configuration file, may be repeated; without one the built-in sample is used."`
	From   string   `default:"alice@sender.test" help:"Envelope sender of mails given as files."`
	To     []string `help:"Envelope recipient of mails given as files; may be repeated."`
	Trace  bool     `help:"Print every step of the way with its rule."`
	Keep   bool     `help:"Keep the temporary folder with the quarantine, and say where it is."`
	Mails  []string `arg:"" optional:"" name:"mail" help:"Mails as files; without any the built-in samples are used."`
}

// rehearsal is what a run needs.
type rehearsal struct {
	folder  string
	hop     *nextHop
	daemon  *daemon.Daemon
	client  *deliver.Client
	scanner string // which scanner is used, in words

	mu   sync.Mutex
	seen *flow.Task
}

// Run tries the mails and prints a table. The status is 0 when every built-in sample came out as expected, or when every
// mail given got a final answer.
func (c *tryCommand) Run(s streams) error {
	mails, err := c.mails()
	if err != nil {
		return err
	}
	r, err := c.start(s)
	if err != nil {
		return err
	}
	defer r.close(c.Keep, s.out)
	fmt.Fprintln(s.out, r.scanner)
	var rows []row
	failed := 0
	for _, m := range mails {
		got, err := r.send(m)
		if err != nil {
			return fmt.Errorf("%s: %w", m.Name, err)
		}
		if !got.asExpected {
			failed++
		}
		rows = append(rows, got)
	}
	print(s.out, rows)
	if c.Trace {
		for _, r := range rows {
			if r.t != nil {
				fmt.Fprintf(s.out, "\n%s\n", r.name)
				printSteps(s.out, r.t.Steps.Steps)
			}
		}
	}
	if failed > 0 {
		fmt.Fprintf(s.out, "%d of %d mails did not come out as expected\n", failed, len(rows))
		return exitStatus(1)
	}
	return nil
}

func (c *tryCommand) mails() ([]seed.Mail, error) {
	if len(c.Mails) == 0 {
		if len(c.Config) > 0 {
			all := seed.Mails()
			for i := range all {
				all[i].Verdict = "" // another configuration may see them otherwise
				if len(c.To) > 0 {
					all[i].To = c.To[0]
				}
			}
			return all, nil
		}
		return seed.Mails(), nil
	}
	to := "bob@domain.be"
	if len(c.To) > 0 {
		to = c.To[0]
	}
	var out []seed.Mail
	for _, name := range c.Mails {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		text := strings.ReplaceAll(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n", "\r\n")
		out = append(out, seed.Mail{Name: filepath.Base(name), From: c.From, To: to, Data: []byte(text)})
	}
	return out, nil
}

func (c *tryCommand) start(s streams) (_ *rehearsal, err error) {
	r := &rehearsal{}
	if r.folder, err = os.MkdirTemp("", "mavis-try-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			r.close(false, s.out)
		}
	}()
	for _, sub := range []string{"tmp", "quarantine", "etc"} {
		if err := os.Mkdir(filepath.Join(r.folder, sub), 0o755); err != nil {
			return nil, err
		}
	}
	files := c.Config
	if len(files) == 0 {
		files = []string{filepath.Join(r.folder, "etc", "amavisd.conf")}
		if err := os.WriteFile(files[0], seed.Config, 0o644); err != nil {
			return nil, err
		}
	}
	cfg, bag, err := daemon.Load(daemon.Source{Files: files})
	if err != nil {
		if e := (diag.Text{}).Write(s.err, bag.All); e != nil {
			return nil, e
		}
		if errors.Is(err, daemon.ErrConfig) {
			return nil, exitStatus(2)
		}
		return nil, err
	}
	cfg.Paths.Temp, cfg.Paths.Quarantine, cfg.Paths.PidFile = filepath.Join(r.folder, "tmp"), filepath.Join(r.folder, "quarantine"), ""
	if r.hop, err = startNextHop(); err != nil {
		return nil, err
	}
	log, err := logline.Open(logline.Config{File: filepath.Join(r.folder, "log"), Level: 5, Hostname: cfg.Identity.Hostname, Program: "mavis"})
	if err != nil {
		return nil, err
	}
	scanners, words, err := chooseScanners(cfg, r.folder)
	if err != nil {
		return nil, err
	}
	r.scanner = words
	r.daemon, err = daemon.New(daemon.Options{Config: cfg, Log: log, Scanners: scanners, Watch: r.watch, Trace: true,
		Redirect: fmt.Sprintf("smtp:[127.0.0.1]:%d", r.hop.port()), QuarantineDir: cfg.Paths.Quarantine})
	if err != nil {
		return nil, err
	}
	if err := r.daemon.Listen([]rules.Listener{{Network: "tcp", Address: "127.0.0.1:0", Host: "127.0.0.1", Port: "0"}}); err != nil {
		return nil, err
	}
	r.client = deliver.New(deliver.Options{Helo: "mavis-try.invalid"})
	return r, nil
}

func (r *rehearsal) close(keep bool, out io.Writer) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if r.client != nil {
		r.client.Close()
	}
	if r.daemon != nil {
		r.daemon.Close(ctx)
	}
	if r.hop != nil {
		r.hop.close()
	}
	if keep {
		fmt.Fprintln(out, "kept:", r.folder)
		return
	}
	os.RemoveAll(r.folder)
}

func (r *rehearsal) watch(t *flow.Task, _ string) {
	r.mu.Lock()
	r.seen = t
	r.mu.Unlock()
}

// send hands one mail to the daemon as an MTA would, and looks at what came of it.
func (r *rehearsal) send(m seed.Mail) (row, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	r.hop.take()
	held, err := r.held()
	if err != nil {
		return row{}, err
	}
	client := map[string]string{"ADDR": "192.0.2.25", "NAME": "mx.sender.test", "PROTO": "ESMTP", "HELO": "mx.sender.test"}
	port := r.daemon.Addr().(*net.TCPAddr).Port
	res, err := r.client.Deliver(ctx, []string{fmt.Sprintf("smtp:[127.0.0.1]:%d", port)}, &deliver.Outgoing{
		Sender: m.From, Rcpts: []deliver.Rcpt{{Addr: m.To}}, Header: m.Data, XForward: client})
	if err != nil {
		return row{}, err
	}
	after, err := r.held()
	if err != nil {
		return row{}, err
	}
	r.mu.Lock()
	t := r.seen
	r.seen = nil
	r.mu.Unlock()
	got := row{name: m.Name, reply: res.Outcomes[0].Answer, t: t, held: after - held}
	sendTo := m.To
	if t != nil && len(t.Rcpts) > 0 && t.Rcpts[0].SendTo != "" {
		sendTo = t.Rcpts[0].SendTo
	}
	for _, d := range r.hop.take() {
		if d.from == m.From && len(d.to) > 0 && d.to[0] == sendTo {
			got.delivered++
		} else {
			got.notices++
		}
	}
	got.judge(m)
	return got, nil
}

// held counts the files in quarantine.
func (r *rehearsal) held() (int, error) {
	n := 0
	err := filepath.WalkDir(filepath.Join(r.folder, "quarantine"), func(_ string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			n++
		}
		return err
	})
	return n, err
}
