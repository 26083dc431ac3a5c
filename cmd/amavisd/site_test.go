package main

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mavis/testdata/seed"
)

// site is a host of the daemon's own: folders, a free port, and the seed's configuration moved there.
type site struct {
	t          *testing.T
	dir        string // everything else is below
	home, temp string // $MYHOME, $TEMPBASE
	held       string // $QUARANTINEDIR
	bin        string // $path: only what the test puts there
	conf, log  string
	clamd      string // socket of clamd
	port, hop  int    // where the daemon listens, and where it delivers to
	user       string
	uid, gid   int

	cmd   *exec.Cmd
	ended chan error
}

// newSite makes the folders. As root they belong to the user amavis, or nobody where that does not exist; the
// configuration stays out of that user's reach.
func newSite(t *testing.T) *site {
	t.Helper()
	dir, err := os.MkdirTemp("", "amavisd-site-")
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(dir)) })
	return siteIn(t, dir)
}

// siteIn makes a site of a folder.
func siteIn(t *testing.T, dir string) *site {
	t.Helper()
	must(t, os.Chmod(dir, 0o755))
	s := &site{t: t, dir: dir, home: dir + "/home", temp: dir + "/home/tmp", held: dir + "/quarantine", bin: dir + "/bin",
		conf: dir + "/etc/amavisd.conf", log: dir + "/home/amavis.log", clamd: dir + "/clamd.sock", port: freePort(t), hop: freePort(t)}
	s.user, s.uid, s.gid = daemonUser(t)
	for _, sub := range []string{s.home, s.temp, s.held, s.bin, filepath.Dir(s.conf)} {
		must(t, os.MkdirAll(sub, 0o755))
	}
	if os.Getuid() == 0 {
		for _, sub := range []string{s.home, s.temp, s.held} {
			must(t, os.Chown(sub, s.uid, s.gid))
		}
	}
	if file, err := exec.LookPath("file"); err == nil {
		must(t, os.Symlink(file, s.bin+"/file"))
	}
	s.write("")
	return s
}

// write makes the configuration anew, with settings after those of the seed.
func (s *site) write(more string) {
	s.t.Helper()
	must(s.t, os.WriteFile(s.conf, []byte(s.text(more)), 0o644))
}

// text is the seed's configuration with this site's places.
func (s *site) text(more string) string {
	s.t.Helper()
	text := string(seed.Config)
	for _, r := range [][2]string{
		{`"/var/amavis"`, quote(s.home)}, {`"/var/virusmails"`, quote(s.held)}, {"$DO_SYSLOG = 1;", "$DO_SYSLOG = 0;"},
		{`"/var/log/amavis.log"`, quote(s.log)}, {"$inet_socket_port = 10024;", fmt.Sprintf("$inet_socket_port = %d;", s.port)},
		{`"/var/run/clamav/clamd.sock"`, quote(s.clamd)}, {`"amavis";`, quote(s.user) + ";"},
		{"'/usr/local/sbin:/usr/local/bin:/usr/sbin:/sbin:/usr/bin:/bin'", quote(s.bin)},
		{"--tempdir=$TEMPBASE", "--tempdir=$TEMPBASE --database=" + s.dir + "/clamav/db"},
		{"\n1;\n", fmt.Sprintf("\n$forward_method = $notify_method = 'smtp:[127.0.0.1]:%d';\n%s\n1;\n", s.hop, more)},
	} {
		if !strings.Contains(text, r[0]) {
			s.t.Fatalf("the seed's configuration has no %q", r[0])
		}
		text = strings.ReplaceAll(text, r[0], r[1])
	}
	group, err := user.LookupGroupId(strconv.Itoa(s.gid))
	must(s.t, err)
	return strings.Replace(text, "$daemon_group = "+quote(s.user), "$daemon_group = "+quote(group.Name), 1)
}

