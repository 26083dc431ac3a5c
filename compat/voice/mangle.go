package voice

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"mavis/compat/header"
	"mavis/compat/mangle"
	"mavis/engine/flow"
	"mavis/engine/mail"
	"mavis/engine/origin"
	"mavis/engine/program"
	"mavis/perlconf/eval"
	"mavis/rules"
)

// bodies makes the changed bodies of one message. What a program made for a kind of change serves all copies.
type bodies struct {
	v    *Voice
	t    *flow.Task
	made map[string]*mangle.Altered // by kind; nil says that the program failed
	// onDisk says that the original would have the message in a file only: when it is large, and after the first copy. Then it
	// wraps it with a Return-Path, and keeps more of badly folded header fields.
	onDisk bool
}

// largeMail is about the size in bytes up to which the original has a message in memory.
const largeMail = 3 << 16

// base is what a copy is made of: fields that edits are applied to, and a body where it is not the message's own.
type base struct {
	fields  []mail.Field
	body    mail.Body
	resend  bool // the body counts as changed: $resend_method holds
	repair  header.Repair
	release func() error
}

// base changes the message as the recipient wants it. A change of dangerous mail that a program fails to make is made by
// wrapping instead; the original lets such mail pass as it came. A disclaimer that cannot be added is left out, as in the
// original. Other errors defer the mail.
func (b *bodies) base(ctx context.Context, r *mail.Recipient, e *header.Edits) (base, error) {
	out := base{fields: b.t.Header, repair: repair(b.t)}
	out.repair.Spaces = b.onDisk || b.t.Size > largeMail
	defer func() { b.onDisk = true }()
	if r.Mangle == "" {
		return out, nil
	}
	command, _ := program.Find(b.t.Policy.Config().Paths.Altermime, b.t.Policy.Config().Paths.Search)
	anomy := eval.ToBool(b.t.Policy.Config().Global('$', "enable_anomy_sanitizer"))
	out.resend = true
	switch mangle.Choose(r.Mangle, len(command) > 0, anomy) {
	case mangle.Pretend:
		out.repair.Spaces = true
		return out, nil
	case mangle.Program:
		changed, fresh, err := b.program(ctx, r, command)
		if err != nil {
			return out, err
		}
		if changed != nil {
			if fresh {
				out.release = changed.Close
			}
			out.fields, out.repair.Spaces = changed.Header, true
			out.body = io.NewSectionReader(changed.Body, changed.HeaderSize, changed.Body.Size()-changed.HeaderSize)
			return out, nil
		}
		if mangle.Disclaims(r.Mangle) {
			out.resend = false
			return out, nil
		}
	}
	return b.wrap(out, r, e)
}

// program runs altermime, once for each kind. fresh says that the caller has to close the result.
func (b *bodies) program(ctx context.Context, r *mail.Recipient, command []string) (changed *mangle.Altered, fresh bool, err error) {
	kind := strings.ToLower(r.Mangle)
	if m, ok := b.made[kind]; ok {
		return m, false, nil
	}
	if b.t.Folder == nil {
		return nil, false, errors.New("no folder to change a message in")
	}
	dir, err := b.t.Folder()
	if err != nil {
		return nil, false, err
	}
	args, err := b.args(r.Mangle)
	if err != nil {
		return nil, false, err
	}
	a := mangle.Altermime{Command: command, Args: args, Dir: dir, Path: strings.Join(b.t.Policy.Config().Paths.Search, ":"), Logf: b.logf}
	b.logf(2, "mangling by: %s, <%s>", r.Mangle, r.Internal)
	changed, err = a.Run(ctx, b.t.Message)
	switch {
	case errors.Is(err, mangle.ErrProgram):
		what := "wrapping it instead"
		if mangle.Disclaims(r.Mangle) {
			what = "mail will pass unmodified"
		}
		b.logf(-1, "mangling (%s): %v, %s", r.Mangle, err, what)
		changed = nil
	case err != nil:
		return nil, false, fmt.Errorf("mangling (%s): %w", r.Mangle, err)
	default:
		b.logf(1, "mangling by altermime (%s) done, new size: %d, orig %d bytes", r.Mangle, changed.Body.Size(), b.t.Size)
	}
	b.made[kind] = changed
	return changed, changed != nil, nil
}

