package unpack

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"mavis/engine/mail"
	"mavis/testdata/peer"
)

// attached wraps data into a mail.
func attached(name string, data []byte) []byte {
	return []byte("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b\r\nContent-Type: application/octet-stream; name=\"" + name +
		"\"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.StdEncoding.EncodeToString(data) + "\r\n--b--\r\n")
}

func zipOf(t testing.TB, add func(z *zip.Writer)) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	add(z)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func addFile(t testing.TB, z *zip.Writer, name string, r io.Reader) {
	t.Helper()
	w, err := z.Create(name)
	if err == nil {
		_, err = io.Copy(w, r)
	}
	if err != nil {
		t.Fatal(err)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// onlyParts fails when anything but part files is left in the task's folder, or anything beside it.
func onlyParts(t *testing.T, dir string) {
	t.Helper()
	_ = filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		rel, _ := filepath.Rel(dir, p)
		ok := rel == "." || rel == "parts" || strings.HasPrefix(rel, "parts/p") && !strings.Contains(rel[7:], "/") && d.Type().IsRegular()
		if err != nil || !ok {
			t.Errorf("left behind: %s %v", rel, err)
		}
		return nil
	})
}

func TestQuotaHolds(t *testing.T) {
	o := testOptions(t)
	o.MaxQuota = 4 << 20
	o.MinFactor = 0.1
	bomb := zipOf(t, func(z *zip.Writer) { addFile(t, z, "zeros", io.LimitReader(zeros{}, 40<<20)) })
	var gz bytes.Buffer
	w := gzip.NewWriter(&gz)
	io.Copy(w, io.LimitReader(zeros{}, 40<<20))
	w.Close()
	inner := zipOf(t, func(z *zip.Writer) {
		for i := range 20 {
			addFile(t, z, fmt.Sprintf("z%d", i), io.LimitReader(zeros{}, 1<<20))
		}
	})
	var hugeTar bytes.Buffer
	tw := tar.NewWriter(&hugeTar)
	tw.WriteHeader(&tar.Header{Name: "big", Size: 1 << 50, Mode: 0o644, Format: tar.FormatGNU})
	tw.Write(make([]byte, 4096))
	for name, data := range map[string][]byte{"bomb.zip": bomb, "bomb.gz": gz.Bytes(), "many.zip": inner, "huge.tar": hugeTar.Bytes()} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		msg, r := run(t, attached(name, data), o)
		runtime.ReadMemStats(&after)
		if r.Hold == "" || !r.OverLimit || !r.Unchecked() {
			t.Errorf("%s: not held: %+v", name, r)
		}
		if n, _ := usage(msg.Dir); n > 5<<20+int64(len(data))*2 {
			t.Errorf("%s: %d bytes on disk", name, n)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > 64<<20 {
			t.Errorf("%s: %d bytes of memory", name, n)
		}
		onlyParts(t, msg.Dir)
	}
}

func TestHostileNames(t *testing.T) {
	o := testOptions(t)
	names := []string{"../../../tmp/evil.exe", "/etc/evil.exe", strings.Repeat("n", 60000) + ".exe", strings.Repeat("d/", 400) + "x.exe",
		"a\x00b", "\xff\xfe.exe", "new\nline.exe", "-rf", "..", ".", "CON", "x.exe ", "X.EXE "}
	z := zipOf(t, func(z *zip.Writer) {
		for _, n := range names {
			addFile(t, z, n, strings.NewReader("content of "+n[:min(len(n), 20)]))
		}
	})
	msg, r := run(t, attached("a.zip", z), o)
	onlyParts(t, msg.Dir)
	if r.Hold != "" {
		t.Errorf("held: %s", r.Hold)
	}
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, n := range append(names, "/dev/../../x") {
		if strings.Contains(n, "\x00") {
			continue
		}
		if err := w.WriteHeader(&tar.Header{Name: n, Size: 4, Mode: 0o644, Format: tar.FormatGNU}); err != nil {
			t.Fatal(err)
		}
		w.Write([]byte("evil"))
	}
	for _, h := range []*tar.Header{{Name: "l", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}, {Name: "c", Typeflag: tar.TypeChar}, {Name: "f", Typeflag: tar.TypeFifo}, {Name: "d", Typeflag: tar.TypeDir}} {
		w.WriteHeader(h)
	}
	w.Close()
	msg, r = run(t, attached("a.tar", b.Bytes()), o)
	onlyParts(t, msg.Dir)
	attributes := map[string]int{}
	for _, p := range r.Parts {
		attributes[p.Attributes]++
	}
	if attributes["L"] != 1 || attributes["S"] != 2 || attributes["D"] != 1 {
		t.Errorf("attributes %v", attributes)
	}
}

func TestDecoderFailsNotTheMail(t *testing.T) {
	o := testOptions(t)
	o.Decoders = []Decoder{{Types: []string{"asc"}, Do: "do_crash", call: func(*task, *mail.Part, *Decoder) (outcome, error) { panic("broken") }}}
	_, r := run(t, []byte("Subject: x\r\n\r\ntext\r\n"), o)
	if len(r.Failures) != 1 || r.Parts[0].Path == "" {
		t.Errorf("failures %v, part %+v", r.Failures, r.Parts[0])
	}
	o.Decoders[0].call = func(*task, *mail.Part, *Decoder) (outcome, error) { return kept, &HostError{errors.New("no space")} }
	msg := &mail.Message{Dir: t.TempDir(), Body: body{bytes.NewReader([]byte("\r\ntext\r\n"))}}
	var host *HostError
	if _, err := Run(context.Background(), msg, o); !errors.As(err, &host) {
		t.Errorf("trouble of the host gave %v", err)
	}
}

func newTask(t *testing.T, o Options) *task {
	t.Helper()
	dir := t.TempDir()
	return &task{ctx: context.Background(), o: &o, dir: dir, quota: quota{limit: 1 << 20}, report: &Report{}, msg: &mail.Message{Dir: dir}}
}

func TestSandbox(t *testing.T) {
	sh := peer.Need(t, "sh")
	tk := newTask(t, Options{Path: testPath, Sandbox: Sandbox{CPU: 1, Memory: 1 << 30}})
	outside := t.TempDir()
	secret := filepath.Join(outside, "secret")
	os.WriteFile(secret, []byte("x"), 0o644)
	script := func(s string) error { return tk.command([]string{sh, "-c", s}, commandOptions{merge: true}) }
	if err := script("echo ok > inside && cat inside >/dev/null"); err != nil {
		t.Errorf("its own folder: %v", err)
	}
	if err := script("cat " + secret); err == nil {
		t.Error("a file outside could be read")
	}
	if err := script("echo x > " + outside + "/new"); err == nil {
		t.Error("a file outside could be written")
	}
	if err := script("dd if=/dev/zero of=big bs=1M count=8 2>/dev/null"); err == nil {
		t.Error("the file size is not limited")
	}
	start := time.Now()
	if err := script("while :; do :; done"); err == nil || time.Since(start) > 30*time.Second {
		t.Errorf("endless work: %v after %s", err, time.Since(start))
	}
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	tk.ctx = ctx
	start = time.Now()
	if err := script("sleep 30 & sleep 30"); err == nil || time.Since(start) > 5*time.Second {
		t.Errorf("the end of the time: %v after %s", err, time.Since(start))
	}
}

func TestResolve(t *testing.T) {
	dir := t.TempDir()
	os.WriteFile(filepath.Join(dir, "pax"), []byte("#!/bin/sh\n"), 0o755)
	active, found := Resolve([]Decoder{
		{Types: []string{"tar"}, Do: "do_pax_cpio", Programs: [][]string{{"absent", "pax -v"}}},
		{Types: []string{"tar", "cpio"}, Do: "do_pax_cpio", Programs: [][]string{{"pax"}}},
		{Types: []string{"zip"}, Do: "do_7zip", Programs: [][]string{{"7za"}}},
		{Types: []string{"zip"}, Do: "do_unzip"},
		{Types: []string{"x"}, Do: "do_nothing_known"},
	}, dir)
	if len(active) != 3 || active[0].Programs[0][0] != dir+"/pax -v" || active[2].Do != "do_unzip" {
		t.Errorf("active %+v", active)
	}
	if len(found) != 6 || !found[1].Backup || len(found[3].Tried) != 1 || !found[5].Unknown {
		t.Errorf("found %+v", found)
	}
}

func BenchmarkZip5MB(b *testing.B) {
	var data bytes.Buffer
	for i := 0; data.Len() < 5<<20; i++ {
		fmt.Fprintf(&data, "line %d of a text that packs to about a third %x\n", i, i*7919)
	}
	z := zipOf(b, func(z *zip.Writer) { addFile(b, z, "big.txt", bytes.NewReader(data.Bytes())) })
	benchmark(b, attached("a.zip", z))
}

func Benchmark200Parts(b *testing.B) {
	var s strings.Builder
	s.WriteString("Content-Type: multipart/mixed; boundary=b\r\n\r\n")
	for i := range 200 {
		fmt.Fprintf(&s, "--b\r\nContent-Type: text/plain; name=f%d.txt\r\n\r\n%s\r\n", i, strings.Repeat("some text of this part\r\n", 20))
	}
	benchmark(b, []byte(s.String()+"--b--\r\n"))
}

func benchmark(b *testing.B, data []byte) {
	o := testOptions(b)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		dir, err := os.MkdirTemp("", "bench")
		if err != nil {
			b.Fatal(err)
		}
		if _, err := Run(context.Background(), &mail.Message{Dir: dir, Body: body{bytes.NewReader(data)}}, o); err != nil {
			b.Fatal(err)
		}
		os.RemoveAll(dir)
	}
}

// A message with more parts than are looked at cannot count as looked into.
func TestPartsBeyondTheLimit(t *testing.T) {
	text := "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\n\r\nx\r\n", 30) + "--b--\r\n"
	for limit, over := range map[int]bool{20: true, 40: false} {
		msg := &mail.Message{Dir: t.TempDir(), Body: body{bytes.NewReader([]byte(text))}}
		r, err := Run(context.Background(), msg, Options{MaxFiles: limit})
		if err != nil || r.Unchecked() != over {
			t.Errorf("at most %d files: unchecked %v, error %v", limit, r != nil && r.Unchecked(), err)
		}
	}
}
