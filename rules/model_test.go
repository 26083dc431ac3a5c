package rules

import (
	"reflect"
	"testing"

	"mavis/perlconf/diag"
	"mavis/perlconf/eval"
	"mavis/perlconf/source"
)

func addresses(ls []Listener) []string {
	var out []string
	for _, l := range ls {
		out = append(out, l.Network+" "+l.Address)
	}
	return out
}

func TestParseListener(t *testing.T) {
	both := []string{"127.0.0.1", "[::1]"}
	tests := []struct {
		spec string
		bind []string
		want []string // nil: an error
	}{
		{"10024", both, []string{"tcp 127.0.0.1:10024", "tcp [::1]:10024"}},
		{"10024", nil, []string{"tcp :10024"}},
		{"10024", []string{""}, []string{"tcp :10024"}},
		{"10024", []string{"*"}, []string{"tcp :10024"}},
		{"10024/tcp", []string{"127.0.0.1"}, []string{"tcp 127.0.0.1:10024"}},
		{"10.0.0.1:10024", both, []string{"tcp 10.0.0.1:10024"}},
		{"[2001:db8::1]:10024", both, []string{"tcp [2001:db8::1]:10024"}},
		{"inet:10.0.0.1:10024", both, []string{"tcp 10.0.0.1:10024"}},
		{"inet6:[::1]:10024", both, []string{"tcp [::1]:10024"}},
		{"*:10024", both, []string{"tcp :10024"}},
		{"localhost:smtp", both, []string{"tcp localhost:smtp"}},
		{"/var/run/amavis/amavisd.sock", both, []string{"unix /var/run/amavis/amavisd.sock"}},
		{"unix:/var/run/amavisd.sock", both, []string{"unix /var/run/amavisd.sock"}},
		{"/var/run/amavisd.sock|unix", both, []string{"unix /var/run/amavisd.sock"}},
		{"10024/ssl", both, nil},
		{"a b", both, nil},
		{"::1:10024", both, nil},
	}
	for _, tt := range tests {
		ls, err := ParseListener(tt.spec, tt.bind)
		if got := addresses(ls); !reflect.DeepEqual(got, tt.want) || (err != nil) != (tt.want == nil) {
			t.Errorf("%s: %q %v, want %q", tt.spec, got, err, tt.want)
		}
	}
}

func TestListeners(t *testing.T) {
	f := newFake(t)
	f.list("listen_sockets", "10026", "unix:/run/a.sock")
	f.set("inet_socket_port", list(int64(10024), int64(10026)))
	f.set("inet_socket_bind", list("127.0.0.1", "[::1]"))
	f.set("unix_socketname", "/run/b.sock")
	f.set("unix_socket_mode", int64(0o660))
	f.put("interface_policy", "10026", "ORIGINATING")
	f.put("interface_policy", "SOCK", "AM.PDP-SOCK")
	f.put("interface_policy", "/run/b.sock", "MISSING")
	f.put("interface_policy", "[::1]:10024", "SIX")
	f.put("policy_bank", "ORIGINATING", hash("originating", int64(1)))
	f.put("policy_bank", "AM.PDP-SOCK", hash("protocol", "AM.PDP"))
	f.put("policy_bank", "SIX", hash())
	c, bag := f.bind()
	want := []string{"tcp 127.0.0.1:10026", "unix /run/a.sock", "unix /run/b.sock", "tcp 127.0.0.1:10024"}
	if got := addresses(c.Listeners); !reflect.DeepEqual(got, want) {
		t.Errorf("without IPv6: %q", got)
	}
	if l := c.Listeners[2]; !l.HasMode || l.Mode != 0o660 {
		t.Errorf("mode: %+v", l)
	}
	wantDiag(t, bag, CodeUnknownBank, diag.Warning, f.hashes["interface_policy"].Lookup("/run/b.sock").Origin.Span)
	if got := named(c.PortBanks("127.0.0.1", "10026")); !reflect.DeepEqual(got, []string{"ORIGINATING"}) {
		t.Errorf("%q", got)
	}
	if got := named(c.PortBanks("::1", "10024")); !reflect.DeepEqual(got, []string{"SIX"}) {
		t.Errorf("%q", got)
	}
	if got := named(c.SocketBanks("/run/b.sock")); !reflect.DeepEqual(got, []string{"AM.PDP-SOCK", "MISSING"}) {
		t.Errorf("%q", got)
	}
	mode := f.set("unix_socket_mode", "0660")
	_, bag = f.bind()
	wantDiag(t, bag, CodeRange, diag.Warning, mode)
	f.set("have_inet6", int64(1))
	if c, _ = f.bind(); len(c.Listeners) != 6 {
		t.Errorf("with IPv6: %q", addresses(c.Listeners))
	}
	f.list("listen_sockets")
	f.set("inet_socket_port", nil)
	f.set("unix_socketname", nil)
	_, bag = f.bind()
	wantDiag(t, bag, CodeNoListener, diag.Error, source.Span{})
}

