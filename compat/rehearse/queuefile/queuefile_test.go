package queuefile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The files in testdata were written by Postfix 3.7 (go test -run TestLive -update).
func TestFiles(t *testing.T) {
	for _, m := range queuedMails {
		got := read(t, "testdata/"+m.name+".queue")
		if !strings.HasSuffix(got.text, strings.ReplaceAll(m.text, "\r\n", "\n")) {
			t.Errorf("%s: content %.200q", m.name, got.text)
		}
		if len(got.mail.Recipients) != len(m.to) {
			t.Errorf("%s: %d recipients, want %d", m.name, len(got.mail.Recipients), len(m.to))
		}
	}
	dsn := read(t, "testdata/dsn.queue").mail
	if s := fmt.Sprintf("%s %s %+v", dsn.Ret, dsn.EnvID, dsn.Recipients); s !=
		"HDRS abc [{Addr:bob@example.com Original:bob@example.com ORcpt:rfc822;rob@example.com Notify:[SUCCESS DELAY]} "+
			"{Addr:carol@example.com Original:carol@example.com ORcpt:rfc822;carol@example.com Notify:[NEVER]}]" {
		t.Error(s)
	}
	client := read(t, "testdata/client.queue").mail
	if client.Sender != "odd alice@sender.test" || client.Attrs["log_client_address"] != "192.0.2.25" {
		t.Errorf("%q %v", client.Sender, client.Attrs)
	}
}

func TestDamaged(t *testing.T) {
	whole, err := os.ReadFile("testdata/plain.queue")
	if err != nil {
		t.Fatal(err)
	}
	for name, raw := range map[string][]byte{"empty": nil, "a mail": []byte("From: a\n\nb\n"), "cut": whole[:len(whole)-20], "size only": whole[:60],
		"long record": append(append([]byte{}, whole[:40]...), "N\xff\xff\xff\xff\x0f"...)} {
		if _, err := Read(bytes.NewReader(raw), int64(len(raw))); !errors.Is(err, ErrFormat) && !errors.Is(err, errUnready) {
			t.Errorf("%s: %v", name, err)
		}
	}
	around := append(append([]byte{}, whole[:bytes.IndexByte(whole, 'M')]...), fmt.Sprintf("p\x0f%015d", 0)...)
	copy(around[len(around)-15:], fmt.Sprintf("%015d", len(around)-17))
	if _, err := Read(bytes.NewReader(around), int64(len(around))); err == nil {
		t.Error("pointers that go around are followed")
	}
}

func FuzzRead(f *testing.F) {
	files, err := filepath.Glob("testdata/*.queue")
	if err != nil || len(files) == 0 {
		f.Fatal("no files", err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw[:min(len(raw), 4096)])
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := Read(bytes.NewReader(raw), int64(len(raw)))
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, m.Content()); err != nil && !errors.Is(err, ErrFormat) && !errors.Is(err, errUnready) {
			t.Error(err)
		}
	})
}
