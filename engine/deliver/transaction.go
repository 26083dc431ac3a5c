package deliver

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"mavis/engine/perlat"
	"mavis/rules/lookup"
)

// window is how many RCPT commands are sent before their replies are read. It keeps both sides from filling the other's
// buffers with nobody reading (RFC 2920 section 3.1).
const window = 100

// transaction is one mail over one session, in the original's order: XFORWARD; MAIL, the RCPTs and DATA in one go when
// PIPELINING was announced; then the replies; then the content.
type transaction struct {
	*delivery
	s       *session
	rcpts   []int        // who is to get the mail
	sender  string       // as this next hop is to see it
	encoded map[int]Rcpt // recipients that this next hop sees otherwise
	sent    []int        // for whom RCPT was sent
	valid   []int        // whom the next hop took
	again   []int        // for another transaction (452)
	temp    bool         // a recipient got a temporary failure
	worst   answer       // the first of these
	mailed  bool         // MAIL was accepted
	inData  bool         // DATA was accepted and the content not ended
	dotSent bool         // from here on the next hop may have the mail
	over    bool         // ended by a lone dot, the connection is seen to
	section string
	stage   Stage
}

// errStale says that a kept connection was closed by the next hop in the meantime.
var errStale = errors.New("connection was closed while idle")

var errBail = error(wording("Bail out, DATA accepted but tempfailed recips, not an LMTP input" + perlat.OthersDeferred))

// run goes through the transaction. On an error recipients without an outcome are left to abort.
func (t *transaction) run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { _ = t.s.raw.Close() })
	defer stop()
	t.res.DSN = t.s.has("DSN") && !t.m.NoDSN
	t.encode()
	mail, refused := t.mailCommand()
	if t.s.reused && (refused || t.lacksUTF8()) {
		return errStale // what was announced then may not be what is announced now
	}
	if refused {
		t.end()
		return nil
	}
	if line := xforwardLine(t.m.XForward, t.s.ext["XFORWARD"]); line != "" {
		t.section, t.stage = "fwd-xforward", MailFrom
		t.s.send(line)
		a, err := t.answer(MailFrom)
		if err != nil {
			return err
		}
		if a.code/100 != 2 {
			t.client.opt.Logf(0, "%s refused XFORWARD: %s", t.s.name, a)
		}
	}
	t.res.Transactions++
	ok, err := t.envelope(mail)
	if err != nil {
		return err
	}
	if !ok {
		t.end()
		return nil
	}
	if err := t.content(); err != nil {
		return err
	}
	return t.final()
}

// answer reads a reply. The 421 of a server that is about to close an idle connection is no answer to the mail.
func (t *transaction) answer(stage Stage) (answer, error) {
	a, err := t.s.answer(t.wait(stage))
	if err == nil && a.code == 421 && t.s.reused {
		err = errStale
	}
	return a, err
}

func (t *transaction) wait(s Stage) time.Duration { return t.client.opt.timeout(s) }

// mailCommand words MAIL. refused says that the next hop lacks what the mail needs; the outcomes are set then.
func (t *transaction) mailCommand() (command string, refused bool) {
	p, s := &t.m.Params, t.s
	command = "MAIL FROM:<" + t.sender + ">"
	eight := s.has("8BITMIME")
	body := strings.ToUpper(p.BodyType)
	if p.Ret != "" && t.res.DSN {
		command += " RET=" + p.Ret
	}
	if p.EnvID != "" && t.res.DSN && !strings.ContainsAny(p.EnvID, " =") {
		command += " ENVID=" + p.EnvID
	}
	if p.Size > 0 && s.has("SIZE") {
		command += fmt.Sprintf(" SIZE=%d", p.Size)
	}
	if t.utf8() {
		command += " SMTPUTF8"
	}
	if (body == "7BIT" || body == "8BITMIME") && eight {
		command += " BODY=" + body
	}
	switch {
	case !safeWord(command):
		t.refuse(t.rcpts, 501, "5.1.7", "Control character in sender or its parameters")
	case body == "8BITMIME" && !eight:
		t.refuse(t.rcpts, 550, "5.6.3", "Conversion to 7BIT required but not supported")
	case p.SMTPUTF8 && !t.utf8() && !isASCII(t.sender):
		t.refuse(t.rcpts, 550, "5.6.7", "Non-ASCII addresses not permitted for sender")
	default:
		return command, false
	}
	return "", true
}

