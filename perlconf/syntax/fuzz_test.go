package syntax

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"mavis/perlconf/diag"
	"mavis/perlconf/source"
	"mavis/testdata/peer"
)

func seeds(f *testing.F) {
	for _, name := range []string{"expressions.txt", "errors.txt"} {
		raw, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		parts := strings.Split(string(raw), "\n---\n")
		for _, c := range append(strings.Split(parts[0], "\n"), parts[1:]...) {
			f.Add(c)
		}
	}
}

// FuzzLex checks that tokens lie inside the file, in order, and are not many more than its bytes.
func FuzzLex(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text string) {
		l := lexAll(source.New("f", []byte(text)), Options{Protos: amavisWords()})
		if len(l.toks) > 4*len(text)+10 {
			t.Fatalf("%d tokens for %d bytes", len(l.toks), len(text))
		}
		for i, tok := range l.toks {
			if tok.Pos.Offset < 0 || tok.Pos.Offset > len(text) || l.ends[i] < 0 || l.ends[i] > len(text) {
				t.Fatalf("token %d (%q) at %d..%d of %d", i, tok.Value, tok.Pos.Offset, l.ends[i], len(text))
			}
		}
	})
}

// FuzzParse checks that the parser neither panics nor hangs, and that every node has a place inside the file.
func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text string) {
		start := cpu()
		bag := &diag.Bag{}
		file := Parse(source.New("f", []byte(text)), Options{Protos: amavisWords()}, bag)
		if d := cpu() - start; d > 5*time.Second {
			t.Fatalf("took %v for %d bytes", d, len(text))
		}
		for _, d := range bag.All {
			if d.Code == codeInternal {
				t.Fatal(d.Message)
			}
			if d.Span.Start < 0 || d.Span.End > len(text) || d.Span.Start > d.Span.End {
				t.Fatalf("%s at %d..%d of %d", d.Message, d.Span.Start, d.Span.End, len(text))
			}
		}
		_ = file.Body.Span().Text()
		if !bag.HasErrors() {
			Walk(file.Body, func(n Node) bool {
				s := n.Span()
				if s.File == nil || s.Start < 0 || s.End > len(text) || s.Start > s.End {
					t.Fatalf("%T at %d..%d of %d", n, s.Start, s.End, len(text))
				}
				return true
			})
		}
	})
}

