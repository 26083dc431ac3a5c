package main

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/smtp"
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
	"mavis/testdata/postfix"
)

// beside is a host where the original filters mail between two sides of Postfix, with a shadow on both ways.
type beside struct {
	t             *testing.T
	dir           string
	in            int // port of Postfix
	toFilter      int // where the shadow listens for Postfix, and the filter itself
	filter        int
	fromFilter    int // where the shadow listens for the filter, and Postfix behind it
	back, metrics int
	mta           *postfix.MTA
	cmd           *exec.Cmd
	ended         chan struct{} // closed when cmd is gone
}

const besideConf = `$max_servers = 5;
$daemon_user = '@USER@'; $daemon_group = '@USER@';
$mydomain = 'domain.be'; $myhostname = 'mx.domain.be';
$MYHOME = '@DIR@/home'; $TEMPBASE = "$MYHOME/tmp"; $QUARANTINEDIR = '@DIR@/quarantine';
$db_home = "$MYHOME/db"; $pid_file = "$MYHOME/amavisd.pid"; $lock_file = "$MYHOME/amavisd.lock"; $enable_db = 0;
$log_level = 1; $do_syslog = 0; $logfile = '@DIR@/home/amavis.log';
@local_domains_maps = ( ['.domain.be'] ); @mynetworks = qw(127.0.0.0/8);
$inet_socket_port = @FILTER@; $inet_socket_bind = '127.0.0.1';
$forward_method = $notify_method = 'smtp:[127.0.0.1]:@FROM@';
@bypass_virus_checks_maps = (1); @bypass_spam_checks_maps = (1);
$path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/sbin:/usr/bin:/bin';
$banned_filename_re = new_RE( qr'\.[^./]*\.(exe|vbs|pif|scr|bat|cmd|com|cpl|dll)\.?$'i, qr'^\.(exe-ms|dll)$', qr'.\.(exe|vbs)$'i );
$banned_quarantine_to = 'banned-quarantine'; $banned_files_quarantine_method = 'local:banned-%m';
$banned_admin = 'admin@domain.be'; $hdrfrom_notify_admin = 'filter@domain.be'; $mailfrom_notify_admin = 'filter@domain.be';
$bad_header_quarantine_method = undef;
$final_banned_destiny = D_DISCARD; $final_bad_header_destiny = D_PASS;
1;
`

func newBeside(t *testing.T) *beside {
	t.Helper()
	peer.Root(t)
	original := peer.Need(t, "amavisd")
	peer.Need(t, "postconf")
	peer.Need(t, "file")
	dir, err := os.MkdirTemp("", "mavis-beside-")
	ok(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	ok(t, os.Chmod(dir, 0o755))
	b := &beside{t: t, dir: dir}
	for _, p := range []*int{&b.in, &b.toFilter, &b.filter, &b.fromFilter, &b.back, &b.metrics} {
		*p = unusedPort(t)
	}
	owner, err := user.Lookup("amavis")
	ok(t, err)
	uid, err := strconv.Atoi(owner.Uid)
	ok(t, err)
	gid, err := strconv.Atoi(owner.Gid)
	ok(t, err)
	for _, sub := range []string{"home", "home/tmp", "home/db", "quarantine"} {
		ok(t, os.Mkdir(filepath.Join(dir, sub), 0o750))
		ok(t, os.Chown(filepath.Join(dir, sub), uid, gid))
	}
	ok(t, os.Chmod(dir+"/home", 0o755))
	conf := strings.NewReplacer("@DIR@", dir, "@USER@", owner.Username, "@FILTER@", strconv.Itoa(b.filter), "@FROM@", strconv.Itoa(b.fromFilter)).Replace(besideConf)
	ok(t, os.WriteFile(dir+"/amavisd.conf", []byte(conf), 0o644))
	b.run(exec.Command(original, "-c", dir+"/amavisd.conf", "foreground"), b.filter)
	b.shadow()
	b.mta = postfix.Start(t, postfix.Options{Dir: dir + "/postfix", UID: uid, GID: gid, In: b.in, LMTP: unusedPort(t), Filter: b.toFilter, Back: b.back})
	return b
}

// run starts a program that ends with the test, and waits until it listens.
func (b *beside) run(cmd *exec.Cmd, port int) (ended chan struct{}) {
	b.t.Helper()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	ok(b.t, cmd.Start())
	ended = make(chan struct{})
	go func() { cmd.Wait(); close(ended) }()
	b.t.Cleanup(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
		}
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		<-ended
		if b.t.Failed() {
			b.t.Logf("%s said:\n%s", cmd.Args[0], out.String())
		}
	})
	b.await(cmd.Args[0]+" listens", func() bool {
		c, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), time.Second)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return ended
}

func (b *beside) shadow() {
	b.t.Helper()
	program, err := exec.LookPath("mavis")
	ok(b.t, err)
	at := func(p int) string { return fmt.Sprintf("127.0.0.1:%d", p) }
	b.cmd = exec.Command(program, "shadow", "run", "-c", b.dir+"/amavisd.conf", "--in", at(b.toFilter)+"="+at(b.filter), "--out", at(b.fromFilter)+"="+at(b.back),
		"--log", b.dir+"/home/amavis.log", "--journal", b.dir+"/shadow.sqlite", "--metrics", at(b.metrics), "--waiting", "2000")
	b.ended = b.run(b.cmd, b.metrics)
}

func (b *beside) await(what string, done func() bool) {
	b.t.Helper()
	for end := time.Now().Add(40 * time.Second); !done(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			b.t.Fatalf("waited in vain until %s", what)
		}
	}
}

