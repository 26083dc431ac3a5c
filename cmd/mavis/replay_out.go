package main

import (
	"bufio"
	"errors"
	"io"
	"os"
	"time"

	"mavis/compat/rehearse"
	"mavis/compat/rehearse/report"
)

// outputs are the files that records go to as they come.
type outputs struct {
	json     *report.JSON
	csv      *report.CSV
	toScreen bool // one of them is standard output, so that no text goes there
	flush    []func() error
}

func (o *outputs) open(json, csv string, stdout io.Writer) error {
	for _, x := range []struct {
		name string
		use  func(io.Writer)
	}{{json, func(w io.Writer) { o.json = report.NewJSON(w) }}, {csv, func(w io.Writer) { o.csv = report.NewCSV(w) }}} {
		switch x.name {
		case "":
		case "-":
			if o.toScreen {
				return errors.New("only one of --json and --csv can go to standard output")
			}
			o.toScreen = true
			b := bufio.NewWriter(stdout)
			o.flush = append(o.flush, b.Flush)
			x.use(b)
		default:
			f, err := os.Create(x.name)
			if err != nil {
				return err
			}
			b := bufio.NewWriter(f)
			o.flush = append(o.flush, func() error { return errors.Join(b.Flush(), f.Close()) })
			x.use(b)
		}
	}
	if o.csv != nil {
		o.flush = append([]func() error{o.csv.Flush}, o.flush...)
	}
	return nil
}

func (o *outputs) write(r *rehearse.Record) error {
	if o.json != nil {
		if err := o.json.Write(r); err != nil {
			return err
		}
	}
	if o.csv != nil {
		return o.csv.Write(r)
	}
	return nil
}

func (o *outputs) close() error {
	var errs []error
	for _, f := range o.flush {
		errs = append(errs, f())
	}
	return errors.Join(errs...)
}

// page writes the HTML page.
func (c *replayCommand) page(tally *report.Tally, when report.Timing) error {
	if c.HTML == "" {
		return nil
	}
	f, err := os.Create(c.HTML)
	if err != nil {
		return err
	}
	b := bufio.NewWriter(f)
	return errors.Join(report.HTML(b, tally, when, time.Now()), b.Flush(), f.Close())
}
