// Package load finds a configuration's files, gives the evaluator amavisd's own variables and words, runs the files as
// amavisd does, and supplies the defaults that come after them. What comes out are live variables with their origins.
package load

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"mavis/perlconf/diag"
	"mavis/perlconf/eval"
	"mavis/perlconf/source"
	"mavis/rules/document"
)

// Package is where configuration files run, and where all of amavisd's variables live.
const Package = "Amavis::Conf"

// Codes of this package's diagnostics.
const (
	CodeRefused = "L100" // a file that may not be used: missing, a folder, wrong owner
	CodeResult  = "L101" // a file whose last value is undef while $! is set
	CodeDepth   = "L102" // files that include each other too deeply
	CodeRetired = "L103" // a variable was set that no longer does anything
	CodeUnused  = "L104" // a variable was set that this program does not use
	CodeFile    = "L105" // a table, text or key file that cannot be read
	CodeDKIM    = "L106" // a call of dkim_key that is refused
	CodeStub    = "L107" // a missing file was replaced, because that was wished
	CodeBank    = "L108" // a member that no policy bank has
	CodeAfter   = "L109" // the defaults after the files could not be supplied
)

// Stage is a point on the way of loading.
type Stage int

// The stages, in order.
const (
	Fresh    Stage = iota // variables hold their defaults; no file has run
	FilesRun              // all files have run
	Complete              // the defaults after the files were supplied
)

// Options say how to load. The zero value loads for looking only: no command is run, nobody's rights are checked.
type Options struct {
	// Host is the machine; nil means LintHost{}.
	Host eval.Host
	// Daemon, when set, refuses files that the daemon's user could change. See Identity.
	Daemon *Identity
	// TrustWritable lifts the checks for Daemon, as -X no_conf_file_writable_check does.
	TrustWritable bool
	// Builtin gives the text of a built-in template by its variable's bare name, such as "log_short_templ". Nil gives
	// the placeholder "{builtin:NAME}".
	Builtin func(name string) string
	// StubMissing lets missing files of other machines pass: tables hold one placeholder, keys are objects without
	// content, includes are skipped. What was replaced stands in Result.Stubbed.
	StubMissing bool
	// Instance is the value of $instance_name (option -i), Program that of $myprogram_name.
	Instance, Program string
	// NoInet4 and NoInet6 say that sockets of that kind cannot be made here; defaults depend on it.
	NoInet4, NoInet6 bool
	// At is called at each stage and may read and set variables; -H and its like set paths at Fresh and Complete.
	At func(Stage, *Vars)
	// Bag collects diagnostics; nil means a new one.
	Bag *diag.Bag
	// MaxSteps bounds the run; 0 means the evaluator's own bound.
	MaxSteps int
	// KeepGoing is for looking only: what is wrong is reported and left out, and the rest is loaded. Files gives no error
	// then; see Result.Broken.
	KeepGoing bool
}

// Table is a call of a word that reads a table: read_hash, read_array or read_cidr.
type Table struct {
	Word, File string
	Into       any // the *eval.Hash or *eval.Array
	Len        int // how much it held afterwards
	Span       source.Span
}

// Result is a loaded configuration.
type Result struct {
	Interp  *eval.Interp
	Vars    *Vars
	Files   []string // names of the files that were accepted, in the order they were begun, as they were given
	Diags   *diag.Bag
	Stubbed []string // what StubMissing replaced: "read_hash(FILE)"
	Broken  bool     // with KeepGoing: something was left out, so that what is not there may have been meant to be
}

// maxFiles is how deep files may include each other before amavisd gives up.
const maxFiles = 100

type loader struct {
	opt     Options
	host    eval.Host
	in      *eval.Interp
	vars    *Vars
	depth   int
	files   []string
	stubbed []string
	retired []*retired
	broken  bool
}

// Files runs the files in order as amavisd's start does, and supplies the defaults after them. When a file is refused,
// the error says why, the Result holds what there is, and its Diags hold at least one diag.Error.
func Files(opt Options, files ...string) (*Result, error) {
	l := newLoader(opt)
	res := &Result{Interp: l.in, Vars: l.vars, Diags: l.opt.Bag}
	err := l.run(files)
	l.reportRetired()
	res.Files, res.Stubbed, res.Broken = l.files, l.stubbed, l.broken || l.in.Broken()
	if err != nil {
		var e *eval.Error
		if errors.As(err, &e) && !l.opt.Bag.HasErrors() {
			l.opt.Bag.Add(e.Diag)
		}
		if !l.opt.Bag.HasErrors() {
			l.opt.Bag.Errorf(CodeAfter, source.Span{}, "%v", err)
		}
	}
	return res, err
}

