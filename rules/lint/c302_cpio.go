package lint

import (
	"path"
	"strings"

	"mavis/perlconf/diag"
)

func cpioWithoutPax() Rule {
	return Rule{
		Code: "C302", Name: "cpio-without-pax", Severity: diag.Warning,
		Summary: "archives are unpacked with cpio, which can be made to write outside its folder (CVE-2022-41352)",
		Page: Page{
			What: "The decoder do_pax_cpio has cpio among its programs, and pax is not.",
			Why: "cpio follows links that an archive brings along (CVE-2015-1194). A mail with such an archive makes the original write files " +
				"anywhere its user may; in 2022 mail servers were taken over that way. With pax the hole is closed. This program opens cpio and " +
				"tar itself and does not need either.",
			Wrong: "@decoders = ( [['cpio','tar'], \\&do_pax_cpio, ['gcpio', 'cpio']] );\n",
			Right: "@decoders = ( [['cpio','tar'], \\&do_pax_cpio, ['pax', 'gcpio', 'cpio']] );\n",
			Fix:   "Put pax first and install it: with pax named but missing, cpio is taken.",
		},
		Check: checkCpio,
	}
}

func checkCpio(p *Pass) {
	for _, d := range p.Config.Base().Decoders() {
		if d.Do != "do_pax_cpio" || len(d.Programs) == 0 {
			continue
		}
		cpio, pax := false, false        // named
		cpioHere, paxHere := false, true // installed on this machine
		for _, a := range d.Programs[0] {
			name, _, _ := strings.Cut(a, " ")
			switch {
			case strings.HasSuffix(path.Base(name), "cpio"):
				cpio = true
				cpioHere = cpioHere || p.Machine != nil && p.installed(a)
			case path.Base(name) == "pax":
				paxHere = pax && paxHere || p.Machine == nil || p.installed(a)
				pax = true
			}
		}
		at := p.decoderPlace(d)
		switch {
		case cpio && !pax && !at.IsZero():
			p.Report(at, "tar and cpio archives are unpacked with cpio, which hostile archives can lead out of its folder").
				Help = "name pax first, and install it"
		case cpioHere && !paxHere:
			p.Report(at, "pax is not installed here, so the original unpacks tar and cpio archives with cpio").Help = "install pax"
		}
	}
}
