// Package program finds external programs the way $path and lists of alternatives say.
package program

import (
	"os"
	"path/filepath"
	"strings"
)

// Find gives the first alternative that is an executable file, as its full path and the arguments that stood after
// the name ("gzip -d"). A bare name is looked up in the folders of path; a name with a slash must be absolute.
// found is false when there is none.
func Find(alternatives []string, path []string) (command []string, found bool) {
	for _, a := range alternatives {
		words := strings.Fields(a)
		if len(words) == 0 {
			continue
		}
		if full, ok := locate(words[0], path); ok {
			return append([]string{full}, words[1:]...), true
		}
	}
	return nil, false
}

func locate(name string, path []string) (string, bool) {
	if filepath.IsAbs(name) {
		return name, executable(name)
	}
	if strings.Contains(name, "/") {
		return "", false
	}
	for _, dir := range path {
		if full := filepath.Join(dir, name); executable(full) {
			return full, true
		}
	}
	return "", false
}

func executable(file string) bool {
	st, err := os.Stat(file)
	return err == nil && st.Mode().IsRegular() && st.Mode()&0o111 != 0
}
