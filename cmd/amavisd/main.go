// Command amavisd filters mail between an MTA and its scanners. It reads amavisd-new's configuration and behaves like it on
// the wire, in the log and in quarantine.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"

	"mavis/compat/cli"
	"mavis/compat/daemon"
	"mavis/compat/logline"
	"mavis/engine/flow"
	"mavis/engine/unpack"
	"mavis/perlconf/diag"
	"mavis/rules"
	"mavis/rules/load"
)

func main() {
	unpack.ChildMain()
	syscall.Umask(0o027)
	args, err := cli.Parse(os.Args[1:])
	switch {
	case errors.Is(err, cli.ErrVersion):
		fmt.Println(flow.Version)
		os.Exit(1)
	case errors.Is(err, cli.ErrHelp):
		fmt.Print(cli.Usage("amavisd", flow.Version))
		os.Exit(1)
	case err != nil:
		fmt.Fprintf(os.Stderr, "amavisd: %v\nTry 'amavisd -h'.\n", err)
		os.Exit(1)
	}
	if err := run(args); err != nil {
		if !errors.Is(err, errSaid) {
			fmt.Fprintln(os.Stderr, "amavisd:", err)
		}
		if e := cli.Ready(err); e != nil {
			fmt.Fprintln(os.Stderr, "amavisd:", e)
		}
		os.Exit(1)
	}
}

// errSaid means that the reasons were printed already.
var errSaid = errors.New("see the messages above")

func run(args *cli.Args) error {
	src := source(args)
	cfg, bag, err := daemon.Load(src)
	if err != nil {
		return report(bag, err)
	}
	pidFile := cfg.Paths.PidFile
	if args.PidFile != nil {
		pidFile = *args.PidFile
	}
	switch args.Command {
	case "test-config":
		if _, err := drop(args, cfg, &src); err != nil {
			return err
		}
		if cfg, bag, err = daemon.Load(src); err != nil {
			return report(bag, err)
		}
		daemon.Missing(cfg, bag)
		bag.Sort()
		if bag.HasErrors() {
			return report(bag, daemon.ErrConfig)
		}
		return report(bag, nil)
	case "stop", "reload", "restart":
		if cli.InBackground() {
			break // the daemon that is to be replaced has ended
		}
		done, err := control(args.Command, pidFile)
		if err != nil || done {
			return err
		}
	case "start", "foreground", "debug", "debug-sa":
		if pid, err := cli.Running(pidFile); err == nil && pid != os.Getpid() {
			return fmt.Errorf("the daemon is already running, process %d", pid)
		} else if err != nil && !errors.Is(err, cli.ErrNotRunning) {
			return err
		}
	default:
		return fmt.Errorf("command %s is not supported by this version", args.Command)
	}
	if (args.Command == "start" || args.Command == "restart") && cfg.Servers.Daemonize && !cli.InBackground() {
		report(bag, nil)
		_, err := cli.Background()
		return err
	}
	return serve(args, src, cfg, pidFile)
}

// source says what to load, from the command line.
func source(args *cli.Args) daemon.Source {
	src := daemon.Source{Files: args.Config, Instance: args.Instance, Overrides: daemon.Overrides{}}
	for name, value := range map[string]*string{"MYHOME": args.Home, "TEMPBASE": args.TempBase, "QUARANTINEDIR": args.Quarantine,
		"helpers_home": args.HelpersHome, "daemon_chroot_dir": args.Chroot, "db_home": args.DBHome, "max_servers": args.MaxServers} {
		if value != nil {
			src.Overrides[name] = *value
		}
	}
	if args.LogLevel != nil {
		for _, item := range strings.Split(*args.LogLevel, ",") {
			if _, err := strconv.Atoi(strings.TrimSpace(item)); err == nil {
				src.Overrides["log_level"] = strings.TrimSpace(item)
			}
		}
	}
	for _, word := range args.Know {
		if word == "no_conf_file_writable_check" {
			src.TrustWritable = true
		}
		fmt.Fprintln(os.Stderr, "amavisd: a safeguard is lifted:", word)
	}
	return src
}

// report prints diagnostics for people and passes the error on. In the background nobody would see them: there they become
// the error, for the process that waits.
func report(bag *diag.Bag, err error) error {
	if cli.InBackground() && errors.Is(err, daemon.ErrConfig) {
		var b strings.Builder
		if e := (diag.Text{}).Write(&b, bag.All); e != nil {
			return errors.Join(err, e)
		}
		return fmt.Errorf("%w\n%s", err, b.String())
	}
	if len(bag.All) > 0 {
		if e := (diag.Text{}).Write(os.Stderr, bag.All); e != nil {
			err = errors.Join(err, e)
		}
	}
	if errors.Is(err, daemon.ErrConfig) {
		return errSaid
	}
	return err
}

// control stops or reloads the running daemon; done is false when a new one is to be started after it.
func control(command, pidFile string) (done bool, err error) {
	pid, err := cli.Running(pidFile)
	if err != nil {
		return true, err
	}
	if command == "reload" {
		return true, syscall.Kill(pid, syscall.SIGHUP)
	}
	say := func(s string) { fmt.Println(s) }
	return command == "stop", cli.Stop(pid, time.Minute, say)
}

