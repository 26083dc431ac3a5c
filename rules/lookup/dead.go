package lookup

import (
	"strings"

	"mavis/perlconf/eval"
	"mavis/perlconf/source"
)

// Dead is an entry, or a whole table, that a lookup of the first match never comes to.
type Dead struct {
	Text string      // the entry as written; "" for a whole table
	At   source.Span // its place; zero where it has none
	By   string      // the entry that takes all its keys
	ByAt source.Span
	// Same says that both entries mean the same, so that one is only superfluous.
	Same bool
}

// maxDead bounds what one list of tables reports, and how many networks are compared with each other.
const (
	maxDead     = 100
	maxCompared = 2000
	maxLabels   = 40 // of a domain whose parents are looked for
)

// cover is an entry that matches every key.
type cover struct {
	text  string
	at    source.Span
	value eval.Value
}

// Dead gives the entries that stand behind others which match all that they match. Tables that are code, or live in
// databases, count as matching nothing.
func (t *Tables) Dead() []Dead {
	if t == nil {
		return nil
	}
	var out []Dead
	var all *cover
	for _, tb := range t.list {
		if len(out) >= maxDead {
			break
		}
		if tb.kind == Label || tb.err != nil || tb.empty() {
			continue
		}
		if all != nil {
			out = append(out, Dead{At: tb.origin, Text: tb.text(), By: all.text, ByAt: all.at, Same: tb.says(all.value)})
			continue
		}
		switch tb.kind {
		case Constant, Opaque:
			all = &cover{eval.ToString(tb.value), tb.origin, tb.value}
		case Hash:
			if e, ok := tb.hash["."]; ok && e.value != nil {
				all = &cover{"'.'", hashSpan(tb, e), e.value}
			}
		case List:
			out, all = tb.deadACL(out)
		case Regexps:
			out, all = tb.deadRE(out)
		}
	}
	return out
}

func (tb *table) text() string {
	if tb.kind == Constant {
		return eval.ToString(tb.value)
	}
	return ""
}

// says tells whether all entries of a table have the same value.
func (tb *table) says(value eval.Value) bool {
	want := eval.ToString(value)
	switch tb.kind {
	case Constant, Opaque:
		return eval.ToString(tb.value) == want
	case Hash:
		for _, e := range tb.hash {
			if eval.ToString(e.value) != want {
				return false
			}
		}
	case List:
		for i := range tb.acl {
			if tb.acl[i].permit != (want == "1") {
				return false
			}
		}
	case Regexps:
		for i := range tb.res {
			if tb.res[i].groups || eval.ToString(tb.res[i].value) != want {
				return false
			}
		}
	default:
		return false
	}
	return true
}

// empty says that a table was written, but holds nothing.
func (tb *table) empty() bool {
	switch tb.kind {
	case Hash:
		return len(tb.hash) == 0
	case List:
		return len(tb.acl) == 0
	case Regexps:
		return len(tb.res) == 0
	}
	return false
}

func hashSpan(tb *table, e hashEntry) source.Span {
	if e.origin != nil {
		return e.origin.Span
	}
	return tb.origin
}

func (tb *table) deadACL(out []Dead) ([]Dead, *cover) {
	var all *cover
	seen := map[string]*aclEntry{} // by local part and domain; "." before the domain of a suffix
	for i := range tb.acl {
		e := &tb.acl[i]
		by := e.taker(seen)
		if all == nil && by == nil {
			if e.how == everything {
				all = &cover{text: e.text, at: tb.entryAt(e)}
				seen["."] = e
				continue
			}
			seen[e.local+"@"+e.domain] = e
			continue
		}
		if by == nil {
			by = seen["."]
		}
		if len(out) < maxDead {
			out = append(out, Dead{Text: e.text, At: tb.entryAt(e), By: by.text, ByAt: tb.entryAt(by), Same: by.permit == e.permit})
		}
	}
	if all != nil {
		all.value = int64(0)
		if seen["."].permit {
			all.value = int64(1)
		}
	}
	return out, all
}

func (tb *table) entryAt(e *aclEntry) source.Span {
	if e.origin != nil {
		return e.origin.Span
	}
	return tb.origin
}

