package unpack

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"

	"mavis/engine/filetype"
	"mavis/engine/mail"
	"mavis/testdata/peer"
)

// shortTypes is the stock map of the original, as facts of testdata/shorttypes.txt.
func shortTypes(t testing.TB) func(string) ([]string, error) {
	t.Helper()
	data, err := os.ReadFile("testdata/shorttypes.txt")
	if err != nil {
		t.Fatal(err)
	}
	type rule struct {
		re    *regexp.Regexp
		short []string
	}
	var rules []rule
	for _, ln := range strings.Split(strings.TrimSpace(string(data)), "\n") {
		re, short, _ := strings.Cut(ln, "\t")
		rules = append(rules, rule{regexp.MustCompile(re), strings.Fields(short)})
	}
	return func(long string) ([]string, error) {
		for _, r := range rules {
			if r.re.MatchString(long) {
				return r.short, nil
			}
		}
		return nil, nil
	}
}

const testPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/sbin:/usr/bin:/bin"

// labDecoders are those of the lab's configuration.
func labDecoders() []Decoder {
	active, _ := Resolve([]Decoder{
		{Types: []string{"mail"}, Do: "do_mime_decode"},
		{Types: []string{"gz"}, Do: "do_gunzip"},
		{Types: []string{"bz2"}, Do: "do_uncompress", Programs: [][]string{{"bzip2 -d"}}},
		{Types: []string{"xz"}, Do: "do_uncompress", Programs: [][]string{{"xz -dc"}}},
		{Types: []string{"cpio", "tar"}, Do: "do_pax_cpio", Programs: [][]string{{"pax", "gcpio", "cpio"}}},
		{Types: []string{"zip"}, Do: "do_7zip", Programs: [][]string{{"7za", "7z"}}},
		{Types: []string{"7z"}, Do: "do_7zip", Programs: [][]string{{"7zr", "7za", "7z"}}},
		{Types: []string{"cab"}, Do: "do_cabextract", Programs: [][]string{{"cabextract"}}},
		{Types: []string{"tnef"}, Do: "do_tnef"},
		{Types: []string{"arj"}, Do: "do_unarj", Programs: [][]string{{"unarj", "arj"}}},
	}, testPath)
	return active
}

func testOptions(t testing.TB) Options {
	program, _ := exec.LookPath("file")
	c := filetype.New(program, filetype.Options{})
	t.Cleanup(c.Close)
	return Options{
		Decoders: labDecoders(), Classifier: c, ShortTypes: shortTypes(t), Path: testPath,
		MaxLevels: 14, MaxFiles: 1500, MinQuota: 100 << 10, MaxQuota: 300 << 20, MinFactor: 5, MaxFactor: 500, Digest: "sha1",
	}
}

type body struct{ *bytes.Reader }

func (b body) Size() int64 { return b.Reader.Size() }

func run(t testing.TB, data []byte, o Options) (*mail.Message, *Report) {
	t.Helper()
	msg := &mail.Message{Dir: t.TempDir(), Body: body{bytes.NewReader(data)}}
	r, err := Run(context.Background(), msg, o)
	if err != nil {
		t.Fatal(err)
	}
	return msg, r
}

// paths lists the leaves breadth first, each with its ancestors, as the original logs them.
func paths(root *mail.Part) []string {
	var out []string
	for queue := []*mail.Part{root}; len(queue) > 0; queue = queue[1:] {
		p := queue[0]
		queue = append(queue, p.Children...)
		if len(p.Children) > 0 || p.Parent == nil {
			continue
		}
		var steps []string
		for ; p.Parent != nil; p = p.Parent {
			steps = append([]string{describe(p)}, steps...)
		}
		out = append(out, strings.Join(steps, " | "))
	}
	return out
}

