package report

import (
	"cmp"
	"embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"time"

	"mavis/compat/rehearse"
	"mavis/compat/rehearse/answer"
)

//go:embed page
var page embed.FS

// view is what the page shows; all text in it is foreign and is escaped by the template.
type view struct {
	Title, Then, Now, Made string
	Broken                 bool
	CSS                    template.CSS
	JS                     template.JS
	Tiles                  []tile
	Troubles               int64
	Trouble                []string
	Columns                []string
	Matrix                 []matrixRow
	Aspects                []aspectRow
	Causes                 []causeRow
	Findings               []Finding
	Slow                   []Slow
	Mails                  []mailView
	All                    int64
	Left                   bool
}

type tile struct{ Name, Value string }

type matrixRow struct {
	Then  string
	Cells []cell
}

type cell struct {
	Count int64
	Class string
	Find  string
}

type aspectRow struct {
	Name     string
	Same, Of int64
	Percent  string
}

type causeRow struct {
	Count             int64
	What, With        string
	ThenRule, NowRule string
	Examples          []example
}

type example struct{ Name, Find string }

type mailView struct {
	Name, Subject, From, To, MessageID, Then, Now, Finding, Text string
	Changed                                                      bool
	Facts                                                        []tile
	Changes                                                      []answer.Change
	Traces                                                       []traceView
}

type traceView struct {
	Title string
	Steps []stepView
}

type stepView struct{ Stage, What, Rule string }

// HTML writes the page: one file that needs nothing else.
func HTML(w io.Writer, t *Tally, when Timing, made time.Time) error {
	tpl, err := template.New("page.html").Funcs(template.FuncMap{"size": size}).ParseFS(page, "page/page.html")
	if err != nil {
		return err
	}
	css, err := page.ReadFile("page/page.css")
	if err != nil {
		return err
	}
	js, err := page.ReadFile("page/page.js")
	if err != nil {
		return err
	}
	v := &view{Title: t.Title, Then: t.Then, Now: t.Now, Made: "Made " + made.Format("2006-01-02 15:04:05 -0700") + ".", Broken: when.Broken, CSS: template.CSS(css),
		JS: template.JS(js), Troubles: t.Troubles, Trouble: t.Trouble, Findings: t.Findings, Slow: t.Slow, All: t.Mails}
	v.tiles(t, when)
	v.matrix(t)
	v.account(t)
	for _, r := range t.Kept() {
		v.Mails = append(v.Mails, viewOf(r))
	}
	v.Left = int64(len(v.Mails)) < t.Mails
	return tpl.Execute(w, v)
}

func (v *view) tiles(t *Tally, when Timing) {
	add := func(name, format string, args ...any) {
		v.Tiles = append(v.Tiles, tile{name, fmt.Sprintf(format, args...)})
	}
	add("mails", "%d", t.Mails)
	if t.Comparing() {
		add("changed", "%d", t.Changed)
		add("verdicts agree", "%s", cmp.Or(percent(t.Same["verdict"], t.Compared["verdict"]), "—"))
		if t.Alone > 0 {
			add("nothing to compare with", "%d", t.Alone)
		}
	}
	if t.Unjudged > 0 {
		add("not judged", "%d", t.Unjudged)
	}
	add("held", "%d", t.Held)
	var notices int64
	for _, n := range t.Notices {
		notices += n
	}
	add("notices", "%d", notices)
	add("mails a second", "%.0f", rate(t.Mails-t.Resumed, when))
}

// matrix lays verdicts out: then by rows and now by columns, or one column of counts.
func (v *view) matrix(t *Tally) {
	then, now := map[string]int64{}, map[string]int64{}
	for p, n := range t.Verdicts {
		then[p.Then] += n
		now[p.Now] += n
	}
	if !t.Comparing() {
		for _, verdict := range byCount(now) {
			v.Matrix = append(v.Matrix, matrixRow{verdict, []cell{{Count: now[verdict], Find: find("now", verdict)}}})
		}
		return
	}
	weight := map[string]int64{} // verdicts that changed come first, on both sides in one order: then the diagonal is what did not
	for p, n := range t.Verdicts {
		weight[p.Then] += n
		weight[p.Now] += n
		if p.Then != p.Now {
			weight[p.Then] += n << 32
			weight[p.Now] += n << 32
		}
	}
	rows := slices.DeleteFunc(byCount(weight), func(s string) bool { return then[s] == 0 })
	v.Columns = slices.DeleteFunc(byCount(weight), func(s string) bool { return now[s] == 0 })
	for _, r := range rows {
		row := matrixRow{Then: cmp.Or(r, "unknown")}
		for _, c := range v.Columns {
			x := cell{Count: t.Verdicts[Pair{r, c}], Find: find("then", r) + " " + find("now", c)}
			switch {
			case x.Count == 0:
				x.Class = "none"
			case r == c:
				x.Class = "same"
			case r != "":
				x.Class = "diff"
			}
			row.Cells = append(row.Cells, x)
		}
		v.Matrix = append(v.Matrix, row)
	}
}

