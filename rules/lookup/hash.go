package lookup

import (
	"strings"

	"mavis/perlconf/eval"
	"mavis/perlconf/source"
)

type hashEntry struct {
	value  eval.Value
	origin *eval.Origin
}

func compileHash(h *eval.Hash, at source.Span) *table {
	tb := &table{kind: Hash, origin: at, hash: make(map[string]hashEntry, len(h.M))}
	for k, s := range h.M {
		if s == nil {
			tb.hash[k] = hashEntry{}
			continue
		}
		tb.hash[k] = hashEntry{value: s.Get(), origin: s.Origin}
	}
	return tb
}

func (tb *table) hashResult(q *Query, key string, e hashEntry) Result {
	r := Result{Value: e.value, Key: key, Kind: Hash, Origin: tb.origin}
	if e.origin != nil {
		r.Origin = e.origin.Span
	} else if at := Place(e.value); !at.IsZero() {
		r.Origin = at
	}
	if s, ok := e.value.(string); ok && strings.IndexByte(s, '$') >= 0 {
		r.Value = substitute(s, func(n int) string {
			if n < 1 || n > len(q.rhs) {
				return ""
			}
			return q.rhs[n-1]
		})
	}
	return r
}

func (tb *table) findHash(q *Query) (Result, bool) {
	if len(tb.hash) == 0 {
		return Result{}, false
	}
	for _, k := range q.Keys() {
		if e, ok := tb.hash[k]; ok {
			return tb.hashResult(q, k, e), true
		}
	}
	return Result{}, false
}

func (tb *table) allHash(q *Query, out []Result) []Result {
	if len(tb.hash) == 0 {
		return out
	}
	for _, k := range q.Keys() {
		if e, ok := tb.hash[k]; ok {
			out = append(out, tb.hashResult(q, k, e))
		}
	}
	return out
}

// substitute replaces $n, ${n} and $(n) in the right-hand side of an entry. A number that is no group becomes "".
func substitute(s string, group func(n int) string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		n, end := reference(s[i:])
		if end == 0 {
			b.WriteByte(s[i])
			i++
			continue
		}
		b.WriteString(group(n))
		i += end
	}
	return b.String()
}

// reference reads $n, ${n} or $(n) at the start of s; end is its length, 0 when there is none. A number too large to
// be a group is given as -1.
func reference(s string) (n, end int) {
	if len(s) < 2 || s[0] != '$' {
		return 0, 0
	}
	i, closing := 1, byte(0)
	switch s[1] {
	case '{':
		i, closing = 2, '}'
	case '(':
		i, closing = 2, ')'
	}
	start := i
	for ; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
		if n >= 0 {
			if n = n*10 + int(s[i]-'0'); n > 1<<20 {
				n = -1
			}
		}
	}
	if i == start {
		return 0, 0
	}
	if closing != 0 {
		if i == len(s) || s[i] != closing {
			return 0, 0
		}
		i++
	}
	return n, i
}
