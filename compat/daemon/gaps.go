package daemon

import (
	"mavis/perlconf/diag"
	"mavis/perlconf/eval"
	"mavis/rules"
)

// gap is a member of policy banks that this version does not act on. It is fatal when going on without it could lose mail,
// send it elsewhere or let it pass; else a warning says what is left out.
type gap struct {
	name  string
	fatal bool
	what  string
}

var gaps = []gap{
	{"haproxy_target_enabled", true, "the PROXY protocol of HAProxy is not read"},
	{"auth_required_out", false, "there is no AUTH towards the next hop, as in amavisd-new 2.13: mail goes out without"},
	{"author_to_policy_bank_maps", false, "no bank is laid for authors, because DKIM signatures are not verified"},
	{"signer_reputation_maps", false, "reputations of DKIM signers do not count"},
	{"debug_sender_maps", false, "no sender's mail is logged in more detail than $log_level says"},
	{"debug_recipient_maps", false, "no recipient's mail is logged in more detail than $log_level says"},
	{"bounce_killer_score", false, "bounces to mail that we did not send get no points"},
	{"penpals_bonus_score", false, "pen pals get no bonus"},
	{"os_fingerprint_method", false, "p0f is not asked"},
	{"enable_log_capture_dump", false, "log lines are not kept back and dumped"},
}

// reportGaps adds a diagnostic for each gap that a policy bank turns on.
func reportGaps(p *rules.Policy, told map[string]bool, bag *diag.Bag) {
	for _, g := range gaps {
		if told[g.name] || !turnedOn(p.Value(g.name), 0) {
			continue
		}
		told[g.name] = true
		d := diag.Diagnostic{Code: CodeNotYet, Severity: diag.Warning, Span: p.Origin(g.name), Message: g.name + ": " + g.what + " in this version"}
		if g.fatal {
			d.Severity, d.Help = diag.Error, "take the setting out"
		}
		bag.Add(d)
	}
}

// turnedOn is true of a true scalar, and of a table or a list of tables that holds anything.
func turnedOn(v eval.Value, depth int) bool {
	if depth > 8 {
		return true
	}
	switch v := v.(type) {
	case *eval.Array:
		for _, e := range v.Values() {
			if turnedOn(e, depth+1) {
				return true
			}
		}
		return false
	case *eval.Hash:
		for _, k := range v.Keys() {
			if turnedOn(v.Get(k), depth+1) {
				return true
			}
		}
		return false
	case *eval.Scalar:
		return turnedOn(v.Get(), depth+1)
	}
	return eval.ToBool(v)
}
