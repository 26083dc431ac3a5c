package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"mavis/compat/daemon"
	"mavis/perlconf/diag"
	"mavis/rules"
	"mavis/rules/lint"
	"mavis/rules/load"
)

// configFiles are the flags of commands that look at a configuration.
type configFiles struct {
	StubMissing bool `help:"Let placeholders stand for files named in the configuration that are not here."`
}

// expand puts the files of folders in their place, in the order in which run-parts(8) lists them or else those named *.conf, and
// takes comma lists apart.
// Without names it gives the files of this host.
func expand(names []string) ([]string, error) {
	host := load.LintHost{}
	var out []string
	for _, arg := range names {
		list := strings.Split(arg, ",")
		if _, err := os.Stat(arg); err == nil {
			list = []string{arg}
		}
		for _, name := range list {
			st, err := os.Stat(name)
			if err != nil || !st.IsDir() {
				out = append(out, name)
				continue
			}
			parts := load.Parts(host, name)
			if len(parts) == 0 { // other systems name them so
				if parts, err = filepath.Glob(filepath.Join(name, "*.conf")); err != nil {
					return nil, err
				}
			}
			if len(parts) == 0 {
				return nil, errors.New(filepath.ToSlash(name) + " is a folder without configuration files")
			}
			out = append(out, parts...)
		}
	}
	if len(names) == 0 {
		if out = load.Find(host); len(out) == 0 {
			return nil, errors.New("no configuration file was named, and none is at its usual places")
		}
	}
	return out, nil
}

// tolerated are errors that do not keep somebody from looking: what this version cannot do, and that no socket is named.
var tolerated = []string{daemon.CodeNotYet, rules.CodeNoListener}

// model loads the typed model of files. A configuration that cannot be used ends the command with status 2, and what is wrong
// with it goes to standard error.
func (c configFiles) model(s streams, names []string) (*rules.Config, error) {
	files, err := expand(names)
	if err != nil {
		return nil, usage(s, err)
	}
	cfg, bag, err := daemon.Load(daemon.Source{Files: files, Host: load.LintHost{}, TrustWritable: true, Tolerate: tolerated, StubMissing: c.StubMissing})
	if err == nil {
		return cfg, nil
	}
	return nil, c.refusal(s, files, bag, err)
}

// refusal shows the errors of a configuration, with passwords masked.
func (c configFiles) refusal(s streams, files []string, bag *diag.Bag, err error) error {
	var errs []diag.Diagnostic
	for _, d := range bag.All {
		if d.Severity == diag.Error {
			errs = append(errs, d)
		}
	}
	if len(errs) == 0 {
		return usage(s, err)
	}
	var text bytes.Buffer
	if err := (diag.Text{}).Write(&text, errs); err != nil {
		return err
	}
	res, _ := load.Files(c.options(), files...) // the files that are refused, for what they hide
	if _, err := io.WriteString(s.err, lint.NewMask(lint.Input{Loaded: res}).Text(text.String())); err != nil {
		return err
	}
	return exitStatus(2)
}

// usage ends the command with status 2.
func usage(s streams, err error) error {
	_, _ = s.err.Write([]byte("mavis: " + err.Error() + "\n"))
	return exitStatus(2)
}
