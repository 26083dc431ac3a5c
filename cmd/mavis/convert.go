package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"mavis/perlconf/clamconf"
	"mavis/perlconf/diag"
	"mavis/perlconf/source"
	"mavis/rules/document"
	"mavis/rules/emit"
	"mavis/rules/load"
)

// convertCommand writes a configuration in another form, and makes sure that it means the same. Passwords stand in the
// result, marked, and in no message.
type convertCommand struct {
	To          string   `enum:"yaml,json,perl,auto" default:"auto" help:"What to write: yaml, json, or perl (an amavisd.conf for 2.13); auto is perl for a single YAML file, else yaml."`
	Lossy       bool     `help:"Leave out what cannot be carried over, instead of failing."`
	All         bool     `help:"Write also the settings that have their defaults."`
	Output      string   `short:"o" placeholder:"FILE" help:"Write to a file instead of standard output."`
	StubMissing bool     `help:"Let placeholders stand for files named in the configuration that are not here."`
	Clamd       string   `placeholder:"FILE" help:"Write this clamd.conf so that clamd 1.x accepts it; every change is told."`
	Files       []string `arg:"" optional:"" name:"file" help:"Configuration files, in order; without any, those of this host."`
}

// Run gives status 1 when something cannot be carried over, 2 when a file cannot be read.
func (c *convertCommand) Run(s streams) error {
	if c.Clamd != "" {
		if len(c.Files) > 0 {
			return errors.New("convert: give either --clamd or configuration files")
		}
		return c.clamd(s)
	}
	files := c.Files
	host := load.DaemonHost{Out: s.err, Err: s.err}
	if len(files) == 0 {
		files = load.Find(host)
	}
	if len(files) == 0 {
		return errors.New("convert: no configuration file was named, and none is at its usual places")
	}
	format := emit.Format(c.To)
	if c.To == "auto" {
		format = emit.YAML
		if text, err := os.ReadFile(files[0]); len(files) == 1 && err == nil && document.Is(files[0], text) {
			format = emit.Perl
		}
	}
	out, err := emit.Convert(emit.Options{Load: load.Options{Host: host, StubMissing: c.StubMissing, Program: "amavisd"}, Lossy: c.Lossy, All: c.All,
		Head: "Written by mavis convert from " + strings.Join(files, ", ") + "."}, format, files...)
	if errors.Is(err, emit.ErrLoad) {
		tell(s, out.Diags.All, diag.Error)
		fmt.Fprintln(s.err, "mavis: convert:", emit.ErrLoad)
		return exitStatus(2)
	}
	for _, l := range out.Lost {
		fmt.Fprintf(s.err, "%s: not carried over: %s\n", placeOf(l.Span), l.Name+", "+l.Why)
	}
	for _, r := range out.Retired {
		fmt.Fprintf(s.err, "left out: %s does nothing any more\n", r)
	}
	if err != nil {
		fmt.Fprintln(s.err, "mavis: convert:", err)
		return exitStatus(1)
	}
	if out.Secrets {
		fmt.Fprintln(s.err, "the result holds passwords; keep it from others")
	}
	return c.write(s, out.Text, out.Secrets)
}

// tell writes diagnostics in one line each: the text of the files may hold passwords and is not shown.
func tell(s streams, found []diag.Diagnostic, least diag.Severity) {
	for _, d := range found {
		if d.Severity < least {
			continue
		}
		text := d.Error()
		if d.Help != "" {
			text += " (" + d.Help + ")"
		}
		fmt.Fprintln(s.err, text)
	}
}

func placeOf(at source.Span) string {
	if at.IsZero() {
		return "somewhere"
	}
	return at.String()
}

func (c *convertCommand) clamd(s streams) error {
	text, err := os.ReadFile(c.Clamd)
	if err != nil {
		fmt.Fprintln(s.err, "mavis: convert:", err)
		return exitStatus(2)
	}
	bag := &diag.Bag{Max: 100_000}
	out := clamconf.Convert(source.New(c.Clamd, text), bag)
	tell(s, bag.All, diag.Info)
	check := &diag.Bag{}
	clamconf.Parse(source.New("(converted)", out), check)
	if check.HasErrors() {
		tell(s, check.All, diag.Error)
		return exitStatus(1)
	}
	return c.write(s, out, false)
}

// write puts the result in place in one step. A new file with passwords is for its owner only; one that is there keeps
// its mode.
func (c *convertCommand) write(s streams, text []byte, secret bool) error {
	if c.Output == "" {
		_, err := s.out.Write(text)
		return err
	}
	mode := fs.FileMode(0o644)
	if secret {
		mode = 0o600
	}
	if info, err := os.Stat(c.Output); err == nil && !info.Mode().IsRegular() {
		return os.WriteFile(c.Output, text, mode)
	}
	return replaceFile(c.Output, text, nil, mode)
}
