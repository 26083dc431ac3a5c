package ingress

import (
	"encoding/base64"
	"errors"
	"slices"
	"strings"
)

// maxAuthLine bounds a SASL response (RFC 4954 section 4).
const maxAuthLine = 12288

// authenticate is the AUTH exchange (RFC 4954) with PLAIN (RFC 4616) and LOGIN.
func (c *conn) authenticate(args string) {
	mechanism, initial, hasInitial := strings.Cut(args, " ")
	mechanism = strings.ToUpper(mechanism)
	set := &c.session.Settings
	switch {
	case mechanism == "" || strings.Contains(initial, " "):
		c.say(Reply{501, "5.5.2", "Syntax: AUTH mech [initresp]"})
		return
	case c.session.Client.AuthUser != "":
		c.say(Reply{503, "5.5.1", "Error: session already authenticated"})
		return
	case c.tx != nil:
		c.say(Reply{503, "5.5.1", "Error: AUTH not allowed within transaction"})
		return
	case !slices.ContainsFunc(set.AuthMechanisms, func(m string) bool { return strings.EqualFold(m, mechanism) }),
		mechanism != "PLAIN" && mechanism != "LOGIN":
		c.say(Reply{504, "5.5.4", "Error: requested authentication mechanism not supported"})
		return
	}
	challenges := []string{""}
	if mechanism == "LOGIN" {
		challenges = []string{"Username:", "Password:"}
	}
	var given []string
	for i, challenge := range challenges {
		response := initial
		if i > 0 || !hasInitial || initial == "" {
			c.say(Reply{334, "", base64.StdEncoding.EncodeToString([]byte(challenge))})
			line, err := c.line()
			if errors.Is(err, errTooLong) || len(line) > maxAuthLine {
				c.say(Reply{500, "5.5.6", "Authentication exchange line is too long"})
				c.hangUp()
				return
			}
			if err != nil {
				c.hangUp()
				return
			}
			response = string(line)
		}
		if response == "*" {
			c.say(Reply{501, "5.7.1", "Authentication aborted"})
			return
		}
		if i == 0 && response == "=" {
			response = ""
		}
		decoded, err := base64.StdEncoding.DecodeString(response)
		if err != nil {
			c.say(Reply{501, "5.5.2", "Authentication failed: malformed authentication response"})
			return
		}
		given = append(given, string(decoded))
	}
	c.judge(mechanism, given)
}

func (c *conn) judge(mechanism string, given []string) {
	if mechanism == "PLAIN" {
		fields := strings.Split(given[0], "\x00") // authorisation, user, password
		if len(fields) != 3 {
			c.say(Reply{501, "5.5.2", "Authentication failed: malformed authentication response"})
			return
		}
		given = fields[1:]
	}
	ok := given[0] != ""
	if check := c.session.Settings.Authenticate; ok && check != nil {
		if !c.guard(func() { ok = check(c.ctx, given[0], given[1]) }) {
			c.say(Reply{454, "4.7.0", "Temporary authentication failure"})
			return
		}
	}
	if !ok {
		c.say(Reply{535, "5.7.8", "Authentication credentials invalid"})
		return
	}
	c.session.Client.AuthUser, c.session.Password = given[0], given[1]
	c.say(Reply{235, "2.7.0", "Authentication succeeded"})
}
