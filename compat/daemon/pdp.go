package daemon

import (
	"bufio"
	"errors"
	"io"
	"net"
	"strings"
	"time"
)

const maxRequest = 1 << 20 // bytes of one AM.PDP request

// deferPDP answers AM.PDP requests (README.protocol) with a temporary failure: a milter then makes the client try again, and
// nothing is released. It stands where the protocol will be spoken.
func (d *Daemon) deferPDP(l net.Listener) error {
	for {
		c, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		} else if err != nil {
			return err
		}
		go d.deferRequests(c)
	}
}

func (d *Daemon) deferRequests(c net.Conn) {
	defer c.Close()
	in := bufio.NewReader(io.LimitReader(c, maxRequest))
	for {
		if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
			return
		}
		request := ""
		for {
			line, err := in.ReadString('\n')
			if err != nil {
				return
			}
			if line = strings.TrimRight(line, "\r\n"); line == "" {
				break
			}
			if value, ok := strings.CutPrefix(line, "request="); ok {
				request = value
			}
		}
		d.logf(-1, "AM.PDP request %q answered with a temporary failure: not supported", request)
		if _, err := io.WriteString(c, "version_server=2\r\nsetreply=451 4.5.0 AM.PDP is not supported by this version\r\nreturn_value=tempfail\r\nexit_code=75\r\n\r\n"); err != nil {
			return
		}
	}
}
