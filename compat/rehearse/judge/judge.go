// Package judge makes one configuration ready to judge stored mail, with the engine as the daemon uses it: nothing is
// delivered, held or told to anybody. What would happen comes out as an answer.
package judge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"mavis/compat/daemon"
	"mavis/compat/logline"
	"mavis/compat/rehearse/answer"
	"mavis/compat/voice"
	"mavis/engine/deliver"
	"mavis/engine/filetype"
	"mavis/engine/flow"
	"mavis/engine/ingress"
	"mavis/engine/mail"
	"mavis/engine/program"
	"mavis/engine/spam"
	"mavis/engine/spool"
	"mavis/engine/unpack"
	"mavis/rules"
)

// Options of a Judge. Config and Temp are needed.
type Options struct {
	Config *rules.Config
	Temp   string // a folder of our own for parts and bodies
	// Sandbox holds helper programs; a program whose main does not call unpack.ChildMain first must switch it off.
	Sandbox unpack.Sandbox
	// Unscanned leaves all scanners out. Verdicts, when set, stands between the engine and its scanners.
	Unscanned bool
	Verdicts  Verdicts
	// Recorded says that no scanner may be asked, so that none is started.
	Recorded bool
	// Workers is how many mails are judged at a time; 0 is the number of processors.
	Workers int
	// Now is when all mails arrive; zero is the time of New. One time for all makes answers comparable.
	Now time.Time
}

// Judge judges mail under one configuration. Its methods may be called from several goroutines.
type Judge struct {
	opt    Options
	log    *logline.Logger
	types  *filetype.Classifier
	spool  *spool.Spool
	spamd  *spam.Spamd
	client *deliver.Client // for scanners that take mail
	flow   *flow.Flow
	inputs map[string]rules.Listener // by port
	first  rules.Listener
	runs   sync.Map // mail.Body to *attempt
}

// New makes a Judge. Close ends it.
func New(opt Options) (_ *Judge, err error) {
	if opt.Now.IsZero() {
		opt.Now = time.Now()
	}
	if opt.Workers <= 0 {
		opt.Workers = runtime.NumCPU()
	}
	cfg := opt.Config
	j := &Judge{opt: opt, inputs: map[string]rules.Listener{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, j.Close())
		}
	}()
	if j.log, err = logline.Open(logline.Config{Stderr: io.Discard, Hostname: cfg.Identity.Hostname}); err != nil {
		return nil, err
	}
	if j.spool, err = spool.Open(spool.Options{TempBase: opt.Temp, KeepFolders: 2 * opt.Workers}); err != nil {
		return nil, err
	}
	file, _ := program.Find(cfg.Paths.File, cfg.Paths.Search)
	j.types = filetype.New(strings.Join(file, " "), filetype.Options{Dir: "/", Processes: opt.Workers})
	j.client = deliver.New(deliver.Options{})
	if !opt.Unscanned && !opt.Recorded {
		if j.spamd, err = daemon.Spamd(cfg, func(int, string, ...any) {}); err != nil {
			return nil, err
		}
	}
	j.flow = flow.New(flow.Options{Config: cfg, Types: j.types, Sandbox: opt.Sandbox, Spamd: j.spamd, Next: hop{},
		Voice: &speaker{voice.New(voice.Options{Log: j.log}), j}, Log: silent{}, Watch: j.watch, Trace: true,
		Spam: j.spam, Virus: j.virusAnswers(), NoVirusScan: opt.Unscanned, ToScanners: j.client, HoldNothing: true})
	for _, l := range cfg.Listeners {
		if l.Network == "unix" {
			continue
		}
		if j.first.Port == "" {
			j.first = l
		}
		if _, ok := j.inputs[l.Port]; !ok {
			j.inputs[l.Port] = l
		}
	}
	return j, nil
}

// Close ends what the judge started.
func (j *Judge) Close() error {
	var errs []error
	if j.flow != nil {
		j.flow.Close()
	}
	if j.client != nil {
		j.client.Close()
	}
	if j.types != nil {
		j.types.Close()
	}
	if j.spamd != nil {
		errs = append(errs, j.spamd.Close())
	}
	if j.spool != nil {
		errs = append(errs, j.spool.Close())
	}
	if j.log != nil {
		errs = append(errs, j.log.Close())
	}
	return errors.Join(errs...)
}

// silent is a log that nobody reads.
type silent struct{}

func (silent) Log(int, string, string) {}
func (silent) Enabled(int) bool        { return false }

