package eval

import (
	"context"
	"testing"
	"time"

	"mavis/perlconf/source"
)

// FuzzEval: no text may make the evaluator panic, hang or take more memory than its limits allow.
func FuzzEval(f *testing.F) {
	for _, c := range readTable(f) {
		f.Add(c.code)
	}
	debugPanics = true
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 4096 {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		in := New(Options{Host: newMem(), MaxSteps: 100_000, MaxBytes: 1 << 20, MaxDepth: 50, Context: ctx})
		start := time.Now()
		_, _ = in.RunSource(source.New("fuzz", []byte(text)))
		if d := time.Since(start); d > 4*time.Second {
			t.Errorf("took %v", d)
		}
	})
}
