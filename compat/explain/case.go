package explain

import (
	"bytes"
	"fmt"
	"mime"
	"strings"
)

// Case is a mail to ask about.
type Case struct {
	From string   // envelope sender, internal form; "" is the empty one
	To   []string // envelope recipients
	// ClientIP is the first client, as the MTA tells by XFORWARD; "" is unknown. Port is where the mail comes in: a port,
	// ADDRESS:PORT or the path of a socket; "" is the first one of the configuration.
	ClientIP, Port string
	Mail           []byte   // the message; nil makes a small one
	Virus          string   // what the virus scanner finds; "" is nothing but the EICAR test virus
	Score          float64  // what spam scanners say
	Banned         []string // attachments of the mail that is made: file names, or MIME types when they hold a slash
}

// message is the mail of the case with CRLF line ends.
func (c Case) message() ([]byte, error) {
	if c.Mail == nil {
		return c.made(), nil
	}
	if len(c.Banned) > 0 {
		return nil, fmt.Errorf("attachments are put into a mail that is made, not into one that was given")
	}
	return bytes.ReplaceAll(bytes.ReplaceAll(c.Mail, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n")), nil
}

// made is a mail without fault, with an attachment for each name.
func (c Case) made() []byte {
	var b strings.Builder
	from, to := c.From, "undisclosed-recipients:;"
	if from == "" {
		from = "postmaster@client.invalid"
	}
	if len(c.To) > 0 {
		to = c.To[0]
	}
	fmt.Fprintf(&b, "From: %s\r\nTo: %s\r\nSubject: Example\r\nDate: Mon, 5 Jan 2026 10:00:00 +0000\r\nMessage-ID: <example@client.invalid>\r\nMIME-Version: 1.0\r\n",
		plain(from), plain(to))
	const text = "Content-Type: text/plain; charset=us-ascii\r\n\r\nAn example.\r\n"
	if len(c.Banned) == 0 {
		return []byte(b.String() + text)
	}
	b.WriteString("Content-Type: multipart/mixed; boundary=example-boundary\r\n\r\n--example-boundary\r\n" + text)
	for _, name := range c.Banned {
		kind, params := "application/octet-stream", map[string]string{"filename": plain(name)}
		if strings.Contains(name, "/") {
			kind, params = plain(name), nil
		}
		fmt.Fprintf(&b, "--example-boundary\r\nContent-Type: %s\r\nContent-Disposition: %s\r\n\r\nAn example.\r\n", kind, mime.FormatMediaType("attachment", params))
	}
	b.WriteString("--example-boundary--\r\n")
	return []byte(b.String())
}

// plain keeps control characters out of header fields.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '_'
		}
		return r
	}, s)
}
