package logline

import (
	"errors"
	"fmt"
	"net"
	"time"
)

const (
	syslogPatience = 300 * time.Millisecond // for one line
	syslogPause    = 3 * time.Second        // without a try after a failure
)

var errSyslogDown = errors.New("syslog does not answer")

// syslogWriter speaks to the syslog daemon in the form of syslog(3). A daemon that is gone or stuck costs little time:
// after a failure lines are dropped for a while.
type syslogWriter struct {
	path   string
	now    func() time.Time
	conn   net.Conn
	stream bool
	pause  time.Time
}

func (w *syslogWriter) write(priority int, ident string, pid int, text string) error {
	if w.now().Before(w.pause) {
		return errSyslogDown
	}
	line := fmt.Sprintf("<%d>%s %s[%d]: %s", priority, w.now().Format("Jan _2 15:04:05"), ident, pid, text)
	for try := 0; ; try++ {
		err := w.send(line)
		if err == nil {
			return nil
		}
		w.close()
		if try == 1 || isTimeout(err) { // a daemon that was restarted answers at the second try
			w.pause = w.now().Add(syslogPause)
			return err
		}
	}
}

func (w *syslogWriter) send(line string) error {
	if w.conn == nil {
		if err := w.dial(); err != nil {
			return err
		}
	}
	if err := w.conn.SetWriteDeadline(time.Now().Add(syslogPatience)); err != nil {
		return err
	}
	if w.stream {
		line += "\x00"
	}
	_, err := w.conn.Write([]byte(line))
	return err
}

func (w *syslogWriter) dial() error {
	path := w.path
	if path == "" {
		path = "/dev/log"
	}
	conn, err := net.DialTimeout("unixgram", path, syslogPatience)
	if err != nil {
		var second error
		if conn, second = net.DialTimeout("unix", path, syslogPatience); second != nil {
			return err
		}
		w.stream = true
	} else {
		w.stream = false
	}
	w.conn = conn
	return nil
}

func (w *syslogWriter) close() {
	if w.conn != nil {
		w.conn.Close()
		w.conn = nil
	}
}

func isTimeout(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout()
}
