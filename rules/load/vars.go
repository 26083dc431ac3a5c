package load

import (
	"fmt"
	"sort"

	"mavis/perlconf/diag"
	"mavis/perlconf/eval"
	"mavis/perlconf/source"
	"mavis/rules/vars"
)

// Vars are the live variables of package Amavis::Conf. It serves package rules as its Source.
type Vars struct {
	in      *eval.Interp
	claimed map[any]bool
	tables  []Table
	// documents are the YAML files among those that were run.
	documents []*source.File
}

func newVars(in *eval.Interp) *Vars { return &Vars{in: in, claimed: map[any]bool{}} }

// Scalar gives $NAME, nil when there is no such variable.
func (v *Vars) Scalar(name string) *eval.Scalar {
	if s, ok := v.lookup("$" + name).(*eval.Scalar); ok {
		return s
	}
	return nil
}

// Array gives @NAME, nil when there is no such variable.
func (v *Vars) Array(name string) *eval.Array {
	if a, ok := v.lookup("@" + name).(*eval.Array); ok {
		return a
	}
	return nil
}

// Hash gives %NAME, nil when there is no such variable.
func (v *Vars) Hash(name string) *eval.Hash {
	if h, ok := v.lookup("%" + name).(*eval.Hash); ok {
		return h
	}
	return nil
}

// Container gives the *eval.Scalar, *eval.Array or *eval.Hash of a variable named with its sigil, nil when there is none.
func (v *Vars) Container(name string) any { return v.lookup(name) }

func (v *Vars) lookup(name string) any {
	if _, ok := vars.Find(name); !ok {
		names := v.in.Names(Package)
		i := sort.SearchStrings(names, name)
		if i == len(names) || names[i] != name {
			return nil
		}
	}
	return container(v.in, name)
}

func container(in *eval.Interp, name string) any {
	switch name[0] {
	case '$':
		return in.Scalar(Package, name[1:])
	case '@':
		return in.Array(Package, name[1:])
	}
	return in.Hash(Package, name[1:])
}

// Claim says that somebody reads this container: an *eval.Scalar, *eval.Array or *eval.Hash.
func (v *Vars) Claim(container any) { v.claimed[container] = true }

// ClaimName is Claim for variables named with their sigils.
func (v *Vars) ClaimName(names ...string) {
	for _, n := range names {
		v.Claim(container(v.in, n))
	}
}

// Call runs a sub of the configuration, or a native one, under the evaluator's limits.
func (v *Vars) Call(code *eval.Code, args []eval.Value, want eval.Context) ([]eval.Value, error) {
	return v.in.CallSub(code, want, args...)
}

// Origin says where a variable, named with its sigil, got its value, and what that overwrote; nil when no file set it.
// Elements have origins of their own.
func (v *Vars) Origin(name string) *eval.Origin { return origin(v.lookup(name)) }

func origin(container any) *eval.Origin {
	switch c := container.(type) {
	case *eval.Scalar:
		return c.Origin
	case *eval.Array:
		return c.Origin
	case *eval.Hash:
		return c.Origin
	}
	return nil
}

// setAt is a place where a variable or one of its elements was set; the zero Span when no file did.
func setAt(container any) source.Span {
	if o := origin(container); o != nil {
		return o.Span
	}
	switch c := container.(type) {
	case *eval.Array:
		for _, e := range c.Elems {
			if e != nil && e.Origin != nil {
				return e.Origin.Span
			}
		}
	case *eval.Hash:
		for _, k := range c.Keys() {
			if e := c.Lookup(k); e != nil && e.Origin != nil {
				return e.Origin.Span
			}
		}
	}
	return source.Span{}
}

// Leftovers reports every variable of amavisd that a file set and that nobody claimed. Names amavisd does not have are
// not among them: they are the evaluator's to report. Retired ones have their own warning.
func (v *Vars) Leftovers(bag *diag.Bag) {
	for _, d := range vars.All() {
		if d.AliasOf != "" || d.Retired != "" {
			continue
		}
		c := container(v.in, d.Name)
		if v.claimed[c] {
			continue
		}
		if at := setAt(c); !at.IsZero() {
			severity := diag.Info
			switch d.Kind { // a table that nobody looks into was meant to decide something
			case vars.Maps, vars.ACL, vars.RETable, vars.Networks, vars.Hash, vars.ByCCat:
				severity = diag.Warning
			}
			bag.Add(diag.Diagnostic{Code: CodeUnused, Severity: severity, Span: at,
				Message: fmt.Sprintf("%s is set here, but this program makes no use of it", d.Name), Help: "in amavisd: " + d.Help})
		}
	}
}

// Tables gives what read_hash and its like have read so far, in order.
func (v *Vars) Tables() []Table { return v.tables }

// Documents gives the YAML and JSON files that were read, in order.
func (v *Vars) Documents() []*source.File { return v.documents }

// Interp is the evaluator that holds the variables.
func (v *Vars) Interp() *eval.Interp { return v.in }

// Names gives the variables of the package that hold something, with their sigils, sorted.
func (v *Vars) Names() []string { return v.in.Names(Package) }
