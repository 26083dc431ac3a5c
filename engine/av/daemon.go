package av

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"syscall"
	"time"

	"mavis/rules"
)

// persist tries the sockets in turn, each up to twice more than once, with growing pauses when all have failed: a daemon
// that reloads its signatures or starts anew is away for seconds only. A connection that broke is tried again at once.
func (s *Scanner) persist(ctx context.Context, e *rules.Scanner, ask func(ctx context.Context, spec string) ([]reply, error)) ([]reply, error) {
	sockets := s.order(e)
	most := 2 * len(sockets)
	for try := 0; ; {
		spec := sockets[try%len(sockets)]
		replies, err := ask(ctx, spec)
		if err == nil {
			s.Daemons.good(e.Sockets, spec)
			return replies, nil
		}
		if ctx.Err() != nil {
			return replies, fmt.Errorf("%s: %w (%v)", spec, ctx.Err(), err)
		}
		if errors.Is(err, errOwn) {
			return replies, err
		}
		if try++; try > most {
			return replies, fmt.Errorf("too many retries to talk to %s (%w)", spec, err)
		}
		if try == 1 && brokenPipe(err) {
			s.logf(2, "%s: %v, which happens, retrying (%d)", e.Name, err, try)
			continue
		}
		s.logf(retryLevel(try), "%s: %v, retrying (%d)", e.Name, err, try)
		if try%len(sockets) == 0 {
			s.pause(ctx, time.Duration(min(20, 1+5*(try/len(sockets)-1)))*time.Second)
		}
	}
}

// order puts the socket that answered last first. Daemons that take whole sessions are chosen at random, as in the
// original, to share the load.
func (s *Scanner) order(e *rules.Scanner) []string {
	n := len(e.Sockets)
	if n == 1 {
		return e.Sockets
	}
	at := s.Daemons.first(e.Sockets)
	switch dialogueOf(e) {
	case "clamd", "sssp", "savapi":
		pick := s.Pick
		if pick == nil {
			pick = rand.IntN
		}
		at = min(max(pick(n), 0), n-1)
	}
	return append(append(make([]string, 0, n), e.Sockets[at:]...), e.Sockets[:at]...)
}

// errOwn marks a failure on our side, which no further try mends.
var errOwn = errors.New("not the daemon's fault")

// errStale is a kept session that the daemon has ended in the meantime.
var errStale = errors.New("the session had ended")

func brokenPipe(err error) bool {
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, errStale)
}

func (s *Scanner) pause(ctx context.Context, d time.Duration) {
	if s.Pause != nil {
		s.Pause(ctx, d)
		return
	}
	sleep(ctx, d)
}

func retryLevel(try int) int {
	if try > 1 {
		return -1
	}
	return 1
}

// converse sends a query and reads the answer to its end. An empty answer is a failure.
func converse(ctx context.Context, spec, query string) ([]reply, error) {
	w, err := dial(ctx, spec)
	if err != nil {
		return nil, err
	}
	defer w.close()
	if err := w.say(query); err != nil {
		return nil, fmt.Errorf("writing to socket %s: %w", spec, err)
	}
	out, err := io.ReadAll(io.LimitReader(w.Conn, maxAnswer+1))
	r := reply{output: string(out)}
	switch {
	case err != nil:
		r.broken = err
		return []reply{r}, fmt.Errorf("reading from socket %s: %w", spec, err)
	case len(out) == 0:
		return nil, fmt.Errorf("empty result from %s", spec)
	case len(out) > maxAnswer:
		r.broken = errCut
	}
	return []reply{r}, nil
}
