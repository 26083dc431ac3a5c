package eval

import (
	"context"
	"os"
	"sort"

	"mavis/perlconf/diag"
	"mavis/perlconf/source"
	"mavis/perlconf/syntax"
)

// Options set up an interpreter; the zero value runs in package main, without a machine.
type Options struct {
	Host     Host            // nil means NoHost
	Package  string          // package in which files run; "" means main
	Script   string          // $0
	Bag      *diag.Bag       // where diagnostics go; nil means a new one
	Context  context.Context // ends a run early; nil means never
	MaxSteps int             // statements, calls, list elements; 0 means 10 million
	MaxDepth int             // nested calls of subs, files and eval strings; 0 means 200
	MaxBytes int             // length of one string; 0 means 64 MiB
	// Hooked says of a package that subs defined in it would be called from outside of the files, so that they cannot be
	// run here. Nil means every package but Package.
	Hooked func(pkg string) bool
	// KeepGoing is for looking only: a statement at the top of a file that is wrong, or fails, is reported and left out, and
	// the rest runs. What comes out is then not what Perl would make of the file; see Interp.Broken.
	KeepGoing bool
}

// Interp holds the variables and subs of all packages and runs files. It is not safe for use by several goroutines.
type Interp struct {
	opt          Options
	host         Host
	bag          *diag.Bag
	globs        map[string]*Glob
	steps        int
	depth        int
	locals       []func()
	match        *matchState
	lastRE       *Regexp
	pkg          string // where natives run and files start
	evals        int
	imported     []string // modules that use named
	lastFile     string   // what a file test or stat looked at last, for _
	files        []*source.File
	trees        []*syntax.File
	broken       bool
	loaded       map[string]bool // by require
	global       globals
	stack        []*frame
	reError      map[string]error
	res          map[string]*Regexp
	rand         *randState
	fileDep      int
	unknown      map[*Glob]*[3]mention // names used without being declared
	unknownOrder []*Glob
	cur          source.Span // the statement being run
	quiet        int         // compiling an eval string
}

// New makes an interpreter with Perl's own variables.
func New(opt Options) *Interp {
	if opt.Host == nil {
		opt.Host = NoHost{}
	}
	if opt.Package == "" {
		opt.Package = "main"
	}
	if opt.Bag == nil {
		opt.Bag = &diag.Bag{}
	}
	if opt.Context == nil {
		opt.Context = context.Background()
	}
	if opt.MaxSteps == 0 {
		opt.MaxSteps = 10_000_000
	}
	if opt.MaxDepth == 0 {
		opt.MaxDepth = 200
	}
	if opt.MaxBytes == 0 {
		opt.MaxBytes = 64 << 20
	}
	in := &Interp{opt: opt, host: opt.Host, bag: opt.Bag, pkg: opt.Package, globs: map[string]*Glob{},
		loaded: map[string]bool{}, res: map[string]*Regexp{}, reError: map[string]error{}, unknown: map[*Glob]*[3]mention{}}
	in.setupSpecials()
	return in
}

// Bag is where diagnostics are collected.
func (in *Interp) Bag() *diag.Bag { return in.bag }

// Host is the machine the interpreter was made with.
func (in *Interp) Host() Host { return in.host }

// Package is the package in which files run.
func (in *Interp) Package() string { return in.pkg }

// Scalar gives the package variable $pkg::name, making it when needed. A name with :: in it keeps its own package;
// pkg "" means the package of Options. It does not declare the name for strict; see Declare.
func (in *Interp) Scalar(pkg, name string) *Scalar { return in.glob(pkg, name).scalar() }

// Array is Scalar for @pkg::name.
func (in *Interp) Array(pkg, name string) *Array { return in.glob(pkg, name).array() }

// Hash is Scalar for %pkg::name.
func (in *Interp) Hash(pkg, name string) *Hash { return in.glob(pkg, name).hash() }

// Declare makes names with their sigils, such as "$x" or "@y", usable under strict in a package, as if they were
// imported there.
func (in *Interp) Declare(pkg string, names ...string) {
	for _, n := range names {
		g := in.glob(pkg, n[1:])
		g.predeclared = true
		if i := sigilIndex(n[0]); i >= 0 {
			g.imported[i] = true
			switch i {
			case 0:
				g.scalar()
			case 1:
				g.array()
			case 2:
				g.hash()
			}
		}
	}
}

