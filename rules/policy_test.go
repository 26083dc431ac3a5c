package rules

import (
	"errors"
	"reflect"
	"sync"
	"testing"

	"mavis/perlconf/diag"
	"mavis/perlconf/eval"
	"mavis/rules/lookup"
)

func TestPolicyBanks(t *testing.T) {
	f := newFake(t)
	f.set("log_level", "2")
	at := f.set("final_spam_destiny", int64(1))
	f.put("allowed_header_tests", "mime", int64(1))
	f.put("allowed_header_tests", "utf8", int64(0))
	f.put("policy_bank", "MYNETS", hash("log_level", int64(5), "allowed_header_tests", hash("utf8", int64(1))))
	f.put("policy_bank", "OTHER", hash("allowed_header_tests", hash("REPLACE", int64(1), "long", int64(1)), "final_spam_destiny", int64(-3),
		"originating", int64(0)))
	c := f.mustBind()
	base := c.Base()
	if base.Int("log_level") != 2 || base.Str("policy_bank_path") != "" || base.Bool("originating") {
		t.Error("built-in policy is wrong")
	}
	if base.Origin("final_spam_destiny") != at {
		t.Errorf("origin %v, want %v", base.Origin("final_spam_destiny"), at)
	}
	nets, err := base.With("MYNETS")
	if err != nil || nets.Int("log_level") != 5 || !nets.Bool("originating") || nets.Path() != "MYNETS" {
		t.Errorf("MYNETS: %v, path %q", err, nets.Path())
	}
	if h := nets.Hash("allowed_header_tests"); !h.Bool("mime") || !h.Bool("utf8") {
		t.Error("hashes are not merged")
	}
	if h := base.Hash("allowed_header_tests"); h.Bool("utf8") {
		t.Error("merging changed the built-in policy")
	}
	both, err := nets.With("OTHER")
	if err != nil || both.Path() != "MYNETS/OTHER" || both.Int("log_level") != 5 || both.Bool("originating") {
		t.Errorf("MYNETS/OTHER: %v, path %q", err, both.Path())
	}
	if got := both.Hash("allowed_header_tests").Keys(); !reflect.DeepEqual(got, []string{"long"}) {
		t.Errorf("REPLACE gives %v", got)
	}
	if again, err := both.With("OTHER"); err != nil || again != both {
		t.Error("a bank laid twice in a row counts twice")
	}
	if same, err := nets.With("NONE"); !errors.Is(err, ErrNoBank) || same != nets {
		t.Error("an unknown bank must change nothing")
	}
	if b, _ := both.With(""); b != base {
		t.Error("the empty name does not give the built-in policy")
	}
	if q, _ := nets.With("OTHER"); q != both {
		t.Error("the same policy is made twice")
	}
}

func TestBankDiagnostics(t *testing.T) {
	f := newFake(t)
	f.put("policy_bank", "A", hash("log_levle", int64(5), "max_servers", int64(1), "ACTION", late("x"), "virus_lovers_maps", hash("a", int64(1))))
	f.put("policy_bank", "B", "text")
	_, bag := f.bind()
	at := f.hashes["policy_bank"].Lookup("B").Origin.Span
	wantDiag(t, bag, CodeNotBank, diag.Error, at)
	for _, code := range []string{CodeNoMember, CodeAction, CodeNotList} {
		found := false
		for _, d := range bag.All {
			found = found || d.Code == code
		}
		if !found {
			t.Errorf("no %s among %v", code, bag.All)
		}
	}
	if bag.All[1].Help != "did you mean log_level?" && bag.All[2].Help == "" {
		t.Errorf("no advice for a misspelt member: %v", bag.All)
	}
}

