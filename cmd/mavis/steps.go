package main

import (
	"fmt"
	"io"
	"strings"

	"mavis/engine/mail"
)

// printSteps writes steps, one a line, under the name of their stage.
func printSteps(w io.Writer, steps []mail.Step) {
	last := mail.Stage("")
	for _, s := range steps {
		head := string(s.Stage)
		if s.Stage == last {
			head = ""
		}
		last = s.Stage
		fmt.Fprintf(w, "  %-11s %s\n", head, stepText(s))
	}
}

// stepText is a step in one line: for whom, what, and by which rule.
func stepText(s mail.Step) string {
	text := s.What
	if s.Rcpt != "" {
		text = "<" + s.Rcpt + "> " + text
	}
	if by := ruleText(s); by != "" {
		text += "  [" + by + "]"
	}
	return text
}

// ruleText names the rule of a step: setting, entry, place.
func ruleText(s mail.Step) string {
	var by []string
	if s.Setting != "" {
		by = append(by, s.Setting)
	}
	switch constant := strings.HasPrefix(s.Rule, "(constant:") || strings.HasPrefix(s.Rule, "(opaque:"); {
	case s.Rule != "" && !constant:
		by = append(by, "entry "+s.Rule)
		if s.Value != "" && s.Value != "1" {
			by = append(by, "= "+clip(s.Value, 60))
		}
	case s.Value != "":
		by = append(by, "= "+clip(s.Value, 60))
	}
	switch {
	case !s.Origin.IsZero():
		by = append(by, place(s.Origin))
	case s.Setting != "" && (s.Value != "" || s.Rule != ""):
		by = append(by, "built in")
	}
	return strings.Join(by, ", ")
}
