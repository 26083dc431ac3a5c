package stored

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// The columns that a table of envelopes may have; mail is needed. Several recipients are parted by blanks, their parameters in
// rcpt_params by semicolons; a recipient without parameters has "-" or nothing there.
var columns = []string{"mail", "from", "to", "client_ip", "client_name", "client_port", "helo", "proto", "port", "lmtp", "mail_params", "rcpt_params"}

// Envelopes reads a table of envelopes (CSV, RFC 4180) with a line of names on top.
func Envelopes(r io.Reader, f func(mail string, e Envelope) error) error {
	in := csv.NewReader(r)
	in.ReuseRecord = true
	head, err := in.Read()
	if err != nil {
		return fmt.Errorf("a line with the names of columns: %w", err)
	}
	head = slices.Clone(head)
	for _, h := range head {
		if !slices.Contains(columns, h) {
			return fmt.Errorf("column %q is none of %s", h, strings.Join(columns, ", "))
		}
	}
	if !slices.Contains(head, "mail") {
		return errors.New("there is no column mail")
	}
	for {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		name, e := "", Envelope{}
		for i, v := range row {
			if head[i] == "mail" {
				name = strings.Clone(v)
				continue
			}
			e.set(head[i], strings.Clone(v))
		}
		if err := f(name, e); err != nil {
			return err
		}
	}
}

func (e *Envelope) set(column, v string) {
	switch column {
	case "from":
		e.From, e.HasFrom = angle(v), true
	case "to":
		e.To = addressList(v)
	case "client_ip":
		e.ClientIP, e.HasClient = v, true
	case "client_name":
		e.ClientName = v
	case "client_port":
		e.ClientPort = v
	case "helo":
		e.Helo = v
	case "proto":
		e.Proto = v
	case "port":
		e.Port = v
	case "lmtp":
		e.LMTP = v != "" && v != "0" && v != "no"
	case "mail_params":
		e.MailParams = v
	case "rcpt_params":
		for _, p := range strings.Split(v, ";") {
			p = strings.TrimSpace(p)
			if p == "-" {
				p = ""
			}
			e.RcptParams = append(e.RcptParams, p)
		}
	}
}

// addressList parts addresses at blanks and commas that are not quoted.
func addressList(s string) []string {
	var out []string
	quoted, from := false, 0
	take := func(to int) {
		if a := angle(s[from:to]); a != "" {
			out = append(out, a)
		}
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case (c == ' ' || c == ',') && !quoted:
			take(i)
			from = i + 1
		}
	}
	take(len(s))
	return out
}
