package cmd

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
)

// The layers, from the ground up. An import may point to an earlier one or stay within its own.
var layers = []string{"perlconf", "rules", "engine", "compat", "cmd"}

func TestImportsPointDownwards(t *testing.T) {
	cmd := exec.Command("go", "list", "-f", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}{{range .TestImports}} {{.}}{{end}}`, "./...")
	cmd.Dir = ".."
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) < len(layers) {
		t.Fatalf("go list names only %d packages", len(lines))
	}
	seen := map[int]bool{}
	for _, l := range lines {
		words := strings.Fields(l)
		from := layer(words[0])
		if from < 0 {
			t.Errorf("%s stands outside of the layers", words[0])
			continue
		}
		seen[from] = true
		for _, to := range words[1:] {
			if n := layer(to); n > from {
				t.Errorf("%s (%s) imports %s (%s)", words[0], layers[from], to, layers[n])
			}
		}
	}
	for i, name := range layers {
		if !seen[i] {
			t.Errorf("no package in layer %s: the test looks at the wrong place", name)
		}
	}
}

// layer is the index of the layer a package of ours belongs to, -1 for others.
func layer(path string) int {
	rest, ok := strings.CutPrefix(path, "mavis/")
	if !ok {
		return -1
	}
	top, _, _ := strings.Cut(rest, "/")
	for i, name := range layers {
		if top == name {
			return i
		}
	}
	return -1
}
