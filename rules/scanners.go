package rules

import (
	"fmt"
	"strings"

	"mavis/perlconf/diag"
	"mavis/perlconf/eval"
	"mavis/perlconf/regex"
	"mavis/perlconf/source"
)

// AVScanners are the entries of @av_scanners of this policy, in order. The slice must not be changed.
func (p *Policy) AVScanners() []Scanner { return p.scanners("av_scanners") }

// AVScannersBackup are the entries of @av_scanners_backup.
func (p *Policy) AVScannersBackup() []Scanner { return p.scanners("av_scanners_backup") }

func (p *Policy) scanners(name string) []Scanner {
	return kept(p, "scanners "+name, func() []Scanner {
		b := &binder{bag: &diag.Bag{}, cfg: p.cfg}
		return b.scanners(p.c(name), p.Origin(name))
	})
}

// SpamScanner is one entry of @spam_scanners.
type SpamScanner struct {
	Name     string
	Module   string   // such as "Amavis::SpamControl::SpamAssassin"
	Programs []string // alternatives; only of ExtProg
	Args     []string
	Options  Map // mail_body_size_limit, score_factor and others
	Origin   source.Span
}

// SpamScanners are the entries of @spam_scanners of this policy.
func (p *Policy) SpamScanners() []SpamScanner {
	return kept(p, "spam scanners", func() []SpamScanner {
		b := &binder{bag: &diag.Bag{}, cfg: p.cfg}
		return b.spamScanners(p.c("spam_scanners"), p.Origin("spam_scanners"))
	})
}

// Decoders are the entries of @decoders of this policy.
func (p *Policy) Decoders() []Decoder {
	return kept(p, "all decoders", func() []Decoder {
		b := &binder{bag: &diag.Bag{}, cfg: p.cfg}
		return b.decoders(p.c("decoders"), p.Origin("decoders"))
	})
}

func (b *binder) checkScanners(p *Policy, name string, v eval.Value, at source.Span) {
	if name == "spam_scanners" {
		p.made.Store("spam scanners", b.spamScanners(v, at))
		return
	}
	p.made.Store("scanners "+name, b.scanners(v, at))
}

// entries gives the lists that a list of entries holds. Empty entries are skipped as amavisd does.
func (b *binder) entries(v eval.Value, at source.Span, code, what string, each func(e *eval.Array, at source.Span)) {
	list, ok := v.(*eval.Array)
	if !ok {
		if v != nil {
			b.bag.Errorf(code, at, "a list of %s is wanted, and this is %s", what, describe(v))
		}
		return
	}
	for _, s := range list.Elems {
		where := elementSpan(list, s)
		switch e := s.Get().(type) {
		case nil:
		case *eval.Array:
			each(e, where)
		default:
			b.bag.Add(diag.Diagnostic{Code: code, Severity: diag.Warning, Span: where, Help: "each entry stands in [ ]",
				Message: fmt.Sprintf("this element of a list of %s is %s; it is ignored", what, describe(e))})
		}
	}
}

const scannerParts = 8

func (b *binder) scanners(v eval.Value, at source.Span) []Scanner {
	var out []Scanner
	b.entries(v, at, CodeScanner, "virus scanners", func(e *eval.Array, at source.Span) {
		if e.Get(1) == nil {
			b.bag.Warnf(CodeScanner, at, "scanner %q has neither program nor code; it is ignored", eval.ToString(e.Get(0)))
			return
		}
		if e.Len() > scannerParts {
			b.bag.Warnf(CodeScanner, at, "scanner %q has %d parts; only %d count", eval.ToString(e.Get(0)), e.Len(), scannerParts)
		}
		if s, ok := b.scanner(e, at); ok {
			out = append(out, s)
		}
	})
	return out
}

