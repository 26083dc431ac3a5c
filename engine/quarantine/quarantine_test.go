package quarantine

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func sample(method string, to ...string) Mail {
	body := "x\r\nFrom here\r\n>From there\r\na lone \r stays\r\n"
	return Mail{
		Method: method, To: to, Header: []byte("X-Envelope-From: <a@b>\nSubject: s\r\n"),
		Body: io.NewSectionReader(strings.NewReader(body), 0, int64(len(body))), MailID: "v81656eTYZdb", LogID: "10419-01",
		BodyDigest: "d1", PartitionTag: "47", Received: time.Date(2026, 11, 2, 18, 4, 5, 0, time.UTC),
	}
}

const stored = "Return-Path: <>\nDelivered-To: virus-quarantine\nX-Envelope-From: <a@b>\nSubject: s\n\n" +
	"x\nFrom here\n>From there\na lone \r stays\n"

func files(t *testing.T, dir string) []string {
	var out []string
	filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(dir, p)
			out = append(out, rel)
		}
		return nil
	})
	return out
}

func TestNames(t *testing.T) {
	for _, c := range []struct {
		method, want string
		levels       int
	}{
		{"local:virus-%m", "virus-v81656eTYZdb", 0},
		{"local:", "v81656eTYZdb", 0},
		{"local:%b-%P-%n-%i-%%-%x", "d1-47-10419-01-20261102T180405-%-%x", 0},
		{"local:spam-%m.gz", "v/spam-v81656eTYZdb.gz", 1},
		{"LOCAL:%m", "v/v81656eTYZdb", 2},
	} {
		dir := t.TempDir()
		s := &Store{Dir: dir, Levels: c.levels}
		places, err := s.Keep(context.Background(), sample(c.method, "virus-quarantine"))
		if err != nil {
			t.Fatal(err)
		}
		got := files(t, dir)
		if len(got) != 1 || got[0] != c.want || places[0].Path != dir+"/"+c.want {
			t.Errorf("%s: %q, %+v", c.method, got, places)
			continue
		}
		raw, _ := os.ReadFile(places[0].Path)
		if strings.HasSuffix(c.want, ".gz") {
			zr, err := gzip.NewReader(bytes.NewReader(raw))
			if err != nil {
				t.Fatal(err)
			}
			raw, _ = io.ReadAll(zr)
			if places[0].Type != "Z" {
				t.Errorf("type %s", places[0].Type)
			}
		}
		if string(raw) != stored {
			t.Errorf("stored %q", raw)
		}
		if st, _ := os.Stat(places[0].Path); st.Mode().Perm() != 0o640 {
			t.Errorf("mode %v", st.Mode())
		}
	}
}

func TestMailbox(t *testing.T) {
	dir := t.TempDir()
	s := &Store{Dir: dir, Alias: DefaultAlias(dir, "")}
	var wg sync.WaitGroup
	for range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if _, err := s.Keep(context.Background(), sample("local:x-%m", "archive-mbox")); err != nil {
				t.Error(err)
			}
		}()
	}
	wg.Wait()
	got, _ := os.ReadFile(dir + "/archive.mbox")
	one := "From MAILER-DAEMON Mon Nov  2 18:04:05 2026\n" + strings.NewReplacer("virus-quarantine", "archive-mbox", "\nFrom here", "\n>From here",
		"\n>From there", "\n>>From there").Replace(stored) + "\n"
	if string(got) != strings.Repeat(one, 8) {
		t.Errorf("mailbox %q", got)
	}
	m := sample("local:", "archive-mbox")
	m.Body = io.NewSectionReader(broken{}, 0, 1<<20)
	if _, err := s.Keep(context.Background(), m); err == nil {
		t.Error("a broken body was kept")
	}
	if after, _ := os.ReadFile(dir + "/archive.mbox"); !bytes.Equal(after, got) {
		t.Error("the mailbox was not cut back")
	}
}

type broken struct{}

func (broken) ReadAt(b []byte, off int64) (int, error) {
	if off > 100000 {
		return 0, errors.New("no more")
	}
	return copy(b, bytes.Repeat([]byte("x\r\n"), len(b)/3)), nil
}