// Alias makes a name of a package, such as "$old", another name of the same container: a *Scalar, *Array, *Hash or
// *Code. It declares the name too.
func (in *Interp) Alias(pkg, name string, target Value) {
	in.Declare(pkg, name)
	g := in.glob(pkg, name[1:])
	switch t := target.(type) {
	case *Scalar:
		g.sv = t
	case *Array:
		g.av = t
	case *Hash:
		g.hv = t
	case *Code:
		g.cv = t
	}
}

// Define makes a native sub. Proto is its prototype as in Perl, nil for none; it rules how arguments are passed
// (\@ passes a reference) and, through Protos, how calls are parsed. An error that fn returns dies at the place of the
// call: with its text, or when it is a *Error as that error.
func (in *Interp) Define(pkg, name string, proto *string, fn func(*Call) ([]Value, error)) *Code {
	g := in.glob(pkg, name)
	g.cv = &Code{Name: g.Name, Package: g.Package, Proto: proto, Native: fn}
	g.predeclared = true
	return g.cv
}

// DefineConst makes a constant sub, as use constant does.
func (in *Interp) DefineConst(pkg, name string, vals ...Value) *Code {
	empty := ""
	vals = append([]Value(nil), vals...)
	c := in.Define(pkg, name, &empty, func(c *Call) ([]Value, error) {
		if c.Want != ListContext && len(vals) > 1 {
			return []Value{int64(len(vals))}, nil
		}
		return vals, nil
	})
	c.Const, c.value = true, vals
	return c
}

// Sub finds a sub, nil when there is none.
func (in *Interp) Sub(pkg, name string) *Code {
	if g := in.findGlob(pkg, name); g != nil {
		return g.cv
	}
	return nil
}

// Protos gives the prototypes of all subs of the package in which files run, as the parser wants them.
func (in *Interp) Protos() map[string]*string {
	out := map[string]*string{}
	for _, g := range in.globs {
		if g.cv != nil {
			if g.Package == in.pkg {
				out[g.Name] = g.cv.Proto
			}
			out[g.Package+"::"+g.Name] = g.cv.Proto
		}
	}
	return out
}

// Names gives the variables of a package that hold something, with their sigils, sorted. Perl's own are left out.
func (in *Interp) Names(pkg string) []string {
	if pkg == "" {
		pkg = in.pkg
	}
	var out []string
	for _, g := range in.globs {
		if g.Package != pkg || isSpecialName(g.Name) {
			continue
		}
		if g.sv != nil && g.sv.Get() != nil {
			out = append(out, "$"+g.Name)
		}
		if g.av != nil && len(g.av.Elems) > 0 {
			out = append(out, "@"+g.Name)
		}
		if g.hv != nil && g.hv.Len() > 0 {
			out = append(out, "%"+g.Name)
		}
	}
	sort.Strings(out)
	return out
}

// ReadSource reads a file through the Host.
func (in *Interp) ReadSource(name string) (*source.File, error) {
	text, err := in.host.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return source.New(name, text), nil
}

// RunFile reads, parses and runs a file as `do FILE` does in the package of Options, and gives the value of its last
// statement. An error that the host gave for reading comes back as it is; what is wrong in the file comes as *Error and
// stands in the Bag.
func (in *Interp) RunFile(name string) (Value, error) {
	f, err := in.ReadSource(name)
	if err != nil {
		return nil, err
	}
	return in.RunSource(f)
}

// RunSource is RunFile for text already read.
func (in *Interp) RunSource(f *source.File) (Value, error) {
	var own diag.Bag
	tree := syntax.Parse(f, syntax.Options{Protos: in.Protos(), Package: in.pkg}, &own)
	var first *Error
	for _, d := range own.All {
		in.bag.Add(d)
		if d.Severity == diag.Error && first == nil {
			first = &Error{Diag: d}
		}
	}
	return in.run(tree, first)
}

// Run runs a parsed file.
func (in *Interp) Run(tree *syntax.File) (Value, error) { return in.run(tree, nil) }

// Files are the files run so far, in order, without fragments.
func (in *Interp) Files() []*source.File { return in.files }

// Trees are the trees of what was run, in order, fragments of other files included, but not what could not be parsed at all.
func (in *Interp) Trees() []*syntax.File { return in.trees }

// Broken says that with KeepGoing something was left out.
func (in *Interp) Broken() bool { return in.broken }

// Errno gives the current $! as set by the last failed call of the Host, 0 when none.
func (in *Interp) Errno() int { return int(ToInt(in.global.errno)) }

func (in *Interp) scriptName() string {
	if in.opt.Script != "" {
		return in.opt.Script
	}
	return os.DevNull
}
