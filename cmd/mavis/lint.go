package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"mavis/compat/daemon"
	"mavis/perlconf/clamconf"
	"mavis/perlconf/diag"
	"mavis/perlconf/eval"
	"mavis/perlconf/source"
	"mavis/rules"
	"mavis/rules/lint"
	"mavis/rules/load"
)

// lintCommand checks a configuration as the daemon would read it. Nothing is run, and nothing is asked of the network.
type lintCommand struct {
	Format  string   `enum:"text,json,github,sarif" default:"text" help:"How findings are written: text, json, github or sarif."`
	Brief   bool     `help:"One line for each finding."`
	Color   string   `enum:"auto,always,never" default:"auto" help:"Colours: auto, always or never. NO_COLOR is heeded."`
	Select  []string `placeholder:"CODE" help:"Only these codes or families, such as V or P101."`
	Ignore  []string `placeholder:"CODE" help:"Not these codes or families."`
	FailOn  string   `enum:"error,warning,info,never" default:"warning" help:"The least severity that gives status 1: error, warning, info or never."`
	Fix     bool     `xor:"change" help:"Mend what can be mended safely, in the files."`
	Diff    bool     `xor:"change" help:"Show what --fix would change."`
	Unsafe  bool     `name:"unsafe-fixes" help:"With --fix or --diff: also make changes that may alter the meaning."`
	Host    bool     `help:"Also report what this machine lacks: scanners, decoders, file(1), spamd."`
	Clamd   []string `placeholder:"FILE" help:"Also check a clamd.conf, alone and against the scanners; may be repeated."`
	Master  string   `name:"master-cf" placeholder:"FILE" help:"Compare with Postfix's master.cf."`
	Main    string   `name:"main-cf" placeholder:"FILE" help:"Compare with Postfix's main.cf."`
	Known   string   `name:"baseline" placeholder:"FILE" help:"Leave out the findings that this file knows."`
	NewBase string   `name:"write-baseline" placeholder:"FILE" help:"Write the findings of now to this file, to be left out later."`
	Files   []string `arg:"" optional:"" name:"file" help:"Configuration files, in order; without any, those of this host."`
}

// findings is what one look gave.
type findings struct {
	input      lint.Input
	all        []diag.Diagnostic // in order of place, without those taken out by comments
	suppressed int
	dropped    int
}

// Run writes all findings to standard output. The status is 0 when there is nothing to say, 1 when there is, 2 when the
// check itself could not be made.
func (c *lintCommand) Run(s streams) error {
	selection := lint.Selection{Select: c.Select, Ignore: c.Ignore}
	if err := selection.Check(); err != nil {
		return err
	}
	base, err := c.baseline()
	if err != nil {
		return err
	}
	host := &overlay{Host: load.LintHost{}, text: map[string][]byte{}}
	found, err := c.look(host)
	if err != nil {
		return err
	}
	if c.Fix || c.Diff {
		first := found
		made, err := c.mend(host, found, selection)
		if err != nil {
			return err
		}
		if c.Diff {
			return showDiff(s, host, first, made)
		}
		if err := writeFixes(s, host, made); err != nil {
			return err
		}
		if found, err = c.look(host); err != nil {
			return err
		}
	}
	mask := lint.NewMask(found.input)
	shown := mask.Diagnostics(selection.Filter(found.all))
	if c.NewBase != "" {
		text, err := lint.NewBaseline(shown).JSON()
		if err != nil {
			return err
		}
		if err := replaceFile(c.NewBase, text, nil, 0o644); err != nil {
			return err
		}
		fmt.Fprintf(s.err, "mavis: %d findings are known from now on\n", len(shown))
		return nil
	}
	shown, _ = base.Filter(shown)
	if found.dropped > 0 {
		fmt.Fprintf(s.err, "mavis: there are %d findings more than are kept\n", found.dropped)
	}
	if err := c.write(s, shown); err != nil {
		return err
	}
	least := map[string]diag.Severity{"error": diag.Error, "warning": diag.Warning, "info": diag.Info, "never": diag.Error + 1}[c.FailOn]
	for _, d := range shown {
		if d.Severity >= least {
			return exitStatus(1)
		}
	}
	return nil
}

