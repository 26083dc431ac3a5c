package unpack

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mavis/engine/mail"
)

// seeds are the attachments of the recorded mails whose names begin so.
func seeds(f *testing.F, prefixes ...string) {
	for _, g := range readArchives(f, "archives") {
		for _, p := range prefixes {
			if strings.HasPrefix(g.Name, p) {
				_, s, _ := strings.Cut(string(g.Mail), "base64\n\n")
				s, _, _ = strings.Cut(s, "--b--")
				if b, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(s, "\n", "")); err == nil {
					f.Add(b)
				}
			}
		}
	}
}

// drain copies every member, at most so many bytes of it.
func drain(members []*member) {
	for i, m := range members {
		if m.copy != nil && i < 50 {
			_ = m.copy(&bounded{left: 1 << 20})
		}
	}
}

type bounded struct{ left int }

func (b *bounded) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, io.ErrShortWrite
	}
	return len(p), nil
}

func FuzzTar(f *testing.F) {
	seeds(f, "tar-")
	f.Fuzz(func(t *testing.T, b []byte) {
		file := tempFile(t, b)
		m, _ := listTar(file, int64(len(b)), 200)
		drain(m)
	})
}

func tempFile(t *testing.T, b []byte) *os.File {
	p := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(p, b, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func FuzzCpio(f *testing.F) {
	seeds(f, "cpio-")
	f.Add(append([]byte("\xc7\x71"), make([]byte, 40)...))
	f.Add([]byte("070707" + strings.Repeat("0", 70) + "TRAILER!!!\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, _ := listCpio(bytes.NewReader(b), int64(len(b)), 200)
		drain(m)
	})
}

func FuzzAr(f *testing.F) {
	seeds(f, "deb")
	f.Fuzz(func(t *testing.T, b []byte) {
		m, _ := listAr(bytes.NewReader(b), int64(len(b)), 200)
		drain(m)
	})
}

func FuzzTNEF(f *testing.F) {
	seeds(f, "tnef-")
	f.Fuzz(func(t *testing.T, b []byte) {
		files, _ := listTNEF(bytes.NewReader(b), int64(len(b)))
		for _, a := range files {
			longTitle(bytes.NewReader(b), a.mapi)
			for _, x := range []*tnefBlob{a.data, a.mapi} {
				if x != nil && (x.at < 0 || x.size < 0 || x.at+x.size > int64(len(b))) {
					t.Errorf("%+v of %d bytes", x, len(b))
				}
			}
		}
	})
}

func FuzzZip(f *testing.F) {
	seeds(f, "zip-")
	f.Fuzz(func(t *testing.T, b []byte) {
		p := tempFile(t, b).Name()
		var m []*member
		for _, z := range plainZip(p, 200) {
			m = append(m, &z.member)
		}
		place(m)
		drain(m)
	})
}

func FuzzStreams(f *testing.F) {
	seeds(f, "gz-", "bz2", "xz", "lzma", "lz4")
	f.Add([]byte("\x1f\x9d\x90\x41\x82\x04"))
	f.Add([]byte("\x28\xb5\x2f\xfd\x04\x00\x09\x00\x00abc"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, u := range unpackers {
			if bytes.HasPrefix(b, []byte(u.magic)) {
				_ = u.open(bufio.NewReader(bytes.NewReader(b)), &bounded{left: 1 << 20})
			}
		}
		_ = unlzma(bufio.NewReader(bytes.NewReader(b)), &bounded{left: 1 << 20})
	})
}

func FuzzChildSpec(f *testing.F) {
	f.Add(`{"ro":["/x"],"rw":["/y"],"memory":1,"cpu":2,"fsize":3}`)
	f.Add(`{"memory":-1}`)
	f.Fuzz(func(t *testing.T, s string) {
		if sp, err := readSpec(s); err == nil && (sp.CPU < 0 || sp.Memory < 0 || sp.FileSize < 0) {
			t.Error("negative limits")
		}
	})
}

// FuzzRarListing feeds the table of unrar, which a hostile archive can fill with any name.
func FuzzRarListing(f *testing.F) {
	f.Add(" Attributes      Size    Packed Ratio    Date    Time   Checksum  Name\n----------- ---------\n*-rw-r--r--         6        18 300%  2006-02-20 10:00  12345678  a b.txt\n----------- ---------\n")
	f.Fuzz(func(t *testing.T, s string) {
		tk := &task{ctx: context.Background(), o: &Options{MaxFiles: 100}, report: &Report{}}
		l := rarListing{t: tk, p: &mail.Part{}}
		for _, ln := range strings.Split(s, "\n") {
			if l.line(ln) != nil {
				return
			}
		}
	})
}

// FuzzSevenListing feeds the listing of 7-Zip, as open to hostile names.
func FuzzSevenListing(f *testing.F) {
	f.Add("Path = a.zip\nType = zip\n\n----------\nPath = a b\nSize = 5\nAttributes = A\nEncrypted = +\n\nPath = d\nAttributes = D\n\nPath = c\nSize = 9223372036854775807\n\nPath = e\nSize = 9223372036854775807\n\n")
	f.Fuzz(func(t *testing.T, s string) {
		l := sevenListing{p: &mail.Part{}, max: 100}
		for _, ln := range strings.Split(s, "\n") {
			if l.line(ln) != nil {
				return
			}
		}
		if l.block() == nil && (l.bytes < 0 || len(l.hidden) > 100 || len(l.list) > 100 || len(l.hidden) != len(l.places)) {
			t.Errorf("%+v", l)
		}
	})
}

// FuzzRun takes whole mails apart, without programs.
func FuzzRun(f *testing.F) {
	for _, g := range readArchives(f, "archives") {
		if len(g.Mail) < 20000 {
			f.Add(g.Mail)
		}
	}
	o := testOptions(f)
	o.Classifier = guesser{}
	var internal []Decoder
	for _, d := range o.Decoders {
		if d.Do != "do_7zip" && d.Do != "do_cabextract" && d.Do != "do_unarj" {
			internal = append(internal, d)
		}
	}
	o.Decoders = append(internal, Decoder{Types: []string{"zip"}, Do: "do_unzip"}, Decoder{Types: []string{"deb"}, Do: "do_ar", Programs: [][]string{{"/usr/bin/ar"}}})
	o.MaxFiles, o.MaxQuota, o.MaxLevels = 50, 1<<20, 6
	f.Fuzz(func(t *testing.T, b []byte) {
		msg := &mail.Message{Dir: t.TempDir(), Body: body{bytes.NewReader(b)}}
		r, err := Run(context.Background(), msg, o)
		if err != nil {
			t.Fatal(err)
		}
		onlyParts(t, msg.Dir)
		for i, p := range r.Parts {
			if p.Number != i+1 || p.Parent == nil {
				t.Errorf("part %d has number %d", i, p.Number)
			}
		}
	})
}
