// Package report sums records up and writes them: text, JSON lines, CSV, one HTML page. What it keeps does not grow with
// the number of mails.
package report

import (
	"cmp"
	"slices"
	"time"

	"mavis/compat/rehearse"
	"mavis/compat/rehearse/answer"
)

// Bounds of what a Tally keeps.
const (
	maxGroups   = 2000 // causes told apart
	maxExamples = 3    // mails named for a cause
	maxFindings = 200
	slowest     = 20
)

// Tally sums up records. The zero value is ready; it is for one goroutine.
type Tally struct {
	// Title says what was compared with what.
	Title, Then, Now string
	// Samples is how many records are kept whole, those that changed first; 0 keeps none.
	Samples int

	Mails, Changed, Alone, Unjudged int64
	Alike                           int64 // with nothing to tell: compared, and the same
	Resumed                         int64 // of Mails, those of an earlier run
	Bytes                           int64
	// Verdicts are counts by verdict then and now; then is "" when there is nothing to compare with.
	Verdicts map[Pair]int64
	// Destinies counts recipients by what becomes of them now.
	Destinies map[string]int64
	Notices   map[string]int64
	Held      int64
	// Troubles is how many mails of an old log ended without a verdict, Trouble what it says of some.
	Troubles int64
	Trouble  []string
	// Same counts by aspect the mails compared and, of them, those that agree.
	Compared map[string]int64
	Same     map[string]int64
	Causes   map[string]*Cause
	More     int64 // changes of causes beyond maxGroups
	Findings []Finding
	Slow     []Slow
	Millis   float64 // of all mails together
	Scored   int64
	Score    float64 // sum
	kept     []*rehearse.Record
	plain    int // of kept, those that did not change
}

// Pair is a verdict then and now.
type Pair struct{ Then, Now string }

// Cause is a pair of rules behind changes. The change is that of the first mail, in its most important aspect.
type Cause struct {
	answer.Change
	Count    int64            // of mails
	Aspects  map[string]int64 // mails by what changed
	Examples []string
}

// Finding is a mail that could not be judged as the others.
type Finding struct{ Mail, What string }

// Slow is a mail that took long.
type Slow struct {
	Mail    string
	Millis  float64
	Size    int64
	Verdict string
}

// Add counts a record.
func (t *Tally) Add(r *rehearse.Record) {
	if t.Verdicts == nil {
		t.Verdicts, t.Destinies, t.Notices, t.Causes = map[Pair]int64{}, map[string]int64{}, map[string]int64{}, map[string]*Cause{}
		t.Compared, t.Same = map[string]int64{}, map[string]int64{}
	}
	t.Mails++
	t.Bytes += r.Size
	if len(r.Changes) > 0 {
		t.Changed++
	}
	if r.Alone {
		t.Alone++
	}
	if r.Finding != "" {
		t.Unjudged++
		if len(t.Findings) < maxFindings {
			t.Findings = append(t.Findings, Finding{r.Mail, r.Finding})
		}
	}
	if len(r.Changes) == 0 && !r.Alone && r.Finding == "" {
		t.Alike++
	}
	t.verdict(r)
	t.causes(r)
	t.sample(r)
}

func (t *Tally) verdict(r *rehearse.Record) {
	p := Pair{Now: "Unreadable"}
	if r.Then != nil {
		p.Then = r.Then.Verdict()
	}
	if r.Now != nil {
		p.Now = r.Now.Verdict()
		t.Millis += r.Now.Millis
		t.slow(Slow{r.Mail, r.Now.Millis, r.Size, p.Now})
		for i := range r.Now.Recipients {
			t.Destinies[r.Now.Recipients[i].Destiny]++
		}
		for _, n := range r.Now.Notices {
			t.Notices[n.Kind]++
		}
		if len(r.Now.Quarantine) > 0 {
			t.Held++
		}
		if r.Now.Score != nil {
			t.Scored++
			t.Score += *r.Now.Score
		}
	}
	t.Verdicts[p]++
	if r.Then == nil || r.Now == nil {
		return
	}
	differs := map[string]bool{}
	for _, c := range r.Changes {
		differs[c.Aspect] = true
	}
	for _, a := range r.Then.Comparable() {
		t.Compared[a]++
		if !differs[a] {
			t.Same[a]++
		}
	}
}

