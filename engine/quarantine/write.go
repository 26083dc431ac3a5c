package quarantine

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"mavis/engine/perlat"
)

// lockPatience bounds the wait for another process that holds a mailbox.
const lockPatience = 30 * time.Second

// writeFile makes a file of its own. It appears under its name only when it is complete, and never replaces another.
func (s *Store) writeFile(m Mail, t *target) (err error) {
	if st, err := os.Lstat(t.path); err == nil && !st.Mode().IsRegular() {
		return notRegularError{t.path}
	} else if err == nil {
		return existsError{t.path}
	} else if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(t.path), ".hold-*")
	if err != nil {
		if strings.HasSuffix(t.path, ".gz") {
			return &openError{"create gzip file", t.path, perlat.NewGzip, err}
		}
		return &openError{"create file", t.path, perlat.NewFile, err}
	}
	temporary := f.Name()
	defer os.Remove(temporary)
	defer f.Close()
	if err := f.Chmod(0o640); err != nil {
		return err
	}
	s.own(temporary)
	var out io.Writer = f
	var zip *gzip.Writer
	if strings.HasSuffix(t.path, ".gz") {
		zip = gzip.NewWriter(f)
		out = zip
	}
	w := bufio.NewWriterSize(out, 32<<10)
	if err := writeMail(w, m, t, false); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if zip != nil {
		if err := zip.Close(); err != nil {
			return err
		}
	}
	if s.Sync {
		if err := f.Sync(); err != nil {
			return err
		}
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := publish(temporary, t.path); err != nil || !s.Sync {
		return err
	}
	return syncFolder(filepath.Dir(t.path))
}

// syncFolder flushes names to disk. A file system that cannot do so for folders says EINVAL; a folder may be ours to write
// and not to read.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if errors.Is(err, os.ErrPermission) {
		return nil
	} else if err != nil {
		return err
	}
	if err = d.Sync(); errors.Is(err, unix.EINVAL) {
		err = nil
	}
	return errors.Join(err, d.Close())
}

// publish gives a complete file its name. A hard link fails when the name is taken; where the file system has no hard
// links the file is renamed.
func publish(temporary, path string) error {
	err := os.Link(temporary, path)
	if err == nil || errors.Is(err, os.ErrExist) {
		return err
	}
	if _, there := os.Lstat(path); there == nil {
		return os.ErrExist
	}
	return os.Rename(temporary, path)
}

// appendMailbox adds to an mbox file (RFC 4155, lines escaped as in mboxrd) under flock(2), as the original locks it.
// When it fails, the file is cut back to its former length.
func (s *Store) appendMailbox(m Mail, t *target) (err error) {
	flags := os.O_APPEND | os.O_WRONLY
	_, missing := os.Lstat(t.path)
	if errors.Is(missing, os.ErrNotExist) {
		flags |= os.O_CREATE
	}
	f, err := os.OpenFile(t.path, flags|unix.O_NONBLOCK, 0o640)
	if err != nil && flags&os.O_CREATE != 0 {
		return &openError{"create file", t.path, perlat.NewMailbox, err}
	} else if err != nil {
		return &openError{"append to", t.path, perlat.OldMailbox, err}
	}
	defer f.Close()
	if flags&os.O_CREATE != 0 {
		s.own(t.path)
	}
	st, err := f.Stat()
	if err != nil {
		return err
	}
	if !st.Mode().IsRegular() {
		return errors.New("not a regular file")
	}
	if err := lock(f); err != nil {
		return err
	}
	start, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Truncate(start))
		}
	}()
	w := bufio.NewWriterSize(f, 32<<10)
	if err := writeMail(w, m, t, true); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if s.Sync {
		if err := f.Sync(); err != nil {
			return err
		}
		if flags&os.O_CREATE != 0 {
			return syncFolder(filepath.Dir(t.path))
		}
	}
	return nil
}

func lock(f *os.File) error {
	ctx, cancel := context.WithTimeout(context.Background(), lockPatience)
	defer cancel()
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.New("the mailbox stays locked")
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// writeMail writes the message with LF line ends.
func writeMail(w *bufio.Writer, m Mail, t *target, mbox bool) error {
	path := m.SenderPath
	if path == "" {
		path = "<" + m.Sender + ">"
	}
	if mbox {
		from := path
		if m.Sender == "" {
			from = "MAILER-DAEMON"
		}
		from = strings.NewReplacer(" ", "-", "\t", "-", "\n", "-").Replace(from)
		fmt.Fprintf(w, "From %s %s\n", from, m.Received.UTC().Format("Mon Jan _2 15:04:05 2006"))
	}
	w.WriteString(foldList("Return-Path: ", []string{path}))
	w.WriteString(foldList("Delivered-To: ", t.rcpts))
	w.Write(bytes.ReplaceAll(m.Header, []byte("\r\n"), []byte("\n")))
	w.WriteByte('\n')
	if m.Body != nil {
		if _, err := m.Body.Seek(0, io.SeekStart); err != nil {
			return err
		}
		if err := copyBody(w, m.Body, mbox); err != nil {
			return err
		}
	}
	if mbox {
		w.WriteByte('\n')
	}
	return nil
}

// foldList is a header field of addresses, folded after commas where it gets longer than 78 columns.
func foldList(name string, items []string) string {
	line, out := name, ""
	for i, s := range items {
		if i < len(items)-1 {
			s += ","
		}
		if i > 0 {
			if len(line)+1+len(s) > 78 {
				out, line = out+line+"\n", ""
			}
			line += " "
		}
		line += s
	}
	return out + line + "\n"
}

// copyBody turns CRLF into LF. In a mailbox lines that look like "From " get a > before them.
func copyBody(w *bufio.Writer, in io.Reader, mbox bool) error {
	r := bufio.NewReaderSize(in, 64<<10)
	start := true
	for {
		line, err := r.ReadSlice('\n')
		if len(line) > 0 {
			if mbox && start && bytes.HasPrefix(bytes.TrimLeft(line, ">"), []byte("From ")) {
				w.WriteByte('>')
			}
			start = line[len(line)-1] == '\n'
			if err == bufio.ErrBufferFull && line[len(line)-1] == '\r' { // its LF may be the next octet
				w.Write(line[:len(line)-1])
				if next, e := r.Peek(1); e != nil || next[0] != '\n' {
					w.WriteByte('\r')
				}
			} else if n := len(line); n > 1 && line[n-1] == '\n' && line[n-2] == '\r' {
				w.Write(line[:n-2])
				w.WriteByte('\n')
			} else {
				w.Write(line)
			}
		}
		switch err {
		case nil, bufio.ErrBufferFull:
		case io.EOF:
			return nil
		default:
			return fmt.Errorf("read the body: %w", err)
		}
	}
}

// crlf turns lone LF into CRLF.
func crlf(b []byte) []byte {
	b = bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n"))
	return bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n"))
}