// utf8 says whether SMTPUTF8 is wanted and to be had (RFC 6531 section 3.1 ties it to 8BITMIME).
func (t *transaction) utf8() bool {
	return t.m.Params.SMTPUTF8 && t.s.has("SMTPUTF8") && t.s.has("8BITMIME")
}

// lacksUTF8 says whether a recipient cannot be named to this next hop.
func (t *transaction) lacksUTF8() bool {
	return t.m.Params.SMTPUTF8 && !t.utf8() && slices.ContainsFunc(t.rcpts, func(i int) bool { return !isASCII(t.rcpt(i).Addr) })
}

// encode turns domains of addresses into ASCII where the next hop is not to see them otherwise. Nothing can be done about local
// parts.
func (t *transaction) encode() {
	t.sender, t.encoded = t.m.Sender, nil
	if t.utf8() {
		return
	}
	t.sender = asciiDomain(t.sender)
	for _, i := range t.rcpts {
		r := t.m.Rcpts[i]
		if ace := asciiDomain(r.Addr); ace != r.Addr {
			if r.ORcpt == "" {
				r.ORcpt = "utf-8;" + utf8XText(r.Addr)
			}
			r.Addr = ace
			if t.encoded == nil {
				t.encoded = map[int]Rcpt{}
			}
			t.encoded[i] = r
		}
	}
}

// asciiDomain encodes the domain of an address whose local part is ASCII.
func asciiDomain(addr string) string {
	at := strings.LastIndexByte(addr, '@')
	if at < 0 || !isASCII(addr[:at]) || isASCII(addr[at:]) {
		return addr
	}
	return addr[:at+1] + lookup.ToASCII(addr[at+1:])
}

// rcpt is a recipient as this next hop is to see it.
func (t *transaction) rcpt(i int) *Rcpt {
	if r, ok := t.encoded[i]; ok {
		return &r
	}
	return &t.m.Rcpts[i]
}

// refuse settles recipients by a rule of ours, in the original's words and without a log id.
func (t *transaction) refuse(which []int, code int, enhanced, text string) {
	t.settle(which, MailFrom, t.s.name, answer{code, enhanced, text})
	for _, i := range which {
		t.res.Outcomes[i].Own = true
	}
}

// rcptCommand words RCPT; "" when the recipient cannot be named to this next hop.
func (t *transaction) rcptCommand(i int) string {
	r := t.rcpt(i)
	if !isASCII(r.Addr) && t.m.Params.SMTPUTF8 && !t.utf8() {
		t.refuse([]int{i}, 553, "5.6.7", "Non-ASCII addresses not permitted for recipient")
		return ""
	}
	command := "RCPT TO:<" + r.Addr + ">"
	if t.res.DSN {
		if len(r.Notify) > 0 && t.m.Sender != "" {
			command += " NOTIFY=" + strings.Join(r.Notify, ",")
		}
		if r.ORcpt != "" {
			command += " ORCPT=" + orcpt(r.ORcpt)
		}
	}
	if !safeWord(command) {
		t.refuse([]int{i}, 501, "5.1.3", "Control character in recipient or its parameters")
		return ""
	}
	return command
}

