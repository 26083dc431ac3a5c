package diag

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mavis/perlconf/source"
)

var update = flag.Bool("update", false, "write the golden files anew")

// sample holds a diagnostic of every shape.
func sample() []Diagnostic {
	f := source.New("conf.d/50-user", []byte("use strict;\n$mydomain = 'example.com'\n\t$x\t= \"grün\", 日本 $y;\r\n"+
		"$long = '"+strings.Repeat("a", 150)+"' . $bad . '"+strings.Repeat("b", 100)+"';\n$esc = '\x1b[31m\xff';\n1;"))
	at := func(text string, nth int) source.Span {
		i := 0
		for ; nth >= 0; nth-- {
			k := bytes.Index(f.Text[i:], []byte(text))
			i += k + 1
		}
		return source.Span{File: f, Start: i - 1, End: i - 1 + len(text)}
	}
	end := at("'example.com'", 0)
	end.Start = end.End
	inc := source.New("extra,1:2.conf", []byte("bad"))
	inc.IncludedAt = at("use strict", 0)
	all := at("$mydomain", 0)
	all.End = len(f.Text)
	return []Diagnostic{
		{Code: "P009", Severity: Error, Span: at("$x", 0), Message: "a ; is missing", Help: "add it",
			Related: []Related{{end, "it belongs here"}, {source.Span{}, "a built-in default"}},
			Fixes:   []Fix{{"add a ;", true, []Edit{{end, ";"}}}, {"or not", false, []Edit{{at("$x", 0), ""}, {at("$y", 0), "$z"}}}}},
		{Code: "L002", Severity: Warning, Span: at("grün", 0), Message: "100% odd, isn't it: \"yes\""},
		{Code: "L002", Severity: Warning, Span: at("日本", 0), Message: "wide characters"},
		{Code: "L003", Severity: Info, Span: at("$y", 0), Message: "behind wide characters"},
		{Code: "L004", Severity: Info, Span: at("$bad", 0), Message: "in a long line"},
		{Code: "L004", Severity: Info, Span: at("$long", 0), Message: "at the start of a long line"},
		{Code: "L005", Severity: Warning, Span: at("31m", 0), Message: "control \x1b[31m characters"},
		{Code: "L006", Severity: Error, Span: all, Message: "over several lines"},
		{Code: "L007", Severity: Error, Span: source.Span{File: f, Start: len(f.Text), End: len(f.Text)}, Message: "at the end"},
		{Code: "L008", Severity: Error, Span: source.Span{File: inc, Start: 0, End: 3}, Message: "included"},
		{Code: "L009", Severity: Error, Message: "nowhere\nat all"},
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; run with -update and look at the difference\n%s", name, got)
	}
}

func TestWriters(t *testing.T) {
	for name, write := range map[string]func(*bytes.Buffer) error{
		"text.golden":   func(b *bytes.Buffer) error { return Text{}.Write(b, sample()) },
		"color.golden":  func(b *bytes.Buffer) error { return Text{Color: true, Width: 60}.Write(b, sample()[:2]) },
		"brief.golden":  func(b *bytes.Buffer) error { return Text{Brief: true}.Write(b, sample()) },
		"json.golden":   func(b *bytes.Buffer) error { return WriteJSON(b, sample()) },
		"github.golden": func(b *bytes.Buffer) error { return WriteGitHub(b, sample()) },
		"sarif.golden": func(b *bytes.Buffer) error {
			return SARIF{Tool: "mavis", Version: "1.0", Rules: map[string]string{"P009": "a semicolon is missing"}}.Write(b, sample())
		},
	} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		golden(t, name, b.Bytes())
	}
}

func TestEmpty(t *testing.T) {
	var b bytes.Buffer
	if err := WriteJSON(&b, nil); err != nil || b.String() != "[]\n" {
		t.Errorf("no diagnostics: %q, %v", b.String(), err)
	}
	b.Reset()
	if err := (SARIF{Tool: "x"}).Write(&b, nil); err != nil || !json.Valid(b.Bytes()) {
		t.Errorf("%s %v", b.String(), err)
	}
	b.Reset()
	if err := (Text{}).Write(&b, nil); err != nil || b.Len() != 0 {
		t.Errorf("%q %v", b.String(), err)
	}
}

// TestCaret checks that the caret stands under the first column of the span.
func TestCaret(t *testing.T) {
	for _, c := range []struct{ line, mark, under string }{
		{"abc $x;", "$x", "    ^^"},
		{"\tabc", "abc", "    ^^^"},
		{"a\tb", "b", "    ^"},
		{"é $x", "$x", "  ^^"},
		{"日 $x", "$x", "   ^^"},
		{"e\u0301 $x", "$x", "  ^^"},
		{"\xff $x", "$x", "  ^^"},
		{"$x", "$x", "^^"},
	} {
		f := source.New("f", []byte(c.line))
		i := strings.Index(c.line, c.mark)
		_, from, to := Text{}.line(source.Span{File: f, Start: i, End: i + len(c.mark)})
		if got := strings.Repeat(" ", from) + strings.Repeat("^", to-from); got != c.under {
			t.Errorf("%q: got %q, want %q", c.line, got, c.under)
		}
	}
}
