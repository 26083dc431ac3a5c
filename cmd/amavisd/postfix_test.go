package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"mavis/testdata/peer"
)

// postfix is a real one with its own queue, on ports of its own: mail comes in, goes to the filter, comes back, and all
// of it ends in one Maildir.
type postfix struct {
	s       *site
	conf    string
	queue   string
	maildir string
	port    int // mail there goes through the filter over SMTP
	lmtp    int // and here over LMTP
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

// startPostfix runs master in the foreground, in a process group of its own: it ends with the test.
func startPostfix(s *site) *postfix {
	t := s.t
	t.Helper()
	dir := s.dir + "/postfix"
	p := &postfix{s: s, conf: dir + "/etc", queue: dir + "/queue", maildir: dir + "/mail/in", port: freePort(t), lmtp: freePort(t)}
	owner, err := user.Lookup("postfix")
	must(t, err)
	drop, err := user.LookupGroup("postdrop")
	must(t, err)
	uid, gid, dropGid := number(s, owner.Uid), number(s, owner.Gid), number(s, drop.Gid)
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
	folder("mail", 0o755, s.uid, s.gid)
	folder("etc", 0o755, 0, 0)
	fill := strings.NewReplacer("@DIR@", dir, "@UID@", strconv.Itoa(s.uid), "@GID@", strconv.Itoa(s.gid), "@IN@", strconv.Itoa(p.port),
		"@LMTP@", strconv.Itoa(p.lmtp),
		"@FILTER@", strconv.Itoa(s.port), "@BACK@", strconv.Itoa(s.hop))
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
	s.await("Postfix listens", func() bool { return listening(p.port) && listening(s.hop) })
	return p
}

// stop ends master, which ends its own processes, and makes sure of them.
func (p *postfix) stop() {
	p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(5 * time.Second):
	}
	syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	p.s.await("Postfix has ended", func() bool { return syscall.Kill(-p.cmd.Process.Pid, 0) == syscall.ESRCH })
	if p.s.t.Failed() {
		p.s.t.Logf("log of Postfix:\n%s", tail(filepath.Dir(p.conf)+"/log"))
	}
}

func (p *postfix) addr() string { return fmt.Sprintf("127.0.0.1:%d", p.port) }

// take hands Postfix a mail, which it must accept.
func (p *postfix) take(l letter) {
	p.s.t.Helper()
	if r, err := post(p.addr(), l); err != nil || !strings.HasPrefix(r, "250") {
		p.s.t.Fatalf("Postfix answers %q, %v", r, err)
	}
}

// arrived gives the mails in the Maildir that have a text in their header. Notices tell of it in their bodies.
func (p *postfix) arrived(text string) []string {
	p.s.t.Helper()
	var out []string
	for _, name := range files(p.s.t, p.maildir+"/new") {
		data, err := os.ReadFile(name)
		must(p.s.t, err)
		if head, _, _ := strings.Cut(string(data), "\n\n"); strings.Contains(head+"\n", text) {
			out = append(out, string(data))
		}
	}
	return out
}

// delivered waits for a mail, and gives it.
func (p *postfix) delivered(text string) string {
	p.s.t.Helper()
	p.s.await(text+" arrives", func() bool { return len(p.arrived(text)) > 0 })
	got := p.arrived(text)
	if len(got) != 1 {
		p.s.t.Errorf("%s arrived %d times", text, len(got))
	}
	return got[0]
}

// queued is a mail in the queue, as postqueue -j tells of it.
type queued struct {
	Name       string `json:"queue_name"`
	ID         string `json:"queue_id"`
	Sender     string `json:"sender"`
	Recipients []struct {
		Address string `json:"address"`
		Delay   string `json:"delay_reason"`
	} `json:"recipients"`
}

func (p *postfix) queueNow() []queued {
	t := p.s.t
	t.Helper()
	out := p.run("-j")
	var all []queued
	for d := json.NewDecoder(strings.NewReader(out)); d.More(); {
		var q queued
		must(t, d.Decode(&q))
		all = append(all, q)
	}
	return all
}

// flush makes Postfix try again what waits.
func (p *postfix) flush() { p.run("-f") }

func (p *postfix) run(arg string) string {
	p.s.t.Helper()
	cmd := exec.Command(peer.Need(p.s.t, "postqueue"), "-c", p.conf, arg)
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		p.s.t.Fatalf("postqueue %s: %v %s", arg, err, errs.String())
	}
	return string(out)
}

func number(s *site, text string) int {
	n, err := strconv.Atoi(text)
	must(s.t, err)
	return n
}
