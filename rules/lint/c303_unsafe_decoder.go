package lint

import (
	"strings"

	"mavis/perlconf/diag"
)

func unsafeDecoder() Rule {
	return Rule{
		Code: "C303", Name: "unsafe-decoder", Severity: diag.Info,
		Summary: "a decoder is switched on that the original's own list leaves out as not safe",
		Page: Page{
			What: "do_lha, do_unstuff or do_ascii is in @decoders. The stock list of 2.13 has them as comments, marked not safe.",
			Why: "The programs lha and unstuff are old and read hostile files (lha: CVE-2004-0234, CVE-2006-4335 and others); the library behind " +
				"do_ascii had holes as well (CVE-2005-1349). 7z opens lha archives.",
			Wrong: "@decoders = ( ['mail', \\&do_mime_decode], ['lha', \\&do_lha, 'lha'] );\n",
			Right: "@decoders = ( ['mail', \\&do_mime_decode], ['lha', \\&do_7zip, ['7za', '7z']] );\n",
			Fix:   "Use do_7zip for lha. Take the others out, or know that this program reads uuencode and its like itself.",
		},
		Check: func(p *Pass) {
			told := map[string]bool{}
			for _, d := range p.Config.Base().Decoders() {
				if d.Do != "do_lha" && d.Do != "do_unstuff" && d.Do != "do_ascii" || len(d.Programs) > 0 && len(d.Programs[0]) == 0 {
					continue
				}
				at := p.decoderPlace(d)
				if at.IsZero() || told[d.Do] {
					continue
				}
				told[d.Do] = true
				p.Report(at, "decoder %s for .%s is marked as not safe in the original", d.Do, strings.Join(d.Types, ", .")).
					Help = "use do_7zip for lha, and leave the others out"
			}
		},
	}
}
