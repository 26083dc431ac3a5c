package eval

import (
	"fmt"
	"strings"
	"testing"

	"mavis/perlconf/diag"
	"mavis/perlconf/source"
	"mavis/perlconf/syntax"
)

// bigConfig is a configuration of at least size bytes, of the kinds of statements that real ones have.
func bigConfig(size int) []byte {
	var b strings.Builder
	b.WriteString("use strict;\nour ($mydomain, @maps, %seen, @re);\n$mydomain = 'example.com';\n")
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, "our $var%d = \"value of $mydomain/%d\";  # a comment\n", i, i)
		fmt.Fprintf(&b, "push @maps, { '.dom%d.example' => %d, \"user%d\\@$mydomain\" => [ qw(a b c), %d * 2 ] };\n", i, i%2, i, i)
		fmt.Fprintf(&b, "$seen{lc('Key%d')} = $var%d if defined $var%d && $var%d ne '';\n", i, i, i, i)
		fmt.Fprintf(&b, "push @re, [ qr'^name%d\\.(exe|scr)$'i => %d ];\n", i, i%3)
	}
	b.WriteString("1;\n")
	return []byte(b.String())
}

func BenchmarkLoad(b *testing.B) {
	for _, size := range []int{50 << 10, 1 << 20} {
		b.Run(fmt.Sprintf("%dK", size>>10), func(b *testing.B) {
			text := bigConfig(size)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				in := New(Options{})
				if _, err := in.RunSource(source.New("big", text)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkRunOnly(b *testing.B) {
	text := bigConfig(50 << 10)
	var bag diag.Bag
	tree := syntax.Parse(source.New("big", text), syntax.Options{}, &bag)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := New(Options{}).Run(tree); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLoop(b *testing.B) {
	src := []byte("my $s = 0; my %h; for my $i (1..100000) { $s += $i * 2; $h{$i % 10} .= 'x' if $i % 3 == 0 } $s")
	for b.Loop() {
		if _, err := New(Options{}).RunSource(source.New("loop", src)); err != nil {
			b.Fatal(err)
		}
	}
}
