package mangle

import (
	"strings"

	"mavis/compat/macro"
	"mavis/rules"
)

// Findings are what the note of a wrapped message may tell.
type Findings struct {
	Viruses        []string
	Hold           string // why the message could not be taken apart to the end
	Undecipherable bool
	BadHeaders     []string
	SpamSummary    string
}

const (
	warningMax = 100  // octets of one warning; longer ones are cut
	badMax     = 1000 // octets of all bad headers together
)

// Explain gives the warnings of the note. why are the categories for which the recipient's tables ask for a change, in
// their order. A warning may have two lines; the last line end is left out.
func Explain(why []rules.CCat, f Findings) []string {
	var out []string
	summed := false
	for _, c := range why {
		switch c.Major {
		case rules.Virus:
			out = append(out, "WARNING: contains virus "+strings.Join(f.Viruses, ", "))
		case rules.Banned:
			out = append(out, "WARNING: holds parts of a kind that is not let in,\nopen them only if you are sure of them")
		case rules.Unchecked:
			if f.Hold != "" {
				out = append(out, "WARNING: NOT CHECKED FOR VIRUSES (mail bomb?):\n  "+f.Hold)
			} else if f.Undecipherable {
				out = append(out, "WARNING: contains undecipherable part")
			}
		case rules.BadHeader:
			out = append(out, badHeaders(f.BadHeaders)...)
		case rules.Oversized:
			out = append(out, "WARNING: oversized")
		case rules.Spam, rules.Spammy:
			if !summed {
				out = append(out, lines(f.SpamSummary)...)
				summed = true
			}
		}
	}
	for i, w := range out {
		if len(w) > warningMax {
			out[i] = w[:warningMax-3] + "..."
		}
	}
	return out
}

func badHeaders(bad []string) []string {
	s := strings.Join(bad, " ")
	if len(s) > badMax {
		s = s[:badMax] + "..."
	}
	return lines(macro.Wrap("WARNING: bad headers - "+s, macro.Wrapping{Width: 78, Indent: " ", HasIndent: true}))
}

// lines cuts a text into lines; empty ones at the end do not count.
func lines(s string) []string {
	s = strings.TrimRight(s, "\n")
	if s == "" {
		return nil
	}
	return strings.Split(s, "\n")
}
