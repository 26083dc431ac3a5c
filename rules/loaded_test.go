package rules_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"mavis/perlconf/diag"
	"mavis/perlconf/eval"
	"mavis/rules"
	"mavis/rules/load"
	"mavis/rules/lookup"
	"mavis/testdata/peer"
)

// loaded runs files as on a foreign machine and binds them.
func loaded(t *testing.T, files ...string) (*rules.Config, *diag.Bag) {
	t.Helper()
	res, err := load.Files(load.Options{StubMissing: true}, files...)
	if err != nil {
		t.Fatalf("%v", err)
	}
	bag := &diag.Bag{}
	c := rules.Bind(res.Vars, bag)
	c.Misuse = func(m string) { t.Error(m) }
	return c, bag
}

func config(t *testing.T, text string) (*rules.Config, *diag.Bag) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "amavisd.conf")
	if err := os.WriteFile(name, []byte(text+"\n1;\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return loaded(t, name)
}

func clean(t *testing.T, bag *diag.Bag) {
	t.Helper()
	for _, d := range bag.All {
		t.Errorf("unexpected: %v", d)
	}
}

// TestDefaults reads every member of the built-in bank as it stands without a file.
func TestDefaults(t *testing.T) {
	c, bag := config(t, `$inet_socket_port = 10024;`)
	clean(t, bag)
	p := c.Base()
	if p.Str("forward_method") != "smtp:[127.0.0.1]:10025" || p.Int("child_timeout") != 480 || !p.Bool("allow_fixing_improper_header") {
		t.Error("defaults of scalars")
	}
	destinies := map[rules.CCat]rules.Destiny{{Major: rules.Virus}: rules.Discard, {Major: rules.Banned}: rules.Discard,
		{Major: rules.Spam}: rules.Pass, {Major: rules.MTA, Minor: 2}: rules.Reject, {Major: rules.Oversized}: rules.Bounce}
	for cc, want := range destinies {
		s, ok, err := p.ByCCat("final_destiny_maps_by_ccat", []rules.CCat{cc})
		if d, valid := rules.DestinyOf(s.Value); !ok || err != nil || !valid || d != want {
			t.Errorf("%v: %v %v %v", cc, d, ok, err)
		}
	}
	r, ok, err := p.Find("forward_method_maps", "a@b")
	if !ok || err != nil || r.String() != "smtp:[127.0.0.1]:10025" || r.Label != "forward_method" {
		t.Errorf("%+v %v", r, err)
	}
	if r, ok, err = p.Find("virus_name_to_spam_score_maps", "Heuristics.Phishing.Email.X"); !ok || err != nil || r.Num() != 0.1 {
		t.Errorf("%+v %v", r, err)
	}
	if got, _, err := p.ClientBanks("192.168.1.1"); err != nil || !reflect.DeepEqual(got, []string{"MYNETS"}) {
		t.Errorf("%v %v", got, err)
	}
	if n := len(p.Decoders()); n != 29 {
		t.Errorf("%d decoders", n)
	}
	for _, d := range p.Decoders() {
		if d.Do == "" || len(d.Types) == 0 {
			t.Errorf("decoder %+v", d)
		}
	}
	if r, ok, err := c.ShortTypes.First("Zip archive data, at least v2.0 to extract", nil); !ok || err != nil || r.String() != "zip" {
		t.Errorf("%+v %v", r, err)
	}
}

func TestLoadedPolicy(t *testing.T) {
	c, bag := config(t, `use strict;
$mydomain = 'example.org';
$max_servers = 3;
$inet_socket_port = [10024, 10026];
$inet_socket_bind = '127.0.0.1';
@local_domains_maps = ( [".$mydomain"], new_RE( [ qr/^(.*)\@x\.org$/i => 'got-$1' ] ) );
@bypass_virus_checks_maps = ( [ "!.$mydomain", "." ] );
@score_sender_maps = ({
  '.' => [ new_RE( [qr'^(bulk)@'i => 5.0] ), { 'nobody@cert.org' => -3.0, lc('A@B.C') => 2 } ],
});
$sa_kill_level_deflt = 6.2;
$final_spam_destiny = D_REJECT; $sa_tag_level_deflt = 3;
$interface_policy{'10026'} = 'ORIGINATING';
$policy_bank{'ORIGINATING'} = {
  originating => 1, final_spam_destiny_maps => 1,
  spam_kill_level_maps => [ sub { c('log_level') + 99 } ],
  bypass_banned_checks_maps => [1], spam_tag_level_maps => [\$sa_tag_level_deflt],
  virus_admin_maps => ["admin\@$mydomain"],
};
$policy_bank{'MYNETS'} = { os_fingerprint_method => undef };
@lookup_sql_dsn = ();
$virus_admin = "virusalert\@$mydomain";
@keep_decoded_original_maps = (new_RE( qr'^MAIL$', qr'^Zip archive data' ));
`)
	if len(bag.All) != 1 || bag.All[0].Code != rules.CodeNoMember || bag.All[0].Span.Pos().Line != 15 {
		t.Errorf("diagnostics: %v", bag.All)
	}
	p := c.Base()
	r, ok, err := p.Find("local_domains_maps", "user@sub.example.org")
	if !ok || err != nil || r.Key != ".example.org" || r.Origin.Pos().Line != 6 {
		t.Errorf("%+v at %v: %v", r, r.Origin, err)
	}
	if r, _, err = p.Find("local_domains_maps", "Joe@X.org"); err != nil || r.String() != "got-Joe" {
		t.Errorf("%+v %v", r, err)
	}
	if r, ok, _ = p.Find("bypass_virus_checks_maps", "u@other"); !ok || !r.Bool() {
		t.Errorf("%+v", r)
	}
	all, err := p.Tables("score_sender_maps").All("any@where", p.Options())
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	r, ok, err = p.TablesOf(all[0].Value).First("a@b.c", p.Options())
	if !ok || err != nil || r.Num() != 2 || r.Origin.Pos().Line < 8 || r.Origin.Pos().Line > 10 {
		t.Errorf("%+v at %v: %v", r, r.Origin, err)
	}
	s, _, err := p.ByCCat("final_destiny_maps_by_ccat", []rules.CCat{{Major: rules.Spam}})
	if d, _ := rules.DestinyOf(s.Value); err != nil || d != rules.Reject || s.Origin.Pos().Line != 12 {
		t.Errorf("%+v at %v: %v", s, s.Origin, err)
	}
	if banks := c.PortBanks("127.0.0.1", "10026"); len(banks) != 1 || banks[0].Bank != "ORIGINATING" || banks[0].Key != "10026" {
		t.Errorf("%q", banks)
	}
	o, err := p.With("ORIGINATING")
	if err != nil || !o.Bool("originating") {
		t.Fatal(err)
	}
	if r, ok, err = o.Find("spam_kill_level_maps", "a@b"); !ok || err != nil || r.Num() != 99 {
		t.Errorf("code in a bank: %+v %v %v", r, ok, err)
	}
	if r, ok, err = o.Find("spam_tag_level_maps", "a@b"); !ok || err != nil || r.Num() != 3 {
		t.Errorf("a reference in a bank: %+v %v %v", r, ok, err)
	}
	if r, _, _ = p.Find("spam_kill_level_maps", "a@b"); r.Num() != 6.2 {
		t.Errorf("%+v", r)
	}
	if r, _, _ = o.Find("virus_admin_maps", "a@b"); r.String() != "admin@example.org" || o.Origin("virus_admin_maps").Pos().Line < 14 {
		t.Errorf("%+v %v", r, o.Origin("virus_admin_maps"))
	}
	if len(c.Listeners) != 2 || c.Listeners[0].Address != "127.0.0.1:10024" || c.Listeners[0].Origin.Pos().Line != 4 {
		t.Errorf("%+v", c.Listeners)
	}
	if _, ok, _ := c.KeepDecodedOriginal.First("MAIL", nil); !ok {
		t.Error("keep_decoded_original")
	}
}

// TestStockScanners reads every entry of Debian's list of virus scanners.
func TestStockScanners(t *testing.T) {
	const dir = "/etc/amavis/conf.d"
	if _, err := os.Stat(dir); err != nil {
		peer.Missing(t, "no "+dir)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "[0-9]*"))
	c, bag := loaded(t, files...)
	clean(t, bag)
	p := c.Base()
	primary, backup := p.AVScanners(), p.AVScannersBackup()
	if len(primary) < 20 || len(backup) < 5 {
		t.Errorf("%d and %d scanners", len(primary), len(backup))
	}
	for _, s := range append(primary, backup...) {
		if s.Name == "" || s.Call == "" && len(s.Programs) == 0 || s.Args == "" && len(s.Query) == 0 ||
			s.NameRE == nil || s.Origin.IsZero() || s.Clean.Pattern == nil && s.Clean.Status == nil {
			t.Errorf("%+v", s)
		}
	}
	if s := primary[0]; s.Name != "ClamAV-clamd" || s.Call != "ask_daemon" || s.Sockets[0] != "/var/run/clamav/clamd.ctl" {
		t.Errorf("%+v", s)
	}
}

