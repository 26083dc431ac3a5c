package daemon_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"mavis/compat/daemon"
	"mavis/compat/logline"
)

// site is a daemon of ours under the configuration of a set, with its next hop.
type site struct {
	base   string
	ports  map[string]string
	hop    *recorder
	logged int64
}

func startSite(t *testing.T, dir, set string) *site {
	t.Helper()
	return startSiteAt(t, dir, set, 0)
}

func startSiteAt(t *testing.T, dir, set string, logLevel int) *site {
	t.Helper()
	return startSiteLogging(t, dir, set, func(base string) logline.Config {
		return logline.Config{File: filepath.Join(base, "amavis.log"), Level: logLevel, Program: "amavisd", PID: 12345}
	})
}

// startSiteLogging starts a site whose log goes where config says; config hears of the site's folder.
func startSiteLogging(t *testing.T, dir, set string, config func(base string) logline.Config) *site {
	t.Helper()
	s := &site{base: t.TempDir(), hop: startRecorder(t)}
	s.ports = map[string]string{"PORT": freePort(t), "PORT2": freePort(t), "SINK": s.hop.port()}
	for _, sub := range []string{"tmp", "db", "quarantine", "etc"} {
		if err := os.Mkdir(filepath.Join(s.base, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	fill := []string{"@BASE@", s.base}
	for name, port := range s.ports {
		fill = append(fill, "@"+name+"@", port)
	}
	var files []string
	for i, from := range []string{filepath.Join(dir, "common.conf"), filepath.Join(dir, set, "amavisd.conf")} {
		text, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, filepath.Join(s.base, "etc", fmt.Sprintf("%d.conf", i)))
		if err := os.WriteFile(files[i], []byte(strings.NewReplacer(fill...).Replace(string(text))), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cfg, bag, err := daemon.Load(daemon.Source{Files: files, TrustWritable: true})
	if err != nil {
		t.Fatalf("%v: %v", err, bag.All)
	}
	logging := config(s.base)
	logging.Hostname = cfg.Identity.Hostname
	log, err := logline.Open(logging)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	d, err := daemon.New(daemon.Options{Config: cfg, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := d.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	if err := d.Listen(cfg.Listeners); err != nil {
		t.Fatal(err)
	}
	return s
}

// freePort finds a port that nobody listens on. The configuration must name it before the daemon opens it.
func freePort(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// play sends a case and looks at everything that came of it.
func (s *site) play(t *testing.T, c goldenCase, n *normaliser) outcome {
	t.Helper()
	quarantine := filepath.Join(s.base, "quarantine")
	for name := range filesBelow(t, quarantine) {
		if err := os.Remove(filepath.Join(quarantine, name)); err != nil {
			t.Fatal(err)
		}
	}
	s.hop.take()
	port := s.ports["PORT"]
	if c.Second {
		port = s.ports["PORT2"]
	}
	replies, err := c.send(port)
	if err != nil {
		replies = append(replies, "connection lost")
	}
	got := seen{replies: replies, log: s.logLines(t), mails: s.hop.take()}
	for name, info := range filesBelow(t, quarantine) {
		data, err := os.ReadFile(filepath.Join(quarantine, name))
		if err == nil && strings.HasSuffix(name, ".gz") {
			data, err = inflated(data)
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got.files = append(got.files, heldFile{name, fmt.Sprintf("%04o", info.Mode().Perm()), runesOf(data)})
	}
	return got.outcome(c, n, s.base, s.ports)
}

func inflated(data []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

func filesBelow(t *testing.T, dir string) map[string]fs.FileInfo {
	t.Helper()
	out := map[string]fs.FileInfo{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		out[name], err = d.Info()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// logHead is what stands before the text of a line that a task wrote.
var logHead = regexp.MustCompile(`^.*?\]: \([0-9]+-[0-9]+(?:-[0-9]+)?\) `)

// logLines are the new lines about mail; all other lines are worded anew.
func (s *site) logLines(t *testing.T) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(s.base, "amavis.log"))
	if err != nil {
		t.Fatal(err)
	}
	fresh := data[s.logged:]
	s.logged = int64(len(data))
	out := []string{}
	for line := range strings.Lines(runesOf(fresh)) {
		line = strings.TrimSuffix(line, "\n")
		head := logHead.FindString(line)
		text := line[len(head):]
		for _, begin := range []string{"Passed ", "Blocked ", "GOLD ", "..."} {
			if head != "" && strings.HasPrefix(text, begin) {
				out = append(out, text)
			}
		}
	}
	return out
}

// send plays the client. It gives the replies as the recordings have them: the verb, and the lines of the reply.
func (c goldenCase) send(port string) (said []string, err error) {
	conn, err := net.DialTimeout("tcp", "127.0.0.1:"+port, 10*time.Second)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return nil, err
	}
	in := bufio.NewReader(conn)
	reply := func(verb string) byte {
		var lines []string
		for err == nil && (len(lines) == 0 || len(lines[len(lines)-1]) > 3 && lines[len(lines)-1][3] == '-') {
			var line []byte
			if line, err = in.ReadBytes('\n'); err == nil {
				lines = append(lines, strings.TrimRight(runesOf(line), "\r\n"))
			}
		}
		if err != nil {
			return 0
		}
		said = append(said, verb+": "+strings.Join(lines, " | "))
		return lines[len(lines)-1][0]
	}
	command := func(words ...string) byte {
		line := strings.TrimSuffix(strings.Join(words, " "), " ")
		if err == nil {
			_, err = conn.Write([]byte(line + "\r\n"))
		}
		verb, _, _ := strings.Cut(line, " ")
		return reply(verb)
	}
	reply("connect")
	if len(c.Script) > 0 {
		c.follow(conn, reply)
		return said, err
	}
	if c.LMTP {
		command("LHLO", "client.test")
	} else {
		command("EHLO", "client.test")
	}
	if !c.Greeting {
		said = said[:0]
	}
	if c.XForward != "" {
		command("XFORWARD", c.XForward)
	}
	if command("MAIL", "FROM:<"+c.From+">", c.MailParams) == '2' {
		taken := 0
		for i, to := range c.To {
			params := ""
			if i < len(c.RcptParams) {
				params = c.RcptParams[i]
			}
			if command("RCPT", "TO:<"+to+">", params) == '2' {
				taken++
			}
		}
		if taken > 0 && command("DATA") == '3' {
			if _, err = conn.Write(stuffed(c.Mail)); err != nil {
				return said, err
			}
			for reply("end"); c.LMTP && taken > 1; taken-- {
				reply("end")
			}
		}
	}
	command("QUIT")
	if err == nil && !c.Greeting {
		said = said[:len(said)-1]
	}
	return said, err
}

// follow plays the commands of a script: a lone dot is the mail, lines of one entry go out at once.
func (c goldenCase) follow(conn net.Conn, reply func(string) byte) {
	for _, entry := range c.Script {
		verbs, text := []string{"end"}, stuffed(c.Mail)
		if entry != "." {
			verbs, text = strings.Split(entry, "\n"), []byte(strings.ReplaceAll(entry, "\n", "\r\n")+"\r\n")
		}
		if _, err := conn.Write(text); err != nil {
			return // the next reply, or its lack, shows it
		}
		for _, v := range verbs {
			v, _, _ = strings.Cut(v, " ")
			v, _, _ = strings.Cut(v, ":")
			reply(v)
		}
	}
}

// stuffed is a mail as it goes over the wire, with its end.
func stuffed(mail string) []byte {
	var out bytes.Buffer
	for line := range strings.Lines(mail) {
		if line[0] == '.' {
			out.WriteByte('.')
		}
		out.Write(bytesOf(strings.TrimSuffix(line, "\n")))
		out.WriteString("\r\n")
	}
	out.WriteString(".\r\n")
	return out.Bytes()
}
