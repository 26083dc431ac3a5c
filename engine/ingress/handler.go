package ingress

import (
	"context"
	"crypto/tls"
	"time"

	"mavis/engine/mail"
	"mavis/engine/spool"
)

// Handler decides. Its calls for one connection come one after the other from one goroutine; those of different
// connections come at the same time. A panic in it answers 451 and is reported to Options.Panicked.
type Handler interface {
	// Connect is asked before the greeting. false closes the connection without a word, as the original does with a
	// client outside @inet_acl.
	Connect(ctx context.Context, s *Session) (Settings, bool)
	// Mail is asked after a well-formed MAIL. The envelope in t has the sender and its parameters. nil accepts with the
	// original's text; a Reply of class 2 accepts with that text; any other refuses.
	Mail(ctx context.Context, t *Transaction) *Reply
	// Rcpt is asked after a well-formed RCPT, for a recipient that is not yet in the envelope. Reply as for Mail.
	Rcpt(ctx context.Context, t *Transaction, r *mail.Rcpt) *Reply
	// Data is asked once the message is in t.Task. Over SMTP the first reply is given, over LMTP one for each recipient
	// of the envelope in order. Too few replies are made up with 451.
	Data(ctx context.Context, t *Transaction) []Reply
	// End is told that a transaction that Mail accepted is over, whatever became of it: after the reply to the data, at
	// RSET, or when the connection broke. The task is closed right after it.
	End(t *Transaction)
	// Disconnect is told once for each Connect that said true, last of all.
	Disconnect(s *Session)
}

// Session is one connection.
type Session struct {
	// Number counts the sessions of the server from 1.
	Number uint64
	// Slot is the number of the slot that the session holds, from 1; 0 without slots.
	Slot int
	// Client is known as far as the dialogue has come: the peer at Connect, Helo after EHLO.
	Client mail.Client
	// Password is what AUTH gave; with Client.AuthUser it may be passed on ($auth_reauthenticate_forwarded).
	Password string
	Settings Settings
	// Transactions counts the MAIL commands that were accepted.
	Transactions int
	// Value is the handler's own.
	Value any
}

// Transaction is one mail from MAIL to its end.
type Transaction struct {
	Session  *Session
	Client   mail.Client
	Envelope mail.Envelope
	Received time.Time
	// Number counts the transactions of the session from 1.
	Number int
	// SizeLimit is the greatest message taken, in bytes, 0 for no bound. It starts as Settings.SizeLimit; the handler may
	// change it up to the end of Rcpt (message_size_limit_maps).
	SizeLimit int64
	// Size is what was received, in bytes with CRLF and without stuffed dots (RFC 1870); set at Data.
	Size int64
	// LMTP says that Data must give one reply for each recipient.
	LMTP bool
	Task *spool.Task
	// Value is the handler's own.
	Value any
}

// Settings are what a session shows and takes. The zero value is amavisd-new's default.
type Settings struct {
	// LMTP makes the greeting say LMTP (policy bank key protocol); the protocol spoken follows HELO, EHLO or LHLO.
	LMTP bool
	// Name is the name in greeting and EHLO; "" is the address connected to in brackets, or [localhost].
	Name string
	// Banner is the text after 220, Quit the one after "221 2.0.0 "; "" are the original's defaults. ${helo-name},
	// ${protocol} and the keys of Macros are replaced in both ($smtpd_greeting_banner, $smtpd_quit_banner).
	Banner, Quit string
	Macros       map[string]string
	// DiscardKeywords are EHLO keywords not to be announced, in any case (@smtpd_discard_ehlo_keywords).
	DiscardKeywords []string
	// SizeLimit is $smtpd_message_size_limit in bytes, 0 for none.
	SizeLimit int64
	// RecipientLimit is $smtpd_recipient_limit; 0 is 1100, the original's default.
	RecipientLimit int
	// Timeout is how long the client may be silent ($smtpd_timeout); 0 is 8 minutes.
	Timeout time.Duration
	// TLS allows STARTTLS; TLSRequired demands it before anything else (tls_security_level_in).
	TLS         *tls.Config
	TLSRequired bool
	// AuthMechanisms are announced and taken, of PLAIN and LOGIN (@auth_mech_avail); AuthRequired is auth_required_inp.
	AuthMechanisms []string
	AuthRequired   bool
	// Authenticate judges credentials. nil takes any, as the original does: there they are only passed on.
	Authenticate func(ctx context.Context, user, password string) bool
	// Help is what HELP answers; "" is the original's text.
	Help string
}

const (
	defaultBanner = "${helo-name} ${protocol} ${product} service ready"
	defaultQuit   = "${helo-name} ${product} closing transmission channel"
)

func (s *Settings) setDefaults(c *mail.Client) {
	if s.Name == "" {
		s.Name = "[localhost]"
		if c.Local.IsValid() {
			s.Name = "[" + c.Local.Addr().String() + "]"
		}
	}
	if s.Banner == "" {
		s.Banner = defaultBanner
	}
	if s.Quit == "" {
		s.Quit = defaultQuit
	}
	if s.RecipientLimit == 0 {
		s.RecipientLimit = 1100
	}
	if s.Timeout <= 0 {
		s.Timeout = 8 * time.Minute
	}
}
