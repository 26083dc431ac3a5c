package daemon_test

import (
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"mavis/compat/logline"
	"mavis/testdata/peer"
)

// TestSyslogOfBanks has mail logged through a syslog socket: priority, name and facility are those of the bank in force, a bank may
// silence the log, and a long line comes in parts.
func TestSyslogOfBanks(t *testing.T) {
	peer.NeedAll(t, "file", "grep")
	dir := t.TempDir()
	common, err := os.ReadFile(filepath.Join(peer.Repo(t), "testdata", "golden", "common.conf"))
	if err != nil {
		t.Fatal(err)
	}
	text := `use strict;
$interface_policy{'@PORT2@'} = 'OTHER';
$policy_bank{'OTHER'} = { syslog_ident => 'other', syslog_facility => 'local3' };
$policy_bank{'MYNETS'} = { log_level => -1 };
$log_recip_templ = undef;
1;
`
	for name, data := range map[string][]byte{"common.conf": common, filepath.Join("set", "amavisd.conf"): []byte(text)} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "log")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	const limit = 120
	s := startSiteLogging(t, dir, "set", func(string) logline.Config {
		return logline.Config{Syslog: true, SyslogSocket: path, Ident: "amavis", Facility: "mail", MaxLen: limit, PID: 12345}
	})
	c := goldenCase{From: "ann@away.test", To: []string{"rob@here.test"}, Mail: "From: a@away.test\nTo: rob@here.test\nDate: Tue, 03 Mar 2015 09:30:00 +0100\n" +
		"Message-ID: <syslog@away.test>\nSubject: x\n\ny\n"}
	head := regexp.MustCompile(`^<(\d+)>[A-Z][a-z][a-z] [ 0-9]\d \d\d:\d\d:\d\d (\w+)\[12345\]: (\(\d+-\d\d\) )(.*)$`)
	for _, want := range []struct{ port, xforward, priority, ident string }{
		{"PORT", "", "21", "amavis"}, {"PORT2", "", "157", "other"}, {"PORT", "ADDR=10.1.2.3", "", ""}, {"PORT", "ADDR=192.0.2.1", "21", "amavis"},
	} {
		c.XForward = want.xforward
		if _, err := c.send(s.ports[want.port]); err != nil {
			t.Fatal(err)
		}
		line := ""
		for buf := make([]byte, 4000); ; {
			if err := socket.SetReadDeadline(time.Now().Add(300 * time.Millisecond)); err != nil {
				t.Fatal(err)
			}
			n, err := socket.Read(buf)
			if err != nil {
				break
			}
			if !strings.Contains(string(buf[:n]), "]: (") {
				continue // of the start
			}
			m := head.FindStringSubmatch(string(buf[:n]))
			if m == nil || m[1] != want.priority || m[2] != want.ident || len(m[3])+len(m[4]) > limit {
				t.Errorf("%+v: %q", want, buf[:n])
				continue
			}
			line = strings.TrimSuffix(line, "...") + strings.TrimPrefix(m[4], "...")
		}
		if want.ident == "" {
			continue
		}
		if !strings.HasPrefix(line, "Passed CLEAN {Relayed") || !strings.HasSuffix(line, " ms") {
			t.Errorf("%+v: the parts make %q", want, line)
		}
	}
}
