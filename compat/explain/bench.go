// Package explain asks the engine about a mail that nobody sent. The daemon's own flow decides; scanners, next hop and
// quarantine are stand-ins, so that nothing is delivered and nothing is kept. The answer has every step with its rule.
package explain

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"time"

	"mavis/compat/logline"
	"mavis/compat/standin"
	"mavis/compat/voice"
	"mavis/engine/filetype"
	"mavis/engine/flow"
	"mavis/engine/ingress"
	"mavis/engine/mail"
	"mavis/engine/program"
	"mavis/engine/spam"
	"mavis/engine/spool"
	"mavis/rules"
	"mavis/rules/lookup"
)

// Bench runs cases under one configuration, one after the other; it may be used by several goroutines. It must be closed.
type Bench struct {
	cfg     *rules.Config
	folder  string
	types   *filetype.Classifier
	spool   *spool.Spool
	scanner *standin.Scanner
	flow    *flow.Flow
	handler ingress.Handler
	data    Databases

	mu  sync.Mutex
	now run // what the stand-ins know and see of the case in work
}

// run is one case in work.
type run struct {
	score float64
	task  *flow.Task
	reply string
	sent  []Sent
	notes []letter
}

// New makes a bench. A program whose main does not call unpack.ChildMain first cannot use it.
func New(cfg *rules.Config) (_ *Bench, err error) {
	b := &Bench{cfg: cfg}
	if b.folder, err = os.MkdirTemp("", "mavis-explain-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.Close())
		}
	}()
	if b.spool, err = spool.Open(spool.Options{TempBase: b.folder}); err != nil {
		return nil, err
	}
	if b.scanner, err = standin.Start(filepath.Join(b.folder, "scanner")); err != nil {
		return nil, err
	}
	file, _ := program.Find(cfg.Paths.File, cfg.Paths.Search)
	b.types = filetype.New(strings.Join(file, " "), filetype.Options{Dir: "/", Processes: 1})
	log, err := logline.Open(logline.Config{Stderr: io.Discard, Hostname: cfg.Identity.Hostname, Program: "mavis"})
	if err != nil {
		return nil, err
	}
	if cfg.External == nil {
		cfg.External = &b.data
	}
	b.flow = flow.New(flow.Options{Config: cfg, Types: b.types, Next: next{b}, Voice: listener{voice.New(voice.Options{Log: log}), b},
		Log: silence{}, IDs: flow.NewLogIDs(0), Scanners: b.scanners, Spam: b.spam, HoldNothing: true, MailID: exampleID, Trace: true,
		Watch: func(t *flow.Task, reply string) { b.now.task, b.now.reply = t, reply }})
	b.handler = b.flow
	return b, nil
}

// Close ends the stand-ins and removes the temporary folder.
func (b *Bench) Close() error {
	if b.flow != nil {
		b.flow.Close()
	}
	if b.types != nil {
		b.types.Close()
	}
	var errs []error
	if b.scanner != nil {
		errs = append(errs, b.scanner.Close())
	}
	if b.spool != nil {
		errs = append(errs, b.spool.Close())
	}
	return errors.Join(append(errs, os.RemoveAll(b.folder))...)
}

// exampleID stands in for the random id of a mail, so that the same question has the same answer.
func exampleID(bits int) (id, secret string, err error) {
	const letters = "EXAMPLEMAILIDxxxxxxx"
	return letters[:min(max(bits/6, 1), len(letters))], "example", nil
}

// scanners puts the stand-in where the policy has a virus scanner.
func (b *Bench) scanners(p *rules.Policy) (primary, backup []rules.Scanner) {
	list := append(append([]rules.Scanner{}, p.AVScanners()...), p.AVScannersBackup()...)
	if len(list) == 0 {
		return nil, nil
	}
	return []rules.Scanner{b.scanner.Among(list)}, nil
}

// spam gives the score of the case in place of the scanners.
func (b *Bench) spam(_ context.Context, _ *rules.Policy, m *spam.Mail) (*spam.Result, error) {
	res := &spam.Result{Info: map[string]string{}}
	for range m.Rcpts {
		res.Shares = append(res.Shares, spam.Share{Scored: true, Score: b.now.score, Tests: []string{fmt.Sprintf("GIVEN=%g", b.now.score)}})
	}
	return res, nil
}

