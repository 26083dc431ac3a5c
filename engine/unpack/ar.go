package unpack

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"mavis/engine/mail"
)

// doAr opens an ar archive, such as a Debian package.
func doAr(t *task, p *mail.Part, d *Decoder) (outcome, error) {
	if d.command(0) == nil {
		return atomic, nil
	}
	f, err := t.open(p)
	if err != nil {
		return kept, err
	}
	defer f.Close()
	members, lerr := listAr(f, p.Size, t.o.MaxFiles)
	if errors.As(lerr, new(errTooMany)) {
		return kept, lerr
	}
	var total int64
	root := &node{}
	for _, m := range members {
		total = plus(total, m.size)
		root.sub = append(root.sub, &node{name: m.name, m: m})
	}
	if err := t.quota.check(total, "do_ar-pre"); err != nil {
		return kept, err
	}
	if err := t.emit(p, root, "do_ar"); err != nil && fatal(t, err) {
		return kept, err
	}
	if lerr != nil {
		return kept, lerr
	}
	return replaced, nil
}

// listAr reads the member headers of a common, GNU or BSD archive.
func listAr(r io.ReaderAt, size int64, maxFiles int) ([]*member, error) {
	var out []*member
	var long []byte
	var head [60]byte
	for at := int64(8); at+60 <= size; {
		if _, err := r.ReadAt(head[:], at); err != nil {
			return out, err
		}
		at += 60
		n := decimal(head[48:58])
		if string(head[58:]) != "`\n" || n < 0 || n > size-at {
			return out, errors.New("broken ar header")
		}
		name, start, length := strings.TrimRight(string(head[:16]), " "), at, n
		at += n + n&1
		switch {
		case name == "/" || name == "/SYM64/" || strings.HasPrefix(name, "__.SYMDEF"):
			continue
		case name == "//":
			long = make([]byte, min(n, 1<<20))
			if _, err := r.ReadAt(long, start); err != nil {
				return out, err
			}
			continue
		case strings.HasPrefix(name, "#1/"):
			l := decimal([]byte(name[3:]))
			if l < 0 || l > length || l > 4096 {
				return out, errors.New("broken ar name")
			}
			b := make([]byte, l)
			if _, err := r.ReadAt(b, start); err != nil {
				return out, err
			}
			name, start, length = string(bytes.TrimRight(b, "\x00")), start+l, length-l
		case len(name) > 1 && name[0] == '/':
			if i := decimal([]byte(name[1:])); i >= 0 && i < int64(len(long)) {
				s, _, _ := bytes.Cut(long[i:], []byte("\n"))
				name = strings.TrimSuffix(string(s), "/")
			}
		default:
			name = strings.TrimSuffix(name, "/")
		}
		if maxFiles > 0 && len(out) >= maxFiles {
			return out, errTooMany{maxFiles}
		}
		out = append(out, &member{name: name, size: length, copy: func(w io.Writer) error {
			_, err := io.Copy(w, io.NewSectionReader(r, start, length))
			return err
		}})
	}
	return out, nil
}

func decimal(b []byte) int64 {
	b = bytes.TrimSpace(b)
	if len(b) == 0 || len(b) > 18 {
		return -1
	}
	n := int64(0)
	for _, c := range b {
		if c < '0' || c > '9' {
			return -1
		}
		n = n*10 + int64(c-'0')
	}
	return n
}
