package lookup

import (
	"fmt"
	"strings"

	"mavis/perlconf/diag"
	"mavis/perlconf/eval"
	"mavis/perlconf/regex"
	"mavis/perlconf/source"
)

type reEntry struct {
	re     *regex.Regexp
	key    string
	value  eval.Value
	groups bool // the value refers to groups
	origin source.Span
	err    error
}

// matchAll is the pattern amavisd puts in place of an empty one.
const matchAll = "(?:)"

func compileRE(a *eval.Array, at source.Span, bag *diag.Bag) *table {
	tb := &table{kind: Regexps, origin: at, res: make([]reEntry, 0, len(a.Elems))}
	for _, s := range a.Elems {
		var pattern, value eval.Value = s.Get(), int64(1)
		where := elemOrigin(s, a.Origin)
		if pair, ok := pattern.(*eval.Array); ok && pair.Class == "" {
			if len(pair.Elems) > 2 {
				report(bag, diag.Warning, CodePair, where, "", "only the first two of %d values in this entry count", len(pair.Elems))
			}
			if len(pair.Elems) >= 2 {
				value = pair.Get(1)
			}
			pattern = pair.Get(0)
		}
		tb.res = append(tb.res, newREEntry(pattern, value, where, bag))
	}
	return tb
}

func newREEntry(pattern, value eval.Value, where source.Span, bag *diag.Bag) reEntry {
	e := reEntry{value: value, origin: where}
	if s, ok := value.(string); ok {
		e.groups = strings.IndexByte(s, '$') >= 0
	}
	var err error
	switch p := pattern.(type) {
	case *eval.Regexp:
		if !p.Span.IsZero() {
			e.origin = p.Span
		}
		e.key, e.re = p.String(), p.RE
		if e.re == nil {
			e.re, err = regex.Compile(p.Pattern, p.Flags)
		}
	default:
		if eval.IsRef(p) {
			err = fmt.Errorf("a value of type %s is no pattern", eval.Ref(p))
			break
		}
		if e.key = eval.ToString(p); e.key == "" {
			e.key = "(?^:" + matchAll + ")"
			e.re, err = regex.Compile(matchAll, "")
			break
		}
		e.re, err = regex.Compile(e.key, "")
	}
	if err != nil {
		report(bag, diag.Error, CodePattern, e.origin, "", "pattern cannot be used: %v", err)
		e.err = fmt.Errorf("%s: pattern %s: %w", e.origin, e.key, err)
	}
	return e
}

// match tries one entry. For a value with references it also gives the value with the groups put in.
func (e *reEntry) match(q *Query) (Result, bool, error) {
	if e.err != nil {
		return Result{}, false, e.err
	}
	r := Result{Value: e.value, Key: e.key, Kind: Regexps, Origin: e.origin}
	if q.list == nil {
		ok, err := e.try(q.text(), &r)
		return r, ok, err
	}
	for _, s := range q.list {
		if ok, err := e.try(s, &r); ok || err != nil {
			return r, ok, err
		}
	}
	return r, false, nil
}

func (e *reEntry) try(subject string, r *Result) (bool, error) {
	if !e.groups {
		ok, err := e.re.Match(subject)
		if err != nil {
			err = fmt.Errorf("%s: pattern %s: %w", e.origin, e.key, err)
		}
		return ok, err
	}
	m, err := e.re.MatchAt(subject, 0)
	if err != nil {
		return false, fmt.Errorf("%s: pattern %s: %w", e.origin, e.key, err)
	}
	if m == nil {
		return false, nil
	}
	r.Value = substitute(e.value.(string), func(n int) string {
		switch {
		case len(m.Loc) == 2 && n == 1:
			return "1" // without groups a match gives the list (1), and $1 is its only element
		case n < 1 || 2*n+1 >= len(m.Loc) || m.Loc[2*n] < 0:
			return ""
		}
		return subject[m.Loc[2*n]:m.Loc[2*n+1]]
	})
	return true, nil
}

func (tb *table) findRE(q *Query) (Result, bool, error) {
	for i := range tb.res {
		if r, ok, err := tb.res[i].match(q); ok || err != nil {
			return r, ok, err
		}
	}
	return Result{}, false, nil
}

func (tb *table) allRE(q *Query, out []Result) ([]Result, error) {
	for i := range tb.res {
		r, ok, err := tb.res[i].match(q)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, r)
		}
	}
	return out, nil
}
