package ingress

import (
	"errors"

	"mavis/engine/mail"
)

// ParseMail reads the arguments of a MAIL command, "FROM:<a@b> SIZE=9", as a server that offers AUTH does (RFC 5321 section
// 4.1.1.2).
func ParseMail(args string) (mail.Envelope, error) {
	e, bad := parseMail(args, true)
	return e, bad.err()
}

// ParseRcpt reads the arguments of a RCPT command, "TO:<a@b> NOTIFY=NEVER" (RFC 5321 section 4.1.1.3).
func ParseRcpt(args string) (mail.Rcpt, error) {
	r, bad := parseRcpt(args)
	return r, bad.err()
}

// ParseXForward reads the arguments of the XFORWARD commands before a transaction into c (Postfix XFORWARD_README).
func ParseXForward(c *mail.Client, commands ...string) error {
	x := xforward{}
	for _, args := range commands {
		if bad := x.parse(args); bad != nil {
			return bad.err()
		}
	}
	x.apply(c)
	return nil
}

func (r *Reply) err() error {
	if r == nil {
		return nil
	}
	return errors.New(r.String())
}
