package rules

import (
	"fmt"
	"strings"

	"mavis/perlconf/diag"
	"mavis/perlconf/eval"
	"mavis/perlconf/source"
	"mavis/rules/lookup"
	"mavis/rules/vars"
)

// twoLevel are the lists of tables whose results are themselves lists of tables.
var twoLevel = map[string]bool{"score_sender_maps": true, "banned_filename_maps": true,
	"per_recip_whitelist_sender_lookup_tables": true, "per_recip_blacklist_sender_lookup_tables": true}

// checkMembers reads every member of a policy once, so that faults are known before the first mail and tables are made
// while containers belong to the configuration. What a bank shares with the built-in one was read before.
func (b *binder) checkMembers(p *Policy) {
	for _, name := range b.cfg.members {
		if p != b.cfg.base && p.bank[name] == b.cfg.base.bank[name] {
			continue
		}
		v, ok := memberVar(name)
		if ok {
			b.checkMember(p, name, v)
		}
	}
}

func memberVar(name string) (vars.Var, bool) {
	for _, sigil := range []string{"$", "@", "%"} {
		if v, ok := vars.Find(sigil + name); ok && v.Group.InBank() {
			return v, true
		}
	}
	return vars.Var{}, false
}

func (b *binder) checkMember(p *Policy, name string, v vars.Var) {
	at := p.Origin(name)
	value := p.c(name)
	switch {
	case name == "client_ipaddr_policy":
		p.made.Store("client banks", p.clientPairs(b.bag))
	case name == "inet_acl" || name == "mynetworks_maps" || name == "ip_repu_ignore_maps":
		if b.isList(name, value, at) {
			b.cfg.compiler.Networks(value, name == "inet_acl", b.bag)
		}
	case twoLevel[name]:
		b.checkTables(name, value, at, v)
		b.nested(value)
	case v.Kind == vars.Maps || v.Kind == vars.ACL || v.Kind == vars.RETable:
		b.checkTables(name, value, at, v)
	case v.Kind == vars.ByCCat:
		b.checkByCCat(name, value, at)
	case v.Kind == vars.Scanners || name == "spam_scanners":
		b.checkScanners(p, name, value, at)
	case v.Kind == vars.Decoders:
		p.made.Store("all decoders", b.decoders(value, at))
	default:
		b.checkScalar("$"+name, v, value, at)
	}
}

// isList wants what amavisd's ca() can use: an array, or a plain value as a list of one.
func (b *binder) isList(name string, v eval.Value, at source.Span) bool {
	if a, ok := v.(*eval.Array); ok && a.Class == "" || v != nil && !eval.IsRef(v) || v == nil {
		return true
	}
	b.bag.Add(diag.Diagnostic{Code: CodeNotList, Severity: diag.Error, Span: at, Help: "put it into [ ]",
		Message: fmt.Sprintf("%s wants a list of tables, and this is of type %s", name, eval.Ref(v))})
	return false
}

func (b *binder) checkTables(name string, v eval.Value, at source.Span, def vars.Var) {
	if def.Sigil() == '@' && def.Kind == vars.Maps && !b.isList(name, v, at) {
		return
	}
	t := b.cfg.compiler.Tables(v, b.bag)
	t.SetLabel(strings.TrimSuffix(name, "_maps"))
}

// nested makes the lists of tables that stand as values in the tables of a list.
func (b *binder) nested(v eval.Value) {
	list, ok := v.(*eval.Array)
	if !ok || list.Class != "" {
		list = eval.NewArray(v)
	}
	for _, e := range list.Elems {
		t := e.Get()
		if s, ok := t.(*eval.Scalar); ok && s.Class == "" {
			t = s.Get()
		}
		switch x := t.(type) {
		case *eval.Hash:
			for _, k := range x.Keys() {
				b.inner(x.Get(k))
			}
		case *eval.Array:
			if x.Class != "Amavis::Lookup::RE" {
				break
			}
			for _, e := range x.Values() {
				if pair, ok := e.(*eval.Array); ok {
					b.inner(pair.Get(1))
				}
			}
		}
	}
}

func (b *binder) inner(v eval.Value) {
	if a, ok := v.(*eval.Array); ok {
		b.cfg.compiler.Tables(a, b.bag)
	}
}

// perRecipient says that the values of a by-category table are lookup tables for each recipient.
func perRecipient(table string) bool { return strings.HasSuffix(table, "_maps_by_ccat") }