func (b *binder) scanner(e *eval.Array, at source.Span) (Scanner, bool) {
	s := Scanner{Name: eval.ToString(e.Get(0)), Origin: at}
	switch cmd := e.Get(1).(type) {
	case *eval.Code:
		b.scannerCode(&s, cmd)
	case *eval.Array:
		s.Programs = texts(cmd)
	default:
		if eval.IsRef(cmd) {
			b.bag.Errorf(CodeScanner, at, "scanner %q: a program or code is wanted, and this is %s", s.Name, describe(cmd))
			return s, false
		}
		s.Programs = []string{eval.ToString(cmd)}
	}
	b.scannerArgs(&s, e.Get(2))
	ok := true
	var err error
	if s.Clean, err = outcome(e.Get(3)); err != nil {
		b.bag.Errorf(CodeScanner, at, "scanner %q: what tells a clean file: %v", s.Name, err)
		ok = false
	}
	s.Inconclusive = e.Get(3) == nil
	if s.Infected, err = outcome(e.Get(4)); err != nil {
		b.bag.Errorf(CodeScanner, at, "scanner %q: what tells an infected file: %v", s.Name, err)
		ok = false
	}
	switch n := e.Get(5).(type) {
	case *eval.Code:
		s.NameCode = n
	default:
		if eval.ToString(n) == "" {
			break
		}
		if s.NameRE, err = scannerPattern(n); err != nil {
			b.bag.Errorf(CodeScanner, at, "scanner %q: the pattern of virus names: %v", s.Name, err)
			ok = false
		}
	}
	for i, hook := range []**eval.Code{&s.Pre, &s.Post} {
		switch h := e.Get(6 + i).(type) {
		case nil:
		case *eval.Code:
			*hook = h
		default:
			b.bag.Errorf(CodeScanner, at, "scanner %q: code to run before or after is wanted, and this is %s", s.Name, describe(h))
			ok = false
		}
	}
	return s, ok
}

// scannerSubs are the code references that a scanner entry may name.
var scannerSubs = map[string]bool{"ask_daemon": true, "ask_clamav": true, "ask_av_smtp": true}

func (b *binder) scannerCode(s *Scanner, code *eval.Code) {
	if code.Name == "" || code.Native == nil && code.Package != "Amavis::AV" && !code.Span.IsZero() {
		s.CallCode = code
		return
	}
	s.Call = code.Name
	if !scannerSubs[s.Call] {
		b.bag.Add(diag.Diagnostic{Code: CodeScannerSub, Severity: diag.Warning, Span: s.Origin,
			Message: fmt.Sprintf("scanner %q calls %s, which does not exist here; it counts as a scanner that always fails", s.Name, s.Call),
			Help:    `use \&ask_daemon with the scanner's own protocol`})
	}
}

func (b *binder) scannerArgs(s *Scanner, v eval.Value) {
	list, isList := v.(*eval.Array)
	if !isList {
		s.Args = eval.ToString(v)
		if s.Call != "" || s.CallCode != nil {
			if v != nil {
				s.Query = []string{s.Args}
			}
		}
		return
	}
	if len(s.Programs) > 0 {
		s.ArgList = texts(list)
		s.Args = eval.ToString(list.Get(0)) // amavisd takes the first element as the command's arguments
		return
	}
	s.Query = texts(list.Get(0))
	s.Sockets = texts(list.Get(1))
	for i := 2; i < list.Len(); i++ {
		s.Extra = append(s.Extra, list.Get(i))
	}
}

// outcome reads what tells a result: exit statuses, or a pattern. Text is matched with /m, as amavisd does.
func outcome(v eval.Value) (Outcome, error) {
	switch x := v.(type) {
	case nil:
		return Outcome{}, nil
	case *eval.Array:
		o := Outcome{Status: []int{}}
		for _, e := range x.Values() {
			if eval.IsRef(e) || !eval.LooksLikeNumber(e) {
				return o, fmt.Errorf("%q is no exit status", eval.ToString(e))
			}
			o.Status = append(o.Status, int(eval.ToInt(e)))
		}
		return o, nil
	}
	re, err := scannerPattern(v)
	return Outcome{Pattern: re}, err
}

