package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"

	"mavis/rules/lint"
)

// completionCommand prints a script by which a shell completes the command line. It is made of the same model that reads
// the command line, so that it knows all of it.
type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"The shell: bash, zsh or fish."`
}

// Run writes the script.
func (c *completionCommand) Run(s streams, k *kong.Kong) error {
	write := map[string]func(io.Writer, *kong.Node) error{"bash": bashCompletion, "zsh": zshCompletion, "fish": fishCompletion}[c.Shell]
	return write(s.out, k.Model.Node)
}

// subcommands are those that are shown.
func subcommands(app *kong.Node) []*kong.Node {
	var out []*kong.Node
	for _, n := range app.Children {
		if !n.Hidden {
			out = append(out, n)
		}
	}
	return out
}

// flagsOf are the flags of a subcommand that are shown.
func flagsOf(n *kong.Node) []*kong.Flag {
	out := []*kong.Flag{}
	for _, f := range n.Flags {
		if !f.Hidden {
			out = append(out, f)
		}
	}
	return out
}

// choices are the values that a flag or argument can have, nil when they are free.
func choices(v *kong.Value) []string {
	if v.Enum == "" {
		return nil
	}
	return strings.Split(strings.ReplaceAll(v.Enum, " ", ""), ",")
}

// argumentWords are the words that can stand for arguments of a subcommand; nil means names of files.
func argumentWords(n *kong.Node) []string {
	if n.Name == "explain-code" {
		var out []string
		for _, r := range lint.Rules() {
			out = append(out, r.Code)
		}
		return out
	}
	for _, p := range n.Positional {
		if c := choices(p); c != nil {
			return c
		}
	}
	return nil
}

func names(nodes []*kong.Node) string {
	var out []string
	for _, n := range nodes {
		out = append(out, n.Name)
	}
	return strings.Join(out, " ")
}

func bashCompletion(w io.Writer, app *kong.Node) error {
	var b strings.Builder
	b.WriteString("# completion of mavis for bash\n_mavis() {\n\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words=\n\tCOMPREPLY=()\n")
	fmt.Fprintf(&b, "\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n\t\tCOMPREPLY=($(compgen -W '%s --help' -- \"$cur\"))\n\t\treturn\n\tfi\n", names(subcommands(app)))
	b.WriteString("\tcase ${COMP_WORDS[1]}:$prev in\n")
	for _, n := range subcommands(app) {
		for _, f := range flagsOf(n) {
			if c := choices(f.Value); c != nil {
				fmt.Fprintf(&b, "\t%s:--%s) COMPREPLY=($(compgen -W '%s' -- \"$cur\")); return;;\n", n.Name, f.Name, strings.Join(c, " "))
			}
		}
	}
	b.WriteString("\tesac\n\tcase ${COMP_WORDS[1]} in\n")
	for _, n := range subcommands(app) {
		var words []string
		for _, f := range flagsOf(n) {
			words = append(words, "--"+f.Name)
		}
		fmt.Fprintf(&b, "\t%s)\n\t\tcase $cur in\n\t\t-*) words='%s';;\n", n.Name, strings.Join(append(words, "--help"), " "))
		if args := argumentWords(n); args != nil {
			fmt.Fprintf(&b, "\t\t*) words='%s';;\n", strings.Join(args, " "))
		}
		b.WriteString("\t\tesac;;\n")
	}
	b.WriteString("\tesac\n\tif [ -n \"$words\" ]; then\n\t\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n\telse\n\t\tCOMPREPLY=($(compgen -f -- \"$cur\"))\n\tfi\n}\n" +
		"complete -o filenames -F _mavis mavis\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// bracketed makes a text harmless within quotes and brackets of zsh.
func bracketed(s string) string {
	return strings.NewReplacer("'", `'\''`, "[", "(", "]", ")", ":", `\:`).Replace(s)
}

func zshCompletion(w io.Writer, app *kong.Node) error {
	var b strings.Builder
	b.WriteString("#compdef mavis\n_mavis() {\n\tlocal -a commands\n\tcommands=(\n")
	for _, n := range subcommands(app) {
		fmt.Fprintf(&b, "\t\t'%s:%s'\n", n.Name, bracketed(n.Help))
	}
	b.WriteString("\t)\n\tif (( CURRENT == 2 )); then\n\t\t_describe command commands\n\t\treturn\n\tfi\n\tlocal command=$words[2]\n\tshift words\n\t(( CURRENT-- ))\n\tcase $command in\n")
	for _, n := range subcommands(app) {
		fmt.Fprintf(&b, "\t%s)\n\t\t_arguments", n.Name)
		for _, f := range flagsOf(n) {
			value := ""
			switch c := choices(f.Value); {
			case c != nil:
				value = ":" + f.Name + ":(" + strings.Join(c, " ") + ")"
			case !f.IsBool():
				value = ":" + f.Name + ":_files"
			}
			fmt.Fprintf(&b, " \\\n\t\t\t'*--%s[%s]%s'", f.Name, bracketed(f.Help), value)
		}
		if args := argumentWords(n); args != nil {
			fmt.Fprintf(&b, " \\\n\t\t\t'*:argument:(%s)'\n\t\t;;\n", strings.Join(args, " "))
		} else {
			b.WriteString(" \\\n\t\t\t'*:file:_files'\n\t\t;;\n")
		}
	}
	b.WriteString("\tesac\n}\n_mavis \"$@\"\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func fishCompletion(w io.Writer, app *kong.Node) error {
	var b strings.Builder
	quote := func(s string) string { return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s) + "'" }
	b.WriteString("# completion of mavis for fish\n")
	for _, n := range subcommands(app) {
		fmt.Fprintf(&b, "complete -c mavis -f -n __fish_use_subcommand -a %s -d %s\n", n.Name, quote(n.Help))
	}
	for _, n := range subcommands(app) {
		seen := quote("__fish_seen_subcommand_from " + n.Name)
		for _, f := range flagsOf(n) {
			value := ""
			switch c := choices(f.Value); {
			case c != nil:
				value = " -x -a " + quote(strings.Join(c, " "))
			case !f.IsBool():
				value = " -r"
			}
			fmt.Fprintf(&b, "complete -c mavis -n %s -l %s%s -d %s\n", seen, f.Name, value, quote(f.Help))
		}
		if args := argumentWords(n); args != nil {
			fmt.Fprintf(&b, "complete -c mavis -f -n %s -a %s\n", seen, quote(strings.Join(args, " ")))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
