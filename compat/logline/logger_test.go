package logline_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mavis/compat/logline"
)

func fixed() time.Time { return time.Date(2026, 11, 2, 18, 4, 5, 0, time.UTC) }

func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	l, err := logline.Open(logline.Config{File: path, Hostname: "mail.example.com", Program: "/usr/sbin/amavisd", PID: 77, Now: fixed, Level: 2})
	if err != nil {
		t.Fatal(err)
	}
	l.Log(0, "00077-01", "Passed CLEAN, caf\xc3\xa9 a\\b\tc\x01\r\n", nil)
	l.Log(-1, "", "trouble", nil)
	l.Log(-2, "x", "more", nil)
	l.Log(3, "x", "not shown", nil)
	l.Log(3, "x", "shown", &logline.Settings{Level: 3})
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	if err := l.Reopen(); err != nil {
		t.Fatal(err)
	}
	l.Log(1, "", "after rotation", nil)
	l.Close()
	got, _ := os.ReadFile(path + ".1")
	prefix := "Nov  2 18:04:05 mail.example.com /usr/sbin/amavisd[77]: "
	want := prefix + "(00077-01) Passed CLEAN, caf\xc3\xa9 a\\\\b\\tc\\x01\\r\\n\n" + prefix + "(!)trouble\n" + prefix + "(x) (!!)more\n" + prefix + "(x) shown\n"
	if string(got) != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if got, _ := os.ReadFile(path); string(got) != prefix+"after rotation\n" {
		t.Errorf("after reopening: %q", got)
	}
	if st, _ := os.Stat(path); st.Mode().Perm() != 0o640 {
		t.Errorf("mode %v", st.Mode())
	}
}

func TestSplit(t *testing.T) {
	got := logline.Split("(id) ", "(!)", strings.Repeat("x", 100), 50)
	want := []string{
		"(id) (!)" + strings.Repeat("x", 39) + "...",
		"(id) (!)..." + strings.Repeat("x", 36) + "...",
		"(id) (!)..." + strings.Repeat("x", 25),
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %q", got)
	}
	if got := logline.Split(strings.Repeat("i", 80), "", "text", 10); len(got) != 1 {
		t.Errorf("a long id: %q", got)
	}
}

func TestSyslog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	listen := func() *net.UnixConn {
		c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	read := func(c *net.UnixConn) string {
		c.SetReadDeadline(time.Now().Add(2 * time.Second))
		buf := make([]byte, 2000)
		n, err := c.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		return string(buf[:n])
	}
	c := listen()
	l, err := logline.Open(logline.Config{Syslog: true, Ident: "amavis", Facility: "mail", PID: 7, Now: fixed, SyslogSocket: path, Level: 5, MaxLen: 60})
	if err != nil {
		t.Fatal(err)
	}
	l.Log(0, "i", strings.Repeat("y", 70), nil)
	for _, want := range []string{"<21>Nov  2 18:04:05 amavis[7]: (i) " + strings.Repeat("y", 53) + "...", "<21>Nov  2 18:04:05 amavis[7]: (i) ..." + strings.Repeat("y", 17)} {
		if got := read(c); got != want {
			t.Errorf("got %q", got)
		}
	}
	l.Log(5, "i", "debug", &logline.Settings{Level: 5, Ident: "other", Facility: "local3"})
	if got := read(c); got != "<159>Nov  2 18:04:05 other[7]: (i) debug" {
		t.Errorf("got %q", got)
	}
	c.Close()
	os.Remove(path)
	c = listen() // the daemon was restarted
	l.Log(-2, "", "again", nil)
	if got := read(c); got != "<19>Nov  2 18:04:05 amavis[7]: (!!)again" {
		t.Errorf("got %q", got)
	}
	start := time.Now() // nobody reads: the socket fills up
	for range 5000 {
		l.Log(0, "", strings.Repeat("z", 40), nil)
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("a stuck syslog took %v", took)
	}
	if l.Lost() == 0 {
		t.Error("no line was lost")
	}
	c.Close()
	if _, err := logline.Open(logline.Config{Syslog: true, Facility: "nosuch"}); err == nil {
		t.Error("an unknown facility was taken")
	}
}