func TestAccessors(t *testing.T) {
	f := newFake(t)
	f.set("myhostname", "mail.example.org")
	f.set("smtpd_timeout", "480 s")
	f.set("forward_method", list("smtp:a", list("smtp:b", "smtp:c")))
	f.list("smtpd_discard_ehlo_keywords", "8BITMIME", nil)
	f.set("reputation_factor", 0.2)
	f.put("policy_bank", "ONE", hash("smtpd_discard_ehlo_keywords", "DSN", "myhostname", nil))
	c, bag := f.bind()
	if bag.HasErrors() {
		t.Fatal(bag.All)
	}
	p := c.Base()
	if p.Str("myhostname") != "mail.example.org" || p.Int("smtpd_timeout") != 480 || p.Num("reputation_factor") != 0.2 {
		t.Error("scalars are wrong")
	}
	if got := p.List("forward_method"); !reflect.DeepEqual(got, []string{"smtp:a", "smtp:b", "smtp:c"}) {
		t.Errorf("List of a scalar that refers to a list: %q", got)
	}
	if got := p.List("smtpd_discard_ehlo_keywords"); !reflect.DeepEqual(got, []string{"8BITMIME", ""}) {
		t.Errorf("List: %q", got)
	}
	if _, ok := p.Opt("resend_method"); ok || p.Defined("resend_method") {
		t.Error("undef is defined")
	}
	one, _ := p.With("ONE")
	if got := one.List("smtpd_discard_ehlo_keywords"); !reflect.DeepEqual(got, []string{"DSN"}) {
		t.Errorf("a plain value in a bank as list: %q", got)
	}
	if one.Defined("myhostname") {
		t.Error("undef in a bank does not replace")
	}
	var complaints []string
	c.Misuse = func(m string) { complaints = append(complaints, m) }
	p.Str("no_such")
	p.Str("virus_lovers_maps")
	p.List("sql_clause")
	p.Tables("spam_kill_level_maps")
	if len(complaints) != 3 {
		t.Errorf("complaints: %q", complaints)
	}
}

func TestTablesLate(t *testing.T) {
	f := newFake(t)
	at := f.set("sa_kill_level_deflt", 6.31)
	f.put("virus_lovers", "user@example.org", int64(1))
	f.list("spam_kill_level_maps", f.scalars["sa_kill_level_deflt"])
	f.list("virus_lovers_maps", f.hashes["virus_lovers"], f.arrays["virus_lovers_acl"], f.scalars["virus_lovers_re"])
	f.list("forward_method_maps", late("Opaque(c('forward_method'))"))
	f.set("forward_method", "smtp:[127.0.0.1]:10025")
	f.set("recipient_delimiter", "+")
	f.put("policy_bank", "B", hash("spam_kill_level_maps", list(int64(9)), "forward_method", list("smtp:x", "smtp:y"),
		"virus_lovers_maps", int64(1), "recipient_delimiter", nil))
	f.put("virus_lovers", "late@example.org", int64(1)) // after the reference was taken
	c := f.mustBind()
	p := c.Base()
	r, ok, err := p.Find("spam_kill_level_maps", "x@y")
	if err != nil || !ok || r.Num() != 6.31 || r.Origin != at || r.Label != "spam_kill_level" {
		t.Errorf("kill level: %+v %v %v", r, ok, err)
	}
	for _, a := range []string{"user@example.org", "user+ext@example.org", "late@example.org"} {
		if _, ok, err := p.Find("virus_lovers_maps", a); !ok || err != nil {
			t.Errorf("%s is no virus lover: %v", a, err)
		}
	}
	r, ok, err = p.Find("forward_method_maps", "a@b")
	if !ok || err != nil || r.String() != "smtp:[127.0.0.1]:10025" {
		t.Errorf("forward method: %+v %v", r, err)
	}
	b, _ := p.With("B")
	if r, _, _ := b.Find("spam_kill_level_maps", "x@y"); r.Num() != 9 {
		t.Errorf("kill level in the bank: %v", r)
	}
	if r, _, _ := b.Find("forward_method_maps", "a@b"); eval.Ref(r.Value) != "ARRAY" {
		t.Errorf("forward method in the bank: %v", r)
	}
	if r, ok, _ := b.Find("virus_lovers_maps", "a@b"); !ok || r.Key != "(constant:1)" {
		t.Errorf("a plain value as tables: %v", r)
	}
	if got := b.Query("user+ext@example.org").Keys(); len(got) != 6 {
		t.Errorf("the bank's delimiter is not used: %q", got)
	}
}

func TestScoreSender(t *testing.T) {
	f := newFake(t)
	inner := list(hash("nobody@cert.org", int64(-3)), hash(".example.net", 1.5))
	f.list("score_sender_maps", hash(".", inner))
	p := f.mustBind().Base()
	all, err := p.Tables("score_sender_maps").All("joe@example.org", p.Options())
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	r, ok, err := p.TablesOf(all[0].Value).First("x@sub.example.net", p.Options())
	if err != nil || !ok || r.Num() != 1.5 || r.Key != ".example.net" {
		t.Errorf("%+v %v %v", r, ok, err)
	}
}

