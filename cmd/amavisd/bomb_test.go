package main

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mavis/testdata/peer"
)

// bombDecoders is what the original's stock list does with the formats of this file.
const bombDecoders = `
$path = '/usr/local/bin:/usr/bin:/bin';
$MAXLEVELS = 14; $MAXFILES = 1500; $MIN_EXPANSION_QUOTA = 100*1024; $MAX_EXPANSION_QUOTA = 300*1024*1024;
@map_full_type_to_short_type_maps = ( new_RE([qr/^gzip/=>'gz'],[qr/^bzip2/=>'bz2'],[qr/^XZ/=>'xz'],[qr/^LZMA/=>'lzma'],[qr/^Zstandard/=>'zst'],
  [qr/^7-zip/=>'7z'],[qr/^Zip/=>'zip'],[qr/ tar /=>'tar'],[qr/text/=>'asc'],[qr/^/=>'dat']) );
@decoders = (
  ['mail', \&do_mime_decode], ['gz', \&do_gunzip], ['bz2', \&do_uncompress, 'bzip2 -d'], ['xz', \&do_uncompress, 'xz -dc'],
  ['lzma', \&do_uncompress, 'xz -dc --format=lzma'], ['zst', \&do_uncompress, 'unzstd'],
  [['cpio','tar'], \&do_pax_cpio, 'pax'], ['zip', \&do_7zip, '7za'], ['7z', \&do_7zip, '7za'],
);
`

// memory is what one mail cost, in bytes of memory above the idle daemon: the daemon itself, and the programs it ran.
type memory struct{ daemon, programs int64 }

// peak sends a letter and measures. A small mail is sent beside it; its time comes back too.
func (s *site) peak(l letter, idle int64) (m memory, reply string, beside time.Duration) {
	s.t.Helper()
	pid := s.cmd.Process.Pid
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0)
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(2 * time.Millisecond):
				m.programs = max(m.programs, below(pid))
			}
		}
	})
	wg.Go(func() {
		time.Sleep(100 * time.Millisecond)
		begin := time.Now()
		s.expect("250 2.0.0", bob(note("beside", "x\r\n")))
		beside = time.Since(begin)
	})
	reply, err := post(s.addr(), l)
	if err != nil {
		s.t.Error(err)
	}
	close(done)
	wg.Wait()
	m.daemon = max(0, status(pid, "VmHWM")-idle)
	return m, reply, beside
}

// status is a figure of /proc/PID/status in bytes, 0 when the process is gone.
func status(pid int, name string) int64 {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, rest, _ := strings.Cut(string(b), name+":")
	if f := strings.Fields(rest); len(f) > 0 {
		n, _ := strconv.ParseInt(f[0], 10, 64)
		return n << 10
	}
	return 0
}

// below is the largest process below one; file(1), which is there all the time, does not count.
func below(pid int) (most int64) {
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, list := range lists {
		b, _ := os.ReadFile(list)
		for _, child := range strings.Fields(string(b)) {
			n, _ := strconv.Atoi(child)
			if name, _ := os.ReadFile("/proc/" + child + "/comm"); strings.TrimSpace(string(name)) != "file" {
				most = max(most, status(n, "VmHWM"), below(n))
			}
		}
	}
	return most
}

// wrapped is a mail with an attachment, and enough beside it for the largest quota.
func wrapped(name string, data []byte) string {
	var b strings.Builder
	b.WriteString("From: a@sender.test\r\nTo: bob@domain.be\r\nDate: Mon, 20 Feb 2006 10:00:00 +0100\r\nMessage-ID: <" + name + "@sender.test>\r\nSubject: " + name +
		"\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n" + strings.Repeat(strings.Repeat("x", 70)+"\r\n", 12_000) +
		"--b\r\nContent-Type: application/octet-stream; name=" + name + "\r\nContent-Transfer-Encoding: base64\r\n\r\n")
	for text := base64.StdEncoding.EncodeToString(data); text != ""; {
		n := min(76, len(text))
		b.WriteString(text[:n] + "\r\n")
		text = text[n:]
	}
	b.WriteString("--b--\r\n")
	return b.String()
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

const megabyte = 1 << 20

// deflated is so many megabytes of zeros, compressed: what stands for one megabyte after another is the same each time.
func deflated(t *testing.T, megabytes int) []byte {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, 9)
	must(t, err)
	block := make([]byte, megabyte)
	var ends [2]int
	for i := range ends {
		_, err = w.Write(block)
		must(t, err)
		must(t, w.Flush())
		ends[i] = b.Len()
	}
	again := bytes.Repeat(b.Bytes()[ends[0]:ends[1]], megabytes-2)
	b.Write(again)
	must(t, w.Close()) // an empty last block
	return b.Bytes()
}

