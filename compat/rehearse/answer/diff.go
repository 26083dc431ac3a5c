package answer

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// Change is one difference between two answers.
type Change struct {
	// Aspect is one of Aspects.
	Aspect string `json:"aspect"`
	Rcpt   string `json:"rcpt,omitempty"`
	Then   string `json:"then"`
	Now    string `json:"now"`
	// ThenCause and NowCause are the rules behind each side; zero when none is known.
	ThenCause Step `json:"then_cause"`
	NowCause  Step `json:"now_cause"`
}

// Aspects lists the aspects, most important first.
var Aspects = []string{"verdict", "recipients", "names", "score", "quarantine", "actions", "notices", "header", "body", "reply"}

// Comparable are the aspects that can be compared with this answer.
func (a *Answer) Comparable() []string {
	if !a.Log {
		return slices.DeleteFunc(slices.Clone(Aspects), func(s string) bool { return s == "actions" || s == "body" })
	}
	out := []string{"verdict", "recipients"}
	if len(a.Viruses)+len(a.Banned) > 0 {
		out = append(out, "names")
	}
	out = append(out, "score", "quarantine")
	if len(a.Actions) > 0 {
		out = append(out, "actions")
	}
	return append(out, a.Seen...)
}

// Compare says how to compare.
type Compare struct {
	// Within is how far apart scores may be to count as the same.
	Within float64
	// NoScores leaves scores out: no spam scanner was asked.
	NoScores bool
}

// Diff gives the differences between two answers to the same mail. What only one of them can know, a log or a rehearsal, is
// not compared.
func (c Compare) Diff(then, now *Answer) []Change {
	d := &diff{Compare: c, then: then, now: now}
	d.recipients()
	if then.Log {
		d.log()
		return d.out
	}
	d.lists("names", sorted(then.names()), sorted(now.names()))
	if !c.NoScores {
		d.scores()
	}
	d.lists("quarantine", sorted(then.Quarantine), sorted(now.Quarantine))
	d.lists("notices", notices(then), notices(now))
	d.headers()
	d.text("reply", "", then.Reply, now.Reply)
	return d.out
}

type diff struct {
	Compare
	then, now *Answer
	out       []Change
}

func (d *diff) text(aspect, rcpt, then, now string) {
	if then != now {
		c := Change{Aspect: aspect, Rcpt: rcpt, Then: then, Now: now}
		c.ThenCause, c.NowCause = d.causes(aspect, rcpt)
		d.out = append(d.out, c)
	}
}

func (d *diff) lists(aspect string, then, now []string) {
	d.text(aspect, "", strings.Join(then, ", "), strings.Join(now, ", "))
}

// recipients compares what becomes of each recipient.
func (d *diff) recipients() {
	verdict := func(a *Answer, r *Recipient) string {
		v := a.Of(r)
		if r.Destiny != "" && r.Destiny != "pass" && !d.then.Log && !d.now.Log {
			v += " (" + r.Destiny + ")"
		}
		return v
	}
	if d.then.Log {
		verdict = func(a *Answer, r *Recipient) string { return d.asLogged(a.Of(r)) }
	}
	if d.then.Failed != "" || d.now.Failed != "" {
		d.text("verdict", "", d.then.Verdict(), d.now.Verdict())
		return
	}
	for i := range d.then.Recipients {
		r := &d.then.Recipients[i]
		if other := d.now.recipient(r.Addr); other != nil {
			d.text("verdict", r.Addr, verdict(d.then, r), verdict(d.now, other))
			if !d.then.Log && !d.now.Log {
				d.text("recipients", r.Addr, r.SendTo, other.SendTo)
			}
		} else {
			d.text("recipients", r.Addr, verdict(d.then, r), "not a recipient")
		}
	}
	for i := range d.now.Recipients {
		if r := &d.now.Recipients[i]; d.then.recipient(r.Addr) == nil {
			d.text("recipients", r.Addr, "not a recipient", verdict(d.now, r))
		}
	}
}

