// Command bench measures two filters side by side: throughput, CPU time for each mail by program, and memory.
//
//	go run ./testdata/bench -cand 'bin/amavisd -c {conf} foreground' -ref '/usr/sbin/amavisd -c {conf} foreground'
//
// Both get the same configuration (-conf; @BASE@, @PORT@, @SINK@, @CLAMD@, @SERVERS@ in it are filled in) and take turns under the
// same load, so that a busy machine is busy for both. The next hop is a sink in this process. Mails are all the same text, or each
// its own (-mails different), since what a filter remembers of a text flatters the first kind. As root, with an account -user.
package main

import (
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

type options struct {
	ref, cand, conf, mails, base, clamd, user string
	rounds, messages, sessions, size, port    int
	servers                                   int
}

func main() {
	var o options
	flag.StringVar(&o.ref, "ref", "", "command of the filter to compare with; {conf} is its configuration; empty: none")
	flag.StringVar(&o.cand, "cand", "bin/amavisd -c {conf} foreground", "command of the filter that is measured")
	flag.StringVar(&o.conf, "conf", "testdata/bench/clamd.conf", "configuration of both")
	flag.StringVar(&o.mails, "mails", "different", "same, different, or a folder of mails that are sent in turn")
	flag.StringVar(&o.base, "base", "", "folder of all files; empty: a new temporary one")
	flag.StringVar(&o.clamd, "clamd", "/run/clamav/clamd.ctl", "socket of clamd")
	flag.StringVar(&o.user, "user", "amavis", "account of both")
	flag.IntVar(&o.rounds, "rounds", 3, "rounds")
	flag.IntVar(&o.messages, "messages", 600, "mails in one round")
	flag.IntVar(&o.sessions, "sessions", 4, "connections at a time")
	flag.IntVar(&o.size, "size", 4096, "bytes of a body")
	flag.IntVar(&o.port, "port", 11024, "first of the ports in use, about ten")
	flag.IntVar(&o.servers, "servers", 4, "$max_servers")
	flag.Parse()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(o options) error {
	if o.base == "" {
		dir, err := os.MkdirTemp("", "bench")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		o.base = dir
	}
	if err := os.MkdirAll(o.base, 0o755); err != nil {
		return err
	}
	if err := os.Chmod(o.base, 0o755); err != nil {
		return err
	}
	sink, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", o.port+9))
	if err != nil {
		return err
	}
	defer sink.Close()
	go serveSink(sink)
	mails, err := openMails(o.mails, o.size)
	if err != nil {
		return err
	}
	var all []*filter
	for i, c := range []struct{ name, command string }{{"reference", o.ref}, {"candidate", o.cand}} {
		if c.command == "" {
			continue
		}
		f, err := start(o, c.name, c.command, o.port+4*i)
		if err != nil {
			return err
		}
		defer f.stop()
		all = append(all, f)
	}
	for _, f := range all { // the first mails find everything cold
		if _, err := load(f.address, mails, 40, o.sessions); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		f.before = cpuTimes(f.cmd.Process.Pid)
	}
	for n := range o.rounds {
		fmt.Printf("round %d:", n+1)
		for _, f := range all {
			took, err := load(f.address, mails, o.messages, o.sessions)
			if err != nil {
				return fmt.Errorf("%s: %w", f.name, err)
			}
			f.rates = append(f.rates, float64(o.messages)/took.Seconds())
			fmt.Printf(" %s %.0f/s", f.name, f.rates[n])
		}
		fmt.Println()
	}
	for _, f := range all {
		f.report(o.rounds * o.messages)
	}
	if len(all) == 2 {
		var ratios []float64
		for i := range o.rounds {
			ratios = append(ratios, all[1].rates[i]/all[0].rates[i])
		}
		fmt.Printf("throughput ratio %.2f\n", median(ratios))
	}
	return nil
}

func median(x []float64) float64 {
	s := slices.Sorted(slices.Values(x))
	return s[len(s)/2]
}

// filter is a running one.
type filter struct {
	name, address string
	cmd           *exec.Cmd
	before        usage
	rates         []float64
}

func start(o options, name, command string, port int) (*filter, error) {
	base := filepath.Join(o.base, name)
	if err := os.RemoveAll(base); err != nil {
		return nil, err
	}
	who, err := user.Lookup(o.user)
	if err != nil {
		return nil, err
	}
	uid, _ := strconv.Atoi(who.Uid)
	gid, _ := strconv.Atoi(who.Gid)
	for _, d := range []string{"", "tmp", "db", "var", "quarantine"} {
		dir := filepath.Join(base, d)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, err
		}
		if err := os.Chown(dir, uid, gid); err != nil {
			return nil, err
		}
	}
	text, err := os.ReadFile(o.conf)
	if err != nil {
		return nil, err
	}
	conf := filepath.Join(o.base, name+".conf")
	fill := strings.NewReplacer("@BASE@", base, "@PORT@", strconv.Itoa(port), "@SINK@", strconv.Itoa(o.port+9), "@CLAMD@", o.clamd, "@SERVERS@", strconv.Itoa(o.servers))
	if err := os.WriteFile(conf, []byte(fill.Replace(string(text))), 0o644); err != nil {
		return nil, err
	}
	out, err := os.Create(filepath.Join(o.base, name+".out"))
	if err != nil {
		return nil, err
	}
	defer out.Close()
	words := strings.Fields(strings.ReplaceAll(command, "{conf}", conf))
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = out, out, &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	f := &filter{name: name, address: fmt.Sprintf("127.0.0.1:%d", port), cmd: cmd}
	for range 600 {
		c, err := net.Dial("tcp", f.address)
		if err == nil {
			return f, c.Close()
		}
		time.Sleep(100 * time.Millisecond)
	}
	f.stop()
	return nil, fmt.Errorf("%s does not listen at %s, see %s", name, f.address, out.Name())
}

func (f *filter) stop() {
	_ = syscall.Kill(f.cmd.Process.Pid, syscall.SIGTERM)
	t := time.AfterFunc(20*time.Second, func() { _ = syscall.Kill(-f.cmd.Process.Pid, syscall.SIGKILL) })
	_ = f.cmd.Wait()
	t.Stop()
}

func (f *filter) report(mails int) {
	after := cpuTimes(f.cmd.Process.Pid)
	fmt.Printf("%s: %.0f/s, PSS %.1f MiB, CPU ms for each mail:", f.name, median(f.rates), float64(pss(f.cmd.Process.Pid))/1024)
	var names []string
	total := time.Duration(0)
	for n := range after {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		d := after[n] - f.before[n]
		total += d
		fmt.Printf(" %s %.2f", n, ms(d, mails))
	}
	fmt.Printf(", all %.2f\n", ms(total, mails))
}

func ms(d time.Duration, n int) float64 { return d.Seconds() * 1000 / float64(n) }