// gzipped puts deflated zeros into a gzip file (RFC 1952 section 2.3).
func gzipped(data []byte, megabytes int) []byte {
	sum, block := uint32(0), make([]byte, megabyte)
	for range megabytes {
		sum = crc32.Update(sum, crc32.IEEETable, block)
	}
	out := append([]byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"), data...)
	out = binary.LittleEndian.AppendUint32(out, sum)
	return binary.LittleEndian.AppendUint32(out, uint32(megabytes)*megabyte)
}

// zipBomb holds the same data under many names; each says that it has so many bytes.
func zipBomb(t *testing.T, data []byte, members int, says uint64) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	crc := crc32.ChecksumIEEE(nil)
	for i := range members {
		w, err := z.CreateRaw(&zip.FileHeader{Name: fmt.Sprintf("m%d", i), Method: zip.Deflate, CRC32: crc, CompressedSize64: uint64(len(data)), UncompressedSize64: says})
		must(t, err)
		_, err = w.Write(data)
		must(t, err)
	}
	must(t, z.Close())
	return b.Bytes()
}

// piped is what a program makes of zeros; nil when it is not installed.
func piped(t *testing.T, size int64, command ...string) []byte {
	p := peer.Need(t, command[0])
	cmd := exec.Command(p, command[1:]...)
	cmd.Stdin = io.LimitReader(zeros{}, size)
	out, err := cmd.Output()
	must(t, err)
	return out
}

func seven(t *testing.T, size int64, method string) []byte {
	p := peer.Need(t, "7za")
	dir := t.TempDir()
	f, err := os.Create(dir + "/zeros")
	must(t, err)
	must(t, f.Truncate(size))
	must(t, f.Close())
	cmd := exec.Command(p, "a", "-mmt1", "-mx1", method, "a.7z", "zeros")
	cmd.Dir = dir
	must(t, cmd.Run())
	data, err := os.ReadFile(dir + "/a.7z")
	must(t, err)
	return data
}

// usual are the bombs of every run; MAVIS_BOMBS=all sends all.
var usual = map[string]bool{"lying.zip": true, "dictionary.7z": true, "fields-3": true}

// largest is what the daemon may take for one mail; a program may take the dictionary of xz -9, its own size, and what it takes until
// that is seen.
const largest, largestProgram = 64 * megabyte, 84 * megabyte

