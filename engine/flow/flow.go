package flow

import (
	"context"
	"crypto/tls"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"mavis/engine/av"
	"mavis/engine/deliver"
	"mavis/engine/ingress"
	"mavis/engine/mail"
	"mavis/engine/spam"
	"mavis/engine/unpack"
	"mavis/rules"
	"mavis/rules/lookup"
)

// Options are the parts that a Flow puts to work.
type Options struct {
	Config  *rules.Config
	Types   unpack.Classifier
	Sandbox unpack.Sandbox
	// Spamd serves the scanner SpamAssassin; nil when no policy needs it.
	Spamd *spam.Spamd
	Next  Next
	Voice Voice
	Log   Logger
	IDs   *LogIDs
	// Scanners of virus checks; nil takes those of the policy in force. `mavis try` puts a stand-in there.
	Scanners func(p *rules.Policy) (primary, backup []rules.Scanner)
	// Retire ends the connections to next hops that Next keeps for a worker; nil when it keeps none.
	Retire func(worker int)
	// TLS gives the certificate and so on for sessions under a configuration; nil offers none.
	TLS func(*rules.Config) *tls.Config
	// QuarantineDir, when set, takes all held mail in place of the configuration's folders.
	QuarantineDir string
	// Watch hears of every finished task, after its log line; nil is silence. The task must not be changed.
	Watch func(t *Task, reply string)
	// Now is the clock; nil is time.Now.
	Now func() time.Time

	// Trace notes in Task.Steps how everything was decided.
	Trace bool
	// Spam stands in for spam scanners: it is asked in their place, when the policy would ask them. Nil asks them.
	Spam func(ctx context.Context, p *rules.Policy, m *spam.Mail) (*spam.Result, error)
	// Virus, when set, answers for an entry of the virus scanners, see av.Scanner.Recall.
	Virus func(ctx context.Context, e *rules.Scanner, job av.Job, ask func() (av.Answer, error)) (av.Answer, error)
	// NoVirusScan asks no virus scanner: mail counts as not infected. It is for rehearsals only.
	NoVirusScan bool
	// ToScanners is the way to virus scanners that take mail; nil is Next.
	ToScanners Next
	// HoldNothing works out where mail would be held, and holds none.
	HoldNothing bool
	// MailID makes the id of a message and its secret; nil is NewMailID.
	MailID func(bits int) (id, secret string, err error)
}

// Logger takes lines at the original's levels: -3 (panic) to 5 (debug); id is a task's log id or "".
type Logger interface {
	Log(level int, id string, line string)
	// Enabled says whether lines of that level are kept, so that others need not be made.
	Enabled(level int) bool
}

// Flow handles messages. It is safe for use by several goroutines.
type Flow struct {
	opt    Options
	config atomic.Pointer[rules.Config]
	active sync.Map // *rules.Policy to its decoders, programs found

	workers workers

	scanners av.Daemons // sessions with virus scanners
}

var _ ingress.Handler = (*Flow)(nil)

// Close ends sessions with scanners, once all tasks are done.
func (f *Flow) Close() { f.scanners.Close() }

// New makes a Flow.
func New(opt Options) *Flow {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.MailID == nil {
		opt.MailID = NewMailID
	}
	if opt.IDs == nil {
		opt.IDs = NewLogIDs(os.Getpid())
	}
	f := &Flow{opt: opt}
	f.config.Store(opt.Config)
	return f
}

// Use changes the configuration for sessions that begin from now on.
func (f *Flow) Use(c *rules.Config) { f.config.Store(c) }

func (f *Flow) logf(level int, id, format string, args ...any) {
	if f.opt.Log.Enabled(level) {
		f.opt.Log.Log(level, id, fmt.Sprintf(format, args...))
	}
}

// session is what the handler keeps of a connection.
type session struct {
	id     string
	policy *rules.Policy // by socket, as at the greeting
	steps  *mail.Trace   // up to the greeting; nil without Options.Trace
	seq    int
	worker *worker // nil without slots
}

