package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"mavis/engine/flow"
	"mavis/engine/mail"
	"mavis/perlconf/source"
	"mavis/rules"
	"mavis/testdata/seed"
)

// row is what came of one mail.
type row struct {
	name       string
	reply      string
	t          *flow.Task // nil when the mail was refused before it was read
	delivered  int
	held       int
	notices    int
	verdict    seed.Verdict
	asExpected bool
}

var verdicts = map[rules.Category]seed.Verdict{rules.Virus: seed.Infected, rules.Banned: seed.Banned, rules.BadHeader: seed.BadHeader,
	rules.Unchecked: "UNCHECKED", rules.Spam: "SPAM", rules.Spammy: "SPAMMY", rules.Oversized: "OVERSIZED", rules.MTA: "MTA-BLOCKED",
	rules.Clean: seed.Clean}

func (r *row) judge(m seed.Mail) {
	r.verdict = "DEFERRED"
	if r.t != nil && !strings.HasPrefix(r.reply, "4") {
		r.verdict = verdicts[flow.Settings(r.t.Rcpts[0])[0].Major]
	}
	if m.Verdict == "" {
		r.asExpected = !strings.HasPrefix(r.reply, "4")
		return
	}
	r.asExpected = r.verdict == m.Verdict && (r.delivered == 1) == m.Delivered && (r.held == 1) == m.Held
}

// fate says in words where the mail is now.
func (r *row) fate() string {
	var did []string
	switch r.delivered {
	case 0:
	case 1:
		did = append(did, "delivered")
	default:
		did = append(did, fmt.Sprintf("delivered %d times", r.delivered))
	}
	if r.held > 0 {
		did = append(did, "in quarantine")
	}
	if r.notices > 0 {
		did = append(did, fmt.Sprintf("%d notice", r.notices))
	}
	if len(did) == 0 {
		return "nothing"
	}
	return strings.Join(did, ", ")
}

// rule names the rule that decided: the one that found something, and the one that set the destiny.
func (r *row) rule() string {
	if r.t == nil {
		return ""
	}
	var finding, destiny *mail.Step
	to := r.t.Rcpts[0].Internal
	for i, s := range r.t.Steps.Steps {
		if s.Rcpt != to || s.Origin.IsZero() && s.Stage != mail.StageFound {
			continue
		}
		step := &r.t.Steps.Steps[i]
		switch s.Stage {
		case mail.StageBypass:
			if finding == nil && strings.HasSuffix(s.What, "are bypassed") && !strings.HasPrefix(s.What, "spam") && !strings.HasPrefix(s.What, "header") {
				finding = step
			}
		case mail.StageFound:
			if finding == nil || !strings.HasPrefix(s.What, "allowed:") {
				finding = step
			}
		case mail.StageLover:
			if strings.HasPrefix(s.What, "wants") {
				finding = step
			}
		case mail.StageDestiny:
			if destiny == nil {
				destiny = step
			}
		}
	}
	var out []string
	if finding != nil {
		out = append(out, place(finding.Origin)+" "+rulesOf(finding))
	}
	if destiny != nil && (finding == nil || strings.HasPrefix(destiny.What, "blocked")) {
		out = append(out, place(destiny.Origin)+" "+destiny.What)
	}
	if len(out) == 0 {
		return "no rule objected"
	}
	return strings.Join(out, "; ")
}

func rulesOf(s *mail.Step) string {
	what, _, _ := strings.Cut(s.What, ":")
	if s.Rule == "" {
		return what
	}
	return what + " by " + s.Rule
}

func place(at source.Span) string {
	if at.IsZero() {
		return "(built in)"
	}
	return fmt.Sprintf("%s:%d", filepath.Base(at.File.Name), at.Pos().Line)
}

// print writes the table with columns as wide as they need.
func print(w io.Writer, rows []row) {
	head := []string{"MAIL", "VERDICT", "REPLY", "WHAT HAPPENED", "DECIDED BY"}
	cells := [][]string{head}
	for _, r := range rows {
		mark := ""
		if !r.asExpected {
			mark = " (!)"
		}
		cells = append(cells, []string{r.name, string(r.verdict) + mark, clip(r.reply, 44), r.fate(), clip(r.rule(), 96)})
	}
	width := make([]int, len(head))
	for _, line := range cells {
		for i, c := range line {
			width[i] = max(width[i], utf8.RuneCountInString(c))
		}
	}
	for _, line := range cells {
		var b strings.Builder
		for i, c := range line {
			b.WriteString(c)
			if i < len(line)-1 {
				b.WriteString(strings.Repeat(" ", width[i]-utf8.RuneCountInString(c)+2))
			}
		}
		fmt.Fprintln(w, strings.TrimRight(b.String(), " "))
	}
}

func clip(s string, n int) string {
	s, _, _ = strings.Cut(s, "\n")
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	r := []rune(s)
	return string(r[:n-1]) + "…"
}