// asLogged leaves out of our verdict what templates older than ours did not tell: the number behind BAD-HEADER, and what
// kind of UNCHECKED it is.
func (d *diff) asLogged(verdict string) string {
	for _, w := range []string{"BAD-HEADER", "UNCHECKED"} {
		if (d.then.Passed == w || d.then.Blocked == w) && strings.Contains(verdict, w) {
			head, _, _ := strings.Cut(verdict, w)
			return head + w
		}
	}
	return verdict
}

func (a *Answer) recipient(addr string) *Recipient {
	for i := range a.Recipients {
		if strings.EqualFold(a.Recipients[i].Addr, addr) {
			return &a.Recipients[i]
		}
	}
	return nil
}

func (a *Answer) names() []string {
	return append(append(append([]string{}, a.Viruses...), a.Banned...), a.BadHeaders...)
}

// log compares what a line of the log tells beside the verdict. It names the viruses, or of banned parts the first.
func (d *diff) log() {
	switch {
	case len(d.then.Viruses) > 0:
		d.lists("names", sorted(d.then.Viruses), sorted(d.now.Viruses))
	case len(d.then.Banned) > 0 && len(d.now.Banned) > 0:
		d.text("names", "", d.then.Banned[0], d.now.Banned[0])
	}
	if !d.NoScores {
		d.score("", d.then.Score, d.now.Score)
	}
	d.lists("quarantine", held(d.then), held(d.now))
	if len(d.then.Actions) > 0 { // older templates do not tell
		d.lists("actions", sorted(d.then.Actions), sorted(d.now.Actions))
	}
}

func (d *diff) scores() {
	for i := range d.then.Recipients {
		r := &d.then.Recipients[i]
		if other := d.now.recipient(r.Addr); other != nil {
			d.score(r.Addr, r.Score, other.Score)
		}
	}
}

func (d *diff) score(rcpt string, then, now *float64) {
	if then != nil && now != nil && math.Abs(*then-*now) <= d.Within+1e-9 {
		return
	}
	d.text("score", rcpt, number(then), number(now))
}

func number(f *float64) string {
	if f == nil {
		return "none"
	}
	return strconv.FormatFloat(math.Round(*f*1000)/1000, 'f', -1, 64)
}

// headers compares the copies that recipients get.
func (d *diff) headers() {
	for i := range d.then.Recipients {
		r := &d.then.Recipients[i]
		other := d.now.recipient(r.Addr)
		if other == nil || r.Copy == 0 || other.Copy == 0 {
			continue
		}
		a, b := d.then.copy(r.Copy), d.now.copy(other.Copy)
		var then, now []string
		for _, e := range a.Edits {
			if !slices.Contains(b.Edits, e) {
				then = append(then, e)
			}
		}
		for _, e := range b.Edits {
			if !slices.Contains(a.Edits, e) {
				now = append(now, e)
			}
		}
		if a.Body != b.Body {
			then, now = append(then, body(a)), append(now, body(b))
		}
		d.text("header", r.Addr, strings.Join(then, "\n"), strings.Join(now, "\n"))
	}
}

func (a *Answer) copy(n int) *Copy {
	if n < 1 || n > len(a.Copies) {
		return &Copy{}
	}
	return &a.Copies[n-1]
}

func body(c *Copy) string {
	if c.Body {
		return "body changed"
	}
	return "body as it came"
}

func notices(a *Answer) []string {
	var out []string
	for _, n := range a.Notices {
		out = append(out, n.String())
	}
	return sorted(out)
}

// held is where a mail is held, as far as a log tells it too: ids of that day as %m.
func held(a *Answer) []string {
	var out []string
	for _, q := range a.Quarantine {
		if a.MailID != "" {
			q = strings.ReplaceAll(q, a.MailID, "%m")
		}
		if len(q) > 2 && q[1] == '/' && strings.Contains(q, "%m") { // $quarantine_subdir_levels: the id's first letter
			q = q[2:]
		}
		out = append(out, q)
	}
	return sorted(out)
}

