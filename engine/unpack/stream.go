package unpack

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	txz "github.com/therootcompany/xz"
	"github.com/ulikunitz/xz/lzma"

	"mavis/engine/mail"
)

// fatal says that an error must not be taken for broken data: the quota, the machine, or the end of the time.
func fatal(t *task, err error) bool {
	var q errQuota
	var f errTooMany
	var h *HostError
	var m errMemory
	return errors.As(err, &q) || errors.As(err, &m) || errors.As(err, &f) || errors.As(err, &h) || t.ctx.Err() != nil
}

// maxDictionary bounds the memory of one decompressor in process. Data that wants more goes to the program.
const maxDictionary = 16 << 20

// wantsMemory says that data needs a larger dictionary than maxDictionary.
func wantsMemory(err error) bool {
	return errors.Is(err, txz.ErrMemlimit) || errors.Is(err, zstd.ErrWindowSizeExceeded) || errors.Is(err, zstd.ErrDecoderSizeExceeded) || errors.Is(err, errDictionary)
}

var errDictionary = errors.New("lzma dictionary too large")

// unpackers open compressed data by its magic, in process.
var unpackers = []struct {
	magic string
	open  func(r *bufio.Reader, w io.Writer) error
}{
	{"\x1f\x8b", gunzip},
	{"\x1f\x9d", func(r *bufio.Reader, w io.Writer) error { return lzw(r, w) }},
	{"BZh", bunzip2},
	{"\xfd7zXZ\x00", unxz},
	{"\x28\xb5\x2f\xfd", unzstd},
	{"\x04\x22\x4d\x18", unlz4},
}

// doUncompress undoes gzip, bzip2, xz and their like. What has its decoder here is opened in process, the rest by the program.
func doUncompress(t *task, p *mail.Part, d *Decoder) (outcome, error) {
	cmd := d.command(0)
	if cmd == nil {
		return atomic, nil
	}
	f, err := t.open(p)
	if err != nil {
		return kept, err
	}
	defer f.Close()
	n, err := t.add(p, true, false)
	if err != nil {
		return kept, err
	}
	n.Placement = p.Placement + "/1"
	n.NameDeclared = plainNames(p)
	r := bufio.NewReaderSize(f, 64<<10)
	head, _ := r.Peek(16)
	for _, u := range unpackers {
		if bytes.HasPrefix(head, []byte(u.magic)) {
			err := t.fill(n, copying, func(w io.Writer) error { return u.open(r, w) })
			if wantsMemory(err) {
				if err := t.undo(n); err != nil {
					return kept, err
				}
				break
			}
			if err != nil {
				return kept, err
			}
			return replaced, nil
		}
	}
	if has(p.TypeShort, "lzma") {
		if err := checkLZMA(head); err == nil {
			err = t.fill(n, copying, func(w io.Writer) error { return unlzma(r, w) })
			if err != nil {
				return kept, err
			}
			return replaced, nil
		}
	}
	warn := []int{0, 2}
	err = t.fill(n, copying, func(w io.Writer) error {
		return t.command(cmd, commandOptions{stdin: p.Path, stdout: w, ok: warn})
	})
	if err != nil {
		return kept, fmt.Errorf("%s: %w", filepath.Base(cmd[0]), err)
	}
	return replaced, nil
}

// doGunzip is amavisd's own decoder of gzip; of a file that breaks off nothing but the data remains, without a name.
func doGunzip(t *task, p *mail.Part, _ *Decoder) (outcome, error) {
	f, err := t.open(p)
	if err != nil {
		return kept, err
	}
	defer f.Close()
	n, err := t.add(p, true, false)
	if err != nil {
		return kept, err
	}
	n.Placement = p.Placement + "/1"
	err = t.fill(n, "do_gunzip", func(w io.Writer) error {
		return gunzip(bufio.NewReaderSize(f, 64<<10), &chunked{w: w})
	})
	if err != nil && !errors.Is(err, gzip.ErrChecksum) { // all the data is there
		return kept, err
	}
	n.NameDeclared = mapNames(p.NameDeclared, func(s string) string {
		return cutSuffix(s, ".gz", "", ".Z", "", ".tgz", ".tar")
	})
	return replaced, nil
}

var nameInside = regexp.MustCompile(`(?s)^\S+\s+compressed data, was "(.+)"(?:\z|, from\b)`)