func TestErrors(t *testing.T) {
	dir := t.TempDir()
	s := &Store{Dir: dir}
	ctx := context.Background()
	if _, err := s.Keep(ctx, sample("local:fixed", "q")); err != nil {
		t.Fatal(err)
	}
	bad := sample("local:broken", "q")
	bad.Body = io.NewSectionReader(broken{}, 0, 1<<20)
	executable := filepath.Join(dir, "exe")
	os.WriteFile(executable, nil, 0o755)
	gone, cancel := context.WithCancel(ctx)
	cancel()
	for name, f := range map[string]func() error{
		"name taken":     func() error { _, err := s.Keep(ctx, sample("local:fixed", "q")); return err },
		"parent":         func() error { _, err := s.Keep(ctx, sample("local:../x", "q")); return err },
		"no folder":      func() error { _, err := s.Keep(ctx, sample("local:no/such/%m", "q")); return err },
		"broken body":    func() error { _, err := s.Keep(ctx, bad); return err },
		"sql":            func() error { _, err := s.Keep(ctx, sample("sql:", "q")); return err },
		"pipe":           func() error { _, err := s.Keep(ctx, sample("pipe:argv=x", "q")); return err },
		"smtp":           func() error { _, err := s.Keep(ctx, sample("smtp:[::1]:25", "q@x")); return err },
		"executable box": func() error { _, err := (&Store{Dir: executable}).Keep(ctx, sample("local:", "q")); return err },
		"device":         func() error { _, err := (&Store{Dir: "/dev/null"}).Keep(ctx, sample("local:", "q")); return err },
		"cancelled":      func() error { _, err := s.Keep(gone, sample("local:%m", "q")); return err },
		"no mail id": func() error {
			m := sample("local:x", "q")
			m.MailID = ""
			_, err := (&Store{Dir: dir, Levels: 1}).Keep(ctx, m)
			return err
		},
	} {
		if err := f(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if got := files(t, dir); len(got) != 2 {
		t.Errorf("left behind: %q", got)
	}
	if _, err := s.Keep(ctx, sample("sql:", "q")); !errors.Is(err, ErrUnsupported) {
		t.Errorf("sql: %v", err)
	}
}

// TestFull keeps mail on a file system without room.
func TestFull(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("cannot mount a small file system here: %v", err)
	}
	defer unix.Unmount(dir, unix.MNT_DETACH)
	m := sample("local:%m", "q")
	big := bytes.Repeat([]byte("0123456789\r\n"), 20000)
	m.Body = io.NewSectionReader(bytes.NewReader(big), 0, int64(len(big)))
	for _, s := range []*Store{{Dir: dir}, {Dir: dir + "/new.mbox"}} {
		if _, err := s.Keep(context.Background(), m); !errors.Is(err, unix.ENOSPC) {
			t.Errorf("%s: %v", s.Dir, err)
		}
	}
	if st, err := os.Stat(dir + "/new.mbox"); err == nil && st.Size() != 0 {
		t.Errorf("%d octets left", st.Size())
	}
	if err := unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err == nil {
		if _, err := (&Store{Dir: dir}).Keep(context.Background(), sample("local:%m", "q")); !errors.Is(err, unix.EROFS) {
			t.Errorf("read-only: %v", err)
		}
	}
}

func TestAddress(t *testing.T) {
	var sent Mail
	s := &Store{Send: func(_ context.Context, m Mail) error { sent = m; return nil }}
	if _, err := s.Keep(context.Background(), sample("smtp:[127.0.0.1]:25", "q@x.test")); err != nil {
		t.Fatal(err)
	}
	if string(sent.Header) != "X-Envelope-From: <a@b>\r\nSubject: s\r\n" {
		t.Errorf("header %q", sent.Header)
	}
}

func TestSenderAlias(t *testing.T) {
	a, ok := DefaultAlias("/q", "a b/../c@d.e")("sender-quarantine")
	if !ok || a.Name != "sender-a=b=..=c_at_d.e-%m.gz" {
		t.Errorf("%+v", a)
	}
}

func FuzzCopyBody(f *testing.F) {
	f.Add([]byte("a\r\n\r\r\nFrom x\n"), true)
	f.Fuzz(func(t *testing.T, b []byte, mbox bool) {
		var out bytes.Buffer
		w := bufio.NewWriter(&out)
		if err := copyBody(w, bytes.NewReader(b), mbox); err != nil {
			t.Fatal(err)
		}
		w.Flush()
		if want := bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")); !mbox && !bytes.Equal(out.Bytes(), want) {
			t.Fatalf("%q became %q", b, out.Bytes())
		}
	})
}

// TestLongLines has line ends where the buffer ends.
func TestLongLines(t *testing.T) {
	for n := 64<<10 - 3; n < 64<<10+3; n++ {
		in := strings.Repeat("x", n) + "\r\n\r" + strings.Repeat("y", n) + "\r"
		var out bytes.Buffer
		w := bufio.NewWriter(&out)
		if err := copyBody(w, strings.NewReader(in), true); err != nil {
			t.Fatal(err)
		}
		w.Flush()
		if out.String() != strings.ReplaceAll(in, "\r\n", "\n") {
			t.Errorf("line of %d: %d octets", n, out.Len())
		}
	}
}
