package spool

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"mavis/engine/mail"
)

var _ mail.Body = (*Body)(nil)

// Task is one message: its body, and its folder once something needs one. Close ends it.
type Task struct {
	spool *Spool
	body  Body

	mu     sync.Mutex
	dir    string
	closed bool
}

// Body is the message's body, empty at first.
func (t *Task) Body() *Body { return &t.body }

// Dir gives the task's folder, with an empty folder parts inside; both come into being at the first call.
func (t *Task) Dir() (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return "", os.ErrClosed
	}
	if t.dir == "" {
		dir, err := t.spool.folder()
		if err != nil {
			return "", err
		}
		t.dir = dir
	}
	return t.dir, nil
}

// Close forgets the body and empties or removes the folder. The body must not be read after it. Calling it again does
// nothing.
func (t *Task) Close() error {
	t.mu.Lock()
	if t.closed {
		t.mu.Unlock()
		return nil
	}
	t.closed = true
	dir := t.dir
	t.mu.Unlock()
	err := t.body.release()
	if dir != "" {
		err = errors.Join(err, t.spool.giveBack(dir))
	}
	t.spool.mu.Lock()
	delete(t.spool.tasks, t)
	t.spool.mu.Unlock()
	return err
}

// Body is the bytes of a message. It is written once, by one goroutine; after that any number may read.
type Body struct {
	task *Task
	size int64
	mem  *bytes.Buffer
	file *os.File

	writeOut sync.Mutex // guards the making of email.txt from memory
	copied   bool
}

// Size is the number of bytes written.
func (b *Body) Size() int64 { return b.size }

// Write appends. On an error nothing of p counts as written, and the body is of no further use.
func (b *Body) Write(p []byte) (int, error) {
	s := b.task.spool
	if b.size+int64(len(p)) < b.size || s.opt.BodyMax > 0 && b.size+int64(len(p)) > s.opt.BodyMax {
		return 0, ErrTooLarge
	}
	if total := s.total.Add(int64(len(p))); s.opt.TotalMax > 0 && total > s.opt.TotalMax {
		s.total.Add(-int64(len(p)))
		return 0, ErrFull
	}
	if err := b.put(p); err != nil {
		s.total.Add(-int64(len(p)))
		return 0, fmt.Errorf("message to disk: %w", err)
	}
	b.size += int64(len(p))
	return len(p), nil
}

func (b *Body) put(p []byte) error {
	if b.file == nil && b.size+int64(len(p)) <= int64(b.task.spool.opt.MemoryMax) {
		if b.mem == nil {
			b.mem = b.task.spool.buffers.Get().(*bytes.Buffer)
		}
		b.mem.Write(p) // grows or panics; bounded by MemoryMax
		return nil
	}
	if b.file == nil {
		f, err := b.create()
		if err != nil {
			return err
		}
		b.file = f
		if b.mem != nil {
			_, err = f.Write(b.mem.Bytes())
			b.dropMemory()
			if err != nil {
				return err
			}
		}
	}
	_, err := b.file.Write(p)
	return err
}

func (b *Body) create() (*os.File, error) {
	dir, err := b.task.Dir()
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(dir, "email.txt"), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o640)
	if err != nil {
		return nil, err
	}
	if err := f.Chmod(0o640); err != nil { // whatever the umask
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// ReadAt reads as io.ReaderAt says.
func (b *Body) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("read before the start of a message")
	}
	if b.file != nil {
		return b.file.ReadAt(p, off)
	}
	var mem []byte
	if b.mem != nil {
		mem = b.mem.Bytes()
	}
	if off >= int64(len(mem)) {
		if len(p) == 0 {
			return 0, nil
		}
		return 0, io.EOF
	}
	n := copy(p, mem[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Bytes gives the body without a copy when it is in memory, else nil and false. The caller must not change it, nor use
// it after Task.Close.
func (b *Body) Bytes() ([]byte, bool) {
	if b.file != nil {
		return nil, false
	}
	if b.mem == nil {
		return nil, true
	}
	return b.mem.Bytes(), true
}

// File gives the path of a file with the whole message, email.txt in the task's folder. A body in memory is written out
// at the first call; it stays in memory as well.
func (b *Body) File() (string, error) {
	dir, err := b.task.Dir()
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "email.txt")
	b.writeOut.Lock()
	defer b.writeOut.Unlock()
	if b.file != nil || b.copied {
		return path, nil
	}
	f, err := b.create()
	if err != nil {
		return "", fmt.Errorf("message to disk: %w", err)
	}
	if b.mem != nil {
		_, err = f.Write(b.mem.Bytes())
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return "", errors.Join(fmt.Errorf("message to disk: %w", err), os.Remove(path))
	}
	b.copied = true
	return path, nil
}

func (b *Body) dropMemory() {
	if b.mem == nil {
		return
	}
	if b.mem.Cap() <= 1<<20 {
		b.mem.Reset()
		b.task.spool.buffers.Put(b.mem)
	}
	b.mem = nil
}

func (b *Body) release() error {
	b.dropMemory()
	b.task.spool.total.Add(-b.size)
	b.size = 0
	if b.file == nil {
		return nil
	}
	err := b.file.Close()
	return err
}
