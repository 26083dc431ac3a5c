package stored

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
)

// fromLine is the line before each mail of a mailbox. What follows the address must hold a time of day: a body line that
// nobody quoted seldom does.
var fromLine = regexp.MustCompile(`^From +(\S+|"[^"]*"@\S+) .*\d\d?:\d\d`)

// mailbox gives the mails of an mbox file, one by one (RFC 4155).
func (r *Reader) mailbox(ctx context.Context, path string, f *os.File, found func(*Mail) error) error {
	in := bufio.NewReaderSize(f, 64<<10)
	var at, start, end int64 // of the line, of the mail's first byte, of its last
	number, open, blank, whole := 0, false, true, true
	var sender string
	give := func(end int64) error {
		number++
		name, from, begin := fmt.Sprintf("%s:%d", path, number), sender, start
		known := Envelope{From: from, HasFrom: true}
		if from == "MAILER-DAEMON" || from == "<>" {
			known.From = ""
		} else if !strings.Contains(from, "@") {
			known.HasFrom = false
		}
		return found(&Mail{Name: name, Size: end - begin, Known: known, Open: func() (io.ReadCloser, error) { return r.part(path, begin, end) }})
	}
	for {
		line, err := in.ReadSlice('\n')
		if whole && blank && bytes.HasPrefix(line, []byte("From ")) && (fromLine.Match(line) || at == 0) {
			if open {
				if err := give(end); err != nil {
					return err
				}
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			sender = ""
			if words := strings.Fields(string(line)); len(words) > 1 {
				sender = words[1]
			}
			open, start = true, at+int64(len(line))
			end = start
		}
		began := whole
		whole = !errors.Is(err, bufio.ErrBufferFull)
		at += int64(len(line))
		blank = began && whole && len(bytes.TrimRight(line, "\r\n")) == 0
		if !blank {
			end = at
		}
		if err != nil && whole {
			if !errors.Is(err, io.EOF) {
				return found(broken(path, err))
			}
			if open {
				return give(max(end, start))
			}
			return nil
		}
	}
}

type part struct {
	io.Reader
	io.Closer
}

// part opens one mail of a mailbox, with the quotes before From undone.
func (r *Reader) part(path string, start, end int64) (io.ReadCloser, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	in := io.NewSectionReader(f, start, end-start)
	return part{&unquoter{in: bufio.NewReaderSize(in, 16<<10), old: r.OldQuotes}, f}, nil
}

// unquoter takes one > off lines such as ">From " (mboxo) or also ">>From " (mboxrd).
type unquoter struct {
	in   *bufio.Reader
	old  bool
	rest []byte
	mid  bool // in a line longer than the buffer
	err  error
}

func (u *unquoter) Read(p []byte) (int, error) {
	for len(u.rest) == 0 {
		if u.err != nil {
			return 0, u.err
		}
		line, err := u.in.ReadSlice('\n')
		if !u.mid && len(line) > 0 && line[0] == '>' {
			inner := bytes.TrimLeft(line, ">")
			if bytes.HasPrefix(inner, []byte("From ")) && (!u.old || len(line)-len(inner) == 1) {
				line = line[1:]
			}
		}
		u.mid = errors.Is(err, bufio.ErrBufferFull)
		if !u.mid {
			u.err = err
		}
		u.rest = line
	}
	n := copy(p, u.rest)
	u.rest = u.rest[n:]
	return n, nil
}
