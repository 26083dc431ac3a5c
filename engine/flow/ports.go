package flow

import (
	"context"
	"errors"

	"mavis/engine/deliver"
	"mavis/engine/mail"
	"mavis/rules"
)

// Voice words what others read. compat fills it.
type Voice interface {
	// Reason expands the site's %smtp_reason_by_ccat text for a recipient that is blocked.
	Reason(t *Task, r *mail.Recipient) string
	// Blocked, FromMTA and Relaying word the reply for one recipient; ForAll the one reply for all, and says whether the
	// sender must be told by a bounce.
	Blocked(c rules.CCat, d rules.Destiny, softBounce bool, reason string) string
	FromMTA(target, answer, dflt, command string) string
	Relaying(fromMTA string, d rules.Destiny, softBounce bool, reason string) string
	ForAll(rcpts []*mail.Recipient, logID string, perRecipient, suppressed bool) (text string, notify bool)
	// Groups parts the recipients who will get the mail by the header they get, and gives that header, its separator line
	// included, and the body where it is changed. It marks recipients whose copy was tagged.
	Groups(ctx context.Context, t *Task, rcpts []*mail.Recipient) ([]Copy, error)
	// Held is the header of the message for quarantine, without Return-Path and Delivered-To.
	Held(t *Task) ([]byte, error)
	// Admin, Recipient and Bounce write notices; nil when none is wanted. suppressed says that a bounce was due but
	// policy forbids it.
	Admin(t *Task, admins []string) (*Letter, error)
	Recipient(t *Task, r *mail.Recipient) (*Letter, error)
	Bounce(t *Task) (l *Letter, suppressed bool, err error)
	// Log writes the main log line and those for each recipient.
	Log(t *Task)
}

// Copy is one version of the mail that goes out: who gets it and with which header.
type Copy struct {
	Rcpts  []*mail.Recipient
	Header []byte
	// Body replaces the message's own when the body was changed; nil keeps it.
	Body mail.Body
	// Resend says that the body counts as changed: the copy goes by $resend_method when that is set.
	Resend bool
	// Release frees what Body holds; nil when that is nothing.
	Release func() error
}

// CloseCopies frees what copies hold.
func CloseCopies(copies []Copy) error {
	var errs []error
	for _, c := range copies {
		if c.Release != nil {
			errs = append(errs, c.Release())
		}
	}
	return errors.Join(errs...)
}

// Letter is a message of our own.
type Letter struct {
	Sender   string // internal form
	Rcpts    []string
	Data     []byte // with CRLF line ends
	EnvID    string
	BodyType string
	SMTPUTF8 bool
	ORcpts   []string
}

// Next sends to the next hop.
type Next interface {
	Deliver(ctx context.Context, methods []string, m *deliver.Outgoing) (*deliver.Result, error)
}
