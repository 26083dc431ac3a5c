// Package logline writes the log: the main entries of each message by template, in the very format that log readers
// know (amavisd README.customize), and the sink, which is syslog, a file or standard error.
package logline

import (
	_ "embed" // the built-in templates
	"regexp"
	"strings"

	"mavis/compat/macro"
	"mavis/compat/macro/facts"
)

//go:embed common.templ
var common string

//go:embed short.templ
var short string

//go:embed verbose.templ
var verbose string

//go:embed recip.templ
var recip string

// Short is the default of $log_short_templ, and so of $log_templ.
func Short() string { return strings.TrimRight(common+short, "\n") }

// Verbose is the default of $log_verbose_templ.
func Verbose() string { return strings.TrimRight(common+verbose, "\n") }

// Recip is the default of $log_recip_templ.
func Recip() string { return strings.TrimRight(recip, "\n") }

// Entries are the log lines of one message: those of $log_templ, then those of $log_recip_templ for each recipient.
// A nil template gives none. The lines are not sanitized; the Logger does that. An error is that of an expansion which
// went over its limits; the lines that were made are returned with it.
func Entries(main, perRecipient *macro.Template, m *facts.Message) ([]string, error) {
	table := m.Macros(false)
	var out []string
	own := &overlay{}
	own.tests, _ = table.Macro("TESTSSCORES")
	e := macro.NewExpander(macro.Chain{own, table}, macro.Limits{})
	var failed error
	expand := func(t *macro.Template) {
		text, err := e.Expand(t)
		if err != nil && failed == nil {
			failed = err
		}
		out = append(out, SplitLines(text)...)
	}
	if main != nil {
		expand(main)
	}
	if perRecipient != nil && perRecipient.String() != "" {
		for i := range m.Recips {
			own.table = m.RecipientMacros(i)
			expand(perRecipient)
		}
	}
	return out, failed
}

// overlay is the table of the recipient in turn, and T of the message in log lines.
type overlay struct {
	table macro.Map
	tests macro.Value
}

func (o *overlay) Macro(name string) (macro.Value, bool) {
	v, ok := o.table.Macro(name)
	if !ok && name == "T" {
		return o.tests, true
	}
	return v, ok
}

var lineEnd = regexp.MustCompile(`[ \t]*\n`)

// SplitLines cuts an expansion into its lines that are not empty.
func SplitLines(s string) []string {
	var out []string
	for _, l := range lineEnd.Split(s, -1) {
		if l != "" {
			out = append(out, l)
		}
	}
	return out
}