// Databases stands in for SQL and LDAP: it answers nothing, and notes what it was asked. It serves one goroutine.
type Databases struct {
	asked map[string]bool
}

// Field answers nothing.
func (d *Databases) Field(_ *rules.Policy, f *lookup.Field, _ string, _ bool) ([]lookup.Result, error) {
	if d.asked == nil {
		d.asked = map[string]bool{}
	}
	d.asked[f.Kind.String()+" "+f.Name] = true
	return nil, nil
}

// Asked gives the fields that were asked since the last call, in order of their names.
func (d *Databases) Asked() []string {
	var out []string
	for what := range d.asked {
		out = append(out, what)
	}
	sort.Strings(out)
	d.asked = nil
	return out
}

// silence is a log that keeps nothing.
type silence struct{}

func (silence) Log(int, string, string) {}
func (silence) Enabled(int) bool        { return false }

// Run asks about one case. What the configuration refuses is an answer, not an error.
func (b *Bench) Run(ctx context.Context, c Case) (*Answer, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	data, err := c.message()
	if err != nil {
		return nil, err
	}
	b.now = run{score: c.Score}
	b.scanner.Find(c.Virus)
	s := &ingress.Session{Number: 1}
	if s.Client, err = b.client(c); err != nil {
		return nil, err
	}
	var ok bool
	if s.Settings, ok = b.handler.Connect(ctx, s); !ok {
		return refused("connection closed: the client may not connect", s, nil), nil
	}
	defer b.handler.Disconnect(s)
	task := b.spool.Task()
	defer task.Close()
	if _, err := task.Body().Write(data); err != nil {
		return nil, err
	}
	tx := &ingress.Transaction{Session: s, Client: s.Client, Envelope: mail.Envelope{Sender: mail.Quote(c.From)}, Received: time.Now(), Number: 1,
		SizeLimit: s.Settings.SizeLimit, LMTP: s.Settings.LMTP, Task: task, Size: int64(len(data))}
	tx.Client.XAddr, tx.Client.HasXForward = c.ClientIP, c.ClientIP != ""
	if r := b.handler.Mail(ctx, tx); r != nil && r.Code/100 != 2 {
		return refused(said(*r), s, tx), nil
	}
	defer b.handler.End(tx)
	for _, to := range c.To {
		rcpt := mail.Rcpt{Addr: mail.Quote(to)}
		if r := b.handler.Rcpt(ctx, tx, &rcpt); r != nil && r.Code/100 != 2 {
			return refused(said(*r), s, tx), nil
		}
		tx.Envelope.Rcpts = append(tx.Envelope.Rcpts, rcpt)
	}
	b.handler.Data(ctx, tx)
	if b.now.task == nil {
		return nil, errors.New("the engine gave no account of the mail")
	}
	return b.answer(c), nil
}

func said(r ingress.Reply) string { return fmt.Sprintf("%d %s %s", r.Code, r.Enhanced, r.Text) }

// client is the connection of an MTA on this host that hands the mail over, to the socket of the case.
func (b *Bench) client(c Case) (mail.Client, error) {
	out := mail.Client{Protocol: "ESMTP", Helo: "localhost"}
	where := c.Port
	for _, l := range b.cfg.Listeners { // a Unix socket mostly is for other protocols
		if where == "" && l.Network == "tcp" {
			where = l.Port
		}
	}
	if where == "" && len(b.cfg.Listeners) > 0 {
		where = b.cfg.Listeners[0].Address
	}
	switch {
	case where == "":
		where = "10024"
	case strings.HasPrefix(where, "/"):
		out.Socket = where
		return out, nil
	}
	if !strings.Contains(where, ":") {
		where = "127.0.0.1:" + where
	}
	local, err := netip.ParseAddrPort(where)
	if err != nil {
		return out, fmt.Errorf("%q is no port, ADDRESS:PORT or path of a socket", c.Port)
	}
	out.Local = local
	peer := netip.MustParseAddr("127.0.0.1")
	if local.Addr().Is6() {
		peer = netip.MustParseAddr("::1")
	}
	out.Peer = netip.AddrPortFrom(peer, 40000)
	return out, nil
}
