package lookup

import (
	"strings"

	"mavis/perlconf/diag"
	"mavis/perlconf/eval"
	"mavis/perlconf/source"
)

type aclEntry struct {
	text   string // as written, the matching key
	permit bool
	how    aclKind
	local  string
	lcase  string // local in lower case
	domain string // lower case; of a suffix with its leading dot
	origin *eval.Origin
}

type aclKind int

const (
	exactDomain  aclKind = iota
	domainSuffix         // .example.com: the domain and all below it
	fullAddress
	everything // the dot alone
)

func compileACL(a *eval.Array, at source.Span, bag *diag.Bag) *table {
	tb := &table{kind: List, origin: at, acl: make([]aclEntry, 0, len(a.Elems))}
	for _, s := range a.Elems {
		v := s.Get()
		if eval.IsRef(v) {
			help := ""
			if _, ok := v.(*eval.Regexp); ok {
				help = "a list of patterns is made by new_RE( )"
			}
			report(bag, diag.Warning, CodeEntry, elemOrigin(s, a.Origin), help,
				"a value of type %s in a list of addresses never matches", eval.Ref(v))
			continue
		}
		e := newACLEntry(eval.ToString(v))
		if s != nil {
			e.origin = s.Origin
		}
		tb.acl = append(tb.acl, e)
	}
	return tb
}

func newACLEntry(text string) aclEntry {
	key := strings.TrimLeft(text, "!")
	e := aclEntry{text: text, permit: (len(text)-len(key))%2 == 0}
	switch at := strings.LastIndexByte(key, '@'); {
	case at >= 0:
		e.how, e.local, e.lcase, e.domain = fullAddress, key[:at], lower(key[:at]), lower(key[at+1:])
	case key == ".":
		e.how = everything
	case strings.HasPrefix(key, "."):
		e.how, e.domain = domainSuffix, lower(key)
	default:
		e.domain = lower(key)
	}
	return e
}

func (e *aclEntry) matches(local, domain string, caseSensitive bool) bool {
	switch e.how {
	case everything:
		return true
	case domainSuffix:
		return domain == e.domain[1:] || strings.HasSuffix(domain, e.domain)
	case fullAddress:
		l := e.lcase
		if caseSensitive {
			l = e.local
		}
		return local == l && domain == e.domain
	}
	return domain == e.domain
}

func (tb *table) findACL(q *Query) (Result, bool) {
	if len(tb.acl) == 0 {
		return Result{}, false
	}
	local, domain := q.parts()
	if q.opt.Append != "" {
		domain += q.opt.Append
	}
	for i := range tb.acl {
		e := &tb.acl[i]
		if !e.matches(local, domain, q.opt.LocalpartCaseSensitive) {
			continue
		}
		r := Result{Value: int64(0), Key: e.text, Kind: List, Origin: tb.origin}
		if e.permit {
			r.Value = int64(1)
		}
		if e.origin != nil {
			r.Origin = e.origin.Span
		}
		return r, true
	}
	return Result{}, false
}
