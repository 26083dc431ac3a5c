package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mavis/testdata/peer"
	"mavis/testdata/postfix"
)

// relay is the whole of it: Postfix before and behind the daemon, and clamd beside it.
type relay struct {
	*site
	mta      *postfix.MTA
	in, lmtp int // ports of Postfix: mail goes through the filter over SMTP, or LMTP
	scanner  *clamd
}

func newRelay(t *testing.T) *relay {
	t.Helper()
	peer.Root(t)
	peer.Need(t, "postfix")
	peer.Need(t, "file")
	s := newSite(t)
	r := &relay{site: s, scanner: newClamd(s)}
	r.scanner.start()
	s.start()
	r.in, r.lmtp = freePort(t), freePort(t)
	r.mta = postfix.Start(t, postfix.Options{Dir: s.dir + "/postfix", UID: s.uid, GID: s.gid, In: r.in, LMTP: r.lmtp, Filter: s.port, Back: s.hop})
	return r
}

// take hands Postfix a mail, which it must accept.
func (r *relay) take(l letter) {
	r.t.Helper()
	if got, err := post(fmt.Sprintf("127.0.0.1:%d", r.in), l); err != nil || !strings.HasPrefix(got, "250") {
		r.t.Fatalf("Postfix answers %q, %v", got, err)
	}
}

// idle waits until Postfix has nothing more to do.
func (r *relay) idle() {
	r.t.Helper()
	r.await("the queue is empty", func() bool { return len(r.mta.Queue()) == 0 })
}

func TestPostfix(t *testing.T) {
	t.Parallel()
	r := newRelay(t)
	for _, part := range []struct {
		name string
		test func(*testing.T, *relay)
	}{
		{"clean mail arrives byte for byte", cleanArrives},
		{"viruses and banned mail go to quarantine", badIsHeld},
		{"envelopes survive", envelopeSurvives},
		{"over LMTP each recipient has a fate of its own", fatesDiffer},
		{"without a scanner mail waits in the queue", mailWaits},
		{"clamscan stands in for clamd", backupDecides},
	} {
		if !t.Run(part.name, func(t *testing.T) { part.test(t, r) }) {
			break
		}
	}
	r.stop()
}

func cleanArrives(t *testing.T, r *relay) {
	for i, body := range []string{
		"hello\r\n",
		"",
		".\r\n..\r\n.dots\r\n\r\n \t\r\nFrom here on\r\ntrailing blanks  \t \r\n\r\n\r\n",
		"\xe9\xff\xfe Latin-1 and UTF-8 \xc3\xa9, \x01 control \x7f\r\n" + strings.Repeat("x", 990) + "\r\n",
		strings.Repeat("0123456789 all work and no play makes a dull mail\r\n", 60_000),
	} {
		subject := fmt.Sprintf("clean %d", i)
		data := "X-Folded: one\r\n\ttwo\r\n   three\r\nx-CaSe:kept\r\n" + note(subject, body)
		l := bob(data)
		l.fromParams = " BODY=8BITMIME"
		r.take(l)
		want := strings.ReplaceAll(data, "\r\n", "\n")
		got := r.mta.Delivered("Subject: " + subject)
		head, whole := strings.CutSuffix(got, want)
		if !whole {
			t.Errorf("%s changed on its way: %.2000q", subject, got)
			continue
		}
		for _, field := range []string{"X-Virus-Scanned: ", "Received: from mx.domain.be ([127.0.0.1])\n by localhost (domain.be [127.0.0.1]) (amavis, port"} {
			if !strings.Contains("\n"+head, "\n"+field) {
				t.Errorf("%s: no %q on top of it:\n%s", subject, field, head)
			}
		}
		if n := strings.Count("\n"+head, "\nReceived: "); n != 3 {
			t.Errorf("%s: %d Received fields, want 3:\n%s", subject, n, head)
		}
	}
}

