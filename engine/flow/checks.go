package flow

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"mavis/engine/av"
	"mavis/engine/check"
	"mavis/engine/deliver"
	"mavis/engine/mail"
	"mavis/engine/unpack"
	"mavis/perlconf/eval"
	"mavis/rules"
	"mavis/rules/lookup"
)

func itoa(n uint16) string { return strconv.Itoa(int(n)) }

func every(rcpts []*mail.Recipient, f func(*mail.Recipient) bool) bool {
	for _, r := range rcpts {
		if !f(r) {
			return false
		}
	}
	return true
}

// take apart the message, when any check wants its parts.
func (f *Flow) unpack(ctx context.Context, t *Task, dir func() (string, error)) error {
	bans := t.Policy.Tables("banned_filename_maps").Len() > 0 || t.Policy.Defined("banned_namepath_re")
	switch {
	case t.Policy.Bool("bypass_decode_parts"):
		t.set(mail.StageCheck, "the mail is not taken apart", "bypass_decode_parts")
		return nil
	case !bans && !f.virusWanted(t) && t.Policy.Num("bounce_killer_score") <= 0:
		t.told(mail.StageCheck, "the mail is not taken apart: no check wants its parts")
		return nil
	}
	var err error
	if t.Dir, err = dir(); err != nil {
		return err
	}
	opt, err := f.unpackOptions(t)
	if err != nil {
		return err
	}
	if t.Parts, err = unpack.Run(ctx, t.Message, opt); err != nil {
		return fmt.Errorf("parts_decode_ext FAILED: %w", err)
	}
	t.Hold, t.MIMEError = t.Parts.Hold, t.Parts.MIMEError
	t.partsStep()
	if t.Parts.Ambiguous > 0 {
		t.add(rules.Unchecked, 3, nil)
	}
	if t.Parts.Unchecked() {
		scanned := func(r *mail.Recipient) bool { return !r.BypassVirus }
		t.add(rules.Unchecked, 0, scanned)
		if t.Parts.Encrypted > 0 {
			t.add(rules.Unchecked, 1, scanned)
		}
		if t.Parts.OverLimit {
			t.add(rules.Unchecked, 2, scanned)
		}
	}
	return nil
}

// checkHeader looks at the syntax of the header and at what MIME had to complain.
func (f *Flow) checkHeader(t *Task) {
	wanted := func(r *mail.Recipient) bool { return !r.BypassHeader }
	if every(t.Rcpts, func(r *mail.Recipient) bool { return r.BypassHeader }) {
		t.told(mail.StageCheck, "header: not checked, every recipient bypasses it")
		return
	}
	on := t.Policy.Hash("allowed_header_tests")
	if len(on.Keys()) > 0 {
		var minor int
		t.BadHeaders, minor = check.Header(t.Header, t.Envelope.SMTPUTF8, check.HeaderTests{Syntax: on.Bool("syntax"), Empty: on.Bool("empty"),
			Long: on.Bool("long"), Control: on.Bool("control"), EightBit: on.Bool("8bit"), UTF8: on.Bool("utf8"),
			Missing: on.Bool("missing"), Multiple: on.Bool("multiple")})
		if minor > 0 {
			t.add(rules.BadHeader, minor, wanted)
		}
	}
	if on.Bool("mime") && t.MIMEError != "" {
		t.BadHeaders = append(t.BadHeaders, "MIME error: "+t.MIMEError)
		t.add(rules.BadHeader, check.MinorMIME, wanted)
	}
	if t.Steps != nil {
		for _, b := range t.BadHeaders {
			t.set(mail.StageFound, "bad header: "+b, "allowed_header_tests")
		}
		if len(t.BadHeaders) == 0 {
			t.told(mail.StageCheck, "header: nothing wrong")
		}
	}
}

