package daemon_test

import (
	"os"
	"testing"

	"mavis/engine/unpack"
)

// TestMain lets the test binary be the sandbox of its helper programs.
func TestMain(m *testing.M) {
	unpack.ChildMain()
	os.Exit(m.Run())
}
