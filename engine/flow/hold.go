package flow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"mavis/engine/decide"
	"mavis/engine/mail"
	"mavis/engine/perlat"
	"mavis/engine/quarantine"
	"mavis/perlconf/eval"
	"mavis/rules"
)

// keep is one wish to hold the message: how and where.
type keep struct {
	methods []string
	to      string
	archive bool
}

// hold puts the message into quarantine as its recipients' categories demand, and archives it. A place that cannot take it
// is an error: the mail is deferred, not lost.
func (f *Flow) hold(ctx context.Context, t *Task) error {
	wishes, err := f.wishes(t)
	if err != nil {
		return err
	}
	var order []string
	byMethod := map[string][]keep{}
	for _, w := range wishes {
		key := strings.Join(w.methods, "\x00")
		if byMethod[key] == nil {
			order = append(order, key)
		}
		byMethod[key] = append(byMethod[key], w)
	}
	if len(order) == 0 {
		return nil
	}
	header, err := f.opt.Voice.Held(t)
	if err != nil {
		return err
	}
	for _, key := range order {
		if err := f.keep(ctx, t, byMethod[key], header); err != nil {
			return err
		}
	}
	return nil
}

func (f *Flow) keep(ctx context.Context, t *Task, same []keep, header []byte) error {
	sender, path := t.Sender, "<"+t.Envelope.Sender+">"
	batch := quarantine.Batch(same[0].methods[0])
	if s, ok := t.Policy.Opt("mailfrom_to_quarantine"); ok && !batch {
		sender, path = s, mail.Bracket(s)
	}
	m := quarantine.Mail{Sender: sender, SenderPath: path, Header: header, MailID: t.MailID, LogID: t.LogID, Received: t.Received,
		PartitionTag: f.partition(t),
		Body:         io.NewSectionReader(t.Body, t.HeaderSize, t.Body.Size()-t.HeaderSize)}
	for _, w := range same {
		if !batch && !contains(m.To, w.to) {
			m.To = append(m.To, w.to)
		}
	}
	for _, r := range t.Rcpts {
		if batch && !contains(m.To, r.Internal) {
			m.To = append(m.To, r.Internal)
		}
	}
	var places []quarantine.Place
	var err error
	for _, method := range same[0].methods { // alternatives: the first that takes it
		m.Method = method
		if strings.Contains(method, "%b") {
			if m.BodyDigest, err = t.digest(); err != nil {
				return err
			}
		}
		if places, err = f.store(t).Keep(ctx, m); err == nil {
			break
		}
	}
	if err != nil {
		return quarantineError(err, t.LogID)
	}
	for _, p := range places {
		if t.Steps != nil {
			t.told(mail.StageQuarantine, "a copy is held at "+p.Path)
		}
		if !contains(t.QuarantinedTo, p.Path) {
			t.QuarantinedTo = append(t.QuarantinedTo, p.Path)
		}
		if !contains(t.QuarTypes, p.Type) {
			t.QuarTypes = append(t.QuarTypes, p.Type)
		}
	}
	for _, w := range same {
		action := "Quarantined"
		if w.archive {
			action = "Archived"
		}
		if !contains(t.Actions, action) {
			t.Actions = append(t.Actions, action)
		}
	}
	return nil
}

// quarantineError words a failure: replies of a next hop as they are, others with the log id.
func quarantineError(err error, id string) error {
	var text wording
	switch {
	case errors.Is(err, quarantine.ErrUnsupported):
		return err
	case errors.As(err, &text) && !strings.HasPrefix(string(text), "4"):
		return wording("Can't quarantine: " + err.Error() + perlat.QuarantineNever)
	case errors.As(err, &text):
		return fmt.Errorf("temporarily unable to quarantine: %w%s", err, perlat.NoQuarantine)
	}
	return fmt.Errorf("temporarily unable to quarantine: %w, id=%s%s", err, id, perlat.NoQuarantine)
}