// Connect chooses the policy banks of the socket and asks @inet_acl.
func (f *Flow) Connect(_ context.Context, s *ingress.Session) (ingress.Settings, bool) {
	cfg := f.config.Load()
	st := &session{policy: cfg.Base(), worker: f.begin(s.Slot)}
	if st.worker != nil {
		st.id = st.worker.id()
	} else {
		st.id = f.opt.IDs.Connection()
	}
	if f.opt.Trace {
		st.steps = &mail.Trace{}
	}
	s.Value = st
	var banks []rules.BankRule
	c := s.Client
	if c.Socket != "" || !c.Local.IsValid() {
		banks = cfg.SocketBanks(c.Socket)
	} else {
		banks = cfg.PortBanks(c.Local.Addr().String(), itoa(c.Local.Port()))
	}
	for _, b := range banks {
		if st.steps != nil {
			st.steps.Add(mail.Step{Stage: mail.StageBank, What: fmt.Sprintf("the socket %s has policy bank %s", b.Key, b.Bank), Setting: "%interface_policy",
				Value: b.Bank, Rule: b.Key, Origin: b.Origin})
		}
		st.policy = f.lay(st.policy, st.id, st.steps, b.Bank)
	}
	if c.Peer.IsValid() && !f.admitted(st, c.Peer.Addr().String()) {
		f.finish(st.worker)
		return ingress.Settings{}, false
	}
	return f.settings(cfg, st.policy), true
}

// admitted asks @inet_acl; whoever it does not name is refused, and so is everybody when it cannot be asked.
func (f *Flow) admitted(st *session, peer string) bool {
	r, ok, err := st.policy.Networks("inet_acl").Find(peer, st.policy)
	switch {
	case err != nil:
		st.steps.Add(mail.Step{Stage: mail.StageAccess, What: "refused: the address of the client cannot be judged", Setting: "@inet_acl"})
		f.logf(-1, st.id, "DENIED ACCESS due to INVALID PEER IP ADDRESS %s: %v", peer, err)
		return false
	case !ok || !r.Bool():
		by := ""
		if ok {
			by = ", blocked by rule " + r.Key
		}
		st.access("refused: ", peer, r)
		f.logf(-1, st.id, "DENIED ACCESS from IP %s, policy bank '%s'%s", peer, st.policy.Path(), by)
		return false
	}
	st.access("admitted: ", peer, r)
	return true
}

func (st *session) access(what, peer string, r lookup.Result) {
	if st.steps != nil {
		st.steps.Add(mail.Step{Stage: mail.StageAccess, What: what + peer, Setting: "@inet_acl"}.Answered(r))
	}
}

// lay puts banks over a policy; names that are not defined are passed over, as in the original.
func (f *Flow) lay(p *rules.Policy, id string, steps *mail.Trace, banks ...string) *rules.Policy {
	for _, b := range banks {
		if b == "" {
			continue
		}
		q, err := p.With(b)
		if err != nil {
			f.logf(5, id, "%v, ignored", err)
			if steps != nil {
				steps.Add(mail.Step{Stage: mail.StageBank, What: "bank " + b + " is not defined, and is passed over", Setting: "%policy_bank", Rule: b})
			}
			continue
		}
		if q != p && steps != nil {
			steps.Add(mail.Step{Stage: mail.StageBank, What: "bank " + b + " is laid over " + pathOf(p), Setting: "%policy_bank", Rule: b,
				Value: q.Path(), Origin: p.Config().BankOrigin(b)})
		}
		p = q
		f.logf(3, id, "loaded policy bank %q", b)
	}
	return p
}

func pathOf(p *rules.Policy) string {
	if p.Path() == "" {
		return "the built-in settings"
	}
	return p.Path()
}

