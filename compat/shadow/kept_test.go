package shadow

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mavis/compat/rehearse"
	"mavis/compat/rehearse/answer"
)

type text struct{ *strings.Reader }

func TestBodies(t *testing.T) {
	b := &Bodies{Dir: t.TempDir(), For: time.Hour, Max: 10}
	now := time.Now()
	keep := func(name, body string, at time.Time) {
		t.Helper()
		if err := b.Keep(name, text{strings.NewReader(body)}, at); err != nil {
			t.Fatal(err)
		}
	}
	want := func(names ...string) {
		t.Helper()
		got, err := filepath.Glob(b.Dir + "/*")
		if err != nil || len(got) != len(names) {
			t.Fatalf("%q, %v, want %q", got, err, names)
		}
		for i, n := range names {
			if filepath.Base(got[i]) != n {
				t.Errorf("%q, want %q", got[i], n)
			}
		}
	}
	keep("1", "1234", now)
	if err := os.Chtimes(b.Dir+"/1.eml", now, now.Add(-time.Minute)); err != nil {
		t.Fatal(err)
	}
	keep("a/../2", "1234", now)
	want("1.eml", "a_.._2.eml")
	keep("3", "12345", now) // the oldest goes
	want("3.eml", "a_.._2.eml")
	keep("4", "12345678901", now) // larger than all that may be kept
	want("3.eml", "a_.._2.eml")
	if err := b.Sweep(now.Add(2 * time.Hour)); err != nil {
		t.Fatal(err)
	}
	want()
}

func TestJournal(t *testing.T) {
	name := t.TempDir() + "/journal"
	j, err := OpenJournal(name, time.Hour, 3)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	step := []answer.Step{{What: "x"}}
	record := func(mail string, changes ...answer.Change) *rehearse.Record {
		return &rehearse.Record{Version: rehearse.Version, Mail: mail, Now: &answer.Answer{Passed: "CLEAN", Recipients: []answer.Recipient{{Addr: "a", Trace: step}},
			Copies: []answer.Copy{{To: []string{"a"}}}}, Changes: changes}
	}
	for _, r := range []*rehearse.Record{record("old"), record("same"), record("changed", answer.Change{Aspect: "reply"})} {
		at := now
		if r.Mail == "old" {
			at = now.Add(-2 * time.Hour)
		}
		if err := j.Add(r, at); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Lost(7, now); err != nil {
		t.Fatal(err)
	}
	read := func() (mails []string, lost int64) {
		lost, err := j.Each(now.Add(-time.Minute), func(r *rehearse.Record) error {
			mails = append(mails, r.Mail)
			if full := len(r.Changes) > 0; full != (len(r.Now.Copies) == 1) || full != (len(r.Now.Recipients[0].Trace) == 1) {
				t.Errorf("%s is kept whole: %v", r.Mail, !full)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return mails, lost
	}
	if mails, lost := read(); strings.Join(mails, " ") != "same changed" || lost != 7 {
		t.Errorf("%q, %d lost", mails, lost)
	}
	for range 1001 {
		if err := j.Add(record("more"), now); err != nil {
			t.Fatal(err)
		}
	}
	if mails, _ := read(); len(mails) > 10 {
		t.Errorf("%d mails are kept, of 3", len(mails))
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if j, err = OpenJournal(name, 0, 0); err != nil { // again
		t.Fatal(err)
	}
	if _, err := j.db.Exec("UPDATE about SET version = 99"); err != nil {
		t.Fatal(err)
	}
	j.Close()
	if j, err := OpenJournal(name, 0, 0); err == nil {
		j.Close()
		t.Error("a journal of another version was opened")
	}
}
