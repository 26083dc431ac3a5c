package ingress

import (
	"errors"
	"strconv"
	"strings"

	"mavis/engine/mail"
)

func syntax(text string) *Reply { return &Reply{501, "5.5.4", text} }

// ParseEnvelope makes an envelope of what stands between the angle brackets of MAIL and RCPT and of their parameters, as
// in the dialogue. parameters of recipients may be fewer than recipients.
func ParseEnvelope(sender, params string, rcpts, rcptParams []string) (mail.Envelope, error) {
	e, bad := parseMail("FROM:<"+sender+"> "+params, true)
	if bad != nil {
		return e, errors.New(bad.String())
	}
	for i, to := range rcpts {
		args := "TO:<" + to + ">"
		if i < len(rcptParams) {
			args += " " + rcptParams[i]
		}
		r, bad := parseRcpt(args)
		if bad != nil {
			return e, errors.New(bad.String())
		}
		e.Rcpts = append(e.Rcpts, r)
	}
	return e, nil
}

// parseMail reads the argument of MAIL. authOffered says whether AUTH was announced: else an AUTH parameter is taken
// and ignored, for the sake of Postfix before the queue. A nil reply means all is well.
func parseMail(args string, authOffered bool) (e mail.Envelope, bad *Reply) {
	path, params, ok := parsePath(args, "FROM:")
	if !ok {
		return e, &Reply{501, "5.5.2", "Syntax: MAIL FROM:<address>"}
	}
	e.Sender = path
	seen := map[string]bool{}
	for word := range strings.FieldsSeq(params) {
		p, ok := parseParam(word)
		if !ok {
			return e, syntax("Syntax error in MAIL FROM parameters")
		}
		switch p.name {
		case "BODY", "RET", "ENVID", "AUTH":
			if !p.hasValue {
				return e, syntax("Syntax error in MAIL parameter, value is required: " + p.name)
			}
		}
		if bad = mailParam(&e, p, seen[p.name], authOffered); bad != nil {
			return e, bad
		}
		seen[p.name] = true
	}
	if e.Ret != "" && e.Ret != "FULL" && e.Ret != "HDRS" {
		return e, syntax("Syntax error in MAIL parameter RET: " + e.Ret)
	}
	return e, nil
}

func mailParam(e *mail.Envelope, p param, again, authOffered bool) *Reply {
	wrong := syntax("Syntax error in MAIL parameter: " + p.name)
	switch p.name {
	case "SIZE":
		if !p.hasValue {
			return nil
		}
		size, ok := parseSize(p.value)
		if !ok {
			return wrong
		}
		if e.Size == 0 {
			e.Size = size
		}
	case "SMTPUTF8":
		if p.hasValue {
			return wrong
		}
		e.SMTPUTF8 = true
	case "BODY":
		e.BodyType = strings.ToUpper(p.value)
		if e.BodyType != "7BIT" && e.BodyType != "8BITMIME" {
			return wrong
		}
	case "RET":
		if again {
			return wrong
		}
		e.Ret = strings.ToUpper(p.value)
	case "ENVID":
		if again {
			return wrong
		}
		e.EnvID = p.value
	case "AUTH":
		if again {
			return &Reply{504, "5.5.4", "MAIL command duplicate param.: AUTH=" + p.value}
		}
		e.HasAuth, e.Auth = true, "<>"
		if authOffered {
			e.Auth = p.value
		}
	default:
		return &Reply{504, "5.5.4", "MAIL command parameter error: " + p.name + "=" + p.value}
	}
	return nil
}

// parseSize reads up to 20 digits (RFC 1870); what an int64 cannot hold is as large as it can.
func parseSize(s string) (int64, bool) {
	if len(s) > 20 {
		return 0, false
	}
	for i := range len(s) {
		if !isDigit(s[i]) {
			return 0, false
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		n = 1<<63 - 1
	}
	return n, true
}

// parseRcpt reads the argument of RCPT.
func parseRcpt(args string) (r mail.Rcpt, bad *Reply) {
	path, params, ok := parsePath(args, "TO:")
	if !ok {
		return r, &Reply{501, "5.5.2", "Syntax: RCPT TO:<address>"}
	}
	r.Addr = path
	notify, seen := "", map[string]bool{}
	for word := range strings.FieldsSeq(params) {
		p, ok := parseParam(word)
		if !ok {
			return r, syntax("Syntax error in RCPT parameters")
		}
		if p.name != "NOTIFY" && p.name != "ORCPT" {
			return r, &Reply{555, "5.5.4", "RCPT command parameter unrecognized: " + p.name}
		}
		if !p.hasValue {
			return r, syntax("Syntax error in RCPT parameter, value is required: " + p.name)
		}
		if seen[p.name] {
			return r, syntax("Syntax error in RCPT parameter " + p.name)
		}
		seen[p.name] = true
		if p.name == "NOTIFY" {
			notify = p.value
		} else {
			r.ORcpt = p.value
		}
	}
	if notify != "" {
		r.Notify, bad = parseNotify(notify)
	}
	return r, bad
}

func parseNotify(value string) ([]string, *Reply) {
	list := strings.Split(strings.ToUpper(value), ",")
	never := 0
	for _, v := range list {
		switch v {
		case "NEVER":
			never++
		case "SUCCESS", "FAILURE", "DELAY":
		default:
			return nil, syntax("Error in RCPT parameter NOTIFY, illegal value: " + value)
		}
	}
	if never > 0 && never < len(list) {
		return nil, syntax("Error in RCPT parameter NOTIFY, illegal combination of values: " + value)
	}
	return list, nil
}