// wishes collects for each recipient where its copy is to be held, by the category that counts for it.
func (f *Flow) wishes(t *Task) ([]keep, error) {
	var out []keep
	archive := methodsOf(t.Policy.Value("archive_quarantine_method"))
	for _, r := range t.Rcpts {
		w, err := f.wish(t, r)
		if err != nil {
			return nil, err
		}
		if w != nil {
			out = append(out, *w)
		}
		if len(archive) > 0 {
			res, ok, err := t.Policy.Tables("archive_quarantine_to_maps").Find(r.Query)
			if err != nil {
				return nil, err
			}
			if to := where(res.String(), r, archive); ok && to != "" {
				if r.Trace != nil {
					r.Note(mail.StageQuarantine, "a copy is archived, whatever was found, by "+archive[0], "@archive_quarantine_to_maps", res)
				}
				out = append(out, keep{f.local(t, archive, to), to, true})
			}
		}
	}
	if t.Cats.Main().Major == rules.Spam {
		res, ok, err := t.Policy.Find("spam_quarantine_bysender_to_maps", t.Sender)
		if err != nil {
			return nil, err
		}
		s, has, err := t.Policy.ByCCat("quarantine_method_by_ccat", t.Settings())
		if err != nil {
			return nil, err
		}
		if m := methodsOf(s.Value); has && ok && res.String() != "" && len(m) > 0 {
			t.note(mail.StageQuarantine, "a copy is held for the sender", "@spam_quarantine_bysender_to_maps", res)
			out = append(out, keep{f.local(t, m, res.String()), res.String(), false})
		}
	}
	return out, nil
}

func (f *Flow) wish(t *Task, r *mail.Recipient) (*keep, error) {
	method, ok, err := t.Policy.ByCCat("quarantine_method_by_ccat", Settings(r))
	methods := methodsOf(method.Value)
	if err != nil {
		return nil, err
	}
	if !ok || len(methods) == 0 {
		if r.Trace != nil {
			t.category(r, mail.StageQuarantine, "not held: no method for "+decide.Name(mainOf(r)), "quarantine_method_by_ccat", method)
		}
		return nil, nil
	}
	maps, _, err := t.Policy.ByCCat("quarantine_to_maps_by_ccat", Settings(r))
	if err != nil {
		return nil, err
	}
	res, ok, err := maps.Tables.Find(r.Query)
	if err != nil {
		return nil, err
	}
	to := where(res.String(), r, methods)
	if !ok || to == "" {
		if r.Trace != nil {
			r.Note(mail.StageQuarantine, "not held: no place for "+decide.Name(mainOf(r)), maps.Name("quarantine_to_maps_by_ccat"), res)
		}
		return nil, nil
	}
	if c := Settings(r); len(c) > 0 && (c[0].Major == rules.Spam || c[0].Major == rules.Spammy) {
		over, err := f.overCutoff(t, r, "spam_quarantine_cutoff_level_maps")
		if err != nil || over {
			return nil, err
		}
	}
	if r.Trace != nil {
		t.category(r, mail.StageQuarantine, "held by "+strings.Join(methods, " or "), "quarantine_method_by_ccat", method)
		r.Note(mail.StageQuarantine, "held for "+to, maps.Name("quarantine_to_maps_by_ccat"), res)
	}
	r.HeldFor = to
	return &keep{f.local(t, methods, to), to, false}, nil
}

// mainOf is the category that counts for a recipient.
func mainOf(r *mail.Recipient) rules.CCat {
	if r.Blocking != nil {
		return *r.Blocking
	}
	return r.Cats.Main()
}

