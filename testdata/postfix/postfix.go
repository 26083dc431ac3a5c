// Package postfix runs a real Postfix with its own queue for live tests.
package postfix

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net"
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

// Options say where a Postfix works, and what it works with.
type Options struct {
	Dir      string // everything of it is below
	UID, GID int    // who owns the Maildir
	// In and LMTP are ports where mail comes in and goes to the filter over SMTP or LMTP, Filter is the port of the filter, and Back
	// the one where mail comes back from it.
	In, LMTP, Filter, Back int
}

// MTA is a running Postfix: mail comes in, goes to the filter, comes back, and all of it ends in one Maildir.
type MTA struct {
	Maildir string
	t       *testing.T
	conf    string
	cmd     *exec.Cmd
	ended   chan error
}

const mainCF = `compatibility_level = 3.6
queue_directory = @DIR@/queue
data_directory = @DIR@/data
mail_owner = postfix
setgid_group = postdrop
maillog_file = @DIR@/log
maillog_file_prefixes = @DIR@
import_environment = MAIL_CONFIG
myhostname = mx.domain.be
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_peername_lookup = no
smtpd_authorized_xforward_hosts = 127.0.0.0/8
disable_dns_lookups = yes
smtp_tls_security_level =
local_header_rewrite_clients =
virtual_mailbox_domains = static:all
virtual_mailbox_base = @DIR@/mail
virtual_mailbox_maps = static:in/
virtual_uid_maps = static:@UID@
virtual_gid_maps = static:@GID@
default_process_limit = 20
queue_run_delay = 3s
minimal_backoff_time = 3s
maximal_backoff_time = 3s
`

const masterCF = `127.0.0.1:@IN@ inet n - n - - smtpd
  -o content_filter=smtp-amavis:[127.0.0.1]:@FILTER@
127.0.0.1:@BACK@ inet n - n - - smtpd
  -o content_filter=
  -o receive_override_options=no_unknown_recipient_checks,no_header_body_checks,no_milters
127.0.0.1:@LMTP@ inet n - n - - smtpd
  -o content_filter=lmtp-amavis:[127.0.0.1]:@FILTER@
lmtp-amavis unix - - n - 4 lmtp
  -o lmtp_send_xforward_command=yes
  -o disable_dns_lookups=yes
  -o lmtp_destination_recipient_limit=50
smtp-amavis unix - - n - 4 smtp
  -o smtp_send_xforward_command=yes
  -o disable_dns_lookups=yes
  -o smtp_data_done_timeout=1200
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`

// Start runs master in the foreground, in a process group of its own, until the test ends. It needs root, and the caller asks for
// that and for the program "postconf".
func Start(t *testing.T, opt Options) *MTA {
	t.Helper()
	dir := opt.Dir
	p := &MTA{t: t, conf: dir + "/etc", Maildir: dir + "/mail/in"}
	owner, err := user.Lookup("postfix")
	must(t, err)
	drop, err := user.LookupGroup("postdrop")
	must(t, err)
	uid, gid, dropGid := number(t, owner.Uid), number(t, owner.Gid), number(t, drop.Gid)
	folder := func(name string, mode fs.FileMode, uid, gid int) {
		must(t, os.MkdirAll(dir+"/"+name, 0o755))
		must(t, os.Chown(dir+"/"+name, uid, gid))
		must(t, os.Chmod(dir+"/"+name, mode))
	}
	for _, sub := range []string{"active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved", "trace"} {
		folder("queue/"+sub, 0o700, uid, 0)
	}
	folder("queue/maildrop", 0o730, uid, dropGid)
	folder("queue/public", 0o710, uid, dropGid)
	folder("queue/pid", 0o755, 0, 0)
	folder("data", 0o700, uid, gid)
	folder("mail", 0o755, opt.UID, opt.GID)
	folder("etc", 0o755, 0, 0)
	fill := strings.NewReplacer("@DIR@", dir, "@UID@", strconv.Itoa(opt.UID), "@GID@", strconv.Itoa(opt.GID), "@IN@", strconv.Itoa(opt.In),
		"@LMTP@", strconv.Itoa(opt.LMTP), "@FILTER@", strconv.Itoa(opt.Filter), "@BACK@", strconv.Itoa(opt.Back))
	for name, text := range map[string]string{"main.cf": mainCF, "master.cf": masterCF} {
		must(t, os.WriteFile(p.conf+"/"+name, []byte(fill.Replace(text)), 0o644))
	}
	daemons, err := exec.Command(peer.Need(t, "postconf"), "-dh", "daemon_directory").Output()
	must(t, err)
	p.cmd = exec.Command(filepath.Join(strings.TrimSpace(string(daemons)), "master"), "-c", p.conf, "-d")
	p.cmd.Env = append(os.Environ(), "MAIL_CONFIG="+p.conf)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	must(t, p.cmd.Start())
	p.ended = make(chan error, 1)
	go func() { p.ended <- p.cmd.Wait() }()
	t.Cleanup(p.stop)
	p.await("Postfix listens", func() bool { return listening(opt.In) && listening(opt.Back) })
	return p
}

