package unpack

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"unicode/utf8"

	"mavis/engine/mail"
	"mavis/engine/mime"
)

// do7zip opens what 7-Zip opens. A zip without oddities is read in process with the outcome that 7-Zip has; all else goes
// to the program.
func do7zip(t *task, p *mail.Part, d *Decoder) (outcome, error) {
	cmd := d.command(0)
	if cmd == nil {
		return atomic, nil
	}
	if has(p.TypeShort, "zip") || has(p.TypeShort, "kmz") || has(p.TypeShort, "jar") {
		if members := plainZip(p.Path, t.o.MaxFiles); members != nil {
			return t.like7zip(p, members)
		}
	}
	return t.seven(p, cmd)
}

// zipMember is a member of a zip with what 7-Zip's listing says of it.
type zipMember struct {
	member
	encrypted bool
	name      string // as listed, Unicode
}

// maxDirectory bounds the list of members that is read into memory, in bytes of the archive; each becomes some five in memory.
const maxDirectory = 4 << 20

// shortDirectory says whether the list of members, by either of the two figures for where it starts, is short enough. An
// archive beyond 32 bits is not.
func shortDirectory(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return false
	}
	const end, comment = 22, 1 << 16 // of the end record (APPNOTE section 4.3.16), and the longest comment behind it
	tail := make([]byte, min(st.Size(), end+comment))
	if _, err := f.ReadAt(tail, st.Size()-int64(len(tail))); err != nil {
		return false
	}
	i := bytes.LastIndex(tail, []byte("PK\x05\x06"))
	if i < 0 || len(tail)-i < end {
		return false
	}
	at := st.Size() - int64(len(tail)) + int64(i)
	size, offset := int64(binary.LittleEndian.Uint32(tail[i+12:])), int64(binary.LittleEndian.Uint32(tail[i+16:]))
	return size <= maxDirectory && offset <= at && at-offset <= maxDirectory
}

// methods that are undone in process.
const (
	stored   = 0
	deflated = 8
	bzipped  = 12
)

// plainZip lists a zip that holds nothing unusual; nil otherwise. The file stays open for the members until they are copied:
// each copy opens it anew, so that nothing needs closing.
func plainZip(path string, maxFiles int) []*zipMember {
	if !shortDirectory(path) {
		return nil
	}
	r, err := zip.OpenReader(path)
	if err != nil {
		return nil
	}
	defer r.Close()
	if len(r.File) == 0 || len(r.Comment) > 0 && r.Comment[0] == 0 {
		return nil
	}
	if !startsWithMember(path) {
		return nil
	}
	seen := map[string]bool{}
	var out []*zipMember
	for i, f := range r.File {
		switch f.Method {
		case stored, deflated, bzipped: // zstd may want more memory than there should be: the program has it
		default:
			if f.Flags&1 == 0 {
				return nil
			}
		}
		if !plainName(f) || seen[f.Name] {
			return nil
		}
		seen[f.Name] = true
		m := &zipMember{name: f.Name, encrypted: f.Flags&1 != 0}
		m.member = member{name: f.Name, size: int64(f.UncompressedSize64)}
		switch mode := f.Mode(); {
		case mode.IsDir():
			m.kind = folder
		case mode&fs.ModeSymlink != 0:
			m.kind = link
		case !mode.IsRegular():
			return nil
		}
		if m.size < 0 || f.CompressedSize64 > 1<<40 {
			return nil
		}
		m.copy = zipCopy(path, f, i)
		out = append(out, m)
		if maxFiles > 0 && len(out) > maxFiles+1 {
			break
		}
	}
	return out
}

// startsWithMember looks for data in front of the archive, which 7-Zip warns about.
func startsWithMember(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	var b [4]byte
	_, err = io.ReadFull(f, b[:])
	return err == nil && string(b[:]) == "PK\x03\x04"
}

func plainName(f *zip.File) bool {
	ascii := true
	for i := range len(f.Name) {
		switch c := f.Name[i]; {
		case c >= 0x80:
			ascii = false
		case c < ' ' || c == 0x7f || c == '\\':
			return false
		}
	}
	if f.Name == "" || len(f.Name) > 1000 {
		return false
	}
	return ascii || f.Flags&0x800 != 0 && utf8.ValidString(f.Name)
}

