// Package notify writes the mails that tell people what became of a message: notices to administrators and recipients,
// delivery status notifications to senders (RFC 3464, RFC 6533), reports and released mail, from templates in the macro
// language (amavisd README.customize).
package notify

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"mavis/compat/header"
	"mavis/compat/macro"
	"mavis/compat/macro/facts"
	"mavis/engine/origin"
)

// ErrUnsupported is wrapped by errors about forms of notices that cannot be made.
var ErrUnsupported = errors.New("form of notice is not supported")

// Notice is a mail to be sent.
type Notice struct {
	From     string   // envelope sender, "" for a DSN
	To       []string // envelope recipients
	Message  []byte   // CRLF line ends
	SMTPUTF8 bool
	BodyType string // 7BIT or 8BITMIME when it is to be told, else ""
}

// Settings are common to all notices of a message.
type Settings struct {
	Template *macro.Template
	// HdrFrom is what stands in From (hdrfrom_notify_*); ${myhostname} and its like are replaced. MailFrom is the
	// envelope sender (mailfrom_notify_*); nil means the address in HdrFrom.
	HdrFrom  string
	MailFrom *string
	Encoding header.Format // $hdr_encoding
	Charset  string        // $bdy_encoding; "" means UTF-8
	Boundary string        // of MIME parts; must be new for each notice
}

func (s Settings) charset() string {
	if s.Charset == "" {
		return "UTF-8"
	}
	return s.Charset
}

func (s Settings) hdrFrom(m *facts.Message) string { return ExpandVariables(s.HdrFrom, m.Hostname) }

func (s Settings) mailFrom(from string) string {
	if s.MailFrom != nil {
		return *s.MailFrom
	}
	if a := origin.Addresses(from); len(a) > 0 {
		return a[0]
	}
	return ""
}

var variable = regexp.MustCompile(`\$(?:\{([^}]+)\}|([a-zA-Z](?:[a-zA-Z0-9_-]*[a-zA-Z0-9])?\b))`)

// ExpandVariables replaces ${myhostname}, ${myhostname_utf8} and ${myhostname_ascii}; other names become empty.
func ExpandVariables(s, hostname string) string {
	return variable.ReplaceAllStringFunc(s, func(v string) string {
		switch strings.ToLower(strings.Trim(v, "${}")) {
		case "myhostname", "myhostname_utf8":
			return macro.DomainToUnicode(hostname)
		case "myhostname_ascii":
			return macro.DomainToASCII(hostname)
		}
		return ""
	})
}

// expand makes the text of a notice. Own are the macros of this notice.
func (s Settings) expand(m *facts.Message, own macro.Map) (string, error) {
	if s.Template == nil {
		return "", fmt.Errorf("notice without a template: %w", ErrUnsupported)
	}
	text, err := s.Template.Expand(macro.Chain{own, m.Macros(true)})
	if err != nil {
		return "", fmt.Errorf("notice: %w", err)
	}
	return text, nil
}

// Admin tells administrators. The header section of the mail is attached.
func Admin(s Settings, m *facts.Message, admins []string) (*Notice, error) {
	var to []string
	for _, a := range admins {
		to = append(to, asciiAddress(facts.Quote(a)))
	}
	from := s.hdrFrom(m)
	text, err := s.expand(m, macro.Map{"f": macro.Text(from), "T": macro.List(to...)})
	if err != nil {
		return nil, err
	}
	e := &entity{kind: "multipart/mixed"}
	body := e.template(text, s.Encoding)
	e.parts = []part{textPart(body, s.charset()), headerPart(m)}
	return s.finish(e, s.mailFrom(from), admins), nil
}

// Recipient tells recipient i of the message. Nothing is attached.
func Recipient(s Settings, m *facts.Message, i int) (*Notice, error) {
	r := m.Recips[i]
	from := s.hdrFrom(m)
	of := m.RecipientMacros(i)
	own := macro.Map{"f": macro.Text(from), "T": macro.Text(asciiAddress(facts.Quote(r.Addr)))}
	for _, name := range []string{"banned_parts", "F", "banning_rule_comment", "banning_rule_rhs"} {
		own[name] = of[name]
	}
	text, err := s.expand(m, own)
	if err != nil {
		return nil, err
	}
	e := &entity{}
	body := e.template(text, s.Encoding)
	e.parts = []part{textPart(body, s.charset())}
	return s.finish(e, s.mailFrom(from), []string{r.Addr}), nil
}

// finish decides on SMTPUTF8: it is needed for a local part outside of ASCII; without it domains go in A-labels.
func (s Settings) finish(e *entity, from string, to []string) *Notice {
	n := &Notice{From: from, To: append([]string(nil), to...), Message: e.message(s.Boundary)}
	for _, a := range append([]string{from}, to...) {
		if at := strings.LastIndexByte(a, '@'); at > 0 && !ascii(a[:at]) && utf8.ValidString(a) {
			n.SMTPUTF8 = true
		}
	}
	if !n.SMTPUTF8 {
		n.From = asciiAddress(n.From)
		for i := range n.To {
			n.To[i] = asciiAddress(n.To[i])
		}
	}
	return n
}

// asciiAddress brings the domain into A-labels and lower case.
func asciiAddress(a string) string {
	if at := strings.LastIndexByte(a, '@'); at >= 0 {
		return a[:at+1] + macro.DomainToASCII(a[at+1:])
	}
	return a
}
