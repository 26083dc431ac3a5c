package unpack

import (
	"bytes"
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
				f = append(f, k+"="+s)
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

// TestLikeOriginal compares with what the original found in the same mails (testdata/record.py).
func TestLikeOriginal(t *testing.T) {
	for _, set := range []string{"lab", "samples"} {
		dir := os.Getenv("UNPACK_" + strings.ToUpper(set))
		if dir == "" {
			continue
		}
		data, err := os.ReadFile("testdata/" + set + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var want map[string]golden
		if err := json.Unmarshal(data, &want); err != nil {
			t.Fatal(err)
		}
		o := testOptions(t)
		for n, g := range want {
			t.Run(n, func(t *testing.T) {
				raw, err := os.ReadFile(filepath.Join(dir, n+".eml"))
				if err != nil {
					t.Fatal(err)
				}
				msg, r := run(t, raw, o)
				if got, want := comparable(paths(msg.Root)), comparable(g.Paths); got != want {
					t.Errorf("got\n%s\nwant\n%s\nfailures %v", got, want, r.Failures)
				}
				if (r.Hold != "") != g.Hold || r.MIMEError != g.MIME {
					t.Errorf("hold %q, MIME error %q; the original %v %q", r.Hold, r.MIMEError, g.Hold, g.MIME)
				}
			})
		}
	}
}
