package flow

import (
	"context"
	"fmt"

	"mavis/engine/decide"
	"mavis/engine/mail"
	"mavis/engine/spam"
)

// checkSpam asks lists and scanners for the spam score. Mail that will be blocked for everybody anyway is not scanned, nor is
// mail whose sender is on a hard list of each recipient. A scanner that fails defers the mail.
func (f *Flow) checkSpam(ctx context.Context, t *Task) error {
	if !SpamCode(t.Policy) || every(t.Rcpts, func(r *mail.Recipient) bool { return r.BypassSpam }) {
		return nil
	}
	pass := false
	for _, r := range t.Rcpts {
		ok, err := decide.WouldPass(t.Policy, f.about(t), r)
		if err != nil {
			return err
		}
		pass = pass || ok
	}
	if !pass {
		f.logf(5, t.LogID, "bypassing of spam checks, message will be blocked anyway")
		return nil
	}
	log := func(level int, format string, args ...any) { f.logf(level, t.LogID, format, args...) }
	lists := spam.Lists{Policy: t.Policy, Log: log}
	listed, err := lists.Check(append([]string{t.Sender}, t.Authors...), t.Rcpts)
	if err != nil {
		return err
	}
	if listed.All {
		f.logf(5, t.LogID, "sender white/blacklisted, skipping spam_scan")
		return nil
	}
	s := spam.Scanner{Spamd: f.opt.Spamd, Log: log}
	m := &spam.Mail{Message: t.Message, Sender: t.Sender, Originating: t.Originating, Rcpts: t.Rcpts, ClientIP: t.ClientIP,
		Report: t.SpamReport, Summary: t.SpamSummary}
	res, err := s.Scan(ctx, t.Policy, m)
	if err != nil {
		return fmt.Errorf("spam_scan FAILED: %w", err)
	}
	res.Apply(t.Rcpts)
	s.Learn(ctx, t.Policy, m, res)
	t.SpamInfo, t.SpamReport, t.SpamSummary = res.Info, res.Report, res.Summary
	for i, share := range res.Shares {
		t.Rcpts[i].SpamReport, t.Rcpts[i].SpamSummary = share.Report, share.Summary
	}
	return nil
}
