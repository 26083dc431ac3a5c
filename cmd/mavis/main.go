// Command mavis reads amavisd's configuration for a person: it shows, checks, explains and tries.
//
// Each subcommand has a file of its own with a struct that kong fills and a Run method; the struct stands in commands
// below. Run returns an exitStatus to end with that status without a message.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/alecthomas/kong"

	"mavis/engine/unpack"
)

// commands lists the subcommands.
type commands struct {
	Lint        lintCommand        `cmd:"" help:"Check a configuration, with the place of every finding and what to do."`
	ExplainCode explainCodeCommand `cmd:"" help:"Explain a code that a finding has: what, why, an example, the fix."`
	Show        showCommand        `cmd:"" help:"Show what a configuration means."`
	Convert     convertCommand     `cmd:"" help:"Write a configuration as YAML, JSON or one amavisd.conf, with the same meaning."`
	Fmt         fmtCommand         `cmd:"" help:"Lay a configuration out, without changing its meaning or comments."`
	Replay      replayCommand      `cmd:"" help:"Judge stored mail under a configuration, and compare with another one or with an old log."`
	Try         tryCommand         `cmd:"" help:"Run mails through the filter, with nothing leaving a temporary folder."`
	Explain     explainCommand     `cmd:"" help:"Tell what would become of a mail, and by which rules."`
	Check       checkCommand       `cmd:"" help:"Hold a configuration to the cases of a suite."`
	Diff        diffCommand        `cmd:"" help:"Tell what differs between two configurations: settings, and what becomes of mail."`
	Completion  completionCommand  `cmd:"" help:"Print a script by which a shell completes this command line."`
	Man         manCommand         `cmd:"" help:"Print the manual page."`
	Shadow      shadowCommand      `cmd:"" help:"Stand beside a filter at work, and tell what would differ."`
}

// streams are where a subcommand writes.
type streams struct {
	out, err io.Writer
}

// exitStatus ends the program with a status other than 0; what there is to say was said.
type exitStatus int

func (e exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

func main() {
	unpack.ChildMain()
	os.Exit(run(os.Args[1:], streams{os.Stdout, os.Stderr}))
}

// run gives the exit status: 0, what the subcommand says (1 where it found something), or 2 for what could not be done.
func run(args []string, s streams) int {
	var c commands
	exited := -1
	parser, err := kong.New(&c, kong.Name("mavis"), kong.Description("Reads the configuration of amavisd."),
		kong.Writers(s.out, s.err), kong.Exit(func(code int) { exited = code }), kong.Bind(s))
	if err != nil {
		fmt.Fprintln(s.err, "mavis:", err)
		return 2
	}
	ctx, err := parser.Parse(args)
	if exited >= 0 {
		return exited
	}
	if err != nil {
		fmt.Fprintln(s.err, "mavis:", err)
		return 2
	}
	err = ctx.Run()
	var status exitStatus
	switch {
	case err == nil:
		return 0
	case errors.As(err, &status):
		return int(status)
	}
	fmt.Fprintln(s.err, "mavis:", err)
	return 2
}