// overCutoff says that spam is so certain that keeping it, or telling of it, is not worth the while.
func (f *Flow) overCutoff(t *Task, r *mail.Recipient, table string) (bool, error) {
	res, ok, err := t.Policy.Tables(table).Find(r.Query)
	if err != nil || !ok || res.String() == "" {
		return false, err
	}
	over := r.Blacklisted && !r.Whitelisted || r.SpamLevel >= res.Num()
	if over && r.Trace != nil {
		r.Note(mail.StageQuarantine, fmt.Sprintf("score %.4g is so high that it is not worth the while (%s)", r.SpamLevel, table), "@"+table, res)
	}
	return over, nil
}

// where is the quarantine address for a recipient: %a, and every batch file, keeps the recipient's own.
func where(to string, r *mail.Recipient, methods []string) string {
	if to != "" && (to == "%a" || strings.HasPrefix(strings.ToLower(methods[0]), "bsmtp:")) {
		return r.Internal
	}
	return to
}

// local turns a method for files into the one for notices when the place is a mail address.
func (f *Flow) local(t *Task, methods []string, to string) []string {
	if strings.HasPrefix(strings.ToLower(methods[0]), "local:") && strings.Contains(to, "@") {
		return methodsOf(t.Policy.Value("notify_method"))
	}
	return methods
}

// methodsOf reads a delivery method: one, or a list of alternatives. Undef and "" are none.
func methodsOf(v eval.Value) []string {
	if s, ok := v.(*eval.Scalar); ok {
		return methodsOf(s.Get())
	}
	if a, ok := v.(*eval.Array); ok {
		var out []string
		for _, e := range a.Values() {
			out = append(out, methodsOf(e)...)
		}
		return out
	}
	if s := eval.ToString(v); s != "" {
		return []string{s}
	}
	return nil
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// store is the quarantine of the policy in force.
func (f *Flow) store(t *Task) *quarantine.Store {
	p := t.Policy.Config().Paths
	if f.opt.QuarantineDir != "" {
		p.Quarantine = f.opt.QuarantineDir
	}
	s := &quarantine.Store{Dir: p.Quarantine, Levels: p.QuarantineLevels, Sync: true, Alias: f.aliases(t, p.Quarantine), Nothing: f.opt.HoldNothing}
	s.Send = func(ctx context.Context, m quarantine.Mail) error { return f.sendHeld(ctx, t, m) }
	return s
}

// aliases looks up %local_delivery_aliases. Its built-in entries are ours; a site's own are a mailbox, a list of mailbox and
// file name, or code that gives such a list.
func (f *Flow) aliases(t *Task, dir string) func(string) (quarantine.Alias, bool) {
	builtIn := quarantine.DefaultAlias(dir, t.Sender)
	if f.opt.QuarantineDir != "" {
		return builtIn
	}
	table := t.Policy.Hash("local_delivery_aliases")
	return func(local string) (quarantine.Alias, bool) {
		v, ok := table.Get(local)
		if !ok {
			return quarantine.Alias{}, false
		}
		list := []eval.Value{v}
		switch x := v.(type) {
		case *eval.Array:
			list = x.Values()
		case *eval.Code:
			if x.Native != nil {
				return builtIn(local)
			}
			var err error
			if list, err = t.Policy.Run(x); err != nil {
				f.logf(-1, t.LogID, "local_delivery_aliases{%s}: %v", local, err)
				return quarantine.Alias{Mailbox: dir}, true // a known place is better than none
			}
		}
		a := quarantine.Alias{}
		if len(list) > 0 {
			a.Mailbox = eval.ToString(list[0])
		}
		if len(list) > 1 {
			a.Name = eval.ToString(list[1])
		}
		return a, true
	}
}

// partition is $partition_tag: text, or code that makes it.
func (f *Flow) partition(t *Task) string {
	v := t.Policy.Value("partition_tag")
	if code, ok := v.(*eval.Code); ok {
		out, err := t.Policy.Run(code)
		if err != nil || len(out) == 0 {
			return ""
		}
		v = out[0]
	}
	if v == nil {
		return "0"
	}
	return eval.ToString(v)
}