// TestScannerForms reads the forms of entries that Debian's list holds as comments.
func TestScannerForms(t *testing.T) {
	c, bag := config(t, `$inet_socket_port = 10024; $TEMPBASE = '/tmp';
@av_scanners = (
 ['Sophie', \&ask_daemon, ["{}/\n", '/var/run/sophie'],
   qr/(?x)^ 0+ ( : | [\000\r\n]* $)/m,  qr/(?x)^ 1 ( : | [\000\r\n]* $)/m, qr/(?x)^ [-+]? \d+ : (.*?) [\000\r\n]* $/m ],
 ['Sophos SAVI', \&ask_daemon, ['*', 'savi-perl:'], [0], [1], qr/^(.*) FOUND$/m ],
 ['Sophos-SSSP', \&ask_daemon, ["{}", 'sssp:/var/run/savdi/sssp.sock'],
   qr/^DONE OK\b/m, qr/^VIRUS\b/m, qr/^VIRUS\s*(\S*)/m ],
 ['DrWebD', \&ask_daemon,
   [pack('N',1). pack('N',0x00280001). pack('N', length("$TEMPBASE/amavis-yyyymmddTHHMMSS-xxxxx/parts/pxxx")).
    '{}/*'. pack('N',0). pack('N',0), '/var/drweb/run/drwebd.sock' ],
   qr/\A\x00[\x10\x11][\x00\x10]\x00/sm, qr/\A\x00[\x00\x01][\x00\x10][\x20\x40\x80]/sm,
   qr/\A.{12}(?:infected with )?([^\x00]+)\x00/sm ],
 ['File::Scan', sub {Amavis::AV::ask_av(sub{ my($fn)=@_; (0,"Clean") }, @_) }, ["{}/*"], [0], [1], qr/^(.*) FOUND$/m ],
 ['check-jpeg', sub { 1 }, ["{}/*"], undef, [1], qr/^(bad jpeg: .*)$/m ],
 ['wasteful sleeper example', '/bin/sleep', '3', undef, undef, qr/no such/m ],
 ['null', sub {}, ["{}"], undef, undef, qr/no such/m ],
 ['Panda', ['pavcl'], '-TSR {}', [0], [0x10, 0x30, 0xF0], qr/Found virus :\s*(\S+)/m ],
 ['F-PROT', ['fpscan'], '--report {}', [0,8,64], [1,2,3, 4+1,4+2,4+3, 8+1], qr/^\[Found/m ],
 ['MkS_Vir daemon', 'mksscan', '-s -q {}', [0], [1..7], qr/^... (\S+)/m ],
 ['drweb', ['/opt/drweb/drweb', 'drweb'], '-path={} -al', [0,32], [1,9,33], qr' infected (?:with|by)(?: virus)? (.*)$'m ],
 ['always-clean', sub {0}],
);`)
	clean(t, bag)
	got := c.Base().AVScanners()
	if len(got) != 13 {
		t.Fatalf("%d scanners", len(got))
	}
	if q := got[3].Query[0]; len(q) != 24 || !strings.HasPrefix(q, "\x00\x00\x00\x01\x00\x28\x00\x01") || got[3].Sockets[0] != "/var/drweb/run/drwebd.sock" {
		t.Errorf("%q", q)
	}
	for i, want := range []struct {
		call, own, inconclusive bool
		infected                []int
	}{{call: true}, {call: true, infected: []int{1}}, {call: true}, {call: true}, {own: true, infected: []int{1}},
		{own: true, inconclusive: true, infected: []int{1}}, {inconclusive: true}, {own: true, inconclusive: true},
		{infected: []int{16, 48, 240}}, {infected: []int{1, 2, 3, 5, 6, 7, 9}}, {infected: []int{1, 2, 3, 4, 5, 6, 7}},
		{infected: []int{1, 9, 33}}, {own: true, inconclusive: true}} {
		s := got[i]
		if (s.Call == "ask_daemon") != want.call || (s.CallCode != nil) != want.own || s.Inconclusive != want.inconclusive ||
			!reflect.DeepEqual(s.Infected.Status, want.infected) {
			t.Errorf("%+v", s)
		}
	}
	out, err := c.Base().Run(got[12].CallCode)
	if err != nil || len(out) != 1 || eval.ToString(out[0]) != "0" {
		t.Errorf("%v %v", out, err)
	}
}