// checkBanned asks the banning rules for each recipient.
func (f *Flow) checkBanned(t *Task) error {
	if t.Root == nil {
		return nil
	}
	ask := check.BanRules{Options: t.Policy.Options()}
	for _, r := range t.Rcpts {
		b := check.Ban{Recipient: r}
		if !r.BypassBanned {
			var err error
			if b.Tables, err = f.banTables(t, r); err != nil {
				return err
			}
		}
		ask.Bans = append(ask.Bans, b)
	}
	if v := t.Policy.Value("banned_namepath_re"); v != nil {
		if s, ok := v.(*eval.Scalar); ok {
			v = s.Get()
		}
		ask.NamePath = t.Policy.TablesOf(v)
	}
	if every(t.Rcpts, func(r *mail.Recipient) bool { return r.BypassBanned }) {
		t.told(mail.StageCheck, "banned: not checked, every recipient bypasses it")
		return nil
	}
	err := check.Banned(t.Root, ask, func(level int, format string, args ...any) { f.logf(level, t.LogID, format, args...) })
	if err != nil {
		return err
	}
	for _, r := range t.Rcpts {
		if r.Trace != nil && !r.BypassBanned && len(r.Banned) == 0 {
			r.Note(mail.StageCheck, "banned: no name or type of a part is", "@banned_filename_maps", lookup.Result{})
		}
		for _, b := range r.Banned {
			r.Cats.Add(rules.Banned, 0)
			t.Cats.Add(rules.Banned, 0)
			if len(b.Result) >= 7 && b.Result[:7] == "DISCARD" {
				r.SuppressReason = "BANNED:" + b.Result + " suggested by rule"
				r.Note(mail.StageNotice, "the sender is not told: the banning rule says DISCARD", "@banned_filename_maps", lookup.Result{Key: b.Key, Origin: b.Origin})
			}
		}
	}
	return nil
}

// banTables gives the banning tables of a recipient: @banned_filename_maps yields lists of tables, or names of them
// (%banned_rules), as one comma or blank list.
func (f *Flow) banTables(t *Task, r *mail.Recipient) (*lookup.Tables, error) {
	all, err := t.Policy.Tables("banned_filename_maps").FindAll(r.Query)
	if err != nil {
		return nil, err
	}
	var lists []*lookup.Tables
	for _, res := range all {
		if r.Trace != nil {
			r.Note(mail.StageCheck, "banned: asks "+tableName(res), "@banned_filename_maps", res)
		}
		if eval.IsRef(res.Value) {
			lists = append(lists, t.Policy.TablesOf(res.Value))
			continue
		}
		for _, name := range ruleNames.FindAllString(res.String(), -1) {
			list, ok := t.Policy.Config().BannedRules[name]
			if !ok {
				f.logf(2, t.LogID, "INFO: unknown banned table name %s, recip=%s", name, r.Internal)
				continue
			}
			lists = append(lists, list)
		}
	}
	return lookup.Join(lists...), nil
}

var ruleNames = regexp.MustCompile(`"(?:\\.|[^"\\])*"|[^, "]+`)

// virusWanted says whether scanners are to be asked at all.
func (f *Flow) virusWanted(t *Task) bool {
	return VirusCode(t.Policy) && !every(t.Rcpts, func(r *mail.Recipient) bool { return r.BypassVirus })
}

// VirusCode says whether virus checks are configured at all: scanners are there, and the plain switch is not set.
func VirusCode(p *rules.Policy) bool {
	base := p.Config().Base()
	return (len(base.AVScanners()) > 0 || len(base.AVScannersBackup()) > 0) && !switchedOff(base, "bypass_virus_checks_maps")
}

// SpamCode says the same of spam checks.
func SpamCode(p *rules.Policy) bool {
	base := p.Config().Base()
	return len(base.SpamScanners()) > 0 && !switchedOff(base, "bypass_spam_checks_maps")
}

// switchedOff is amavisd's plain switch: a first element of the list that is true by itself, not a table.
func switchedOff(base *rules.Policy, maps string) bool {
	a, ok := base.Value(maps).(*eval.Array)
	return ok && len(a.Elems) > 0 && !eval.IsRef(a.Elems[0].Get()) && eval.ToBool(a.Elems[0].Get())
}

func (f *Flow) scannersOf(p *rules.Policy) (primary, backup []rules.Scanner) {
	if f.opt.Scanners != nil {
		return f.opt.Scanners(p)
	}
	return p.AVScanners(), p.AVScannersBackup()
}

