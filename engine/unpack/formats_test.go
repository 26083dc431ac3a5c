package unpack

import (
	"testing"

	"mavis/testdata/peer"
)

// TestFormats compares with what the original found in archives that other programs wrote (testdata/formats.py, record.py).
func TestFormats(t *testing.T) {
	for _, p := range []string{"file", "7za", "7zz", "arj", "pax", "lzop", "lz4", "zstd", "lrzip", "cabextract", "rpm2cpio", "lha", "nomarch", "unrar", "tnef"} {
		peer.Need(t, p)
	}
	for file, variables := range map[string]bool{"formats": false, "formats-programs": true} {
		o := testOptions(t)
		o.MaxFiles = 100
		o.Decoders = stockDecoders(variables)
		if variables {
			lha, _ := Resolve([]Decoder{{Types: []string{"lha"}, Do: "do_lha", Programs: [][]string{{"lha"}}}}, testPath)
			o.Decoders = append(lha, o.Decoders...)
		}
		for _, g := range readArchives(t, file) {
			t.Run(file+"/"+g.Name, func(t *testing.T) { g.compare(t, o) })
		}
	}
}
