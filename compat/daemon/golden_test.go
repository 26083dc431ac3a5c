package daemon_test

import (
	"encoding/json"
	"flag"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"mavis/testdata/peer"
)

// goldenCase is one case of testdata/golden/SET/golden.json: what is sent, and what the original made of it.
type goldenCase struct {
	Name       string   `json:"name"`
	From       string   `json:"from"`
	To         []string `json:"to"`
	Second     bool     `json:"second"` // to the second port
	LMTP       bool     `json:"lmtp"`
	Greeting   bool     `json:"greeting"` // the replies before MAIL and after QUIT count too
	XForward   string   `json:"xforward"`
	MailParams string   `json:"mail_params"`
	RcptParams []string `json:"rcpt_params"`
	Script     []string `json:"script"`  // instead of a plain transaction
	Mail       string   `json:"mail"`    // every rune is a byte, lines end in LF
	MailOf     string   `json:"mail_of"` // the earlier case that has the mail
	Want       outcome  `json:"want"`
}

// outcome is all that can be seen of a case, without what differs from run to run.
type outcome struct {
	Replies   []string    `json:"replies"`
	Log       []string    `json:"log"`
	Delivered []delivered `json:"delivered"`
	Held      []held      `json:"held"`
}

type delivered struct {
	Envelope []string `json:"envelope"`
	Header   []string `json:"header"`
	Body     string   `json:"body"`
}

type held struct {
	Name   string   `json:"name"`
	Mode   string   `json:"mode"`
	Header []string `json:"header"`
	Body   string   `json:"body"`
}

// aspects are the parts of an outcome that testdata/golden/deliberate.tsv names.
func (o outcome) aspects() map[string]any {
	return map[string]any{"replies": o.Replies, "log": o.Log, "delivered": o.Delivered, "held": o.Held}
}

// TestGolden plays the recorded cases of every set to a daemon of ours: it must do what the original did.
func TestGolden(t *testing.T) {
	peer.NeedAll(t, "file", "grep", "sed", "awk", "sh") // virus scanner, spam scanner, next hops
	dir := filepath.Join(peer.Repo(t), "testdata", "golden")
	files, err := filepath.Glob(filepath.Join(dir, "*", "golden.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings in %s (%v)", dir, err)
	}
	norm := readNormaliser(t, filepath.Join(dir, "normalise.tsv"))
	known := readDeliberate(t, filepath.Join(dir, "deliberate.tsv"))
	t.Run("sets", func(t *testing.T) {
		for _, file := range files {
			set := filepath.Base(filepath.Dir(file))
			t.Run(set, func(t *testing.T) {
				t.Parallel()
				var cases []goldenCase
				data, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if err := json.Unmarshal(data, &cases); err != nil {
					t.Fatal(err)
				}
				mails := map[string]string{}
				for i, c := range cases {
					if c.MailOf != "" {
						cases[i].Mail = mails[c.MailOf]
					}
					mails[c.Name] = cases[i].Mail
				}
				s := startSite(t, dir, set)
				for _, c := range cases {
					t.Run(c.Name, func(t *testing.T) { known.check(t, set, c, s.play(t, c, norm)) })
				}
			})
		}
	})
	if !strings.Contains(flag.Lookup("test.run").Value.String(), "/") {
		known.unused(t)
	}
}

// deliberate are the differences that are meant: rows of set, pattern of case names, aspect, reason.
type deliberate struct {
	mu   sync.Mutex
	rows []deliberateRow
}

type deliberateRow struct {
	set, pattern, aspect string
	differed             bool
}

func readDeliberate(t *testing.T, file string) *deliberate {
	d := &deliberate{}
	for _, f := range readTable(t, file) {
		if len(f) != 4 || f[3] == "" {
			t.Fatalf("%s: a row must have set, case, aspect and reason: %q", file, f)
		}
		d.rows = append(d.rows, deliberateRow{set: f[0], pattern: f[1], aspect: f[2]})
	}
	return d
}

// check compares a case. Each aspect of a row that is listed may differ; unused tells of a row none of whose cases do.
func (d *deliberate) check(t *testing.T, set string, c goldenCase, got outcome) {
	t.Helper()
	have := got.aspects()
	for aspect, want := range c.Want.aspects() {
		equal := reflect.DeepEqual(want, have[aspect])
		if d.meant(set, c.Name, aspect, !equal) || equal {
			continue
		}
		t.Errorf("%s: the original (-) and ours (+):\n%s", aspect, lineDiff(lines(want), lines(have[aspect])))
	}
}

func (d *deliberate) meant(set, name, aspect string, differs bool) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	found := false
	for i := range d.rows {
		r := &d.rows[i]
		inSet, _ := path.Match(r.set, set)
		inCase, _ := path.Match(r.pattern, name)
		if inSet && inCase && r.aspect == aspect {
			found, r.differed = true, r.differed || differs
		}
	}
	return found
}

// unused fails for rows that explain nothing any more; it is for runs of all cases.
func (d *deliberate) unused(t *testing.T) {
	for _, r := range d.rows {
		if !r.differed {
			t.Errorf("deliberate.tsv: %s does not differ", strings.Join([]string{r.set, r.pattern, r.aspect}, " "))
		}
	}
}

// readTable reads lines of fields separated by tabs; lines that begin with # are remarks.
func readTable(t *testing.T, file string) [][]string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out [][]string
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimSuffix(line, "\n"); line != "" && line[0] != '#' {
			out = append(out, strings.Split(line, "\t"))
		}
	}
	return out
}
