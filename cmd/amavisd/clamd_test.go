package main

import (
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"mavis/testdata/peer"
	"mavis/testdata/seed"
)

// clamd is a real one that knows a single signature.
type clamd struct {
	s       *site
	program string
	cmd     *exec.Cmd
	ended   chan error
}

// newClamd makes the signature and the configuration; start runs it.
func newClamd(s *site) *clamd {
	s.t.Helper()
	dir := s.dir + "/clamav"
	must(s.t, os.MkdirAll(dir+"/db", 0o755))
	must(s.t, os.WriteFile(dir+"/db/test.ndb", []byte("Eicar-Test-Signature:0:*:"+hex.EncodeToString(seed.EICAR())+"\n"), 0o644))
	must(s.t, os.WriteFile(dir+"/clamd.conf", []byte("Foreground yes\nFixStaleSocket yes\nLocalSocketMode 666\nUser root\nMaxThreads 4\nLocalSocket "+
		s.clamd+"\nDatabaseDirectory "+dir+"/db\nLogFile "+dir+"/log\n"), 0o644))
	return &clamd{s: s, program: peer.Need(s.t, "clamd")}
}

func (c *clamd) start() {
	t := c.s.t
	t.Helper()
	c.cmd = exec.Command(c.program, "-c", c.s.dir+"/clamav/clamd.conf")
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	must(t, c.cmd.Start())
	cmd, ended := c.cmd, make(chan error, 1)
	c.ended = ended
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() { syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	c.s.await("clamd answers", func() bool {
		conn, err := net.DialTimeout("unix", c.s.clamd, time.Second)
		if err != nil {
			return false
		}
		defer conn.Close()
		answer := make([]byte, 16)
		fmt.Fprint(conn, "PING\n")
		n, err := conn.Read(answer)
		return err == nil && strings.HasPrefix(string(answer[:n]), "PONG")
	})
}

func (c *clamd) stop() {
	c.s.t.Helper()
	must(c.s.t, c.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case <-c.ended:
	case <-time.After(20 * time.Second):
		c.s.t.Fatal("clamd did not end")
	}
}

// standIn answers CONTSCAN in clamd's place, for tests in which the scanner is not the point.
func standIn(t *testing.T, socket string) {
	t.Helper()
	l, err := net.Listen("unix", socket)
	must(t, err)
	must(t, os.Chmod(socket, 0o777))
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go standInAnswer(conn)
		}
	}()
}

func standInAnswer(conn net.Conn) {
	defer conn.Close()
	ask := make([]byte, 4096)
	n, err := conn.Read(ask)
	dir, ok := strings.CutPrefix(strings.TrimSpace(string(ask[:n])), "CONTSCAN ")
	if err != nil || !ok {
		return
	}
	names, err := filepath.Glob(dir + "/*")
	if err != nil {
		return
	}
	for _, name := range names {
		if data, err := os.ReadFile(name); err != nil {
			fmt.Fprintf(conn, "%s: %v ERROR\n", name, err)
			return
		} else if strings.Contains(string(data), string(seed.EICAR())) {
			fmt.Fprintf(conn, "%s: Eicar-Test-Signature FOUND\n", name)
			return
		}
	}
	fmt.Fprintf(conn, "%s: OK\n", dir)
}
