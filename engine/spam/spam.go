// Package spam asks black and white lists and spam scanners about a message: our own spamd in place of a SpamAssassin
// within, one that already runs, rspamd, programs. A scanner that fails is an error, never a score of nothing.
package spam

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"mavis/engine/mail"
	"mavis/perlconf/eval"
	"mavis/rules"
)

// Mail is a message to be scanned.
type Mail struct {
	*mail.Message
	Sender      string // of the envelope, internal form
	Originating bool   // the bank in force says so
	Rcpts       []*mail.Recipient
	Size        int64  // as the log shows it; 0 is that of the body as received
	Fingerprint string // of the client's operating system, "" when unknown
	ClientIP    string // of the first client, "" when unknown
	// Info are notes of earlier steps under the original's names; they are read, not changed.
	Info map[string]string
	// Report and Summary are what virus scanners said that counts as spam; they come before the scanners' own.
	Report, Summary string
}

func (m *Mail) size() int64 {
	if m.Size > 0 {
		return m.Size
	}
	return m.Body.Size()
}

// Result is what the scanners said together.
type Result struct {
	Shares []Share // of each recipient, in the order of Mail.Rcpts
	// Info are the notes that macros and header fields show: TESTS, TESTSSCORES, AUTOLEARN, AUTOLEARNSCORE, LANGUAGES,
	// RELAYCOUNTRY, ADDEDHEADERHAM, ADDEDHEADERSPAM, SUBJPREFIX, TIMING, VERSION, SCORE-name, VERDICT-name …
	Info            map[string]string
	Report, Summary string
}

// Share is what a scan means for one recipient. Recipients differ when they have SpamAssassin settings of their own.
type Share struct {
	Scored          bool // some scanner has given a score
	Score           float64
	Tests           []string // NAME=score each, in the order of scanners; "none" when a scanner found nothing
	Report, Summary string   // of SpamAssassin
}

// Apply adds scores and tests to the recipients that were scanned.
func (r *Result) Apply(rcpts []*mail.Recipient) {
	for i, s := range r.Shares {
		if i >= len(rcpts) || !s.Scored {
			continue
		}
		rcpts[i].SpamLevel += s.Score
		rcpts[i].SpamScored = true
		rcpts[i].SpamTests = append(rcpts[i].SpamTests, s.Tests...)
	}
}

// Scanner asks the entries of @spam_scanners of a policy.
type Scanner struct {
	// Spamd serves entries of module Amavis::SpamControl::SpamAssassin. Nil makes them fail.
	Spamd *Spamd
	Log   Log
}

// ErrUnsupported is an entry of @spam_scanners whose module this program does not have.
var ErrUnsupported = errors.New("no such spam scanner here")

// Kind is the last word of an entry's module: SpamAssassin, SpamdClient, RspamdClient, ExtProg.
func Kind(s rules.SpamScanner) string { return s.Module[strings.LastIndexByte(s.Module, ':')+1:] }

// Wanted says whether the policy has spam scanners and does not switch spam checks off altogether, as a first element of
// @bypass_spam_checks_maps that is true by itself does.
func Wanted(p *rules.Policy) bool {
	if a, ok := p.Value("bypass_spam_checks_maps").(*eval.Array); ok && a.Len() > 0 && !eval.IsRef(a.Get(0)) && eval.ToBool(a.Get(0)) {
		return false
	}
	return len(entries(p)) > 0
}

// NeedsSpamd says whether a spamd of our own must be there for this policy.
func NeedsSpamd(p *rules.Policy) bool {
	for _, s := range entries(p) {
		if Kind(s) == "SpamAssassin" {
			return Wanted(p)
		}
	}
	return false
}

func entries(p *rules.Policy) []rules.SpamScanner {
	var out []rules.SpamScanner
	for _, s := range p.SpamScanners() {
		if s.Module != "" {
			out = append(out, s)
		}
	}
	return out
}

// Scan asks all scanners one after the other and sums what they say. When one fails the others are asked all the same;
// then both come back: the error, which means that the message was not checked as the configuration wants it, and what
// is known. The original goes on with that when a daemon or SpamAssassin itself failed, and logs it.
func (s *Scanner) Scan(ctx context.Context, p *rules.Policy, m *Mail) (*Result, error) {
	r := &Result{Shares: make([]Share, len(m.Rcpts)), Info: map[string]string{}, Report: m.Report, Summary: m.Summary}
	var failed []error
	for _, entry := range entries(p) {
		if err := s.guarded(ctx, p, entry, m, r); err != nil {
			err = fmt.Errorf("spam scanner %s: %w", entry.Name, err)
			s.Log.printf(-1, "%v", err)
			failed = append(failed, err)
		}
	}
	return r, errors.Join(failed...)
}

func (s *Scanner) guarded(ctx context.Context, p *rules.Policy, entry rules.SpamScanner, m *Mail, r *Result) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("internal error: %v", v)
		}
	}()
	if err := ctx.Err(); err != nil {
		return err
	}
	switch kind := Kind(entry); kind {
	case "SpamAssassin":
		return s.spamAssassin(ctx, p, entry, m, r)
	case "SpamdClient":
		return s.spamdClient(ctx, p, entry, m, r)
	case "RspamdClient":
		return s.rspamdClient(ctx, p, entry, m, r)
	case "ExtProg":
		return s.extProg(ctx, p, entry, m, r)
	default:
		return fmt.Errorf("%w: module %s", ErrUnsupported, entry.Module)
	}
}

// add gives a score and tests to recipients by index.
func (r *Result) add(which []int, score float64, tests string) {
	for _, i := range which {
		sh := &r.Shares[i]
		sh.Scored = true
		sh.Score += score
		if tests != "" {
			sh.Tests = append(sh.Tests, strings.Split(tests, ",")...)
		}
	}
}

// factor applies option score_factor of an entry.
func factor(entry rules.SpamScanner, score float64) float64 {
	if v, ok := entry.Options.Get("score_factor"); ok && v != nil {
		score *= eval.ToFloat(v)
	}
	return score
}

// finite reads a score; what is no number that can be added is an error.
func finite(text string) (float64, error) {
	v := eval.ToFloat(text)
	if !eval.LooksLikeNumber(text) || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, fmt.Errorf("%q is no score", text)
	}
	return v, nil
}
