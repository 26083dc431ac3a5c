package lint

import (
	"sort"
	"strings"

	"mavis/perlconf/diag"
	"mavis/perlconf/eval"
	"mavis/perlconf/source"
	"mavis/rules"
)

func bankUnreachable() Rule {
	return Rule{
		Code: "B301", Name: "bank-unreachable", Severity: diag.Warning,
		Summary: "a policy bank is defined, and nothing ever loads it",
		Page: Page{
			What: "No setting names this bank: not %interface_policy for a socket that is listened on, not @client_ipaddr_policy, not the " +
				"maps of authors and viruses. MYNETS and MYUSERS are loaded by themselves, for clients in @mynetworks and for own senders.",
			Why:   "What the bank says has no effect. Often the line of %interface_policy is missing, or commented out, or names another port.",
			Wrong: "$inet_socket_port = [10024, 10026];\n$policy_bank{'ORIGINATING'} = { originating => 1 };\n",
			Right: "$inet_socket_port = [10024, 10026];\n$policy_bank{'ORIGINATING'} = { originating => 1 };\n$interface_policy{'10026'} = 'ORIGINATING';\n",
			Fix: "Name the bank where it is to apply, or remove it. A milter may also name banks in its requests; when a socket speaks " +
				"AM.PDP the finding is info.",
		},
		Check: checkBankUnreachable,
	}
}

// mentions is who names policy banks.
type mentions struct {
	loaded map[string]bool        // banks that something names and that can come to be
	dead   map[string]source.Span // banks that a socket nobody listens on names
	open   bool                   // code or a database may name any bank
}

func (p *Pass) mentioned() mentions {
	m := mentions{loaded: map[string]bool{}, dead: map[string]source.Span{}}
	keys := p.interfaceKeys()
	for _, k := range p.Config.InterfacePolicy.Keys() {
		name := p.Config.InterfacePolicy.Str(k)
		if keys[k] {
			m.loaded[name] = true
		} else {
			m.dead[name] = p.Config.InterfacePolicy.Origin(k)
		}
	}
	for _, l := range p.layers() {
		m.names(l.policy.Value("client_ipaddr_policy"), "", 0)
		m.names(l.policy.Value("author_to_policy_bank_maps"), "AUTHOR_APPROVED", 0)
		m.names(l.policy.Value("virus_name_to_policy_bank_maps"), "VIRUS", 0)
	}
	m.loaded["MYUSERS"] = true
	return m
}

// names collects texts that may be names of banks; code and databases may name any.
func (m *mentions) names(v eval.Value, usual string, depth int) {
	if depth > 8 {
		return
	}
	switch x := v.(type) {
	case nil:
	case *eval.Array:
		for _, e := range x.Values() {
			m.names(e, usual, depth+1)
		}
	case *eval.Hash:
		if x.Class != "" {
			m.open = true
		}
		for _, k := range x.Keys() {
			m.names(x.Get(k), usual, depth+1)
		}
	case *eval.Scalar:
		m.names(x.Get(), usual, depth+1)
	case *eval.Code:
		m.open = true
	case *eval.Regexp:
	default:
		if usual != "" {
			m.loaded[usual] = true
		}
		text := eval.ToString(v)
		m.open = m.open || strings.Contains(text, "$")
		for _, n := range rules.BankNames(text) {
			m.loaded[n] = true
		}
	}
}

// interfaceKeys gives the keys of %interface_policy that a connection can have.
func (p *Pass) interfaceKeys() map[string]bool {
	keys := map[string]bool{}
	for _, l := range p.Config.Listeners {
		if l.Network == "unix" {
			keys["SOCK"], keys[l.Address] = true, true
			continue
		}
		keys[l.Port] = true
		for _, k := range p.Config.InterfacePolicy.Keys() {
			if host, port, ok := cutLast(k, ":"); ok && port == l.Port && (l.Host == "*" || p.here(strings.Trim(l.Host, "[]")) || strings.Trim(host, "[]") == strings.ToLower(l.Host)) {
				keys[k] = true
			}
		}
	}
	return keys
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

func checkBankUnreachable(p *Pass) {
	m := p.mentioned()
	if m.open || p.Incomplete || len(p.Config.Listeners) == 0 {
		return
	}
	milter := false
	for _, l := range p.Config.Listeners {
		milter = milter || speaksPDP(p.policyOf(l))
	}
	all := p.Loaded.Vars.Hash("policy_bank")
	for _, l := range p.layers()[1:] {
		at := placeOf(all, l.name)
		if _, unheard := m.dead[l.name]; m.loaded[l.name] || unheard || at.IsZero() {
			continue // an entry of %interface_policy for a socket that nobody listens on is B302
		}
		d := p.Report(at, "nothing loads policy bank %s", l.name)
		d.Help = "name it in %interface_policy for a port, or in @client_ipaddr_policy; or remove it"
		if near := nearBank(l.name, m.loaded); near != "" {
			d.Help = "did you mean " + near + "? That name is loaded"
		}
		if milter {
			d.Severity = diag.Info
		}
	}
}

// nearBank finds a loaded name that differs in a letter or two.
func nearBank(name string, loaded map[string]bool) string {
	var near []string
	for n := range loaded {
		if d := len(n) - len(name); n != "" && -1 <= d && d <= 1 && (strings.HasPrefix(n, name) || strings.HasPrefix(name, n) || strings.EqualFold(n, name)) {
			near = append(near, n)
		}
	}
	sort.Strings(near)
	if len(near) == 0 {
		return ""
	}
	return near[0]
}

// placeOf is where an element of a hash was set.
func placeOf(h *eval.Hash, key string) source.Span {
	if s := h.Lookup(key); s != nil {
		if s.Origin != nil {
			return s.Origin.Span
		}
		if inner, ok := s.Get().(*eval.Hash); ok && inner.Origin != nil {
			return inner.Origin.Span
		}
	}
	return source.Span{}
}
