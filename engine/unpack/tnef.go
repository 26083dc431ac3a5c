package unpack

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"mavis/engine/mail"
	"mavis/engine/mime"
)

// Attributes of TNEF (MS-OXTNEF section 2.1.3.2) that matter here.
const (
	attachRendData = 0x00069002
	attachData     = 0x0006800f
	attachTitle    = 0x00018010
	attachment     = 0x00069005
	tnefMagic      = 0x223e9f78
	maxTNEFName    = 4096
)

// tnefBlob is a stretch of the file.
type tnefBlob struct{ at, size int64 }

// tnefFile is one attachment.
type tnefFile struct {
	title      string
	data, mapi *tnefBlob
}

// doTNEF takes the attachments out of winmail.dat.
func doTNEF(t *task, p *mail.Part, _ *Decoder) (outcome, error) {
	f, err := t.open(p)
	if err != nil {
		return kept, err
	}
	defer f.Close()
	files, err := listTNEF(f, p.Size)
	if err != nil {
		return kept, err
	}
	item := 0
	for _, a := range files {
		names := []string{a.title}
		if long := longTitle(f, a.mapi); long != "" {
			names = append(names, long)
		} else if a.mapi != nil {
			names = append(names, a.title)
		}
		for _, b := range []*tnefBlob{a.data, a.mapi} {
			if b == nil {
				continue
			}
			n, err := t.add(p, true, false)
			if err != nil {
				return kept, err
			}
			item++
			n.Placement = fmt.Sprintf("%s/%d", p.Placement, item)
			for _, s := range names {
				if s != "" {
					n.NameDeclared = append(n.NameDeclared, mime.Latin1(s))
				}
			}
			err = t.fill(n, "do_tnef", func(w io.Writer) error {
				_, err := io.Copy(w, io.NewSectionReader(f, b.at, b.size))
				return err
			})
			if err != nil {
				return kept, err
			}
		}
	}
	return replaced, nil
}

// listTNEF reads the attributes. The first of the files stands for the message itself.
func listTNEF(r io.ReaderAt, size int64) ([]*tnefFile, error) {
	var head [9]byte
	if _, err := r.ReadAt(head[:6], 0); err != nil {
		return nil, errors.New("too short for TNEF")
	}
	if binary.LittleEndian.Uint32(head[:]) != tnefMagic {
		return nil, errors.New("not TNEF")
	}
	files := []*tnefFile{{}}
	inAttachment := false
	for at := int64(6); at < size; {
		if _, err := r.ReadAt(head[:], at); err != nil {
			return files, errors.New("TNEF breaks off")
		}
		level, id, n := head[0], binary.LittleEndian.Uint32(head[1:]), int64(binary.LittleEndian.Uint32(head[5:]))
		start := at + 9
		if level != 1 && level != 2 || level == 1 && inAttachment {
			return files, errors.New("broken TNEF level")
		}
		if n > size-start-2 {
			return files, errors.New("TNEF breaks off")
		}
		at = start + n + 2
		if level == 2 {
			inAttachment = true
			if id == attachRendData {
				if len(files) > 10000 {
					return files, errTooMany{10000}
				}
				files = append(files, &tnefFile{})
			} else if len(files) == 1 {
				return files, errors.New("TNEF attachment without a beginning")
			}
		}
		f := files[len(files)-1]
		switch id {
		case attachData:
			f.data = &tnefBlob{start, n}
		case attachment:
			f.mapi = &tnefBlob{start, n}
		case attachTitle:
			b := make([]byte, min(n, maxTNEFName))
			if _, err := r.ReadAt(b, start); err != nil {
				return files, err
			}
			f.title = strings.TrimRight(string(b), "\x00")
		}
	}
	return files, nil
}

// longTitle looks for the long file name among the MAPI properties.
func longTitle(r io.ReaderAt, b *tnefBlob) string {
	if b == nil {
		return ""
	}
	data := make([]byte, min(b.size, 1<<20))
	if _, err := r.ReadAt(data, b.at); err != nil {
		return ""
	}
	for _, key := range []string{"\x1e\x00\x01\x30\x01", "\x1e\x00\x07\x37\x01"} {
		i := strings.Index(string(data), key)
		if i < 0 || i+12 > len(data) {
			continue
		}
		n := int64(binary.LittleEndian.Uint32(data[i+8:]))
		end := min(int64(i+12)+min(n, maxTNEFName), int64(len(data)))
		return strings.TrimRight(string(data[i+12:end]), "\x00")
	}
	return ""
}
