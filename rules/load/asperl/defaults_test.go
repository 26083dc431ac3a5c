package asperl_test

import (
	"encoding/json"
	"os/exec"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mavis/rules/load"
	"mavis/rules/load/asperl"
	"mavis/testdata/peer"
)

// TestDefaults compares what stands in the variables without any file, defaults after the files included.
func TestDefaults(t *testing.T) {
	perl := peer.Need(t, "perl")
	cmd := exec.Command(perl, "-T", peer.Shared(t, "lab", "config_oracle.pl"))
	cmd.Env = []string{"HOME=/tmp", "PATH=/usr/bin:/bin"}
	out, err := cmd.Output()
	if err != nil {
		peer.Missing(t, "amavisd-new is not installed")
	}
	var want, got map[string]any
	if err := json.Unmarshal(out, &want); err != nil {
		t.Fatal(err)
	}
	doc, _ := asperl.Files(load.Options{Program: "PROGRAM"})
	raw, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
