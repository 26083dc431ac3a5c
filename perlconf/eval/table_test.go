package eval

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"mavis/testdata/peer"
)

// tableCase is one case of testdata/perl: code, and at the end of its last line what comes out of it:
//
//	CODE #=> JSON, JSON …   the values in list context
//	CODE #!> TEXT           it fails, here and in Perl, with this text in the message
//	CODE #!> P200           it fails, here with this code and in Perl somehow
//	CODE #X> P220           it fails here by intent; Perl is not asked
type tableCase struct {
	file string
	line int
	code string
	kind byte
	want string
}

var expectation = regexp.MustCompile(`^(.*?)\s*#([=!X])> ?(.*)$`)

func readTable(t testing.TB) []tableCase {
	files, err := filepath.Glob("../../testdata/perl/*.t")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases in testdata/perl")
	}
	var out []tableCase
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var code strings.Builder
		start := 0
		for i, line := range strings.Split(string(text), "\n") {
			trimmed := strings.TrimSpace(line)
			if code.Len() == 0 && (trimmed == "" || trimmed[0] == '#') {
				continue
			}
			if code.Len() == 0 {
				start = i + 1
			}
			m := expectation.FindStringSubmatch(line)
			if m == nil {
				code.WriteString(line + "\n")
				continue
			}
			code.WriteString(m[1] + "\n")
			out = append(out, tableCase{filepath.Base(name), start, code.String(), m[2][0], m[3]})
			code.Reset()
		}
		if code.Len() > 0 {
			t.Fatalf("%s:%d: a case without an expectation", name, start)
		}
	}
	return out
}

var isCode = regexp.MustCompile(`^P\d\d\d$`)

func TestTable(t *testing.T) {
	cases := readTable(t)
	t.Logf("%d cases", len(cases))
	if len(cases) < 400 {
		t.Errorf("only %d cases", len(cases))
	}
	for _, c := range cases {
		o := evalCase(NoHost{}, c.code)
		switch {
		case c.kind == '=' && o.err != nil:
			t.Errorf("%s:%d: %s\n  failed: %v", c.file, c.line, c.code, o.err)
		case c.kind == '=':
			want, err := canonText(c.want)
			if err != nil {
				t.Errorf("%s:%d: the expectation %s is no JSON: %v", c.file, c.line, c.want, err)
				continue
			}
			if got := show(o); got != want {
				t.Errorf("%s:%d: %s\n   got %s\n  want %s", c.file, c.line, c.code, got, want)
			}
		case o.err == nil:
			t.Errorf("%s:%d: %s\n   got %s, want an error with %s", c.file, c.line, c.code, show(o), c.want)
		case isCode.MatchString(c.want):
			if o.err.Diag.Code != c.want {
				t.Errorf("%s:%d: %s\n   got %v, want %s", c.file, c.line, c.code, o.err, c.want)
			}
		default:
			if !strings.Contains(ToString(o.err.Value), c.want) {
				t.Errorf("%s:%d: %s\n   got %q, want %s", c.file, c.line, c.code, ToString(o.err.Value), c.want)
			}
		}
		if o.err != nil && o.err.Diag.Span.IsZero() {
			t.Errorf("%s:%d: %s\n  the error has no place: %v", c.file, c.line, c.code, o.err)
		}
	}
}

// TestTableLikePerl asks the real Perl the same questions.
func TestTableLikePerl(t *testing.T) {
	perl := peer.Need(t, "perl")
	files, _ := filepath.Glob("../../testdata/perl/*.t")
	cmd := exec.Command(perl, append([]string{"../../testdata/perl/driver.pl"}, files...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("the driver: %v\n%s", err, stderr.String())
	}
	type answer struct {
		File  string
		Line  int
		Error string
		Vals  []any
	}
	answers := map[string]map[int]answer{}
	sc := bufio.NewScanner(bytes.NewReader(out))
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		var a answer
		if err := json.Unmarshal(sc.Bytes(), &a); err != nil {
			t.Fatalf("%v: %s", err, sc.Text())
		}
		f := filepath.Base(a.File)
		if answers[f] == nil {
			answers[f] = map[int]answer{}
		}
		answers[f][a.Line] = a
	}
	for _, c := range readTable(t) {
		if c.kind == 'X' {
			continue
		}
		a, ok := answers[c.file][c.line]
		if !ok {
			t.Errorf("%s:%d: Perl gave no answer", c.file, c.line)
			continue
		}
		if c.kind == '=' {
			want, _ := canonText(c.want)
			if got := canon(texts(a.Vals)); got != want || a.Error != "" {
				t.Errorf("%s:%d: %s\n  Perl %s %s\n  want %s", c.file, c.line, c.code, got, a.Error, want)
			}
			continue
		}
		if a.Error == "" {
			t.Errorf("%s:%d: %s\n  Perl %s, want an error", c.file, c.line, c.code, canon(a.Vals))
		} else if !isCode.MatchString(c.want) && !strings.Contains(a.Error, c.want) {
			t.Errorf("%s:%d: %s\n  Perl %q, want %s", c.file, c.line, c.code, a.Error, c.want)
		}
	}
}