func (t *Tally) slow(s Slow) {
	if len(t.Slow) == slowest && s.Millis <= t.Slow[slowest-1].Millis {
		return
	}
	i, _ := slices.BinarySearchFunc(t.Slow, s, func(a, b Slow) int { return cmp.Compare(b.Millis, a.Millis) })
	t.Slow = slices.Insert(t.Slow, i, s)
	if len(t.Slow) > slowest {
		t.Slow = t.Slow[:slowest]
	}
}

// causes counts a mail once for each pair of rules, and there once for each aspect.
func (t *Tally) causes(r *rehearse.Record) {
	type aspect struct{ cause, aspect string }
	seen := map[aspect]bool{}
	for i := range r.Changes {
		c := &r.Changes[i]
		key := c.Cause()
		if c.Aspect == "verdict" {
			key += "\x00" + c.Then + "\x00" + c.Now
		} else if len(r.Changes) > 0 && r.Changes[0].Aspect == "verdict" && r.Changes[0].Cause() == key {
			key += "\x00" + r.Changes[0].Then + "\x00" + r.Changes[0].Now
		}
		g := t.Causes[key]
		if g == nil {
			if len(t.Causes) >= maxGroups {
				t.More++
				continue
			}
			g = &Cause{Change: *c, Aspects: map[string]int64{}}
			t.Causes[key] = g
		}
		if !seen[aspect{key, ""}] {
			seen[aspect{key, ""}] = true
			g.Count++
			if len(g.Examples) < maxExamples {
				g.Examples = append(g.Examples, r.Mail)
			}
		}
		if !seen[aspect{key, c.Aspect}] {
			seen[aspect{key, c.Aspect}] = true
			g.Aspects[c.Aspect]++
		}
	}
}

// sample keeps records for pages that show mails: those that changed or could not be judged push out others.
func (t *Tally) sample(r *rehearse.Record) {
	dull := len(r.Changes) == 0 && r.Finding == ""
	switch {
	case len(t.kept) < t.Samples:
		t.kept = append(t.kept, r)
		if dull {
			t.plain++
		}
	case !dull && t.plain > 0:
		for i := len(t.kept) - 1; i >= 0; i-- {
			if k := t.kept[i]; len(k.Changes) == 0 && k.Finding == "" {
				t.kept = append(append(t.kept[:i], t.kept[i+1:]...), r)
				t.plain--
				return
			}
		}
	}
}

// Kept are the records kept whole.
func (t *Tally) Kept() []*rehearse.Record { return t.kept }

// ByCount gives the causes, most frequent first, aspects in their order.
func (t *Tally) ByCount() []*Cause {
	out := make([]*Cause, 0, len(t.Causes))
	for _, c := range t.Causes {
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b *Cause) int {
		if n := cmp.Compare(slices.Index(answer.Aspects, a.Aspect), slices.Index(answer.Aspects, b.Aspect)); n != 0 {
			return n
		}
		if n := cmp.Compare(b.Count, a.Count); n != 0 {
			return n
		}
		return cmp.Or(cmp.Compare(a.Cause(), b.Cause()), cmp.Compare(a.Then, b.Then), cmp.Compare(a.Now, b.Now))
	})
	return out
}

// Pairs gives the verdicts, most frequent first.
func (t *Tally) Pairs() []Pair {
	out := make([]Pair, 0, len(t.Verdicts))
	for p := range t.Verdicts {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b Pair) int {
		if n := cmp.Compare(t.Verdicts[b], t.Verdicts[a]); n != 0 {
			return n
		}
		return cmp.Or(cmp.Compare(a.Then, b.Then), cmp.Compare(a.Now, b.Now))
	})
	return out
}

// Comparing says that there was something to compare with.
func (t *Tally) Comparing() bool { return t.Then != "" }

// Different says that something changed, was not found, or could not be judged.
func (t *Tally) Different() bool { return t.Changed > 0 || t.Unjudged > 0 }

// Timing is how long a run took.
type Timing struct {
	Took    time.Duration
	Workers int
	Broken  bool // it ended before its time
}
