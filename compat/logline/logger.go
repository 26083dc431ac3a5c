package logline

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"mavis/compat/macro"
	"mavis/compat/macro/facts"
)

// Config says where the log goes. With neither Syslog nor File it goes to Stderr.
type Config struct {
	Syslog   bool
	Ident    string // $syslog_ident
	Facility string // $syslog_facility
	File     string // $logfile
	Owner    int    // user id that gets a file made by root; 0 leaves it
	Level    int    // $log_level
	Debug    bool   // everything is logged, and at level 0
	MaxLen   int    // $logline_maxlen; 0 means 980
	Hostname string // $myhostname
	Program  string // $0, as it stands in lines of a log file
	PID      int    // 0 means this process
	Stderr   io.Writer
	Now      func() time.Time
	// SyslogSocket is the path of the syslog daemon's socket; "" means /dev/log.
	SyslogSocket string
}

// Settings are those members of a policy bank which change logging.
type Settings struct {
	Level           int
	Ident, Facility string
}

// Logger writes log lines. It is safe for concurrent use. Writing never fails and never waits long: a line that cannot
// be written is counted.
type Logger struct {
	mu     sync.Mutex
	config Config
	file   *os.File
	syslog *syslogWriter
	lost   int64
}

// Open opens the log.
func Open(c Config) (*Logger, error) {
	if c.MaxLen == 0 {
		c.MaxLen = 980
	}
	if c.PID == 0 {
		c.PID = os.Getpid()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Stderr == nil {
		c.Stderr = os.Stderr
	}
	l := &Logger{config: c}
	if c.Syslog {
		if _, err := facility(c.Facility); err != nil {
			return nil, err
		}
		l.syslog = &syslogWriter{path: c.SyslogSocket, now: c.Now}
		return l, nil
	}
	return l, l.Reopen()
}

// Reopen opens the log file anew, after it was moved away. When that fails the old one stays in use.
func (l *Logger) Reopen() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.syslog != nil {
		l.syslog.close()
		return nil
	}
	if l.config.File == "" {
		return nil
	}
	f, err := os.OpenFile(l.config.File, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		return fmt.Errorf("log file: %w", err)
	}
	if l.config.Owner > 0 && os.Geteuid() == 0 {
		if err := f.Chown(l.config.Owner, -1); err != nil {
			f.Close()
			return fmt.Errorf("log file: %w", err)
		}
	}
	if l.file != nil {
		l.file.Close()
	}
	l.file = f
	return nil
}

// Close closes the log.
func (l *Logger) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.syslog != nil {
		l.syslog.close()
	}
	if l.file != nil {
		return l.file.Close()
	}
	return nil
}

// Lost is the number of lines that could not be written.
func (l *Logger) Lost() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lost
}

// Enabled says whether lines of a level are written under the settings; nil means those of the configuration.
func (l *Logger) Enabled(level int, s *Settings) bool {
	if l.config.Debug && level > 0 {
		level = 0
	}
	limit := l.config.Level
	if s != nil {
		limit = s.Level
	}
	return level <= limit
}

// Log writes one line. The id (PID-NN) stands in parentheses before it when not empty. Levels are amavisd's: 5 is
// debugging, 0 what an administrator wants to see, below that trouble.
func (l *Logger) Log(level int, id, text string, s *Settings) {
	if !l.Enabled(level, s) {
		return
	}
	if l.config.Debug && level > 0 {
		level = 0
	}
	text = facts.Sanitize(text, false)
	if id != "" {
		id = "(" + id + ") "
	}
	mark := ""
	switch {
	case level < -1:
		mark = "(!!)"
	case level < 0:
		mark = "(!)"
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.config
	switch {
	case l.syslog != nil:
		ident, fac := c.Ident, c.Facility
		if s != nil && s.Ident != "" {
			ident = s.Ident
		}
		if s != nil && s.Facility != "" {
			fac = s.Facility
		}
		number, err := facility(fac)
		if err != nil {
			number, _ = facility("mail")
		}
		for _, part := range Split(id, mark, text, c.MaxLen) {
			if err := l.syslog.write(number|Priority(level), ident, c.PID, part); err != nil {
				l.lost++
			}
		}
	case l.file != nil:
		line := fmt.Sprintf("%s %s %s[%d]: %s%s%s\n", c.Now().Format("Jan _2 15:04:05"),
			macro.DomainToUnicode(c.Hostname), c.Program, c.PID, id, mark, text)
		if _, err := l.file.WriteString(line); err != nil {
			l.lost++
		}
	default:
		prefix := fmt.Sprintf("<%d>", Priority(level))
		if c.Debug {
			prefix = fmt.Sprintf("%s %s %s[%d]: ", c.Now().Format("Jan _2 15:04:05.000"),
				macro.DomainToUnicode(c.Hostname), c.Program, c.PID)
		}
		if _, err := io.WriteString(c.Stderr, prefix+id+mark+text+"\n"); err != nil {
			l.lost++
		}
	}
}

// Split cuts a line so that each part with its marks has at most limit octets. A part that is continued ends with three
// dots, and the next starts with them.
func Split(id, mark, text string, limit int) []string {
	if limit < 50 {
		limit = 50
	}
	var out []string
	lead := mark
	for len(id)+len(lead)+len(text) > limit {
		n := limit - len(id) - len(lead) - 3
		if n < 1 {
			break
		}
		out = append(out, id+lead+text[:min(n, len(text))]+"...")
		text = text[min(n, len(text)):]
		lead = mark + "..."
	}
	return append(out, id+lead+text)
}

// Priority is the syslog severity of a level.
func Priority(level int) int {
	switch {
	case level >= 3:
		return 7 // debug
	case level >= 1:
		return 6 // info
	case level >= 0:
		return 5 // notice
	case level >= -1:
		return 4 // warning
	case level >= -2:
		return 3 // error
	}
	return 2 // critical
}

// facility gives the number of a syslog facility, shifted.
func facility(name string) (int, error) {
	names := []string{"kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
		"", "", "", "", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"}
	for i, n := range names {
		if n != "" && strings.EqualFold(n, name) {
			return i << 3, nil
		}
	}
	if strings.EqualFold(name, "security") {
		return 4 << 3, nil
	}
	return 0, fmt.Errorf("unknown syslog facility %q", name)
}
