package report

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"mavis/compat/rehearse/answer"
)

// Text writes the sum for people.
func Text(w io.Writer, t *Tally, when Timing) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "%s\n%d mails, %s", t.Title, t.Mails, size(t.Bytes))
	if when.Took > 0 {
		fmt.Fprintf(b, ", in %.1f s: %.0f mails a second", when.Took.Seconds(), rate(t.Mails-t.Resumed, when))
	}
	fmt.Fprintln(b)
	if t.Resumed > 0 {
		fmt.Fprintf(b, "%d of them were done in an earlier run.\n", t.Resumed)
	}
	if when.Broken {
		fmt.Fprintln(b, "The run was ended early; this is what was done.")
	}
	if t.Comparing() {
		fmt.Fprintf(b, "%d changed, %d the same", t.Changed, t.Alike)
		if t.Alone > 0 {
			fmt.Fprintf(b, ", %d with nothing to compare with", t.Alone)
		}
		if t.Unjudged > 0 {
			fmt.Fprintf(b, ", %d not judged", t.Unjudged)
		}
		fmt.Fprintln(b)
	}
	if t.Troubles > 0 {
		fmt.Fprintf(b, "The log tells of %d mails that ended in trouble, without a verdict:\n", t.Troubles)
		for _, s := range t.Trouble {
			fmt.Fprintf(b, "  %s\n", clip(s, 200))
		}
	}
	verdicts(b, t)
	agreement(b, t)
	facts(b, t)
	causes(b, t)
	findings(b, t)
	slow(b, t)
	return b.Flush()
}

func rate(mails int64, when Timing) float64 {
	if s := when.Took.Seconds(); s > 0 {
		return float64(mails) / s
	}
	return 0
}

func verdicts(b *bufio.Writer, t *Tally) {
	rows := [][]string{{"", "VERDICT"}}
	if t.Comparing() {
		rows = [][]string{{"", "THEN", "NOW"}}
	}
	for _, p := range t.Pairs() {
		row := []string{fmt.Sprint(t.Verdicts[p]), p.Now}
		if t.Comparing() {
			row = []string{row[0], cmp.Or(p.Then, "unknown"), p.Now}
			if p.Then == p.Now {
				row[2] = "="
			}
		}
		rows = append(rows, row)
	}
	fmt.Fprintln(b)
	table(b, rows, 0)
}

// agreement is the account by aspect and by category.
func agreement(b *bufio.Writer, t *Tally) {
	if !t.Comparing() || t.Compared["verdict"] == 0 {
		return
	}
	rows := [][]string{{"ASPECT", "THE SAME", "OF", ""}}
	for _, a := range answer.Aspects {
		if t.Compared[a] == 0 {
			continue
		}
		rows = append(rows, []string{a, fmt.Sprint(t.Same[a]), fmt.Sprint(t.Compared[a]), percent(t.Same[a], t.Compared[a])})
	}
	fmt.Fprintln(b)
	table(b, rows, 1, 2, 3)
	same, all := map[string]int64{}, map[string]int64{}
	for p, n := range t.Verdicts {
		if p.Then != "" {
			all[p.Then] += n
			if p.Then == p.Now {
				same[p.Then] += n
			}
		}
	}
	rows = [][]string{{"VERDICT THEN", "THE SAME", "OF", ""}}
	for _, v := range byCount(all) {
		rows = append(rows, []string{v, fmt.Sprint(same[v]), fmt.Sprint(all[v]), percent(same[v], all[v])})
	}
	fmt.Fprintln(b)
	table(b, rows, 1, 2, 3)
}

func percent(n, of int64) string {
	if of == 0 {
		return ""
	}
	p := float64(n) * 100 / float64(of)
	if n != of && p > 99.9 {
		p = 99.9 // only all is all
	}
	return fmt.Sprintf("%.1f %%", p)
}

