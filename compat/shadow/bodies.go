package shadow

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"mavis/engine/mail"
)

// Bodies keeps the mails that came out differently, in a folder of its own, for a time, up to a size.
type Bodies struct {
	Dir string
	For time.Duration // how long a mail is kept
	Max int64         // bytes of all mails together
}

const bodySuffix = ".eml"

// Keep writes a mail, and drops those whose time is over, and the oldest when there are too many.
func (b *Bodies) Keep(name string, body mail.Body, now time.Time) error {
	if body.Size() > b.Max {
		return nil
	}
	if err := b.sweep(now, b.Max-body.Size()); err != nil {
		return err
	}
	path := filepath.Join(b.Dir, strings.NewReplacer("/", "_", ":", "").Replace(name)+bodySuffix)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, io.NewSectionReader(body, 0, body.Size()))
	if err = errors.Join(err, f.Close()); err != nil {
		err = errors.Join(err, os.Remove(path))
	}
	return err
}

// Sweep drops the mails whose time is over.
func (b *Bodies) Sweep(now time.Time) error { return b.sweep(now, b.Max) }

func (b *Bodies) sweep(now time.Time, room int64) error {
	names, err := filepath.Glob(filepath.Join(b.Dir, "*"+bodySuffix))
	if err != nil {
		return err
	}
	var files []kept
	total := int64(0)
	for _, name := range names {
		st, err := os.Lstat(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		files = append(files, kept{name, st.ModTime(), st.Size()})
		total += st.Size()
	}
	sort.Slice(files, func(i, k int) bool { return files[i].at.Before(files[k].at) })
	for _, f := range files {
		if now.Sub(f.at) < b.For && total <= room {
			break
		}
		if err := os.Remove(f.name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		total -= f.size
	}
	return nil
}

type kept struct {
	name string
	at   time.Time
	size int64
}
