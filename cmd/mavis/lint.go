package main

import (
	"os"

	"mavis/compat/daemon"
	"mavis/perlconf/clamconf"
	"mavis/perlconf/diag"
	"mavis/perlconf/source"
	"mavis/perlconf/syntax"
	"mavis/rules/lint"
	"mavis/rules/load"
)

// lintCommand checks a configuration as the daemon would read it. Nothing is run, and nothing is asked of the network.
type lintCommand struct {
	Format string   `enum:"text,json,github,sarif" default:"text" help:"How findings are written: text, json, github or sarif."`
	Strict bool     `help:"Warnings count as errors for the exit status."`
	Here   bool     `negatable:"" default:"true" help:"Also report what this host lacks: scanners, decoders, file(1), spamd."`
	Clamd  []string `placeholder:"FILE" help:"Also check a clamd.conf; may be repeated."`
	Files  []string `arg:"" optional:"" name:"file" help:"Configuration files, in order; without any, those of this host."`
}

// Run writes all findings. The status is 0 when the configuration can be used, 2 when it cannot, as with --strict
// on warnings.
func (c *lintCommand) Run(s streams) error {
	all := &diag.Bag{}
	if len(c.Files) > 0 || len(c.Clamd) == 0 {
		x, err := daemon.Examine(daemon.Source{Files: c.Files, Host: load.LintHost{}, TrustWritable: true})
		if err != nil {
			return err
		}
		all = x.Diags
		lint.Run(lint.Input{Config: x.Config, Loaded: x.Loaded}, all)
		if c.Here && !all.HasErrors() {
			daemon.Missing(x.Config, all)
		}
	}
	for _, name := range c.Clamd {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		clamconf.Parse(source.New(name, text), all)
	}
	all.Sort()
	if err := c.write(s, all.All); err != nil {
		return err
	}
	for _, d := range all.All {
		if d.Severity == diag.Error || c.Strict && d.Severity == diag.Warning {
			return exitStatus(2)
		}
	}
	return nil
}

func (c *lintCommand) write(s streams, found []diag.Diagnostic) error {
	switch c.Format {
	case "json":
		return diag.WriteJSON(s.out, found)
	case "github":
		return diag.WriteGitHub(s.out, found)
	case "sarif":
		return diag.SARIF{Tool: "mavis", Rules: syntax.Meanings()}.Write(s.out, found)
	}
	return diag.Text{}.Write(s.out, found)
}
