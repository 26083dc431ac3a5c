package load

import "testing"

// BenchmarkDefaults measures a load without files.
func BenchmarkDefaults(b *testing.B) {
	for b.Loop() {
		if _, err := Files(Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