func newLoader(opt Options) *loader {
	if opt.Host == nil {
		opt.Host = LintHost{}
	}
	if opt.Bag == nil {
		opt.Bag = &diag.Bag{}
	}
	if opt.Builtin == nil {
		opt.Builtin = func(name string) string { return "{builtin:" + name + "}" }
	}
	l := &loader{opt: opt, host: opt.Host}
	l.in = eval.New(eval.Options{Host: opt.Host, Package: Package, Script: opt.Program, Bag: opt.Bag,
		MaxSteps: opt.MaxSteps, MaxDepth: 4 * maxFiles, Hooked: hooked, KeepGoing: opt.KeepGoing})
	l.vars = newVars(l.in)
	l.install()
	l.defineWords()
	return l
}

func (l *loader) at(s Stage) {
	if l.opt.At != nil {
		l.opt.At(s, l.vars)
	}
}

func (l *loader) run(files []string) error {
	l.at(Fresh)
	for _, name := range files {
		if err := l.passOver(l.readConfig(name, false, source.Span{})); err != nil {
			return err
		}
	}
	l.at(FilesRun)
	if err := l.passOver(l.afterDefaults()); err != nil {
		return err
	}
	l.at(Complete)
	return nil
}

// passOver reports an error and forgets it, where that is wished.
func (l *loader) passOver(err error) error {
	if err == nil || !l.opt.KeepGoing {
		return err
	}
	l.broken = true
	d := diag.Diagnostic{Code: CodeAfter, Severity: diag.Error, Message: err.Error()}
	var e *eval.Error
	if errors.As(err, &e) {
		d = e.Diag
	}
	for _, known := range l.opt.Bag.All {
		if known.Code == d.Code && known.Span == d.Span && known.Message == d.Message {
			return nil
		}
	}
	l.opt.Bag.Add(d)
	return nil
}

// readConfig runs one file. It is refused when its state is wrong, when it dies, or when its last value is undef and
// some call to the system failed while it ran.
func (l *loader) readConfig(name string, optional bool, from source.Span) error {
	info, err := l.host.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		if optional {
			return nil
		}
		if l.opt.StubMissing && !from.IsZero() {
			l.stub("include_config_files", name, from)
			return nil
		}
	}
	if msg, help := l.mayUse(name, info, err); msg != "" {
		return eval.Fail(CodeRefused, from, help, "configuration file %s %s", name, msg)
	}
	l.depth++
	defer func() { l.depth-- }()
	l.files = append(l.files, name)
	if l.depth >= maxFiles {
		return eval.Fail(CodeDepth, from, "", "configuration files include each other more than %d deep", maxFiles)
	}
	if err := l.in.Scalar("main", "!").Set(int64(0)); err != nil {
		return err
	}
	src, err := l.in.ReadSource(name)
	if err != nil {
		return eval.Fail(CodeRefused, from, "", "configuration file %s cannot be read: %v", name, cause(err))
	}
	src.IncludedAt = from
	if document.Is(name, src.Text) {
		return l.readDocument(src)
	}
	value, err := l.in.RunSource(src)
	if err != nil {
		return err
	}
	if value == nil && !l.in.Broken() {
		if errno := l.in.Errno(); errno != 0 {
			end := source.Span{File: src, Start: len(src.Text), End: len(src.Text)}
			return eval.Fail(CodeResult, end, "end the file with 1;",
				"the file's last value is undef, and something in it failed (%v), so amavisd refuses it", syscall.Errno(errno))
		}
	}
	return nil
}

// cause is the reason within a file error, without the file's name.
func cause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

func (l *loader) stub(word, file string, at source.Span) {
	l.stubbed = append(l.stubbed, fmt.Sprintf("%s(%s)", word, file))
	l.opt.Bag.Add(diag.Diagnostic{Code: CodeStub, Severity: diag.Info, Span: at,
		Message: fmt.Sprintf("%s: file %s is not there, a placeholder stands for it", word, file)})
}