func TestByCCat(t *testing.T) {
	f := newFake(t)
	spamAt := f.set("final_spam_destiny", int64(-3))
	f.put("final_destiny_maps_by_ccat", "6", late("c('final_spam_destiny')"))
	f.put("final_destiny_maps_by_ccat", "2,1", int64(-4))
	f.put("final_destiny_maps_by_ccat", "8", list(hash("friend@x", int64(1)), int64(0)))
	f.put("final_destiny_maps_by_ccat", "0", int64(1))
	f.put("final_destiny_maps_by_ccat", "9", nil)
	f.put("lovers_maps_by_ccat", "6", late("ca('spam_lovers_maps')"))
	f.put("subject_tag_maps_by_ccat", "7", late("[ c('undecipherable_subject_tag') ]"))
	f.put("notify_sender_templ_by_ccat", "0", late("cr('notify_sender_templ')"))
	f.set("notify_sender_templ", "text")
	f.set("undecipherable_subject_tag", "***")
	f.list("spam_lovers_maps", hash("lover@x", int64(1)))
	f.put("policy_bank", "B", hash("final_spam_destiny", int64(0), "final_destiny_maps_by_ccat", hash("8", int64(-2))))
	c := f.mustBind()
	p := c.Base()
	const table = "final_destiny_maps_by_ccat"
	tests := []struct {
		ccats []CCat
		key   string // recipient
		want  Destiny
		at    CCat
	}{
		{[]CCat{{Spam, 0}}, "a@b", Reject, CCat{Spam, 0}},
		{[]CCat{{MTA, 1}, {MTA, 0}}, "a@b", TempFail, CCat{MTA, 1}},
		{[]CCat{{MTA, 2}, {MTA, 0}}, "a@b", Pass, CCat{}},
		{[]CCat{{Banned, 0}, {Spam, 0}}, "friend@x", Pass, CCat{Banned, 0}},
		{[]CCat{{Banned, 0}, {Spam, 0}}, "a@b", Discard, CCat{Banned, 0}},
		{nil, "a@b", Pass, CCat{}},
		{[]CCat{{Virus, 0}}, "a@b", Pass, CCat{Virus, 0}}, // there, and undef
	}
	for _, tt := range tests {
		s, ok, err := p.ByCCat(table, tt.ccats)
		if err != nil || !ok || s.CCat != tt.at {
			t.Errorf("%v: %+v %v %v", tt.ccats, s, ok, err)
		}
		r, _, err := s.Tables.First(tt.key, p.Options())
		if d, ok := DestinyOf(r.Value); err != nil || !ok || d != tt.want {
			t.Errorf("%v %s: destiny %v, want %v (%v)", tt.ccats, tt.key, d, tt.want, err)
		}
	}
	if s, _, _ := p.ByCCat(table, []CCat{{Spam, 0}}); s.Origin != spamAt {
		t.Errorf("origin of a late value: %v, want %v", s.Origin, spamAt)
	}
	b, _ := p.With("B")
	if s, _, _ := b.ByCCat(table, []CCat{{Spam, 0}}); eval.ToInt(s.Value) != 0 {
		t.Errorf("the bank's own destiny is not used: %+v", s)
	}
	if s, _, _ := b.ByCCat(table, []CCat{{Banned, 0}}); eval.ToInt(s.Value) != -2 {
		t.Errorf("the bank's table is not merged: %+v", s)
	}
	if s, _, _ := b.ByCCat("subject_tag_maps_by_ccat", []CCat{{Unchecked, 0}}); s.Tables.Len() != 1 {
		t.Errorf("a list with a late value: %+v", s)
	}
	if s, _, _ := b.ByCCat("notify_sender_templ_by_ccat", nil); eval.ToString(deref(s.Value)) != "text" {
		t.Errorf("a reference to a template: %+v", s)
	}
	rows, err := p.AllByCCat([]string{table, "lovers_maps_by_ccat"}, []CCat{{Virus, 0}, {Spam, 0}, {Clean, 0}})
	if err != nil || len(rows) != 3 || rows[0][0].CCat.Major != Virus || rows[1][1].Tables.Len() != 1 || rows[2][0].CCat.Major != CatchAll {
		t.Errorf("%+v %v", rows, err)
	}
	if _, ok, err := p.ByCCat("warnsender_by_ccat", []CCat{{Spam, 0}}); ok || err != nil {
		t.Error("an empty table has an entry")
	}
}

// database answers SQL fields by name.
type database map[string]eval.Value

func (d database) Field(_ *Policy, f *lookup.Field, key string, _ bool) ([]lookup.Result, error) {
	if f.Kind != lookup.SQL {
		return nil, errors.New("not asked for")
	}
	if v, ok := d[f.Name+" "+key]; ok {
		return []lookup.Result{{Value: v, Key: "row"}}, nil
	}
	return nil, nil
}

