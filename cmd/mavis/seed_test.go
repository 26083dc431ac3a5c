package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mavis/rules/load"
	"mavis/rules/load/asperl"
	"mavis/testdata/peer"
)

// TestMendSeed mends the configuration this program was first asked for, as a web page published it: what comes out
// means the same as the text restored by hand.
func TestMendSeed(t *testing.T) {
	restored := peer.Shared(t, "corpus", "seed-restored.conf")
	published, err := os.ReadFile(peer.Shared(t, "corpus", "seed-as-published.conf"))
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "amavisd.conf")
	if err := os.WriteFile(name, published, 0o600); err != nil {
		t.Fatal(err)
	}
	meaning := func(file string) string {
		doc, _ := asperl.Files(load.Options{Host: load.LintHost{}, Program: "PROGRAM"}, file)
		if r, refused := doc.(*asperl.Refusal); refused {
			return "refused: " + r.Error
		}
		d := *doc.(*asperl.Document)
		d.Warnings = nil
		text, err := json.MarshalIndent(d, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		return strings.ReplaceAll(string(text), file, "FILE")
	}
	if before := meaning(name); !strings.HasPrefix(before, "refused") {
		t.Fatal("the published text loads: there is nothing to be shown")
	}
	var out, errs bytes.Buffer
	if status := run([]string{"lint", "--fix", "--unsafe-fixes", name}, streams{&out, &errs}); status > 1 {
		t.Fatalf("status %d: %s", status, errs.String())
	}
	want := meaning(restored)
	if got := meaning(name); got != want || strings.HasPrefix(want, "refused") {
		a, b := filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")
		t.Errorf("the meanings differ:\n%s", unified(a+b, []byte(want), []byte(got)))
	}
	// bytes outside of the fixes stay: every line is that of the restored text or of the published one
	mended, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(restored)
	if err != nil {
		t.Fatal(err)
	}
	goodLines, oldLines := splitLines(good), splitLines(published)
	if len(splitLines(mended)) != len(goodLines) {
		t.Fatal("lines were added or taken away")
	}
	for i, line := range splitLines(mended) {
		renamed := strings.NewReplacer("$do_syslog", "$DO_SYSLOG", "$logfile", "$LOGFILE").Replace(line)
		if line != goodLines[i] && line != oldLines[i] && renamed != oldLines[i] {
			t.Errorf("line %d is neither the old nor the restored one: %s", i+1, line)
		}
	}
}
