package emit

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"mavis/rules/load"
	"mavis/testdata/peer"
)

// corpus gives the configurations of the corpus: lists of files.
func corpus(t *testing.T) [][]string {
	root := peer.Shared(t, "corpus")
	var out [][]string
	for _, folder := range []string{"amavis", "snippets", "templates"} {
		files, err := filepath.Glob(filepath.Join(root, folder, "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			out = append(out, []string{f})
		}
	}
	folders, err := filepath.Glob(filepath.Join(root, "multi", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range folders {
		files, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", dir, err)
		}
		out = append(out, files)
	}
	return append(out, []string{filepath.Join(root, "seed-restored.conf")})
}

// TestCorpus converts every configuration of the corpus that loads, to each format, under the law that Convert keeps.
// Outside of CI it takes one in six.
func TestCorpus(t *testing.T) {
	whole := os.Getenv("MAVIS_REQUIRE_PEERS") == "1"
	loaded, lossy, done := 0, 0, map[Format]int{}
	for i, files := range corpus(t) {
		if !whole && i%6 != 0 {
			continue
		}
		name := filepath.Base(filepath.Dir(files[0])) + "/" + filepath.Base(files[0])
		opt := Options{Load: load.Options{StubMissing: true, Program: "PROGRAM"}}
		was, err := take(opt, files...)
		if errors.Is(err, ErrLoad) {
			continue
		} else if err != nil {
			t.Fatal(err)
		}
		loaded++
		if len(was.lost) > 0 {
			lossy++
			opt.Lossy = true
			for _, l := range was.lost {
				t.Logf("%s: lost: %s: %s", name, l.Name, l.Why)
			}
		}
		for _, f := range []Format{YAML, JSON, Perl} {
			out := &Result{}
			if err := was.convert(opt, f, out); err != nil {
				t.Errorf("%s to %s: %.400v", name, f, err)
			} else {
				done[f]++
			}
		}
	}
	t.Logf("%d configurations load; %d hold what cannot be carried; converted: %v", loaded, lossy, done)
	if least := map[bool]int{true: 242, false: 30}[whole]; loaded < least {
		t.Errorf("only %d configurations of the corpus load, want %d", loaded, least)
	}
}
