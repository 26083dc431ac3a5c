// Package lint holds the rules by which a configuration is checked beyond what loading it tells, and a page about every
// code that any diagnostic of this program can have.
//
// A rule is one file with a function that gives the Rule: its check, its fix and its page. The tables in catalogue.go name
// them all. Loading, binding, files and output belong to the caller.
package lint

import (
	"fmt"

	"mavis/perlconf/clamconf"
	"mavis/perlconf/diag"
	"mavis/perlconf/eval"
	"mavis/perlconf/source"
	"mavis/perlconf/syntax"
	"mavis/rules"
	"mavis/rules/load"
)

// Rule is one code: what it means, and how it is found.
type Rule struct {
	Code     string        // stable: a family letter and three digits; never given a second meaning
	Name     string        // the same in words, such as "lost-backslash"
	Summary  string        // one line: what is wrong
	Severity diag.Severity // as reported when Check does not say otherwise
	Page     Page
	Check    func(*Pass) // nil: loading or another package reports this code
}

// Page is what explain-code shows. The examples are run as tests: Wrong gives the code, Right does not, and where the
// finding has a fix it turns Wrong into Right.
type Page struct {
	What string // what was found
	Why  string // why it hurts
	// Wrong and Right are texts of a configuration; or several files, each after a line "-- NAME --": amavisd.conf (or any
	// name ending in .conf), clamd.conf, master.cf, main.cf.
	Wrong, Right string
	Fix          string // what to do; and when there is an automatic fix, whether it is safe
	// NoExample says why Wrong is empty: something no text alone can show.
	NoExample string
}

// Clamd is a clamd.conf that was given beside the configuration.
type Clamd struct {
	File   *source.File
	Config *clamconf.Config
}

// Input is what rules look at. Config and Loaded are set; the rest may be empty.
type Input struct {
	Config   *rules.Config
	Loaded   *load.Result
	Clamd    []Clamd
	MasterCF *source.File // Postfix's master.cf, nil when not given
	MainCF   *source.File // Postfix's main.cf, nil when not given
	Machine  eval.Host    // this machine, nil unless checks of it were asked for
}

// Pass is one rule looking at one configuration.
type Pass struct {
	Input
	// Trees are the parsed files, in the order they were loaded.
	Trees []*syntax.File
	// Incomplete says that something was left out of the configuration because it is wrong. What is not there may have
	// been meant to be: a rule about something missing keeps silent then.
	Incomplete bool

	rule  *Rule
	found []*diag.Diagnostic
	gone  []gone
}

type gone struct {
	span  source.Span
	codes []string
}

// Report adds a finding with the code and severity of the rule. Help, related places and fixes may be added to what it
// gives back.
func (p *Pass) Report(at source.Span, format string, args ...any) *diag.Diagnostic {
	d := &diag.Diagnostic{Code: p.rule.Code, Severity: p.rule.Severity, Span: at, Message: fmt.Sprintf(format, args...)}
	p.found = append(p.found, d)
	return d
}

// Instead takes the diagnostics with these codes that start within a span out: the rule tells the same better.
func (p *Pass) Instead(at source.Span, codes ...string) { p.gone = append(p.gone, gone{at, codes}) }

// Walk visits every node of every file in order of the text; f says whether to go below a node.
func (p *Pass) Walk(f func(syntax.Node) bool) {
	for _, t := range p.Trees {
		syntax.Walk(t.Body, f)
	}
}

// Run lets all rules look and adds what they find to the bag, in which loading has put its own.
func Run(in Input, bag *diag.Bag) {
	pass := Pass{Input: in}
	if in.Loaded != nil {
		pass.Trees, pass.Incomplete = in.Loaded.Interp.Trees(), in.Loaded.Broken
	}
	for _, r := range Rules() {
		if r.Check == nil {
			continue
		}
		p := pass
		p.rule = &r
		p.run(bag)
	}
}

// run adds what one rule finds. A rule that fails is itself a finding: the others still count.
func (p *Pass) run(bag *diag.Bag) {
	defer func() {
		if r := recover(); r != nil {
			bag.Add(diag.Diagnostic{Code: CodeRuleFailed, Severity: diag.Warning,
				Message: fmt.Sprintf("the check %s failed and was left out: %v", p.rule.Code, r)})
		}
	}()
	p.rule.Check(p)
	if len(p.gone) > 0 {
		kept := bag.All[:0]
		for _, d := range bag.All {
			if !p.replaced(d) {
				kept = append(kept, d)
			}
		}
		bag.All = kept
	}
	for _, d := range p.found {
		bag.Add(*d)
	}
}

func (p *Pass) replaced(d diag.Diagnostic) bool {
	for _, g := range p.gone {
		if d.Span.File != g.span.File || d.Span.Start < g.span.Start || d.Span.Start >= max(g.span.End, g.span.Start+1) {
			continue
		}
		for _, c := range g.codes {
			if c == d.Code {
				return true
			}
		}
	}
	return false
}

// CodeRuleFailed marks a check of this package that failed.
const CodeRuleFailed = "P199"