func sorted(in []string) []string {
	out := slices.Clone(in)
	slices.Sort(out)
	return out
}

// stageOf is the stage of the way in which an aspect is decided.
var stageOf = map[string]string{"names": "found", "score": "found", "quarantine": "quarantine", "notices": "notice", "header": "header",
	"recipients": "address"}

// causes looks for the rules behind a difference: on each side the first step that the other side did not take. What
// follows from another verdict has that one's cause.
func (d *diff) causes(aspect, rcpt string) (then, now Step) {
	a, b := d.then.trace(rcpt), d.now.trace(rcpt)
	stage := stageOf[aspect]
	if len(d.out) > 0 && d.out[0].Aspect == "verdict" || aspect == "verdict" {
		stage = ""
	}
	if then, now = firstAlone(a, b, stage), firstAlone(b, a, stage); stage != "" && then == (Step{}) && now == (Step{}) {
		then, now = firstAlone(a, b, ""), firstAlone(b, a, "")
	}
	if d.then.Log {
		then = Step{What: "the log says " + d.then.Verdict()}
		if now == (Step{}) || stage == "" {
			now = decisive(b)
		}
	}
	return then, now
}

// trace is what was decided about a recipient and the message, or with "" about everybody.
func (a *Answer) trace(rcpt string) []Step {
	out := slices.Clone(a.Trace)
	if r := a.recipient(rcpt); r != nil {
		return append(out, r.Trace...)
	}
	for _, r := range a.Recipients {
		out = append(out, r.Trace...)
	}
	return out
}

// order is that in which stages count as causes: what comes first on a message's way brings the rest about.
var order = []string{"access", "bank", "recipient", "bypass", "found", "check", "level", "lover", "destiny", "quarantine", "notice", "header",
	"address", "next hop"}

// firstAlone is the first step of a, by its stage, that b did not take: one with another outcome or rule, or if there is none
// one from another place. With a stage only its steps count.
func firstAlone(a, b []Step, stage string) Step {
	loved := func(s Step) bool { return s.Stage == "lover" && strings.HasPrefix(s.What, "wants") }
	unloved := slices.ContainsFunc(a, loved) == slices.ContainsFunc(b, loved) // then not to love is no reason
	for _, strict := range []bool{false, true} {
		for _, st := range order {
			if unloved && st == "lover" {
				continue
			}
			if stage != "" && st != stage {
				continue
			}
			for _, s := range a {
				if s.Stage == st && !slices.ContainsFunc(b, func(o Step) bool { return s.same(o, strict) }) {
					return s
				}
			}
		}
	}
	return Step{}
}

func (s Step) same(o Step, strict bool) bool {
	if !strict {
		s.Place, o.Place = "", ""
	}
	return s == o
}

// Decisive is the step that settled the mail, for the recipient who fares worst; zero when no trace was kept.
func (a *Answer) Decisive() Step {
	var steps []Step
	for i := range a.Recipients {
		if r := &a.Recipients[i]; steps == nil || !r.Gets {
			steps = r.Trace
		}
	}
	if len(steps) == 0 {
		return Step{}
	}
	return decisive(steps)
}

// decisive is the step that settled a recipient: what was found when it is blocked, else what said that it passes.
func decisive(steps []Step) Step {
	var found, destiny Step
	for _, s := range steps {
		switch {
		case s.Stage == "found" && found == (Step{}) && !strings.HasPrefix(s.What, "allowed") && !strings.HasPrefix(s.What, "spam score"):
			found = s
		case s.Stage == "destiny" && destiny == (Step{}):
			destiny = s
		}
	}
	if found != (Step{}) {
		return found
	}
	return destiny
}

// Cause tells changes of different causes apart: by the rules of both sides, whatever they were applied to.
func (c *Change) Cause() string {
	return c.ThenCause.Kind().String() + "\x00" + c.NowCause.Kind().String()
}
