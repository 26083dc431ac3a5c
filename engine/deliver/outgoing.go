package deliver

import (
	"io"
	"strings"
)

// Outgoing is a message to send: an envelope, a header of our making and the body as it was received.
type Outgoing struct {
	Sender string // between the angle brackets, in SMTP form
	Params Params
	Rcpts  []Rcpt
	// Header is the header with its separator line, CRLF line ends. The body follows it: BodySize bytes of Body from
	// BodyOff on. Body may be nil.
	Header   []byte
	Body     io.ReaderAt
	BodyOff  int64
	BodySize int64
	Octets   Octets
	// XForward holds NAME, ADDR, PORT, PROTO, HELO, IDENT and SOURCE, in plain text. It is sent when the next hop announces
	// XFORWARD and ADDR is known.
	XForward map[string]string
	// PerRecipient says that the mail came by LMTP, so that each recipient may have a fate of its own. Otherwise nothing is
	// sent when a recipient gets a temporary failure: the client would send again to all.
	PerRecipient bool
	// Security says whether the way to the next hop is encrypted.
	Security Security
	// Helo is the name given in EHLO ($localhost_name); "" is that of the Client. NoDSN keeps DSN parameters from being passed
	// on (propagate_dsn_if_possible = 0).
	Helo  string
	NoDSN bool
	// Worker has a cache of connections of its own; Once ends the connection after this message.
	Worker int
	Once   bool
	// LogID and MailID stand in replies and file names.
	LogID, MailID string
	// ClientHost and ServerPort are what stars in a method stand for.
	ClientHost string
	ServerPort uint16
}

// Security is how STARTTLS (RFC 3207) is used.
type Security int

const (
	Clear     Security = iota // not at all
	Encrypted                 // always: a next hop that does not offer it gets nothing
	IfOffered                 // when the next hop offers it
)

// SecurityLevel reads $tls_security_level_out. Levels that are not known are taken for encrypt, as in the original.
func SecurityLevel(s string) Security {
	switch strings.ToLower(s) {
	case "", "0", "none":
		return Clear
	case "may":
		return IfOffered
	}
	return Encrypted
}

// Params are the parameters of MAIL. Each is sent only when the next hop announces its keyword.
type Params struct {
	Size     int64  // SIZE; 0 sends none, as the original
	BodyType string // 7BIT or 8BITMIME; "" sends none
	SMTPUTF8 bool
	Ret      string // FULL or HDRS
	EnvID    string // xtext
}

// Rcpt is a recipient: address in SMTP form without brackets, NOTIFY values, ORCPT as type;xtext.
type Rcpt struct {
	Addr   string
	Notify []string
	ORcpt  string
}

// Octets says what becomes of bytes that SMTP forbids.
type Octets int

const (
	// Guarded keeps every byte, but for one thing: a dot that stands alone between bare CR or LF gets a second one.
	// Some servers take that for the end of a message, and what follows for another one that nobody has checked.
	Guarded Octets = iota
	// Exact keeps every byte.
	Exact
	// Original does as amavisd-new: CR goes unless LF follows, bare LF becomes CRLF, NUL becomes C0 80.
	Original
)

// Stage is how far an outcome came.
type Stage int

// The stages, in order.
const (
	Connect Stage = iota // connection, greeting, EHLO, STARTTLS
	MailFrom
	RcptTo
	DataCommand
	DataDot // end of data
)

// Command is the original's word for the stage.
func (s Stage) Command() string {
	return [...]string{"connect", "MAIL FROM", "RCPT TO", "DATA", "data-dot"}[s]
}

// DefaultEnhanced is the enhanced code, less its class, that the original puts where the next hop gave none.
func (s Stage) DefaultEnhanced() string {
	return [...]string{".5.0", ".1.0", ".1.0", ".5.0", ".6.0"}[s]
}

// Outcome is the fate of one recipient.
type Outcome struct {
	Addr     string
	Code     int    // 200 to 599; 451 when the next hop gave no answer
	Enhanced string // "" when the next hop gave none
	Text     string
	// Answer is the reply as a whole, "250 2.0.0 text", lines parted by \n and codes on the first only. It is "" when the
	// next hop did not answer. Of our own outcomes it is a reply that can be given to the client.
	Answer string
	Own    bool   // nobody but we said it
	Heard  string // what the next hop had said to RCPT before something went wrong that is no answer
	Stage  Stage
	Target string // who said it, "smtp:[127.0.0.1]:10025"; "" when nobody was reached
}

// Accepted says that the next hop took the message for this recipient.
func (o *Outcome) Accepted() bool { return o.Code/100 == 2 }

// Result has one outcome for each recipient, in order.
type Result struct {
	Outcomes []Outcome
	// DSN says that the next hop announced DSN: it took the duty to tell of success over.
	DSN bool
	// Transactions counts MAIL commands, Connections those that had to be made.
	Transactions, Connections int
}
