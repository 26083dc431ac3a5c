// Package mail is a message in work as data: envelope, client, recipients, parts, findings, verdict. It does no I/O.
package mail

import (
	"io"
	"net/netip"
	"time"
)

// Body is the message as received, with CRLF line ends left as they came, dots unstuffed.
type Body interface {
	io.ReaderAt
	Size() int64
}

// Client is who handed the message over: the peer of the connection, and what XFORWARD said of the first client.
type Client struct {
	Peer     netip.AddrPort // of the TCP connection; zero for a Unix socket
	Local    netip.AddrPort // the address connected to
	Socket   string         // path of the Unix socket, if one
	Protocol string         // SMTP, ESMTP, LMTP …, as spoken to us
	Helo     string
	// The rest comes from XFORWARD (Postfix XFORWARD_README); empty when not given or [UNAVAILABLE].
	XName, XAddr, XPort, XProto, XHelo, XIdent, XSource string
	HasXForward                                         bool
	AuthUser                                            string
	TLS                                                 bool
}

// Envelope is MAIL FROM with its parameters and the recipients.
type Envelope struct {
	Sender   string // between the angle brackets, quotes kept
	Size     int64  // SIZE=, 0 when absent
	BodyType string // 7BIT or 8BITMIME as given, "" when absent
	SMTPUTF8 bool
	Ret      string // FULL or HDRS
	EnvID    string // as sent (xtext)
	Auth     string
	HasAuth  bool
	Rcpts    []Rcpt
}

// Rcpt is one RCPT TO.
type Rcpt struct {
	Addr   string   // between the angle brackets, quotes kept
	Notify []string // NEVER or any of SUCCESS FAILURE DELAY, upper case
	ORcpt  string   // as sent: type;xtext
}

// Message is one mail transaction.
type Message struct {
	Client   Client
	Envelope Envelope
	Received time.Time
	LogID    string // PID-NN or PID-NN-NN, in log lines and replies
	MailID   string // twelve characters, names the quarantine
	Secret   string // release secret that goes with MailID
	Body     Body
	// Dir is the task's temporary folder; Parts live in Dir/parts, the whole message in Dir/email.txt.
	Dir string
	// Header holds the top-level header fields in order.
	Header []Field
	// HeaderSize is the number of bytes of header and separator line: the body starts there.
	HeaderSize int64
	Root       *Part
}

// Field is a header field as found: Raw has the name, folding and final line end.
type Field struct {
	Name string // as written, without colon
	Raw  []byte
}

// Part is one component found in the message. Numbering follows the original: p001, p002 … in the order of discovery;
// containers that have no bytes of their own get a number as well.
type Part struct {
	Number    int    // 1 is p001
	Path      string // file that holds its decoded bytes, "" when it has none
	Size      int64
	Placement string // place in the MIME structure, such as "1/2/1"
	Parent    *Part
	Children  []*Part
	// TypeDeclared are MIME types as declared, lower case; NameDeclared every candidate name, decoded and raw forms.
	TypeDeclared []string
	NameDeclared []string
	TypeLong     string   // what file(1) says
	TypeShort    []string // short types, without dot: "exe", "exe-ms"; order of the map
	Attributes   string   // letters of the original: U undecipherable, C crypted, D directory, S special, L link
	Charset      string   // declared charset of a text part
	ReportType   string   // of multipart/report
	Digest       string
}

// Attribute adds a letter once.
func (p *Part) Attribute(letter string) {
	for i := range p.Attributes {
		if p.Attributes[i:i+1] == letter {
			return
		}
	}
	p.Attributes += letter
}

// Walk calls f for the part and everything below it, parents first, until f says false.
func (p *Part) Walk(f func(*Part) bool) bool {
	if p == nil {
		return true
	}
	if !f(p) {
		return false
	}
	for _, c := range p.Children {
		if !c.Walk(f) {
			return false
		}
	}
	return true
}