// envelope sends MAIL, RCPTs and DATA. ok says that content may follow.
func (t *transaction) envelope(mail string) (ok bool, err error) {
	pipelined := t.s.has("PIPELINING")
	t.s.send(mail)
	if !pipelined {
		if err := t.mailAnswer("fwd-mail-from"); err != nil || !t.mailed {
			return false, err
		}
	}
	pending := 0
	full := "" // the reply by which the next hop said that it takes no more recipients
	for n, i := range t.rcpts {
		if full != "" {
			t.again = append(t.again, i)
			continue
		}
		command := t.rcptCommand(i)
		if command == "" {
			continue
		}
		t.s.send(command)
		t.sent = append(t.sent, i)
		if pending++; pipelined && (pending < window || n == len(t.rcpts)-1) {
			continue
		}
		if pipelined && !t.mailed {
			if err := t.mailAnswer("fwd-mail-pip"); err != nil {
				return false, err
			}
		}
		if full, err = t.rcptAnswers(pending, "fwd-rcpt-to"); err != nil {
			return false, err
		}
		pending = 0
		if !t.mailed { // MAIL was refused: nothing to hope for
			return false, nil
		}
	}
	switch {
	case len(t.sent) == 0, pending == 0 && len(t.valid) == 0, pending == 0 && t.temp && !t.m.PerRecipient:
		if pipelined && !t.mailed {
			if err := t.mailAnswer("fwd-mail-pip"); err != nil {
				return false, err
			}
		}
		return false, nil
	}
	t.s.send("DATA")
	if pipelined && !t.mailed {
		if err := t.mailAnswer("fwd-mail-pip"); err != nil {
			return false, err
		}
	}
	if pending > 0 {
		if _, err := t.rcptAnswers(pending, "fwd-rcpt-pip"); err != nil {
			return false, err
		}
	}
	return t.dataAnswer()
}

func (t *transaction) mailAnswer(section string) error {
	t.section, t.stage = section, MailFrom
	a, err := t.answer(MailFrom)
	if err != nil {
		return err
	}
	if t.mailed = a.code/100 == 2; !t.mailed {
		t.settle(t.rcpts, MailFrom, t.s.name, a)
	}
	return nil
}

// rcptAnswers reads the replies to the last n RCPT commands. full is a 452.
func (t *transaction) rcptAnswers(n int, section string) (full string, err error) {
	t.section, t.stage = section, RcptTo
	for _, i := range t.sent[len(t.sent)-n:] {
		a, err := t.answer(RcptTo)
		if err != nil {
			return full, err
		}
		if !t.mailed {
			continue // the reply to MAIL counts
		}
		t.settle([]int{i}, RcptTo, t.s.name, a)
		switch {
		case a.code/100 == 2:
			t.valid = append(t.valid, i)
		case a.code == 452:
			full = a.String()
			t.again = append(t.again, i)
		case a.code/100 == 4 && !t.temp:
			t.temp, t.worst = true, a
		}
	}
	return full, nil
}

// dataAnswer reads the reply to DATA. Accepted without a recipient, it is ended by a lone dot (RFC 2920 section 3.1).
func (t *transaction) dataAnswer() (ok bool, err error) {
	t.section, t.stage = "fwd-data-chkpnt", DataCommand
	a, err := t.answer(DataCommand)
	if err != nil {
		return false, err
	}
	if a.code/100 != 3 {
		if a.code/100 == 2 { // no such thing; nothing was delivered by it
			a = answer{451, "4.5.0", "Bad resp. to DATA: " + a.String()}
		}
		t.settle(t.valid, DataCommand, t.s.name, a)
		return false, nil
	}
	if len(t.valid) == 0 {
		t.over = true // all have their outcome
		if t.s.lmtp { // no recipient, no reply: there is nothing to wait for (RFC 2033 section 4.2)
			t.s.drop()
		} else if a, err := t.s.ask(t.wait(DataDot), "."); err == nil && a.code/100 == 2 {
			t.keep()
		} else {
			t.s.quit()
		}
		return false, nil
	}
	t.inData = true
	if t.temp && !t.m.PerRecipient {
		return false, errBail
	}
	return true, nil
}