// plainNames are the names of the part without the suffix of its compression, and the name that the data gives itself.
func plainNames(p *mail.Part) []string {
	var out []string
	if m := nameInside.FindStringSubmatch(p.TypeLong); m != nil {
		out = append(out, m[1])
	}
	for _, s := range mapNames(p.NameDeclared, func(s string) string {
		for _, typ := range p.TypeShort {
			switch typ {
			case "F", "lrz", "lzo", "lz4", "zst":
				s = strings.TrimSuffix(s, "."+typ)
			case "Z":
				s = cutSuffix(s, ".Z", "", ".tgz", ".tar", ".tz", ".tar")
			case "gz":
				s = cutSuffix(s, ".gz", "", ".tgz", ".tar")
			case "bz":
				s = cutSuffix(s, ".bz", "", ".tbz", ".tar")
			case "bz2":
				s = cutSuffix(s, ".bz2", "", ".bz", "", ".tbz2", ".tar", ".tbz", ".tar")
			case "xz":
				s = cutSuffix(s, ".xz", "", ".txz", ".tar")
			case "lzma":
				s = cutSuffix(s, ".lzma", "", ".tlz", ".tar")
			case "rpm":
				s = cutSuffix(s, ".rpm", ".cpio")
			}
		}
		return s
	}) {
		if !has(out, s) {
			out = append(out, s)
		}
	}
	return out
}

func mapNames(names []string, f func(string) string) []string {
	var out []string
	for _, n := range names {
		if n == "" {
			continue
		}
		if n = f(n); !has(out, n) {
			out = append(out, n)
		}
	}
	return out
}

// cutSuffix replaces the first suffix that fits; pairs are suffix and replacement.
func cutSuffix(s string, pairs ...string) string {
	for i := 0; i < len(pairs); i += 2 {
		if base, ok := strings.CutSuffix(s, pairs[i]); ok {
			return base + pairs[i+1]
		}
	}
	return s
}

// gunzip reads all members; garbage behind the last is no error.
// chunked passes on at most 16 KiB at a time: the chunk that goes beyond the quota is told in X-Amavis-Hold.
type chunked struct{ w io.Writer }

func (c *chunked) Write(b []byte) (n int, err error) {
	for len(b) > 0 && err == nil {
		var m int
		m, err = c.w.Write(b[:min(len(b), 16<<10)])
		n, b = n+m, b[m:]
	}
	return n, err
}

func gunzip(r *bufio.Reader, w io.Writer) error {
	z, err := gzip.NewReader(r)
	if err != nil {
		return err
	}
	defer z.Close()
	for {
		z.Multistream(false)
		if _, err := io.Copy(w, z); err != nil {
			return err
		}
		if head, _ := r.Peek(2); len(head) < 2 || head[0] != 0x1f || head[1] != 0x8b {
			return nil
		}
		if err := z.Reset(r); err != nil {
			return nil
		}
	}
}

func bunzip2(r *bufio.Reader, w io.Writer) error {
	_, err := io.Copy(w, bzip2.NewReader(r))
	var s bzip2.StructuralError
	if errors.As(err, &s) && strings.Contains(string(s), "continuation") {
		return nil
	}
	return err
}

func unxz(r *bufio.Reader, w io.Writer) error {
	x, err := txz.NewReader(r, maxDictionary)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, x)
	return err
}

func unzstd(r *bufio.Reader, w io.Writer) error {
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxDictionary), zstd.WithDecoderLowmem(true))
	if err != nil {
		return err
	}
	defer z.Close()
	_, err = io.Copy(w, z)
	return err
}

func unlz4(r *bufio.Reader, w io.Writer) error {
	_, err := io.Copy(w, lz4.NewReader(r))
	return err
}

// checkLZMA looks at the 13 bytes in front of .lzma data, which say how much memory the decoder takes.
func checkLZMA(head []byte) error {
	if len(head) < 13 || head[0] >= 9*5*5 {
		return errors.New("not lzma")
	}
	if binary.LittleEndian.Uint32(head[1:]) > maxDictionary {
		return errDictionary
	}
	return nil
}

func unlzma(r *bufio.Reader, w io.Writer) error {
	head, err := r.Peek(13)
	if err != nil {
		return err
	}
	if err := checkLZMA(head); err != nil {
		return err
	}
	x, err := lzma.NewReader(r)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, x)
	return err
}
