package eval

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mavis/perlconf/source"
	"mavis/testdata/peer"
)

type diskHost struct{ NoHost }

func (diskHost) Stat(name string) (fs.FileInfo, error)  { return os.Stat(name) }
func (diskHost) Lstat(name string) (fs.FileInfo, error) { return os.Lstat(name) }
func (diskHost) ReadDir(name string) ([]string, error) {
	list, err := os.ReadDir(name)
	var names []string
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names, err
}

func TestFileGlob(t *testing.T) {
	perl := peer.Need(t, "perl")
	dir := t.TempDir()
	for _, name := range []string{"a.conf", "B.conf", "b2.conf", ".hidden.conf", "sub/x.conf", "sub/y.txt", "tub/x.conf", "we ird", "[q]"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range []string{"D/*.conf", "D/*", "D/.*.conf", "D/?.conf", "D/[ab]*", "D/[!a]*.conf", "D/[^a]*.conf", "D/*/x.conf",
		"D/*/*", "D/{a,B,none}.conf", "D/{s,t}ub/*.conf", "D/none*", "D/none", "lit {} a{b}c x{1,{2,3}}y", "D/*.conf D/sub/*",
		`"D/we ird"`, `'D/we ird' D/a*`, `D/we\ ird`, `D/\[q\]`, `D/\[*`, "D/*/", "", " ", "%= scope.lookupvar('x') -%", "D/{a,b2}.co*", "D/sub/../*.conf", "a}b"} {
		p = strings.ReplaceAll(p, "D", dir)
		want, err := exec.Command(perl, "-e", `print map "<$_>", glob($ARGV[0])`, p).Output()
		if err != nil {
			t.Fatal(err)
		}
		in := New(Options{Host: diskHost{}})
		in.Scalar("main", "p").V = p
		v, err := in.RunSource(source.New("t", []byte(`join('', map { "<$_>" } glob($p))`)))
		if err != nil || ToString(v) != string(want) {
			t.Errorf("glob(%q) = %v, %v; perl: %s", p, v, err, want)
		}
	}
	in := New(Options{Host: diskHost{}})
	in.Scalar("main", "d").V = dir
	v, err := in.RunSource(source.New("t", []byte(`my @l; while (my $f = <$d/*.conf>) { push @l, $f =~ s{.*/}{}r } while (glob("a{1,2}")) { push @l, $_ } my $one = <x y>; "@l $one"`)))
	if err != nil || ToString(v) != "a.conf B.conf b2.conf a1 a2 x" {
		t.Errorf("scalar context: %v, %v", v, err)
	}
}