func badIsHeld(t *testing.T, r *relay) {
	for i, c := range []struct{ sample, subject, says string }{
		{"EICAR attached", "virus", "Blocked INFECTED (Eicar-Test-Signature"},
		{"EICAR in a zip in a zip", "virus in zips", "Blocked INFECTED (Eicar-Test-Signature"},
		{"setup.exe", "program", "Blocked BANNED (application/octet-stream,"},
	} {
		data := attachment(c.sample)
		l := bob(data)
		l.to = append(l.to, "carol@domain.be")
		r.take(l)
		mark := "\nSubject: " + c.subject + "\n"
		r.await(c.sample+" is in quarantine", func() bool { return len(r.quarantined(mark)) > 0 })
		r.idle()
		held := r.quarantined(mark)
		if len(held) != 1 || !strings.HasSuffix(held[0], strings.ReplaceAll(data, "\r\n", "\n")) {
			t.Errorf("%s: in quarantine %d times, or changed", c.sample, len(held))
			continue
		}
		for _, field := range []string{"X-Envelope-From: <alice@sender.test>", "X-Envelope-To: <bob@domain.be>, <carol@domain.be>", "X-Quarantine-ID: <"} {
			if !strings.Contains("\n"+held[0], "\n"+field) {
				t.Errorf("%s: no field %q in quarantine:\n%.800s", c.sample, field, held[0])
			}
		}
		if n := len(r.mta.Arrived(mark)); n != 0 {
			t.Errorf("%s was delivered", c.sample)
		}
		if n := len(r.mta.Arrived("\nDelivered-To: admin@domain.be\n")); n != i+1 {
			t.Errorf("%s: %d notices for the administrator so far, want %d", c.sample, n, i+1)
		}
		if !strings.Contains(r.logged(), c.says) {
			t.Errorf("%s: the log does not say %q", c.sample, c.says)
		}
	}
}

func envelopeSurvives(t *testing.T, r *relay) {
	r.take(letter{xforward: "NAME=mx.sender.test ADDR=192.0.2.25 PORT=40000 PROTO=ESMTP HELO=helo.sender.test",
		from: `"alice @ home"@sender.test`, fromParams: " RET=HDRS ENVID=QQ+2B314",
		to: []string{`"bob smith"@domain.be`}, toParams: " NOTIFY=SUCCESS ORCPT=rfc822;robert+2Bx@old.test",
		data: note("an odd envelope", "x\r\n")})
	got := r.mta.Delivered("Delivered-To: \"bob smith\"@domain.be")
	if !strings.Contains(got, "Return-Path: <\"alice @ home\"@sender.test>\n") {
		t.Errorf("sender changed:\n%s", got)
	}
	// Only Postfix behind the filter may report success: had the filter dropped the parameters, Postfix before it would
	// report that the mail was relayed.
	report := r.mta.Delivered("multipart/report; report-type=delivery-status")
	for _, want := range []string{"Original-Envelope-Id: QQ+314\n", "Original-Recipient: rfc822;robert+x@old.test\n", "Action: delivered\n",
		"Content-Type: text/rfc822-headers\n"} {
		if !strings.Contains(report, want) {
			t.Errorf("no %q in the report:\n%s", want, report)
		}
	}
	line := ""
	for l := range strings.Lines(r.logged()) {
		if strings.Contains(l, "an-odd-envelope@sender.test") {
			line = l
		}
	}
	for _, want := range []string{"Passed CLEAN {RelayedInbound}", "[192.0.2.25]:40000", `<"alice @ home"@sender.test> -> <"bob smith"@domain.be>`} {
		if !strings.Contains(line, want) {
			t.Errorf("no %q in the log: %s", want, line)
		}
	}
}

// Mail to the outside is not scanned, as the seed's configuration has it; what carol gets is.
func fatesDiffer(t *testing.T, r *relay) {
	data := strings.Replace(attachment("EICAR attached"), "Subject: virus", "Subject: two fates", 1)
	reply, err := post(fmt.Sprintf("127.0.0.1:%d", r.lmtp), letter{xforward: "NAME=mx.sender.test ADDR=192.0.2.26", from: "alice@sender.test",
		to: []string{"carol@domain.be", "carl@elsewhere.test"}, data: data})
	if err != nil || !strings.HasPrefix(reply, "250") {
		t.Fatal(reply, err)
	}
	got := r.mta.Delivered("\nSubject: two fates\n")
	r.idle()
	if !strings.Contains(got, "\nDelivered-To: carl@elsewhere.test\n") || len(r.mta.Arrived("\nSubject: two fates\n")) != 1 {
		t.Errorf("carl alone was to get it:\n%.1000s", got)
	}
	held := r.quarantined("\nSubject: two fates\n")
	if len(held) != 1 || !strings.Contains(held[0], "\nX-Envelope-To-Blocked: <carol@domain.be>\n") {
		t.Errorf("%d in quarantine:\n%.1000s", len(held), strings.Join(held, ""))
	}
	log, err := os.ReadFile(r.dir + "/postfix/log")
	must(t, err)
	for to, answer := range map[string]string{"carol@domain.be": "250 2.7.0 Ok, discarded, id=", "carl@elsewhere.test": "250 2.0.0 from MTA(smtp:[127.0.0.1]:"} {
		found := false
		for line := range strings.Lines(string(log)) {
			found = found || strings.Contains(line, "/lmtp[") && strings.Contains(line, "to=<"+to+">") && strings.Contains(line, answer)
		}
		if !found {
			t.Errorf("Postfix did not hear %q about %s", answer, to)
		}
	}
}

