package daemon

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mavis/perlconf/diag"
	"mavis/rules/load"
)

// A setting that this version does not act on must not be passed over in silence.
func TestGaps(t *testing.T) {
	for _, c := range []struct {
		text, name string
		severity   diag.Severity
	}{
		{"$haproxy_target_enabled = 1;", "haproxy_target_enabled", diag.Error},
		{"$policy_bank{'X'} = { auth_required_out => 1 };", "auth_required_out", diag.Warning},
		{"$policy_bank{'X'} = { debug_sender_maps => [ [ 'a@example.com' ] ] };", "debug_sender_maps", diag.Warning},
		{"$penpals_bonus_score = 7;", "penpals_bonus_score", diag.Warning},
	} {
		bag := loadText(t, c.text)
		found := 0
		for _, d := range bag.All {
			if d.Code == CodeNotYet && strings.HasPrefix(d.Message, c.name+":") && d.Severity == c.severity {
				found++
			}
		}
		if found != 1 {
			t.Errorf("%s: %d diagnostics that say so, want 1", c.text, found)
		}
	}
	for _, d := range loadText(t, "").All {
		t.Errorf("an empty configuration: %s", d.Message)
	}
}

func loadText(t *testing.T, text string) *diag.Bag {
	file := filepath.Join(t.TempDir(), "amavisd.conf")
	if err := os.WriteFile(file, []byte("use strict;\n$inet_socket_port = 10024;\n@bypass_spam_checks_maps = (1);\n$myhostname = 'mx.example.com';\n"+text+"\n1;\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, bag, err := Load(Source{Files: []string{file}, Host: load.DaemonHost{}, TrustWritable: true})
	if err != nil && err != ErrConfig {
		t.Fatal(err)
	}
	return bag
}
