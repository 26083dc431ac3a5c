package main

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// colored says whether to write colours: on a terminal that can show them, unless NO_COLOR (https://no-color.org) is set.
func colored(wish string, w io.Writer) bool {
	switch wish {
	case "always":
		return true
	case "never":
		return false
	}
	f, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}
