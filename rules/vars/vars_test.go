package vars_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mavis/rules/vars"
	"mavis/testdata/peer"
)

func TestTable(t *testing.T) {
	count := map[vars.Group]int{}
	for _, v := range vars.All() {
		count[v.Group]++
		if v.Help == "" || !strings.HasSuffix(v.Help, ".") || len(v.Help) > 110 {
			t.Errorf("%s: help %q", v.Name, v.Help)
		}
		if v.AliasOf != "" {
			if of, ok := vars.Find(v.AliasOf); !ok || of.Sigil() != v.Sigil() {
				t.Errorf("%s is an alias of %s", v.Name, v.AliasOf)
			}
		}
		v.Default()
	}
	legacy := count[vars.LegacyBank] + count[vars.Legacy] + count[vars.Hidden]
	if count[vars.Bank] != 172 || count[vars.Global] != 91 || count[vars.SpamAssassin] != 11 || legacy != 179 {
		t.Errorf("groups: %v", count)
	}
}

func TestDefaults(t *testing.T) {
	for name, want := range map[string]vars.Def{
		"$child_timeout":               int64(480),
		"$reputation_factor":           0.2,
		"$virus_admin":                 nil,
		"$myhostname":                  vars.DefComputed{What: "hostname"},
		"$log_templ":                   vars.DefBuiltin{Name: "log_short_templ"},
		"@virus_lovers_maps":           vars.DefList{vars.DefRef{Name: "%virus_lovers"}, vars.DefRef{Name: "@virus_lovers_acl"}, vars.DefRef{Name: "$virus_lovers_re"}},
		"@forward_method_maps":         vars.DefList{vars.DefCode{Name: "opaque_c", Arg: "forward_method"}},
		"%dsn_bcc_by_ccat":             vars.DefHash{Keys: []string{"0"}, M: map[string]vars.Def{"0": vars.DefBank{How: "c", Member: "dsn_bcc"}}},
		"%forward_method_maps_by_ccat": vars.DefHash{Keys: []string{"0"}, M: map[string]vars.Def{"0": vars.DefBank{How: "ca", Member: "forward_method_maps"}}},
	} {
		v, _ := vars.Find(name)
		if d := cmp.Diff(want, v.Default()); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestSimilar(t *testing.T) {
	for _, c := range []struct{ name, want string }{
		{"$max_server", "$max_servers"},
		{"$bypass_spam_checks_maps", "@bypass_spam_checks_maps"},
		{"$final_spam_destiyn", "$final_spam_destiny"},
		{"$maxfiles", "$MAXFILES"},
		{"@non_malware_viruses_maps", ""},
		{"$x", ""},
		{"$", ""},
	} {
		got := append(vars.Similar(c.name), "")
		if got[0] != c.want {
			t.Errorf("%s: %q, want %q first", c.name, got, c.want)
		}
	}
}

// TestOriginal proves the table against an installed amavisd 2.13.0: what gen makes of it today is what is checked in.
func TestOriginal(t *testing.T) {
	perl := peer.Need(t, "perl")
	if out, err := exec.Command(perl, "-MAmavis::Boot", "-MAmavis::Conf", "-e", `print $Amavis::Conf::myversion_id`).Output(); err != nil || string(out) != "2.13.0" {
		peer.Missing(t, "amavisd-new 2.13.0 is not installed")
	}
	out, err := exec.Command(perl, "-T", "gen/dump.pl").Output()
	if err != nil {
		t.Fatal(err)
	}
	var rows []struct {
		Name, Group, Alias, Retired string
		Default                     json.RawMessage
	}
	if err := json.Unmarshal(out, &rows); err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadFile("defaults.json")
	if err != nil {
		t.Fatal(err)
	}
	var have map[string]json.RawMessage
	if err := json.Unmarshal(kept, &have); err != nil {
		t.Fatal(err)
	}
	if len(rows) != len(vars.All()) {
		t.Errorf("the original has %d variables, the table %d", len(rows), len(vars.All()))
	}
	groups := map[string]vars.Group{
		"dynamic_confvars": vars.Bank, "legacy_dynamic_confvars": vars.LegacyBank, "confvars": vars.Global, "legacy_confvars": vars.Legacy,
		"sa": vars.SpamAssassin, "platform": vars.Platform, "hidden_confvars": vars.Hidden, "": vars.Alias,
	}
	for _, r := range rows {
		v, ok := vars.Find(r.Name)
		if !ok || v.Group != groups[r.Group] || v.AliasOf != r.Alias || v.Retired != r.Retired {
			t.Errorf("original %v, table %v", r, v)
		}
		var want bytes.Buffer
		if r.Default != nil {
			if err := json.Compact(&want, r.Default); err != nil {
				t.Fatal(err)
			}
		}
		if want.String() != string(have[r.Name]) {
			t.Errorf("%s: original %s, kept %s", r.Name, want.String(), have[r.Name])
		}
	}
}
