package syntax

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"mavis/perlconf/diag"
)

// TestErrors reads chunks of faulty Perl. Behind a line stands the error that belongs to it: ### "regexp". "line" marks
// a line without an error of its own. Every chunk must be refused by perl too, when it is there.
func TestErrors(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("testdata", "errors.txt"))
	if err != nil {
		t.Fatal(err)
	}
	expect := regexp.MustCompile(`### ("(?:[^"\\]|\\.)*")`)
	chunks := strings.Split(strings.TrimSuffix(string(raw), "\n"), "\n---\n")
	codes := map[string]bool{}
	for n, c := range chunks {
		_, bag := parseText("chunk", c)
		want := map[int]string{}
		lines := strings.Split(c, "\n")
		for i, l := range lines {
			if m := expect.FindStringSubmatch(l); m != nil {
				s := strings.ReplaceAll(m[1][1:len(m[1])-1], `\"`, `"`)
				if s != "line" {
					want[i+1] = s
				}
			}
		}
		if len(want) == 0 {
			t.Errorf("chunk %d expects nothing:\n%s", n+1, c)
		}
		for _, d := range bag.All {
			if d.Severity != diag.Error {
				continue
			}
			codes[d.Code] = true
			line := d.Span.Pos().Line
			if d.Span.Start == len(c) && want[line] == "" {
				line = len(lines)
			}
			re, ok := want[line]
			text := d.Message + " " + d.Help
			for _, r := range d.Related {
				text += " " + r.Message
			}
			switch {
			case !ok:
				t.Errorf("chunk %d: unexpected %v\n%s", n+1, d, c)
			case re == "":
			case !regexp.MustCompile(re).MatchString(text):
				t.Errorf("chunk %d: %v\n  does not match %s", n+1, d, re)
			}
			if ok {
				want[line] = ""
			}
		}
		for l, re := range want {
			if re != "" {
				t.Errorf("chunk %d line %s: no error matching %s\n%s", n+1, strconv.Itoa(l), re, c)
			}
		}
	}
	t.Logf("%d chunks, %d codes", len(chunks), len(codes))
}

// TestErrorsArePerls asks perl whether it refuses the chunks too.
func TestErrorsArePerls(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("testdata", "errors.txt"))
	if err != nil {
		t.Fatal(err)
	}
	chunks := strings.Split(strings.TrimSuffix(string(raw), "\n"), "\n---\n")
	for i, a := range compileWithPerl(t, chunks) {
		// An entity is a call of an unknown sub to perl, so it dies only when that is run.
		if a.OK == 1 && !strings.Contains(chunks[i], "HTML entity") {
			t.Errorf("perl accepts:\n%s", chunks[i])
		}
	}
}

func TestCleanTexts(t *testing.T) {
	for _, c := range []string{
		"\ufeff$x = 1;\n",
		"$x = 1;\r\n$y = 'a';\r\nif ($x) {\r\n  1\r\n}\r\n",
		"$x = 'caf\xe9'; # \xff\n",
		"$x = 'a\x00b';\n",
		"1;\n__END__\n this is \" no ' Perl (\n",
		"1;\n__DATA__\n{{{",
		"1;\n\x1a {{{",
		"=pod\n\ndon't\n\n=cut\n\n$x = 1;\n",
		"$x = 1;\n\n=head1 NAME\n\n \"\n",
		"#! /usr/bin/perl\n1;",
		"",
		"# only a comment",
		"use utf8; $größe = 1; $x = \"$größe\";",
		"use feature 'say'; say 'x'; say STDERR 'x';",
		"use v5.36; say 'x'; my $x = [1]; say \"$x->@*\";",
		"use List::Util qw(first max); my $x = first { $_ > 1 } 1, 2; $x = max 1, 2;",
		"use POSIX qw(floor); $x = floor 2.5;",
		"use constant DEBUG => 0; print DEBUG ? 1 : 2; $x = DEBUG / 2;",
	} {
		if _, bag := parseText("t", c); bag.HasErrors() {
			t.Errorf("%q: %v", c, bag.All)
		}
	}
}

// TestCommentsAndPlaces checks that comments are kept and that nodes lie where they were written.
func TestCommentsAndPlaces(t *testing.T) {
	text := "# one\n$x = \"a $y->{k} b\"; # two\n\n=pod\n\nthree\n\n=cut\n\n@z = (qw(a\\) bc), <<E); # four\n v $w\nE\n# five"
	f, bag := parseText("t", text)
	if bag.HasErrors() {
		t.Fatal(bag.All)
	}
	var got []string
	for _, c := range f.Comments {
		got = append(got, c.Span().Text())
	}
	want := []string{"# one", "# two", "=pod\n\nthree\n\n=cut\n", "# four", "# five"}
	if strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("comments %q", got)
	}
	seen := map[string]bool{}
	Walk(f.Body, func(n Node) bool {
		seen[n.Span().Text()] = true
		if q, ok := n.(*QW); ok {
			for _, w := range q.Words {
				seen[w.Span().Text()] = true
			}
		}
		return true
	})
	for _, s := range []string{"$x = \"a $y->{k} b\"", "\"a $y->{k} b\"", "$y->{k}", "$y", "k", "@z", "qw(a\\) bc)", "a\\)", "bc", "<<E", "$w"} {
		if !seen[s] {
			t.Errorf("no node is %q", s)
		}
	}
}

// TestParts checks what the printer of the other test cannot show: escapes, case operators and rewritten conditions.
func TestParts(t *testing.T) {
	part := func(text string) *Interp {
		f, bag := parseText("t", text)
		if bag.HasErrors() {
			t.Fatal(text, bag.All)
		}
		in, ok := f.Body.Stmts[0].(*ExprStmt).X.(*Interp)
		if !ok {
			t.Fatalf("%s is %T", text, f.Body.Stmts[0].(*ExprStmt).X)
		}
		return in
	}
	for text, want := range map[string]string{
		`"\u$x"`:                "u$x",
		`"\U$x\E$y"`:            "U$x $y",
		`"\u\L$x"`:              "uL$x",
		`"\L\u$x"`:              "uL$x",
		`"\Qa.b$x"`:             `a\.b Q$x`,
		`"\LABC$x\Edef"`:        "abc L$x def",
		`"\U\Qa.$x"`:            `A\. UQ$x`,
		`"\Q$x\E.$y"`:           "Q$x . $y",
		`"\u@x"`:                "u@x",
		`"\x{263a}\xe9\n$x"`:    "\u263a\u00e9\n $x",
		`"a\@b $x\$y"`:          "a@b  $x $y",
		`qq(a\)b$x)`:            "a)b $x",
		`"$x\E\Q"`:              "$x",
		`"\lABC\uabc\L\x41$x"`:  "aBC Abc a L$x",
		"<<~\"E\";\n  a$x\n  E": "a $x \n",
	} {
		var got []string
		for _, p := range part(text).Parts {
			if p.X == nil {
				got = append(got, p.Text)
			} else {
				got = append(got, p.Case+px(p.X))
			}
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%s: got %q, want %q", text, s, want)
		}
	}
	f, _ := parseText("t", "while (<FH>) { 1 }")
	if got := px(f.Body.Stmts[0].(*While).Cond); got != "(defined ($_ = <FH>))" {
		t.Errorf("condition %s", got)
	}
	f, _ = parseText("t", "\"admin@$mydomain\"")
	d, ok := f.Body.Stmts[0].(*ExprStmt).X.(*Interp).Parts[1].X.(*Deref)
	if !ok || d.Sigil != '@' || d.X.(*Var).Name != "mydomain" {
		t.Errorf("admin@$mydomain is not a dereference")
	}
}
