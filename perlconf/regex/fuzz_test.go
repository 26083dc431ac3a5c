package regex

import (
	"errors"
	"testing"
	"time"
)

// FuzzCompile: what the front end accepts, the engines accept as well.
func FuzzCompile(f *testing.F) {
	for _, c := range constructs {
		f.Add(c.pattern, c.flags)
	}
	f.Add(`(?|(?<a>x)|(?<b>y))(?(<a>)\g{a}|(?&b))`, "x")
	f.Fuzz(func(t *testing.T, pattern, flags string) {
		if len(pattern) > 300 {
			return
		}
		r, err := Compile(pattern, flags)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Offset < 0 || e.Offset > len(pattern) || e.Message == "" {
				t.Fatalf("%#v", err)
			}
			return
		}
		if err := r.Prepare(); err != nil {
			t.Fatalf("/%s/%s became %s: %v", pattern, flags, emitRegexp2(r.parsed, r.plain), err)
		}
		again, err := Compile(r.String(), "")
		if err != nil {
			t.Fatalf("%q: %v", r.String(), err)
		}
		if again.NumGroups() != r.NumGroups() {
			t.Fatalf("%q has %d groups, not %d", r.String(), again.NumGroups(), r.NumGroups())
		}
	})
}

// FuzzMatch: no panic, no hang, sound offsets; both engines agree whether there is a match.
func FuzzMatch(f *testing.F) {
	for _, c := range constructs {
		f.Add(c.pattern, c.subject, 0)
	}
	f.Fuzz(func(t *testing.T, pattern, subject string, from int) {
		if len(pattern) > 200 || len(subject) > 2000 {
			return
		}
		r, err := CompileOptions(pattern, "", Options{Timeout: 100 * time.Millisecond})
		if err != nil {
			return
		}
		m, err := r.MatchAt(subject, from)
		if err != nil {
			if !errors.Is(err, ErrUndecided) {
				t.Fatal(err)
			}
			return
		}
		if m != nil {
			if len(m.Loc) != 2*r.NumGroups()+2 {
				t.Fatalf("%d offsets for %d groups", len(m.Loc), r.NumGroups())
			}
			for _, at := range m.Loc {
				if at < -1 || at > len(subject) {
					t.Fatalf("offset %d in %d bytes", at, len(subject))
				}
			}
		}
		if r.re2 && from >= 0 && from <= len(subject) {
			slow, err := r.slowProgram()
			if err != nil {
				t.Fatal(err)
			}
			m2, err := r.matchSlow(slow, subject, from)
			if err == nil && (m == nil) != (m2 == nil) {
				t.Fatalf("/%s/ on %q from %d: re2 %v, regexp2 %v", pattern, subject, from, m, m2)
			}
		}
	})
}
