package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"mavis/engine/unpack"
)

// program is this test binary under the name amavisd, at a place where every user may run it.
var program string

// TestMain lets the test binary be the daemon too, so that what the tests talk to is built as they are: with the race
// detector when they have it.
func TestMain(m *testing.M) {
	unpack.ChildMain()
	if filepath.Base(os.Args[0]) == "amavisd" {
		main()
		os.Exit(0)
	}
	os.Exit(withProgram(m))
}

func withProgram(m *testing.M) int {
	dir, err := os.MkdirTemp("", "amavisd-test-")
	if err == nil {
		defer os.RemoveAll(dir)
		err = install(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

func install(dir string) error {
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	from, err := os.Open(self)
	if err != nil {
		return err
	}
	defer from.Close()
	program = filepath.Join(dir, "amavisd")
	to, err := os.OpenFile(program, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(to, from); err != nil {
		to.Close()
		return err
	}
	return to.Close()
}
