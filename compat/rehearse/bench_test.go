package rehearse_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"mavis/compat/daemon"
	"mavis/compat/rehearse"
	"mavis/compat/rehearse/judge"
	"mavis/compat/rehearse/report"
	"mavis/compat/rehearse/store"
	"mavis/compat/rehearse/stored"
	"mavis/engine/unpack"
)

const config = `use strict;
$daemon_user = 'nobody'; $mydomain = 'local.test'; $myhostname = 'mx.local.test';
@local_domains_maps = (['local.test']);
@bypass_spam_checks_maps = (1);
$inet_socket_port = 10024;
$final_banned_destiny = D_REJECT;
$banned_filename_re = new_RE(qr'\.exe$'i);
$forward_method = $notify_method = 'smtp:[192.0.2.1]:25';
1;
`

// generated is mail that is made when it is its turn; each is another one.
func generated(n int) func(context.Context, func(*stored.Mail) error) error {
	line := strings.Repeat("a line of text as people send it, ", 2) + "\n"
	return func(ctx context.Context, found func(*stored.Mail) error) error {
		for i := range n {
			part := "Content-Type: text/plain\n\n" + strings.Repeat(line, 10+i%40)
			if i%50 == 0 {
				part = "Content-Type: application/octet-stream; name=\"setup.exe\"\n\nMZ" + strconv.Itoa(i) + "\n"
			}
			text := fmt.Sprintf("Return-Path: <a%d@sender.test>\nDelivered-To: b%d@local.test\nFrom: a@sender.test\nTo: b@local.test\nSubject: mail %d\nDate: Sun, 22 Nov 2026 10:00:00 +0000\n"+
				"Message-ID: <%d@sender.test>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n%s--b\nContent-Type: text/html\n\n<p>%d %s</p>\n--b--\n", i, i%1000, i, i, part, i, line)
			m := &stored.Mail{Name: fmt.Sprintf("generated-%d", i), Size: int64(len(text)), Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }}
			if err := found(m); err != nil {
				return err
			}
		}
		return nil
	}
}

func newJudge(t testing.TB, text string) *judge.Judge {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "amavisd.conf")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	cfg, bag, err := daemon.Load(daemon.Source{Files: []string{file}})
	if err != nil {
		t.Fatalf("%v %v", err, bag.All)
	}
	j, err := judge.New(judge.Options{Config: cfg, Temp: dir, Unscanned: true, Sandbox: unpack.Sandbox{Off: true}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	return j
}

// resident is the process's resident set and its peak, in MiB.
func resident(t testing.TB) (now, peak int) {
	t.Helper()
	raw, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip(err)
	}
	for line := range strings.Lines(string(raw)) {
		var kb int
		if _, err := fmt.Sscanf(line, "VmRSS: %d kB", &kb); err == nil {
			now = kb >> 10
		}
		if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &kb); err == nil {
			peak = kb >> 10
		}
	}
	return now, peak
}

// BenchmarkReplay judges b.N generated mails with everything that grows with their number written to a store, and tells the
// peak of memory. Run it with -benchtime 10000x, 100000x, 1000000x: the peak stays.
func BenchmarkReplay(b *testing.B) {
	j := newJudge(b, config)
	s, err := store.Open(filepath.Join(b.TempDir(), "s.db"))
	if err == nil {
		err = s.Begin("bench", "bench")
	}
	if err != nil {
		b.Fatal(err)
	}
	tally := &report.Tally{Samples: 1000}
	b.ResetTimer()
	err = rehearse.Run(context.Background(), rehearse.Options{Judges: []*judge.Judge{j}, Done: s.Has, Emit: func(r *rehearse.Record) error {
		tally.Add(r)
		return s.Add(r)
	}}, generated(b.N))
	if err == nil {
		err = s.Close()
	}
	if err != nil || tally.Mails != int64(b.N) || tally.Unjudged != 0 {
		b.Fatalf("%v, %d of %d mails, %v", err, tally.Mails, b.N, tally.Findings)
	}
	b.StopTimer()
	now, peak := resident(b)
	b.ReportMetric(float64(peak), "peak-MiB")
	b.ReportMetric(float64(now), "rss-MiB")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "mails/s")
}
