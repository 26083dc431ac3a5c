package daemon_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"mavis/testdata/peer"
)

// logwatch does not know some of the main lines of the original either (UNCHECKED-ENCRYPTED, lines of $log_recip_templ). That
// ours are the same is what TestGolden shows.
var mainLine = regexp.MustCompile(`^\d+ +\([0-9-]+\) (Blocked|Passed) [A-Z-]+\b`)

// TestLogwatch has logwatch read a log of ours, made at log level 2: it must know every line that it knows of the original.
func TestLogwatch(t *testing.T) {
	const script = "/usr/share/logwatch/scripts/services/amavis"
	if _, err := os.Stat(script); err != nil {
		peer.Missing(t, "logwatch is not installed")
	}
	perl := peer.Need(t, "perl")
	dir := filepath.Join(peer.Repo(t), "testdata", "golden")
	data, err := os.ReadFile(filepath.Join(dir, "site", "golden.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []goldenCase
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	s := startSiteAt(t, dir, "site", 2)
	mails := map[string]string{}
	for _, c := range cases {
		if c.MailOf != "" {
			c.Mail = mails[c.MailOf]
		}
		mails[c.Name] = c.Mail
		if _, err := c.send(s.ports["PORT"]); err != nil {
			t.Logf("%s: %v", c.Name, err)
		}
	}
	log, err := os.ReadFile(filepath.Join(s.base, "amavis.log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(perl, script, "--detail", "10")
	cmd.Env = append(os.Environ(), "LOGWATCH_DETAIL_LEVEL=10")
	cmd.Stdin = strings.NewReader(regexp.MustCompile(`(?m)^.*?\]: `).ReplaceAllString(string(log), ""))
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	report, unmatched, _ := strings.Cut(string(out), "**Unmatched Entries**")
	if !regexp.MustCompile(`(?m)^ +\d+ +Total messages scanned`).MatchString(report) {
		t.Errorf("logwatch found no messages:\n%s", out)
	}
	for line := range strings.Lines(unmatched) {
		if line = strings.TrimSpace(line); line != "" && !mainLine.MatchString(line) {
			t.Errorf("logwatch does not know: %s", line)
		}
	}
}