func scannerPattern(v eval.Value) (*regex.Regexp, error) {
	if re, ok := v.(*eval.Regexp); ok {
		if re.RE != nil {
			return re.RE, nil
		}
		return regex.Compile(re.Pattern, re.Flags)
	}
	if eval.IsRef(v) {
		return nil, fmt.Errorf("a list, pattern or text is wanted, and this is %s", describe(v))
	}
	return regex.Compile(eval.ToString(v), "m")
}

func (b *binder) spamScanners(v eval.Value, at source.Span) []SpamScanner {
	var out []SpamScanner
	b.entries(v, at, CodeSpamScanner, "spam scanners", func(e *eval.Array, at source.Span) {
		s := SpamScanner{Name: eval.ToString(e.Get(0)), Module: eval.ToString(e.Get(1)), Origin: at}
		rest := e.Values()[min(2, e.Len()):]
		if strings.HasSuffix(s.Module, "::ExtProg") && len(rest) > 0 {
			s.Programs, rest = texts(deref(rest[0])), rest[1:]
			if len(rest) > 0 {
				s.Args, rest = texts(rest[0]), rest[1:]
			}
		}
		if len(rest)%2 != 0 {
			b.bag.Errorf(CodeSpamScanner, at, "spam scanner %q: options are pairs of a name and a value", s.Name)
			return
		}
		h := eval.NewHash()
		for i := 0; i+1 < len(rest); i += 2 {
			h.Put(eval.ToString(rest[i]), rest[i+1])
		}
		s.Options = Map{h}
		out = append(out, s)
	})
	return out
}

// deref follows one reference to a scalar.
func deref(v eval.Value) eval.Value {
	if s, ok := v.(*eval.Scalar); ok && s.Class == "" {
		return s.Get()
	}
	return v
}

func (b *binder) decoders(v eval.Value, at source.Span) []Decoder {
	var out []Decoder
	b.entries(v, at, CodeDecoder, "decoders", func(e *eval.Array, at source.Span) {
		d := Decoder{Types: texts(e.Get(0)), Origin: at}
		if len(d.Types) == 0 {
			return // amavisd skips an entry without types
		}
		code, ok := e.Get(1).(*eval.Code)
		if !ok {
			b.bag.Errorf(CodeDecoder, at, "decoder for %s: a reference to a sub is wanted, and this is %s",
				strings.Join(d.Types, ","), describe(e.Get(1)))
			return
		}
		if d.Do = code.Name; code.Name == "" || code.Native == nil && !code.Span.IsZero() {
			d.Do, d.Code = "", code
			b.bag.Add(diag.Diagnostic{Code: CodeDecoderSub, Severity: diag.Error, Span: at,
				Message: fmt.Sprintf("decoder for %s: a sub of the configuration's own cannot decode here; it would be handed amavisd's own objects", strings.Join(d.Types, ",")),
				Help:    `name a stock decoder with the program, such as ['x', \&do_uncompress, 'program'], or take the entry out: such parts are then passed to scanners as they are`})
		}
		for i := 2; i < e.Len(); i++ {
			prog := deref(e.Get(i))
			if _, list := prog.(*eval.Array); list || !eval.IsRef(prog) {
				d.Programs = append(d.Programs, programs(prog))
				continue
			}
			b.bag.Errorf(CodeDecoder, at, "decoder for %s: a program is wanted, and this is %s", strings.Join(d.Types, ","), describe(prog))
			return
		}
		out = append(out, d)
	})
	return out
}

// programs are alternatives; undef and "" are none.
func programs(v eval.Value) []string {
	out := []string{}
	for _, t := range texts(v) {
		if t != "" {
			out = append(out, t)
		}
	}
	return out
}
