package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

// manCommand prints the manual page. It is made of the same model that reads the command line.
type manCommand struct{}

// Run writes mavis(1) in the man macros of troff.
func (c *manCommand) Run(s streams, k *kong.Kong) error {
	var b strings.Builder
	b.WriteString(".TH MAVIS 1\n.SH NAME\nmavis \\- read, check and explain a configuration of amavisd\n.SH SYNOPSIS\n")
	commands := subcommands(k.Model.Node)
	for i, n := range commands {
		if i > 0 {
			b.WriteString(".br\n")
		}
		fmt.Fprintf(&b, ".B mavis %s\n%s\n", troff(n.Name), troff(synopsis(n)))
	}
	b.WriteString(".SH DESCRIPTION\n" + paragraph("mavis reads the configuration of amavisd for a person. No subcommand changes a file unless it is told to; "+
		"reading a configuration runs no command of it. Where FILE is left out, the files of this host are read: those of Debian's folders "+
		"/usr/share/amavis/conf.d and /etc/amavis/conf.d in order, else /etc/amavisd.conf, /etc/amavisd/amavisd.conf, "+
		"/etc/amavis/amavisd.conf or /usr/local/etc/amavisd.conf."))
	b.WriteString(".SH COMMANDS\n")
	for _, n := range commands {
		fmt.Fprintf(&b, ".SS mavis %s %s\n%s", troff(n.Name), troff(synopsis(n)), paragraph(n.Help))
		if n.Detail != "" {
			b.WriteString(".PP\n" + paragraph(n.Detail))
		}
		for _, p := range n.Positional {
			fmt.Fprintf(&b, ".TP\n.I %s\n%s", troff(strings.ToUpper(p.Name)), paragraph(p.Help))
		}
		for _, f := range flagsOf(n) {
			fmt.Fprintf(&b, ".TP\n.B %s\n%s", troff(option(f)), paragraph(f.Help))
		}
	}
	b.WriteString(".SH EXIT STATUS\n.TP\n.B 0\nNothing was found, or it was done.\n.TP\n.B 1\nSomething was found: findings, differences, expectations that do not hold.\n" +
		".TP\n.B 2\nIt could not be done: wrong usage, a file that cannot be read.\n")
	b.WriteString(".SH ENVIRONMENT\n.TP\n.B NO_COLOR\nWhen set to anything, no colours are written.\n")
	b.WriteString(".SH SEE ALSO\n.BR amavisd (8),\n.BR clamd.conf (5),\n.BR master (5)\n")
	_, err := io.WriteString(s.out, b.String())
	return err
}

func synopsis(n *kong.Node) string {
	parts := []string{}
	if len(flagsOf(n)) > 0 {
		parts = append(parts, "[OPTION]...")
	}
	for _, p := range n.Positional {
		name := strings.ToUpper(p.Name)
		if p.IsSlice() {
			name += "..."
		}
		if !p.Required {
			name = "[" + name + "]"
		}
		parts = append(parts, name)
	}
	return strings.Join(parts, " ")
}

func option(f *kong.Flag) string {
	text := "--" + f.Name
	if f.Short != 0 {
		text = "-" + string(f.Short) + ", " + text
	}
	if f.IsBool() {
		return text
	}
	return text + "=" + strings.TrimSuffix(strings.TrimPrefix(f.FormatPlaceHolder(), `"`), `"`)
}

// troff makes a text harmless to troff.
func troff(s string) string {
	return strings.NewReplacer(`\`, `\e`, "-", `\-`, "\n", " ").Replace(s)
}

func paragraph(s string) string {
	s = troff(s)
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "'") {
		s = `\&` + s
	}
	return s + "\n"
}
