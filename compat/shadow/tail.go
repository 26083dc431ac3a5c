package shadow

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"time"
)

// tail follows a file that is written to, also when another file takes its name (logrotate), and gives its lines. It starts at
// the end. A file that is not there yet is waited for.
type tail struct {
	name  string
	file  *os.File
	rest  []byte
	pause time.Duration
}

// follow calls line for each line until ctx ends. A line longer than 64 KiB is cut.
func (t *tail) follow(ctx context.Context, line func(string)) error {
	defer func() {
		if t.file != nil {
			t.file.Close()
		}
	}()
	fromEnd := true
	buf := make([]byte, 64<<10)
	for ctx.Err() == nil {
		if t.file == nil {
			if err := t.open(fromEnd); err != nil {
				return err
			}
		}
		fromEnd = false
		n := 0
		if t.file != nil {
			var err error
			if n, err = t.file.Read(buf); err != nil && !errors.Is(err, io.EOF) {
				return err
			}
			t.lines(buf[:n], line)
		}
		if n > 0 {
			continue
		}
		if t.file != nil && t.replaced() {
			t.file.Close()
			t.file, t.rest = nil, nil
			continue
		}
		select {
		case <-ctx.Done():
		case <-time.After(t.pause):
		}
	}
	return nil
}

func (t *tail) open(fromEnd bool) error {
	f, err := os.Open(t.name)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if fromEnd {
		if _, err := f.Seek(0, io.SeekEnd); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	t.file = f
	return nil
}

func (t *tail) lines(p []byte, line func(string)) {
	for {
		i := bytes.IndexByte(p, '\n')
		if i < 0 {
			break
		}
		t.rest = append(t.rest, p[:i]...)
		line(string(t.rest))
		t.rest, p = t.rest[:0], p[i+1:]
	}
	t.rest = append(t.rest, p[:min(len(p), max(0, 64<<10-len(t.rest)))]...)
}

// replaced says that the name stands for another file by now, or that the file was emptied.
func (t *tail) replaced() bool {
	now, err := os.Stat(t.name)
	if err != nil {
		return errors.Is(err, os.ErrNotExist)
	}
	open, err := t.file.Stat()
	if err != nil || !os.SameFile(now, open) {
		return true
	}
	at, err := t.file.Seek(0, io.SeekCurrent)
	return err == nil && now.Size() < at
}
