package report

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"mavis/compat/rehearse"
)

// JSON writes records as one line each.
type JSON struct{ enc *json.Encoder }

// NewJSON writes to w.
func NewJSON(w io.Writer) *JSON {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return &JSON{e}
}

// Write writes one record.
func (j *JSON) Write(r *rehearse.Record) error { return j.enc.Encode(r) }

// CSV writes records as one row for each recipient.
type CSV struct {
	w     *csv.Writer
	begun bool
}

// NewCSV writes to w.
func NewCSV(w io.Writer) *CSV { return &CSV{w: csv.NewWriter(w)} }

var columns = []string{"mail", "message_id", "from", "to", "verdict", "category", "destiny", "score", "names", "quarantine", "notices", "edits",
	"reply", "ms", "then", "changed", "finding"}

// Write writes the rows of one record.
func (c *CSV) Write(r *rehearse.Record) error {
	if !c.begun {
		c.begun = true
		if err := c.w.Write(columns); err != nil {
			return err
		}
	}
	then, changed := "", []string{}
	if r.Then != nil {
		then = r.Then.Verdict()
	}
	for _, x := range r.Changes {
		changed = append(changed, x.Aspect)
	}
	row := func(v ...string) error {
		all := append([]string{r.Mail, r.MessageID, r.From}, v...)
		for i := range all {
			all[i] = inert(all[i])
		}
		return c.w.Write(all)
	}
	tail := []string{then, strings.Join(changed, " "), r.Finding}
	a := r.Now
	if a == nil || len(a.Recipients) == 0 {
		verdict := "Unreadable"
		if a != nil {
			verdict = a.Verdict()
		}
		return row(append([]string{strings.Join(r.To, " "), verdict, "", "", "", "", "", "", "", "", ""}, tail...)...)
	}
	var notices []string
	for _, n := range a.Notices {
		notices = append(notices, n.String())
	}
	names := append(append(append([]string{}, a.Viruses...), a.Banned...), a.BadHeaders...)
	for i := range a.Recipients {
		p := &a.Recipients[i]
		score, edits := "", ""
		if p.Score != nil {
			score = fmt.Sprintf("%.3f", *p.Score)
		}
		if p.Copy > 0 && p.Copy <= len(a.Copies) {
			edits = strings.Join(a.Copies[p.Copy-1].Edits, "\n")
		}
		err := row(append([]string{p.Addr, a.Of(p), p.Category, p.Destiny, score, strings.Join(names, "; "), strings.Join(a.Quarantine, " "),
			strings.Join(notices, "; "), edits, a.Reply, fmt.Sprintf("%.3f", a.Millis)}, tail...)...)
		if err != nil {
			return err
		}
	}
	return nil
}

// Flush writes out what is left.
func (c *CSV) Flush() error {
	c.w.Flush()
	return c.w.Error()
}

// inert keeps a spreadsheet from taking foreign text for a formula.
func inert(s string) string {
	if s != "" && strings.IndexByte("=+-@\t\r", s[0]) >= 0 {
		if _, err := strconv.ParseFloat(s, 64); err == nil {
			return s
		}
		return "'" + s
	}
	return s
}
