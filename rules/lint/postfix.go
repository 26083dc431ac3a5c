package lint

import (
	"strconv"
	"strings"
	"time"

	"mavis/perlconf/diag"
	"mavis/perlconf/postfix"
	"mavis/perlconf/source"
	"mavis/rules"
)

// postfix reads Postfix's files, as far as they were given; nil when none was.
func (p *Pass) postfix() *postfix.Config {
	if p.MainCF == nil && p.MasterCF == nil {
		return nil
	}
	c := &postfix.Config{}
	if p.MainCF != nil {
		c.Main = postfix.ParseMain(p.MainCF, nil)
	}
	if p.MasterCF != nil {
		c.Master = postfix.ParseMaster(p.MasterCF, nil)
	}
	return c
}

// feed is a way on which Postfix gives mail to a filter.
type feed struct {
	transport string // of content_filter; "" for a proxy before the queue
	service   *postfix.Service
	to        target
	at        source.Span
}

// feeds finds the values of content_filter and smtpd_proxy_filter that lead to a socket on this machine.
func (p *Pass) feeds(c *postfix.Config) []feed {
	var out []feed
	seen := map[source.Span]bool{}
	add := func(s *postfix.Service) {
		if value, at, ok := c.Value(s, "content_filter"); ok && value != "" && !seen[at] {
			seen[at] = true
			transport, hop, _ := strings.Cut(value, ":")
			if to, ok := hopTarget(hop); ok && p.near(to) {
				out = append(out, feed{transport: transport, service: c.Master.Find(transport, "unix"), to: to, at: at})
			}
		}
		if value, at, ok := c.Value(s, "smtpd_proxy_filter"); ok && value != "" && !seen[at] {
			seen[at] = true
			if to, ok := hopTarget(strings.TrimPrefix(value, "inet:")); ok && p.near(to) {
				out = append(out, feed{to: to, at: at})
			}
		}
	}
	add(nil)
	if c.Master != nil {
		for i := range c.Master.Services {
			if s := &c.Master.Services[i]; s.Command == "smtpd" || s.Command == "pickup" || s.Command == "qmqpd" {
				add(s)
			}
		}
	}
	return out
}

// hopTarget reads HOST:PORT, [HOST]:PORT or unix:PATH as Postfix writes a next hop; a bare port is on this machine.
func hopTarget(s string) (target, bool) {
	s = strings.TrimSpace(s)
	if path, ok := strings.CutPrefix(s, "unix:"); ok {
		return target{path: path}, path != ""
	}
	s = strings.TrimPrefix(s, "inet:")
	host, port, ok := cutLast(s, ":")
	if !ok {
		host, port = "127.0.0.1", s
	}
	if host == "" {
		host = "127.0.0.1"
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	n, err := strconv.Atoi(port)
	return target{host: host, port: port}, err == nil && n > 0 && n < 65536
}

// near says that a target is on this machine.
func (p *Pass) near(t target) bool { return t.path != "" || p.here(t.host) }

// ours says that one of our listeners takes what goes to a target.
func (p *Pass) ours(t target) (rules.Listener, bool) {
	for _, l := range p.Config.Listeners {
		if p.reaches(t, l) || t.path != "" && l.Network == "unix" && strings.HasSuffix(l.Address, strings.TrimPrefix(t.path, "/var/spool/postfix")) {
			return l, true
		}
	}
	return rules.Listener{}, false
}

// asProxy says that Postfix's files show the filter before the queue only.
func (p *Pass) asProxy() bool {
	c := p.postfix()
	if c == nil {
		return false
	}
	proxy := false
	for _, f := range p.feeds(c) {
		if _, ok := p.ours(f.to); ok {
			if f.transport != "" {
				return false
			}
			proxy = true
		}
	}
	return proxy
}

// returning is a service of Postfix that takes checked mail back.
type returning struct {
	service *postfix.Service // nil when master.cf has none
	to      target
	at      source.Span // where the filter's next hop was set
}

// returns finds the services that the next hops of the filter, of all its listeners, lead to. Hops elsewhere, and those
// that a port plus one gives, are left out.
func (p *Pass) returns(c *postfix.Config) []returning {
	var out []returning
	seen := map[string]bool{}
	for _, l := range p.Config.Listeners {
		pol := p.policyOf(l)
		r, ok := find(pol, "forward_method_maps", someone)
		if !ok || speaksPDP(pol) {
			continue
		}
		at := r.Origin
		if at.IsZero() {
			at = pol.Origin("forward_method")
		}
		for _, t := range targets(r.Value) {
			id := t.host + ":" + t.port
			if t.path != "" || t.port == "*" || !p.here(t.host) || seen[id] {
				continue
			}
			seen[id] = true
			out = append(out, returning{p.serviceAt(c, t), t, at})
		}
	}
	return out
}

// serviceAt finds the inet service that listens at a target on this machine.
func (p *Pass) serviceAt(c *postfix.Config, t target) *postfix.Service {
	if c.Master == nil {
		return nil
	}
	for i := range c.Master.Services {
		s := &c.Master.Services[i]
		if s.Type != "inet" {
			continue
		}
		name, err := c.Main.Expand(s.Name)
		if err != nil {
			name = s.Name
		}
		host, port, ok := cutLast(name, ":")
		if !ok {
			host, port = "", name
		}
		host = strings.Trim(host, "[]")
		if known := map[string]string{"smtp": "25", "submission": "587", "smtps": "465", "submissions": "465"}[port]; known != "" {
			port = known
		}
		if port == t.port && (host == "" || host == "0.0.0.0" || host == "::" || p.here(host)) {
			return s
		}
	}
	return nil
}

// seconds reads a time of Postfix: a number with s, m, h, d or w.
func seconds(s string) (time.Duration, bool) {
	if s == "" {
		return 0, false
	}
	unit := time.Second
	if u, ok := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour,
		'w': 7 * 24 * time.Hour}[s[len(s)-1]]; ok {
		unit, s = u, s[:len(s)-1]
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > 1<<30 {
		return 0, false
	}
	return time.Duration(n) * unit, true
}

// readPostfix reports what Postfix's own reader would.
func readPostfix(p *Pass) {
	bag := &diag.Bag{}
	if p.MainCF != nil {
		postfix.ParseMain(p.MainCF, bag)
	}
	if p.MasterCF != nil {
		postfix.ParseMaster(p.MasterCF, bag)
	}
	for i := range bag.All {
		p.found = append(p.found, &bag.All[i])
	}
}