// checkVirus asks the scanners. When none can answer the mail is deferred, unless the configuration says in so many words
// that it may pass unchecked ($virus_scanners_failure_is_fatal set to a false value).
func (f *Flow) checkVirus(ctx context.Context, t *Task, wholeMail func() (string, error)) error {
	if !f.virusWanted(t) {
		t.noVirus()
		return nil
	}
	if t.Hold != "" {
		f.logf(0, t.LogID, "NOTICE: Virus scanning skipped: %s", t.Hold)
		return nil
	}
	if err := f.presentWhole(t, wholeMail); err != nil {
		return err
	}
	if f.opt.NoVirusScan {
		t.told(mail.StageCheck, "virus: not scanned in this rehearsal")
		return nil
	}
	files, err := scanFiles(t)
	if err != nil {
		return err
	}
	s := f.virusScanner(t)
	t.Virus, err = s.Scan(ctx, av.Job{Folder: filepath.Join(t.Dir, "parts"), Files: files})
	if err != nil {
		return f.noScanner(t, err)
	}
	for _, spam := range t.Virus.Spam {
		t.countSpam(spam)
	}
	if !t.Virus.Infected {
		if t.Steps != nil {
			t.told(mail.StageCheck, "virus: nothing found by "+strings.Join(t.Virus.Answered, ", "))
		}
		return nil
	}
	return f.infected(t)
}

// virusScanner sets up the scanners of the policy in force.
func (f *Flow) virusScanner(t *Task) *av.Scanner {
	primary, backup := f.scannersOf(t.Policy)
	cfg := t.Policy.Config()
	s := &av.Scanner{Primary: primary, Backup: backup, Path: cfg.Paths.Search, Daemons: &f.scanners, Run: t.Policy.Run,
		FirstInfectedStops: t.Policy.Bool("first_infected_stops_scan"),
		Log:                func(level int, format string, args ...any) { f.logf(level, t.LogID, format, args...) }}
	s.Recall = f.opt.Virus
	s.Var = func(name string) (string, bool) {
		v := cfg.Global('$', name)
		return eval.ToString(v), v != nil && !eval.IsRef(v)
	}
	s.Mail = func(ctx context.Context, method, recipient string) (string, error) {
		return f.askMTA(ctx, t, method, recipient)
	}
	if names := t.Policy.Tables("virus_name_to_spam_score_maps"); names.Len() > 0 {
		s.Spam = func(virus string) (string, bool) {
			r, ok, err := names.First(virus, t.Policy.Options())
			if err != nil {
				f.logf(-1, t.LogID, "virus_name_to_spam_score_maps: %s: %v", virus, err)
			}
			return r.String(), ok && err == nil && r.Value != nil
		}
	}
	return s
}

// askMTA sends the message as it came to a scanner that speaks SMTP or LMTP and gives its reply.
func (f *Flow) askMTA(ctx context.Context, t *Task, method, recipient string) (string, error) {
	m := &deliver.Outgoing{Sender: mail.Quote(t.Sender), Security: security(t.Policy), Body: t.Body, BodySize: t.Body.Size(), LogID: t.LogID, MailID: t.MailID,
		Params: deliver.Params{BodyType: t.Envelope.BodyType, SMTPUTF8: t.Envelope.SMTPUTF8}, Rcpts: []deliver.Rcpt{{Addr: recipient}}}
	if t.Policy.Bool("propagate_dsn_if_possible") {
		m.Params.Ret, m.Params.EnvID = t.Envelope.Ret, t.Envelope.EnvID
		if m.Params.EnvID == "" {
			m.Params.EnvID = EnvID(t.MailID, f.opt.Now(), t.Policy.Str("myhostname"))
		}
	}
	deliver := func(ctx context.Context, methods []string, m *deliver.Outgoing) (*deliver.Result, error) {
		if f.opt.ToScanners != nil {
			return f.opt.ToScanners.Deliver(ctx, methods, m)
		}
		return f.deliver(ctx, t, methods, m)
	}
	res, err := deliver(ctx, []string{method}, m)
	if err != nil {
		return "", err
	}
	o := res.Outcomes[0]
	if o.Own {
		return "", errors.New(o.Answer)
	}
	return f.opt.Voice.FromMTA(o.Target, o.Answer, o.Stage.DefaultEnhanced(), o.Stage.Command()), nil
}

// countSpam adds what a virus scanner said that is worth a score only.
func (t *Task) countSpam(s av.Spam) {
	if t.Steps != nil {
		t.told(mail.StageFound, "what the virus scanner "+s.Scanner+" found counts as spam: "+s.Report())
	}
	for _, r := range t.Rcpts {
		r.SpamLevel += s.Score
		r.SpamScored = true
		r.SpamTests = append(r.SpamTests, s.Tests...)
	}
	report, summary := s.Report(), s.Summary()
	if t.SpamReport != "" {
		report = t.SpamReport + ", " + report
	}
	if t.SpamSummary != "" {
		summary = t.SpamSummary + "\n\n" + summary
	}
	t.SpamReport, t.SpamSummary = report, summary
}