func TestImpliedFields(t *testing.T) {
	f := newFake(t)
	f.set("lookup_maps_imply_sql_and_ldap", int64(1))
	f.list("spam_kill_level_maps", int64(6))
	f.list("lookup_sql_dsn", list("DBI:SQLite:x", nil, nil))
	f.put("policy_bank", "OWN", hash("spam_kill_level_maps", list(int64(7))))
	f.put("policy_bank", "LDAP", hash("enable_ldap", int64(1)))
	c := f.mustBind()
	p := c.Base()
	if _, _, err := p.Find("spam_kill_level_maps", "a@b"); !errors.Is(err, lookup.ErrUnavailable) {
		t.Errorf("without anybody to ask: %v", err)
	}
	c.External = database{"spam_kill_level a@b": 2.5}
	for key, want := range map[string]float64{"a@b": 2.5, "c@d": 6} {
		if r, ok, err := p.Find("spam_kill_level_maps", key); !ok || err != nil || r.Num() != want {
			t.Errorf("%s: %+v %v", key, r, err)
		}
	}
	own, _ := p.With("OWN")
	if r, _, err := own.Find("spam_kill_level_maps", "a@b"); err != nil || r.Num() != 7 {
		t.Errorf("a bank's own list: %+v %v", r, err)
	}
	l, _ := p.With("LDAP")
	if _, _, err := l.Find("spam_kill_level_maps", "c@d"); err == nil {
		t.Error("LDAP is not asked under the bank that enables it")
	}
	f.list("lookup_sql_dsn")
	if r, ok, err := f.mustBind().Base().Find("spam_kill_level_maps", "a@b"); !ok || err != nil || r.Num() != 6 {
		t.Errorf("without a database: %+v %v", r, err)
	}
}

// TestCall runs code of a configuration from many goroutines under different policies.
func TestCall(t *testing.T) {
	f := newFake(t)
	f.hashes["current_policy_bank"] = eval.NewHash()
	code := &eval.Code{Native: func(*eval.Call) ([]eval.Value, error) {
		v := f.hashes["current_policy_bank"].Get("log_level")
		if s, ok := v.(*eval.Scalar); ok {
			v = s.Get()
		}
		return []eval.Value{v}, nil
	}}
	f.set("log_level", int64(1))
	f.list("spam_kill_level_maps", code)
	f.put("policy_bank", "B", hash("log_level", int64(2)))
	c := f.mustBind()
	b, _ := c.Base().With("B")
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			p, want := c.Base(), 1.0
			if i%2 == 1 {
				p, want = b, 2.0
			}
			for range 50 {
				r, ok, err := p.Find("spam_kill_level_maps", "a@b")
				if !ok || err != nil || r.Num() != want {
					t.Errorf("%v %v %v, want %v", r, ok, err, want)
					return
				}
			}
		}()
	}
	wg.Wait()
}

func TestValues(t *testing.T) {
	f := newFake(t)
	at := f.set("final_virus_destiny", "D_PASS")
	at2 := f.set("log_level", list())
	at3 := f.set("smtpd_timeout", "soon")
	f.put("final_destiny_maps_by_ccat", "CC_SPAM,1", int64(1))
	f.list("spam_lovers_maps", &eval.Regexp{Pattern: "x"})
	_, bag := f.bind()
	wantDiag(t, bag, CodeDestiny, diag.Error, at)
	wantDiag(t, bag, CodeNotScalar, diag.Error, at2)
	wantDiag(t, bag, CodeNotNumber, diag.Warning, at3)
	wantDiag(t, bag, CodeCCat, diag.Warning, f.hashes["final_destiny_maps_by_ccat"].Lookup("CC_SPAM,1").Origin.Span)
	wantDiag(t, bag, "L200", diag.Error, f.arrays["spam_lovers_maps"].Origin.Span)
}

func TestClaims(t *testing.T) {
	f := newFake(t)
	f.set("virus_admin", "a@b")
	f.list("virus_admin_maps", f.scalars["virus_admin"])
	f.list("bypass_virus_checks_maps", list("!.example.org", "."))
	f.mustBind()
	for _, c := range []any{f.scalars["virus_admin"], f.arrays["virus_admin_maps"], f.scalars["max_servers"]} {
		if !f.claimed[c] {
			t.Errorf("%v is not claimed", c)
		}
	}
	for _, c := range []any{f.arrays["bypass_virus_checks_acl"], f.scalars["enable_zmq"]} {
		if f.claimed[c] {
			t.Errorf("%v is claimed", c)
		}
	}
}