func (f *Flow) settings(cfg *rules.Config, p *rules.Policy) ingress.Settings {
	limit := int64(p.Int("smtpd_message_size_limit"))
	if limit > 0 && limit < 65536 && sizeFloor(cfg) {
		limit = 65536
	}
	set := ingress.Settings{
		LMTP:   p.Str("protocol") == "LMTP",
		Banner: p.Str("smtpd_greeting_banner"),
		Quit:   p.Str("smtpd_quit_banner"),
		Macros: map[string]string{"myhostname": p.Str("myhostname"), "version": Version, "version-id": versionID,
			"version-date": versionDate, "product": Product},
		DiscardKeywords: p.List("smtpd_discard_ehlo_keywords"),
		SizeLimit:       limit,
		RecipientLimit:  cfg.Servers.MaxRecipients,
		Timeout:         time.Duration(p.Num("smtpd_timeout") * float64(time.Second)),
		AuthMechanisms:  p.List("auth_mech_avail"),
		AuthRequired:    p.Bool("auth_required_inp"),
	}
	if level := deliver.SecurityLevel(p.Str("tls_security_level_in")); level != deliver.Clear {
		set.TLSRequired = level == deliver.Encrypted
		if f.opt.TLS != nil {
			set.TLS = f.opt.TLS(cfg)
		}
	}
	return set
}

// What the daemon says of itself: readers of headers and banners know these words.
const (
	Product     = "amavis"
	versionID   = "2.13.0"
	versionDate = "20230106"
	Version     = Product + "-" + versionID + " (" + versionDate + ")"
)

// Data handles a complete message. Whatever happens, each recipient gets a reply; a failure gives 451.
func (f *Flow) Data(ctx context.Context, tx *ingress.Transaction) (replies []ingress.Reply) {
	t := f.task(tx)
	f.pace(t.worker, t.Received)
	defer func() {
		if t.worker != nil {
			t.worker.done = time.Now()
		}
	}()
	defer func() {
		if p := recover(); p != nil {
			f.logf(-2, t.LogID, "TROUBLE: panic: %v %s", p, debug.Stack())
			replies = f.failed(t, fmt.Errorf("internal error"))
		}
	}()
	limit := time.Duration(t.Policy.Num("child_timeout") * float64(time.Second))
	if limit <= 0 {
		limit = 8 * time.Minute
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	text, err := f.handle(ctx, t, tx)
	if err != nil {
		return f.failed(t, err)
	}
	if f.opt.Watch != nil {
		f.opt.Watch(t, text)
	}
	return f.replies(t, text)
}

// failed answers a message whose handling broke off. Only who has the message by now keeps an outcome of its own: whatever
// else was decided counts for nothing, because what it asks for, quarantine or a bounce, may not have come about.
func (f *Flow) failed(t *Task, err error) []ingress.Reply {
	f.logf(-2, t.LogID, "TROUBLE in check_mail: %v", err)
	text := fmt.Sprintf("451 4.5.0 Error in processing, id=%s, %v", t.LogID, err)
	for _, r := range t.Rcpts {
		if r.Done != mail.Forwarded || !strings.HasPrefix(r.Reply, "2") {
			r.Reply = text
		}
	}
	t.told(mail.StageReply, text)
	if f.opt.Watch != nil {
		f.opt.Watch(t, text)
	}
	if t.LMTP {
		return f.replies(t, text)
	}
	return []ingress.Reply{ingress.ParseReply(text)}
}

// replies gives one reply over SMTP, one for each recipient over LMTP: there a recipient that a bounce of ours has told
// about must not be bounced again by the client.
func (f *Flow) replies(t *Task, text string) []ingress.Reply {
	if !t.LMTP {
		return []ingress.Reply{ingress.ParseReply(text)}
	}
	var out []ingress.Reply
	for _, r := range t.Rcpts[:len(t.Envelope.Rcpts)] {
		reply := r.Reply
		if reply != "" && reply[0] == '5' {
			switch {
			case t.DSNSent == 1:
				reply = fmt.Sprintf("250 2.5.0 Ok <%s>, DSN was sent (%s)", r.Addr, reply)
			case t.DSNSent == 2:
				reply = fmt.Sprintf("250 2.5.0 Ok <%s>, DSN suppressed (%s)", r.Addr, reply)
			case r.Destiny != rules.Reject:
				reply = fmt.Sprintf("250 2.5.0 Ok <%s>, DSN suppressed_2 (%s)", r.Addr, reply)
			}
		}
		out = append(out, ingress.ParseReply(reply))
	}
	return out
}
