package spool

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func open(t *testing.T, opt Options) *Spool {
	t.Helper()
	if opt.TempBase == "" {
		opt.TempBase = t.TempDir()
	}
	s, err := Open(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if left, _ := filepath.Glob(filepath.Join(opt.TempBase, "amavis-*")); left != nil {
			t.Errorf("left behind: %v", left)
		}
		if s.Used() != 0 {
			t.Errorf("%d bytes still counted", s.Used())
		}
	})
	return s
}

func TestBody(t *testing.T) {
	for _, size := range []int{0, 1, 999, 1000, 1001, 5000} {
		s := open(t, Options{MemoryMax: 1000})
		want := make([]byte, size)
		for i := range want {
			want[i] = byte(rand.Uint32())
		}
		task := s.Task()
		b := task.Body()
		for off := 0; off < size; off += 300 {
			if _, err := b.Write(want[off:min(off+300, size)]); err != nil {
				t.Fatal(err)
			}
		}
		got, err := io.ReadAll(io.NewSectionReader(b, 0, b.Size()))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d: read back %d bytes, %v", size, len(got), err)
		}
		if _, inMemory := b.Bytes(); inMemory != (size <= 1000) {
			t.Errorf("%d: in memory: %v", size, inMemory)
		}
		if n, err := b.ReadAt(make([]byte, 10), int64(size)); n != 0 || err != io.EOF {
			t.Errorf("%d: read at the end gave %d, %v", size, n, err)
		}
		if s.Used() != int64(size) {
			t.Errorf("%d: %d bytes counted", size, s.Used())
		}
		for range 2 {
			path, err := b.File()
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := os.ReadFile(path); !bytes.Equal(got, want) {
				t.Errorf("%d: file differs", size)
			}
			if st, _ := os.Stat(path); st.Mode().Perm() != 0o640 {
				t.Errorf("mode of email.txt %v", st.Mode())
			}
		}
		if err := task.Close(); err != nil {
			t.Error(err)
		}
		if err := task.Close(); err != nil {
			t.Error("second Close:", err)
		}
		if _, err := task.Dir(); err == nil {
			t.Error("a closed task gave a folder")
		}
	}
}

func TestFolder(t *testing.T) {
	old := syscall.Umask(0o077)
	defer syscall.Umask(old)
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.Local)
	s := open(t, Options{Now: func() time.Time { return now }})
	task := s.Task()
	dir, err := task.Dir()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(filepath.Base(dir), "amavis-20260304T050607-") || !folderPattern.MatchString(filepath.Base(dir)) {
		t.Errorf("name %s", dir)
	}
	for _, d := range []string{dir, filepath.Join(dir, "parts")} {
		if st, err := os.Stat(d); err != nil || st.Mode().Perm() != 0o750 {
			t.Errorf("%s: %v %v", d, st, err)
		}
	}
	closed := filepath.Join(dir, "parts", "closed")
	for _, p := range []string{filepath.Join(closed, "deep"), filepath.Join(dir, "strange")} {
		if err := os.MkdirAll(p, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(p, "f"), []byte("x"), 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/", filepath.Join(dir, "parts", "link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(closed, 0); err != nil {
		t.Fatal(err)
	}
	if err := task.Close(); err != nil {
		t.Fatal(err)
	}
	again := s.Task()
	dir2, err := again.Dir()
	if err != nil || dir2 != dir {
		t.Errorf("folder not used again: %s, %v", dir2, err)
	}
	var names []string
	_ = filepath.Walk(dir2, func(p string, _ os.FileInfo, _ error) error { names = append(names, p); return nil })
	if len(names) != 2 {
		t.Errorf("used again with %v", names)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}

func TestLimits(t *testing.T) {
	s := open(t, Options{BodyMax: 100, TotalMax: 150})
	a, b := s.Task(), s.Task()
	if _, err := a.Body().Write(make([]byte, 101)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("over BodyMax: %v", err)
	}
	if _, err := a.Body().Write(make([]byte, 100)); err != nil {
		t.Error(err)
	}
	if _, err := b.Body().Write(make([]byte, 51)); !errors.Is(err, ErrFull) {
		t.Errorf("over TotalMax: %v", err)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	if _, err := b.Body().Write(make([]byte, 51)); err != nil {
		t.Errorf("after room was made: %v", err)
	}
}

func TestDiskErrors(t *testing.T) {
	base := t.TempDir()
	s := open(t, Options{TempBase: base, MemoryMax: -1})
	task := s.Task()
	if _, err := task.Body().Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	// /dev/full answers every write with ENOSPC.
	full, err := os.OpenFile("/dev/full", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no /dev/full here")
	}
	_ = task.body.file.Close()
	task.body.file = full
	if _, err := task.Body().Write([]byte("x")); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("full disk: %v", err)
	}
	if _, err := Open(Options{TempBase: filepath.Join(base, "none")}); err == nil {
		t.Error("a missing base folder was taken")
	}
}

func TestSweep(t *testing.T) {
	base := t.TempDir()
	now := time.Now()
	gone := folderName(now, 4194305, "abcde") // above the greatest pid
	mine := folderName(now, os.Getpid(), "abcde")
	parent := folderName(now, os.Getppid(), "abcde")
	foreign := "amavis-20260304T050607-4194305-AbCdEfGh"
	for _, d := range []string{gone, mine, parent, foreign, "other"} {
		if err := os.MkdirAll(filepath.Join(base, d, "parts"), 0o750); err != nil {
			t.Fatal(err)
		}
	}
	link := folderName(now, 4194305, "fghij")
	if err := os.Symlink(filepath.Join(base, "other"), filepath.Join(base, link)); err != nil {
		t.Fatal(err)
	}
	s, err := Open(Options{TempBase: base})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	for d, stays := range map[string]bool{gone: false, mine: false, parent: true, foreign: true, "other": true, link: true, "other/parts": true} {
		if _, err := os.Lstat(filepath.Join(base, d)); (err == nil) != stays {
			t.Errorf("%s stays: %v", d, err == nil)
		}
	}
}

func TestManyTasks(t *testing.T) {
	s := open(t, Options{MemoryMax: 100, KeepFolders: 2})
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			task := s.Task()
			defer func() { _ = task.Close() }()
			want := bytes.Repeat([]byte{byte(i)}, i*10)
			_, _ = task.Body().Write(want)
			_, _ = task.Body().File()
			if got, err := io.ReadAll(io.NewSectionReader(task.Body(), 0, 1<<20)); err != nil || !bytes.Equal(got, want) {
				t.Error(i, err)
			}
		})
	}
	wg.Wait()
	if kept, _ := os.ReadDir(s.opt.TempBase); len(kept) > 2 {
		t.Errorf("%d folders kept", len(kept))
	}
}
