package lint

import (
	"strings"

	"mavis/perlconf/diag"
	"mavis/perlconf/eval"
)

func portUnheard() Rule {
	return Rule{
		Code: "B302", Name: "interface-not-listened-on", Severity: diag.Warning,
		Summary: "%interface_policy names a port or socket that nobody listens on",
		Page: Page{
			What: "The key of an entry in %interface_policy is the port of a connection, HOST:PORT, SOCK for any Unix socket, or the path of " +
				"one. No listener has this one.",
			Why: "The entry has no effect. The MTA that was told to use the port gets \"connection refused\" and keeps the mail, or it uses " +
				"another port, where the bank does not apply.",
			Wrong: "$inet_socket_port = 10024;\n$policy_bank{'ORIGINATING'} = { originating => 1 };\n$interface_policy{'10026'} = 'ORIGINATING';\n",
			Right: "$inet_socket_port = [10024, 10026];\n$policy_bank{'ORIGINATING'} = { originating => 1 };\n$interface_policy{'10026'} = 'ORIGINATING';\n",
			Fix:   "Listen on the port as well, in $inet_socket_port or @listen_sockets, or take the entry out.",
		},
		Check: checkPortUnheard,
	}
}

func checkPortUnheard(p *Pass) {
	if p.Incomplete || len(p.Config.Listeners) == 0 {
		return
	}
	heard, m := p.interfaceKeys(), p.mentioned()
	for _, k := range p.Config.InterfacePolicy.Keys() {
		at := p.Config.InterfacePolicy.Origin(k)
		v, _ := p.Config.InterfacePolicy.Get(k)
		bank := eval.ToString(v)
		if heard[k] || bank == "" || at.IsZero() {
			continue
		}
		d := p.Report(at, "nobody listens on port %s", k)
		d.Help = "add it to $inet_socket_port, or take this entry out"
		if k == "SOCK" || strings.HasPrefix(k, "/") {
			d.Message, d.Help = "there is no Unix socket "+quoted(k), "set $unix_socketname, or take this entry out"
			if k == "SOCK" {
				d.Message, d.Severity = "no Unix socket is listened on, so SOCK stands for nothing", diag.Info
			}
		}
		if !m.open && !m.loaded[bank] {
			d.Message += "; policy bank " + bank + " is never loaded"
		}
		if at := p.origin("$inet_socket_port", "@listen_sockets", "$unix_socketname"); !at.IsZero() {
			d.Related = []diag.Related{{Span: at, Message: "this is listened on"}}
		}
	}
}