// taker finds an earlier entry that matches all that e matches.
func (e *aclEntry) taker(seen map[string]*aclEntry) *aclEntry {
	if by := seen["."]; by != nil {
		return by
	}
	if e.how == everything {
		return nil
	}
	if by := seen[e.local+"@"+e.domain]; by != nil && by.how == e.how {
		return by
	}
	domain := e.domain
	if e.how == fullAddress {
		if by := seen["@"+domain]; by != nil && by.how == exactDomain {
			return by
		}
	}
	if e.how != domainSuffix {
		domain = "." + domain
	}
	for n := 0; strings.HasPrefix(domain, ".") && n < maxLabels; n++ {
		if by := seen["@"+domain]; by != nil && by.how == domainSuffix && by != e {
			return by
		}
		next := strings.IndexByte(domain[1:], '.')
		if next < 0 {
			break
		}
		domain = domain[1+next:]
	}
	return nil
}

// takesAll are patterns that match every address.
var takesAll = map[string]bool{"": true, "^": true, "$": true, ".*": true, "^.*": true, "^.*$": true, ".*$": true, "(.*)": true,
	"^(.*)$": true, matchAll: true}

func (tb *table) deadRE(out []Dead) ([]Dead, *cover) {
	var all *cover
	same := map[string]*reEntry{}
	for i := range tb.res {
		e := &tb.res[i]
		if e.err != nil {
			continue
		}
		if all != nil {
			if len(out) < maxDead {
				out = append(out, Dead{Text: e.key, At: e.origin, By: all.text, ByAt: all.at,
					Same: !e.groups && eval.ToString(e.value) == eval.ToString(all.value)})
			}
			continue
		}
		if by := same[e.key]; by != nil && by.value != nil {
			if len(out) < maxDead {
				out = append(out, Dead{Text: e.key, At: e.origin, By: by.key, ByAt: by.origin,
					Same: eval.ToString(e.value) == eval.ToString(by.value)})
			}
			continue
		}
		same[e.key] = e
		if takesAll[bare(e.key)] {
			all = &cover{e.key, e.origin, e.value}
		}
	}
	if all != nil && all.value == nil {
		return out, nil // the next table is asked
	}
	return out, all
}

// bare is a pattern as Perl prints it, without (?^flags:…).
func bare(key string) string {
	if strings.HasPrefix(key, "(?^") && strings.HasSuffix(key, ")") {
		if i := strings.IndexByte(key, ':'); i > 0 {
			return key[i+1 : len(key)-1]
		}
	}
	return key
}

// Dead gives the networks that stand behind others which hold them.
func (n *Networks) Dead() []Dead {
	if n == nil {
		return nil
	}
	var out []Dead
	for _, tb := range n.list {
		if tb.kind == Constant {
			break
		}
		if tb.kind != NetList {
			continue
		}
		for i := range min(len(tb.nets), maxCompared) {
			e := &tb.nets[i]
			for j := range i {
				by := &tb.nets[j]
				if e.err != nil || by.err != nil || by.bits > e.bits || !e.net.within(by.net, by.bits) || len(out) >= maxDead {
					continue
				}
				out = append(out, Dead{Text: e.text, At: tb.netAt(e), By: by.text, ByAt: tb.netAt(by), Same: by.permit == e.permit})
				break
			}
		}
	}
	return out
}

func (tb *netTable) netAt(e *netEntry) source.Span {
	if e.origin != nil {
		return e.origin.Span
	}
	return tb.origin
}

// Exact is a domain that a list of addresses names without what lies below it.
type Exact struct {
	Domain string
	At     source.Span
}

// Exact gives the domains that lists of addresses permit without an entry .DOMAIN in the same list.
func (t *Tables) Exact() []Exact {
	if t == nil {
		return nil
	}
	var out []Exact
	for _, tb := range t.list {
		if tb.kind != List {
			continue
		}
		suffixes := map[string]bool{}
		for i := range tb.acl {
			suffixes[tb.acl[i].domain] = tb.acl[i].how == domainSuffix
		}
		for i := range tb.acl {
			e := &tb.acl[i]
			if e.how == exactDomain && e.permit && e.domain != "" && !suffixes["."+e.domain] && len(out) < maxDead {
				out = append(out, Exact{e.domain, tb.entryAt(e)})
			}
		}
	}
	return out
}