// silent is a database that knows nothing.
type silent struct{}

func (silent) Field(*rules.Policy, *lookup.Field, string, bool) ([]lookup.Result, error) {
	return nil, nil
}

// TestCorpus binds every configuration that people have published and that can be loaded. None may be unreadable to the
// model where the original starts with it: only networks that are placeholders, and ACTION code, are faults.
func TestCorpus(t *testing.T) {
	sets := map[string][]string{"seed": {peer.Shared(t, "corpus", "seed-restored.conf")}}
	for _, folder := range []string{"amavis", "snippets"} {
		files, _ := filepath.Glob(filepath.Join(peer.Shared(t, "corpus", folder), "*"))
		for _, f := range files {
			sets[folder+"/"+filepath.Base(f)] = []string{f}
		}
	}
	folders, _ := filepath.Glob(filepath.Join(peer.Shared(t, "corpus", "multi"), "*"))
	for _, f := range folders {
		sets["multi/"+filepath.Base(f)], _ = filepath.Glob(filepath.Join(f, "*"))
	}
	bound, known := 0, map[string]bool{"L203": true, rules.CodeAction: true, rules.CodeNoListener: true}
	for name, files := range sets {
		t.Run(name, func(t *testing.T) {
			res, err := load.Files(load.Options{StubMissing: true}, files...)
			if err != nil {
				t.Skip("not loaded")
			}
			bound++
			bag := &diag.Bag{}
			c := rules.Bind(res.Vars, bag)
			c.External = silent{}
			faulty := false
			for _, d := range bag.All {
				if d.Severity == diag.Error && !known[d.Code] {
					t.Error(d)
				} else {
					t.Log(d)
				}
				faulty = faulty || d.Code == "L203"
			}
			if !faulty {
				useAll(t, c)
			}
		})
	}
	t.Logf("%d of %d bound", bound, len(sets))
	if bound < 190 {
		t.Errorf("only %d of %d configurations were bound", bound, len(sets))
	}
}

