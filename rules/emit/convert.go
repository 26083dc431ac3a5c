package emit

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"sort"
	"strings"

	"mavis/perlconf/diag"
	"mavis/perlconf/eval"
	"mavis/rules/document"
	"mavis/rules/load"
	"mavis/rules/load/asperl"
	"mavis/rules/vars"
)

// Format is a form in which a configuration is written.
type Format string

// The formats.
const (
	YAML Format = "yaml"
	JSON Format = "json"
	Perl Format = "perl"
)

// Options say how to convert.
type Options struct {
	Load  load.Options // how both the files and what is made of them are loaded; At is not used
	Lossy bool         // leave out what cannot be carried
	All   bool         // also settings that have their default
	Head  string       // a comment for the top
}

// Result is what was written, and what there is to tell.
type Result struct {
	Text    []byte
	Lost    []Loss    // what cannot be carried; with Lossy it was left out
	Retired []string  // variables that were set and do nothing any more; they are left out
	Secrets bool      // the text holds passwords
	Diags   *diag.Bag // of loading the files
}

// Errors of Convert.
var (
	ErrLoad    = errors.New("the configuration cannot be loaded")
	ErrLost    = errors.New("not everything can be carried over")
	ErrDiffers = errors.New("what was written does not mean the same")
)

// snapshot is a configuration as the laws compare it.
type snapshot struct {
	*taker
	dump *asperl.Document
	res  *load.Result
}

// take loads files and makes a document of them.
func take(opt Options, files ...string) (*snapshot, error) {
	s := &snapshot{taker: &taker{all: opt.All}}
	o := opt.Load
	if o.Bag == nil {
		o.Bag = &diag.Bag{}
	}
	o.At = func(stage load.Stage, v *load.Vars) {
		switch stage {
		case load.Fresh:
			s.start(v.Interp(), v)
		case load.FilesRun:
			s.finish(v.Tables())
		}
	}
	dump, res := asperl.Files(o, files...)
	s.res = res
	if refused, ok := dump.(*asperl.Refusal); ok {
		return s, fmt.Errorf("%w: %s", ErrLoad, refused.Error)
	}
	for _, d := range res.Diags.All {
		if d.Code == eval.CodeCommand { // its output counted as empty
			s.lost = append(s.lost, Loss{Name: "the output of a command", Span: d.Span, Why: "the command is not run here"})
		}
	}
	s.dump = dump.(*asperl.Document)
	return s, nil
}

// Convert loads files and writes them in a format. Before it gives the text it has loaded that as well, and found that
// every variable has the same value. With ErrLoad the diagnostics say why, with ErrLost Result.Lost.
func Convert(opt Options, format Format, files ...string) (*Result, error) {
	was, err := take(opt, files...)
	out := &Result{Diags: was.res.Diags}
	if err != nil {
		return out, err
	}
	was.doc.Head = opt.Head
	err = was.convert(opt, format, out)
	return out, err
}

// convert writes in one format and checks that.
func (was *snapshot) convert(opt Options, format Format, out *Result) (err error) {
	out.Lost, out.Retired = was.lost, was.retired
	if len(was.lost) > 0 && !opt.Lossy {
		return ErrLost
	}
	out.Secrets = was.doc.Secrets()
	var b bytes.Buffer
	switch format {
	case YAML:
		err = was.doc.WriteYAML(&b)
	case JSON:
		err = was.doc.WriteJSON(&b)
	case Perl:
		err = WritePerl(&b, was.doc)
	default:
		err = fmt.Errorf("there is no format %q", format)
	}
	if err != nil {
		return err
	}
	out.Text = b.Bytes()
	if wrong := check(opt, was, format, out.Text); len(wrong) > 0 {
		return fmt.Errorf("%w: %s", ErrDiffers, strings.Join(wrong, ", "))
	}
	return nil
}

// check loads what was written and names the variables that differ.
func check(opt Options, was *snapshot, format Format, text []byte) []string {
	name := "(converted)." + string(format)
	opt.Load.Host = overlay{Host: hostOf(opt.Load), name: name, text: text}
	opt.Load.Bag = &diag.Bag{}
	now, err := take(opt, name)
	if err != nil {
		return []string{err.Error()}
	}
	lost := map[string]bool{}
	for _, l := range was.lost {
		lost[l.Name] = true
	}
	return append(documents(was.doc, now.doc, lost), dumps(was.dump, now.dump, lost)...)
}

// documents compares what both configurations would be written as: types, sharing and code included.
func documents(a, b *document.Document, lost map[string]bool) []string {
	var out []string
	for _, s := range []struct {
		what string
		a, b []document.Entry
	}{{"", a.Settings, b.Settings}, {"own ", a.Own, b.Own}, {"shared ", a.Shared, b.Shared}, {"environment ", a.Environment, b.Environment},
		{"module ", a.Uses, b.Uses}} {
		x, y := byName(s.a), byName(s.b)
		for _, n := range sorted(x) {
			if !lost[n] && !document.Equal(x[n], y[n]) {
				out = append(out, s.what+n)
			}
		}
		for _, n := range sorted(y) {
			if x[n] == nil {
				out = append(out, s.what+n)
			}
		}
	}
	for what, l := range map[string][2][]*document.Node{"subs": {a.Subs, b.Subs}, "dkim_key": {a.Keys, b.Keys}} {
		if !document.Equal(document.NewList(l[0]...), document.NewList(l[1]...)) && !lost[what] {
			out = append(out, what)
		}
	}
	return out
}

func byName(list []document.Entry) map[string]*document.Node {
	out := make(map[string]*document.Node, len(list))
	for _, e := range list {
		out[e.Name] = e.Value
	}
	return out
}

// dumps compares every variable as it stands after the defaults that follow the files.
func dumps(a, b *asperl.Document, lost map[string]bool) []string {
	var out []string
	compare := func(sigil string, x, y map[string]any) {
		names := map[string]bool{}
		for n := range x {
			names[n] = true
		}
		for n := range y {
			names[n] = true
		}
		for _, n := range sorted(names) {
			full := sigil + n
			v, _ := vars.Find(full)
			if v.Retired == "" && !lost[full] && !(strings.HasPrefix(full, "@dkim_signing_keys") && lost["dkim_key"]) && !reflect.DeepEqual(x[n], y[n]) {
				out = append(out, full+" after loading")
			}
		}
	}
	compare("$", a.Scalars, b.Scalars)
	compare("@", a.Arrays, b.Arrays)
	compare("%", a.Hashes, b.Hashes)
	compare("", a.Extra, b.Extra)
	if !reflect.DeepEqual(a.PolicyBank, b.PolicyBank) && !lost["%policy_bank"] {
		out = append(out, "%policy_bank after loading")
	}
	if a.EnvPath != b.EnvPath {
		out = append(out, "$ENV{PATH} after loading")
	}
	sort.Strings(out)
	return out
}