// stop ends master, which ends its own processes, and makes sure of them.
func (p *MTA) stop() {
	p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(5 * time.Second):
	}
	syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	p.await("Postfix has ended", func() bool { return syscall.Kill(-p.cmd.Process.Pid, 0) == syscall.ESRCH })
	if p.t.Failed() {
		p.t.Logf("log of Postfix:\n%s", p.log())
	}
}

// Arrived gives the mails in the Maildir that have a text in their header. Notices tell of it in their bodies.
func (p *MTA) Arrived(text string) []string {
	p.t.Helper()
	var out []string
	names, err := filepath.Glob(p.Maildir + "/new/*")
	must(p.t, err)
	for _, name := range names {
		data, err := os.ReadFile(name)
		must(p.t, err)
		if head, _, _ := strings.Cut(string(data), "\n\n"); strings.Contains(head+"\n", text) {
			out = append(out, string(data))
		}
	}
	return out
}

// Delivered waits for a mail, and gives it.
func (p *MTA) Delivered(text string) string {
	p.t.Helper()
	p.await(text+" arrives", func() bool { return len(p.Arrived(text)) > 0 })
	got := p.Arrived(text)
	if len(got) != 1 {
		p.t.Errorf("%s arrived %d times", text, len(got))
	}
	return got[0]
}

// Queued is a mail in the queue, as postqueue -j tells of it.
type Queued struct {
	Name       string `json:"queue_name"`
	ID         string `json:"queue_id"`
	Sender     string `json:"sender"`
	Recipients []struct {
		Address string `json:"address"`
		Delay   string `json:"delay_reason"`
	} `json:"recipients"`
}

// Queue lists what is in the queue.
func (p *MTA) Queue() []Queued {
	t := p.t
	t.Helper()
	out := p.run("-j")
	var all []Queued
	for d := json.NewDecoder(strings.NewReader(out)); d.More(); {
		var q Queued
		must(t, d.Decode(&q))
		all = append(all, q)
	}
	return all
}

// Flush makes Postfix try again what waits.
func (p *MTA) Flush() { p.run("-f") }

func (p *MTA) run(arg string) string {
	p.t.Helper()
	cmd := exec.Command(peer.Need(p.t, "postqueue"), "-c", p.conf, arg)
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		p.t.Fatalf("postqueue %s: %v %s", arg, err, errs.String())
	}
	return string(out)
}

// await waits up to half a minute.
func (p *MTA) await(what string, done func() bool) {
	p.t.Helper()
	for end := time.Now().Add(30 * time.Second); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			p.t.Fatalf("waited in vain until %s", what)
		}
	}
}

// log is the end of Postfix's log.
func (p *MTA) log() string {
	text, err := os.ReadFile(filepath.Dir(p.conf) + "/log")
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-8<<10):])
}

func number(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	must(t, err)
	return n
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func listening(port int) bool {
	c, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), time.Second)
	if err == nil {
		c.Close()
	}
	return err == nil
}
