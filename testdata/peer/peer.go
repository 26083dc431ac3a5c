// Package peer finds what a test needs beside Go: programs, other folders, root. Where it is missing the test is
// skipped with the reason; with MAVIS_REQUIRE_PEERS=1, as in CI, it fails instead.
package peer

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Missing ends the test: a skip on a user's machine, a failure where peers are required.
func Missing(t testing.TB, reason string) {
	t.Helper()
	if os.Getenv("MAVIS_REQUIRE_PEERS") == "1" {
		t.Fatalf("required here, but: %s", reason)
	}
	t.Skip(reason)
}

// NeedAll ends the test unless all programs are there.
func NeedAll(t testing.TB, programs ...string) {
	t.Helper()
	for _, p := range programs {
		Need(t, p)
	}
}

// Need gives the path of a program, looked up in PATH and the sbin folders, or ends the test.
func Need(t testing.TB, program string) string {
	t.Helper()
	for _, dir := range append(filepath.SplitList(os.Getenv("PATH")), "/usr/local/sbin", "/usr/sbin", "/sbin") {
		if p, err := exec.LookPath(filepath.Join(dir, program)); err == nil {
			return p
		}
	}
	Missing(t, program+" is not installed")
	return ""
}

// Root ends the test unless it runs as root.
func Root(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		Missing(t, "this test needs root")
	}
}

// Repo is the top folder of the repository.
func Repo(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != "/"; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
	}
	t.Fatal("go.mod not found above the test's folder")
	return ""
}

// Shared gives a path in the folder shared/ beside the repository, which only developers have, or ends the test.
func Shared(t testing.TB, elem ...string) string {
	t.Helper()
	p := filepath.Join(append([]string{Repo(t), "..", "shared"}, elem...)...)
	if _, err := os.Stat(p); err != nil {
		Missing(t, "no "+filepath.Join(append([]string{"../shared"}, elem...)...)+" beside the repository")
	}
	return p
}
