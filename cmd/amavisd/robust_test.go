package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mavis/testdata/peer"
	"mavis/testdata/seed"
)

// filter is a site whose daemon runs, with a next hop and a stand-in for clamd.
func filter(t *testing.T, settings string) (*site, *hop) {
	t.Helper()
	s := newSite(t)
	standIn(t, s.clamd)
	s.write(settings)
	h := startHop(t, s.hop)
	s.start()
	return s, h
}

// expect sends a letter and wants a reply that begins so.
func (s *site) expect(want string, l letter) string {
	s.t.Helper()
	got, err := post(s.addr(), l)
	if err != nil || !strings.HasPrefix(got, want) {
		s.t.Fatalf("reply %q, error %v; want %s", got, err, want)
	}
	return got
}

func bob(data string) letter {
	return letter{from: "alice@sender.test", to: []string{"bob@domain.be"}, data: data}
}

func attachment(subject string) string {
	for _, m := range seed.Mails() {
		if m.Name == subject {
			return string(m.Data)
		}
	}
	panic("no such sample")
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	s, h := filter(t, "$max_servers = 8;")
	const n = 200
	kinds := []struct{ sample, want string }{{"clean", "250 2.0.0 from MTA"}, {"EICAR attached", "250 2.7.0 Ok, discarded"},
		{"setup.exe", "250 2.7.0 Ok, discarded"}, {"a program in a tar, allowed", "250 2.0.0 from MTA"}}
	var wg sync.WaitGroup
	for i := range n {
		wg.Add(1)
		go func() {
			defer wg.Done()
			k := kinds[i%len(kinds)]
			data := fmt.Sprintf("X-Number: %03d\r\n%s", i, attachment(k.sample))
			if r, err := post(s.addr(), bob(data)); err != nil || !strings.HasPrefix(r, k.want) {
				t.Errorf("%d, %s: %q %v", i, k.sample, r, err)
			}
		}()
	}
	wg.Wait()
	for i := range n {
		mark := fmt.Sprintf("X-Number: %03d\r\n", i)
		passes := strings.Contains(kinds[i%len(kinds)].want, "from MTA")
		if got := len(h.all(mark)); got > 1 || (got == 1) != passes {
			t.Errorf("%s: arrived %d times", mark[:13], got)
		}
		if held := len(s.quarantined(mark[:13])); held > 1 || (held == 1) == passes {
			t.Errorf("%s: %d times in quarantine", mark[:13], held)
		}
	}
	s.stop()
}

// What a client of bad manners sends must come out as one message, or as none.
func TestSmuggling(t *testing.T) {
	t.Parallel()
	s, h := filter(t, "")
	second := "MAIL FROM:<mallory@sender.test>\r\nRCPT TO:<bob@domain.be>\r\nDATA\r\n" + note("smuggled", "x\r\n")
	for _, end := range []string{"\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r.\r\n", "\r\n.\r", "\r\r\n.\r\r\n", "\n.\r", "\x00\r\n.\x00\r\n", "\r\n\x00.\r\n"} {
		mark := fmt.Sprintf("end %q", end)
		c, err := dial(s.addr())
		must(t, err)
		for _, line := range []string{"EHLO client.test\r\n", "MAIL FROM:<alice@sender.test>\r\n", "RCPT TO:<bob@domain.be>\r\n", "DATA\r\n"} {
			if _, err := c.do(line); err != nil {
				t.Fatal(err)
			}
		}
		_, err = io.WriteString(c.conn, note(mark, "before"+end+second+"\r\n.\r\nNOOP\r\n"))
		must(t, err)
		first, err := c.reply()
		if err != nil {
			t.Errorf("%s: %v", mark, err)
		}
		after, err := c.reply()
		if err != nil || !strings.HasPrefix(after, "250") && !strings.HasPrefix(after, "421") {
			t.Errorf("%s: after %q came %q, %v", mark, first, after, err)
		}
		c.conn.Close()
		if got := h.all("Subject: " + mark); len(got) > 1 || len(got) == 1 && got[0].from != "alice@sender.test" {
			t.Errorf("%s: arrived as %d messages", mark, len(got))
		}
		for _, p := range h.all("smuggled") {
			if p.from != "alice@sender.test" || !strings.Contains(p.data, "Subject: end ") {
				t.Errorf("%s: a message of its own was smuggled in from %s", mark, p.from)
			}
		}
	}
	s.stop()
}

func TestDisconnects(t *testing.T) {
	t.Parallel()
	s, h := filter(t, "@message_size_limit_maps = (300000);")
	big := strings.Repeat("all work and no play\r\n", 10000)
	for _, part := range []string{"", "Subject: torn\r\n", note("torn", "half a line"), note("torn", big), note("torn", "x\r\n.\r"), note("torn", "x\r\n.")} {
		c, err := dial(s.addr())
		must(t, err)
		for _, line := range []string{"EHLO client.test\r\n", "MAIL FROM:<alice@sender.test>\r\n", "RCPT TO:<bob@domain.be>\r\n", "DATA\r\n"} {
			if _, err := c.do(line); err != nil {
				t.Fatal(err)
			}
		}
		_, err = io.WriteString(c.conn, part)
		must(t, err)
		must(t, c.conn.Close())
	}
	s.expect("250 2.0.0", bob(note("whole", big)))
	if got := h.all("torn"); len(got) > 0 {
		t.Errorf("%d torn messages were delivered", len(got))
	}
	if got := h.all("whole"); len(got) != 1 || !strings.HasSuffix(got[0].data, big) {
		t.Errorf("the whole message arrived %d times, or changed", len(got))
	}
	s.expect("552", bob(note("too large", strings.Repeat(big, 2))))
	if got := h.all("too large"); len(got) > 0 {
		t.Error("a message over the limit was delivered")
	}
	s.stop()
}

