package lint

import (
	"path"
	"strings"

	"mavis/perlconf/diag"
	"mavis/perlconf/source"
	"mavis/rules"
)

func programGone() Rule {
	return Rule{
		Code: "S301", Name: "decoder-program-gone", Severity: diag.Info,
		Summary: "a decoder needs a program that systems no longer have",
		Page: Page{
			What: "The only program given for a kind of archive has left the distributions: zoo and unzoo, freeze (unfreeze, melt, fcat), " +
				"ripole, unstuff. Nobody maintains them.",
			Why: "The decoder stays switched off; \"no external program\" in the log at start is all that is said. Archives of that kind are " +
				"passed to the scanners unopened, and names inside cannot be banned. A program built by hand from old sources is worse: it " +
				"reads hostile files.",
			Wrong: "$zoo = 'zoo';\n",
			Right: "$zoo = undef;\n",
			Fix:   "Take the setting out. To keep such archives away, ban their type: qr'^\\.(zoo|F)$' in $banned_filename_re.",
		},
		Check: checkProgramGone,
	}
}

// gonePrograms are no longer in Debian 12, main and non-free.
var gonePrograms = map[string]bool{"zoo": true, "unzoo": true, "unfreeze": true, "freeze": true, "melt": true, "fcat": true,
	"ripole": true, "unstuff": true}

// decoderVariable is the variable that the stock list takes a decoder's program from.
var decoderVariable = map[string]string{"do_zoo": "$zoo", "do_ole": "$ripole", "do_unstuff": "$unstuff", "do_lha": "$lha", "do_pax_cpio": "$pax"}

func checkProgramGone(p *Pass) {
	told := map[source.Span]bool{}
	var first *diag.Diagnostic
	for _, d := range p.Config.Base().Decoders() {
		for _, alternatives := range d.Programs {
			at := p.decoderPlace(d)
			if !allGone(alternatives) || at.IsZero() || told[at] {
				continue
			}
			told[at] = true
			text := strings.Join(alternatives, ", ") + " for ." + strings.Join(d.Types, ", .")
			if first != nil {
				first.Related = append(first.Related, diag.Related{Span: at, Message: "nor " + text})
				continue
			}
			first = p.Report(at, "no system of today has %s; such parts stay unopened", text)
			first.Help = "take it out, and ban the type if it must not pass"
		}
	}
}

func allGone(alternatives []string) bool {
	for _, a := range alternatives {
		if name, _, _ := strings.Cut(a, " "); !gonePrograms[path.Base(name)] {
			return false
		}
	}
	return len(alternatives) > 0
}

// decoderPlace is where the program of a decoder was set: its variable, or its entry.
func (p *Pass) decoderPlace(d rules.Decoder) source.Span {
	name := decoderVariable[d.Do]
	if len(d.Types) == 1 && d.Types[0] == "F" {
		name = "$unfreeze"
	}
	if at := p.origin(name); name != "" && !at.IsZero() {
		return at
	}
	return d.Origin
}