func (t *transaction) content() error {
	t.section, t.stage = "fwd-data-contents", DataDot
	w := newContentWriter(&paced{t.s, t.wait(DataDot)}, t.m.Octets)
	if err := writeMessage(w, t.m); err != nil {
		return err
	}
	t.section = "fwd-data-end"
	t.dotSent = true
	if err := w.Close(); err != nil {
		return err
	}
	return t.s.flush(t.wait(DataDot))
}

// paced is the session's writer with a new deadline for each write.
type paced struct {
	s *session
	d time.Duration
}

func (p *paced) Write(b []byte) (int, error) {
	if p.s.w.Available() < len(b) {
		if err := p.s.wire.SetDeadline(time.Now().Add(p.d)); err != nil {
			return 0, err
		}
	}
	return p.s.w.Write(b)
}

// final reads the reply to the data: one, or with LMTP one for each recipient that was taken.
func (t *transaction) final() error {
	t.section = "fwd-rundown-1"
	groups := [][]int{t.valid}
	if t.s.lmtp {
		groups = nil
		for _, i := range t.valid {
			groups = append(groups, []int{i})
		}
	}
	good := true
	for n, group := range groups {
		a, err := t.s.answer(t.wait(DataDot))
		if err != nil && !errors.Is(err, errNoReply) {
			t.valid = nil
			for _, g := range groups[n:] {
				t.valid = append(t.valid, g...)
			}
			return err
		}
		if err != nil { // the connection ended in place of a reply
			for _, g := range groups[n:] {
				for _, i := range g {
					o := &t.res.Outcomes[i]
					*o = Outcome{Addr: o.Addr, Code: 451, Enhanced: "4.5.0", Stage: DataDot, Target: t.s.name}
				}
			}
			good = false
			break
		}
		if a.code/100 == 3 {
			a = answer{451, "4.5.0", "Bad resp. to data-dot: " + a.String()}
		}
		good = good && a.code/100 == 2
		t.settle(group, DataDot, t.s.name, a)
	}
	t.inData = false
	if good {
		t.keep()
	} else {
		t.s.quit()
	}
	return nil
}

// end leaves a transaction without content: by RSET, as the original does, unless a lone dot has ended it.
func (t *transaction) end() {
	t.bailed()
	if t.over {
		return
	}
	if a, err := t.s.ask(20*time.Second, "RSET"); err == nil && a.code/100 == 2 {
		t.keep()
		return
	}
	t.s.quit()
}

// bailed gives those whom the next hop took, without getting the mail, a temporary failure.
func (t *transaction) bailed() {
	var left []int
	for _, i := range t.valid {
		if t.res.Outcomes[i].Stage == RcptTo {
			left = append(left, i)
		}
	}
	left = append(left, t.again...)
	t.again = nil
	switch {
	case len(left) == 0:
	case t.temp:
		t.settle(left, RcptTo, t.s.name, t.worst)
	default:
		t.failed(left, RcptTo, t.s.name, "fwd-rcpt-to", errors.New("no recipients"))
	}
}

func (t *transaction) keep() {
	if t.m.Once {
		t.s.quit()
		return
	}
	t.s.wire.limit = time.Time{}
	t.client.cache.put(t.m.Worker, t.s)
}

// abort settles all recipients without a final outcome after err, and drops the connection. It is never ended by a dot:
// that would deliver half a mail.
func (t *transaction) abort(ctx context.Context, err error) {
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	if errors.Is(err, errNoReply) {
		err = wording(fmt.Sprintf("No response to %s", t.stage.Command()))
	}
	var left []int
	for _, i := range t.rcpts {
		if o := &t.res.Outcomes[i]; o.Code == 0 || o.Code/100 == 2 && o.Stage != DataDot || o.Code == 452 {
			left = append(left, i)
		}
	}
	t.again = nil
	t.failed(left, t.stage, t.s.name, t.section, err)
	t.s.drop()
}
