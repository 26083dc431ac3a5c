package rules

import (
	"fmt"
	"sync"

	"mavis/perlconf/eval"
	"mavis/perlconf/source"
	"mavis/rules/lookup"
	"mavis/rules/vars"
)

// Policy is a set of values in force: the built-in bank, or banks laid over it. It does not change and is safe for use
// by several goroutines. Accessors take the name of a variable without sigil. They follow references as amavisd's own
// do: the built-in bank refers to the variables, so a value is what the variable holds.
type Policy struct {
	cfg   *Config
	name  string
	path  string
	depth int
	bank  map[string]*eval.Scalar
	opt   lookup.Options
	made  sync.Map // what accessors worked out: tables by the name of the variable, all else by keys with a space
	over  sync.Map // by name of a bank: this policy with the bank laid over it
}

// maxKept is how many banks may lie on one another for the result to be kept.
const maxKept = 6

// Name is the bank laid last, "" for the built-in one.
func (p *Policy) Name() string { return p.name }

// Path lists the banks laid over the built-in one, joined by slashes, as amavisd's policy_bank_path.
func (p *Policy) Path() string { return p.path }

// Config is the configuration the policy belongs to.
func (p *Policy) Config() *Config { return p.cfg }

// With lays a bank over this policy: its members replace those of the same name; where both are hashes they are merged,
// unless the new one has a true member REPLACE. The name "" gives the built-in policy, the name of the bank laid last
// changes nothing. MYNETS also sets $originating. For a name that is not defined the policy itself comes back with
// ErrNoBank.
func (p *Policy) With(name string) (*Policy, error) {
	switch {
	case name == "":
		return p.cfg.base, nil
	case name == eval.ToString(p.c("policy_bank_name")):
		if p.cfg.banks[name] != nil {
			return p, nil
		}
	}
	if q, ok := p.over.Load(name); ok {
		return q.(*Policy), nil
	}
	b := p.cfg.banks[name]
	if b == nil {
		return p, fmt.Errorf("policy bank %q: %w", name, ErrNoBank)
	}
	q := p.lay(name, b)
	if q.depth <= maxKept {
		if have, loaded := p.over.LoadOrStore(name, q); loaded {
			return have.(*Policy), nil
		}
	}
	return q, nil
}

func (p *Policy) lay(name string, b *eval.Hash) *Policy {
	q := &Policy{cfg: p.cfg, path: name, depth: p.depth + 1, bank: make(map[string]*eval.Scalar, len(p.bank))}
	if p.path != "" {
		q.path = p.path + "/" + name
	}
	for k, s := range p.bank {
		q.bank[k] = s
	}
	if name == "MYNETS" {
		q.bank["originating"] = eval.NewScalar(int64(1))
	}
	q.bank["policy_bank_name"] = eval.NewScalar(name)
	for _, k := range b.Keys() {
		s := b.Lookup(k)
		if s == nil {
			s = &eval.Scalar{}
		}
		if have, ok := q.bank[k]; ok && k != "ACTION" {
			q.bank[k] = merge(have, s)
		}
	}
	q.bank["policy_bank_path"] = eval.NewScalar(q.path)
	q.settle()
	return q
}

// settle works out what follows from the members.
func (p *Policy) settle() {
	p.name = eval.ToString(p.c("policy_bank_name"))
	p.opt = lookup.Options{LocalpartCaseSensitive: eval.ToBool(p.c("localpart_is_case_sensitive")),
		Delimiter: eval.ToString(p.c("recipient_delimiter")), Resolver: p}
}

func merge(old, layer *eval.Scalar) *eval.Scalar {
	a, ok1 := old.Get().(*eval.Hash)
	b, ok2 := layer.Get().(*eval.Hash)
	if !ok1 || !ok2 || a.Class != "" || b.Class != "" {
		return layer
	}
	h := &eval.Hash{M: map[string]*eval.Scalar{}, Origin: layer.Origin}
	add := func(from *eval.Hash) {
		for _, k := range from.Keys() {
			if k == "REPLACE" {
				continue
			}
			if _, ok := h.M[k]; !ok {
				h.Order = append(h.Order, k)
			}
			h.M[k] = from.Lookup(k)
		}
	}
	if !eval.ToBool(b.Get("REPLACE")) {
		add(a)
	}
	add(b)
	return &eval.Scalar{V: h, Origin: layer.Origin}
}

// c is amavisd's c(): a scalar variable's value, the container itself for other kinds.
func (p *Policy) c(name string) eval.Value {
	v := p.bank[name].Get()
	if s, ok := v.(*eval.Scalar); ok && s.Class == "" {
		return s.Get()
	}
	return v
}