func describe(p *mail.Part) string {
	f := []string{"P=" + name(p)}
	add := func(k string, list ...string) {
		for _, s := range list {
			if s != "" {
				f = append(f, k+"="+strings.NewReplacer("\t", " ", "\n", " ").Replace(s))
			}
		}
	}
	add("L", p.Placement)
	add("M", p.TypeDeclared...)
	add("T", p.TypeShort...)
	add("N", p.NameDeclared...)
	add("A", strings.Split(p.Attributes, "")...)
	return strings.Join(f, ",")
}

type golden struct {
	Name   string   `json:"name"`
	Mail   []byte   `json:"mail"`
	Paths  []string `json:"paths"`
	Hold   bool     `json:"hold"`
	MIME   string   `json:"mime"`
	Failed []string `json:"failed"`
}

var places = regexp.MustCompile(`P=p\d+,L=[0-9/]+,?`)

// comparable makes one text of paths. The original numbers the members of an archive in the order of a folder on its disk,
// which is no order; ours is that of the archive. So with several members only what was found counts, not its number.
func comparable(list []string) string {
	depth := 0
	for _, p := range list {
		if strings.Count(p, " | ") >= 2 {
			depth++
		}
	}
	if depth > 1 {
		short := make([]string, len(list))
		for i, p := range list {
			short[i] = places.ReplaceAllString(p, "")
		}
		sort.Strings(short)
		list = short
	}
	return strings.Join(list, "\n")
}

func (g *golden) compare(t *testing.T, o Options) {
	t.Helper()
	msg, r := run(t, g.Mail, o)
	if got, want := comparable(paths(msg.Root)), comparable(g.Paths); got != want {
		t.Errorf("got\n%s\nwant\n%s\nfailures %v", got, want, r.Failures)
	}
	if (r.Hold != "") != g.Hold || r.MIMEError != g.MIME {
		t.Errorf("hold %q, MIME error %q; the original %v %q", r.Hold, r.MIMEError, g.Hold, g.MIME)
	}
}

