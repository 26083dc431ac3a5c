package stored

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
	"slices"
	"strings"

	"mavis/compat/rehearse/queuefile"
)

// Reader finds mail. The zero value is ready.
type Reader struct {
	// Stdin is where the source "-" reads names from, one a line; nil makes "-" an error.
	Stdin io.Reader
	// OldQuotes says that mailboxes quote ">From " only (mboxo); else any number of > is undone by one (mboxrd).
	OldQuotes bool
	// MaxPlain bounds what a compressed mail may grow to, in bytes; 0 is 1 GiB.
	MaxPlain int64
}

// chunk is how many names of a folder are held at a time; folders up to that size are walked in order of names.
const chunk = 4096

// Each gives the mails of sources to found, until that or ctx says stop. A file that cannot be read is given all the same:
// opening it says why. The error is that of found, of ctx, or of a source that is not there at all.
func (r *Reader) Each(ctx context.Context, sources []string, found func(*Mail) error) error {
	for _, s := range sources {
		if s == "-" {
			if err := r.list(ctx, found); err != nil {
				return err
			}
			continue
		}
		st, err := os.Stat(s)
		if err != nil {
			return err
		}
		if st.IsDir() {
			err = r.folder(ctx, s, found)
		} else {
			err = r.file(ctx, s, st.Size(), found)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// list reads names from standard input.
func (r *Reader) list(ctx context.Context, found func(*Mail) error) error {
	if r.Stdin == nil {
		return errors.New("no list of mails is there to read")
	}
	sc := bufio.NewScanner(r.Stdin)
	sc.Buffer(nil, 64<<10)
	for sc.Scan() {
		name := strings.TrimSuffix(sc.Text(), "\r")
		if name == "" {
			continue
		}
		st, err := os.Stat(name)
		switch {
		case err != nil:
			err = found(broken(name, err))
		case st.IsDir():
			err = r.folder(ctx, name, found)
		default:
			err = r.file(ctx, name, st.Size(), found)
		}
		if err != nil {
			return err
		}
	}
	return sc.Err()
}

func broken(name string, err error) *Mail {
	return &Mail{Name: name, Open: func() (io.ReadCloser, error) { return nil, err }}
}

// folder walks a folder and all below it: a maildir's cur and new and its sub-folders, the sub-folders of a quarantine, the
// hashed folders of a queue, or just files.
func (r *Reader) folder(ctx context.Context, dir string, found func(*Mail) error) error {
	d, err := os.Open(dir)
	if err != nil {
		return found(broken(dir, err))
	}
	defer d.Close()
	maildir := isDir(filepath.Join(dir, "cur")) && isDir(filepath.Join(dir, "new"))
	for {
		entries, err := d.ReadDir(chunk)
		slices.SortFunc(entries, func(a, b os.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
		for _, e := range entries {
			if err := ctx.Err(); err != nil {
				return err
			}
			path := filepath.Join(dir, e.Name())
			switch {
			case e.IsDir() && maildir && e.Name() == "tmp":
			case e.IsDir():
				err := r.folder(ctx, path, found)
				if err != nil {
					return err
				}
			case e.Type().IsRegular() && (maildir || notMail(e.Name())):
			case e.Type().IsRegular():
				st, err := e.Info()
				if err != nil {
					continue // moved away meanwhile
				}
				if err := r.file(ctx, path, st.Size(), found); err != nil {
					return err
				}
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return found(broken(dir, err))
		}
	}
}

func isDir(path string) bool {
	st, err := os.Stat(path)
	return err == nil && st.IsDir()
}

// notMail says that a file in a folder of mails is no mail by its name.
func notMail(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".json", ".csv", ".raw", ".log", ".html", ".db", ".sqlite":
		return true
	}
	return strings.HasPrefix(name, "dovecot") || strings.HasPrefix(name, ".") || name == "maildirsize" || name == "maildirfolder" || name == "subscriptions"
}

// file looks at the first bytes to tell what a file holds.
func (r *Reader) file(ctx context.Context, path string, size int64, found func(*Mail) error) error {
	f, err := os.Open(path)
	if err != nil {
		return found(broken(path, err))
	}
	defer f.Close()
	top := make([]byte, 64)
	n, err := io.ReadFull(f, top)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return found(broken(path, err))
	}
	switch top = top[:n]; {
	case bytes.HasPrefix(top, []byte("From ")):
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return found(broken(path, err))
		}
		return r.mailbox(ctx, path, f, found)
	case queuefile.Is(top):
		return found(queued(path, f, size))
	case bytes.HasPrefix(top, []byte{0x1f, 0x8b}):
		return found(&Mail{Name: path, Size: size, Open: func() (io.ReadCloser, error) { return r.gunzip(path) }})
	}
	return found(&Mail{Name: path, Size: size, Open: func() (io.ReadCloser, error) { return os.Open(path) }})
}

// errTooBig says that a compressed mail is larger than MaxPlain.
var errTooBig = errors.New("grows too large when decompressed")

type unzipped struct {
	*gzip.Reader
	file *os.File
	left int64
}

func (r *Reader) gunzip(path string) (io.ReadCloser, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	z, err := gzip.NewReader(bufio.NewReader(f))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
	}
	left := r.MaxPlain
	if left <= 0 {
		left = 1 << 30
	}
	return &unzipped{z, f, left}, nil
}

func (u *unzipped) Read(p []byte) (int, error) {
	n, err := u.Reader.Read(p)
	if u.left -= int64(n); u.left < 0 {
		return 0, errTooBig
	}
	return n, err
}

func (u *unzipped) Close() error { return errors.Join(u.Reader.Close(), u.file.Close()) }
