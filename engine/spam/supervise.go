package spam

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"mavis/engine/mail"
)

// maxBackoff is the longest pause before another start; a spamd that lived that long counts as sound.
const maxBackoff = time.Minute

// supervise runs spamd until ctx ends. It keeps its thread: the kernel ends spamd when the thread that started it ends.
func (s *Spamd) supervise(ctx context.Context, first chan<- error) {
	runtime.LockOSThread()
	defer close(s.done)
	started := false
	pause := time.Duration(0)
	for {
		began := time.Now()
		err := s.run(ctx, func() {
			if !started {
				started = true
				first <- nil
			}
		})
		if ctx.Err() != nil {
			return
		}
		if !started { // a start that fails is for the caller to judge
			first <- err
			return
		}
		if time.Since(began) > maxBackoff {
			pause = 0
		}
		s.opt.Log.printf(-1, "spamd ended: %v; starting it again in %v", err, pause)
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		pause = min(max(2*pause, s.opt.Backoff), maxBackoff)
	}
}

// run starts spamd once and returns when it has ended, and all of its children with it.
func (s *Spamd) run(ctx context.Context, ready func()) error {
	if err := os.Remove(s.socket()); err != nil && !os.IsNotExist(err) {
		return err
	}
	out, in, err := os.Pipe()
	if err != nil {
		return err
	}
	defer out.Close()
	cmd := s.command()
	cmd.Stdout, cmd.Stderr = in, in
	err = cmd.Start()
	in.Close()
	if err != nil {
		return err
	}
	last := make(chan string, 1)
	go func() { last <- s.read(out) }()
	s.mu.Lock()
	s.process = cmd.Process
	s.starts++
	s.mu.Unlock()
	exited := make(chan struct{})
	go func() {
		err = cmd.Wait()
		close(exited)
	}()
	trouble := s.await(ctx, exited)
	if trouble == nil {
		s.mu.Lock()
		close(s.ready)
		s.mu.Unlock()
		ready()
		select {
		case <-ctx.Done():
		case <-exited:
		}
		s.mu.Lock()
		s.ready = make(chan struct{})
		s.mu.Unlock()
	}
	s.end(cmd.Process, exited)
	s.mu.Lock()
	s.process = nil
	s.mu.Unlock()
	said := ""
	select {
	case said = <-last:
	case <-time.After(5 * time.Second): // somebody outside its group holds the pipe
		out.Close()
		said = <-last
	}
	if trouble == nil {
		trouble = err
	}
	if trouble == nil {
		trouble = errors.New("without a reason")
	}
	if said != "" {
		return fmt.Errorf("%w; it said last: %s", trouble, said)
	}
	return trouble
}

// end stops spamd and what is left of its children.
func (s *Spamd) end(p *os.Process, exited <-chan struct{}) {
	p.Signal(syscall.SIGTERM)
	select {
	case <-exited:
	case <-time.After(5 * time.Second):
	}
	syscall.Kill(-p.Pid, syscall.SIGKILL)
	<-exited
}

