// Package cli is amavisd's command line as init scripts and administrators use it: options, commands, exit codes,
// the pid file, privileges and going into the background.
package cli

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Args is a parsed command line. A nil pointer means that the option was not given; an empty value often switches
// something off and differs from that.
type Args struct {
	Command     string // start, stop, reload, restart, debug, debug-sa, foreground, test-config, showkeys, testkeys, genrsa, convert_keysfile
	Rest        []string
	Config      []string // -c, in order
	User        *string  // -u
	Group       *string  // -g
	Instance    string   // -i
	LogLevel    *string  // -d: a number, or areas
	MaxServers  *string  // -m
	Listen      []string // -p, in order
	ListenSet   bool     // -p was given, perhaps with an empty value only
	DBHome      *string  // -D
	Home        *string  // -H
	LockFile    *string  // -L
	PidFile     *string  // -P
	Quarantine  *string  // -Q
	Chroot      *string  // -R
	HelpersHome *string  // -S
	TempBase    *string  // -T
	Know        []string // -X
}

// ErrHelp and ErrVersion ask for the text to be printed; amavisd then ends with status 1.
var (
	ErrHelp    = errors.New("help")
	ErrVersion = errors.New("version")
)

var commands = map[string]bool{"": true, "start": true, "debug": true, "debug-sa": true, "foreground": true, "reload": true,
	"restart": true, "stop": true, "showkey": true, "showkeys": true, "testkey": true, "testkeys": true, "genrsa": true,
	"convert_keysfile": true, "test-config": true}

var (
	instanceName = regexp.MustCompile(`(?i)^[a-z0-9._+-]*$`)
	numeric      = regexp.MustCompile(`^\+?[0-9]+$`)
)

// Parse reads arguments without the program's name.
func Parse(argv []string) (*Args, error) {
	a := &Args{}
	for len(argv) > 0 && strings.HasPrefix(argv[0], "-") {
		opt := argv[0]
		argv = argv[1:]
		switch opt {
		case "--":
			return a, a.command(argv)
		case "-h":
			return nil, ErrHelp
		case "-V":
			return nil, ErrVersion
		}
		if len(opt) != 2 || !strings.Contains("ugdimcpDHLPQRSTX", opt[1:]) {
			return nil, fmt.Errorf("unknown option %s", opt)
		}
		if len(argv) == 0 {
			return nil, fmt.Errorf("option %s needs a value", opt)
		}
		value := argv[0]
		argv = argv[1:]
		if err := a.option(opt[1], value); err != nil {
			return nil, err
		}
	}
	return a, a.command(argv)
}

func (a *Args) option(opt byte, value string) error {
	switch opt {
	case 'u':
		a.User = &value
	case 'g':
		a.Group = &value
	case 'i':
		if !instanceName.MatchString(value) {
			return fmt.Errorf("-i %s: an instance name has only letters, digits and . _ + -", value)
		}
		a.Instance = value
	case 'd':
		a.LogLevel = &value
	case 'm':
		if !numeric.MatchString(value) {
			return fmt.Errorf("-m %s: a number of servers is wanted", value)
		}
		a.MaxServers = &value
	case 'c':
		if value != "" {
			a.Config = append(a.Config, value)
		}
	case 'p':
		a.ListenSet = true
		if value != "" {
			a.Listen = append(a.Listen, value)
		}
	case 'X':
		for _, w := range strings.Split(value, ",") {
			a.Know = append(a.Know, strings.TrimSpace(w))
		}
	case 'P':
		a.PidFile = &value
	case 'D':
		a.DBHome = &value
	case 'Q':
		a.Quarantine = &value
	case 'R':
		if value == "/" {
			value = ""
		}
		a.Chroot = &value
	default:
		a.place(opt, value)
	}
	return nil
}

// place takes the options for which an empty value means "not given".
func (a *Args) place(opt byte, value string) {
	if value == "" {
		return
	}
	switch opt {
	case 'H':
		a.Home = &value
	case 'L':
		a.LockFile = &value
	case 'S':
		a.HelpersHome = &value
	case 'T':
		a.TempBase = &value
	}
}

func (a *Args) command(argv []string) error {
	if len(argv) > 0 {
		a.Command, a.Rest = strings.ToLower(argv[0]), argv[1:]
	}
	if !commands[a.Command] {
		return fmt.Errorf("unknown command %q", a.Command)
	}
	switch a.Command {
	case "showkey", "showkeys", "testkey", "testkeys", "genrsa", "convert_keysfile":
	default:
		if len(a.Rest) > 0 {
			return fmt.Errorf("only one command is allowed, but there is more: %s", strings.Join(a.Rest, " "))
		}
	}
	if a.Command == "" {
		a.Command = "start"
	}
	return nil
}

// Usage is the help text; version is its first line.
func Usage(program, version string) string {
	return version + `

Usage: ` + program + ` [OPTION VALUE]... [COMMAND]

Commands:
  start          go into the background and filter mail (the default)
  foreground     the same, but stay with the terminal
  debug          foreground, with everything logged to the terminal
  debug-sa       foreground, with SpamAssassin's own debugging
  stop           end the running daemon
  reload         make the running daemon read its configuration again
  restart        stop, then start
  test-config    read the configuration, report, and end
  showkeys, testkeys [DOMAIN]..., genrsa FILE [BITS], convert_keysfile FILE
                 DKIM keys

Options:
  -c FILE        configuration file; may be repeated, read in order
  -u USER        run as this user                 -g GROUP       and group
  -p SOCKET      listen here instead; may be repeated
  -m NUMBER      messages handled at a time       -d LEVEL       log level
  -i NAME        name of this instance            -X WORD,...    lift a safeguard
  -P FILE        pid file, '' for none            -L FILE        lock file
  -H FOLDER      home                             -T FOLDER      temporary files
  -Q FOLDER      quarantine, '' for none          -D FOLDER      database home, '' for none
  -S FOLDER      home of helper programs          -R FOLDER      chroot, '' for none
  -h             this text                        -V             the version
`
}