// find is a word of the search text that tells a verdict.
func find(side, verdict string) string {
	return side + "=" + strings.ToLower(strings.ReplaceAll(cmp.Or(verdict, "unknown"), " ", "_"))
}

func (v *view) account(t *Tally) {
	for _, a := range answer.Aspects {
		if t.Comparing() && t.Compared[a] > 0 {
			v.Aspects = append(v.Aspects, aspectRow{a, t.Same[a], t.Compared[a], percent(t.Same[a], t.Compared[a])})
		}
	}
	for _, c := range t.ByCount() {
		row := causeRow{Count: c.Count, What: fmt.Sprintf("%s: %s → %s", c.Aspect, side(c.Then), side(c.Now)), With: Also(c),
			ThenRule: Rule(c.ThenCause), NowRule: Rule(c.NowCause)}
		for _, e := range c.Examples {
			row.Examples = append(row.Examples, example{e, strings.ToLower(e)})
		}
		v.Causes = append(v.Causes, row)
	}
}

func viewOf(r *rehearse.Record) mailView {
	m := mailView{Name: r.Mail, Subject: r.Subject, From: r.From, To: strings.Join(r.To, ", "), MessageID: r.MessageID, Finding: r.Finding,
		Changed: len(r.Changes) > 0, Changes: r.Changes, Now: "Unreadable"}
	words := []string{r.Mail, r.Subject, r.From, m.To, r.MessageID}
	if r.Then != nil {
		m.Then = r.Then.Verdict()
		if !r.Then.Log {
			m.traces("then, ", r.Then)
		}
	}
	if r.Now != nil {
		m.Now = r.Now.Verdict()
		m.facts(r.Now)
		m.traces("", r.Now)
		words = append(words, r.Now.Viruses...)
		words = append(words, r.Now.Banned...)
	}
	for _, t := range m.Traces {
		for _, s := range t.Steps {
			words = append(words, s.Rule)
		}
	}
	words = append(words, m.Then, m.Now, find("then", m.Then), find("now", m.Now))
	m.Text = strings.ToLower(strings.Join(words, " "))
	return m
}

func (m *mailView) facts(a *answer.Answer) {
	add := func(name string, values ...string) {
		if s := strings.Join(values, "\n"); s != "" {
			m.Facts = append(m.Facts, tile{name, s})
		}
	}
	add("viruses", a.Viruses...)
	add("banned", a.Banned...)
	add("bad header", a.BadHeaders...)
	if a.Score != nil {
		add("score", number(*a.Score))
	}
	add("quarantine", a.Quarantine...)
	for _, n := range a.Notices {
		add("notice", n.String())
	}
	for _, c := range a.Copies {
		add("header for "+strings.Join(c.To, ", "), c.Edits...)
	}
	add("reply", a.Reply)
	add("time", fmt.Sprintf("%.1f ms", a.Millis))
}

func number(f float64) string {
	return strings.TrimRight(strings.TrimRight(fmt.Sprintf("%.3f", f), "0"), ".")
}

func (m *mailView) traces(prefix string, a *answer.Answer) {
	add := func(title string, steps []answer.Step) {
		if len(steps) == 0 {
			return
		}
		t := traceView{Title: prefix + title}
		for _, s := range steps {
			what := s
			what.Setting, what.Rule, what.Value, what.Place = "", "", "", ""
			by := strings.TrimPrefix(strings.TrimPrefix(strings.Replace(s.String(), s.What, "", 1), ": "), ", by ")
			t.Steps = append(t.Steps, stepView{s.Stage, what.String(), strings.Replace(by, ": , by ", " ", 1)})
		}
		m.Traces = append(m.Traces, t)
	}
	for i := range a.Recipients {
		add(a.Recipients[i].Addr, a.Recipients[i].Trace)
	}
	add("the mail", a.Trace)
}
