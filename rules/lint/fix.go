package lint

import (
	"sort"
	"strings"

	"mavis/perlconf/diag"
	"mavis/perlconf/source"
)

// Fixed is what Apply made.
type Fixed struct {
	Text    map[*source.File][]byte // the new text of files that changed
	Applied int                     // fixes that were made
	Left    int                     // fixes that were not: unsafe, or in the way of another
}

// Apply makes the fixes of diagnostics: of each its first that may be made. A fix is made whole or not at all; one that
// touches what another has changed is left for a second run. Bytes outside of the edits stay as they are.
func Apply(ds []diag.Diagnostic, unsafe bool) Fixed {
	out := Fixed{Text: map[*source.File][]byte{}}
	edits := map[*source.File][]diag.Edit{}
	for _, d := range ds {
		if len(d.Fixes) == 0 {
			continue
		}
		made := false
		for _, f := range d.Fixes {
			if (f.Safe || unsafe) && len(f.Edits) > 0 && fits(edits, f.Edits) {
				for _, e := range f.Edits {
					if !holds(edits[e.Span.File], e) {
						edits[e.Span.File] = append(edits[e.Span.File], e)
					}
				}
				made = true
				break
			}
		}
		if made {
			out.Applied++
		} else {
			out.Left++
		}
	}
	for f, es := range edits {
		sort.Slice(es, func(i, j int) bool { return es[i].Span.Start < es[j].Span.Start })
		var b strings.Builder
		at := 0
		for _, e := range es {
			b.Write(f.Text[at:e.Span.Start])
			b.WriteString(e.New)
			at = e.Span.End
		}
		b.Write(f.Text[at:])
		out.Text[f] = []byte(b.String())
	}
	return out
}

// fits says that edits have a place, do not overlap those made already, and are not nested in each other.
func fits(made map[*source.File][]diag.Edit, es []diag.Edit) bool {
	for i, e := range es {
		f := e.Span.File
		if f == nil || e.Span.Start < 0 || e.Span.End < e.Span.Start || e.Span.End > len(f.Text) {
			return false
		}
		for _, o := range made[f] {
			if overlap(e, o) && e != o {
				return false
			}
		}
		for _, o := range es[:i] {
			if o.Span.File == f && overlap(e, o) {
				return false
			}
		}
	}
	return true
}

func holds(es []diag.Edit, e diag.Edit) bool {
	for _, o := range es {
		if o == e {
			return true
		}
	}
	return false
}

// overlap also holds for two insertions at one place, whose order would be left to chance.
func overlap(a, b diag.Edit) bool {
	if a.Span.Start == b.Span.Start {
		return true
	}
	return a.Span.Start < b.Span.End && b.Span.Start < a.Span.End
}