// useAll looks an address up in everything, under every bank.
func useAll(t *testing.T, c *rules.Config) {
	for _, name := range append(c.Banks(), "") {
		p, err := c.Base().With(name)
		if err != nil {
			t.Fatal(err)
		}
		q := p.Query("user+ext@sub.example.com")
		for _, n := range []string{"local_domains_maps", "spam_kill_level_maps", "virus_lovers_maps", "bypass_spam_checks_maps",
			"whitelist_sender_maps", "spam_quarantine_to_maps", "forward_method_maps", "banned_filename_maps", "score_sender_maps"} {
			all, err := p.Tables(n).FindAll(q)
			if err != nil {
				t.Errorf("%s: %v", n, err)
			}
			for _, r := range all {
				if a, ok := r.Value.(*eval.Array); ok {
					if _, _, err := p.TablesOf(a).Find(q); err != nil {
						t.Errorf("%s: %v", n, err)
					}
				}
			}
		}
		for _, n := range []string{"final_destiny_maps_by_ccat", "quarantine_to_maps_by_ccat", "notify_admin_templ_by_ccat",
			"subject_tag_maps_by_ccat", "lovers_maps_by_ccat", "admin_maps_by_ccat"} {
			for cat := rules.Clean; cat <= rules.Virus; cat++ {
				if _, _, err := p.ByCCat(n, []rules.CCat{{Major: cat}}); err != nil {
					t.Errorf("%s: %v", n, err)
				}
			}
		}
		for _, n := range []string{"mynetworks_maps", "inet_acl"} {
			if _, _, err := p.Networks(n).Find("192.0.2.1", p); err != nil {
				t.Errorf("%s: %v", n, err)
			}
		}
		if _, _, err := p.ClientBanks("192.0.2.1"); err != nil {
			t.Error(err)
		}
		_, _, _, _ = p.AVScanners(), p.AVScannersBackup(), p.Decoders(), p.SpamScanners()
	}
}
