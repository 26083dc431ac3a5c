// Package flow leads one message from end to end: policy banks, parts, checks, decision, quarantine, notices, the next
// hop, the reply, the log. Whatever goes wrong on the way ends in a 4xx reply, so that the mail stays in the sender's
// queue; 2xx is said only after the next hop has said it, or when the policy discards.
package flow

import (
	"time"

	"mavis/engine/av"
	"mavis/engine/ingress"
	"mavis/engine/mail"
	"mavis/engine/origin"
	"mavis/engine/unpack"
	"mavis/rules"
)

// Task is a message in work with all that is known and decided about it. One goroutine owns it.
type Task struct {
	*mail.Message
	Policy *rules.Policy
	Rcpts  []*mail.Recipient

	Sender      string // internal form
	Originating bool   // from a client of our own: the bank in force says so

	// From the header. Authors are the addresses of From; those of Sender, To and Cc likewise.
	Authors, HeaderSender, To, Cc []string
	References                    []string
	Kind                          origin.Kind
	// Trace has this connection first, then the first client, then the hops that Received fields tell of.
	Trace []origin.Hop
	// ClientIP and ClientPort are those of the first client, as XFORWARD or the trace give them; "" and 0 when unknown.
	ClientIP   string
	ClientPort int

	Size       int64  // in bytes as on the wire
	BodyDigest string // $mail_digest_algorithm of the body, hexadecimal
	Header8Bit bool
	Body8Bit   bool

	Cats     mail.Categories // of the message: all that was found, for whomever
	Blocking *rules.CCat     // the most important blocking one of any recipient

	MIMEError  string
	BadHeaders []string
	Parts      *unpack.Report
	Virus      *av.Verdict // nil when no scanner was asked
	Hold       string      // why the message is put on hold, "" when it is not
	// SpamInfo, SpamReport and SpamSummary are what spam scanners noted.
	SpamInfo                map[string]string
	SpamReport, SpamSummary string

	QuarantinedTo []string // mailbox names or addresses
	QuarTypes     []string // F Z M B Q, see README.sql
	Actions       []string // as the main log line shows them in braces
	DSNSent       int      // 1 sent, 2 suppressed
	DSNPassedOn   bool     // the next hop took over the duty to tell of success

	LMTP    bool
	Started time.Time
	Elapsed map[string]time.Duration

	// Steps notes how everything was decided; nil without Options.Trace. The recipients' Trace is the same.
	Steps *mail.Trace

	// Folder gives the task's temporary folder, which it makes at the first call.
	Folder func() (string, error)

	session *ingress.Session
	dsnKept bool    // a next hop did not take that duty over
	worker  *worker // nil without slots
}

// Undecipherable says that parts could not be looked into, for whatever reason.
func (t *Task) Undecipherable() bool { return t.Cats.Has(rules.Unchecked) }

// VirusNames are the names that the scanners gave.
func (t *Task) VirusNames() []string {
	if t.Virus == nil || !t.Virus.Infected {
		return nil
	}
	return t.Virus.Names
}

// add puts a category on the message and on recipients for whom keep says true; nil keeps all.
func (t *Task) add(major rules.Category, minor int, keep func(*mail.Recipient) bool) {
	t.Cats.Add(major, minor)
	for _, r := range t.Rcpts {
		if keep == nil || keep(r) {
			r.Cats.Add(major, minor)
		}
	}
}

// setting is the list of categories by which %..._by_ccat tables are asked for a recipient: the blocking one alone, or all.
func setting(cats mail.Categories, blocking *rules.CCat) []rules.CCat {
	if blocking != nil {
		return []rules.CCat{*blocking}
	}
	return cats
}

// Settings gives the categories of a recipient for by-category tables.
func Settings(r *mail.Recipient) []rules.CCat { return setting(r.Cats, r.Blocking) }

// Settings gives the categories of the message for by-category tables.
func (t *Task) Settings() []rules.CCat { return setting(t.Cats, t.Blocking) }
