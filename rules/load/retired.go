package load

import (
	"fmt"

	"mavis/perlconf/diag"
	"mavis/perlconf/eval"
	"mavis/perlconf/source"
	"mavis/rules/vars"
)

// retired watches a variable that no longer does anything. Like the original it warns when the value changes, by the
// comparison that fits its kind, and keeps the new value.
type retired struct {
	name, kind string
	value      eval.Value
	scalar     *eval.Scalar
	l          *loader
	sets       int
	changes    []int // which of the sets changed the value
}

// Get gives the value.
func (r *retired) Get() eval.Value { return r.value }

// Set keeps a value and remembers whether it was a change.
func (r *retired) Set(v eval.Value) error {
	if r.changed(v) {
		r.changes = append(r.changes, r.sets)
	}
	r.sets++
	r.value = v
	return nil
}

func (r *retired) changed(v eval.Value) bool {
	if r.value == nil && v == nil {
		return false
	}
	switch r.kind {
	case "bool":
		return eval.ToBool(r.value) != eval.ToBool(v)
	case "num":
		return r.value == nil || v == nil || eval.ToFloat(r.value) != eval.ToFloat(v)
	}
	return r.value == nil || v == nil || eval.ToString(r.value) != eval.ToString(v)
}

// reportRetired turns the changes into warnings. Their places are taken from the chain of origins, which the evaluator
// writes after it has set a value.
func (l *loader) reportRetired() {
	for _, r := range l.retired {
		var spans []source.Span
		for o := r.scalar.Origin; o != nil; o = o.Prev {
			spans = append([]source.Span{o.Span}, spans...)
		}
		v, _ := vars.Find(r.name)
		for _, n := range r.changes {
			var at source.Span
			if len(spans) > 0 {
				at = spans[min(n, len(spans)-1)]
			}
			l.opt.Bag.Add(diag.Diagnostic{Code: CodeRetired, Severity: diag.Warning, Span: at,
				Message: fmt.Sprintf("%s was retired; changing it does nothing", r.name), Help: v.Help})
		}
	}
}
