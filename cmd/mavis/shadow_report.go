package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"mavis/compat/rehearse"
	"mavis/compat/rehearse/report"
	"mavis/compat/shadow"
)

// shadowReport prints what a journal holds.
type shadowReport struct {
	Journal string        `arg:"" placeholder:"FILE" help:"The journal of mavis shadow run."`
	Since   time.Duration `placeholder:"TIME" help:"Look back that long only, such as 24h."`
	JSON    bool          `name:"json" help:"Write a line of JSON for each mail."`
	HTML    string        `placeholder:"FILE" help:"Write one page that needs nothing else."`
}

// Run reports. The status is 0 when nothing differed, 1 when something did.
func (c *shadowReport) Run(s streams) error {
	if _, err := os.Stat(c.Journal); err != nil {
		fmt.Fprintln(s.err, "mavis: shadow:", err)
		return exitStatus(2)
	}
	j, err := shadow.OpenJournal(c.Journal, 0, 0)
	if err != nil {
		return err
	}
	defer j.Close()
	var since time.Time
	if c.Since > 0 {
		since = time.Now().Add(-c.Since)
	}
	tally := &report.Tally{Title: "Shadow of the filter at work, " + c.Journal, Then: "the filter at work", Now: "Mavis", Samples: 500}
	lines := report.NewJSON(s.out)
	lost, err := j.Each(since, func(r *rehearse.Record) error {
		tally.Add(r)
		if c.JSON {
			return lines.Write(r)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if c.HTML != "" {
		if err := c.page(tally); err != nil {
			return err
		}
	}
	if !c.JSON {
		if err := report.Text(s.out, tally, report.Timing{}); err != nil {
			return err
		}
		if lost > 0 {
			fmt.Fprintf(s.out, "\n%d mails were passed on without being judged, because too many waited.\n", lost)
		}
	}
	if tally.Different() {
		return exitStatus(1)
	}
	return nil
}

// page writes the page for a browser.
func (c *shadowReport) page(t *report.Tally) error {
	f, err := os.Create(c.HTML)
	if err != nil {
		return err
	}
	return errors.Join(report.HTML(f, t, report.Timing{}, time.Now()), f.Close())
}