func TestNetworks(t *testing.T) {
	f := newFake(t)
	at := f.list("mynetworks", "127.0.0.0/8", "!10.0.0.1", "10.0.0.0/8")
	f.list("mynetworks_maps", f.arrays["mynetworks"])
	f.list("inet_acl", "127.0.0.1", "[::1]")
	f.list("client_ipaddr_policy", f.arrays["mynetworks"], "MYNETS, EXTRA", list("192.0.2.0/24"), "OTHER", list("0/0"), nil)
	f.put("policy_bank", "EXTRA", hash())
	f.put("policy_bank", "OTHER", hash("inet_acl", list("192.0.2.1"), "mynetworks_maps", list(list("::/0"))))
	c := f.mustBind()
	p := c.Base()
	r, ok, err := p.Networks("mynetworks_maps").Find("10.1.1.1", nil)
	if !ok || err != nil || !r.Bool() || r.Key != "10.0.0.0/8" || r.Origin != at {
		t.Errorf("%+v %v %v", r, ok, err)
	}
	if r, ok, _ := p.Networks("mynetworks_maps").Find("10.0.0.1", nil); !ok || r.Bool() {
		t.Errorf("!10.0.0.1: %+v", r)
	}
	if _, ok, _ := p.Networks("inet_acl").Find("::1", nil); !ok {
		t.Error("[::1] is not in inet_acl")
	}
	o, _ := p.With("OTHER")
	if _, ok, _ := o.Networks("inet_acl").Find("::1", nil); ok {
		t.Error("the bank's inet_acl is not used")
	}
	if _, ok, _ := o.Networks("mynetworks_maps").Find("8.8.8.8", nil); !ok {
		t.Error("the bank's mynetworks_maps is not used")
	}
	for ip, want := range map[string][]string{"10.9.9.9": {"MYNETS", "EXTRA"}, "192.0.2.9": {"OTHER"}, "10.0.0.1": nil, "": nil, "8.8.8.8": nil} {
		if got, _, err := p.ClientBanks(ip); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("client %q: %q %v, want %q", ip, got, err, want)
		}
	}
	bad := f.list("mynetworks", "10.0.0.")
	f.list("client_ipaddr_policy", "x")
	c, bag := f.bind()
	wantDiag(t, bag, "L203", diag.Error, bad)
	wantDiag(t, bag, CodePairs, diag.Warning, f.arrays["client_ipaddr_policy"].Origin.Span)
	if _, _, err := c.Base().Networks("mynetworks_maps").Find("10.0.0.1", nil); err == nil {
		t.Error("a network that cannot be read must not decide")
	}
}

func qr(p string) *eval.Regexp { return &eval.Regexp{Pattern: p, Flags: "m"} }

