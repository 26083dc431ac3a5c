package mail

import (
	"testing"

	"mavis/rules/lookup"
)

// A trace that nobody asked for must cost nothing.
func TestNilTrace(t *testing.T) {
	r := &Recipient{Internal: "bob@example.com"}
	var none *Trace
	res := lookup.Result{Value: "1", Key: ".example.com"}
	if n := testing.AllocsPerRun(100, func() {
		r.Note(StageBypass, "virus checks are bypassed", "@bypass_virus_checks_maps", res)
		none.Add(Step{Stage: StageReply, What: "250 2.0.0 Ok"})
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if none.About(StageReply, "") != nil {
		t.Error("steps out of nothing")
	}
}

func TestTraceAbout(t *testing.T) {
	tr := &Trace{}
	a, b := &Recipient{Internal: "a@x", Trace: tr}, &Recipient{Internal: "b@x", Trace: tr}
	a.Note(StageLover, "wants it", "@virus_lovers_maps", lookup.Result{Value: int64(1), Key: "a@x"})
	b.Note(StageLover, "does not", "@virus_lovers_maps", lookup.Result{})
	tr.Add(Step{Stage: StageLover, What: "for all"})
	tr.Add(Step{Stage: StageReply, What: "250"})
	got := tr.About(StageLover, "a@x")
	if len(got) != 2 || got[0].Rule != "a@x" || got[0].Value != "1" || got[1].What != "for all" {
		t.Errorf("%+v", got)
	}
}
