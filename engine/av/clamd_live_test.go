package av

import (
	"bytes"
	"context"
	"crypto/md5"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mavis/rules"
	"mavis/testdata/peer"
)

const virus = "this stands for a virus: 5f3c1a"

// liveClamd is a clamd of our own with one signature.
type liveClamd struct {
	t      *testing.T
	binary string
	dir    string
	socket string
	cmd    *exec.Cmd
}

func newClamd(t *testing.T, settings ...string) *liveClamd {
	if len(settings) == 0 {
		settings = []string{"User root"}
	}
	t.Helper()
	c := &liveClamd{t: t, binary: peer.Need(t, "clamd")}
	peer.Root(t)
	dir, err := os.MkdirTemp("", "av-clamd")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.kill(); os.RemoveAll(dir) })
	os.Chmod(dir, 0o777)
	os.Mkdir(dir+"/db", 0o755)
	c.dir, c.socket = dir, dir+"/clamd.sock"
	sum := md5.Sum([]byte(virus))
	hash := fmt.Sprintf("%x:%d:Test.Virus\n", sum, len(virus))
	if err := os.WriteFile(dir+"/db/test.hdb", []byte(hash), 0o644); err != nil {
		t.Fatal(err)
	}
	conf := fmt.Sprintf("LocalSocket %s\nLocalSocketMode 666\nFixStaleSocket yes\nDatabaseDirectory %s/db\nForeground yes\nLogFile %s/log\nMaxThreads 4\n"+
		"StreamMaxLength 1M\nConcurrentDatabaseReload no\n%s\n", c.socket, dir, dir, strings.Join(settings, "\n"))
	if err := os.WriteFile(dir+"/clamd.conf", []byte(conf), 0o644); err != nil {
		t.Fatal(err)
	}
	c.start()
	c.wait()
	return c
}

func (c *liveClamd) start() {
	c.cmd = exec.Command(c.binary, "-c", c.dir+"/clamd.conf")
	if err := c.cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
}

func (c *liveClamd) kill() {
	if c.cmd != nil {
		c.cmd.Process.Kill()
		c.cmd.Wait()
		c.cmd = nil
	}
}