func mailWaits(t *testing.T, r *relay) {
	r.scanner.stop()
	r.take(bob(note("patience", "x\r\n")))
	r.take(bob(strings.Replace(attachment("EICAR attached"), "Subject: virus", "Subject: late virus", 1)))
	r.await("both mails are deferred", func() bool {
		n := 0
		for _, q := range r.mta.Queue() {
			if q.Name == "deferred" && len(q.Recipients) == 1 && strings.Contains(q.Recipients[0].Delay, "451 4.5.0") {
				n++
			}
		}
		return n == 2
	})
	if n := len(r.mta.Arrived("Subject: patience")) + len(r.mta.Arrived("Subject: late virus")); n > 0 {
		t.Fatal("a mail was delivered unchecked")
	}
	r.scanner.start()
	r.mta.Flush()
	r.mta.Delivered("Subject: patience")
	r.idle()
	r.mta.Delivered("Subject: patience") // still once
	if len(r.mta.Arrived("Subject: late virus")) != 0 || len(r.quarantined("\nSubject: late virus\n")) != 1 {
		t.Error("the virus that had to wait was delivered, or is not in quarantine")
	}
}

func backupDecides(t *testing.T, r *relay) {
	r.scanner.stop()
	scan := peer.Need(t, "clamscan")
	must(t, os.Symlink(scan, r.bin+"/clamscan"))
	r.take(bob(note("seen by clamscan", "x\r\n")))
	r.take(bob(strings.Replace(attachment("EICAR attached"), "Subject: virus", "Subject: caught by clamscan", 1)))
	r.mta.Delivered("Subject: seen by clamscan")
	r.await("clamscan finds the virus", func() bool { return len(r.quarantined("\nSubject: caught by clamscan\n")) == 1 })
	r.idle()
	if len(r.mta.Arrived("Subject: caught by clamscan")) != 0 {
		t.Error("the virus was delivered")
	}
	must(t, os.Remove(r.bin+"/clamscan"))
	r.scanner.start()
}

// A daemon that is killed in the middle of its work loses nothing: what it has not answered for is still in Postfix's queue.
func TestPostfixLosesNothing(t *testing.T) {
	t.Parallel()
	r := newRelay(t)
	const n = 50
	var wg sync.WaitGroup
	for worker := range 5 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := worker; i < n; i += 5 {
				if reply, err := post(fmt.Sprintf("127.0.0.1:%d", r.in), bob(note(fmt.Sprintf("number %02d.", i), "x\r\n"))); err != nil || !strings.HasPrefix(reply, "250") {
					t.Errorf("%d: %q %v", i, reply, err)
				}
			}
		}()
	}
	for _, after := range []int{5, 25} {
		r.await(fmt.Sprintf("%d mails have arrived", after), func() bool { return len(r.mta.Arrived("Subject: number ")) >= after })
		must(t, syscall.Kill(-r.cmd.Process.Pid, syscall.SIGKILL))
		<-r.ended
		time.Sleep(200 * time.Millisecond) // Postfix meets a closed port
		r.site.start()
		r.mta.Flush()
	}
	wg.Wait()
	r.mta.Flush()
	r.idle()
	twice := 0
	for i := range n {
		switch got := len(r.mta.Arrived(fmt.Sprintf("Subject: number %02d.", i))); got {
		case 0:
			t.Errorf("mail %d is lost", i)
		case 1:
		default:
			twice += got - 1
		}
	}
	// Killed between the next hop's 250 and our own, a mail is sent again: RFC 5321 section 4.1.1.4 prefers that to a loss.
	if twice > 2*5 {
		t.Errorf("%d copies too many", twice)
	}
	t.Logf("%d mails, none lost, %d copies too many", n, twice)
	r.stop()
	if out, err := exec.Command("pgrep", "-g", fmt.Sprint(r.cmd.Process.Pid)).Output(); err == nil {
		t.Errorf("processes of the daemon are left: %s", out)
	}
}
