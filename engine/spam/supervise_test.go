package spam

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	switch os.Getenv("ROLE") {
	case "spamd":
		playSpamd()
	case "daemon":
		playDaemon()
	}
	goleak.VerifyTestMain(m)
}

// playSpamd is a stand-in for spamd. It dies over a message that says so.
func playSpamd() {
	mode := os.Getenv("MODE")
	if mode == "refuse" {
		fmt.Fprintln(os.Stderr, "[7] error: config: no rules were found!")
		os.Exit(3)
	}
	var path string
	for _, a := range os.Args {
		if p, ok := strings.CutPrefix(a, "--socketpath="); ok {
			path = p
		}
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		os.Exit(1)
	}
	if mode == "children" { // a child that ignores the end of its parent
		cmd := exec.Command("sleep", "300")
		cmd.Start()
	}
	fmt.Fprintln(os.Stderr, "[7] info: spamd: server started")
	for {
		c, err := l.Accept()
		if err != nil {
			os.Exit(1)
		}
		go func() {
			defer c.Close()
			r := bufio.NewReader(c)
			line, _ := r.ReadString('\n')
			if strings.HasPrefix(line, "PING") {
				io.WriteString(c, "SPAMD/1.5 0 PONG\r\n")
				return
			}
			b, _ := io.ReadAll(r)
			if bytes.Contains(b, []byte("die over this")) {
				os.Exit(9)
			}
			body := "MAVIS 1\nSCORE " + base64.StdEncoding.EncodeToString([]byte("1.5")) + "\nTESTSSCORES " + base64.StdEncoding.EncodeToString([]byte("A=1.5")) + "\nEND\n"
			if mode == "noplugin" {
				body = "Spam detection software …\n"
			}
			fmt.Fprintf(c, "SPAMD/1.1 0 EX_OK\r\nContent-length: %d\r\nSpam: False ; 1.5 / 5.0\r\n\r\n%s", len(body), body)
		}()
	}
}

// playDaemon starts a spamd and waits to be killed.
func playDaemon() {
	os.Setenv("ROLE", "spamd")
	d, err := StartSpamd(context.Background(), SpamdOptions{Program: os.Getenv("PROGRAM"), Credential: nobody(), Folder: os.Getenv("FOLDER")})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(d.PID())
	select {}
}

func nobody() *syscall.Credential {
	if os.Geteuid() != 0 {
		return nil
	}
	return &syscall.Credential{Uid: 65534, Gid: 65534}
}

// stand is a copy of this program that everybody may run, and the folder it lies in.
func stand(t *testing.T) (program, folder string) {
	t.Helper()
	folder, err := os.MkdirTemp("", "spamstand-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(self)
	if err == nil {
		err = os.Chmod(folder, 0o755)
	}
	program = filepath.Join(folder, "spamd")
	if err == nil {
		err = os.WriteFile(program, b, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	return program, folder
}

func TestSupervise(t *testing.T) {
	program, folder := stand(t)
	start := func(t *testing.T, mode string) (*Spamd, error) {
		t.Setenv("ROLE", "spamd")
		t.Setenv("MODE", mode)
		var mu sync.Mutex
		return StartSpamd(t.Context(), SpamdOptions{Program: program, Folder: folder, Credential: nobody(), StartTimeout: 20 * time.Second,
			Backoff: 50 * time.Millisecond, Log: func(_ int, format string, args ...any) {
				mu.Lock()
				defer mu.Unlock()
				t.Logf(format, args...)
			}})
	}
	t.Run("a start that fails says why", func(t *testing.T) {
		if _, err := start(t, "refuse"); err == nil || !strings.Contains(err.Error(), "no rules were found") {
			t.Errorf("%v", err)
		}
	})
	t.Run("a spamd without our plugin is no use", func(t *testing.T) {
		if _, err := start(t, "noplugin"); err == nil || !strings.Contains(err.Error(), "trial") {
			t.Errorf("%v", err)
		}
	})
	t.Run("a mail that kills spamd is not tried for ever", func(t *testing.T) {
		d, err := start(t, "")
		if err != nil {
			t.Fatal(err)
		}
		s := &Scanner{Spamd: d}
		p := policy(t, "")
		m := hello(p)
		m.Message = letter("Subject: x\n\ndie over this\n")
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		if r, err := s.Scan(ctx, p, m); !errors.Is(err, errTransport) || r.Shares[0].Scored {
			t.Errorf("%v", err)
		}
		if r, err := s.Scan(ctx, p, hello(p)); err != nil || r.Shares[0].Score != 1.5 {
			t.Errorf("the next mail: %v", err)
		}
		if n := d.Starts(); n != 3 {
			t.Errorf("%d starts, want 3", n)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
		if _, err := s.Scan(ctx, p, hello(p)); err == nil {
			t.Error("a spamd that was ended cannot scan")
		}
	})
	t.Run("no process stays behind", func(t *testing.T) {
		d, err := start(t, "children")
		if err != nil {
			t.Fatal(err)
		}
		pid := d.PID()
		if err := d.Close(); err != nil {
			t.Error(err)
		}
		if left := group(t, pid); len(left) > 0 {
			t.Errorf("%q", left)
		}
		if left, _ := filepath.Glob(filepath.Join(folder, "spamd-*")); left != nil {
			t.Errorf("%q", left)
		}
	})
	t.Run("spamd ends when we are killed", func(t *testing.T) {
		self, _ := os.Executable()
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), "ROLE=daemon", "MODE=", "PROGRAM="+program, "FOLDER="+folder)
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		line, err := bufio.NewReader(out).ReadString('\n')
		cmd.Process.Kill()
		cmd.Wait()
		pid, err2 := strconv.Atoi(strings.TrimSpace(line))
		if err != nil || err2 != nil {
			t.Fatalf("%q %v", line, err)
		}
		if left := group(t, pid); len(left) > 0 {
			t.Errorf("%q", left)
		}
	})
}
