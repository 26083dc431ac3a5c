package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"

	"mavis/compat/daemon"
	"mavis/compat/rehearse"
	"mavis/compat/rehearse/judge"
	"mavis/compat/rehearse/report"
	"mavis/compat/rehearse/stored"
	"mavis/perlconf/diag"
	"mavis/rules"
)

// replayCommand judges stored mail. See docs/replay.md.
type replayCommand struct {
	Config   []string `short:"c" sep:"none" placeholder:"FILES" help:"Configuration: a file, or several parted by commas. Given twice, the two are compared. Without it that of the host is taken."`
	Scanners string   `enum:"real,recorded,off" default:"real" help:"Ask the configured scanners (real), take verdicts kept in --store only (recorded), or ask none (off)."`

	From     *string  `placeholder:"ADDR" help:"Envelope sender of all mails; empty is the null sender."`
	To       []string `placeholder:"ADDR" help:"Envelope recipient of all mails; may be repeated."`
	ClientIP string   `name:"client-ip" placeholder:"IP" help:"Address of the first client of all mails."`
	Port     string   `placeholder:"PORT" help:"Port of the filter that all mails came in by."`
	AsStored bool     `help:"Keep the fields that delivery and an earlier filter have put on top of mails."`
	Mboxo    bool     `help:"Mailboxes quote only lines that begin with From (mboxo), not those with >From as well."`

	JSON string `name:"json" placeholder:"FILE" help:"Write a line of JSON for each mail; - is standard output."`
	CSV  string `name:"csv" placeholder:"FILE" help:"Write a row for each recipient; - is standard output."`

	Jobs int    `short:"j" placeholder:"N" help:"Mails judged at a time; by default the number of processors."`
	Temp string `placeholder:"DIR" help:"Where temporary files go; by default the configuration's $$TEMPBASE if it can be written to, else the system's folder."`

	Sources []string `arg:"" name:"source" help:"Files, mailboxes, maildirs, folders, quarantines, queue files; - reads names from standard input."`

	folder string // for temporary files
}

// Help is what --help says below the flags.
func (replayCommand) Help() string {
	return "Nothing is delivered, quarantined or told to anybody. The status is 0 when nothing changed, 1 when something did or a mail could not be judged, 2 when the run could not be made."
}

// Run judges the mails and reports.
func (c *replayCommand) Run(s streams) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	go func() {
		<-ctx.Done()
		stop() // a second one ends at once
	}()
	changed, err := c.replay(ctx, s)
	var status exitStatus
	switch {
	case errors.As(err, &status):
		return status
	case err != nil:
		fmt.Fprintln(s.err, "mavis:", err)
		return exitStatus(2)
	case changed:
		return exitStatus(1)
	}
	return nil
}

func (c *replayCommand) replay(ctx context.Context, s streams) (changed bool, err error) {
	if len(c.Config) > 2 {
		return false, errors.New("one configuration or two can be given; the files of one stand in one --config, parted by commas")
	}
	if c.Jobs <= 0 {
		c.Jobs = runtime.NumCPU()
	}
	opt := rehearse.Options{Workers: c.Jobs, AsStored: c.AsStored, Given: c.given()}
	opt.Compare.NoScores = c.Scanners == "off"
	opt.Judges, err = c.judges(s)
	defer func() {
		for _, j := range opt.Judges {
			err = errors.Join(err, j.Close())
		}
		err = errors.Join(err, c.clean())
	}()
	if err != nil {
		return false, err
	}
	out := &outputs{}
	if err := out.open(c.JSON, c.CSV, s.out); err != nil {
		return false, err
	}
	tally := &report.Tally{Title: "Replay of " + strings.Join(c.Sources, ", ") + " under " + c.title()}
	if len(opt.Judges) == 2 {
		tally.Then, tally.Now = c.Config[0], c.Config[1]
	}
	opt.Emit = func(r *rehearse.Record) error {
		tally.Add(r)
		return out.write(r)
	}
	reader := stored.Reader{Stdin: os.Stdin, OldQuotes: c.Mboxo}
	started := time.Now()
	err = rehearse.Run(ctx, opt, func(ctx context.Context, found func(*stored.Mail) error) error {
		return reader.Each(ctx, c.Sources, found)
	})
	when := report.Timing{Took: time.Since(started), Workers: c.Jobs, Broken: ctx.Err() != nil}
	if err != nil && !when.Broken {
		return false, errors.Join(err, out.close())
	}
	if err := out.close(); err != nil {
		return false, err
	}
	if !out.toScreen {
		if err := report.Text(s.out, tally, when); err != nil {
			return false, err
		}
	}
	if when.Broken {
		return false, exitStatus(2)
	}
	return tally.Different(), nil
}

func (c *replayCommand) title() string {
	if len(c.Config) == 0 {
		return "the host's configuration"
	}
	return strings.Join(c.Config, " and ")
}

func (c *replayCommand) given() stored.Envelope {
	e := stored.Envelope{To: c.To, Port: c.Port}
	if c.From != nil {
		e.From, e.HasFrom = *c.From, true
	}
	if c.ClientIP != "" {
		e.ClientIP, e.HasClient = c.ClientIP, true
	}
	return e
}

// judges makes one judge for each configuration. Those made before an error are given too.
func (c *replayCommand) judges(s streams) (out []*judge.Judge, err error) {
	lists := c.Config
	if len(lists) == 0 {
		lists = []string{""}
	}
	now := time.Now()
	for _, list := range lists {
		var files []string
		if list != "" {
			files = strings.Split(list, ",")
		}
		cfg, err := loadFor(files, s.err)
		if err != nil {
			return out, err
		}
		if err := c.makeFolder(cfg); err != nil {
			return out, err
		}
		j, err := judge.New(judge.Options{Config: cfg, Temp: c.folder, Unscanned: c.Scanners == "off", Recorded: c.Scanners == "recorded",
			Workers: c.Jobs, Now: now})
		if err != nil {
			return out, err
		}
		out = append(out, j)
	}
	return out, nil
}

// loadFor reads a configuration; what is wrong with it is told.
func loadFor(files []string, w io.Writer) (*rules.Config, error) {
	cfg, bag, err := daemon.Load(daemon.Source{Files: files})
	if err == nil {
		return cfg, nil
	}
	if e := (diag.Text{}).Write(w, bag.All); e != nil {
		return nil, e
	}
	if errors.Is(err, daemon.ErrConfig) {
		return nil, exitStatus(2)
	}
	return nil, err
}

// makeFolder makes the folder for temporary files, once. Scanners must be able to look into it, as into the daemon's.
func (c *replayCommand) makeFolder(cfg *rules.Config) (err error) {
	if c.folder != "" {
		return nil
	}
	bases := []string{c.Temp}
	if c.Temp == "" {
		bases = []string{cfg.Paths.Temp, os.TempDir()}
	}
	for _, base := range bases {
		if base == "" {
			continue
		}
		if c.folder, err = os.MkdirTemp(base, "mavis-replay-"); err == nil {
			return os.Chmod(c.folder, 0o755)
		}
	}
	return err
}

// clean removes it.
func (c *replayCommand) clean() error {
	if c.folder == "" {
		return nil
	}
	return os.RemoveAll(c.folder)
}