// zipCopy writes one member. The checksum is not held against it: what can be read is worth scanning.
func zipCopy(path string, f *zip.File, _ int) func(io.Writer) error {
	method, size := f.Method, int64(f.CompressedSize64)
	at, err := f.DataOffset()
	return func(w io.Writer) error {
		if err != nil {
			return err
		}
		file, ferr := os.Open(path)
		if ferr != nil {
			return &HostError{ferr}
		}
		defer file.Close()
		s := inflaters.Get().(*inflater)
		defer s.free()
		s.in.Reset(io.NewSectionReader(file, at, size))
		var src io.Reader = &s.in
		switch method {
		case deflated:
			if err := s.flate.(flate.Resetter).Reset(&s.in, nil); err != nil {
				return err
			}
			src = s.flate
		case bzipped:
			src = bzip2.NewReader(&s.in)
		}
		_, cerr := io.CopyBuffer(w, onlyReader{src}, s.block)
		return cerr
	}
}

// inflater is what one copy of a member needs in memory.
type inflater struct {
	in    bufio.Reader
	flate io.ReadCloser
	block []byte
}

var inflaters = sync.Pool{New: func() any {
	return &inflater{in: *bufio.NewReaderSize(nil, 32<<10), flate: flate.NewReader(nil), block: make([]byte, 32<<10)}
}}

// free gives it to the next one. What was read from stays referenced by the decompressor until then, a closed file.
func (s *inflater) free() {
	s.in.Reset(nil)
	inflaters.Put(s)
}

// onlyReader hides WriteTo, so that the block given is the one that is used.
type onlyReader struct{ io.Reader }

// like7zip makes parts of a zip the way do_7zip does: encrypted members leave names only, the others are extracted into
// folders, unless all of them are empty.
func (t *task) like7zip(p *mail.Part, members []*zipMember) (outcome, error) {
	entries, extracted, bytes := 1, 0, int64(0) // the archive counts as an entry of its own listing
	anyEncrypted := false
	var plain []*member
	for _, m := range members {
		switch {
		case m.kind == folder:
			continue
		case m.encrypted:
			anyEncrypted = true
			n, err := t.add(p, true, false)
			if err != nil {
				return kept, err
			}
			n.Placement = fmt.Sprintf("%s/%d", p.Placement, entries)
			n.NameDeclared = []string{mime.Latin1(m.name)}
			n.Attribute("U")
			n.Attribute("C")
			continue
		}
		if entries++; t.o.MaxFiles > 0 && entries > t.o.MaxFiles {
			return kept, errTooMany{t.o.MaxFiles}
		}
		if m.size > 0 {
			bytes = plus(bytes, m.size)
			extracted++
		}
	}
	if extracted == 0 {
		return replaced, nil
	}
	if err := t.quota.check(bytes, "do_7zip-pre"); err != nil {
		return kept, err
	}
	for _, m := range members {
		if !m.encrypted && (!anyEncrypted || m.kind == file && m.size > 0) {
			plain = append(plain, &m.member)
		}
	}
	if err := t.emit(p, place(plain), "do_7zip"); err != nil && fatal(t, err) {
		return kept, err
	}
	return replaced, nil
}

// doUnzip is the decoder without a program: members in the order of the directory, names with their folders.
func doUnzip(t *task, p *mail.Part, _ *Decoder) (outcome, error) {
	r, err := zip.OpenReader(p.Path)
	if err != nil {
		return atomic, nil
	}
	defer r.Close()
	res := replaced
	for i, f := range r.File {
		n, err := t.add(p, true, false)
		if err != nil {
			return kept, err
		}
		n.Placement = fmt.Sprintf("%s/%d", p.Placement, i+1)
		n.NameDeclared = []string{mime.Latin1(f.Name)}
		switch {
		case f.Method != stored && f.Method != deflated:
			n.Attribute("U")
			res = kept
		case f.Flags&1 != 0:
			n.Attribute("U")
			n.Attribute("C")
			res = kept
		case f.Mode().IsDir():
			n.Attribute("D")
		default:
			if err := t.fill(n, "do_unzip", zipCopy(p.Path, f, i)); err != nil {
				return kept, err
			}
			if n.Size == 0 {
				res = kept
			}
		}
	}
	return res, nil
}