func (f *Flow) noScanner(t *Task, err error) error {
	if !errors.Is(err, av.ErrNone) {
		return err
	}
	if t.Policy.Defined("virus_scanners_failure_is_fatal") && !t.Policy.Bool("virus_scanners_failure_is_fatal") {
		f.logf(-2, t.LogID, "AV: %v", err)
		t.set(mail.StageCheck, "virus: no scanner answers, and the mail passes unchecked", "virus_scanners_failure_is_fatal")
		t.add(rules.Unchecked, 0, func(r *mail.Recipient) bool { return !r.BypassVirus })
		return nil
	}
	return fmt.Errorf("virus_scan FAILED: %w", err)
}

func (f *Flow) infected(t *Task) error {
	fakes := t.Policy.Tables("viruses_that_fake_sender_maps")
	suppress := ""
	for _, name := range t.Virus.Names {
		r, ok, err := fakes.First(name, t.Policy.Options())
		if err != nil {
			return err
		}
		if ok && r.Bool() {
			suppress = "INFECTED"
			t.note(mail.StageNotice, "the sender is not told: such viruses forge senders", "@viruses_that_fake_sender_maps", r)
			break
		}
	}
	t.add(rules.Virus, 0, func(r *mail.Recipient) bool { return !r.BypassVirus })
	for _, r := range t.Rcpts {
		if suppress != "" {
			if r.SuppressReason != "" {
				suppress += ", " + r.SuppressReason
			}
			r.SuppressReason = suppress
		}
		if !r.BypassVirus {
			if r.Trace != nil {
				r.Note(mail.StageFound, "infected: "+t.Virus.Names[0], "@av_scanners", lookup.Result{Key: t.Virus.Scanners[0], Origin: t.Virus.Origin})
			}
		}
	}
	return f.virusBanks(t)
}

// presentWhole puts the whole message among the files to scan when MIME is broken or the configuration asks for it.
func (f *Flow) presentWhole(t *Task, wholeMail func() (string, error)) error {
	want := t.MIMEError != "" || t.Parts == nil
	for _, key := range []string{"MAIL", "MAIL-UNDECIPHERABLE"} {
		if want || key != "MAIL" && !t.Undecipherable() {
			continue
		}
		r, ok, err := t.Policy.Config().KeepDecodedOriginal.First(key, t.Policy.Options())
		if err != nil {
			return err
		}
		want = ok && r.Bool()
	}
	if !want {
		return nil
	}
	path, err := wholeMail()
	if err != nil {
		return err
	}
	if t.Parts == nil {
		t.Parts, t.Root, t.Dir = &unpack.Report{}, &mail.Part{}, filepath.Dir(path)
		if err := os.MkdirAll(filepath.Join(t.Dir, "parts"), 0o750); err != nil {
			return err
		}
	}
	return unpack.AddMail(t.Message, t.Parts, path, t.Envelope.SMTPUTF8 && t.Header8Bit)
}

// scanFiles lists what lies in the parts folder: regular files with something in them, and no others.
func scanFiles(t *Task) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(t.Dir, "parts"))
	if err != nil {
		return nil, err
	}
	var files []string
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return nil, err
		}
		if !info.Mode().IsRegular() {
			return nil, fmt.Errorf("%s in the parts folder is not a regular file", e.Name())
		}
		if info.Size() > 0 {
			files = append(files, e.Name())
		}
	}
	return files, nil
}

// virusBanks lays the banks that @virus_name_to_policy_bank_maps names for the viruses found.
func (f *Flow) virusBanks(t *Task) error {
	banks := t.Policy.Tables("virus_name_to_policy_bank_maps")
	if banks.Len() == 0 {
		return nil
	}
	for _, name := range t.Virus.Names {
		r, ok, err := banks.First(name, t.Policy.Options())
		if err != nil {
			return err
		}
		if ok && r.Bool() {
			if t.Steps != nil {
				t.note(mail.StageBank, "virus "+name+" has policy bank "+r.String(), "@virus_name_to_policy_bank_maps", r)
			}
			f.loadBanks(t, bankNames(r.String(), "VIRUS"))
		}
	}
	return nil
}
