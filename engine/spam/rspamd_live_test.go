package spam

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"mavis/testdata/peer"
)

// rspamdSettings make an rspamd of one worker with two rules, that asks nobody.
const rspamdSettings = `
options { pidfile = "DIR/pid"; filters = "regexp"; cache_file = "DIR/cache"; hs_cache_dir = "DIR"; tempdir = "DIR"; disable_hyperscan = true;
  url_tld = "DIR/tld"; control_socket = "DIR/control mode=0600"; rrd = ""; dns { nameserver = ["127.0.0.1:1"]; timeout = 0.1s; retransmits = 1; } }
logging { type = "file"; filename = "DIR/log"; level = "info"; }
actions { reject = 15; add_header = 6; }
group "test" { symbols { "CHEAP" { weight = 7.5; } "NICE" { weight = -1.25; } "FROM_A" { weight = 0.5; } } }
regexp { CHEAP = "Subject=/cheap/iH"; NICE = "Subject=/nice/iH"; FROM_A = "From=/a@x/H"; }
worker { type = "normal"; bind_socket = "ADDRESS"; count = 1; }
`

// liveRspamd starts the real rspamd and gives its host:port.
func liveRspamd(t *testing.T) string {
	t.Helper()
	program := peer.Need(t, "rspamd")
	dir, err := os.MkdirTemp("", "rspamd-") // others may not enter the folder above t.TempDir
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	conf := filepath.Join(dir, "rspamd.conf")
	for name, text := range map[string]string{conf: strings.NewReplacer("DIR", dir, "ADDRESS", address).Replace(rspamdSettings), filepath.Join(dir, "tld"): "test\n"} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(program, "-f", "-c", conf)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if os.Geteuid() == 0 { // it does not like to be root
		who, err := user.Lookup("_rspamd")
		if err != nil {
			t.Fatal(err)
		}
		uid, _ := strconv.Atoi(who.Uid)
		gid, _ := strconv.Atoi(who.Gid)
		if err := os.Chown(dir, uid, gid); err != nil {
			t.Fatal(err)
		}
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(5 * time.Second):
			_ = cmd.Process.Kill()
			<-ended
		}
	})
	for range 600 {
		if resp, err := http.Get("http://" + address + "/ping"); err == nil {
			resp.Body.Close()
			return address
		}
		select {
		case <-ended:
			t.Fatalf("rspamd ended: %s", out.String())
		case <-time.After(100 * time.Millisecond):
		}
	}
	log, _ := os.ReadFile(filepath.Join(dir, "log"))
	t.Fatalf("rspamd does not answer: %s\n%s", out.String(), log)
	return ""
}

func TestLiveRspamd(t *testing.T) {
	address := liveRspamd(t)
	p := policy(t, "@spam_scanners = (['R', 'Amavis::SpamControl::RspamdClient', url => 'http://"+address+"/checkv2', score_factor => 2, mta_name => 'mx.test'])")
	for _, c := range []struct{ name, text, want string }{
		{"ham", "From: b@x.test\nSubject: hello\n\nhello\n", "0 [] Ham"},
		{"two rules", "From: a@x.test\nSubject: cheap\n\nhello\n", "16 [CHEAP=7.5 FROM_A=0.5] Spam"},
		{"below zero", "From: b@x.test\nSubject: nice\n\nhello\n", "-2.5 [NICE=-1.25] Ham"},
		{"its own verdict", "Subject: x\n\nXJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\n", "30 [GTUBE=0] Spam"},
		{"odd bytes", "Subject: \xff\xfe cheap\n\x00\n\n\x00\x01\xff\n", "15 [CHEAP=7.5] Spam"},
		{"no body", "From: a@x.test\n\n", "1 [FROM_A=0.5] Ham"},
	} {
		m := hello(p)
		m.Message = letter(c.text)
		m.ClientIP, m.Client.XHelo, m.Client.XName = "192.0.2.7", "helo.test", "name.test"
		r, err := (&Scanner{}).Scan(t.Context(), p, m)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for _, share := range r.Shares {
			if got := fmt.Sprintf("%v %v %s", share.Score, share.Tests, r.Info["VERDICT-R"]); got != c.want {
				t.Errorf("%s: %s, want %s", c.name, got, c.want)
			}
		}
	}
}
