// Package settings reads a loaded configuration as a person does: every variable with its value, where it was set, what
// that overrode, and the default; and what differs between two configurations.
package settings

import (
	"mavis/perlconf/eval"
	"mavis/perlconf/source"
	"mavis/rules"
	"mavis/rules/load"
	"mavis/rules/vars"
)

// Setting is one variable, or one member of a policy bank.
type Setting struct {
	Name string // with its sigil; $policy_bank{'NAME'} of a bank
	Kind vars.Kind
	Help string
	// Value is what holds, Default what would hold if no file set it. Differs says that they are not the same.
	Value, Default Value
	Differs        bool
	// Computed says that the default depends on the machine.
	Computed bool
	// Origin is where the value was set, Overrode the places it was set before, the last one first. The zero Span is a
	// default, which may depend on other settings.
	Origin   source.Span
	Overrode []source.Span
}

// skipped are the program's own state.
var skipped = map[string]bool{"%current_policy_bank": true, "$spamcontrol_obj": true, "$my_pid": true, "$profiling": true, "$can_truncate": true,
	"%policy_bank": true, "$policy_bank_name": true, "$policy_bank_path": true}

// Defaults loads nothing, and gives what then holds.
func Defaults(opt load.Options) (*load.Vars, error) {
	opt.Bag, opt.At = nil, nil
	res, err := load.Files(opt)
	return res.Vars, err
}

// Read lists all settings, in the order of the variables' table, policy banks last.
func Read(v, defaults *load.Vars) []Setting {
	now, was := newReader(v), newReader(defaults)
	var out []Setting
	for _, d := range vars.All() {
		if d.AliasOf != "" || skipped[d.Name] {
			continue
		}
		c := v.Container(d.Name)
		s := Setting{Name: d.Name, Kind: d.Kind, Help: d.Help, Value: now.variable(d, c), Default: was.variable(d, defaults.Container(d.Name))}
		s.Differs = !Equal(s.Value, s.Default)
		_, s.Computed = d.Default().(vars.DefComputed)
		s.Origin, s.Overrode = places(c)
		out = append(out, s)
	}
	banks := v.Hash("policy_bank")
	for _, name := range banks.Keys() {
		b, ok := banks.Get(name).(*eval.Hash)
		if name == "" || !ok {
			continue
		}
		s := Setting{Name: BankName(name), Kind: vars.Banks, Help: "Policy bank.", Value: now.value(b, 1), Default: Value{Kind: Undef}, Differs: true}
		s.Origin, s.Overrode = places(banks.Lookup(name))
		out = append(out, s)
	}
	return out
}

// BankName is how a policy bank is called in a list of settings.
func BankName(bank string) string { return "$policy_bank{'" + bank + "'}" }

func newReader(v *load.Vars) *reader {
	r := &reader{names: map[any]string{}}
	for _, d := range vars.All() {
		if d.AliasOf == "" {
			if c := v.Container(d.Name); c != nil {
				r.names[c] = d.Name
			}
		}
	}
	r.left = maxItems
	return r
}

// variable is the value of a variable itself.
func (r *reader) variable(d vars.Var, container any) Value {
	r.left = maxItems
	var out Value
	switch c := container.(type) {
	case *eval.Scalar:
		out = r.value(c.Get(), 0)
	case *eval.Array:
		out = Value{Kind: List, Items: r.list(c, 0)}
	case *eval.Hash:
		out = Value{Kind: Hash, Items: r.hash(c, 0)}
	default:
		return Value{Kind: Undef}
	}
	switch {
	case d.Kind == vars.DataSource:
		out = hideSources(out)
	case secretName.MatchString(d.Bare()) || out.Kind == Text && secretText(out.Text):
		out = hide(out)
	}
	return out
}

// places tells where a container was set: as a whole, or else where its first entry was.
func places(container any) (at source.Span, before []source.Span) {
	var o *eval.Origin
	switch c := container.(type) {
	case *eval.Scalar:
		o = c.Origin
	case *eval.Array:
		o = c.Origin
		for i := 0; o == nil && i < len(c.Elems); i++ {
			if c.Elems[i] != nil {
				o = c.Elems[i].Origin
			}
		}
	case *eval.Hash:
		o = c.Origin
		for _, k := range c.Keys() {
			if e := c.Lookup(k); o == nil && e != nil {
				o = e.Origin
			}
		}
	}
	if o == nil {
		return source.Span{}, nil
	}
	for p := o.Prev; p != nil; p = p.Prev {
		before = append(before, p.Span)
	}
	return o.Span, before
}

// Of is the value of a member of a policy, or of what one of its tables gave.
func Of(cfg *rules.Config, d vars.Var, v eval.Value) Value {
	r := &reader{names: map[any]string{}, left: maxItems}
	for _, known := range vars.All() {
		if known.AliasOf != "" || known.Name == d.Name {
			continue
		}
		if c := cfg.Global(known.Sigil(), known.Bare()); c != nil && known.Sigil() != '$' {
			r.names[c] = known.Name
		}
	}
	if a, ok := v.(*eval.Array); ok && a.Class == "" {
		return Value{Kind: List, Items: r.list(a, 0)}
	}
	out := r.value(v, 0)
	if secretName.MatchString(d.Bare()) {
		return hide(out)
	}
	return out
}
