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
			if variables && hiddenNames[g.Name] {
				continue
			}
			t.Run(file+"/"+g.Name, func(t *testing.T) { g.compare(t, o) })
		}
	}
}

// hiddenNames are archives whose two members the original gives one name, "------", so that it sees one of them.
var hiddenNames = map[string]bool{"la-cpio_filename_cp866": true, "la-cpio_filename_koi8r": true, "la-cpio_filename_utf8_ru": true}

// TestPythonMails compares with what the original found in the mails of Python's own tests (testdata/python.py).
func TestPythonMails(t *testing.T) {
	peer.Need(t, "file")
	o := testOptions(t)
	o.MaxFiles = 100
	o.Decoders = stockDecoders(false)
	for _, g := range readArchives(t, "python") {
		t.Run(g.Name, func(t *testing.T) { g.compare(t, o) })
	}
}