func facts(b *bufio.Writer, t *Tally) {
	fmt.Fprintln(b)
	var d []string
	for _, k := range byCount(t.Destinies) {
		d = append(d, fmt.Sprintf("%s %d", cmp.Or(k, "none"), t.Destinies[k]))
	}
	fmt.Fprintf(b, "recipients: %s\n", cmp.Or(strings.Join(d, ", "), "none"))
	fmt.Fprintf(b, "held in quarantine: %d mails\n", t.Held)
	var n []string
	for _, k := range byCount(t.Notices) {
		n = append(n, fmt.Sprintf("%s %d", k, t.Notices[k]))
	}
	fmt.Fprintf(b, "notices: %s\n", cmp.Or(strings.Join(n, ", "), "none"))
	if t.Scored > 0 {
		fmt.Fprintf(b, "scored: %d mails, %.3f on average\n", t.Scored, t.Score/float64(t.Scored))
	}
}

func byCount(m map[string]int64) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.SortFunc(out, func(a, b string) int { return cmp.Or(cmp.Compare(m[b], m[a]), cmp.Compare(a, b)) })
	return out
}

// maxShown is how many causes the text shows; the page shows all that were kept.
const maxShown = 40

func causes(b *bufio.Writer, t *Tally) {
	list := t.ByCount()
	if len(list) == 0 {
		return
	}
	fmt.Fprintln(b, "\nWhat changed, by cause:")
	for i, c := range list {
		if i == maxShown {
			fmt.Fprintf(b, "  and %d further causes\n", len(list)-maxShown)
			break
		}
		fmt.Fprintf(b, "\n%7d  %s: %s -> %s\n", c.Count, c.Aspect, side(c.Then), side(c.Now))
		fmt.Fprintf(b, "         then   %s\n         now    %s\n", Rule(c.ThenCause), Rule(c.NowCause))
		fmt.Fprintf(b, "         mails  %s\n", strings.Join(c.Examples, ", "))
		if len(c.Aspects) > 1 {
			fmt.Fprintf(b, "         with   %s\n", Also(c))
		}
	}
	if t.More > 0 {
		fmt.Fprintf(b, "  %d changes of yet other causes were counted only\n", t.More)
	}
}

func side(s string) string {
	if s == "" {
		return "nothing"
	}
	return clip(strings.ReplaceAll(s, "\n", "; "), 160)
}

// Rule is the rule of a step in words.
func Rule(s answer.Step) string {
	if s == (answer.Step{}) {
		return "no rule"
	}
	return clip(s.Kind().String(), 200)
}

// Also lists what else changed by a cause, with the number of mails.
func Also(c *Cause) string {
	var out []string
	for _, a := range answer.Aspects {
		if n := c.Aspects[a]; n > 0 && a != c.Aspect {
			out = append(out, fmt.Sprintf("%s %d", a, n))
		}
	}
	return strings.Join(out, ", ")
}

func findings(b *bufio.Writer, t *Tally) {
	if len(t.Findings) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%d mails could not be judged like the others:\n", t.Unjudged)
	for i, f := range t.Findings {
		if i == maxShown {
			fmt.Fprintf(b, "  and %d more\n", t.Unjudged-maxShown)
			break
		}
		fmt.Fprintf(b, "  %s: %s\n", f.Mail, clip(f.What, 300))
	}
}

func slow(b *bufio.Writer, t *Tally) {
	if len(t.Slow) == 0 || t.Mails < 2 {
		return
	}
	fmt.Fprintln(b, "\nSlowest:")
	rows := [][]string{}
	for i, s := range t.Slow {
		if i == 5 {
			break
		}
		rows = append(rows, []string{fmt.Sprintf("  %.0f ms", s.Millis), size(s.Size), s.Verdict, s.Mail})
	}
	table(b, rows, 0, 1)
}

func size(n int64) string {
	switch {
	case n >= 10<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 10<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d B", n)
}

func clip(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}

// table writes columns as wide as they need; right are those that are set to the right.
func table(b *bufio.Writer, rows [][]string, right ...int) {
	var width []int
	for _, row := range rows {
		for i, c := range row {
			if i == len(width) {
				width = append(width, 0)
			}
			width[i] = max(width[i], utf8.RuneCountInString(c))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, c := range row {
			pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(c))
			if slices.Contains(right, i) {
				line.WriteString(pad + c + "  ")
			} else {
				line.WriteString(c + pad + "  ")
			}
		}
		fmt.Fprintln(b, strings.TrimRight(line.String(), " "))
	}
}
