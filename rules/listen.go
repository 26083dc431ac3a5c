package rules

import (
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"

	"mavis/perlconf/diag"
	"mavis/perlconf/eval"
	"mavis/perlconf/source"
)

// Listener is one socket to listen on.
type Listener struct {
	Network string // "tcp" or "unix"
	Address string // HOST:PORT for net.Listen, host "" for all; or the path
	Host    string // as configured: an address without brackets, a name, or "*"
	Port    string // number or service name
	Mode    int    // of a Unix socket; only with HasMode
	HasMode bool
	Origin  source.Span
}

var errSocket = errors.New("not a socket: a port, HOST:PORT, inet:HOST:PORT, unix:/PATH or /PATH is wanted")

var (
	unixSpec = regexp.MustCompile(`(?s)^(?:unix:)?(/[^\s|]+?)(?:[/|](?i:unix))?$`)
	tcpSpec  = regexp.MustCompile(`(?s)^(?:inet6?:)?(?:(\[[^\]]*\]|[^/|:\[\]]*):)?([\w.-]+)(?:/(?i:tcp))?$`)
)

// ParseListener reads one entry of @listen_sockets, $inet_socket_port, $unix_socketname or of the option -p. A port
// alone is combined with each address of bind, which are as in $inet_socket_bind; no address, or "", means all.
func ParseListener(spec string, bind []string) ([]Listener, error) {
	if m := unixSpec.FindStringSubmatch(spec); m != nil {
		return []Listener{{Network: "unix", Address: m[1]}}, nil
	}
	m := tcpSpec.FindStringSubmatch(spec)
	if m == nil {
		return nil, errSocket
	}
	if strings.Contains(spec, m[2]) && m[1] != "" {
		bind = []string{m[1]}
	}
	if len(bind) == 0 {
		bind = []string{"*"}
	}
	var out []Listener
	for _, h := range bind {
		h = strings.TrimSuffix(strings.TrimPrefix(h, "["), "]")
		if h == "" {
			h = "*"
		}
		l := Listener{Network: "tcp", Host: h, Port: m[2]}
		if h == "*" {
			h = ""
		}
		l.Address = net.JoinHostPort(h, l.Port)
		out = append(out, l)
	}
	return out, nil
}

func (b *binder) bindListeners() {
	if mode, ok := b.scalar("unix_socket_mode").(string); ok && len(mode) > 1 && mode[0] == '0' {
		b.bag.Add(diag.Diagnostic{Code: CodeRange, Severity: diag.Warning, Span: b.origin("unix_socket_mode"),
			Message: fmt.Sprintf("$unix_socket_mode is text, which counts as the decimal number %d", eval.ToInt(mode)),
			Help:    "write the octal number without quotes: " + mode})
	}
	var bind []string
	b.use("inet_socket_bind")
	if v := b.scalar("inet_socket_bind"); v != nil {
		bind = texts(v)
	}
	have := map[string]bool{}
	add := func(v eval.Value, at source.Span) {
		for _, spec := range texts(v) {
			if spec == "" {
				continue
			}
			list, err := ParseListener(spec, bind)
			if err != nil {
				b.bag.Errorf(CodeListener, at, "%q is %v", spec, err)
				continue
			}
			for _, l := range list {
				l.Origin = at
				if !have[l.Network+l.Address] && b.family(l) {
					have[l.Network+l.Address] = true
					b.cfg.Listeners = append(b.cfg.Listeners, b.withMode(l))
				}
			}
		}
	}
	if a := b.src.Array("listen_sockets"); a != nil {
		b.claim(a, 0)
		for _, e := range a.Elems {
			add(e.Get(), elementSpan(a, e))
		}
	}
	for _, name := range []string{"unix_socketname", "inet_socket_port"} {
		if v := b.scalar(name); v != nil {
			add(v, b.origin(name))
		}
	}
	if len(b.cfg.Listeners) == 0 {
		b.bag.Errorf(CodeNoListener, source.Span{}, "no socket to listen on: set $inet_socket_port, $unix_socketname or @listen_sockets")
	}
	if h := b.src.Hash("interface_policy"); h != nil {
		b.claim(h, 0)
		b.cfg.InterfacePolicy = Map{h}
		for _, k := range h.Keys() {
			if name, ok := h.Get(k).(string); ok && name != "" && b.cfg.banks[name] == nil {
				b.bag.Warnf(CodeUnknownBank, elemSpan(h, k), "policy bank %q is not defined", name)
			}
		}
	}
}

// family leaves out addresses of a kind that this machine does not have.
func (b *binder) family(l Listener) bool {
	if l.Network != "tcp" {
		return true
	}
	ip := net.ParseIP(l.Host)
	switch {
	case ip == nil:
		return true
	case ip.To4() == nil:
		return b.src.Scalar("have_inet6") == nil || eval.ToBool(b.scalar("have_inet6"))
	}
	return b.src.Scalar("have_inet4") == nil || eval.ToBool(b.scalar("have_inet4"))
}

func (b *binder) withMode(l Listener) Listener {
	if v := b.scalar("unix_socket_mode"); l.Network == "unix" && eval.ToString(v) != "" {
		l.Mode, l.HasMode = int(eval.ToInt(v)), true
	}
	return l
}

// BankRule is an entry of %interface_policy that names policy banks.
type BankRule struct {
	Key    string // the port, address or socket
	Bank   string
	Origin source.Span
}

// SocketBanks gives the policy banks for a connection on a Unix socket, in the order they are laid: for "SOCK", then
// for the path. Names without a bank may be among them; see Policy.With.
func (c *Config) SocketBanks(path string) []BankRule { return c.interfaceBanks("SOCK", path) }

// PortBanks gives the policy banks for a TCP connection to our host and port: for the port, then for HOST:PORT, where
// an IPv6 address stands in brackets and in lower case.
func (c *Config) PortBanks(host, port string) []BankRule {
	if strings.Count(host, ":") > 1 {
		host = "[" + strings.ToLower(strings.Trim(host, "[]")) + "]"
	}
	return c.interfaceBanks(port, host+":"+port)
}

func (c *Config) interfaceBanks(keys ...string) []BankRule {
	var out []BankRule
	for _, k := range keys {
		if v, _ := c.InterfacePolicy.Get(k); v != nil {
			out = append(out, BankRule{k, eval.ToString(v), c.InterfacePolicy.Origin(k)})
		}
	}
	return out
}
