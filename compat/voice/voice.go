package voice

import (
	"os"
	"sync"
	"sync/atomic"

	"mavis/compat/logline"
	"mavis/compat/macro"
	"mavis/compat/reply"
	"mavis/engine/flow"
	"mavis/engine/mail"
	"mavis/perlconf/eval"
	"mavis/rules"
)

// Options of a Voice. Log is needed.
type Options struct {
	Log *logline.Logger
}

// Voice fills flow.Voice. It is safe for use by several goroutines.
type Voice struct {
	opt        Options
	pid        int
	boundaries atomic.Int64 // numbers MIME boundaries of notices
	templates  sync.Map     // text to *macro.Template or error
}

var _ flow.Voice = (*Voice)(nil)

// New makes a Voice.
func New(opt Options) *Voice { return &Voice{opt: opt, pid: os.Getpid()} }

// compile keeps compiled templates: the same few texts come with every mail.
func (v *Voice) compile(text string) (*macro.Template, error) {
	if t, ok := v.templates.Load(text); ok {
		if err, bad := t.(error); bad {
			return nil, err
		}
		return t.(*macro.Template), nil
	}
	t, err := macro.Compile(text)
	if err != nil {
		v.templates.Store(text, err)
		return nil, err
	}
	v.templates.Store(text, t)
	return t, nil
}

// Reason expands %smtp_reason_by_ccat for a recipient.
func (v *Voice) Reason(t *flow.Task, r *mail.Recipient) string {
	s, ok, err := t.Policy.ByCCat("smtp_reason_by_ccat", flow.Settings(r))
	text := eval.ToString(s.Value)
	if err != nil || !ok || text == "" {
		return ""
	}
	tpl, err := v.compile(text)
	if err != nil {
		v.opt.Log.Log(-1, t.LogID, "smtp_reason_by_ccat: "+err.Error(), nil)
		return ""
	}
	m := message(t)
	out, err := macro.NewExpander(m.Macros(false), macro.Limits{}).Expand(tpl)
	if err != nil {
		v.opt.Log.Log(-1, t.LogID, "smtp_reason_by_ccat: "+err.Error(), nil)
	}
	return words(out)
}

// Blocked words the reply for a recipient that the filter blocks.
func (v *Voice) Blocked(c rules.CCat, d rules.Destiny, softBounce bool, reason string) string {
	return reply.Blocked(c, d, softBounce, reason)
}

// FromMTA words the reply from what the next hop said.
func (v *Voice) FromMTA(target, answer, dflt, command string) string {
	return reply.FromMTA(target, answer, dflt, command)
}

// Relaying puts the site's reason in front of a refusal.
func (v *Voice) Relaying(fromMTA string, d rules.Destiny, softBounce bool, reason string) string {
	return reply.Relaying(fromMTA, d, softBounce, reason)
}

// ForAll words the one reply.
func (v *Voice) ForAll(rcpts []*mail.Recipient, logID string, perRecipient, suppressed bool) (string, bool) {
	return reply.ForAll(rcpts, logID, perRecipient, suppressed)
}

// logSettings are what the banks in force change of the log; nil when that is nothing.
func logSettings(p *rules.Policy) *logline.Settings {
	of := func(p *rules.Policy) logline.Settings {
		return logline.Settings{Level: int(p.Int("log_level")), Ident: p.Str("syslog_ident"), Facility: p.Str("syslog_facility")}
	}
	s := of(p)
	if s == of(p.Config().Base()) {
		return nil
	}
	return &s
}

// Log writes the main log line and the lines for each recipient. A template that cannot be expanded costs its line only.
func (v *Voice) Log(t *flow.Task) {
	var main, each *macro.Template
	for _, x := range []struct {
		name string
		to   **macro.Template
	}{{"log_templ", &main}, {"log_recip_templ", &each}} {
		text, ok := t.Policy.Opt(x.name)
		if !ok || text == "" {
			continue
		}
		tpl, err := v.compile(text)
		if err != nil {
			v.opt.Log.Log(-1, t.LogID, x.name+": "+err.Error(), nil)
			continue
		}
		*x.to = tpl
	}
	lines, err := logline.Entries(main, each, message(t))
	how := logSettings(t.Policy)
	for _, l := range lines {
		v.opt.Log.Log(0, t.LogID, l, how)
	}
	if err != nil {
		v.opt.Log.Log(-1, t.LogID, "log template: "+err.Error(), nil)
	}
}
