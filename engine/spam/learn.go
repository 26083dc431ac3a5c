package spam

import (
	"context"
	"strings"

	"mavis/engine/program"
	"mavis/perlconf/eval"
	"mavis/rules"
)

// Learn teaches programs (module ExtProg with options learn_ham and learn_spam) that were wrong about a message: what the
// other scanners found, without the program's own part, says ham or spam, and it said something else. It comes after the
// scores were applied. Failures are only logged: the message itself is not concerned.
func (s *Scanner) Learn(ctx context.Context, p *rules.Policy, m *Mail, r *Result) {
	lowest, highest, known := levels(m)
	if !known {
		return
	}
	for _, entry := range entries(p) {
		args := map[string][]string{}
		for _, as := range []string{"ham", "spam"} {
			if v, ok := entry.Options.Get("learn_" + as); ok && v != nil {
				args[as] = words(v)
			}
		}
		if Kind(entry) != "ExtProg" || len(args) < 2 {
			continue
		}
		verdict := strings.ToLower(r.Info["VERDICT-"+entry.Name])
		own := eval.ToFloat(r.Info["SCORE-"+entry.Name])
		as := ""
		switch {
		case verdict != "ham" && highest-own < 0.5:
			as = "ham"
		case verdict != "spam" && lowest-own >= 5:
			as = "spam"
		default:
			continue
		}
		level := highest
		if verdict == "ham" {
			level = lowest
		}
		s.Log.printf(2, "SpamControl: scanner %s, auto-learn as %s / %.3f (was: %s / %s)", entry.Name, as, level, verdict, number(own))
		if err := s.teach(ctx, p, entry, m, r, args[as]); err != nil {
			s.Log.printf(-1, "auto-learning with spam scanner %s failed: %v", entry.Name, err)
		}
	}
}

// levels are the lowest and highest score of the recipients that have one.
func levels(m *Mail) (lowest, highest float64, known bool) {
	for _, r := range m.Rcpts {
		if !r.SpamScored {
			continue
		}
		if !known {
			lowest, highest, known = r.SpamLevel, r.SpamLevel, true
		}
		lowest, highest = min(lowest, r.SpamLevel), max(highest, r.SpamLevel)
	}
	return lowest, highest, known
}

func words(v eval.Value) []string {
	a, ok := v.(*eval.Array)
	if !ok {
		return []string{eval.ToString(v)}
	}
	var out []string
	for _, e := range a.Values() {
		out = append(out, eval.ToString(e))
	}
	return out
}

func (s *Scanner) teach(ctx context.Context, p *rules.Policy, entry rules.SpamScanner, m *Mail, r *Result, args []string) error {
	command, ok := program.Find(entry.Programs, p.Config().Paths.Search)
	if !ok {
		return nil
	}
	limit := sizeLimit(p, entry, m)
	c, err := newContent("", pseudoHeader(p, m, r, limit, avDotTest), m, limit)
	if err != nil {
		return err
	}
	c.tail = ""
	unlock, err := lockFor(ctx, entry, "learner_lock_type")
	if err != nil {
		return err
	}
	defer unlock()
	_, err = s.pipe(ctx, append(command, args...), entry.Name, c)
	return err
}
