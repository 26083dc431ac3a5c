package report

import (
	"image/color"
	"image/png"
	"os"
	"testing"
)

// corner is the brightness of a picture's lower left corner, 0 to 255.
func corner(t *testing.T, file string) uint8 {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	b := img.Bounds()
	return color.GrayModel.Convert(img.At(b.Min.X+2, b.Max.Y-3)).(color.Gray).Y
}
