package lint

import (
	"net"
	"regexp"
	"strings"

	"mavis/perlconf/eval"
	"mavis/perlconf/source"
	"mavis/rules"
	"mavis/rules/lookup"
)

// layer is a policy bank as it acts: laid over the built-in one. The built-in policy has the name "".
type layer struct {
	name   string
	policy *rules.Policy
	own    *eval.Hash // what the bank itself sets; nil for the built-in one
}

// layers gives the built-in policy, then every bank.
func (p *Pass) layers() []layer {
	base := p.Config.Base()
	out := []layer{{policy: base}}
	all := p.Loaded.Vars.Hash("policy_bank")
	for _, name := range p.Config.Banks() {
		h, _ := all.Get(name).(*eval.Hash)
		if q, err := base.With(name); err == nil && h != nil {
			out = append(out, layer{name, q, h})
		}
	}
	return out
}

// sets says that one of the members is the bank's own matter. For the built-in policy it always is.
func (l layer) sets(members ...string) bool {
	if l.own == nil {
		return true
	}
	for _, m := range members {
		if _, ok := l.own.M[m]; ok {
			return true
		}
	}
	return false
}

// in is how messages name the layer: "" or " in policy bank X".
func (l layer) in() string {
	if l.name == "" {
		return ""
	}
	return " in policy bank " + l.name
}

// offline answers lookups without databases.
type offline struct{ *rules.Policy }

// Field knows nothing.
func (offline) Field(*lookup.Field, string, bool) ([]lookup.Result, error) { return nil, nil }

// find looks a key up in a list of tables by name; databases know nothing.
func find(pol *rules.Policy, maps, key string) (lookup.Result, bool) {
	opt := *pol.Options()
	opt.Resolver = offline{pol}
	r, ok, err := pol.Tables(maps).First(key, &opt)
	return r, ok && err == nil
}

// someone is an address that no configuration names.
const someone = "someone@stranger.invalid"

// local is an address of the site itself.
func (p *Pass) local() string { return "someone@" + p.Config.Identity.Domain }

// origin is where a variable, named without sigil, was set; zero for a default.
func (p *Pass) origin(names ...string) source.Span {
	for _, n := range names {
		if o := p.Loaded.Vars.Origin(n); o != nil && !o.Span.IsZero() {
			return o.Span
		}
	}
	return source.Span{}
}

// target is a next hop: a socket, or something else.
type target struct {
	protocol, host, port, path string
}

var socketTarget = regexp.MustCompile(`^(?i:smtp|lmtp):(?:(/[^,\s]+)|(?:\[([^\]]*)\]|([^:\[\],\s]*)):([\w*-]+))`)

// targets reads the sockets among the methods of a setting such as $forward_method; other methods are left out.
func targets(v eval.Value) []target {
	var out []target
	var add func(v eval.Value, depth int)
	add = func(v eval.Value, depth int) {
		switch x := v.(type) {
		case *eval.Array:
			for _, e := range x.Values() {
				if depth < 5 {
					add(e, depth+1)
				}
			}
		case *eval.Scalar:
			if depth < 5 {
				add(x.Get(), depth+1)
			}
		default:
			if m := socketTarget.FindStringSubmatch(eval.ToString(v)); m != nil {
				out = append(out, target{protocol: strings.ToLower(m[0][:4]), path: m[1], host: m[2] + m[3], port: m[4]})
			}
		}
	}
	add(v, 0)
	return out
}

// here says that a host is this machine: a loopback address, or its own name.
func (p *Pass) here(host string) bool {
	host = strings.TrimPrefix(strings.ToLower(host), "ipv6:")
	if host == "localhost" || host != "" && host == strings.ToLower(p.Config.Identity.Hostname) {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// reaches says that a connection to a target comes to a listener.
func (p *Pass) reaches(t target, l rules.Listener) bool {
	if t.path != "" {
		return l.Network == "unix" && l.Address == t.path
	}
	if l.Network != "tcp" || t.port != l.Port || t.port == "*" {
		return false
	}
	host := strings.ToLower(t.host)
	return host == strings.ToLower(l.Host) || p.here(host) && (l.Host == "*" || l.Host == "0.0.0.0" || l.Host == "::" || p.here(l.Host))
}

// policyOf is the policy in force when a connection comes to a listener.
func (p *Pass) policyOf(l rules.Listener) *rules.Policy {
	q := p.Config.Base()
	banks := p.Config.PortBanks(l.Host, l.Port)
	if l.Network == "unix" {
		banks = p.Config.SocketBanks(l.Address)
	}
	for _, b := range banks {
		if next, err := q.With(b.Bank); err == nil {
			q = next
		}
	}
	return q
}

// speaksPDP says that a policy is that of a milter's socket, where mail is not forwarded by the filter.
func speaksPDP(pol *rules.Policy) bool { return strings.HasPrefix(pol.Str("protocol"), "AM.PDP") }