func TestScanners(t *testing.T) {
	f := newFake(t)
	native := func(name string) *eval.Code {
		return &eval.Code{Package: "Amavis::AV", Name: name, Native: func(*eval.Call) ([]eval.Value, error) { return nil, nil }}
	}
	own := &eval.Code{Span: f.span()}
	f.list("av_scanners",
		list("ClamAV-clamd", native("ask_daemon"), list("CONTSCAN {}\n", "/run/clamd.ctl"), qr(`\bOK$`), qr(`\bFOUND$`), qr(`^.*?: (.*) FOUND$`)),
		list("F-Prot f-protd", native("ask_daemon"), list("GET {}/*", list("127.0.0.1:10200", "127.0.0.1:10201")), "clean", "infected", "<name>(.+)"),
		list("AVP", list("/opt/avp", "avp"), "-* {}", list(int64(0), "3"), list(int64(2), int64(4)), qr(`infected: (.+)`), own, own),
		list("sleeper", "/bin/sleep", "3", nil, nil, qr("no such")),
		list("SAVI", &eval.Code{Package: "Amavis::Conf", Name: "sophos_savi"}),
		list("always-clean", own),
		list("smtp", native("ask_daemon"), list("{}", "smtp:[127.0.0.1]:25", int64(7)), list(int64(0)), list(int64(1)), own),
		list("skipped", nil), nil, "loose text", list("bad", "x", "y", own),
	)
	c, bag := f.bind()
	got := c.Base().AVScanners()
	if len(got) != 7 {
		t.Fatalf("%d scanners: %+v", len(got), got)
	}
	s := got[0]
	if s.Name != "ClamAV-clamd" || s.Call != "ask_daemon" || s.Query[0] != "CONTSCAN {}\n" || s.Sockets[0] != "/run/clamd.ctl" ||
		s.Clean.Pattern == nil || s.Infected.Pattern == nil || s.NameRE == nil || s.Inconclusive {
		t.Errorf("%+v", s)
	}
	if s = got[1]; !reflect.DeepEqual(s.Sockets, []string{"127.0.0.1:10200", "127.0.0.1:10201"}) || s.NameRE == nil {
		t.Errorf("%+v", s)
	}
	if ok, _ := s.Clean.Pattern.Match("x\nclean"); !ok {
		t.Error("a pattern given as text")
	}
	if s = got[2]; len(s.Programs) != 2 || s.Args != "-* {}" || !reflect.DeepEqual(s.Clean.Status, []int{0, 3}) || s.Pre != own || s.Post != own {
		t.Errorf("%+v", s)
	}
	if s = got[3]; !s.Inconclusive || s.Infected.Pattern != nil || s.Args != "3" || s.Programs[0] != "/bin/sleep" {
		t.Errorf("%+v", s)
	}
	if got[4].Call != "sophos_savi" || got[5].CallCode != own || got[6].NameCode != own || len(got[6].Extra) != 1 {
		t.Errorf("%+v", got[4:])
	}
	wantDiag(t, bag, CodeScannerSub, diag.Warning, got[4].Origin)
	wantDiag(t, bag, CodeScanner, diag.Warning, f.arrays["av_scanners"].Origin.Span)
	wantDiag(t, bag, CodeScanner, diag.Error, f.arrays["av_scanners"].Origin.Span)
}