// cpu is the processor time this process has used; unlike the clock it does not depend on what else the machine does.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestBombs feeds text that is made to exhaust a parser.
func TestBombs(t *testing.T) {
	n := 20000 // brackets get 100000 below
	rep := strings.Repeat
	for name, text := range map[string]string{
		"brackets":    rep("[", 100000),
		"parens":      "$x = " + rep("(", n) + rep(")", n) + ";",
		"braces":      rep("{", n),
		"hashes":      "$x = " + rep("{a=>", n),
		"blocks":      rep("if (1) {", n) + rep("}", n),
		"not":         "$x = " + rep("!", n) + "1;",
		"minus":       "$x = " + rep("- ", n) + "1;",
		"refs":        "$x = " + rep("\\", n) + "$y;",
		"derefs":      "$x = " + rep("$", n) + "y;",
		"derefblocks": "$x = " + rep("@{", n),
		"strings":     "$x = " + rep("\"@{[", n),
		"nested qq":   rep("qq{@{[", n),
		"ternary":     "$x = " + rep("$a ? $b : ", n) + "1;",
		"assign":      rep("$x = ", n) + "1;",
		"power":       "$x = 2" + rep("**2", n) + ";",
		"plus":        "$x = 1" + rep("+1", n) + ";",
		"and":         "$x = 1" + rep(" and 1", n) + ";",
		"or and":      "$x = 1" + rep(" or 1 and 1", n/2) + ";",
		"compare":     "$x = 1" + rep("<1", n) + ";",
		"arrows":      "$x" + rep("->[0]", n) + ";",
		"methods":     "$x" + rep("->m", n) + ";",
		"lc":          "$x = " + rep("lc ", n) + "$y;",
		"not words":   "$x = " + rep("not ", n) + "$y;",
		"filetests":   rep("-e ", n) + "'a';",
		"return":      rep("return ", n) + ";",
		"print":       rep("print ", n) + ";",
		"my":          rep("my ", n) + "$x;",
		"local":       rep("local ", n) + "$x;",
		"sub":         rep("sub {", n),
		"do":          rep("do {", n),
		"map":         rep("map {", n),
		"labels":      rep("A: ", n) + "1;",
		"heredocs":    rep("<<A;\nA\n", n),
		"heredoc row": rep("<<A,", 2000) + "1;\n" + rep("A\n", 2000),
		"quotes":      rep("'", n),
		"dollars":     "\"" + rep("$", n) + "\"",
		"cases":       "\"" + rep("\\L\\u", n) + "a\"",
		"Q":           "\"" + rep("\\Q", n) + "$a.\"",
		"else":        "if (1) {} " + rep("elsif (1) {} ", n) + "else {}",
		"commas":      "@x = (" + rep(",", n) + ");",
		"closers":     rep("}", n),
		"semis":       rep(";", n),
		"bad":         rep("\xff", n),
		"bad lines":   rep("\xff\n", n),
		"smart":       rep("“", n),
		"s///e":       rep("s/a/", n),
		"s{}{}e":      rep("s{a}{", n) + rep("}e", n),
		"regex":       "$x =~ /" + rep("$a[", n) + "/;",
		"angle":       rep("<", n),
		"names":       "$" + rep("a::", n) + ";",
		"errors":      rep("$x = ;\n", n),
		"missing":     rep("$x\n", n),
		"unmatched":   rep("( ", 1000) + rep("} ", n),
	} {
		start := cpu()
		_, bag := parseText(name, text)
		d := cpu() - start
		if d > 3*time.Second {
			t.Errorf("%s: took %v", name, d)
		}
		for _, d := range bag.All {
			if d.Code == codeInternal {
				t.Errorf("%s: %s", name, d.Message)
			}
		}
		if testing.Verbose() {
			first := ""
			if len(bag.All) > 0 {
				first = bag.All[0].Message
			}
			t.Logf("%-12s %8v %4d diagnostics: %s", name, d.Round(time.Millisecond), len(bag.All), first)
		}
	}
}

// megabyte is a large but ordinary configuration.
func megabyte(tb testing.TB, size int) string {
	text, err := os.ReadFile(filepath.Join("testdata", "large.conf"))
	if err != nil {
		tb.Fatal(err)
	}
	return strings.Repeat(string(text), size/len(text)+1)
}

func TestMegabyte(t *testing.T) {
	took := func(size int) time.Duration {
		text := megabyte(t, size)
		start := cpu()
		_, bag := parseText("large", text)
		for _, d := range bag.All {
			t.Fatal(d)
		}
		return cpu() - start
	}
	quarter, whole := took(1<<18), took(1<<20)
	if whole > 10*quarter+100*time.Millisecond { // it must grow with the size, not with its square
		t.Errorf("%v for a quarter, %v for a megabyte", quarter, whole)
	}
	if whole > time.Second && !peer.Raced {
		t.Errorf("%v of processor time for a megabyte", whole)
	}
}

func BenchmarkLargestReal(b *testing.B) {
	dir := peer.Shared(b, "corpus", "amavis")
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		b.Fatal(err)
	}
	var text []byte
	for _, f := range files {
		if t, err := os.ReadFile(f); err == nil && len(t) > len(text) {
			text = t
		}
	}
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		parseText("largest", string(text))
	}
}

func BenchmarkDense(b *testing.B) {
	text := megabyte(b, 50_000)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		parseText("dense", text)
	}
}

func BenchmarkEmpty(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		parseText("empty", "1;")
	}
}
