package queuefile

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mavis/testdata/peer"
	"mavis/testdata/postfix"
)

var update = flag.Bool("update", false, "keep the queue files of the live test in testdata")

// queuedMails are sent to a Postfix whose filter is not there, so that they stay in its queue.
var queuedMails = []struct {
	name, from, xforward string
	to                   []string
	text                 string
}{
	{"plain", "<alice@sender.test>", "", []string{"<bob@example.com>"}, "Subject: plain\r\n\r\nHello\r\n"},
	{"null-sender", "<>", "", []string{"<bob@example.com>"}, "Subject: bounce\r\n\r\nHello\r\n"},
	{"dsn", "<alice@sender.test> RET=HDRS ENVID=abc", "", []string{"<bob@example.com> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;rob@example.com", "<carol@example.com> NOTIFY=NEVER"},
		"Subject: dsn\r\n\r\nHello\r\n"},
	{"client", "<\"odd alice\"@sender.test> BODY=8BITMIME", "XFORWARD ADDR=192.0.2.25 NAME=mx.sender.test PORT=40000 PROTO=ESMTP HELO=mx.sender.test",
		[]string{"<\"odd bob\"@example.com>"}, "Subject: 8bit\r\n\r\nGr\xc3\xbc\xc3\x9fe\r\n"},
	{"long", "<alice@sender.test>", "", []string{"<bob@example.com>"}, "Subject: long\r\n\r\n" + strings.Repeat("x", 5000) + "\r\n\r\n.\r\nend\r\n"},
	{"many", "<alice@sender.test>", "", manyRecipients(150), "Subject: many\r\n\r\n" + strings.Repeat("line\r\n", 3000)},
}

func manyRecipients(n int) (out []string) {
	for i := range n {
		out = append(out, fmt.Sprintf("<user%d@example.com>", i))
	}
	return out
}

// TestLive reads what a real Postfix has in its queue, and holds it against postcat.
func TestLive(t *testing.T) {
	peer.Need(t, "postconf")
	postcat := peer.Need(t, "postcat")
	peer.Root(t)
	dir, err := os.MkdirTemp("", "mavis-queue-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	port := freePorts(t, 4)
	postfix.Start(t, postfix.Options{Dir: dir, In: port[0], LMTP: port[1], Filter: port[2], Back: port[3]})
	for _, m := range queuedMails {
		send(t, port[0], m.from, m.xforward, m.to, m.text)
	}
	files := waitFor(t, dir+"/queue", len(queuedMails))
	seen := map[string]bool{}
	for _, file := range files {
		got := read(t, file)
		subject := ""
		for _, m := range queuedMails {
			if strings.Contains(got.text, strings.SplitN(m.text, "\r\n", 2)[0]+"\n") {
				subject = m.name
			}
		}
		seen[subject] = true
		if want := output(t, postcat, "-c", dir+"/etc", "-hb", file); got.text != want {
			t.Errorf("%s: the content differs from postcat's:\n%.300q\n%.300q", subject, got.text, want)
		}
		var lines []string
		for line := range strings.Lines(output(t, postcat, "-c", dir+"/etc", "-e", file)) {
			key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
			switch key {
			case "sender", "recipient", "original_recipient":
				lines = append(lines, key+": "+value)
			case "named_attribute":
				name, v, _ := strings.Cut(value, "=")
				if !slices.Contains([]string{"dsn_orig_rcpt", "notify_flags", "envelope_id", "ret_flags"}, name) && got.mail.Attrs[name] != v {
					t.Errorf("%s: attribute %s is %q, and postcat says %q", subject, name, got.mail.Attrs[name], v)
				}
			}
		}
		want := []string{"sender: " + got.mail.Sender}
		for _, r := range got.mail.Recipients {
			if r.Original != "" {
				want = append(want, "original_recipient: "+r.Original)
			}
			want = append(want, "recipient: "+r.Addr)
		}
		if !slices.Equal(lines, want) {
			t.Errorf("%s: envelope\n%q\nand postcat's\n%q", subject, want, lines)
		}
		if *update {
			raw, err := os.ReadFile(file)
			if err == nil {
				err = os.WriteFile("testdata/"+subject+".queue", raw, 0o644)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(seen) != len(queuedMails) {
		t.Errorf("found %v", seen)
	}
}

func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).Output()
	if err != nil {
		t.Fatalf("%s %q: %v", name, args, err)
	}
	return string(out)
}

type readMail struct {
	mail *Mail
	text string
}

func read(t *testing.T, file string) readMail {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	top := make([]byte, 64)
	if n, _ := f.ReadAt(top, 0); !Is(top[:n]) {
		t.Errorf("%s does not look like a queue file", file)
	}
	m, err := Read(f, st.Size())
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	text, err := io.ReadAll(m.Content())
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return readMail{m, string(text)}
}

// waitFor gives the files in the queue that wait for another try.
func waitFor(t *testing.T, queue string, n int) []string {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		files, err := filepath.Glob(queue + "/deferred/*/*")
		if err != nil {
			t.Fatal(err)
		}
		if len(files) == n {
			return files
		}
	}
	t.Fatal("the mails do not come into the queue")
	return nil
}

func send(t *testing.T, port int, from, xforward string, to []string, text string) {
	t.Helper()
	c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	in := bufio.NewReader(c)
	say := func(line string) {
		t.Helper()
		if line != "" {
			fmt.Fprint(c, line+"\r\n")
		}
		for {
			got, err := in.ReadString('\n')
			if err != nil || got[0] != '2' && got[0] != '3' {
				t.Fatalf("%.60s: %q %v", line, got, err)
			}
			if got[3] == ' ' {
				return
			}
		}
	}
	say("")
	say("EHLO client.test")
	if xforward != "" {
		say(xforward)
	}
	say("MAIL FROM:" + from)
	for _, r := range to {
		say("RCPT TO:" + r)
	}
	say("DATA")
	say(strings.ReplaceAll(text, "\r\n.", "\r\n..") + ".")
	say("QUIT")
}

func freePorts(t *testing.T, n int) (out []int) {
	t.Helper()
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		out = append(out, l.Addr().(*net.TCPAddr).Port)
	}
	return out
}