// letters are mails of several fates; %d is the number, which makes the subject.
var letters = []string{
	"From: alice@sender.test\r\nTo: bob@domain.be\r\nDate: Mon, 20 Feb 2006 10:00:00 +0100\r\nMessage-ID: <n%[1]d@sender.test>\r\nSubject: number %[1]d.\r\n\r\nclean\r\n",
	"From: alice@sender.test\r\nTo: bob@domain.be\r\nDate: Mon, 20 Feb 2006 10:00:00 +0100\r\nMessage-ID: <n%[1]d@sender.test>\r\nSubject: number %[1]d.\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b\r\nContent-Type: application/octet-stream; name=\"a.exe\"\r\nContent-Transfer-Encoding: base64\r\n\r\nTVpUaGlzIGlz\r\n--b--\r\n",
	"From: alice@sender.test\r\nTo: bob@domain.be\r\nMessage-ID: <n%[1]d@sender.test>\r\nSubject: number %[1]d. \xe9\r\nDate: Mon, 20 Feb 2006 10:00:00 +0100\r\n\r\nbad header\r\n",
	"From: alice@sender.test\r\nTo: bob@domain.be\r\nDate: Mon, 20 Feb 2006 10:00:00 +0100\r\nMessage-ID: <n%[1]d@sender.test>\r\nSubject: number %[1]d.\r\n\r\n.dots\r\n..and more\r\n",
}

func (b *beside) send(from, to int) {
	b.t.Helper()
	for i := from; i < to; i++ {
		sender, rcpts := "alice@sender.test", []string{"bob@domain.be"}
		if i%7 == 3 {
			sender = ""
		}
		if i%5 == 4 {
			rcpts = append(rcpts, "carl@domain.be")
		}
		if err := smtp.SendMail(fmt.Sprintf("127.0.0.1:%d", b.in), nil, sender, rcpts, fmt.Appendf(nil, letters[i%len(letters)], i)); err != nil {
			b.t.Fatal(err)
		}
	}
}

// arrived counts by number what is in the Maildir, and tells what was changed on the way.
func (b *beside) arrived() map[int]int {
	b.t.Helper()
	got := map[int]int{}
	for _, text := range b.mta.Arrived("Subject: number ") {
		var n int
		_, rest, _ := strings.Cut(text, "\nSubject: number ")
		if _, err := fmt.Sscanf(rest, "%d.", &n); err != nil {
			b.t.Fatalf("%v in %q", err, text)
		}
		got[n]++
		_, want, _ := strings.Cut(strings.ReplaceAll(fmt.Sprintf(letters[n%len(letters)], n), "\r\n", "\n"), "\n\n")
		if _, body, _ := strings.Cut(text, "\n\n"); body != want {
			b.t.Errorf("mail %d has another body: %q, want %q", n, body, want)
		}
	}
	return got
}

// expect waits until the queue is empty and every mail that is let through is there.
func (b *beside) expect(n int, once bool) {
	b.t.Helper()
	b.await("the queue is empty", func() bool { return len(b.mta.Queue()) == 0 })
	got := b.arrived()
	for i := range n {
		want := 1
		if i%5 == 4 {
			want = 2
		}
		if i%len(letters) == 1 {
			want = 0
		}
		if got[i] < want || once && got[i] != want || want == 0 && got[i] > 0 {
			b.t.Errorf("mail %d arrived %d times, want %d", i, got[i], want)
		}
	}
}

func (b *beside) report() (string, int) {
	b.t.Helper()
	var out, errs bytes.Buffer
	status := run([]string{"shadow", "report", b.dir + "/shadow.sqlite"}, streams{&out, &errs})
	if errs.Len() > 0 {
		b.t.Errorf("report: %s", errs.String())
	}
	return out.String(), status
}

func (b *beside) counter(line string) string {
	r, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/metrics", b.metrics))
	ok(b.t, err)
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	ok(b.t, err)
	for l := range strings.Lines(string(text)) {
		if value, found := strings.CutPrefix(l, line+" "); found {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// TestShadow stands between a real Postfix and the real amavisd-new: no mail is lost or changed, also when the shadow is killed, and
// what our engine says of the mails is the same.
func TestShadow(t *testing.T) {
	b := newBeside(t)
	const n = 60
	b.send(0, n)
	b.expect(n, true)
	defer func() {
		if t.Failed() {
			text, _ := b.report()
			t.Log(text)
		}
	}()
	b.await("all are judged", func() bool { return b.counter(`mavis_shadow_mails_total{result="same"}`) == fmt.Sprint(n) })
	text, status := b.report()
	if status != 0 || !strings.Contains(text, "0 changed, 60 the same") || !strings.Contains(text, "Blocked BANNED") {
		t.Errorf("status %d\n%s", status, text)
	}

	const more = 100
	killed := make(chan struct{})
	go func() {
		defer close(killed)
		time.Sleep(time.Duration(200+rand.IntN(400)) * time.Millisecond)
		syscall.Kill(-b.cmd.Process.Pid, syscall.SIGKILL)
		<-b.ended
	}()
	b.send(n, more)
	<-killed
	b.shadow()
	b.mta.Flush()
	b.expect(more, false)
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func unusedPort(t *testing.T) int {
	t.Helper()
	for range 1000 {
		port := 12000 + rand.IntN(20000)
		if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			ok(t, l.Close())
			return port
		}
	}
	t.Fatal("no free port")
	return 0
}