// TestLab compares with what the original found in the lab's mails and in the files of clamav-testfiles (testdata/record.py).
func TestLab(t *testing.T) {
	mkmails := peer.Shared(t, "lab", "mkmails.py")
	python := peer.Need(t, "python3")
	for _, p := range []string{"file", "7za", "arj", "cabextract"} {
		peer.Need(t, p)
	}
	if _, err := os.Stat("/usr/share/clamav-testfiles"); err != nil {
		peer.Missing(t, "clamav-testfiles is not installed")
	}
	dir := t.TempDir()
	if out, err := exec.Command(python, mkmails, dir+"/lab").CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	if out, err := exec.Command(python, "testdata/samples.py", mkmails, dir+"/samples").CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	for _, set := range []string{"lab", "samples"} {
		data, err := os.ReadFile("testdata/" + set + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var want map[string]*golden
		if err := json.Unmarshal(data, &want); err != nil {
			t.Fatal(err)
		}
		o := testOptions(t)
		for n, g := range want {
			t.Run(n, func(t *testing.T) {
				if g.Mail, err = os.ReadFile(filepath.Join(dir, set, n+".eml")); err != nil {
					t.Fatal(err)
				}
				g.compare(t, o)
			})
		}
	}
}

// TestArchives compares with what the original found in archives of every shape (testdata/archives.py, record.py).
func TestArchives(t *testing.T) {
	for _, p := range []string{"file", "7za", "7zz", "arj", "pax", "lzop", "lz4"} {
		peer.Need(t, p)
	}
	for file, variables := range map[string]bool{"archives": false, "archives-programs": true} {
		o := testOptions(t)
		o.Decoders = stockDecoders(variables)
		for _, g := range readArchives(t, file) {
			if fine[g.Name] || variables && sameDecoder.MatchString(g.Name) {
				continue
			}
			t.Run(file+"/"+g.Name, func(t *testing.T) { g.compare(t, o) })
		}
	}
}

// sameDecoder are cases for which the programs change nothing.
var sameDecoder = regexp.MustCompile(`^(zip|7z|mime|tnef)-`)

// fine are cases that differ on purpose: where one member hides another the original sees one of them, we see both.
var fine = map[string]bool{"tar-hidden": true, "tar-twins": true}

func TestHiddenMembers(t *testing.T) {
	peer.Need(t, "pax")
	o := testOptions(t)
	o.Decoders = stockDecoders(true)
	for _, g := range readArchives(t, "archives-programs") {
		if fine[g.Name] {
			msg, r := run(t, g.Mail, o)
			if tar := r.Parts[1]; len(tar.Children) != 2 || tar.Path == "" {
				t.Errorf("%s: %q, the archive itself at %q", g.Name, paths(msg.Root), tar.Path)
			}
		}
	}
}

func readArchives(t testing.TB, file string) []*golden {
	f, err := os.Open("testdata/" + file + ".jsonl.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var out []*golden
	for d := json.NewDecoder(z); d.More(); {
		var g golden
		if err := d.Decode(&g); err != nil {
			t.Fatal(err)
		}
		out = append(out, &g)
	}
	return out
}

// stockDecoders is the original's own list; programs that are variables ($pax, $unarj …) are undefined by default.
func stockDecoders(variables bool) []Decoder {
	d := func(do string, programs [][]string, types ...string) Decoder {
		return Decoder{Types: types, Do: do, Programs: programs}
	}
	one := func(alternatives ...string) [][]string { return [][]string{alternatives} }
	variable := func(alternatives ...string) [][]string {
		if !variables {
			return [][]string{nil}
		}
		return [][]string{alternatives}
	}
	active, _ := Resolve([]Decoder{
		d("do_mime_decode", nil, "mail"),
		d("do_uncompress", variable("unfreeze", "freeze -d", "melt", "fcat"), "F"),
		d("do_uncompress", variable("uncompress", "gzip -d", "zcat"), "Z"),
		d("do_uncompress", variable("gzip -d"), "gz"),
		d("do_gunzip", nil, "gz"),
		d("do_uncompress", variable("bzip2 -d"), "bz2"),
		d("do_uncompress", one("xzdec", "xz -dc", "unxz -c", "xzcat"), "xz"),
		d("do_uncompress", one("lzmadec", "xz -dc --format=lzma", "lzma -dc", "unlzma -c", "lzcat"), "lzma"),
		d("do_uncompress", one("lrzip -q -k -d -o -", "lrzcat -q -k"), "lrz"),
		d("do_uncompress", variable("lzop -d"), "lzo"),
		d("do_uncompress", one("lz4c -d"), "lz4"),
		d("do_uncompress", variable("rpm2cpio.pl", "rpm2cpio"), "rpm"),
		d("do_pax_cpio", variable("pax", "gcpio", "cpio"), "cpio", "tar"),
		d("do_ar", variable("ar"), "deb"),
		d("do_unrar", variable("unrar", "rar"), "rar"),
		d("do_unarj", variable("unarj", "arj"), "arj"),
		d("do_arc", variable("nomarch", "arc"), "arc"),
		d("do_zoo", variable("zoo", "unzoo"), "zoo"),
		d("do_ole", variable("ripole"), "doc"),
		d("do_cabextract", variable("cabextract"), "cab"),
		d("do_tnef_ext", variable("tnef"), "tnef"),
		d("do_tnef", nil, "tnef"),
		d("do_7zip", one("7za", "7zz", "7z"), "zip", "kmz"),
		d("do_unzip", nil, "zip", "kmz"),
		d("do_7zip", one("7zr", "7za", "7zz", "7z"), "7z"),
		d("do_7zip", one("7za", "7zz", "7z"), "gz", "bz2", "Z", "tar"),
		d("do_7zip", one("7zz", "7z"), "xz", "lzma", "jar", "cpio", "arj", "rar", "swf", "lha", "iso", "cab", "deb", "rpm"),
		d("do_executable", append(append(variable("unrar", "rar"), variable("lha")...), variable("unarj", "arj")...), "exe"),
		d("do_uncompress", one("unzstd"), "zst"),
	}, testPath)
	return active
}
