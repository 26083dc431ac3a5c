package ingress

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"mavis/engine/mail"
)

// converse takes one command from the client. It either answers itself or leaves a command for go-smtp in c.feed, with
// the reply to it in c.substitute or to be put there by the engine session.
func (c *conn) converse() {
	if c.startTLS {
		c.handshake()
		return
	}
	line, err := c.line()
	switch {
	case err == nil:
	case errors.Is(err, errDrained):
		c.say(Reply{421, "4.3.2", "Service shutting down, closing channel"})
		c.hangUp()
		return
	case errors.Is(err, errTooLong):
		c.say(Reply{500, "5.5.2", "Error: line too long"})
		c.hangUp()
		return
	case errors.Is(err, os.ErrDeadlineExceeded):
		c.say(Reply{421, "4.3.2", "Service shutting down, closing channel, during waiting for input from client"})
		c.hangUp()
		return
	default: // gone without QUIT
		c.dead = true
		return
	}
	verb, args, ok := ParseCommand(line)
	if !ok {
		c.say(Reply{500, "5.5.2", "Error: bad syntax"})
		return
	}
	if c.session.Settings.TLSRequired && !c.session.Client.TLS {
		switch verb {
		case "NOOP", "EHLO", "STARTTLS", "QUIT":
		default:
			c.say(Reply{530, "5.7.0", "Must issue a STARTTLS command first"})
			return
		}
	}
	c.command(verb, args)
}

func (c *conn) command(verb, args string) {
	switch verb {
	case "NOOP":
		c.say(Reply{250, "2.0.0", "Ok NOOP"})
	case "QUIT":
		if args != "" {
			c.say(Reply{501, "5.5.4", "Error: QUIT does not accept arguments"})
			return
		}
		set := &c.session.Settings
		c.pass("QUIT", Reply{221, "2.0.0", set.banner(set.Quit)})
	case "RSET", "STARTTLS":
		c.reset(verb, args)
	case "HELO", "EHLO", "LHLO":
		c.greeted(verb, args)
	case "XFORWARD":
		c.forwarded(args)
	case "HELP":
		help := c.session.Settings.Help
		if help == "" {
			help = "See amavis home page at:\nhttp://www.ijs.si/software/amavisd/"
		}
		c.say(Reply{214, "2.0.0", help})
	case "VRFY":
		if args == "" {
			c.say(Reply{501, "5.5.2", "Syntax: VRFY address"})
			return
		}
		c.say(Reply{252, "2.0.0", "Argument not checked"})
	case "MAIL":
		c.mailFrom(args)
	case "RCPT":
		c.rcptTo(args)
	case "DATA":
		c.data(args)
	case "EXPN", "TURN", "ETRN", "SEND", "SOML", "SAML":
		c.say(Reply{502, "5.5.1", "Error: command " + verb + " not implemented"})
	case "AUTH":
		if len(c.session.Settings.AuthMechanisms) > 0 {
			c.authenticate(args)
			return
		}
		fallthrough
	default:
		c.say(Reply{500, "5.5.2", "Error: command " + verb + " not recognized"})
	}
}

// pass gives go-smtp a command. Its reply is replaced by rs; with none the engine session will say.
func (c *conn) pass(command string, rs ...Reply) {
	c.feed = append(c.feed[:0], command+"\r\n"...)
	if len(rs) > 0 {
		c.instead(rs...)
	}
}

// helloFirst makes go-smtp content with a client that never said HELO, as the original is.
func (c *conn) helloFirst() bool {
	if c.hello {
		return true
	}
	c.hello = true
	c.feed = append(c.feed[:0], "EHLO client.invalid\r\n"...)
	c.substitute, c.replace = nil, true
	return false
}

func (c *conn) reset(verb, args string) {
	clear(c.xforward)
	set := &c.session.Settings
	answer := Reply{250, "2.0.0", "Ok RSET"}
	switch {
	case args != "":
		answer = Reply{501, "5.5.4", "Error: " + verb + " does not accept arguments"}
	case verb == "RSET":
	case c.session.Client.TLS:
		answer = Reply{554, "5.5.1", "Error: TLS already active"}
	case set.TLS == nil:
		answer = Reply{502, "5.5.1", "Error: command not available"}
	default:
		answer = Reply{220, "2.0.0", "Ready to start TLS"}
		c.startTLS = true
	}
	c.pass("RSET", answer)
}

