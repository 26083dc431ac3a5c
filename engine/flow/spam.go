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
		t.noSpam()
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
		t.told(mail.StageCheck, "spam: not checked, the mail will be blocked anyway")
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
		t.told(mail.StageCheck, "spam: not scanned, every recipient has the sender on a hard list")
		f.logf(5, t.LogID, "sender white/blacklisted, skipping spam_scan")
		return nil
	}
	s := spam.Scanner{Spamd: f.opt.Spamd, Log: log}
	m := &spam.Mail{Message: t.Message, Sender: t.Sender, Originating: t.Originating, Rcpts: t.Rcpts, ClientIP: t.ClientIP,
		Report: t.SpamReport, Summary: t.SpamSummary}
	scan := s.Scan
	if f.opt.Spam != nil {
		scan = f.opt.Spam
	}
	res, err := scan(ctx, t.Policy, m)
	if err != nil {
		return fmt.Errorf("spam_scan FAILED: %w", err)
	}
	res.Apply(t.Rcpts)
	if f.opt.Spam == nil {
		s.Learn(ctx, t.Policy, m, res)
	}
	t.spamStep()
	t.SpamInfo, t.SpamReport, t.SpamSummary = res.Info, res.Report, res.Summary
	for i, share := range res.Shares {
		t.Rcpts[i].SpamReport, t.Rcpts[i].SpamSummary = share.Report, share.Summary
	}
	return nil
}
