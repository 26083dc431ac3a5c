package explain

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"

	"mavis/rules"
	"mavis/rules/settings"
	"mavis/rules/vars"
)

// outside is a client that belongs to nobody (RFC 5737).
const outside = "192.0.2.25"

// Bounds of a sample that is made.
const (
	maxAddresses = 40
	maxNames     = 60
	maxScores    = 24
	maxSockets   = 16
)

// Mentioned collects what configurations mention, to make a sample of it. The zero value is ready.
type Mentioned struct {
	addresses, names, sockets, clients, locals []string
	scores                                     []float64
	seen                                       map[string]bool
}

var (
	anAddress  = regexp.MustCompile(`^!?[\w.+=-]*@[\w-]+(\.[\w-]+)+$`)
	aDomain    = regexp.MustCompile(`^!?@?\.?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$`)
	aUser      = regexp.MustCompile(`^!?[\w.+=-]+@$`)
	aType      = regexp.MustCompile(`\b(application|image|audio|video|text|message)/[A-Za-z0-9.+-]+`)
	extensions = regexp.MustCompile(`\\\.\(?(?:\?:)?((?:[A-Za-z0-9]{1,8}\|)*[A-Za-z0-9]{2,8})`)
)

// Add takes in a configuration: its settings, and its model.
func (m *Mentioned) Add(list []settings.Setting, cfg *rules.Config) {
	if m.seen == nil {
		m.seen = map[string]bool{}
	}
	for _, s := range list {
		bans := strings.Contains(s.Name, "banned")
		if s.Name == "$mydomain" && aDomain.MatchString(s.Value.Text) && s.Value.Text[0] != '!' {
			m.local(s.Value.Text)
		}
		if !s.Differs {
			continue
		}
		level := s.Kind == vars.Level || s.Kind == vars.Score || strings.Contains(s.Name, "_level")
		m.walk(s.Value, s.Name, bans, level, 0)
	}
	for _, l := range cfg.Listeners {
		if l.Network == "unix" {
			m.add(&m.sockets, l.Address, maxSockets)
		} else {
			m.add(&m.sockets, l.Port, maxSockets)
		}
	}
	for _, k := range cfg.InterfacePolicy.Keys() {
		if _, err := strconv.ParseUint(k, 10, 16); err == nil || strings.HasPrefix(k, "/") {
			m.add(&m.sockets, k, maxSockets)
		}
	}
	for _, name := range append([]string{""}, cfg.Banks()...) { // the levels in force, set by default or not
		p, err := cfg.Base().With(name)
		if err != nil {
			continue
		}
		q := p.Query("postmaster@" + m.home())
		for _, table := range []string{"spam_tag_level_maps", "spam_tag2_level_maps", "spam_kill_level_maps", "spam_dsn_cutoff_level_maps",
			"spam_quarantine_cutoff_level_maps"} {
			if res, ok, err := p.Tables(table).Find(q); err == nil && ok && res.String() != "" {
				m.score(res.Num())
			}
		}
	}
}

func (m *Mentioned) add(list *[]string, s string, most int) {
	key := fmt.Sprintf("%p %s", list, s)
	if s != "" && !m.seen[key] && len(*list) < most {
		m.seen[key] = true
		*list = append(*list, s)
	}
}

func (m *Mentioned) score(v float64) {
	if len(m.scores) < maxScores && !slices.Contains(m.scores, v) && v > -100 && v < 10000 {
		m.scores = append(m.scores, v)
	}
}

func (m *Mentioned) local(domain string) { m.add(&m.locals, strings.ToLower(domain), maxAddresses) }

func (m *Mentioned) walk(v settings.Value, name string, bans, level bool, depth int) {
	if depth > 12 || v.Secret {
		return
	}
	switch {
	case bans && v.Kind == settings.Pattern:
		m.pattern(v.Text)
	case level && (v.Kind == settings.Number || v.Kind == settings.Text):
		if f, err := strconv.ParseFloat(v.Text, 64); err == nil {
			m.score(f)
		}
	case v.Kind == settings.Text:
		m.text(v.Text, name)
	}
	for _, i := range v.Items {
		if i.Key != "" {
			m.text(i.Key, name)
		}
		m.walk(i.Value, name, bans, level, depth+1)
	}
}

// text takes an address, domain or network out of a table.
func (m *Mentioned) text(s, name string) {
	plain := strings.TrimPrefix(s, "!")
	if strings.Contains(name, "networks") || strings.Contains(name, "client_ipaddr") || strings.Contains(name, "inet_acl") {
		if p, err := netip.ParsePrefix(plain); err == nil {
			m.add(&m.clients, p.Masked().Addr().Next().String(), maxSockets)
		} else if a, err := netip.ParseAddr(plain); err == nil {
			m.add(&m.clients, a.String(), maxSockets)
		}
		return
	}
	table := strings.HasSuffix(name, "_maps") || strings.HasSuffix(name, "_by_ccat") || strings.HasSuffix(name, "_acl") || name[0] == '%' ||
		strings.HasSuffix(name, "_lovers") || strings.HasPrefix(name, "$policy_bank")
	if !table {
		return
	}
	switch {
	case anAddress.MatchString(s):
		m.add(&m.addresses, strings.ToLower(plain), maxAddresses)
	case aUser.MatchString(s):
		m.add(&m.addresses, strings.ToLower(plain)+m.home(), maxAddresses)
	case aDomain.MatchString(s):
		domain := strings.ToLower(strings.TrimLeft(plain, "@."))
		m.add(&m.addresses, "user@"+domain, maxAddresses)
		if strings.HasPrefix(plain, ".") {
			m.add(&m.addresses, "user@sub."+domain, maxAddresses)
		}
		if strings.Contains(name, "local_domains") {
			m.local(domain)
		}
	}
}

