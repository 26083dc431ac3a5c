package rules

import (
	"fmt"
	"maps"

	"mavis/perlconf/eval"
	"mavis/rules/lookup"
)

// External asks the databases and DNS that lookup tables may name. The engine provides it.
type External interface {
	// Field answers for one key; no answer is an empty slice. An error means undecided: the mail is deferred.
	Field(p *Policy, f *lookup.Field, key string, all bool) ([]lookup.Result, error)
}

// Late is the lookup.Resolver of this policy: what c, ca or cr gives for another member.
func (p *Policy) Late(l lookup.Late) (eval.Value, error) {
	s, ok := p.bank[l.Name]
	if !ok {
		return nil, fmt.Errorf("policy bank %q has no member %q", p.path, l.Name)
	}
	if l.Wrap == "[" || l.Wrap == "Opaque" {
		return kept(p, "late "+l.Wrap+l.Word+" "+l.Name, func() eval.Value {
			v := p.accessor(l.Word, s.Get())
			if l.Wrap == "[" {
				return eval.NewArray(v)
			}
			return &eval.Scalar{V: v, Class: "Amavis::Lookup::Opaque"}
		}), nil
	}
	v := s.Get()
	if l.Word != "c" && v != nil && !eval.IsRef(v) {
		return kept(p, "late "+l.Word+" "+l.Name, func() eval.Value { return p.accessor(l.Word, v) }), nil
	}
	return p.accessor(l.Word, v), nil
}

// accessor is c, ca or cr applied to what a bank holds.
func (p *Policy) accessor(word string, v eval.Value) eval.Value {
	s, plain := v.(*eval.Scalar)
	plain = plain && s.Class == ""
	switch {
	case word == "c":
		if plain {
			return s.Get()
		}
		return v
	case eval.IsRef(v):
		if word == "ca" && plain {
			return s.Get()
		}
		return v
	case word == "ca" && v == nil:
		return eval.NewArray()
	case word == "ca":
		return eval.NewArray(v)
	case v == nil:
		return nil
	}
	return eval.NewScalar(v)
}

// Call is the lookup.Resolver of this policy: it runs a sub of the configuration with this policy in force. Calls of
// one configuration wait for each other.
func (p *Policy) Call(code *eval.Code, key string, all bool) (eval.Value, error) {
	get := eval.Value("")
	if all {
		get = int64(1)
	}
	return p.call(code, key, get)
}

// call runs a sub in scalar context.
func (p *Policy) call(code *eval.Code, args ...eval.Value) (eval.Value, error) {
	out, err := p.run(code, eval.ScalarContext, args)
	if err != nil || len(out) == 0 {
		return nil, err
	}
	return out[len(out)-1], nil
}

// Run calls a sub of the configuration for a list, with this policy in force. Calls of one configuration wait for each
// other and have a step limit.
func (p *Policy) Run(code *eval.Code, args ...eval.Value) ([]eval.Value, error) {
	return p.run(code, eval.ListContext, args)
}

func (p *Policy) run(code *eval.Code, want eval.Context, args []eval.Value) ([]eval.Value, error) {
	c := p.cfg
	c.mu.Lock()
	defer c.mu.Unlock()
	if current := c.src.Hash("current_policy_bank"); current != nil {
		m, order := current.M, current.Order
		current.M, current.Order = maps.Clone(p.bank), p.order() // a copy: what the sub changes lasts no longer than it
		defer func() { current.M, current.Order = m, order }()
	}
	out, err := c.src.Call(code, args, want)
	if err != nil {
		return nil, fmt.Errorf("code at %s: %w", code.Span, err)
	}
	return out, nil
}

func (p *Policy) order() []string {
	out := make([]string, 0, len(p.bank))
	for _, k := range p.cfg.members {
		if _, ok := p.bank[k]; ok {
			out = append(out, k)
		}
	}
	return out
}

// Field is the lookup.Resolver of this policy. As in amavisd, SQL fields say nothing when no SQL database is
// configured, and LDAP attributes when $enable_ldap is false.
func (p *Policy) Field(f *lookup.Field, key string, all bool) ([]lookup.Result, error) {
	switch {
	case f.Kind == lookup.SQL && len(p.cfg.LookupSQL) == 0:
		return nil, nil
	case f.Kind == lookup.LDAP && !eval.ToBool(p.c("enable_ldap")):
		return nil, nil
	case p.cfg.External == nil:
		return nil, fmt.Errorf("%s %s: %w", f.Kind, f.Name, lookup.ErrUnavailable)
	}
	return p.cfg.External.Field(p, f, key, all)
}

// Options are how this policy looks up addresses.
func (p *Policy) Options() *lookup.Options { return &p.opt }

// Query prepares a raw address, or another key, for any number of lookups under this policy.
func (p *Policy) Query(key string) *lookup.Query { return lookup.NewQuery(key, &p.opt) }

// Tables is a list of lookup tables, such as "spam_kill_level_maps"; a scalar or hash is a list of one table.
func (p *Policy) Tables(name string) *lookup.Tables {
	p.misuse(name, "Tables", "@$%")
	return kept(p, name, func() *lookup.Tables { return p.cfg.compiler.Tables(p.c(name), nil) })
}

// TablesOf makes tables of a value, such as the result of one lookup that is a list of tables for the next. A plain
// value is a constant table, undef an empty list.
func (p *Policy) TablesOf(v eval.Value) *lookup.Tables { return p.cfg.compiler.Tables(v, nil) }

// Find looks a key up in a list of tables by name; see Query for several lookups of one key.
func (p *Policy) Find(name, key string) (lookup.Result, bool, error) {
	return p.Tables(name).First(key, &p.opt)
}

// Networks is a list of tables for IP addresses, such as "mynetworks_maps"; "inet_acl" is a single table.
func (p *Policy) Networks(name string) *lookup.Networks {
	p.misuse(name, "Networks", "@")
	return kept(p, "net "+name, func() *lookup.Networks {
		return p.cfg.compiler.Networks(p.c(name), name == "inet_acl", nil)
	})
}

// ClientBanks gives the policy banks for a client's address by @client_ipaddr_policy: pairs of a table and a comma list
// of names, of which the first matching one counts. An unknown client is "0.0.0.0".
func (p *Policy) ClientBanks(ip string) ([]string, lookup.Result, error) {
	if ip == "" {
		ip = "0.0.0.0"
	}
	for _, pair := range kept(p, "client banks", func() []clientPair { return p.clientPairs(nil) }) {
		r, ok, err := pair.nets.Find(ip, p)
		if err != nil {
			return nil, lookup.Result{}, err
		}
		if ok && r.Bool() {
			return pair.banks, r, nil
		}
	}
	return nil, lookup.Result{}, nil
}
