package document

import (
	"strings"
	"testing"
	"time"

	"mavis/perlconf/diag"
	"mavis/perlconf/source"
)

// TestHostile reads large texts of the worst kinds within bounds of time.
func TestHostile(t *testing.T) {
	const size = 1 << 17
	for name, text := range map[string]string{
		"open lists":         strings.Repeat("[", size),
		"open maps":          strings.Repeat("{a: ", size/4),
		"indented":           strings.Repeat("- ", size/2),
		"many members":       "virus_lovers:\n" + strings.Repeat("  a: b\n", size/8),
		"long scalar":        "mydomain: " + strings.Repeat("a", size),
		"comments":           strings.Repeat("# a\n", size/4) + "mydomain: a",
		"quotes":             "mydomain: \"" + strings.Repeat(`\`, size),
		"anchors":            "a: &a [x]\n" + strings.Repeat("b: *a\n", size/8),
		"tags":               strings.Repeat("!", size),
		"keys":               strings.Repeat("? ", size/2),
		"too large":          strings.Repeat("a", MaxBytes+1),
		"a long list":        "mynetworks: [" + strings.Repeat("a, ", size/3) + "a]",
		"a list of lines":    "mynetworks: [" + strings.Repeat("a,\n ", size/4) + "a]",
		"block list":         "mynetworks:\n" + strings.Repeat("- a\n", size/4),
		"flow list of lists": "mynetworks: [" + strings.Repeat("[a],\n ", size/6) + "a]",
		"line of maps":       "mynetworks: [" + strings.Repeat("{a: b}, ", size/8) + "a]",
		"line of colon":      strings.Repeat(":", size),
	} {
		t.Run(name, func(t *testing.T) {
			begin := time.Now()
			Read(source.New("f", []byte(text)), &diag.Bag{})
			if d := time.Since(begin); d > 20*time.Second {
				t.Errorf("it took %v", d)
			}
		})
	}
}