// pattern makes file names and types of what a banning pattern spells out.
func (m *Mentioned) pattern(text string) {
	for _, t := range aType.FindAllString(text, 20) {
		m.add(&m.names, t, maxNames)
	}
	for _, g := range extensions.FindAllStringSubmatch(text, 20) {
		for _, ext := range strings.Split(g[1], "|") {
			m.add(&m.names, "example."+strings.ToLower(ext), maxNames)
			if strings.Count(text, `\.`) > 1 { // a pattern for names with two extensions
				m.add(&m.names, "example.txt."+strings.ToLower(ext), maxNames)
			}
		}
	}
}

// home is a domain of our own.
func (m *Mentioned) home() string {
	if len(m.locals) > 0 {
		return m.locals[0]
	}
	return "example.com"
}

// Cases makes the sample, at most so many: each recipient with each verdict, each sender, file name, score, socket and
// client. The order is fixed.
func (m *Mentioned) Cases(most int) []Case {
	us, them := "user@"+m.home(), "someone@outside.example"
	var out []Case
	have := map[string]bool{}
	add := func(c Case) {
		if c.ClientIP == "" {
			c.ClientIP = outside
		}
		if key := c.String(); len(out) < most && !have[key] {
			have[key] = true
			out = append(out, c)
		}
	}
	names := append([]string{"example.exe", "example.zip", "example.txt"}, m.names...)
	scores := around(m.scores)
	high := 0.0
	if len(scores) > 0 {
		high = scores[len(scores)-1]
	}
	verdicts := func(c Case) {
		add(c)
		for _, change := range []func(*Case){func(c *Case) { c.Virus = "Example-Virus" }, func(c *Case) { c.Banned = names[:1] },
			func(c *Case) { c.Score = high }, func(c *Case) { c.Mail = []byte(badHeader) }} {
			x := c
			change(&x)
			add(x)
		}
	}
	verdicts(Case{From: them, To: []string{us}})
	verdicts(Case{From: us, To: []string{them}})
	for _, n := range names {
		add(Case{From: them, To: []string{us}, Banned: []string{n}})
	}
	for _, s := range scores {
		add(Case{From: them, To: []string{us}, Score: s})
	}
	for _, socket := range m.sockets {
		for _, client := range append([]string{outside}, m.clients...) {
			verdicts(Case{From: them, To: []string{us}, Port: socket, ClientIP: client})
			verdicts(Case{From: us, To: []string{them}, Port: socket, ClientIP: client})
		}
	}
	for _, a := range m.addresses {
		verdicts(Case{From: them, To: []string{a}})
		for _, s := range []float64{0, high} {
			add(Case{From: a, To: []string{us}, Score: s})
		}
	}
	add(Case{To: []string{us}, Score: high})
	return out
}

// around gives scores just below and at each level.
func around(levels []float64) []float64 {
	var out []float64
	for _, l := range levels {
		out = append(out, l-0.1, l)
	}
	sort.Float64s(out)
	return slices.Compact(out)
}

// badHeader is a mail with an octet in its header that must not stand there.
const badHeader = "From: someone@outside.example\nTo: user@example.com\nSubject: caf\xe9\nDate: Mon, 5 Jan 2026 10:00:00 +0000\n" +
	"Message-ID: <example@client.invalid>\n\nAn example.\n"

// ParseSample reads a list of mails, one a line: KEY=VALUE pairs parted by blanks, with the keys from, to, client-ip, port,
// virus, spam-score and banned. Lines that begin with # are for people.
func ParseSample(text string) ([]Case, error) {
	var out []Case
	for n, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		c := Case{From: "someone@outside.example", ClientIP: outside}
		for _, pair := range strings.Fields(line) {
			key, value, ok := strings.Cut(pair, "=")
			var err error
			switch key {
			case "from":
				c.From = strings.Trim(value, "<>")
			case "to":
				c.To = append(c.To, strings.Trim(value, "<>"))
			case "client-ip":
				c.ClientIP = value
			case "port":
				c.Port = value
			case "virus":
				c.Virus = value
			case "spam-score":
				c.Score, err = strconv.ParseFloat(value, 64)
			case "banned":
				c.Banned = append(c.Banned, value)
			default:
				ok = false
			}
			if err != nil || !ok {
				return nil, fmt.Errorf("line %d: %q is not KEY=VALUE with from, to, client-ip, port, virus, spam-score or banned", n+1, pair)
			}
		}
		if len(c.To) == 0 {
			return nil, fmt.Errorf("line %d: to= is missing", n+1)
		}
		out = append(out, c)
	}
	return out, nil
}
