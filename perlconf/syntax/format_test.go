package syntax

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"mavis/perlconf/source"
	"mavis/testdata/peer"
)

func formatted(t *testing.T, name string, text []byte) ([]byte, error) {
	t.Helper()
	return Format(source.New(name, text), Options{Protos: amavisWords(), Package: "Amavis::Conf"})
}

func TestFormat(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"ends of lines", "$x = 1;  \n# a \n\n\n\n\n$y = 2;\t\n\n\n", "$x = 1;\n# a\n\n\n$y = 2;\n"},
		{"blanks", "$x=1 ;@y=(1,2 ,3);\n", "$x = 1; @y = (1, 2, 3);\n"},
		{"levels", "@av_scanners = (\n['a',\n[1,\n2],\n],\n);\n", "@av_scanners = (\n  ['a',\n    [1,\n      2],\n  ],\n);\n"},
		{"two brackets of one line are one level", "@x = (new_RE(\n'a',\n'b'\n));\n", "@x = (new_RE(\n  'a',\n  'b'\n));\n"},
		{"a statement that goes on", "$x =\n'a' .\n'b';\n$y = 1;\n", "$x =\n  'a' .\n  'b';\n$y = 1;\n"},
		{"blocks", "if ($x) {\n$y = 1;\n} else {\n$y = 2; # two\n}\n", "if ($x) {\n  $y = 1;\n} else {\n  $y = 2; # two\n}\n"},
		{"columns stay", "%x = (\n'a'   => 1,    # one\n'bcd' => 2,    # two\n);\n", "%x = (\n  'a'   => 1,    # one\n  'bcd' => 2,    # two\n);\n"},
		{"columns of tabs", "$a\t= 1;\t# a\n$abc\t= 2;\t# b\n", "$a      = 1;    # a\n$abc    = 2;    # b\n"},
		{"comments at the margin stay there", "%x = (\n# 'a' => 1,\n      # note\n);\n", "%x = (\n# 'a' => 1,\n  # note\n);\n"},
		{"heredoc", "$x = <<'EOT'  ;  \n  a \n\n\n\n\n\tb\nEOT\n  $y=1;\n", "$x = <<'EOT';  \n  a \n\n\n\n\n\tb\nEOT\n$y = 1;\n"},
		{"heredoc that interpolates", "$x = <<\"EOT\";\n  $a  b\t\nEOT\n  $y=1;\n", "$x = <<\"EOT\";\n  $a  b\t\nEOT\n$y = 1;\n"},
		{"quotes", "@x = qw( a\n   b );\n$y = 'a  \n  b' ;\n", "@x = qw( a\n   b );\n$y = 'a  \n  b';\n"},
		{"patterns", "$x = qr{ a  # c\n   b }x ;\n", "$x = qr{ a  # c\n   b }x;\n"},
		{"POD", "$x=1;\n\n=pod\n\n  a  \n\n=cut\n\n$y=1;\n", "$x = 1;\n\n=pod\n\n  a  \n\n=cut\n\n$y = 1;\n"},
		{"what follows the end", "$x=1;\n__END__\n  a  \n\n\n\n", "$x = 1;\n__END__\n  a  \n\n\n\n"},
		{"carriage returns", "$x=1;  \r\n$y = 'a\r\n';\r\n", "$x = 1;\r\n$y = 'a\r\n';\r\n"},
		{"no newline", "$x = 1;", "$x = 1;\n"},
		{"nothing", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := formatted(t, "f", []byte(c.in))
			if err != nil || string(got) != c.want {
				t.Fatalf("%v\n%q, want\n%q", err, got, c.want)
			}
			if again, err := formatted(t, "f", got); err != nil || !bytes.Equal(again, got) {
				t.Errorf("%v: the second time\n%q", err, again)
			}
		})
	}
}

// TestFormatCorpus lays every file of the corpus out that can be read: with the same tokens and comments, as Format itself
// makes sure of, and a second time without any change.
func TestFormatCorpus(t *testing.T) {
	root := peer.Shared(t, "corpus")
	done := 0
	for _, pattern := range []string{"amavis/*", "snippets/*", "templates/*", "multi/*/*", "*.conf"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, f := range files {
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			out, err := formatted(t, f, text)
			if errors.Is(err, ErrFormat) {
				if _, bag := parseText(f, string(text)); !bag.HasErrors() {
					t.Errorf("%s: its layout would be read differently", f)
				}
				continue
			}
			done++
			if again, err := formatted(t, f, out); err != nil || !bytes.Equal(again, out) {
				t.Errorf("%s: the second time it is different: %v", f, err)
			}
		}
	}
	t.Logf("%d files were laid out", done)
	if done < 250 {
		t.Errorf("only %d files were laid out", done)
	}
}
