package unpack

import (
	"strings"
	"testing"

	"mavis/testdata/peer"
)

// TestASCII compares with the original with do_ascii for asc, uue, hqx, ync and dat.
func TestASCII(t *testing.T) {
	peer.Need(t, "file")
	o := testOptions(t)
	o.Decoders = append(o.Decoders, Decoder{Types: []string{"asc", "uue", "hqx", "ync", "dat"}, Do: "do_ascii"})
	for _, g := range readArchives(t, "ascii") {
		t.Run(g.Name, func(t *testing.T) {
			switch { // two cases in which we know more than UUlib
			case strings.HasSuffix(g.Name, "begin-b64"):
				g.Paths[1] = strings.Replace(g.Paths[1], "UNKNOWN.001", "evil.exe", 1)
			case strings.HasSuffix(g.Name, "mbox-uu"): // it finds the name there and no data
				g.Paths[1] = strings.Replace(g.Paths[1], "P=p004,L=1/2/1,N=", "P=p004,L=1/2/1,T=exe,T=exe-ms,N=", 1)
			}
			g.compare(t, o)
		})
	}
}

func FuzzASCII(f *testing.F) {
	f.Add([]byte("begin 644 evil.exe\n#0V%T\n`\nend\n"))
	f.Add([]byte("=ybegin line=128 size=3 name=x\nabc\n=yend\n"))
	f.Add([]byte("(This file must be converted with BinHex 4.0)\n:#'0XB@dZCAKP!%9B43\"$E'&Y!!!!!!)J!:\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, it := range findInText(b) {
			_ = it.decode(&bounded{left: 1 << 20})
		}
	})
}
