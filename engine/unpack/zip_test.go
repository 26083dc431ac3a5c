package unpack

import (
	"archive/zip"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// A list of members that would fill memory is left to the program, which has a limit.
func TestZipDirectory(t *testing.T) {
	for members, inProcess := range map[int]bool{3: true, 1400: true, 100000: false} {
		path := filepath.Join(t.TempDir(), "x.zip")
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		z := zip.NewWriter(f)
		for i := range members {
			if _, err := z.CreateHeader(&zip.FileHeader{Name: fmt.Sprintf("member%06d", i)}); err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		if got := plainZip(path, 1500) != nil; got != inProcess {
			t.Errorf("%d members: read in process %v, want %v", members, got, inProcess)
		}
	}
}