func (b *binder) checkByCCat(name string, v eval.Value, at source.Span) {
	h, ok := v.(*eval.Hash)
	if !ok || h.Class != "" {
		b.bag.Errorf(CodeNotList, at, "%s wants a hash by contents category, and this is %s", name, describe(v))
		return
	}
	for _, k := range h.Keys() {
		where := elemSpan(h, k)
		if !isCCatKey(k) {
			b.bag.Add(diag.Diagnostic{Code: CodeCCat, Severity: diag.Warning, Span: where, Help: ccatHelp(k),
				Message: fmt.Sprintf("%q is no contents category; this entry of %%%s has no effect", k, name)})
			continue
		}
		switch x := h.Get(k).(type) {
		case *eval.Code:
			b.cfg.late(x)
		case *eval.Array:
			if perRecipient(name) {
				b.cfg.compiler.Tables(x, b.bag)
			}
		case *eval.Scalar, nil:
		default:
			if eval.IsRef(x) && perRecipient(name) {
				b.bag.Errorf(CodeNotList, where, "this entry of %%%s wants a list of tables, and it is %s", name, describe(x))
			} else if name == "final_destiny_maps_by_ccat" && !eval.IsRef(x) {
				b.checkDestiny("this entry of %"+name, x, where)
			}
		}
	}
}

func isCCatKey(k string) bool {
	major, minor, has := strings.Cut(k, ",")
	if len(major) != 1 || major[0] < '0' || major[0] > '9' {
		return false
	}
	if !has {
		return true
	}
	n, whole := eval.ParseNumber(minor)
	i, isInt := n.(int64)
	return whole && isInt && i > 0
}

func ccatHelp(key string) string {
	if strings.HasPrefix(key, "CC_") {
		return "a bare word before => or in { } is text: write " + strings.SplitN(key, ",", 2)[0] + "() or +" + key
	}
	return ""
}

func describe(v eval.Value) string {
	switch {
	case v == nil:
		return "undef"
	case eval.IsRef(v):
		return "of type " + eval.Ref(v)
	}
	return "a plain value"
}

// checkScalar looks at the values that are numbers by their nature.
func (b *binder) checkScalar(name string, v vars.Var, value eval.Value, at source.Span) {
	switch v.Kind {
	case vars.Bool, vars.Int, vars.Number, vars.Bytes, vars.Seconds, vars.Score, vars.Level, vars.Destiny:
	default:
		return
	}
	if _, code := value.(*eval.Code); v.Sigil() != '$' || value == nil || code {
		return
	}
	switch {
	case eval.IsRef(value):
		b.bag.Errorf(CodeNotScalar, at, "%s wants a plain value, and this is of type %s", name, eval.Ref(value))
	case v.Kind == vars.Destiny:
		b.checkDestiny(name, value, at)
	case v.Kind != vars.Bool && !eval.LooksLikeNumber(value) && eval.ToString(value) != "":
		b.bag.Warnf(CodeNotNumber, at, "%s wants a number; %q counts as %s", name, eval.ToString(value),
			eval.ToString(eval.ToNumber(value)))
	}
}

func (b *binder) checkDestiny(name string, v eval.Value, at source.Span) {
	if _, ok := DestinyOf(v); !ok {
		b.bag.Add(diag.Diagnostic{Code: CodeDestiny, Severity: diag.Error, Span: at,
			Message: fmt.Sprintf("%s: %q is no destiny", name, eval.ToString(v)),
			Help:    "use one of D_PASS, D_DISCARD, D_BOUNCE, D_REJECT, D_TEMPFAIL, without quotes"})
	}
}

// DestinyOf reads a destiny; undef is Pass. A value that is none is not ok and gives TempFail.
func DestinyOf(v eval.Value) (Destiny, bool) {
	if v == nil {
		return Pass, true
	}
	if !eval.LooksLikeNumber(v) {
		return TempFail, false
	}
	switch d := Destiny(eval.ToInt(v)); d {
	case TempFail, Reject, Bounce, Discard, Pass:
		return d, true
	}
	return TempFail, false
}

type clientPair struct {
	nets  *lookup.Networks
	banks []string
}

// clientPairs reads @client_ipaddr_policy.
func (p *Policy) clientPairs(bag *diag.Bag) []clientPair {
	var out []clientPair
	list, _ := p.c("client_ipaddr_policy").(*eval.Array)
	if list == nil {
		return nil
	}
	n := list.Len()
	if n%2 != 0 && bag != nil {
		bag.Warnf(CodePairs, p.Origin("client_ipaddr_policy"),
			"@client_ipaddr_policy holds pairs of a table and names of policy banks; its last element has no partner and is ignored")
	}
	for i := 0; i+1 < n; i += 2 {
		names := list.Get(i + 1)
		if names == nil {
			continue
		}
		pair := clientPair{nets: p.cfg.compiler.Networks(list.Get(i), true, bag), banks: BankNames(eval.ToString(names))}
		for _, b := range pair.banks {
			if p.cfg.banks[b] == nil && b != "MYNETS" && bag != nil {
				bag.Warnf(CodeUnknownBank, p.Origin("client_ipaddr_policy"), "policy bank %q is not defined", b)
			}
		}
		out = append(out, pair)
	}
	return out
}

// BankNames takes a comma list of names of policy banks apart.
func BankNames(list string) []string {
	var out []string
	for _, n := range strings.Split(list, ",") {
		if n = strings.TrimSpace(n); n != "" {
			out = append(out, n)
		}
	}
	return out
}
