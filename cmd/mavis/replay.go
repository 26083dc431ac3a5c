package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"slices"
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

	From      *string  `placeholder:"ADDR" help:"Envelope sender of all mails; empty is the null sender."`
	To        []string `placeholder:"ADDR" help:"Envelope recipient of all mails; may be repeated."`
	ClientIP  string   `name:"client-ip" placeholder:"IP" help:"Address of the first client of all mails."`
	Port      string   `placeholder:"PORT" help:"Port of the filter that all mails came in by."`
	Envelopes string   `type:"existingfile" placeholder:"FILE" help:"Envelopes as CSV, see docs/replay.md; they stand above all others."`
	AsStored  bool     `help:"Keep the fields that delivery and an earlier filter have put on top of mails."`
	Mboxo     bool     `help:"Mailboxes quote only lines that begin with From (mboxo), not those with >From as well."`

	AgainstLog []string `type:"existingfile" placeholder:"FILE" help:"Compare with what amavisd-new decided then, by its log; may be repeated."`
	Expect     string   `type:"existingfile" placeholder:"FILE" help:"Compare with records that --json wrote earlier, for CI."`
	Store      string   `placeholder:"FILE" help:"Keep verdicts of scanners and records of mails in this SQLite file: what is there is not asked again, and an interrupted run goes on."`

	JSON string `name:"json" placeholder:"FILE" help:"Write a line of JSON for each mail; - is standard output."`
	CSV  string `name:"csv" placeholder:"FILE" help:"Write a row for each recipient; - is standard output."`

	HTML      string `name:"html" placeholder:"FILE" help:"Write one page with the matrix of verdicts, causes, slowest mails and each mail's trace."`
	HTMLMails int    `name:"html-mails" default:"2000" placeholder:"N" help:"How many mails the page shows at most."`

	Jobs int    `short:"j" placeholder:"N" help:"Mails judged at a time; by default the number of processors."`
	Temp string `placeholder:"DIR" help:"Where temporary files go; by default the configuration's $$TEMPBASE if it can be written to, else the system's folder."`

	NoProgress bool `help:"Show no progress on a terminal."`

	Sources []string `arg:"" name:"source" help:"Files, mailboxes, maildirs, folders, quarantines, queue files; - reads names from standard input."`

	folder string // for temporary files
}

// Help is what --help says below the flags.
func (replayCommand) Help() string {
	return "Nothing is delivered, quarantined or told to anybody. The status is 0 when nothing changed, 1 when something did or a mail could not be judged, 2 when the run could not be made."
}

// Run judges the mails and reports.
func (c *replayCommand) Run(s streams) error {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(300) // what lives is small, and mails make much garbage
	}
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
	if err := c.check(); err != nil {
		return false, err
	}
	var undo []func() error
	defer func() {
		for _, f := range slices.Backward(undo) {
			err = errors.Join(err, f())
		}
	}()
	undo = append(undo, c.clean)
	configs, err := c.configs(s.err)
	if err != nil {
		return false, err
	}
	kept, err := c.open(configs)
	if err != nil {
		return false, err
	}
	undo = append(undo, kept.Close)
	opt := rehearse.Options{Workers: c.Jobs, AsStored: c.AsStored, Given: c.given()}
	opt.Compare.NoScores = c.Scanners == "off"
	now := time.Now()
	for _, x := range configs {
		j, err := judge.New(judge.Options{Config: x.cfg, Temp: c.folder, Unscanned: c.Scanners == "off", Recorded: c.Scanners == "recorded",
			Verdicts: c.verdicts(kept), Workers: c.Jobs, Now: now})
		if err != nil {
			return false, err
		}
		undo = append(undo, j.Close)
		opt.Judges = append(opt.Judges, j)
	}
	out := &outputs{}
	if err := out.open(c.JSON, c.CSV, s.out); err != nil {
		return false, err
	}
	tally := &report.Tally{Title: "Replay of " + strings.Join(c.Sources, ", ") + " under " + c.title()}
	tally.Then, tally.Now = c.sides()
	if c.HTML != "" {
		tally.Samples = c.HTMLMails
	}
	if err := c.compare(&opt, kept, tally); err != nil {
		return false, err
	}
	if err := c.resume(&opt, kept, configs, tally); err != nil {
		return false, err
	}
	opt.Emit = func(r *rehearse.Record) error {
		tally.Add(r)
		if c.Store != "" {
			if err := kept.Add(r); err != nil {
				return err
			}
		}
		return out.write(r)
	}
	reader := stored.Reader{Stdin: os.Stdin, OldQuotes: c.Mboxo}
	unwatch := c.watch(&opt, s.err)
	started := time.Now()
	err = rehearse.Run(ctx, opt, func(ctx context.Context, found func(*stored.Mail) error) error {
		return reader.Each(ctx, c.Sources, found)
	})
	unwatch()
	when := report.Timing{Took: time.Since(started), Workers: c.Jobs, Broken: ctx.Err() != nil}
	if when.Broken {
		err = nil
	}
	if err = errors.Join(err, out.close()); err != nil {
		return false, err
	}
	missing, err := c.missing(kept, tally, when)
	if err != nil {
		return false, err
	}
	if err := c.page(tally, when); err != nil {
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
	return tally.Different() || missing, nil
}

// check refuses what cannot be done together.
func (c *replayCommand) check() error {
	against := 0
	for _, is := range []bool{len(c.Config) > 1, len(c.AgainstLog) > 0, c.Expect != ""} {
		if is {
			against++
		}
	}
	switch {
	case len(c.Config) > 2:
		return errors.New("one configuration or two can be given; the files of one stand in one --config, parted by commas")
	case against > 1:
		return errors.New("one comparison can be made at a time: with a second --config, with --against-log, or with --expect")
	case c.Scanners == "recorded" && c.Store == "":
		return errors.New("--scanners recorded needs the --store that the verdicts were recorded in")
	}
	if c.Jobs <= 0 {
		c.Jobs = runtime.NumCPU()
	}
	return nil
}

// sides names what is compared, "" when nothing is.
func (c *replayCommand) sides() (then, now string) {
	now = c.title()
	switch {
	case len(c.Config) > 1:
		return c.Config[0], c.Config[1]
	case len(c.AgainstLog) > 0:
		return strings.Join(c.AgainstLog, ", "), now
	case c.Expect != "":
		return c.Expect, now
	}
	return "", now
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

// config is one configuration with what it was read from.
type config struct {
	cfg  *rules.Config
	host *witness
}

// configs reads the configurations and makes the folder for temporary files.
func (c *replayCommand) configs(w io.Writer) (out []config, err error) {
	lists := c.Config
	if len(lists) == 0 {
		lists = []string{""}
	}
	for _, list := range lists {
		var files []string
		if list != "" {
			files = strings.Split(list, ",")
		}
		x := config{host: newWitness()}
		if x.cfg, err = loadFor(daemon.Source{Files: files, Host: x.host}, w); err != nil {
			return nil, err
		}
		if err := c.makeFolder(x.cfg); err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, nil
}

// loadFor reads a configuration; what is wrong with it is told.
func loadFor(src daemon.Source, w io.Writer) (*rules.Config, error) {
	cfg, bag, err := daemon.Load(src)
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

// makeFolder makes the folder for temporary files, once.
func (c *replayCommand) makeFolder(cfg *rules.Config) (err error) {
	if c.folder == "" {
		c.folder, err = workFolder(c.Temp, cfg, "mavis-replay-")
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
