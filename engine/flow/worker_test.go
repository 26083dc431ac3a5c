package flow

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"mavis/perlconf/diag"
	"mavis/rules"
	"mavis/rules/load"
)

func configured(t *testing.T, text string) *rules.Config {
	t.Helper()
	name := filepath.Join(t.TempDir(), "amavisd.conf")
	if err := os.WriteFile(name, []byte(text+"\n1;\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	res, err := load.Files(load.Options{StubMissing: true}, name)
	if err != nil {
		t.Fatal(err)
	}
	return rules.Bind(res.Vars, &diag.Bag{})
}

// A worker retires after its share of messages: its connections end, and the next one has another number.
func TestWorkersRetire(t *testing.T) {
	cfg := configured(t, "$max_requests = 2;")
	var retired []int
	f := New(Options{Config: cfg, IDs: NewLogIDs(500), Retire: func(n int) { retired = append(retired, n) }})
	var ids []string
	for _, slot := range []int{1, 2, 1, 1, 2} {
		w := f.begin(slot)
		w.tasks++
		ids = append(ids, w.id())
		f.finish(w)
	}
	if want := []string{"00500-01", "00501-01", "00500-02", "00502-01", "00501-02"}; !slices.Equal(ids, want) || !slices.Equal(retired, []int{1, 2}) {
		t.Error(ids, retired)
	}
	w, now := f.begin(1), time.Now()
	for _, c := range []struct {
		idle time.Duration
		keep bool
	}{{20 * time.Second, false}, {10 * time.Second, false}, {time.Second, true}, {10 * time.Second, true}} {
		w.done = now
		if f.pace(w, now.Add(c.idle)); w.keep != c.keep {
			t.Errorf("after %v: %v", c.idle, w.keep)
		}
	}
}