func TestThousandRecipients(t *testing.T) {
	t.Parallel()
	s, h := filter(t, "$smtpd_recipient_limit = 1000;")
	var to []string
	for i := range 1000 {
		to = append(to, fmt.Sprintf("user%d@domain.be", i))
	}
	l := bob(note("to many", "x\r\n"))
	l.to = to
	s.expect("250 2.0.0", l)
	seen := map[string]int{}
	for _, p := range h.all("to many") {
		for _, r := range p.to {
			seen[r]++
		}
	}
	for _, r := range to {
		if seen[r] != 1 {
			t.Errorf("%s got %d copies", r, seen[r])
		}
	}
	l.to = append(to, "one.more@domain.be")
	s.expect("452", l)
	s.stop()
}

// A place that cannot take what must be written makes the sender keep the mail.
func TestNoRoom(t *testing.T) {
	t.Parallel()
	peer.Root(t)
	s := newSite(t)
	standIn(t, s.clamd)
	if err := syscall.Mount("tmpfs", s.temp, "tmpfs", 0, fmt.Sprintf("size=64k,uid=%d,gid=%d,mode=750", s.uid, s.gid)); err != nil {
		peer.Missing(t, "mounting a tmpfs: "+err.Error())
	}
	t.Cleanup(func() { must(t, syscall.Unmount(s.temp, syscall.MNT_DETACH)) })
	h := startHop(t, s.hop)
	s.start()
	s.expect("45", bob(note("no room", strings.Repeat("all work and no play\r\n", 200_000))))
	s.expect("45", bob(note("no room for parts", strings.Repeat("all work and no play\r\n", 10_000))))
	if got := len(h.all("no room")); got > 0 {
		t.Errorf("%d messages that could not be checked were delivered", got)
	}
	s.expect("250 2.0.0", bob(note("fits", "x\r\n")))
	if len(h.all("fits")) != 1 {
		t.Error("a message that fits did not arrive")
	}
	s.stop()
}

func TestNoQuarantine(t *testing.T) {
	t.Parallel()
	s, h := filter(t, "")
	virus := bob(attachment("EICAR attached"))
	must(t, os.RemoveAll(s.held))
	if os.Getuid() == 0 { // else the daemon may write what is not a folder, as a mailbox
		s.expect("451 4.5.0", virus)
		must(t, os.WriteFile(s.held, nil, 0o600))
		s.expect("451 4.5.0", virus)
		must(t, os.Remove(s.held))
	}
	must(t, os.Mkdir(s.held, 0o555))
	if os.Getuid() == 0 {
		s.expect("451 4.5.0", virus) // the folder is root's
		must(t, os.Chown(s.held, s.uid, s.gid))
	}
	s.expect("451 4.5.0", virus)
	must(t, os.Chmod(s.held, 0o755))
	s.expect("250 2.7.0", virus)
	if held := s.quarantined("X-Envelope-From: <alice@sender.test>"); len(held) != 1 {
		t.Errorf("%d files in quarantine, want 1", len(held))
	}
	if len(h.all("virus")) > 0 {
		t.Error("a virus was delivered")
	}
	s.stop()
}

// A next hop that is away, or refuses for now, makes the sender keep the mail; nothing waits in the daemon.
func TestNoNextHop(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	standIn(t, s.clamd)
	s.start()
	s.expect("451 4.5.0", bob(note("nobody there", "x\r\n")))
	h := startHop(t, s.hop)
	s.expect("250 2.0.0", bob(note("somebody there", "x\r\n")))
	if len(h.all("nobody there")) != 0 || len(h.all("somebody there")) != 1 {
		t.Error("what was deferred was delivered, or the other was not")
	}
	s.stop()
}

// Clients that say nothing, or too much, keep others out for $smtpd_timeout only, even where they take every place.
func TestStubbornClients(t *testing.T) {
	t.Parallel()
	s, h := filter(t, "$max_servers = 2; $smtpd_timeout = 2;")
	for range 2 {
		c, err := dial(s.addr())
		must(t, err)
		t.Cleanup(func() { c.conn.Close() })
	}
	begin := time.Now()
	s.expect("250 2.0.0", bob(note("patient", "x\r\n")))
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("the silent clients held up a mail for %v", took)
	}
	c, err := dial(s.addr())
	must(t, err)
	defer c.conn.Close()
	if _, err := io.WriteString(c.conn, strings.Repeat("A", 1<<20)+"\r\n"); err == nil {
		if r, err := c.reply(); err == nil && r[0] != '5' && r[0] != '4' {
			t.Errorf("a command of 1 MB got %q", r)
		}
	}
	if len(h.all("patient")) != 1 {
		t.Error("the mail did not arrive")
	}
	if left, err := filepath.Glob(s.temp + "/*/parts/*"); err != nil || len(left) > 0 {
		t.Errorf("left: %v %v", left, err)
	}
	s.stop()
}
