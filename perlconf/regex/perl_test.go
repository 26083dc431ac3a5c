package regex

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mavis/testdata/peer"
)

// question is a pattern with the subjects to try it on.
type question struct {
	pattern, flags string
	subjects       []string
}

// askPerl gives Perl's answers: for each question either one element that starts with "E ", or one for each subject.
func askPerl(t testing.TB, questions []question) [][]string {
	t.Helper()
	perl := peer.Need(t, "perl")
	var in bytes.Buffer
	for _, q := range questions {
		fmt.Fprintf(&in, "%s\t%s", hex.EncodeToString([]byte(q.pattern)), q.flags)
		for _, s := range q.subjects {
			fmt.Fprintf(&in, "\t%s", hex.EncodeToString([]byte(s)))
		}
		in.WriteByte('\n')
	}
	cmd := exec.Command(perl, filepath.Join(peer.Repo(t), "testdata", "regex", "match.pl"))
	cmd.Stdin = &in
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("perl: %v", err)
	}
	var answers [][]string
	sc := bufio.NewScanner(bytes.NewReader(out))
	sc.Buffer(nil, 16<<20)
	for sc.Scan() {
		if strings.HasPrefix(sc.Text(), "E ") {
			answers = append(answers, []string{sc.Text()})
			continue
		}
		answers = append(answers, strings.Split(sc.Text(), "\t"))
	}
	if len(answers) != len(questions) {
		t.Fatalf("perl answered %d of %d questions", len(answers), len(questions))
	}
	return answers
}

// answer is ours, in the words of the driver; "U" where the match is undecided.
func answer(r *Regexp, subject string) string {
	m, err := r.MatchAt(subject, 0)
	switch {
	case errors.Is(err, ErrUndecided) && strings.Contains(err.Error(), "engine"):
		return "X " + err.Error()
	case err != nil:
		return "U"
	case m == nil:
		return "-"
	}
	var parts []string
	for i := 0; i < len(m.Loc); i += 2 {
		if m.Loc[i] < 0 {
			parts = append(parts, "-")
			continue
		}
		parts = append(parts, fmt.Sprintf("%d,%d", m.Loc[i], m.Loc[i+1]))
	}
	return strings.Join(parts, ";")
}

// compare reports where we and Perl differ; it counts what was compared.
type tally struct{ patterns, refused, unsupported, pairs, undecided, spans, faults, wrong int }

func compare(t *testing.T, questions []question, known func(q question, subject, perl, ours string) bool) tally {
	t.Helper()
	var n tally
	for i, a := range askPerl(t, questions) {
		q := questions[i]
		r, err := Compile(q.pattern, q.flags)
		var e *Error
		n.patterns++
		perlRefuses := strings.HasPrefix(a[0], "E ")
		switch {
		case errors.As(err, &e) && e.Unsupported:
			n.unsupported++
			continue
		case perlRefuses && err != nil:
			n.refused++
			continue
		case perlRefuses != (err != nil):
			if strings.Contains(q.pattern, `\K*`) || strings.Contains(q.pattern, `\K+`) {
				continue // whether it is refused depends on what stands before it
			}
			if known != nil && known(q, "", a[0], fmt.Sprint(err)) {
				continue
			}
			n.wrong++
			t.Errorf("/%s/%s: perl: %.150q, ours: %v", q.pattern, q.flags, a[0], err)
			continue
		}
		if fault := perlFault(r.parsed); fault != "" {
			n.faults++
			continue
		}
		for j, subject := range q.subjects {
			ours := answer(r, subject)
			n.pairs++
			if ours == "U" || a[j] == "T" {
				n.undecided++
				continue
			}
			if fault := captureFault(r.parsed); fault != "" { // compare the whole only
				n.faults++
				ours, _, _ = strings.Cut(ours, ";")
				a[j], _, _ = strings.Cut(a[j], ";")
			}
			if ours == a[j] || known != nil && known(q, subject, a[j], ours) {
				continue
			}
			if strings.SplitN(ours, ";", 2)[0] == strings.SplitN(a[j], ";", 2)[0] {
				n.spans++
			}
			n.wrong++
			if n.wrong < 60 {
				t.Errorf("/%s/%s on %q (%s %s): perl %s, ours %s", q.pattern, q.flags, subject, r.Engine(), emitRegexp2(r.parsed, false), a[j], ours)
			}
		}
	}
	t.Logf("%+v", n)
	return n
}

// perlFault names what makes Perl 5.36 itself unreliable, so that a comparison says nothing.
func perlFault(p *pattern) (fault string) {
	walk(p.root, func(n *node) {
		switch n.kind {
		case kLook:
			least, _ := width(n.subs[0])
			if least == 0 && !n.neg && !n.behind {
				fault = `/(?=x?)\w+b/ does not match "ab"`
			}
			if n.neg && has(n, kGroup) {
				fault = "a negative lookaround leaves captures behind"
			}
		case kCond:
			if len(n.subs) > 2 {
				fault = "the outcome of a lookaround in a condition outlives backtracking"
			}
		case kQuant:
			if has(n, kKeep) {
				fault = `a repeated \K can put the start behind the end`
			}
			if n.subs[0].kind == kAtomic && n.subs[0].max == infinite || n.subs[0].linebreak {
				fault = `a repeated \R gives back half of CR LF`
			}
		}
	})
	return fault
}

func has(n *node, k kind) (found bool) {
	walk(n, func(m *node) { found = found || m.kind == k })
	return found
}

// captureFault names what makes Perl 5.36 keep captures of rounds that it gave up, or lose those of the last round.
func captureFault(p *pattern) (fault string) {
	walk(p.root, func(n *node) {
		if n.kind != kQuant || !has(n, kGroup) {
			return
		}
		if least, _ := width(n.subs[0]); least == 0 {
			fault = "an empty round of a loop changes what inner groups captured"
		}
		walk(n.subs[0], func(m *node) {
			if m.kind == kQuant && m.min == 0 && has(m, kGroup) {
				fault = "a round of a loop without the group forgets, sometimes, what an earlier one captured"
			}
		})
	})
	return fault
}