func (c *lintCommand) baseline() (lint.Baseline, error) {
	if c.Known == "" {
		return lint.Baseline{}, nil
	}
	text, err := os.ReadFile(c.Known)
	if err != nil {
		return lint.Baseline{}, err
	}
	b, err := lint.ParseBaseline(text)
	if err != nil {
		err = fmt.Errorf("%s: %w", c.Known, err)
	}
	return b, err
}

// look checks everything once.
func (c *lintCommand) look(host eval.Host) (*findings, error) {
	bag := &diag.Bag{Max: maxFindings}
	in := lint.Input{}
	if c.Host {
		in.Machine = load.LintHost{}
	}
	read := func(name string) (*source.File, error) {
		text, err := host.ReadFile(name)
		if err != nil {
			return nil, err
		}
		return source.New(name, text), nil
	}
	for _, name := range c.Clamd {
		f, err := read(name)
		if err != nil {
			return nil, err
		}
		in.Clamd = append(in.Clamd, lint.Clamd{File: f, Config: clamconf.Parse(f, bag)})
	}
	for _, p := range []struct {
		name string
		to   **source.File
	}{{c.Master, &in.MasterCF}, {c.Main, &in.MainCF}} {
		if p.name != "" {
			f, err := read(p.name)
			if err != nil {
				return nil, err
			}
			*p.to = f
		}
	}
	if len(c.Files) > 0 || len(c.Clamd) == 0 {
		for _, name := range c.Files {
			if _, err := host.Stat(name); errors.Is(err, fs.ErrNotExist) {
				return nil, fmt.Errorf("%s does not exist", name)
			} else if err != nil {
				return nil, err
			}
		}
		x, err := daemon.Examine(daemon.Source{Files: c.Files, Host: host, TrustWritable: true, MaxFindings: maxFindings})
		if err != nil {
			return nil, err
		}
		in.Config, in.Loaded = x.Config, x.Loaded
		if c.Host && !x.Diags.HasErrors() {
			daemon.Missing(x.Config, x.Diags)
		}
		for _, d := range x.Diags.All {
			bag.Add(d)
		}
		lint.Run(in, bag)
	}
	out := &findings{input: in, dropped: bag.Dropped()}
	for i := range bag.All {
		if d := &bag.All[i]; d.Code == rules.CodeNoListener && len(c.Files) > 0 {
			d.Severity, d.Help = diag.Info, "a file that is only a part of a configuration need not have one"
		}
	}
	bag.All, out.suppressed = lint.Suppress(in, bag.All)
	bag.Sort()
	out.all = bag.All
	return out, nil
}

// maxFindings bounds what one run keeps.
const maxFindings = 10_000

func (c *lintCommand) write(s streams, found []diag.Diagnostic) error {
	switch c.Format {
	case "json":
		return diag.WriteJSON(s.out, found)
	case "github":
		return diag.WriteGitHub(s.out, found)
	case "sarif":
		return diag.SARIF{Tool: "mavis", Rules: lint.Summaries()}.Write(s.out, found)
	}
	if err := (diag.Text{Color: colored(c.Color, s.out), Brief: c.Brief}).Write(s.out, found); err != nil || c.Brief {
		return err
	}
	safe, unsafe := 0, 0
	for _, d := range found {
		switch {
		case len(d.Fixes) > 0 && d.Fixes[0].Safe:
			safe++
		case len(d.Fixes) > 0:
			unsafe++
		}
	}
	var parts []string
	if safe > 0 {
		parts = append(parts, fmt.Sprintf("%d can be mended by --fix", safe))
	}
	if unsafe > 0 {
		parts = append(parts, fmt.Sprintf("%d by --fix --unsafe-fixes", unsafe))
	}
	if len(parts) > 0 {
		_, err := fmt.Fprintln(s.out, strings.Join(parts, ", "))
		return err
	}
	return nil
}
