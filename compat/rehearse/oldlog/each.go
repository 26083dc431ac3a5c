package oldlog

import (
	"errors"
	"io"
)

// Each gives the mails of a log, and what its reader has met. The second line of a mail follows the first at once, but for lines of other processes.
func Each(r io.Reader, f func(*Past) error) (*Reader, error) {
	in := New(r)
	var open []*Past // the latest ones, oldest first
	const near = 64
	for {
		l, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return in, err
		}
		joined := false
		for _, p := range open {
			if p.Same(l) {
				p.Join(l)
				joined = true
				break
			}
		}
		if joined {
			continue
		}
		open = append(open, Begin(l))
		if len(open) > near {
			if err := f(open[0]); err != nil {
				return in, err
			}
			open = open[1:]
		}
	}
	for _, p := range open {
		if err := f(p); err != nil {
			return in, err
		}
	}
	return in, nil
}
