package main

import (
	"encoding/json"
	"errors"

	"mavis/rules/load"
	"mavis/rules/load/asperl"
)

// showCommand shows what files mean. With --as-perl the output compares with what Perl itself makes of them; a
// configuration that is refused gives a document with the member "error", and status 2.
type showCommand struct {
	AsPerl      bool     `help:"Print every variable, in the form in which the original's can be printed."`
	StubMissing bool     `help:"Let placeholders stand for files named in the configuration that are not here."`
	Files       []string `arg:"" name:"file" help:"Configuration files, in order."`
}

// Run prints one JSON document.
func (c *showCommand) Run(s streams) error {
	if !c.AsPerl {
		return errors.New("show: give --as-perl")
	}
	doc, _ := asperl.Files(load.Options{Host: load.DaemonHost{}, StubMissing: c.StubMissing, Program: "PROGRAM"}, c.Files...)
	enc := json.NewEncoder(s.out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(doc); err != nil {
		return err
	}
	if _, refused := doc.(*asperl.Refusal); refused {
		return exitStatus(2)
	}
	return nil
}
