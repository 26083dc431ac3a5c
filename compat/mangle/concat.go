package mangle

import (
	"bytes"
	"io"

	"mavis/engine/mail"
)

// concat are pieces of text that stand one behind the other.
type concat [][]byte

// joined is a body made of pieces.
type joined struct {
	pieces []piece
	size   int64
}

type piece struct {
	io.ReaderAt
	from, size int64
}

// with puts a body and a last text behind.
func (c concat) with(body io.ReaderAt, size int64, last []byte) mail.Body {
	j := &joined{}
	for _, b := range c {
		j.add(bytes.NewReader(b), int64(len(b)))
	}
	j.add(body, size)
	j.add(bytes.NewReader(last), int64(len(last)))
	return j
}

func (j *joined) add(r io.ReaderAt, size int64) {
	j.pieces = append(j.pieces, piece{r, j.size, size})
	j.size += size
}

// Size is the number of bytes of all pieces.
func (j *joined) Size() int64 { return j.size }

// ReadAt reads as io.ReaderAt says.
func (j *joined) ReadAt(p []byte, off int64) (n int, err error) {
	for _, x := range j.pieces {
		if n == len(p) {
			return n, nil
		}
		at := off + int64(n) - x.from
		if at < 0 || at >= x.size {
			continue
		}
		want := min(int64(len(p)-n), x.size-at)
		got, err := x.ReaderAt.ReadAt(p[n:n+int(want)], at)
		n += got
		if int64(got) < want {
			if err == nil {
				err = io.ErrUnexpectedEOF
			}
			return n, err
		}
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Contains says whether a text stands somewhere in a body. A boundary must not: its author could end the wrapping early.
func Contains(b mail.Body, text string) (bool, error) {
	buf := make([]byte, 64<<10)
	n := 0
	for off := int64(0); off < b.Size(); {
		got, err := b.ReadAt(buf[n:], off)
		if got == 0 && err != nil {
			return false, err
		}
		off += int64(got)
		n += got
		if bytes.Contains(buf[:n], []byte(text)) {
			return true, nil
		}
		if rest := len(text) - 1; n > rest {
			n = copy(buf, buf[n-rest:n])
		}
	}
	return false, nil
}
