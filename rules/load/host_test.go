package load

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"mavis/perlconf/diag"
	"mavis/perlconf/eval"
)

// mapHost is a machine whose files are in memory.
type mapHost struct {
	LintHost
	files fstest.MapFS
}

func (h mapHost) ReadFile(name string) ([]byte, error)     { return fs.ReadFile(h.files, name[1:]) }
func (h mapHost) Stat(name string) (fs.FileInfo, error)    { return fs.Stat(h.files, name[1:]) }
func (h mapHost) Hostname() (string, error)                { return "mx", nil }
func (h mapHost) Command(line string) ([]byte, int, error) { return Answer(h, line) }
func (h mapHost) ReadDir(name string) (out []string, _ error) {
	entries, err := fs.ReadDir(h.files, name[1:])
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out, err
}
func (h mapHost) Access(name string, _ byte) error {
	_, err := h.Stat(name)
	return err
}

func TestCommands(t *testing.T) {
	h := mapHost{files: fstest.MapFS{
		"etc/hosts":    {Data: []byte("127.0.0.1 localhost # mx\n127.0.1.1 mx.example.org mx\n")},
		"etc/mailname": {Data: []byte("example.org\nsecond\nthird\n")},
	}}
	for _, c := range []struct {
		line, out string
		status    int
		refused   bool
	}{
		{line: "hostname", out: "mx\n"},
		{line: "/bin/hostname", out: "mx\n"},
		{line: " hostname --fqdn ", out: "mx.example.org\n"},
		{line: "hostname -f 2>/dev/null", out: "mx.example.org\n"},
		{line: "hostname -s", out: "mx\n"},
		{line: "hostname -d", out: "example.org\n"},
		{line: "dnsdomainname", out: "example.org\n"},
		{line: "uname -n", out: "mx\n"},
		{line: "uname", out: "Linux\n"},
		{line: "uname -ns", out: "Linux mx\n"},
		{line: "uname -z", refused: true},
		{line: "hostnamectl --static", out: "mx\n"},
		{line: "head -n 1 /etc/mailname", out: "example.org\n"},
		{line: "head -1 /etc/mailname", out: "example.org\n"},
		{line: "head -n2 '/etc/mailname'", out: "example.org\nsecond\n"},
		{line: "head /etc/mailname", out: "example.org\nsecond\nthird\n"},
		{line: "cat /etc/mailname", out: "example.org\nsecond\nthird\n"},
		{line: "cat /etc/none", status: 1},
		{line: "cat /etc/mailname | tr a b", refused: true},
		{line: "cat $HOME/x", refused: true},
		{line: `cat "a$b"`, refused: true},
		{line: "cat 'x", refused: true},
		{line: "cat", refused: true},
		{line: "head -c 3 /etc/mailname", refused: true},
		{line: "rm -rf /", refused: true},
		{line: "", refused: true},
	} {
		out, status, err := h.Command(c.line)
		if c.refused {
			if !errors.Is(err, eval.ErrRefused) {
				t.Errorf("%q: %q, %v; want a refusal", c.line, out, err)
			}
			continue
		}
		if err != nil || string(out) != c.out || status != c.status {
			t.Errorf("%q: %q, %d, %v", c.line, out, status, err)
		}
	}
}

func TestFind(t *testing.T) {
	h := mapHost{files: fstest.MapFS{
		"etc/amavisd.conf": {}, "etc/amavis/conf.d/50-user": {}, "etc/amavis/conf.d/50-user~": {}, "etc/amavis/conf.d/05-node.conf": {},
		"etc/amavis/conf.d/15-av_scanners": {}, "etc/amavis/conf.d/sub/x": {}, "usr/share/amavis/conf.d/20-package": {},
	}}
	want := []string{"/usr/share/amavis/conf.d/20-package", "/etc/amavis/conf.d/15-av_scanners", "/etc/amavis/conf.d/50-user"}
	if d := cmp.Diff(want, Find(h)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"/etc/amavisd.conf"}, Find(mapHost{files: fstest.MapFS{"etc/amavisd.conf": {}}})); d != "" {
		t.Error(d)
	}
}

func TestOwner(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "x")
	if err := os.WriteFile(name, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	me := os.Getuid()
	own := Identity{UID: max(me, 1), GIDs: []int{4711}}
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	if me != 0 && own.couldChange(info) == "" {
		t.Error("the owner can change a file")
	}
	other := Identity{UID: me + 1, GIDs: []int{4711}}
	if msg := other.couldChange(info); msg != "" {
		t.Error(msg)
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	var bag diag.Bag
	CheckFiles(LintHost{}, []string{name}, other, &bag)
	if len(bag.All) != 1 {
		t.Errorf("a folder open to everybody: %v", bag.All)
	}
	if err := os.Chmod(name, 0o666); err != nil {
		t.Fatal(err)
	}
	if info, err = os.Stat(name); err != nil {
		t.Fatal(err)
	}
	if other.couldChange(info) == "" {
		t.Error("a file open to everybody")
	}
	if (&Identity{UID: 0}).couldChange(info) != "" {
		t.Error("root is not checked")
	}
}
