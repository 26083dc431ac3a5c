package av

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	connectTimeout = 10 * time.Second
	sendTimeout    = 10 * time.Second
	maxAnswer      = 100_000 // bytes of a daemon's answer that are kept
	maxLine        = 16 << 10
)

var hostPort = regexp.MustCompile(`^(?:\[([^\]]*)\]|([^:]*)):([^:]*)`)

// socketProtocol cuts "proto:" off a socket's name; host:port and paths have none.
func socketProtocol(spec string) (proto, address string) {
	i := strings.IndexByte(spec, ':')
	if i <= 0 || strings.ContainsAny(spec[:i], "/[]") {
		return "", spec
	}
	for j, c := range []byte(spec[:i]) {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (j == 0 || !('0' <= c && c <= '9' || c == '.' || c == '+' || c == '-')) {
			return "", spec
		}
	}
	if port := spec[i+1:]; port != "" && strings.Trim(port, "0123456789") == "" {
		return "", spec // a name of a host; the original fails here
	}
	return strings.ToLower(spec[:i]), spec[i+1:]
}

type place struct{ network, address string }

// address reads what follows the protocol: a path, host:port or [host]:port, perhaps with fields after it that nobody
// wants. Anything else is taken for a path, as in the original.
func address(spec string) (place, error) {
	_, rest := socketProtocol(spec)
	if rest == "" {
		return place{}, fmt.Errorf("socket %q names no place", spec)
	}
	m := hostPort.FindStringSubmatch(rest)
	if strings.HasPrefix(rest, "/") || m == nil {
		return place{"unix", rest}, nil
	}
	host := m[1] + m[2]
	port, err := strconv.Atoi(m[3])
	if host == "" || host == "*" || err != nil || port < 1 || port > 65535 {
		return place{}, fmt.Errorf("socket %q names no host and port", spec)
	}
	return place{"tcp", net.JoinHostPort(host, m[3])}, nil
}

// wire is a connection to a daemon. It is closed when its context ends.
type wire struct {
	net.Conn
	r     *bufio.Reader
	limit time.Time
	stop  func() bool
}

func dial(ctx context.Context, spec string) (*wire, error) {
	to, err := address(spec)
	if err != nil {
		return nil, err
	}
	short, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	var d net.Dialer
	for wait := 2 * time.Millisecond; ; wait = min(2*wait, 100*time.Millisecond) {
		conn, err := d.DialContext(short, to.network, to.address)
		if err == nil {
			w := &wire{Conn: conn}
			w.hold(ctx)
			return w, nil
		}
		// A Unix socket whose queue is full says so at once where a blocking connect would wait.
		if to.network != "unix" || !errors.Is(err, syscall.EAGAIN) || sleep(short, wait) != nil {
			return nil, fmt.Errorf("can't connect to socket %s: %w", spec, err)
		}
	}
}

// hold binds a connection to a context; release undoes it and says whether the connection is still good.
func (w *wire) hold(ctx context.Context) {
	w.limit, _ = ctx.Deadline()
	w.SetDeadline(w.limit)
	w.stop = context.AfterFunc(ctx, func() { w.Conn.Close() })
}

func (w *wire) release() bool { return w.stop() }

func (w *wire) close() {
	w.stop()
	w.Close()
}

// say sends a request, which a daemon must take within a short time.
func (w *wire) say(text string) error {
	t := time.Now().Add(sendTimeout)
	if !w.limit.IsZero() && w.limit.Before(t) {
		t = w.limit
	}
	w.SetWriteDeadline(t)
	_, err := io.WriteString(w.Conn, text)
	w.SetWriteDeadline(w.limit)
	return err
}

// line reads up to and with a line end. At the end of the connection what is left comes with io.ErrUnexpectedEOF.
func (w *wire) line(end byte) (string, error) {
	if w.r == nil {
		w.r = bufio.NewReaderSize(w.Conn, maxLine)
	}
	b, err := w.r.ReadSlice(end)
	switch {
	case err == io.EOF && len(b) > 0:
		err = io.ErrUnexpectedEOF
	case err == bufio.ErrBufferFull:
		err = errCut
	}
	return string(b), err
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