// misuse tells tests of a name that is no member, or of an accessor that does not fit it.
func (p *Policy) misuse(name, accessor, sigils string) {
	if p.cfg.Misuse == nil {
		return
	}
	if _, ok := p.bank[name]; !ok {
		p.cfg.Misuse(fmt.Sprintf("%s(%q): no such member of policy banks", accessor, name))
		return
	}
	for i := range len(sigils) {
		if _, ok := vars.Find(sigils[i:i+1] + name); ok || name == "policy_bank_path" {
			return
		}
	}
	p.cfg.Misuse(fmt.Sprintf("%s(%q): the variable is of another kind", accessor, name))
}

// Value is amavisd's c(): a scalar's value, or the container of an array or hash.
func (p *Policy) Value(name string) eval.Value {
	p.misuse(name, "Value", "$@%")
	return p.c(name)
}

// Defined says whether a scalar holds more than undef.
func (p *Policy) Defined(name string) bool {
	p.misuse(name, "Defined", "$")
	return p.c(name) != nil
}

// Str is a scalar as text; undef is "".
func (p *Policy) Str(name string) string {
	p.misuse(name, "Str", "$")
	return eval.ToString(p.c(name))
}

// Opt is Str, and whether the scalar was defined.
func (p *Policy) Opt(name string) (string, bool) {
	p.misuse(name, "Opt", "$")
	v := p.c(name)
	return eval.ToString(v), v != nil
}

// Int is a scalar as an integer, cut towards zero; what is no number counts as far as it is one.
func (p *Policy) Int(name string) int {
	p.misuse(name, "Int", "$")
	return int(eval.ToInt(p.c(name)))
}

// Num is a scalar as a number.
func (p *Policy) Num(name string) float64 {
	p.misuse(name, "Num", "$")
	return eval.ToFloat(p.c(name))
}

// Bool is the truth of a scalar as Perl sees it.
func (p *Policy) Bool(name string) bool {
	p.misuse(name, "Bool", "$")
	return eval.ToBool(p.c(name))
}

// List is an array as texts, or a scalar as a list of one, or the list a scalar refers to; lists within are joined in.
// Undef elements are "". The slice must not be changed.
func (p *Policy) List(name string) []string {
	p.misuse(name, "List", "@$")
	return kept(p, "list "+name, func() []string { return texts(p.c(name)) })
}

// kept works something out once for a policy.
func kept[T any](p *Policy, key string, work func() T) T {
	if v, ok := p.made.Load(key); ok {
		return v.(T)
	}
	v, _ := p.made.LoadOrStore(key, work())
	return v.(T)
}

const maxNesting = 20

// texts flattens a value.
func texts(v eval.Value) []string {
	var out []string
	var add func(v eval.Value, depth int)
	add = func(v eval.Value, depth int) {
		switch x := v.(type) {
		case *eval.Array:
			if depth < maxNesting {
				for _, e := range x.Elems {
					add(e.Get(), depth+1)
				}
			}
		case *eval.Scalar:
			if depth < maxNesting {
				add(x.Get(), depth+1)
			}
		default:
			out = append(out, eval.ToString(v))
		}
	}
	if v != nil {
		add(v, 0)
	}
	return out
}

// Hash is read access to a hash.
func (p *Policy) Hash(name string) Map {
	p.misuse(name, "Hash", "%")
	h, _ := p.c(name).(*eval.Hash)
	return Map{h}
}

// Origin is the place where the value in force was set; the zero Span for a built-in default.
func (p *Policy) Origin(name string) source.Span {
	s := p.bank[name]
	if s == nil {
		return source.Span{}
	}
	if s.Origin != nil {
		return s.Origin.Span
	}
	return lookup.Place(s.Get())
}

// Map is read access to a hash. The zero Map is empty.
type Map struct{ h *eval.Hash }

// Keys gives the keys in the order they were written.
func (m Map) Keys() []string {
	if m.h == nil {
		return nil
	}
	return m.h.Keys()
}

// Get gives the value of a key and whether it is there; it may be there and undef.
func (m Map) Get(key string) (eval.Value, bool) {
	if m.h == nil {
		return nil, false
	}
	s, ok := m.h.M[key]
	return s.Get(), ok
}

// Str is the value of a key as text.
func (m Map) Str(key string) string {
	v, _ := m.Get(key)
	return eval.ToString(v)
}

// Bool is the truth of the value of a key.
func (m Map) Bool(key string) bool {
	v, _ := m.Get(key)
	return eval.ToBool(v)
}

// Origin is the place where a key was set, or the whole hash.
func (m Map) Origin(key string) source.Span {
	if m.h == nil {
		return source.Span{}
	}
	if s := m.h.Lookup(key); s != nil && s.Origin != nil {
		return s.Origin.Span
	}
	return lookup.Place(m.h)
}
