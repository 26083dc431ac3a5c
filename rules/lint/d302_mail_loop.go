package lint

import (
	"mavis/perlconf/diag"
	"mavis/rules"
)

func mailLoop() Rule {
	return Rule{
		Code: "D302", Name: "forwarding-to-self", Severity: diag.Warning,
		Summary: "mail is forwarded to a port that this filter itself listens on",
		Page: Page{
			What: "The next hop in $forward_method, or in that of the policy bank of a port, is one of the filter's own sockets, and following " +
				"it from there leads back to the same socket.",
			Why: "Each process waits for another one to take the mail until all wait. The original then answers 451 after some 35 seconds, for " +
				"every mail, for ever: nothing is delivered.",
			Wrong: "$inet_socket_port = [10024, 10026];\n$forward_method = 'smtp:[127.0.0.1]:10026';\n",
			Right: "$inet_socket_port = [10024, 10026];\n$forward_method = 'smtp:[127.0.0.1]:10025';\n",
			Fix:   "Forward to the port where the MTA takes checked mail back, by custom 10025.",
		},
		Check: checkMailLoop,
	}
}

func checkMailLoop(p *Pass) {
	told := map[string]bool{}
	for _, start := range p.Config.Listeners {
		if speaksPDP(p.policyOf(start)) {
			continue
		}
		at, seen := start, map[string]bool{}
		for !seen[at.Network+at.Address] && len(seen) < 20 {
			seen[at.Network+at.Address] = true
			next, ok := p.forwardsTo(at)
			if !ok {
				break
			}
			if next.Network+next.Address != start.Network+start.Address {
				at = next
				continue
			}
			pol := p.policyOf(at)
			place := pol.Origin("forward_method")
			if r, ok := find(pol, "forward_method_maps", someone); ok && !r.Origin.IsZero() {
				place = r.Origin
			}
			if place.IsZero() {
				place = start.Origin
			}
			if id := place.String(); !told[id] {
				told[id] = true
				d := p.Report(place, "mail is forwarded to port %s, where this filter itself listens: it runs in a circle", next.Port)
				if next.Network == "unix" {
					d.Message = "mail is forwarded to " + next.Address + ", where this filter itself listens: it runs in a circle"
				}
				d.Help = "forward to the port where the MTA takes mail back, such as 10025"
				if !next.Origin.IsZero() && next.Origin != place {
					d.Related = []diag.Related{{Span: next.Origin, Message: "listened on here"}}
				}
			}
			break
		}
	}
}

// forwardsTo is the listener of our own that mail which came in at l goes to.
func (p *Pass) forwardsTo(l rules.Listener) (rules.Listener, bool) {
	r, ok := find(p.policyOf(l), "forward_method_maps", someone)
	if !ok {
		return rules.Listener{}, false
	}
	hops := targets(r.Value)
	if len(hops) == 0 {
		return rules.Listener{}, false
	}
	for _, m := range p.Config.Listeners {
		if p.reaches(hops[0], m) { // further hops are tried when the first fails
			return m, true
		}
	}
	return rules.Listener{}, false
}
