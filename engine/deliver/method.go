package deliver

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"mavis/engine/perlat"
)

// Target is one place to send to, as $forward_method and its like name it (amavisd.conf-default, README.postfix).
type Target struct {
	Protocol string // smtp, lmtp, pipe, bsmtp, local, sql or discard; lower case
	// Host and Port of smtp and lmtp; "*" stands for the client's address, or for the port connected to plus one.
	Host, Port string
	// Path is the Unix socket of smtp and lmtp, the file pattern of bsmtp, the argument of local and sql.
	Path string
	// Args is the command of pipe.
	Args []string
	// Options are what follows after commas: ,key=value. Fields after a further colon are dropped, as in the original.
	Options map[string]string
}

// ParseMethod reads one method, such as smtp:[127.0.0.1]:10025, smtp:*:*, lmtp:/path/to/socket,
// pipe:argv=/usr/sbin/sendmail -i -f ${sender} -- ${recipient}, bsmtp:file-%m, discard:.
func ParseMethod(s string) (Target, error) {
	protocol, rest, ok := strings.Cut(s, ":")
	if !ok {
		return Target{}, fmt.Errorf("delivery method %q has no protocol", s)
	}
	t := Target{Protocol: strings.ToLower(protocol)}
	switch t.Protocol {
	case "smtp", "lmtp":
		if err := t.parseSocket(rest); err != nil {
			return Target{}, fmt.Errorf("delivery method %q: %w", s, err)
		}
	case "pipe":
		args := rest
		if len(args) >= 6 && strings.EqualFold(args[:6], "flags=") {
			_, args, _ = strings.Cut(args, " ")
			args = strings.TrimLeft(args, " ")
		}
		if len(args) >= 5 && strings.EqualFold(args[:5], "argv=") {
			args = args[5:]
		}
		if t.Args = strings.Fields(args); len(t.Args) == 0 {
			return Target{}, fmt.Errorf("delivery method %q names no command", s)
		}
	case "bsmtp", "local", "sql", "discard":
		t.Path = rest
	default:
		return Target{}, wording("mail_dispatch: unknown protocol: " + t.Protocol + perlat.UnknownProtocol)
	}
	return t, nil
}

// ParseMethods reads alternatives.
func ParseMethods(methods []string) ([]Target, error) {
	list := make([]Target, 0, len(methods))
	for _, m := range methods {
		t, err := ParseMethod(m)
		if err != nil {
			return nil, err
		}
		list = append(list, t)
	}
	return list, nil
}

func (t *Target) parseSocket(s string) error {
	s, options, _ := strings.Cut(s, ",")
	for o := range strings.SplitSeq(options, ",") {
		if o = strings.TrimSpace(o); o != "" {
			if t.Options == nil {
				t.Options = map[string]string{}
			}
			key, value, _ := strings.Cut(o, "=")
			t.Options[strings.TrimSpace(key)] = strings.TrimSpace(value)
		}
	}
	if strings.HasPrefix(s, "/") {
		t.Path = s
		return nil
	}
	var rest string
	if strings.HasPrefix(s, "[") {
		var ok bool
		if t.Host, rest, ok = strings.Cut(s[1:], "]"); !ok || !strings.HasPrefix(rest, ":") {
			return errors.New("no port after the address in brackets")
		}
		rest = rest[1:]
	} else {
		var ok bool
		if t.Host, rest, ok = strings.Cut(s, ":"); !ok {
			return errors.New("no port")
		}
	}
	t.Port, _, _ = strings.Cut(rest, ":")
	if t.Host == "" {
		return errors.New("no host")
	}
	if n, err := strconv.Atoi(t.Port); t.Port != "*" && (err != nil || n < 1 || n > 65535) {
		return fmt.Errorf("port %q", t.Port)
	}
	return nil
}

// String is the target as replies and logs show it: smtp:[127.0.0.1]:10025, lmtp:/path.
func (t Target) String() string {
	switch {
	case t.Protocol == "pipe":
		return "pipe:argv=" + strings.Join(t.Args, " ")
	case t.Host == "":
		return t.Protocol + ":" + t.Path
	}
	return t.Protocol + ":[" + t.Host + "]:" + t.Port
}

// resolve puts what is known of the client in place of stars.
func (t Target) resolve(m *Outgoing) (Target, error) {
	if t.Host == "*" {
		if t.Host = m.ClientHost; t.Host == "" {
			return t, errors.New("host is *, but the client's address is not known")
		}
	}
	if t.Port == "*" {
		if m.ServerPort == 0 {
			return t, errors.New("port is *, but the port connected to is not known")
		}
		t.Port = strconv.Itoa(int(m.ServerPort) + 1)
	}
	return t, nil
}

func (t Target) network() (network, address string) {
	if t.Host == "" {
		return "unix", t.Path
	}
	return "tcp", net.JoinHostPort(strings.TrimPrefix(t.Host, "IPv6:"), t.Port)
}