// Mail is a mail to be judged, with CRLF line ends.
type Mail struct {
	Client   mail.Client // what XFORWARD said; the peer is filled in
	Port     string      // of ours it came in by; "" is the first
	LMTP     bool
	Envelope mail.Envelope // with its recipients
	Data     io.Reader
	// Refused are recipients, in lower case, whom the next hop did not take that day: Never or Later.
	Refused map[string]string
}

// Judge judges one mail. An error is one of the machine or of ctx; whatever is wrong with the mail is in the answer.
func (j *Judge) Judge(ctx context.Context, m *Mail) (a *answer.Answer, err error) {
	started := time.Now()
	defer func() {
		if p := recover(); p != nil {
			a, err = &answer.Answer{Failed: fmt.Sprintf("panic: %v at %s", p, place(debug.Stack()))}, nil
		}
		if a != nil {
			a.Millis = float64(time.Since(started).Microseconds()) / 1000
		}
	}()
	s := &ingress.Session{Client: m.Client}
	s.Client.Peer, s.Client.Local = j.ends(m.Port)
	s.Client.Protocol = protocol(m)
	settings, ok := j.flow.Connect(ctx, s)
	if !ok {
		return &answer.Answer{Failed: "@inet_acl does not let 127.0.0.1 in", Reply: "554"}, nil
	}
	s.Settings = settings
	defer j.flow.Disconnect(s)
	task := j.spool.Task()
	defer task.Close()
	tx := &ingress.Transaction{Session: s, Client: s.Client, Envelope: m.Envelope, Received: j.opt.Now, Number: 1,
		SizeLimit: settings.SizeLimit, LMTP: m.LMTP, Task: task}
	tx.Envelope.Rcpts = nil
	if r := j.flow.Mail(ctx, tx); r != nil && r.Code/100 != 2 {
		return refused(m, r), nil
	}
	defer j.flow.End(tx)
	at := &attempt{mail: m}
	for i := range m.Envelope.Rcpts {
		rcpt := m.Envelope.Rcpts[i]
		if r := j.flow.Rcpt(ctx, tx, &rcpt); r != nil && r.Code/100 != 2 {
			at.turnedAway(rcpt.Addr, r)
			continue
		}
		tx.Envelope.Rcpts = append(tx.Envelope.Rcpts, rcpt)
	}
	if len(tx.Envelope.Rcpts) == 0 {
		return at.nobody(), nil
	}
	n, err := io.Copy(task.Body(), m.Data)
	switch {
	case err != nil:
		return &answer.Answer{Failed: err.Error()}, nil
	case tx.SizeLimit > 0 && n > tx.SizeLimit:
		return refused(m, &ingress.Reply{Code: 552, Enhanced: "5.3.4", Text: fmt.Sprintf("Message size (%d B) exceeds size limit", n)}), nil
	}
	tx.Size = n
	j.runs.Store(mail.Body(task.Body()), at)
	defer j.runs.Delete(mail.Body(task.Body()))
	replies := j.flow.Data(context.WithValue(ctx, refusedKey{}, m.Refused), tx)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if at.answer == nil {
		return &answer.Answer{Failed: "the engine gave no account of it", Reply: said(replies)}, nil
	}
	return at.answer, nil
}

// ends are the two ends of the connection that the mail would have come by.
func (j *Judge) ends(port string) (peer, local netip.AddrPort) {
	l, ok := j.inputs[port]
	if !ok {
		if l = j.first; port != "" {
			l.Port = port
		}
	}
	host := l.Host
	if a, err := netip.ParseAddr(host); err != nil || a.IsUnspecified() {
		host = "127.0.0.1"
	}
	if l.Port == "" {
		l.Port = "10024"
	}
	local, err := netip.ParseAddrPort(net.JoinHostPort(host, l.Port))
	if err != nil {
		local = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 10024)
	}
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 25000), local
}

func protocol(m *Mail) string {
	switch {
	case m.LMTP:
		return "LMTP"
	case m.Envelope.SMTPUTF8:
		return "UTF8SMTP"
	}
	return "ESMTP"
}

// place is the function of ours in which a panic came up.
func place(stack []byte) string {
	for _, line := range strings.Split(string(stack), "\n") {
		if strings.HasPrefix(line, "mavis/engine") || strings.HasPrefix(line, "mavis/rules") || strings.HasPrefix(line, "mavis/perlconf") {
			return line
		}
	}
	return "an unknown place"
}
