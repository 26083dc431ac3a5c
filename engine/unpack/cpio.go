package unpack

import (
	"encoding/binary"
	"errors"
	"io"
	"strconv"
	"strings"
)

// cpioHeader is what the three families of cpio headers have in common.
type cpioHeader struct {
	mode, nameLen, size int64
	links               int64
	file                string // device and inode, as written
}

type cpioFormat struct {
	headLen, align int64 // name and data are padded to a multiple of align
	parse          func(b []byte) (cpioHeader, bool)
}

// cpioMagic picks the format by the first octets: newc and crc, odc, and old binary in both byte orders.
func cpioMagic(b []byte) *cpioFormat {
	switch {
	case len(b) < 6:
	case string(b[:6]) == "070701", string(b[:6]) == "070702":
		return &cpioFormat{110, 4, func(b []byte) (h cpioHeader, ok bool) {
			mode, e1 := strconv.ParseInt(string(b[14:22]), 16, 64)
			size, e2 := strconv.ParseInt(string(b[54:62]), 16, 64)
			nameLen, e3 := strconv.ParseInt(string(b[94:102]), 16, 64)
			links, e4 := strconv.ParseInt(string(b[38:46]), 16, 64)
			return cpioHeader{mode, nameLen, size, links, string(b[62:78]) + string(b[6:14])}, e1 == nil && e2 == nil && e3 == nil && e4 == nil
		}}
	case string(b[:6]) == "070707":
		return &cpioFormat{76, 1, func(b []byte) (h cpioHeader, ok bool) {
			mode, e1 := strconv.ParseInt(string(b[18:24]), 8, 64)
			nameLen, e2 := strconv.ParseInt(string(b[59:65]), 8, 64)
			size, e3 := strconv.ParseInt(string(b[65:76]), 8, 64)
			links, e4 := strconv.ParseInt(string(b[36:42]), 8, 64)
			return cpioHeader{mode, nameLen, size, links, string(b[6:18])}, e1 == nil && e2 == nil && e3 == nil && e4 == nil
		}}
	case b[0] == 0xc7 && b[1] == 0x71:
		return &cpioFormat{26, 2, oldCpio(binary.LittleEndian)}
	case b[0] == 0x71 && b[1] == 0xc7:
		return &cpioFormat{26, 2, oldCpio(binary.BigEndian)}
	}
	return nil
}

func oldCpio(o binary.ByteOrder) func(b []byte) (cpioHeader, bool) {
	return func(b []byte) (cpioHeader, bool) {
		return cpioHeader{
			mode:    int64(o.Uint16(b[6:])),
			nameLen: int64(o.Uint16(b[20:])),
			size:    int64(o.Uint16(b[22:]))<<16 | int64(o.Uint16(b[24:])),
			links:   int64(o.Uint16(b[12:])),
			file:    string(b[2:6]),
		}, true
	}
}

const maxMemberName = 64 << 10

// hardLinks are the names of files that have several: of these an archive may hold the data once, behind any of them.
type hardLinks map[string][]*member

// share gives the data to all names.
func (l hardLinks) share() {
	for _, names := range l {
		var full *member
		for _, m := range names {
			if m.size > 0 && full == nil {
				full = m
			}
		}
		for _, m := range names {
			if full != nil && m.size == 0 {
				m.copy, m.size = full.copy, full.size
			}
		}
	}
}

// listCpio reads the member headers.
func listCpio(r io.ReaderAt, size int64, maxFiles int) ([]*member, error) {
	var out []*member
	linked := hardLinks{}
	defer linked.share()
	head := make([]byte, 110)
	for at := int64(0); ; {
		n, err := r.ReadAt(head[:min(110, max(0, size-at))], at)
		if err != nil && err != io.EOF {
			return out, err
		}
		f := cpioMagic(head[:n])
		if f == nil || int64(n) < f.headLen {
			return out, errors.New("cpio breaks off")
		}
		h, ok := f.parse(head)
		if !ok || h.nameLen <= 0 || h.nameLen > maxMemberName || h.size < 0 {
			return out, errors.New("broken cpio header")
		}
		pad := func(n int64) int64 { return (n + f.align - 1) / f.align * f.align }
		name := make([]byte, h.nameLen)
		if _, err := r.ReadAt(name, at+f.headLen); err != nil {
			return out, errors.New("cpio breaks off")
		}
		s, _, _ := strings.Cut(string(name), "\x00")
		start := pad(f.headLen+h.nameLen) + at
		if f.align == 2 {
			start = at + f.headLen + pad(h.nameLen)
		}
		if s == "TRAILER!!!" {
			return out, nil
		}
		if maxFiles > 0 && len(out) >= maxFiles {
			return out, errTooMany{maxFiles}
		}
		m := &member{name: strings.TrimRight(s, "/"), size: h.size}
		switch h.mode & 0o170000 {
		case 0o100000, 0:
			m.copy = func(w io.Writer) error {
				n, err := io.Copy(w, io.NewSectionReader(r, start, h.size))
				if err == nil && n < h.size {
					err = io.ErrUnexpectedEOF
				}
				return err
			}
			if h.links > 1 {
				linked[h.file] = append(linked[h.file], m)
			}
		case 0o040000:
			m.kind, m.size = folder, 0
		case 0o120000:
			m.kind, m.size = link, 0
		default:
			m.kind, m.size = special, 0
		}
		out = append(out, m)
		if at = start + pad(h.size); at >= size {
			return out, nil
		}
	}
}