func (c *conn) greeted(verb, args string) {
	clear(c.xforward)
	c.hello = true
	client := &c.session.Client
	client.Helo = visible(args)
	c.protocol = map[string]string{"HELO": "SMTP", "EHLO": "ESMTP", "LHLO": "LMTP"}[verb]
	client.Protocol = c.protocol
	set := &c.session.Settings
	text := set.Name
	if verb != "HELO" {
		text += "\n" + strings.Join(c.keywords(), "\n")
	}
	c.pass("EHLO client.invalid", Reply{250, "", text})
}

// keywords is the EHLO list in the original's order.
func (c *conn) keywords() []string {
	set := &c.session.Settings
	size := "SIZE"
	if set.SizeLimit > 0 {
		size = fmt.Sprintf("SIZE %d", set.SizeLimit)
	}
	list := []string{"VRFY", "PIPELINING", size, "ENHANCEDSTATUSCODES", "8BITMIME", "SMTPUTF8", "DSN"}
	if set.TLS != nil && !c.session.Client.TLS {
		list = append(list, "STARTTLS")
	}
	if len(set.AuthMechanisms) > 0 {
		list = append(list, "AUTH "+strings.Join(set.AuthMechanisms, " "))
	}
	list = append(list, "XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE")
	return slices.DeleteFunc(list, func(keyword string) bool {
		name, _, _ := strings.Cut(keyword, " ")
		return slices.ContainsFunc(set.DiscardKeywords, func(d string) bool {
			// SMTPUTF8 demands 8BITMIME (RFC 6531 section 3.1).
			return strings.EqualFold(d, name) || name == "SMTPUTF8" && strings.EqualFold(d, "8BITMIME")
		})
	})
}

func (c *conn) forwarded(args string) {
	if c.tx != nil {
		c.say(Reply{503, "5.5.1", "Error: XFORWARD not allowed within transaction"})
		return
	}
	if bad := c.xforward.parse(args); bad != nil {
		c.say(*bad)
		return
	}
	c.say(Reply{250, "2.5.0", "Ok XFORWARD"})
}

func (c *conn) mailFrom(args string) {
	set := &c.session.Settings
	switch {
	case c.tx != nil:
		c.say(Reply{503, "5.5.1", "Error: nested MAIL command"})
		return
	case set.AuthRequired && len(set.AuthMechanisms) > 0 && c.session.Client.AuthUser == "":
		c.say(Reply{530, "5.7.0", "Authentication required"})
		return
	}
	e, bad := parseMail(args, len(set.AuthMechanisms) > 0)
	if bad != nil {
		c.say(*bad)
		return
	}
	if !c.helloFirst() {
		// go-smtp reads the EHLO first and comes back; the command is put in front of the input again.
		c.in = slices.Insert(c.in, c.inPos, []byte("MAIL "+args+"\r\n")...)
		return
	}
	c.mail = &e
	c.pass("MAIL FROM:<s@client.invalid>")
}

func (c *conn) rcptTo(args string) {
	if c.tx == nil {
		c.say(Reply{503, "5.5.1", "Need MAIL command before RCPT"})
		return
	}
	c.gotRcpts++
	r, bad := parseRcpt(args)
	if bad == nil && c.gotRcpts > c.session.Settings.RecipientLimit {
		bad = &Reply{452, "4.5.3", "Too many recipients"}
	}
	if bad != nil {
		c.say(*bad)
		return
	}
	c.rcpt = &r
	c.pass(fmt.Sprintf("RCPT TO:<r%d@client.invalid>", c.gotRcpts))
}

func (c *conn) data(args string) {
	switch {
	case args != "":
		c.say(Reply{501, "5.5.4", "Error: DATA does not accept arguments"})
	case c.tx == nil:
		c.say(Reply{503, "5.5.1", "Need MAIL command before DATA"})
	case c.gotRcpts == 0:
		c.say(Reply{503, "5.5.1", "Need RCPT command before DATA"})
	case len(c.tx.Envelope.Rcpts) == 0 && c.protocol == "LMTP": // RFC 2033 section 4.2
		c.say(Reply{503, "5.1.1", "Error (DATA): no valid recipients"})
	case len(c.tx.Envelope.Rcpts) == 0:
		c.say(Reply{554, "5.1.1", "Error (DATA): no valid recipients"})
	default:
		c.pass("DATA", Reply{354, "", "End data with <CR><LF>.<CR><LF>"})
	}
}

// protocolName is the word for Received and logs (RFC 3848, RFC 6531 section 4.3).
func (c *conn) protocolName(e *mail.Envelope) string {
	name := c.protocol
	if name == "SMTP" {
		return name
	}
	if c.session.Client.TLS {
		name += "S"
	}
	if c.session.Client.AuthUser != "" {
		name += "A"
	}
	if !e.SMTPUTF8 {
		return name
	}
	return "UTF8" + strings.TrimPrefix(name, "E")
}