// start runs the daemon in the foreground, in a process group of its own, and waits until it answers.
func (s *site) start(args ...string) {
	s.t.Helper()
	out, err := os.OpenFile(s.dir+"/output", os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	must(s.t, err)
	defer out.Close()
	s.cmd = exec.Command(program, append(append([]string{"-c", s.conf}, args...), "foreground")...)
	s.cmd.Stdout, s.cmd.Stderr = out, out
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	must(s.t, s.cmd.Start())
	cmd, ended := s.cmd, make(chan error, 1)
	s.ended = ended
	go func() { ended <- cmd.Wait() }()
	s.t.Cleanup(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		if s.t.Failed() {
			s.t.Logf("output of the daemon:\n%s\nits log:\n%s", tail(s.dir+"/output"), tail(s.log))
		}
	})
	s.await("the daemon listens", func() bool {
		select {
		case err := <-ended:
			s.t.Fatalf("the daemon ended: %v", err)
		default:
		}
		return listening(s.port)
	})
}

// stop asks the daemon to end, and looks at what it leaves behind: nothing.
func (s *site) stop() {
	s.t.Helper()
	must(s.t, s.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case err := <-s.ended:
		if err != nil {
			s.t.Errorf("the daemon ended with %v", err)
		}
	case <-time.After(20 * time.Second):
		s.t.Fatal("the daemon did not end on SIGTERM")
	}
	if left := files(s.t, s.temp); len(left) > 0 {
		s.t.Errorf("left in the temporary folder: %v", left)
	}
	if _, err := os.Stat(s.home + "/amavisd.pid"); !errors.Is(err, fs.ErrNotExist) {
		s.t.Errorf("pid file: %v", err)
	}
}

func (s *site) addr() string { return fmt.Sprintf("127.0.0.1:%d", s.port) }

func (s *site) logged() string {
	text, err := os.ReadFile(s.log)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.t.Fatal(err)
	}
	return string(text)
}

// quarantined gives the contents of the files in quarantine that hold a text.
func (s *site) quarantined(text string) []string {
	s.t.Helper()
	var out []string
	for _, name := range files(s.t, s.held) {
		data, err := os.ReadFile(name)
		must(s.t, err)
		if strings.Contains(string(data), text) {
			out = append(out, string(data))
		}
	}
	return out
}

// await waits up to half a minute.
func (s *site) await(what string, done func() bool) {
	s.t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if done() {
			return
		}
		if time.Now().After(end) {
			s.t.Fatalf("waited in vain until %s", what)
		}
	}
}

func daemonUser(t *testing.T) (name string, uid, gid int) {
	t.Helper()
	u, err := user.Current()
	must(t, err)
	if u.Uid == "0" {
		if u, err = user.Lookup("amavis"); err != nil {
			u, err = user.Lookup("nobody")
			must(t, err)
		}
	}
	uid, err = strconv.Atoi(u.Uid)
	must(t, err)
	gid, err = strconv.Atoi(u.Gid)
	must(t, err)
	return u.Username, uid, gid
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func quote(s string) string { return `"` + s + `"` }

// ports were given away by freePort.
var ports sync.Map

// freePort finds a port below those that the system gives to outgoing connections, so that none of these takes it away.
func freePort(t *testing.T) int {
	t.Helper()
	for range 1000 {
		port := 12000 + rand.IntN(20000)
		if _, taken := ports.LoadOrStore(port, true); taken {
			continue
		}
		if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			must(t, l.Close())
			return port
		}
	}
	t.Fatal("no free port")
	return 0
}

func listening(port int) bool {
	c, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), time.Second)
	if err == nil {
		c.Close()
	}
	return err == nil
}

// files lists all that is below a folder and is no folder.
func files(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	must(t, filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // it went away while we looked
		}
		if err == nil && !d.IsDir() {
			out = append(out, name)
		}
		return err
	}))
	return out
}

func tail(name string) string {
	text, err := os.ReadFile(name)
	if err != nil {
		return err.Error()
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		if !strings.Contains(line, " program for ") { // the decoders found, or not
			lines = append(lines, line)
		}
	}
	return strings.Join(lines[max(0, len(lines)-40):], "")
}
