package regex

import "testing"

func TestBlowup(t *testing.T) {
	for pattern, want := range map[string]bool{
		`(a+)+$`:                        true,
		`(a*)*b`:                        true,
		`^(a|a)*$`:                      true,
		`(\s*\w*)*;`:                    true,
		`(\S+\s*)*:`:                    true,
		`^(.*,)*x`:                      true,
		`(a|ab|b)*c`:                    true,
		`^(?:[^.]+\.?)+$`:               true,
		`(x+x+)+y`:                      true,
		`(a+)+`:                         false, // nothing after it can fail
		`^(a|b)*$`:                      false,
		`.*.*=.*`:                       false, // a power, not exponential
		`\s+$`:                          false,
		`^.*?: (?!Infected)(.*) FOUND$`: false,
		`\.[^./]*\.(exe|vbs|pif)\.?$`:   false,
		`^([^,]*,)*x`:                   false,
		`^(?:[a-z]+\.)+com$`:            false,
		`(?>a+)+$`:                      false,
		`(a++)+$`:                       false,
		`(a{1,3}b)*c`:                   false,
		`^\s*(\w+\s*=\s*\w+;)*$`:        false,
	} {
		r, err := Compile(pattern, "")
		if err != nil {
			t.Fatal(err)
		}
		if at, got := r.Blowup(); got != want {
			t.Errorf("%s: %v at %d, want %v", pattern, got, at, want)
		}
	}
}

// TestBlowupIsBounded judges no pattern whose automaton is large, and does not take long over it.
func TestBlowupIsBounded(t *testing.T) {
	text := "("
	for i := 0; i < 5000; i++ {
		text += "(a|b)*"
	}
	r, err := Compile(text+")*$", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, found := r.Blowup(); found {
		t.Error("a verdict beyond the bound")
	}
}