// args are altermime's arguments. In those for a disclaimer _OPTION_ stands for what @disclaimer_options_bysender_maps says
// of the first of the mail's authors that is local and named there.
func (b *bodies) args(kind string) ([]string, error) {
	p := b.t.Policy
	if !mangle.Disclaims(kind) {
		return p.List("altermime_args_defang"), nil
	}
	args := p.List("altermime_args_disclaimer")
	maps := p.Tables("disclaimer_options_bysender_maps")
	if maps.Len() == 0 || !strings.Contains(strings.Join(args, "\n"), "_OPTION_") {
		return args, nil
	}
	option := ""
	for _, a := range b.authors() {
		local, ok, err := p.Find("local_domains_maps", a)
		if err != nil {
			return nil, err
		}
		if !ok || !local.Bool() {
			continue
		}
		res, ok, err := maps.Find(p.Query(a))
		if err != nil {
			return nil, err
		}
		if ok {
			option = res.String()
			b.logf(3, "disclaimer options of <%s>: %s", a, option)
			break
		}
	}
	out := make([]string, len(args))
	for i, a := range args {
		out[i] = strings.ReplaceAll(a, "_OPTION_", option)
	}
	return out, nil
}

// authors are those who may stand for the mail, most important first, each once.
func (b *bodies) authors() []string {
	t := b.t
	seen := map[string]bool{"": true}
	var out []string
	for _, list := range [][]string{t.Authors, origin.Resent(t.Header), t.HeaderSender, {t.Sender}} {
		for _, a := range list {
			if !seen[a] {
				seen[a] = true
				out = append(out, a)
			}
		}
	}
	return out
}

func (b *bodies) wrap(out base, r *mail.Recipient, e *header.Edits) (base, error) {
	t := b.t
	why, err := wanted(t, r)
	if err != nil {
		return out, err
	}
	warnings := mangle.Explain(why, mangle.Findings{Viruses: t.VirusNames(), Hold: t.Hold, Undecipherable: t.Undecipherable(),
		BadHeaders: t.BadHeaders, SpamSummary: t.SpamSummary})
	b.logf(2, "mangling by built-in defanger: %s, <%s>", r.Mangle, r.Internal)
	said := strings.Join(warnings, " ")
	if len(said) > 150 {
		said = said[:147] + "[...]"
	}
	b.logf(1, "DEFANGING MAIL: %s", said)
	w := mangle.Wrapping{Warnings: warnings, Charset: t.Policy.Str("bdy_encoding"), EightBit: t.Header8Bit || t.Body8Bit,
		Global: t.Envelope.SMTPUTF8 && t.Header8Bit}
	if w.Boundary, err = b.boundary(); err != nil {
		return out, err
	}
	if out.repair.Spaces {
		w.ReturnPath = "<" + t.Envelope.Sender + ">"
	}
	out.fields = w.Header(t.Header, e)
	out.body, err = w.Body(t.Message)
	out.repair.Folding, out.repair.Spaces = true, false
	return out, err
}

// boundary gives a MIME boundary that the message does not hold.
func (b *bodies) boundary() (string, error) {
	for range 10 {
		s := fmt.Sprintf("----------=_%d-%d-%d", b.t.Received.Unix(), b.v.pid, b.v.boundaries.Add(1))
		found, err := mangle.Contains(b.t.Body, s)
		if err != nil || !found {
			return s, err
		}
	}
	return "", errors.New("the message holds every MIME boundary that was tried")
}

// wanted gives the categories for which a recipient's tables ask for a change.
func wanted(t *flow.Task, r *mail.Recipient) ([]rules.CCat, error) {
	rows, err := t.Policy.AllByCCat([]string{"defang_maps_by_ccat"}, r.Cats)
	if err != nil {
		return nil, err
	}
	var out []rules.CCat
	for _, row := range rows {
		res, ok, err := row[0].Tables.Find(r.Query)
		if err != nil {
			return nil, err
		}
		if ok && res.Bool() {
			out = append(out, row[0].CCat)
		}
	}
	return out, nil
}

func (b *bodies) logf(level int, format string, args ...any) {
	if b.v.opt.Log.Enabled(level, nil) {
		b.v.opt.Log.Log(level, b.t.LogID, fmt.Sprintf(format, args...), nil)
	}
}
