// Package diag describes what is wrong, or could be better, in a configuration: a stable code, a place, related
// places and fixes; it collects diagnostics and writes them for people and programs.
package diag

import (
	"fmt"
	"sort"

	"mavis/perlconf/source"
)

// Severity orders diagnostics; only Error stops a configuration from being used.
type Severity int

const (
	Info Severity = iota
	Warning
	Error
)

// String is the word shown to people.
func (s Severity) String() string { return [...]string{"info", "warning", "error"}[s] }

// Diagnostic is one finding. Message says what is wrong in one line; Help says what to do.
type Diagnostic struct {
	Code     string // stable: a family letter and three digits, such as P001
	Severity Severity
	Span     source.Span
	Message  string
	Help     string
	Related  []Related
	Fixes    []Fix
}

// Related is another place that matters, such as "overwritten here".
type Related struct {
	Span    source.Span
	Message string
}

// Fix is a change of text that mends the finding. A fix that may change meaning is not Safe.
type Fix struct {
	Message string
	Safe    bool
	Edits   []Edit
}

// Edit replaces the text of a span.
type Edit struct {
	Span source.Span
	New  string
}

// Error makes a single diagnostic usable as an error: FILE:LINE:COLUMN: message [CODE].
func (d Diagnostic) Error() string {
	if d.Span.IsZero() {
		return fmt.Sprintf("%s [%s]", d.Message, d.Code)
	}
	return fmt.Sprintf("%s: %s [%s]", d.Span, d.Message, d.Code)
}

// Bag collects diagnostics. The zero Bag is ready; it is not safe for use by several goroutines.
type Bag struct {
	All []Diagnostic
	Max int // 0 means 1000; further ones are counted, not kept
	cut int
}

// Add keeps a diagnostic.
func (b *Bag) Add(d Diagnostic) {
	limit := b.Max
	if limit == 0 {
		limit = 1000
	}
	if len(b.All) >= limit {
		b.cut++
		return
	}
	b.All = append(b.All, d)
}

// Errorf adds an error.
func (b *Bag) Errorf(code string, span source.Span, format string, args ...any) {
	b.Add(Diagnostic{Code: code, Severity: Error, Span: span, Message: fmt.Sprintf(format, args...)})
}

// Warnf adds a warning.
func (b *Bag) Warnf(code string, span source.Span, format string, args ...any) {
	b.Add(Diagnostic{Code: code, Severity: Warning, Span: span, Message: fmt.Sprintf(format, args...)})
}

// HasErrors says whether an error was added.
func (b *Bag) HasErrors() bool {
	for _, d := range b.All {
		if d.Severity == Error {
			return true
		}
	}
	return false
}

// Dropped is how many diagnostics were over the limit.
func (b *Bag) Dropped() int { return b.cut }

// Sort orders by file in order of first mention, then by place.
func (b *Bag) Sort() {
	rank := map[*source.File]int{}
	for _, d := range b.All {
		if _, ok := rank[d.Span.File]; !ok {
			rank[d.Span.File] = len(rank)
		}
	}
	sort.SliceStable(b.All, func(i, j int) bool {
		a, c := b.All[i].Span, b.All[j].Span
		if a.File != c.File {
			return rank[a.File] < rank[c.File]
		}
		return a.Start < c.Start
	})
}
