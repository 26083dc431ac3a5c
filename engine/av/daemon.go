package av

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"mavis/rules"
)

const (
	connectTimeout = 10 * time.Second
	maxAnswer      = 100_000 // bytes of a daemon's answer that are kept
)

// daemon holds the plain dialogue: connect, send one query, read until the daemon closes.
func (s *Scanner) daemon(ctx context.Context, e *rules.Scanner, job Job) answer {
	if len(e.Sockets) == 0 {
		return answer{err: errors.New("no socket given")}
	}
	for _, spec := range e.Sockets {
		if proto, _ := socketProtocol(spec); proto != "" && proto != "simple" && proto != "sophie" && proto != "trophie" {
			return answer{err: fmt.Errorf("dialogue %q of socket %s is not supported", proto, spec)}
		}
	}
	return each(ctx, e, strings.Join(e.Query, " "), job, func(ctx context.Context, query string) (reply, error) {
		out, err := s.persist(ctx, e, query)
		return reply{output: out}, err
	})
}

// persist tries the sockets in turn, each up to twice more than once, with growing pauses when all have failed: a daemon
// that reloads its signatures is away for seconds only.
func (s *Scanner) persist(ctx context.Context, e *rules.Scanner, query string) (string, error) {
	most := 2 * len(e.Sockets)
	for try := 0; ; {
		spec := e.Sockets[try%len(e.Sockets)]
		out, err := converse(ctx, spec, query)
		if err == nil {
			return out, nil
		}
		if ctx.Err() != nil {
			return "", fmt.Errorf("%s: %w (%v)", spec, ctx.Err(), err)
		}
		if try++; try > most {
			return "", fmt.Errorf("too many retries to talk to %s (%v)", spec, err)
		}
		s.logf(retryLevel(try), "%s: %v, retrying (%d)", e.Name, err, try)
		if try%len(e.Sockets) == 0 {
			s.pause(ctx, time.Duration(min(20, 1+5*(try/len(e.Sockets)-1)))*time.Second)
		}
	}
}

func (s *Scanner) pause(ctx context.Context, d time.Duration) {
	if s.Pause != nil {
		s.Pause(ctx, d)
		return
	}
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

func retryLevel(try int) int {
	if try > 1 {
		return -1
	}
	return 1
}

// converse sends a query and reads the answer to its end. An empty answer is a failure.
func converse(ctx context.Context, spec, query string) (string, error) {
	conn, err := dial(ctx, spec)
	if err != nil {
		return "", fmt.Errorf("can't connect to socket %s: %w", spec, err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Now()) })
	defer stop()
	if _, err := io.WriteString(conn, query); err != nil {
		return "", fmt.Errorf("writing to socket %s: %w", spec, err)
	}
	out, err := io.ReadAll(io.LimitReader(conn, maxAnswer))
	if err != nil {
		return "", fmt.Errorf("reading from socket %s: %w", spec, err)
	}
	if len(out) == 0 {
		return "", fmt.Errorf("empty result from %s", spec)
	}
	return string(out), nil
}

func dial(ctx context.Context, spec string) (net.Conn, error) {
	_, address := socketProtocol(spec)
	network := "tcp"
	if strings.HasPrefix(address, "/") {
		network = "unix"
	}
	d := net.Dialer{Timeout: connectTimeout}
	return d.DialContext(ctx, network, address)
}

// socketProtocol cuts "proto:" off a socket's name; host:port and paths have none.
func socketProtocol(spec string) (proto, address string) {
	i := strings.IndexByte(spec, ':')
	if i <= 0 || strings.ContainsAny(spec[:i], "/[].") || strings.Trim(spec[i+1:], "0123456789") == "" {
		return "", spec
	}
	return strings.ToLower(spec[:i]), spec[i+1:]
}
