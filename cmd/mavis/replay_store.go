package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mavis/compat/rehearse"
	decided "mavis/compat/rehearse/answer"
	"mavis/compat/rehearse/judge"
	"mavis/compat/rehearse/oldlog"
	"mavis/compat/rehearse/report"
	"mavis/compat/rehearse/store"
	"mavis/compat/rehearse/stored"
	"mavis/rules/load"
)

// witness is the daemon's host; it remembers what a configuration was made of.
type witness struct {
	load.DaemonHost
	sum hash.Hash
}

func newWitness() *witness { return &witness{sum: sha256.New()} }

// ReadFile reads a file for the configuration.
func (w *witness) ReadFile(name string) ([]byte, error) {
	text, err := w.DaemonHost.ReadFile(name)
	fmt.Fprintf(w.sum, "%q %d %x %v\n", name, len(text), sha256.Sum256(text), err)
	return text, err
}

// open opens the store, one of this run only when none was named.
func (c *replayCommand) open(configs []config) (*store.Store, error) {
	file := c.Store
	if file == "" {
		file = filepath.Join(c.folder, "replay.sqlite")
	}
	return store.Open(file)
}

// verdicts are kept when somebody can use them: a later run, or the second configuration.
func (c *replayCommand) verdicts(s *store.Store) judge.Verdicts {
	if c.Scanners == "off" || c.Store == "" && len(c.Config) < 2 {
		return nil
	}
	return s
}

// resume takes over the records of an earlier run that asked the same.
func (c *replayCommand) resume(opt *rehearse.Options, s *store.Store, configs []config, tally *report.Tally) error {
	if c.Store == "" {
		return nil
	}
	h := sha256.New()
	for _, x := range configs {
		fmt.Fprintf(h, "%x\n", x.host.sum.Sum(nil))
	}
	given, err := json.Marshal(opt.Given)
	if err != nil {
		return err
	}
	fmt.Fprintf(h, "%d %s %s %t %t %q\n", rehearse.Version, c.Scanners, given, c.AsStored, c.Mboxo, c.Config)
	for _, name := range append([]string{c.Envelopes, c.Expect}, c.AgainstLog...) {
		if err := sumFile(h, name); err != nil {
			return err
		}
	}
	if err := s.Begin(hex.EncodeToString(h.Sum(nil)), tally.Title); err != nil {
		return err
	}
	opt.Done = s.Has
	return s.Each(func(r *rehearse.Record) error {
		tally.Add(r)
		tally.Resumed++
		if c.Expect != "" {
			_, err := s.Expected(r.Mail)
			return err
		}
		return nil
	})
}

func sumFile(h hash.Hash, name string) error {
	if name == "" {
		return nil
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(h, f)
	return err
}

// bulk is how many rows are put into the store at a time.
const bulk = 1000

// compare sets up what mails are compared with, and the envelopes given.
func (c *replayCommand) compare(opt *rehearse.Options, s *store.Store, tally *report.Tally) error {
	if c.Envelopes != "" {
		if err := c.readEnvelopes(s); err != nil {
			return fmt.Errorf("%s: %w", c.Envelopes, err)
		}
		opt.Lookup = s.Envelope
	}
	for _, name := range c.AgainstLog {
		if err := readLog(s, name, tally); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	switch {
	case len(c.AgainstLog) > 0:
		if err := s.IndexPast(); err != nil {
			return err
		}
		opt.Compare.Within = 0.01
		opt.Past = func(k *rehearse.Known) (*decided.Answer, error) {
			return findPast(s, k)
		}
	case c.Expect != "":
		if err := readExpected(s, c.Expect); err != nil {
			return fmt.Errorf("%s: %w", c.Expect, err)
		}
		opt.Past = func(k *rehearse.Known) (*decided.Answer, error) {
			r, err := s.Expected(k.Mail.Name)
			if r == nil {
				return nil, err
			}
			return r.Now, err
		}
	}
	return nil
}

func (c *replayCommand) readEnvelopes(s *store.Store) error {
	f, err := os.Open(c.Envelopes)
	if err != nil {
		return err
	}
	defer f.Close()
	var some []store.NamedEnvelope
	err = stored.Envelopes(f, func(name string, e stored.Envelope) error {
		if some = append(some, store.NamedEnvelope{Mail: name, Envelope: e}); len(some) < bulk {
			return nil
		}
		err := s.AddEnvelopes(some)
		some = some[:0]
		return err
	})
	if err != nil {
		return err
	}
	return s.AddEnvelopes(some)
}

func readLog(s *store.Store, name string, tally *report.Tally) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	var some []store.Past
	met, err := oldlog.Each(f, func(p *oldlog.Past) error {
		if some = append(some, store.Past{Key: p.Key(), Answer: p.Answer}); len(some) < bulk {
			return nil
		}
		err := s.AddPast(some)
		some = some[:0]
		return err
	})
	if err != nil {
		return err
	}
	tally.Troubles += met.Troubles
	tally.Trouble = append(tally.Trouble, met.Trouble...)
	return s.AddPast(some)
}

// findPast finds what the log says of a mail.
func findPast(s *store.Store, k *rehearse.Known) (*decided.Answer, error) {
	if k.MessageID != "" || k.Envelope.MailID != "" {
		list, err := s.FindPast(k.Envelope.MailID, oldlog.Key(k.MessageID))
		return pick(list, k), err
	}
	size, err := k.Size()
	if err != nil {
		return nil, err
	}
	for _, more := range []int64{0, 2} { // the log counts the empty line that a mail without body lacks
		list, err := s.FindPast("", oldlog.SizeKey(size+more, k.Envelope.From, k.Envelope.To))
		if err != nil || len(list) > 0 {
			return pick(list, k), err
		}
	}
	return nil, nil
}

func readExpected(s *store.Store, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	dec := json.NewDecoder(bufio.NewReader(f))
	var some []*rehearse.Record
	for {
		r := &rehearse.Record{}
		err := dec.Decode(r)
		if errors.Is(err, io.EOF) {
			return s.AddExpected(some)
		}
		if err != nil {
			return err
		}
		if r.Version != rehearse.Version {
			return fmt.Errorf("a record of version %d, and this program writes version %d", r.Version, rehearse.Version)
		}
		if r.Now == nil {
			r.Now = &decided.Answer{Failed: r.Finding}
		}
		if some = append(some, r); len(some) == bulk {
			if err := s.AddExpected(some); err != nil {
				return err
			}
			some = some[:0]
		}
	}
}

// pick chooses among the answers of mails with the same Message-ID the one for the same recipients.
func pick(list []*decided.Answer, k *rehearse.Known) *decided.Answer {
	want := folded(k.Envelope.To)
	for _, a := range list {
		var got []string
		for _, r := range a.Recipients {
			got = append(got, r.Addr)
		}
		if slices.Equal(want, folded(got)) {
			return a
		}
	}
	if len(list) > 0 {
		return list[0]
	}
	return nil
}

func folded(in []string) []string {
	out := make([]string, len(in))
	for i, s := range in {
		out[i] = strings.ToLower(s)
	}
	slices.Sort(out)
	return out
}

// missing tells of mails that were expected and did not come.
func (c *replayCommand) missing(s *store.Store, tally *report.Tally, when report.Timing) (bool, error) {
	if c.Expect == "" || when.Broken {
		return false, nil
	}
	n, some, err := s.Missing()
	for _, name := range some {
		tally.Findings = append(tally.Findings, report.Finding{Mail: name, What: "was expected and did not come"})
	}
	tally.Unjudged += n
	return n > 0, err
}
