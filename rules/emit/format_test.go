package emit

import (
	"errors"
	"os"
	"testing"

	"mavis/perlconf/source"
	"mavis/perlconf/syntax"
	"mavis/rules/load"
)

// laidOut is a machine on which every file is laid out.
type laidOut struct {
	load.LintHost
	t   *testing.T
	opt syntax.Options
	of  map[string]bool
}

// ReadFile lays configuration files out.
func (h laidOut) ReadFile(name string) ([]byte, error) {
	text, err := h.LintHost.ReadFile(name)
	if err != nil || !h.of[name] {
		return text, err
	}
	out, err := syntax.Format(source.New(name, text), h.opt)
	if err != nil {
		h.t.Errorf("%s: %v", name, err)
	}
	return out, err
}

// TestLayoutKeepsMeaning loads the configurations of the corpus before and after they are laid out. Outside of CI it takes
// one in six.
func TestLayoutKeepsMeaning(t *testing.T) {
	known, err := load.Files(load.Options{})
	if err != nil {
		t.Fatal(err)
	}
	words := syntax.Options{Protos: known.Interp.Protos(), Package: load.Package}
	whole := os.Getenv("MAVIS_REQUIRE_PEERS") == "1"
	same := 0
	for i, files := range corpus(t) {
		if !whole && i%6 != 3 {
			continue
		}
		opt := Options{Load: load.Options{StubMissing: true, Program: "PROGRAM"}}
		was, err := take(opt, files...)
		if errors.Is(err, ErrLoad) {
			continue
		}
		h := laidOut{t: t, opt: words, of: map[string]bool{}}
		for _, f := range files {
			h.of[f] = true
		}
		opt.Load.Host = h
		now, err := take(opt, files...)
		if err != nil {
			t.Errorf("%s: %v", files[0], err)
			continue
		}
		if wrong := dumps(was.dump, now.dump, nil); len(wrong) > 0 {
			t.Errorf("%s: %v", files[0], wrong)
			continue
		}
		same++
	}
	t.Logf("%d configurations mean the same after they were laid out", same)
	if same < 30 {
		t.Errorf("only %d configurations were compared", same)
	}
}
