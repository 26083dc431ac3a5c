package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"mavis/compat/daemon"
	"mavis/perlconf/diag"
	"mavis/perlconf/source"
	"mavis/rules/lint"
	"mavis/rules/load"
	"mavis/rules/load/asperl"
	"mavis/rules/settings"
)

// showCommand shows what files mean. With --as-perl the output compares with what Perl itself makes of them; a
// configuration that is refused gives a document with the member "error", and status 2.
type showCommand struct {
	configFiles
	Changed   bool     `short:"n" help:"Only settings that a file made differ from the defaults."`
	Bank      string   `placeholder:"NAME" help:"The policy as it stands with this policy bank laid over; banks parted by slashes are laid in turn."`
	Recipient string   `placeholder:"ADDRESS" help:"What every table of recipients says of this one, and by which entry."`
	Dump      bool     `help:"The files in the order they were begun, with line numbers."`
	JSON      bool     `name:"json" help:"Print one JSON document."`
	AsPerl    bool     `help:"Print every variable, in the form in which the original's can be printed."`
	Files     []string `arg:"" optional:"" name:"file" help:"Configuration files or folders, in order; without any, those of this host."`
}

// Run prints settings, one document, or files. The status is 0, or 2 for a configuration that cannot be read.
func (c *showCommand) Run(s streams) error {
	files, err := expand(c.Files)
	if err != nil {
		return usage(s, err)
	}
	switch {
	case c.AsPerl:
		return c.asPerl(s, files)
	case c.Recipient != "":
		return c.recipient(s)
	case c.Bank != "":
		return c.bank(s)
	}
	loaded, err := c.load(s, files)
	if err != nil {
		return err
	}
	mask := lint.NewMask(lint.Input{Loaded: loaded})
	if c.Dump {
		dump(s.out, loaded, mask)
		return nil
	}
	defaults, err := c.defaults()
	if err != nil {
		return usage(s, err)
	}
	var list []settings.Setting
	for _, x := range settings.Read(loaded.Vars, defaults) {
		if !c.Changed || x.Differs && !x.Origin.IsZero() {
			list = append(list, x)
		}
	}
	if c.JSON {
		return writeSettings(s.out, list, mask)
	}
	for _, x := range list {
		printSetting(s.out, x, mask)
	}
	return nil
}

// load runs files without a model of them.
func (c configFiles) load(s streams, files []string) (*load.Result, error) {
	res, err := load.Files(c.options(), files...)
	if err != nil {
		return nil, c.refusal(s, files, res.Diags, errors.New("the configuration cannot be read"))
	}
	return res, nil
}

func (c configFiles) options() load.Options {
	return load.Options{Host: load.LintHost{}, TrustWritable: true, Builtin: daemon.Builtin, Program: "amavisd", StubMissing: c.StubMissing, Bag: &diag.Bag{}}
}

func (c configFiles) defaults() (*load.Vars, error) { return settings.Defaults(c.options()) }

func (c *showCommand) asPerl(s streams, files []string) error {
	doc, _ := asperl.Files(load.Options{Host: load.DaemonHost{}, StubMissing: c.StubMissing, Program: "PROGRAM"}, files...)
	if err := writeJSON(s.out, doc, " "); err != nil {
		return err
	}
	if _, refused := doc.(*asperl.Refusal); refused {
		return exitStatus(2)
	}
	return nil
}

func writeJSON(w io.Writer, doc any, indent string) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	return enc.Encode(doc)
}

// printSetting writes an assignment as it could stand in a file, and behind a # where it was made and what it overrode.
func printSetting(w io.Writer, x settings.Setting, mask *lint.Mask) {
	text := x.Value.Perl(x.Kind, x.Name[0])
	if x.Kind == "template" && strings.Contains(x.Value.Text, "\n") {
		text = fmt.Sprintf("'…' # %d lines of text", strings.Count(x.Value.Text, "\n"))
	}
	fmt.Fprintf(w, "%s = %s;\n", x.Name, text)
	switch {
	case x.Origin.IsZero() && x.Differs:
		fmt.Fprintln(w, "    # worked out from other settings")
	case x.Origin.IsZero():
		fmt.Fprintln(w, "    # default")
	default:
		fmt.Fprintf(w, "    # %s%s\n", where(x.Origin), overrode(x))
	}
	for _, at := range x.Overrode {
		fmt.Fprintf(w, "    #   overrides %s: %s\n", where(at), excerpt(mask, at))
	}
}

func overrode(x settings.Setting) string {
	switch {
	case !x.Differs:
		return ", as by default"
	case x.Kind == "banks", x.Kind == "template", x.Computed:
		return ""
	}
	return ", default " + x.Default.Short(x.Kind, x.Name[0], 60)
}

// where is a place as FILE:LINE.
func where(at source.Span) string {
	if at.IsZero() {
		return "(built in)"
	}
	return fmt.Sprintf("%s:%d", at.File.Name, at.Pos().Line)
}

// excerpt is what stands at a place, in one line; secrets do not show.
func excerpt(mask *lint.Mask, at source.Span) string {
	at.File = mask.File(at.File)
	return clip(strings.Join(strings.Fields(at.Text()), " "), 60)
}

type settingJSON struct {
	Name     string      `json:"name"`
	Value    any         `json:"value"`
	Default  any         `json:"default"`
	Differs  bool        `json:"differs"`
	Origin   *placeJSON  `json:"origin"`
	Overrode []placeJSON `json:"overrode,omitempty"`
}

type placeJSON struct {
	File string `json:"file"`
	Line int    `json:"line"`
	Text string `json:"text,omitempty"`
}

func placed(at source.Span, text string) *placeJSON {
	if at.IsZero() {
		return nil
	}
	return &placeJSON{at.File.Name, at.Pos().Line, text}
}

func writeSettings(w io.Writer, list []settings.Setting, mask *lint.Mask) error {
	out := []settingJSON{}
	for _, x := range list {
		j := settingJSON{Name: x.Name, Value: x.Value.JSON(), Default: x.Default.JSON(), Differs: x.Differs, Origin: placed(x.Origin, "")}
		for _, at := range x.Overrode {
			j.Overrode = append(j.Overrode, *placed(at, excerpt(mask, at)))
		}
		out = append(out, j)
	}
	return writeJSON(w, out, "  ")
}

// dump writes the files that were read, each line with its number. Passwords are masked.
func dump(w io.Writer, res *load.Result, mask *lint.Mask) {
	for i, f := range res.Interp.Files() {
		file := mask.File(f)
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "==> %s <==\n", file.Name)
		for n := 1; n <= file.Lines(); n++ {
			fmt.Fprintf(w, "%5d  %s\n", n, strings.TrimSuffix(file.Line(n), "\r"))
		}
	}
}
