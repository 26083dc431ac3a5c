package lookup

import (
	"slices"
	"strings"

	"mavis/perlconf/eval"
	"mavis/perlconf/source"
)

// Odd is a key of a table of addresses that no address matches.
type Odd struct {
	Key string
	At  source.Span
	Why OddKind
}

// OddKind says what is wrong with a key.
type OddKind int

// What is wrong with a key. Case is about hashes only: the address that is looked up was made lower case, and the key
// matches only addresses that are written just so.
const (
	Case     OddKind = iota // capital letters
	Wildcard                // a star, which stands for itself
	AtDomain                // @example.com, which is an address without local part
	Blank                   // a blank
)

// maxOdd bounds what one list of tables reports.
const maxOdd = 50

// Odd gives the keys of hashes and lists that cannot match an address. With nested the values of entries are lists of
// tables themselves, as in @score_sender_maps.
func (t *Tables) Odd(opt *Options, nested bool) []Odd {
	if t == nil {
		return nil
	}
	var out []Odd
	inner := func(v eval.Value) {
		if a, ok := v.(*eval.Array); ok && nested && a.Class == "" && len(out) < maxOdd {
			out = append(out, t.c.Tables(a, nil).Odd(opt, false)...)
		}
	}
	for _, tb := range t.list {
		switch tb.kind {
		case Hash:
			for _, k := range tb.sortedKeys() {
				e := tb.hash[k]
				inner(e.value)
				if why, odd := oddKey(k, true, opt); odd && len(out) < maxOdd {
					out = append(out, Odd{k, hashSpan(tb, e), why})
				}
			}
		case List:
			for i := range tb.acl {
				e := &tb.acl[i]
				if why, odd := oddKey(strings.TrimLeft(e.text, "!"), false, opt); odd && len(out) < maxOdd {
					out = append(out, Odd{e.text, tb.entryAt(e), why})
				}
			}
		case Regexps:
			for i := range tb.res {
				inner(tb.res[i].value)
			}
		}
	}
	return out
}

func (tb *table) sortedKeys() []string {
	keys := make([]string, 0, len(tb.hash))
	for k := range tb.hash {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func oddKey(key string, hash bool, opt *Options) (OddKind, bool) {
	local, domain := SplitAddress(key)
	switch {
	case strings.ContainsAny(key, " \t\r\n") && !strings.Contains(key, `"`):
		return Blank, true
	case strings.HasPrefix(key, "*") && (len(key) == 1 || key[1] == '@' || key[1] == '.') || strings.HasPrefix(domain, "@*") || strings.HasPrefix(domain, "*"):
		return Wildcard, true
	case len(key) > 1 && key[0] == '@':
		return AtDomain, true
	case hash && strings.Contains(key, "@") && (lower(domain) != domain || !opt.LocalpartCaseSensitive && lower(local) != local):
		return Case, true
	case hash && !strings.Contains(key, "@") && lower(key) != key:
		return Case, true
	}
	return 0, false
}
