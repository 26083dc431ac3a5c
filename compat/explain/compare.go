package explain

import (
	"context"
	"fmt"
	"sort"
	"strings"

	"mavis/engine/mail"
)

// Group is a number of mails that come out otherwise in the same way, for the same cause.
type Group struct {
	Changes []string // what changed: "destiny D_DISCARD -> D_PASS"
	// A and B are the first steps at which the two accounts part; nil where one of them has none there.
	A, B  *mail.Step
	Cases []Case
}

// Compare asks both benches about all cases and groups those that come out otherwise, the largest group first.
func Compare(ctx context.Context, a, b *Bench, cases []Case) ([]Group, error) {
	groups := map[string]*Group{}
	for _, c := range cases {
		x, err := a.Run(ctx, c)
		if err != nil {
			return nil, err
		}
		y, err := b.Run(ctx, c)
		if err != nil {
			return nil, err
		}
		changes := outcomes(x, y)
		if len(changes) == 0 {
			continue
		}
		p, q := cause(x.Steps, y.Steps, changes)
		key := strings.Join(changes, "\n") + "\n" + stepKey(p) + "\n" + stepKey(q)
		g := groups[key]
		if g == nil {
			g = &Group{Changes: changes, A: p, B: q}
			groups[key] = g
		}
		g.Cases = append(g.Cases, c)
	}
	var out []Group
	for _, g := range groups {
		out = append(out, *g)
	}
	sort.Slice(out, func(i, j int) bool {
		if len(out[i].Cases) != len(out[j].Cases) {
			return len(out[i].Cases) > len(out[j].Cases)
		}
		return strings.Join(out[i].Changes, "\n")+stepKey(out[i].A)+stepKey(out[i].B) < strings.Join(out[j].Changes, "\n")+stepKey(out[j].A)+stepKey(out[j].B)
	})
	return out, nil
}

func stepKey(s *mail.Step) string {
	if s == nil {
		return ""
	}
	return string(s.Stage) + " " + s.Setting + " " + s.Origin.String()
}

// outcomes lists what differs between two answers.
func outcomes(a, b *Answer) []string {
	var out []string
	note := func(what, x, y string) {
		if x != y {
			out = append(out, fmt.Sprintf("%s %s -> %s", what, word(x), word(y)))
		}
	}
	if len(a.Rcpts) != len(b.Rcpts) {
		note("taken", yes(len(a.Rcpts) > 0)[0], yes(len(b.Rcpts) > 0)[0])
	}
	for i := range min(len(a.Rcpts), len(b.Rcpts)) {
		x, y := a.Rcpts[i], b.Rcpts[i]
		note("category", category(x), category(y))
		note("destiny", x.Destiny, y.Destiny)
		note("quarantine", x.HeldFor, y.HeldFor)
		note("delivered", yes(x.SendTo != "")[0], yes(y.SendTo != "")[0])
		if x.SendTo != "" && y.SendTo != "" {
			note("address", extension(x), extension(y))
			note("next hop", strings.Join(x.NextHop, " or "), strings.Join(y.NextHop, " or "))
			note("header", fieldNames(x.Header, y.Header), fieldNames(y.Header, x.Header))
		}
	}
	if len(a.Reply) > 2 && len(b.Reply) > 2 {
		note("reply", a.Reply[:3], b.Reply[:3])
	}
	for _, kind := range []string{"admin", "recipient", "bounce"} {
		note("notice to "+kind, told(a, kind), told(b, kind))
	}
	return out
}

// category leaves out whether clean mail reached the tag level: that shows in the header.
func category(r Rcpt) string {
	if r.Category == "CC_CLEAN,1" {
		return "CC_CLEAN"
	}
	return r.Category
}

// told are those who get a kind of notice; who a bounce or a notice to the recipient goes to is clear.
func told(a *Answer, kind string) string {
	list := a.told(kind)
	if kind != "admin" && len(list) > 0 {
		return "yes"
	}
	return strings.Join(list, ", ")
}

// extension is what was changed about an address.
func extension(r Rcpt) string {
	if r.SendTo == r.Addr {
		return ""
	}
	local, domain := mail.SplitAddress(r.SendTo)
	own, _ := mail.SplitAddress(r.Addr)
	if rest, ok := strings.CutPrefix(local, own); ok {
		return "user" + rest + domain[:min(1, len(domain))] + "..."
	}
	return r.SendTo
}

// fieldNames are the changes of a header that the other one lacks. Scores and the like count by name of the field.
func fieldNames(list, other []string) string {
	has := map[string]bool{}
	for _, f := range other {
		has[f] = true
	}
	seen := map[string]bool{}
	var out []string
	for _, f := range list {
		name, _, _ := strings.Cut(f, ":")
		if !has[f] && !seen[name] {
			seen[name] = true
			out = append(out, name)
		}
	}
	return strings.Join(out, ", ")
}

func word(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// String is the case in one line.
func (c Case) String() string {
	out := "from <" + c.From + "> to <" + strings.Join(c.To, ">, <") + ">"
	if c.Virus != "" {
		out += ", virus " + c.Virus
	}
	for _, b := range c.Banned {
		out += ", attachment " + b
	}
	if c.Score != 0 {
		out += fmt.Sprintf(", spam score %.4g", c.Score)
	}
	if c.Mail != nil {
		out += ", bad header"
	}
	if c.Port != "" {
		out += ", port " + c.Port
	}
	if c.ClientIP != "" && c.ClientIP != outside {
		out += ", client " + c.ClientIP
	}
	return out
}