func (s *Spamd) command() *exec.Cmd {
	o := s.opt
	n := strconv.Itoa(o.Children)
	args := []string{"--nouser-config", "--socketpath=" + s.socket(), "--socketmode=0600", "--syslog=stderr", "--log-timestamp-fmt=",
		"--max-children=" + n, "--min-children=" + strconv.Itoa(min(o.Children, 2)), "--max-spare=" + n,
		"--timeout-child=" + strconv.Itoa(int((o.Timeout+time.Second-1)/time.Second)),
		"--pre=loadplugin Mavis::Scan " + s.plugin()}
	if o.Local {
		args = append(args, "--local")
	}
	if o.Home != "" {
		args = append(args, "--helper-home-dir="+o.Home)
	}
	if o.ConfigPath != "" {
		args = append(args, "--configpath="+o.ConfigPath)
	}
	if o.SiteConfigPath != "" {
		args = append(args, "--siteconfigpath="+o.SiteConfigPath)
	}
	switch {
	case o.Debug == "" || o.Debug == "0":
	case letters.MatchString(o.Debug):
		args = append(args, "--debug="+o.Debug)
	default:
		args = append(args, "--debug=all")
	}
	cmd := exec.Command(o.Program, args...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "MAVIS_SCAN_KEY="+s.key, "TMPDIR="+s.dir)
	if o.Home != "" {
		cmd.Env = append(cmd.Env, "HOME="+o.Home, "MAVIS_SCAN_HOME="+o.Home)
	}
	if len(o.Path) > 0 {
		cmd.Env = append(cmd.Env, "PATH="+strings.Join(o.Path, ":"))
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if os.Geteuid() == 0 {
		cmd.SysProcAttr.Credential = o.Credential
	}
	return cmd
}

var letters = regexp.MustCompile(`[A-Za-z_,-]`)

// await asks spamd until it answers, and has it scan a trial message: then rules and plugin are known to be in place.
func (s *Spamd) await(ctx context.Context, exited <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(ctx, s.opt.StartTimeout)
	defer cancel()
	for {
		_, err := ask(ctx, s.dial, "PING", nil)
		if err == nil {
			break
		}
		select {
		case <-exited:
			return errors.New("it ended while starting")
		case <-ctx.Done():
			return fmt.Errorf("it was not ready in time: %w", err)
		case <-time.After(30 * time.Millisecond):
		}
	}
	trial := bytes.NewReader([]byte("Subject: trial\r\n\r\nA message to warm up with.\r\n"))
	head := s.attributes([][2]string{{"trial", "1"}, {"originating", "0"}, {"return_path", "<>"}, {"body_size", strconv.Itoa(trial.Len())}})
	a, err := ask(ctx, s.dial, "REPORT", &content{prefix: head, body: mail.Body(trial), mail: trial.Size() - 3, limit: -1})
	if err == nil {
		_, err = fields(a.body)
	}
	if err != nil {
		return fmt.Errorf("the trial message: %w", err)
	}
	return nil
}

// attributes is the field that tells the plugin about a message.
func (s *Spamd) attributes(list [][2]string) string {
	var b strings.Builder
	b.WriteString("X-Mavis-Scan-" + s.key + ":")
	for _, a := range list {
		b.WriteString(" " + a[0] + "=" + encoded(a[1]))
	}
	return b.String() + "\n"
}

// encoded is a value without blanks, controls, commas and per cent signs.
func encoded(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == '%' || c == ',' {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// fields reads what the plugin answers.
func fields(body []byte) (map[string]string, error) {
	text, ok := strings.CutPrefix(string(body), "MAVIS 1\n")
	if text, ok = cutSuffix(text, "END\n", ok); !ok {
		return nil, errors.New("spamd broke off the check of a message")
	}
	out := map[string]string{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		b, err := base64.StdEncoding.DecodeString(value)
		if err != nil {
			return nil, fmt.Errorf("spamd answers with a field %q: %w", name, err)
		}
		out[name] = string(b)
	}
	return out, nil
}

func cutSuffix(s, suffix string, ok bool) (string, bool) {
	t, found := strings.CutSuffix(s, suffix)
	return t, found && ok
}

// read passes on what spamd logs, until it has closed the pipe, and gives the last line that is no mere information.
func (s *Spamd) read(out io.Reader) string {
	last := ""
	r := bufio.NewReaderSize(out, 4<<10)
	for {
		raw, prefix, err := r.ReadLine()
		if err != nil {
			return last
		}
		line := string(raw)
		for prefix && err == nil { // the rest of a long line is dropped
			_, prefix, err = r.ReadLine()
		}
		m := logged.FindStringSubmatch(line)
		switch {
		case m == nil || m[1] == "error":
			last = line
			s.opt.Log.printf(-1, "spamd: %s", line)
		case m[1] == "warn":
			last = m[2]
			s.opt.Log.printf(1, "SA warn: %s", m[2])
		case m[1] == "info":
			s.opt.Log.printf(4, "SA info: %s", m[2])
		default:
			s.opt.Log.printf(5, "SA dbg: %s", m[2])
		}
	}
}

var logged = regexp.MustCompile(`^\s*\[[0-9]+\] (error|warn|info|dbg): (.*)$`)
