package syntax

import (
	"strings"
	"testing"

	"mavis/perlconf/diag"
	"mavis/perlconf/source"
)

// TestCarriageReturns: lines that end in CR LF read as those that end in LF, and places stay right.
func TestCarriageReturns(t *testing.T) {
	text := "my $h = <<\"A\" . <<'B';\nline1 $x\nA\nraw\nB\nmy $q = \"multi\nline $y[0]\";\nmy @w = qw(a\n b);\nmy $i = <<~X;\n   in\n   X\n$z = 1;\n$bad = ;\n__END__\nrest\n"
	crlf := strings.ReplaceAll(text, "\n", "\r\n")
	var unix, dos diag.Bag
	want := Parse(source.New("x", []byte(text)), Options{}, &unix)
	got := Parse(source.New("x", []byte(crlf)), Options{}, &dos)
	if len(want.Body.Stmts) != len(got.Body.Stmts) {
		t.Fatalf("%d statements, want %d: %v", len(got.Body.Stmts), len(want.Body.Stmts), dos.All)
	}
	for i, s := range got.Body.Stmts {
		if a, b := s.Span().Pos(), want.Body.Stmts[i].Span().Pos(); a != b {
			t.Errorf("statement %d is at %v, want %v", i, a, b)
		}
		if a, b := strings.ReplaceAll(s.Span().Text(), "\r", ""), want.Body.Stmts[i].Span().Text(); a != b {
			t.Errorf("statement %d: %q, want %q", i, a, b)
		}
	}
	if len(unix.All) != 1 || len(dos.All) != 1 || unix.All[0].Span.Pos() != dos.All[0].Span.Pos() {
		t.Errorf("%v, want %v", dos.All, unix.All)
	}
}
