package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"mavis/perlconf/diag"
	"mavis/perlconf/source"
	"mavis/perlconf/syntax"
	"mavis/rules/document"
	"mavis/rules/load"
)

// fmtCommand lays files out: indentation, blanks, ends of lines. Neither meaning nor comments change.
type fmtCommand struct {
	Write bool     `short:"w" help:"Write the files in place; without it the result goes to standard output."`
	Check bool     `help:"Only name the files whose layout would change; status 1 when there are any."`
	Diff  bool     `help:"Show what would change; status 1 when anything would."`
	Files []string `arg:"" name:"file" help:"Configuration files."`
}

// Run gives status 2 when a file cannot be read as Perl; it is left alone, and the others are done.
func (c *fmtCommand) Run(s streams) error {
	known, err := load.Files(load.Options{})
	if err != nil {
		return err
	}
	opt := syntax.Options{Protos: known.Interp.Protos(), Package: load.Package}
	changed, failed := false, false
	for _, name := range c.Files {
		text, err := os.ReadFile(name)
		if err == nil && document.Is(name, text) {
			err = fmt.Errorf("%s is YAML; only Perl is laid out", name)
		}
		var out []byte
		if err == nil {
			out, err = syntax.Format(source.New(name, text), opt)
		}
		if errors.Is(err, syntax.ErrFormat) {
			bag := &diag.Bag{}
			syntax.Parse(source.New(name, text), opt, bag)
			tell(s, bag.All, diag.Error)
			err = fmt.Errorf("%s: %w", name, err)
		}
		if err != nil {
			fmt.Fprintln(s.err, "mavis: fmt:", err)
			failed = true
			continue
		}
		same := bytes.Equal(text, out)
		changed = changed || !same
		if err := c.result(s, name, text, out, same); err != nil {
			return err
		}
	}
	switch {
	case failed:
		return exitStatus(2)
	case changed && (c.Check || c.Diff):
		return exitStatus(1)
	}
	return nil
}

// result does with one file what was asked for.
func (c *fmtCommand) result(s streams, name string, text, out []byte, same bool) error {
	if c.Check && !same {
		fmt.Fprintln(s.out, name)
	}
	if c.Diff && !same {
		if _, err := s.out.Write(unified(name, text, out)); err != nil {
			return err
		}
	}
	switch {
	case c.Check || c.Diff:
		return nil
	case c.Write && same:
		return nil
	case c.Write:
		return replaceFile(name, out, text, 0o644)
	}
	_, err := s.out.Write(out)
	return err
}
