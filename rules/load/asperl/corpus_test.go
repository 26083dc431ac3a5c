package asperl_test

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mavis/rules/load"
	"mavis/rules/load/asperl"
	"mavis/testdata/peer"
)

// corpusHost is the machine under which the kept answers were made: its names, no network, an ordinary user.
type corpusHost struct{ load.LintHost }

var corpusFiles = map[string]string{
	"/etc/hostname": "mx\n", "/etc/mailname": "example.org\n", "/etc/hosts": "127.0.0.1 localhost\n127.0.1.1 mx.example.org mx\n",
}

const corpusUname = "Linux mx.example.org 6.18.44-fc-v657 #1 SMP PREEMPT_DYNAMIC @0 x86_64 GNU/Linux\n"

func (corpusHost) Hostname() (string, error) { return "mx.example.org", nil }

func (h corpusHost) ReadFile(name string) ([]byte, error) {
	if text, ok := corpusFiles[name]; ok {
		return []byte(text), nil
	}
	return h.LintHost.ReadFile(name)
}

func (h corpusHost) Stat(name string) (fs.FileInfo, error) {
	if _, ok := corpusFiles[name]; ok {
		name = "/etc/passwd"
	}
	return h.LintHost.Stat(name)
}

func (h corpusHost) Access(name string, op byte) error {
	if _, ok := corpusFiles[name]; ok {
		name = "/etc/passwd"
	}
	return h.LintHost.Access(name, op)
}

func (h corpusHost) Command(line string) ([]byte, int, error) {
	if line == "uname -a" {
		return []byte(corpusUname), 0, nil
	}
	return load.Answer(h, line)
}

type answer struct {
	Files []string
	Want  map[string]any
}

func answers(t *testing.T) []answer {
	f, err := os.Open(peer.Shared(t, "corpus", "oracle.jsonl.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var out []answer
	dec := json.NewDecoder(z)
	for {
		var a answer
		if err := dec.Decode(&a); err == io.EOF {
			return out
		} else if err != nil {
			t.Fatal(err)
		}
		out = append(out, a)
	}
}

// corpusFolders are the folders of the corpus whose files stand alone.
var corpusFolders = map[string]bool{"amavis": true, "snippets": true, "templates": true}

// TestCorpus loads every configuration of the corpus and compares with what the original made of it; what the original
// refuses must be refused, at the same line.
func TestCorpus(t *testing.T) {
	if _, err := os.Stat("/etc/amavis/en_US/charset"); err != nil {
		peer.Missing(t, "amavisd-new is not installed (some configurations read its files)")
	}
	for _, a := range answers(t) {
		t.Run(strings.TrimSuffix(strings.ReplaceAll(a.Files[0], "/", "_"), ".conf"), func(t *testing.T) {
			var files []string
			for _, f := range a.Files {
				if strings.Count(f, "/") == 1 && !corpusFolders[filepath.Dir(f)] { // one answer leaves out that its folder is below multi
					f = "multi/" + f
				}
				files = append(files, peer.Shared(t, "corpus", f))
			}
			doc, _ := asperl.Files(load.Options{Host: corpusHost{}, StubMissing: true, Program: "PROGRAM"}, files...)
			raw, err := json.Marshal(doc)
			if err != nil {
				t.Fatal(err)
			}
			var got map[string]any
			if err := json.Unmarshal([]byte(strings.ReplaceAll(string(raw), filepath.Dir(files[0]), "DIR")), &got); err != nil {
				t.Fatal(err)
			}
			if wantErr, refused := a.Want["error"].(string); refused {
				gotErr, ok := got["error"].(string)
				if !ok {
					t.Fatalf("accepted, but the original says: %s", wantErr)
				}
				if !strings.HasPrefix(a.Files[0], "templates/") { // these are not meant as Perl
					sameLine(t, wantErr, gotErr)
				}
				return
			}
			if e, ok := got["error"]; ok {
				t.Fatalf("refused: %s", e)
			}
			for _, k := range []string{"scalars", "arrays", "hashes", "policy_bank", "extra", "changed", "files_read", "stubbed", "env_path"} {
				if !reflect.DeepEqual(a.Want[k], got[k]) {
					t.Errorf("%s: %s", k, cmp.Diff(a.Want[k], got[k]))
				}
			}
		})
	}
}

// sameLine wants the first line number of the original's refusal among ours.
func sameLine(t *testing.T, want, got string) {
	t.Helper()
	_, rest, ok := strings.Cut(want, " line ")
	if !ok || !strings.Contains(want, " at DIR/") {
		return
	}
	if strings.Contains(want, "locate object method") {
		return // the original names the statement's first line, we the call's
	}
	line := rest[:strings.IndexFunc(rest+".", func(r rune) bool { return r < '0' || r > '9' })]
	if !strings.Contains(got, ":"+line+":") {
		t.Errorf("the original names line %s: %.300s\nwe say: %.600s", line, want, got)
	}
}
