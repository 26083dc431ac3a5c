package report

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mavis/compat/rehearse"
	"mavis/compat/rehearse/answer"
	"mavis/testdata/peer"
)

// hostile is text that a page must not take for its own.
const hostile = `</script><script>document.title="taken"</script><img src=x onerror="document.title='taken'">&{{.}}`

func sample() *Tally {
	t := &Tally{Title: "Replay of " + hostile, Then: "a.conf", Now: "b.conf", Samples: 10}
	for i, now := range []string{"CLEAN", "CLEAN", "SPAM"} {
		step := answer.Step{Stage: "found", What: "banned: " + hostile, Setting: "@banned_filename_maps", Rule: hostile, Place: "a.conf:7"}
		then := &answer.Answer{Blocked: "BANNED", Banned: []string{hostile}, Reply: "250 " + hostile,
			Recipients: []answer.Recipient{{Addr: "bob@b.test", Destiny: "discard", Trace: []answer.Step{step}}}}
		r := &rehearse.Record{Version: rehearse.Version, Mail: "mail-" + string(rune('a'+i)) + hostile, Subject: hostile, From: hostile, To: []string{"bob@b.test"},
			Then: then, Now: &answer.Answer{Passed: now, Millis: float64(i), Copies: []answer.Copy{{To: []string{"bob@b.test"}, Edits: []string{"+ X: " + hostile}}},
				Recipients: []answer.Recipient{{Addr: "bob@b.test", Gets: true, Destiny: "pass", Copy: 1}}}}
		r.Changes = answer.Compare{}.Diff(r.Then, r.Now)
		t.Add(r)
	}
	t.Add(&rehearse.Record{Mail: "broken", Finding: hostile})
	return t
}

func write(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	if err := HTML(&b, sample(), Timing{Took: time.Second}, time.Unix(0, 0).UTC()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestPageEscapes(t *testing.T) {
	got := write(t)
	if n := strings.Count(got, "<script>"); n != 1 {
		t.Errorf("%d scripts", n)
	}
	for _, bad := range []string{"<img", "ZgotmplZ", "http://", "https://"} {
		if strings.Contains(got, bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
}

// TestPageInBrowser opens the page in a real browser and looks at what stands there once its script has run.
func TestPageInBrowser(t *testing.T) {
	browser := peer.Need(t, "chromium")
	dir := t.TempDir()
	file := filepath.Join(dir, "page.html")
	if err := os.WriteFile(file, []byte(write(t)), 0o644); err != nil {
		t.Fatal(err)
	}
	run := func(t *testing.T, args ...string) string {
		t.Helper()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		var errs bytes.Buffer
		cmd := exec.CommandContext(ctx, browser, append([]string{"--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--user-data-dir=" + t.TempDir()}, args...)...)
		cmd.Stderr = &errs
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("chromium: %v %s", err, errs.String())
		}
		return string(out)
	}
	t.Run("script", func(t *testing.T) {
		t.Parallel()
		dom := run(t, "--dump-dom", "file://"+file+"#now=passed_spam")
		if strings.Contains(dom, "<title>taken") || !strings.Contains(dom, "1 of 4 mails shown") || strings.Count(dom, `hidden=""`) != 3 {
			t.Errorf("the search does not find the one mail, or a foreign script ran:\n%.600s", dom)
		}
	})
	for i, scheme := range []string{"dark", "light"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			shot := filepath.Join(t.TempDir(), "page.png")
			run(t, "--window-size=1000,800", "--blink-settings=preferredColorScheme="+string(rune('0'+i)), "--screenshot="+shot, "file://"+file)
			if bright := corner(t, shot); (bright > 128) != (scheme == "light") {
				t.Errorf("the page is not %s: its corner has brightness %d", scheme, bright)
			}
		})
	}
}