// TestBombs: mails that would unpack to very much, or whose structure is very large, cost the host no more than 64 MiB of
// memory in the daemon, and no time of a mail beside them.
func TestBombs(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a while")
	}
	peer.Root(t)
	hundred := deflated(t, 100)
	gz := gzipped(hundred, 100)
	large := func(line string) string { return strings.Repeat(line, (3<<20-1000)/len(line)) } // the largest header that is read
	header := "From: a@sender.test\r\nTo: bob@domain.be\r\nDate: Mon, 20 Feb 2006 10:00:00 +0100\r\n"
	bombs := []struct {
		name string
		data func() string
	}{
		{"members.gz", func() string { return wrapped("members.gz", bytes.Repeat(gz, 60)) }},
		{"nested.gz", func() string { return wrapped("nested.gz", gzippedBytes(t, bytes.Repeat(gz, 60))) }},
		{"honest.zip", func() string { return wrapped("honest.zip", zipBomb(t, hundred, 60, 100*megabyte)) }},
		{"lying.zip", func() string { return wrapped("lying.zip", zipBomb(t, hundred, 60, 10)) }},
		{"nested.zip", func() string {
			return wrapped("nested.zip", zipBomb(t, deflatedBytes(t, zipBomb(t, hundred, 60, 10)), 3, 6*megabyte))
		}},
		{"names.zip", func() string { return wrapped("names.zip", zipBomb(t, nil, 60000, 0)) }},
		{"large.xz", func() string {
			return wrapped("large.xz", bytes.Repeat(piped(t, 70*megabyte, "xz", "--lzma2=preset=0,dict=64MiB"), 5))
		}},
		{"large.lzma", func() string { return wrapped("large.lzma", piped(t, 100*megabyte, "xz", "-9", "--format=lzma")) }},
		{"window.zst", func() string {
			return wrapped("window.zst", bytes.Repeat(piped(t, 200*megabyte, "zstd", "--ultra", "-20", "--long=26"), 10))
		}},
		{"large.bz2", func() string { return wrapped("large.bz2", bytes.Repeat(piped(t, 20*megabyte, "bzip2"), 100)) }},
		{"dictionary.7z", func() string { return wrapped("dictionary.7z", seven(t, 120*megabyte, "-m0=lzma:d=512m")) }},
		{"folded", func() string {
			return header + "X-Long: a\r\n" + strings.Repeat(" folded folded folded folded folded folded folded folded\r\n", 170_000) + "\r\nx\r\n"
		}},
		{"line", func() string { return header + "X-Long: " + strings.Repeat("x", 10*megabyte) + "\r\n\r\nx\r\n" }},
		{"fields", func() string { return header + strings.Repeat("X-A: b\r\n", 1_200_000) + "\r\nx\r\n" }},
		{"words", func() string {
			return header + "Subject: a\r\n" + strings.Repeat(" =?utf-8?B?w6nDqcOpw6nDqcOpw6nDqQ==?=\r\n", 240_000) + "\r\nx\r\n"
		}},
		{"parameters", func() string {
			return header + "Content-Type: text/plain; a=b\r\n" + strings.Repeat(" ;name*1*=utf-8''%41%42%43%44%45%46;x=y\r\n", 200_000) + "\r\nx\r\n"
		}},
		{"recipients", func() string {
			return header + "Cc: a@b.c\r\n" + strings.Repeat(" , \"someone\" <someone@example.com>\r\n", 250_000) + "\r\nx\r\n"
		}},
		{"folded-3", func() string {
			return header + "X-Long: a\r\n" + large(" folded folded folded folded folded folded folded folded\r\n") + "\r\nx\r\n"
		}},
		{"line-3", func() string { return header + "X-Long: " + large("x") + "\r\n\r\nx\r\n" }},
		{"fields-3", func() string { return header + large("X-A: b\r\n") + "\r\nx\r\n" }},
		{"received-3", func() string {
			return header + large("Received: from a (b [192.0.2.1]) by c with SMTP id d\r\n") + "\r\nx\r\n"
		}},
		{"words-3", func() string {
			return header + "Subject: a\r\n" + large(" =?utf-8?B?w6nDqcOpw6nDqcOpw6nDqQ==?=\r\n") + "\r\nx\r\n"
		}},
		{"parameters-3", func() string {
			return header + "Content-Type: text/plain; a=b\r\n" + large(" ;name*1*=utf-8''%41%42%43%44%45%46;x=y\r\n") + "\r\nx\r\n"
		}},
		{"references-3", func() string {
			return header + "References:\r\n" + large(" <aaaaaaaaaaaa@example.com>\r\n") + "\r\nx\r\n"
		}},
		{"recipients-3", func() string {
			return header + "Cc: a@b.c\r\n" + large(" , \"someone\" <someone@example.com>\r\n") + "\r\nx\r\n"
		}},
		{"parts", func() string {
			return header + "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\n\r\nx\r\n", 200_000) + "--b--\r\n"
		}},
		{"deep", func() string {
			return header + strings.Repeat("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n", 100_000)
		}},
		{"mails", func() string { return header + strings.Repeat("Content-Type: message/rfc822\r\n\r\n", 100_000) }},
		{"uuencoded", func() string {
			return header + "\r\n" + strings.Repeat("begin 644 x\r\n#0V%T\r\n`\r\nend\r\n", 300_000)
		}},
	}
	s, _ := filter(t, bombDecoders)
	s.expect("250 2.0.0", bob(wrapped("first.gz", gz)))
	s.expect("250 2.0.0", bob(wrapped("one.7z", seven(t, 1000, "-m0=lzma"))))
	idle := status(s.cmd.Process.Pid, "VmRSS")
	for _, b := range bombs {
		if os.Getenv("MAVIS_BOMBS") == "" && !usual[b.name] {
			continue
		}
		data := b.data()
		begin := time.Now()
		m, reply, beside := s.peak(bob(data), idle)
		t.Logf("%-14s mail %5.1f MB, %4.1f s; daemon %4d MiB, programs %4d MiB, a mail beside it %.1f s: %.60s", b.name, float64(len(data))/1e6,
			time.Since(begin).Seconds(), m.daemon>>20, m.programs>>20, beside.Seconds(), reply)
		if (m.daemon > largest || m.programs > largestProgram) && !peer.Raced { // the race detector takes several times as much
			t.Errorf("%s: %d MiB in the daemon, %d MiB in programs", b.name, m.daemon>>20, m.programs>>20)
		}
		if beside > 20*time.Second {
			t.Errorf("%s: a mail beside it took %v", b.name, beside)
		}
	}
	s.stop()
}

func gzippedBytes(t *testing.T, data []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(data)
	must(t, err)
	must(t, w.Close())
	return b.Bytes()
}

func deflatedBytes(t *testing.T, data []byte) []byte {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, 1)
	must(t, err)
	_, err = w.Write(data)
	must(t, err)
	must(t, w.Close())
	return b.Bytes()
}
