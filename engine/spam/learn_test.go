package spam

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLearn(t *testing.T) {
	path, _ := script(t, "bogofilter", "", "")
	seen := filepath.Join(filepath.Dir(path), "args")
	if err := os.WriteFile(path, []byte("#!/bin/sh\nprintf '%s ' \"$@\" >'"+seen+"'\nexec cat >/dev/null\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	p := policy(t, "@spam_scanners = (['B', 'Amavis::SpamControl::ExtProg', '"+path+"', ['-e'], learn_ham => ['-n', '-v'], learn_spam => ['-s']])")
	for _, c := range []struct {
		name           string
		verdict, score string
		levels         []float64
		want           string
	}{
		{"right about spam", "Spam", "5", []float64{12}, ""},
		{"wrong about spam", "Spam", "5", []float64{5.3}, "-n -v"},
		{"right about ham", "Ham", "-5", []float64{-6}, ""},
		{"wrong about ham", "Ham", "-5", []float64{1, 0.1}, "-s"},
		{"unsure, others find nothing", "Unsure", "0", []float64{0.4}, "-n -v"},
		{"unsure, others too", "Unsure", "0", []float64{2}, ""},
		{"unsure, one recipient differs", "Unsure", "0", []float64{4.9, 8}, ""},
		{"no verdict", "", "", []float64{7}, "-s"},
		{"no level", "Unsure", "0", nil, ""},
	} {
		os.Remove(seen)
		m := hello(p)
		for i, l := range c.levels {
			m.Rcpts[i].SpamLevel, m.Rcpts[i].SpamScored = l, true
		}
		r := &Result{Info: map[string]string{}}
		if c.verdict != "" {
			r.Info["VERDICT-B"], r.Info["SCORE-B"] = c.verdict, c.score
		}
		(&Scanner{}).Learn(t.Context(), p, m, r)
		b, _ := os.ReadFile(seen)
		if got := strings.TrimSpace(string(b)); got != c.want {
			t.Errorf("%s: learned %q, want %q", c.name, got, c.want)
		}
	}
}
