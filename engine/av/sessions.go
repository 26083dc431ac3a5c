package av

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"mavis/rules"
)

// Daemons remembers between scans which of an entry's sockets answered last, and keeps sessions with daemons that take
// several requests (Sophie, Trophie, fpscand). The zero value is ready; methods may be called from any goroutine.
type Daemons struct {
	mu     sync.Mutex
	last   map[string]string // sockets of an entry to the one that answered
	idle   map[string][]kept // by socket
	closed bool
}

type kept struct {
	w     *wire
	since time.Time
}

const (
	maxIdle   = 20              // sessions kept to one socket
	idleLimit = 5 * time.Minute // after which a kept session is not used again
	settle    = 50 * time.Millisecond
)

// Close ends the sessions that are kept; further ones are not kept.
func (d *Daemons) Close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	for _, list := range d.idle {
		for _, k := range list {
			k.w.Close()
		}
	}
	d.idle = nil
}

func (d *Daemons) first(sockets []string) int {
	if d == nil {
		return 0
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, s := range sockets {
		if s == d.last[strings.Join(sockets, "\x00")] {
			return i
		}
	}
	return 0
}

func (d *Daemons) good(sockets []string, spec string) {
	if d == nil || len(sockets) < 2 {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.last == nil {
		d.last = map[string]string{}
	}
	d.last[strings.Join(sockets, "\x00")] = spec
}

// take gives a kept session on which nothing is waiting: neither its end nor words that nobody asked for, which would be
// taken for the answer to the next request.
func (d *Daemons) take(spec string) *wire {
	if d == nil {
		return nil
	}
	for {
		d.mu.Lock()
		list := d.idle[spec]
		if len(list) == 0 {
			d.mu.Unlock()
			return nil
		}
		k := list[len(list)-1]
		d.idle[spec] = list[:len(list)-1]
		d.mu.Unlock()
		if time.Since(k.since) < idleLimit && silent(k.w) {
			return k.w
		}
		k.w.Close()
	}
}

func (d *Daemons) put(spec string, w *wire) {
	if !w.release() {
		w.Close()
		return
	}
	if d != nil {
		d.mu.Lock()
		defer d.mu.Unlock()
		if !d.closed && len(d.idle[spec]) < maxIdle {
			if d.idle == nil {
				d.idle = map[string][]kept{}
			}
			d.idle[spec] = append(d.idle[spec], kept{w, time.Now()})
			return
		}
	}
	w.Close()
}

// silent says that a connection is open and nothing has come in.
func silent(w *wire) bool {
	sc, ok := w.Conn.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return false
	}
	quiet := false
	err = raw.Control(func(fd uintptr) {
		var b [1]byte
		_, _, err := unix.Recvfrom(int(fd), b[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		quiet = errors.Is(err, unix.EAGAIN)
	})
	return err == nil && quiet
}

// errMore is the reason of an answer that is longer than one request can have.
var errMore = errors.New("more than one line for one request")

// session asks over a kept connection, or a new one that is kept afterwards.
func (s *Scanner) session(ctx context.Context, e *rules.Scanner, spec, query string) ([]reply, error) {
	w := s.Daemons.take(spec)
	old := w != nil
	if old {
		w.hold(ctx)
	} else {
		s.logf(3, "%s: Connecting to socket %s", e.Name, spec)
		var err error
		if w, err = dial(ctx, spec); err != nil {
			return nil, err
		}
	}
	r, again, err := requestLine(w, spec, query)
	if err == nil && again {
		s.Daemons.put(spec, w)
		return []reply{r}, nil
	}
	w.close()
	if err != nil && old && ctx.Err() == nil {
		err = fmt.Errorf("%w: %w", errStale, err)
	}
	return []reply{r}, err
}

// requestLine sends one request and reads its answer: a line. Some daemons end it with NUL or not at all; then what came
// together counts, and the connection is not used again, since the rest might pass for the next answer. More than one
// line is doubtful: some of it may answer an earlier request.
func requestLine(w *wire, spec, query string) (r reply, again bool, err error) {
	if err := w.say(query); err != nil {
		return r, false, fmt.Errorf("writing to socket %s: %w", spec, err)
	}
	buf := make([]byte, 0, 512)
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := w.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		r.output = string(buf)
		switch {
		case len(buf) > maxLine:
			r.broken = errCut
			return r, false, nil
		case len(buf) > 0 && (err == io.EOF || errors.Is(err, os.ErrDeadlineExceeded)):
			return r, false, nil
		case err == io.EOF:
			return r, false, fmt.Errorf("empty result from %s", spec)
		case err != nil:
			r.broken = err
			return r, false, fmt.Errorf("reading from socket %s: %w", spec, err)
		case n > 0 && (buf[len(buf)-1] == '\n' || buf[len(buf)-1] == 0):
			if strings.ContainsAny(strings.TrimRight(r.output, "\r\n\x00"), "\n\x00") {
				r.broken = errMore
				return r, false, nil
			}
			return r, true, nil
		}
		t := time.Now().Add(settle)
		if w.limit.IsZero() || t.Before(w.limit) {
			w.SetReadDeadline(t)
		}
	}
}