func TestDecoders(t *testing.T) {
	f := newFake(t)
	do := func(name string) *eval.Code {
		return &eval.Code{Package: "Amavis::Unpackers", Name: name, Native: func(*eval.Call) ([]eval.Value, error) { return nil, nil }}
	}
	f.set("unrar", list("unrar", "rar"))
	f.list("decoders",
		list("mail", do("do_mime_decode")),
		list("rar", do("do_unrar"), f.scalars["unrar"]),
		list("F", do("do_uncompress"), f.scalars["unfreeze"]),
		list(list("zip", "kmz"), do("do_7zip"), list("7za", "7z")),
		list("exe", do("do_executable"), f.scalars["unrar"], f.scalars["lha"], "arj"),
		nil, list(nil, do("x")), list("bad"), list("bad", do("x"), qr("x")))
	c, bag := f.bind()
	got := c.Base().Decoders()
	want := []Decoder{{Types: []string{"mail"}, Do: "do_mime_decode"},
		{Types: []string{"rar"}, Do: "do_unrar", Programs: [][]string{{"unrar", "rar"}}},
		{Types: []string{"F"}, Do: "do_uncompress", Programs: [][]string{{}}},
		{Types: []string{"zip", "kmz"}, Do: "do_7zip", Programs: [][]string{{"7za", "7z"}}},
		{Types: []string{"exe"}, Do: "do_executable", Programs: [][]string{{"unrar", "rar"}, {}, {"arj"}}}}
	for i := range got {
		got[i].Origin = want[min(i, len(want)-1)].Origin
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	n := 0
	for _, d := range bag.All {
		if d.Code == CodeDecoder && d.Severity == diag.Error {
			n++
		}
	}
	if n != 2 {
		t.Errorf("diagnostics: %v", bag.All)
	}
}

// A decoder of the configuration's own is an error at its place: nothing is passed by in silence.
func TestDecoderSub(t *testing.T) {
	f := newFake(t)
	own := &eval.Code{Span: f.span()}
	f.list("decoders", list(list("foo", "bar"), own, "cat"))
	_, bag := f.bind()
	wantDiag(t, bag, CodeDecoderSub, diag.Error, f.arrays["decoders"].Origin.Span)
}

func TestSpamScanners(t *testing.T) {
	f := newFake(t)
	f.list("spam_scanners", list("SpamAssassin", "Amavis::SpamControl::SpamAssassin"),
		list("CRM114", "Amavis::SpamControl::ExtProg", "crm", list("-u", "x"), "score_factor", -0.2),
		list("Rspamd", "Amavis::SpamControl::RspamdClient", "score_factor", int64(1), "mta_name", "m"))
	got := f.mustBind().Base().SpamScanners()
	if len(got) != 3 || got[1].Programs[0] != "crm" || len(got[1].Args) != 2 || got[1].Options.Str("score_factor") != "-0.2" ||
		got[2].Options.Str("mta_name") != "m" {
		t.Errorf("%+v", got)
	}
}

func TestGlobals(t *testing.T) {
	f := newFake(t)
	f.set("max_servers", "4")
	f.set("path", "/bin:/usr/bin")
	f.set("daemon_user", "amavis")
	f.list("daemon_groups", "amavis", "clamav")
	f.set("MAXLEVELS", int64(14))
	f.set("MAX_EXPANSION_QUOTA", int64(300*1024*1024))
	f.set("MAX_EXPANSION_FACTOR", int64(500))
	f.set("do_syslog", int64(1))
	f.list("lookup_sql_dsn", list("DBI:mysql:mail", "u", "p"), list("DBI:mysql:mail:host2"))
	f.list("storage_redis_dsn", hash("server", "127.0.0.1:6379", "db_id", int64(1)))
	f.put("banned_rules", "DEFAULT", &eval.Array{Class: "Amavis::Lookup::RE", Elems: list(qr(`\.exe$`)).Elems})
	f.put("banned_rules", "NONE", nil)
	f.list("dkim_signing_keys_list", hash("domain", "example.org", "selector", "s1", "key_storage_ind", int64(0), "h", "sha256"),
		hash("domain", qr("x"), "selector", "s2", "key_storage_ind", int64(1)))
	f.list("dkim_signing_keys_storage", list("PEM", int64(1), int64(2), "/k.pem"), list(hash()))
	c := f.mustBind()
	if c.Servers.MaxServers != 4 || len(c.Paths.Search) != 2 || c.Identity.User != "amavis" || len(c.Identity.Groups) != 2 ||
		c.Quota.Levels != 14 || c.Quota.MaxBytes != 300<<20 || c.Quota.MaxFactor != 500 || !c.Log.Syslog {
		t.Errorf("%+v", c)
	}
	if len(c.LookupSQL) != 2 || c.LookupSQL[0].Password != "p" || c.StorageRedis[0].DSN != "127.0.0.1:6379" {
		t.Errorf("%+v", c.LookupSQL)
	}
	if _, ok, _ := c.BannedRules["DEFAULT"].First("a.exe", nil); !ok || c.BannedRules["NONE"].Len() != 0 {
		t.Error("banned rules")
	}
	if k := c.DKIMKeys; len(k) != 2 || k[0].PEM != "PEM" || k[0].File != "/k.pem" || k[0].Tags.Str("h") != "sha256" || k[1].DomainRE == nil || k[1].PEM != "" {
		t.Errorf("%+v", k)
	}
	if eval.ToString(c.Global('$', "max_servers")) != "4" || c.Global('%', "nothing") != nil || c.Global('$', "nothing") != nil {
		t.Error("Global")
	}
	at := f.set("max_servers", int64(-1))
	_, bag := f.bind()
	wantDiag(t, bag, CodeRange, diag.Error, at)
}

func named(list []BankRule) []string {
	var out []string
	for _, b := range list {
		out = append(out, b.Bank)
	}
	return out
}