// drop gives up root for the configured user. From then on the files are read as that user, and must not be its own to write.
func drop(args *cli.Args, cfg *rules.Config, src *daemon.Source) (*cli.Identity, error) {
	name, groups := cfg.Identity.User, cfg.Identity.Groups
	if args.User != nil {
		name, groups = *args.User, nil
	}
	if args.Group != nil {
		groups = strings.Fields(*args.Group)
	}
	if os.Geteuid() != 0 {
		return &cli.Identity{UID: os.Geteuid()}, nil
	}
	if name == "" {
		return nil, errors.New("$daemon_user is not set; the daemon does not run as root")
	}
	id, err := cli.Lookup(name, groups)
	if err != nil {
		return nil, err
	}
	if id.UID == 0 {
		return nil, errors.New("the daemon does not run as root; set $daemon_user to another user")
	}
	if err := id.Drop(); err != nil {
		return nil, err
	}
	src.Identity = &load.Identity{UID: id.UID, GIDs: id.Groups}
	return id, nil
}

// serve is the daemon's life, from dropping privileges to the last reply.
func serve(args *cli.Args, src daemon.Source, cfg *rules.Config, pidFile string) error {
	if _, err := drop(args, cfg, &src); err != nil {
		return err
	}
	cfg, bag, err := daemon.Load(src) // as the user that will have to read it again
	if err != nil {
		return report(bag, err)
	}
	if !cli.InBackground() {
		report(bag, nil)
	}
	log, err := logline.Open(logConfig(args, cfg))
	if err != nil {
		return err
	}
	defer log.Close()
	for _, d := range bag.All {
		log.Log(logLevel(d.Severity), "", "config: "+d.Error(), nil)
	}
	if args.ListenSet {
		if cfg.Listeners, err = listeners(args.Listen); err != nil {
			return err
		}
	}
	d, err := daemon.New(daemon.Options{Config: cfg, Log: log})
	if err != nil {
		return err
	}
	closeNow := func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		return d.Close(ctx)
	}
	if err := d.Listen(cfg.Listeners); err != nil {
		return errors.Join(err, closeNow())
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP) // before anybody can know our pid
	signal.Ignore(syscall.SIGPIPE)
	unpid, err := cli.WritePid(pidFile)
	if err != nil {
		return errors.Join(fmt.Errorf("pid file: %w", err), closeNow())
	}
	defer unpid()
	log.Log(0, "", fmt.Sprintf("starting. %s at %s %s, Unicode aware, LANG=%q", os.Args[0], cfg.Identity.Hostname, flow.Version, os.Getenv("LANG")), nil)
	frugal()
	if err := cli.Ready(nil); err != nil {
		return errors.Join(err, closeNow())
	}
	wait(signals, src, d, log)
	return closeNow()
}

// frugal gives back what reading the configuration took. What lives on is about 2 MB: half of Go's usual headroom above it saves as
// much again for a few percent of the CPU time. Whoever sets GOGC knows better.
func frugal() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50)
	}
	debug.FreeOSMemory()
}

// wait handles signals until one of them ends the daemon.
func wait(signals <-chan os.Signal, src daemon.Source, d *daemon.Daemon, log *logline.Logger) {
	for s := range signals {
		if s != syscall.SIGHUP {
			log.Log(2, "", "ending on signal: "+s.String(), nil)
			log.Log(0, "", "Net::Server: "+time.Now().Format("2006/01/02-15:04:05")+" Server closing!", nil)
			return
		}
		if err := log.Reopen(); err != nil {
			log.Log(-1, "", err.Error(), nil)
		}
		if err := reload(src, d, log); err != nil {
			log.Log(-1, "", "Rejecting reload, the former configuration stays in force: "+err.Error(), nil)
			continue
		}
		log.Log(0, "", "configuration read again", nil)
	}
}

// reload reads the configuration again and puts it in force. Whatever goes wrong, the daemon goes on with the former one.
func reload(src daemon.Source, d *daemon.Daemon, log *logline.Logger) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("internal error: %v", v)
		}
	}()
	cfg, bag, err := daemon.Load(src)
	for _, x := range bag.All {
		log.Log(logLevel(x.Severity), "", "config: "+x.Error(), nil)
	}
	if err != nil {
		return err
	}
	if err := d.Use(cfg); err != nil {
		return err
	}
	debug.FreeOSMemory()
	return nil
}

func logLevel(s diag.Severity) int {
	if s == diag.Info {
		return 2
	}
	return -1
}

func logConfig(args *cli.Args, cfg *rules.Config) logline.Config {
	p := cfg.Base()
	c := logline.Config{Syslog: cfg.Log.Syslog, Ident: p.Str("syslog_ident"), Facility: p.Str("syslog_facility"), File: cfg.Log.File,
		Level: p.Int("log_level"), MaxLen: cfg.Log.MaxLine, Hostname: cfg.Identity.Hostname, Program: os.Args[0],
		Debug: cfg.Log.Debug || args.Command == "debug"}
	if args.Command == "debug" || args.Command == "debug-sa" {
		c.Syslog, c.File = false, ""
	}
	return c
}

func listeners(specs []string) ([]rules.Listener, error) {
	var out []rules.Listener
	for _, s := range specs {
		l, err := rules.ParseListener(s, nil)
		if err != nil {
			return nil, fmt.Errorf("-p %s: %w", s, err)
		}
		out = append(out, l...)
	}
	return out, nil
}
