package unpack

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"archive/tar"

	"mavis/engine/mail"
)

// doPaxCpio opens tar and cpio. With pax the original has all members in one folder and keeps their full names; with
// cpio it has them in folders of their own.
func doPaxCpio(t *task, p *mail.Part, d *Decoder) (outcome, error) {
	cmd := d.command(0)
	if cmd == nil {
		return atomic, nil
	}
	f, err := t.open(p)
	if err != nil {
		return kept, err
	}
	defer f.Close()
	members, lerr := listTarOrCpio(f, t.o.MaxFiles)
	var bytes int64
	for _, m := range members {
		bytes = plus(bytes, m.size)
	}
	if errors.As(lerr, new(errTooMany)) {
		return kept, lerr
	}
	if err := t.quota.check(bytes, "do_pax_cpio/pre"); err != nil {
		return kept, err
	}
	res := replaced
	var root *node
	if strings.HasPrefix(strings.ToLower(filepath.Base(cmd[0])), "cpio") {
		root = place(members)
	} else {
		root = &node{}
		seen := map[string]bool{}
		for _, m := range members {
			flat := flatName(m.name)
			if seen[flat] {
				res = kept // one name hides another: the archive stays for scanners to see
			}
			seen[flat] = true
			root.sub = append(root.sub, &node{name: m.name, m: m})
		}
	}
	if err := t.emit(p, root, "do_pax_cpio"); err != nil {
		return kept, err
	}
	if lerr != nil {
		return kept, lerr
	}
	return res, nil
}

func flatName(s string) string {
	b := []byte(s)
	for i, c := range b {
		if !(c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '_') {
			b[i] = '-'
		}
	}
	return string(b)
}

// listTarOrCpio gives the members before anything that breaks the list, and what broke it.
func listTarOrCpio(f *os.File, maxFiles int) ([]*member, error) {
	head := make([]byte, 6)
	if _, err := f.ReadAt(head, 0); err != nil && err != io.EOF {
		return nil, &HostError{err}
	}
	st, err := f.Stat()
	if err != nil {
		return nil, &HostError{err}
	}
	if cpioMagic(head) != nil {
		return listCpio(f, st.Size(), maxFiles)
	}
	return listTar(f, st.Size(), maxFiles)
}

func listTar(f *os.File, size int64, maxFiles int) ([]*member, error) {
	at := &counter{r: io.NewSectionReader(f, 0, size)}
	r := tar.NewReader(at)
	var out []*member
	byName := map[string]*member{}
	for entry := 0; ; entry++ {
		h, err := r.Next()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		if maxFiles > 0 && len(out) >= maxFiles {
			return out, errTooMany{maxFiles}
		}
		m := &member{name: strings.TrimRight(h.Name, "/"), size: h.Size}
		start := at.n
		switch h.Typeflag {
		case tar.TypeReg, tar.TypeCont, tar.TypeGNUSparse:
			n := h.Size
			if byName[h.Name] = m; h.Typeflag == tar.TypeGNUSparse || sparse(h) {
				m.copy = sparseCopy(f, size, entry)
				break
			}
			m.copy = func(w io.Writer) error {
				got, err := io.Copy(w, io.NewSectionReader(f, start, min(n, max(0, size-start))))
				if err == nil && got < n {
					err = io.ErrUnexpectedEOF
				}
				return err
			}
		case tar.TypeLink:
			if target := byName[h.Linkname]; target != nil {
				m.copy, m.size = target.copy, target.size
			} else {
				m.kind = link
			}
		case tar.TypeSymlink:
			m.kind, m.size = link, 0
		case tar.TypeDir:
			m.kind, m.size = folder, 0
		case tar.TypeXGlobalHeader:
			continue
		default:
			m.kind, m.size = special, 0
		}
		out = append(out, m)
	}
}

// sparseCopy reads the archive again up to one entry: the holes are filled in on the way.
func sparseCopy(f *os.File, size int64, entry int) func(io.Writer) error {
	return func(w io.Writer) error {
		r := tar.NewReader(io.NewSectionReader(f, 0, size))
		for range entry + 1 {
			if _, err := r.Next(); err != nil {
				return err
			}
		}
		_, err := io.Copy(w, r)
		return err
	}
}

func sparse(h *tar.Header) bool {
	for k := range h.PAXRecords {
		if strings.HasPrefix(k, "GNU.sparse.") {
			return true
		}
	}
	return false
}

// counter knows how far a tar reader has read, and lets it skip.
type counter struct {
	r *io.SectionReader
	n int64
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	return n, err
}

func (c *counter) Seek(off int64, whence int) (int64, error) {
	n, err := c.r.Seek(off, whence)
	if err == nil {
		c.n = n
	}
	return n, err
}
