package main

import (
	"errors"
	"fmt"
	"strings"

	"mavis/rules/lint"
)

// explainCodeCommand shows the page of a code, or lists all codes.
type explainCodeCommand struct {
	Codes []string `arg:"" optional:"" name:"code" help:"Codes such as P101, their beginnings, or names; without any, all codes are listed."`
}

// Run writes the pages. Nothing but this program is needed.
func (c *explainCodeCommand) Run(s streams) error {
	if len(c.Codes) == 0 {
		return listCodes(s, lint.Rules())
	}
	for i, code := range c.Codes {
		r, ok := lint.Find(code)
		if !ok {
			var family []lint.Rule
			for _, r := range lint.Rules() {
				if strings.HasPrefix(r.Code, strings.ToUpper(code)) {
					family = append(family, r)
				}
			}
			if len(family) == 0 {
				return errors.New("there is no code " + code + "; without a code, mavis explain-code lists all")
			}
			if err := listCodes(s, family); err != nil {
				return err
			}
			continue
		}
		if i > 0 {
			fmt.Fprintln(s.out)
		}
		if _, err := fmt.Fprint(s.out, r.Text()); err != nil {
			return err
		}
	}
	return nil
}

func listCodes(s streams, all []lint.Rule) error {
	for _, r := range all {
		if _, err := fmt.Fprintf(s.out, "%s  %-7s  %s\n", r.Code, r.Severity, r.Summary); err != nil {
			return err
		}
	}
	return nil
}
