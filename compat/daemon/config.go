package daemon

import (
	"errors"
	"slices"
	"strings"

	"mavis/compat/logline"
	"mavis/perlconf/diag"
	"mavis/perlconf/eval"
	"mavis/rules"
	"mavis/rules/load"
)

// Overrides are the options of the command line that stand above the files: values of variables without sigil.
type Overrides map[string]string

// Source says what to load.
type Source struct {
	Files     []string // none: those of the host
	Host      eval.Host
	Overrides Overrides
	Instance  string
	// Identity and TrustWritable are load.Options.Daemon and TrustWritable.
	Identity      *load.Identity
	TrustWritable bool
	// Tolerate lists codes of errors that do not matter to somebody who only looks.
	Tolerate []string
	// StubMissing is load.Options.StubMissing.
	StubMissing bool
	// Adjust may change variables once everything is loaded, before the model is made of them.
	Adjust func(v *load.Vars)
	// MaxFindings bounds the diagnostics that are kept; 0 is the bound of diag.Bag.
	MaxFindings int
}

// ErrConfig means that the configuration cannot be used; the diagnostics say why.
var ErrConfig = errors.New("the configuration cannot be used")

// Load reads a configuration into the typed model. The diagnostics are there in any case.
func Load(s Source) (*rules.Config, *diag.Bag, error) {
	bag := &diag.Bag{}
	if s.Host == nil {
		s.Host = load.DaemonHost{}
	}
	files := s.Files
	if len(files) == 0 {
		files = load.Find(s.Host)
	}
	if len(files) == 0 {
		return nil, bag, errNoFile
	}
	res, err := load.Files(s.options(bag), files...)
	if err != nil {
		bag.Sort()
		return nil, bag, ErrConfig
	}
	if s.Identity != nil && !s.TrustWritable {
		load.CheckFiles(s.Host, res.Files, *s.Identity, bag)
	}
	cfg := rules.Bind(res.Vars, bag)
	res.Vars.Leftovers(bag)
	honours(cfg, bag)
	bag.Sort()
	for _, d := range bag.All {
		if d.Severity == diag.Error && !slices.Contains(s.Tolerate, d.Code) {
			return nil, bag, ErrConfig
		}
	}
	return cfg, bag, nil
}

// Examined is a configuration that was read for looking at it.
type Examined struct {
	Config *rules.Config // what there is; not fit for handling mail when Diags has errors
	Loaded *load.Result
	Diags  *diag.Bag
}

// Examine reads a configuration as Load does, but goes on after errors, so that all are found in one run.
func Examine(s Source) (*Examined, error) {
	bag := &diag.Bag{Max: s.MaxFindings}
	if s.Host == nil {
		s.Host = load.LintHost{}
	}
	files := s.Files
	if len(files) == 0 {
		files = load.Find(s.Host)
	}
	if len(files) == 0 {
		return nil, errNoFile
	}
	opt := s.options(bag)
	opt.KeepGoing = true
	res, err := load.Files(opt, files...)
	x := &Examined{Loaded: res, Diags: bag}
	if err != nil {
		return x, err
	}
	// what follows from a part that was left out is no news
	follow := &diag.Bag{}
	x.Config = rules.Bind(res.Vars, follow)
	res.Vars.Leftovers(follow)
	honours(x.Config, follow)
	for _, d := range follow.All {
		if !res.Broken || !d.Span.IsZero() {
			bag.Add(d)
		}
	}
	bag.Sort()
	return x, nil
}

var errNoFile = errors.New("no configuration file was named, and none is at its usual places")

func (s Source) options(bag *diag.Bag) load.Options {
	return load.Options{Host: s.Host, Daemon: s.Identity, TrustWritable: s.TrustWritable, Builtin: Builtin, Instance: s.Instance,
		Program: "amavisd", StubMissing: s.StubMissing, Bag: bag, At: func(stage load.Stage, v *load.Vars) {
			if stage == load.Fresh || stage == load.Complete {
				s.Overrides.apply(v)
			}
			if stage == load.Complete && s.Adjust != nil {
				s.Adjust(v)
			}
		}}
}

func (o Overrides) apply(v *load.Vars) {
	for name, value := range o {
		if s := v.Scalar(name); s != nil {
			s.V = value
		}
	}
}

// Builtin gives the text of a built-in template.
func Builtin(name string) string {
	switch name {
	case "log_short_templ":
		return logline.Short()
	case "log_verbose_templ":
		return logline.Verbose()
	case "log_recip_templ":
		return logline.Recip()
	}
	return noticeText(name)
}

// speaksPDP says that a listener speaks AM.PDP by its policy bank.
func speaksPDP(cfg *rules.Config, l rules.Listener) bool {
	p := cfg.Base()
	banks := cfg.PortBanks(l.Host, l.Port)
	if l.Network == "unix" {
		banks = cfg.SocketBanks(l.Address)
	}
	for _, b := range banks {
		if q, err := p.With(b.Bank); err == nil {
			p = q
		}
	}
	return strings.HasPrefix(p.Str("protocol"), "AM.PDP")
}