func (c *liveClamd) wait() {
	for range 600 {
		if conn, err := net.Dial("unix", c.socket); err == nil {
			conn.Close()
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	log, _ := os.ReadFile(c.dir + "/log")
	c.t.Fatalf("clamd did not start: %s", log)
}

// parts makes a folder of parts that any user can read; bad is the part that holds the virus, 0 for none.
func parts(t *testing.T, n, bad int) Job {
	t.Helper()
	dir, err := os.MkdirTemp("", "av-parts")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	os.Chmod(dir, 0o755)
	j := Job{Folder: dir}
	for i := 1; i <= n; i++ {
		text := fmt.Sprintf("part %d", i)
		if i == bad {
			text = virus
		}
		name := fmt.Sprintf("p%03d", i)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		j.Files = append(j.Files, name)
	}
	return j
}

var clamdForms = []struct{ query, proto string }{{"CONTSCAN {}\n", ""}, {"nCONTSCAN {}\n", ""}, {"MULTISCAN {}\n", ""}, {"nSCAN {}/*\n", ""},
	{"*", "clamd:"}, {"{}/*", "clamd:"}}

func TestLiveClamd(t *testing.T) {
	c := newClamd(t)
	for _, form := range clamdForms {
		t.Run(form.proto+strings.TrimSpace(form.query), func(t *testing.T) {
			e := clamd(t, form.proto+c.socket)
			e.Query = []string{form.query}
			s := &Scanner{Primary: []rules.Scanner{e}}
			if v, err := scan(t, s, parts(t, 20, 0)); err != nil || v.Infected {
				t.Errorf("%+v, %v", v, err)
			}
			v, err := scan(t, s, parts(t, 20, 13))
			if err != nil || len(v.Names) != 1 || !strings.HasPrefix(v.Names[0], "Test.Virus") || !strings.HasPrefix(v.Output, "p013: ") {
				t.Errorf("%+v, %v", v, err)
			}
		})
	}
	t.Run("stream too long", func(t *testing.T) {
		e := clamd(t, "clamd:"+c.socket)
		e.Query = []string{"*"}
		j := parts(t, 3, 0)
		if err := os.WriteFile(filepath.Join(j.Folder, "p002"), bytes.Repeat([]byte("z"), 3<<20), 0o644); err != nil {
			t.Fatal(err)
		}
		if v, err := scan(t, &Scanner{Primary: []rules.Scanner{e}}, j); err == nil {
			t.Errorf("%+v", v)
		}
		j = parts(t, 3, 1)
		if err := os.WriteFile(filepath.Join(j.Folder, "p002"), bytes.Repeat([]byte("z"), 3<<20), 0o644); err != nil {
			t.Fatal(err)
		}
		if v, err := scan(t, &Scanner{Primary: []rules.Scanner{e}, FirstInfectedStops: true}, j); err != nil || !v.Infected {
			t.Errorf("%+v, %v", v, err)
		}
	})
}

// A clamd that cannot read some of the files says OK of the folder all the same.
func TestLiveClamdUnreadable(t *testing.T) {
	if _, err := user.Lookup("nobody"); err != nil {
		peer.Missing(t, "no user nobody")
	}
	c := newClamd(t, "User nobody")
	for _, form := range clamdForms[:4] {
		e := clamd(t, c.socket)
		e.Query = []string{form.query}
		j := parts(t, 3, 2)
		os.Chmod(filepath.Join(j.Folder, "p002"), 0o600)
		if v, err := scan(t, &Scanner{Primary: []rules.Scanner{e}}, j); err == nil {
			t.Errorf("%q: %+v", form.query, v)
		}
	}
}

// clamd is killed and started anew while 200 scans are under way: each scan tells the truth or fails.
func TestLiveClamdRestarts(t *testing.T) {
	c := newClamd(t)
	clean, bad := parts(t, 3, 0), parts(t, 3, 2)
	var told, failed atomic.Int64
	var wg sync.WaitGroup
	work := make(chan int)
	var keep Daemons
	for range 8 {
		wg.Go(func() {
			for i := range work {
				form := clamdForms[i%len(clamdForms)]
				e := clamd(t, form.proto+c.socket)
				e.Query = []string{form.query}
				s := &Scanner{Primary: []rules.Scanner{e}, Daemons: &keep, FirstInfectedStops: i%4 < 2,
					Pause: func(ctx context.Context, d time.Duration) { sleep(ctx, d/20) }}
				ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
				j, want := clean, false
				if i%2 == 0 {
					j, want = bad, true
				}
				v, err := s.Scan(ctx, j)
				cancel()
				switch {
				case err != nil:
					failed.Add(1)
				case v.Infected != want:
					t.Errorf("scan %d: %+v, want infected %v", i, v, want)
				default:
					told.Add(1)
				}
			}
		})
	}
	for i := range 200 {
		switch i % 50 {
		case 25:
			c.kill()
		case 25 + i/10: // away for a shorter or longer while
			if i < 100 {
				os.Remove(c.socket)
			}
			c.start()
		}
		work <- i
		time.Sleep(time.Duration(i%7) * time.Millisecond)
	}
	if c.cmd == nil {
		c.start()
	}
	close(work)
	wg.Wait()
	c.wait()
	t.Logf("%d told, %d failed", told.Load(), failed.Load())
	if told.Load() == 0 {
		t.Error("no scan answered")
	}
	if v, err := scan(t, &Scanner{Primary: []rules.Scanner{clamd(t, c.socket)}}, bad); err != nil || !v.Infected {
		t.Errorf("afterwards: %+v, %v", v, err)
	}
}
