package lint

import (
	"regexp"
	"strings"

	"mavis/perlconf/diag"
	"mavis/perlconf/source"
	"mavis/perlconf/syntax"
)

// lostInPattern finds patterns that have lost their backslashes.
func lostInPattern() Rule {
	return Rule{
		Code: "R101", Name: "lost-backslash-in-pattern", Severity: diag.Warning,
		Summary: "a pattern seems to have lost backslashes",
		Page: Page{
			What: "The pattern holds what \\b, \\d or \\. leave behind when a web page or a script takes their backslash: bFOUND$, d*@, ..(exe|vbs)$.",
			Why: "bFOUND does not match FOUND, so a virus is not recognised. A dot that lost its backslash stands for any character, so more names " +
				"are banned or let pass than were meant.",
			Wrong: "$banned_filename_re = new_RE( qr'..(exe|vbs|scr)$'i, qr'^.(zip|rar)$' );\n",
			Right: "$banned_filename_re = new_RE( qr'.\\.(exe|vbs|scr)$'i, qr'^\\.(zip|rar)$' );\n",
			Fix:   "Write the backslashes again. The automatic fix is unsafe: it is a guess at what stood there.",
		},
		Check: func(p *Pass) {
			bare := bareFiles(p)
			p.Walk(func(n syntax.Node) bool {
				re, ok := n.(*syntax.Regexp)
				if !ok {
					return true
				}
				text, at, ok := patternText(re)
				if !ok {
					return true
				}
				places := lostPlaces(text)
				if bare[at.File] {
					places = merge(places, lostDots(text))
				}
				if len(places) == 0 {
					return true
				}
				var edits []diag.Edit
				mended := ""
				last := 0
				for _, i := range places {
					edits = append(edits, diag.Edit{Span: source.Span{File: at.File, Start: at.Start + i, End: at.Start + i}, New: `\`})
					mended += text[last:i] + `\`
					last = i
				}
				mended += text[last:]
				d := p.Report(re.Span(), "backslashes seem to be lost in this pattern; it was probably %s", mended)
				d.Fixes = []diag.Fix{{Message: "write " + mended, Edits: edits}}
				return true
			})
		},
	}
}

// bareFiles are the files without any backslash in their code, in which something shows that they had some.
func bareFiles(p *Pass) map[*source.File]bool {
	out := map[*source.File]bool{}
	for _, t := range p.Trees {
		if strings.Contains(codeOf(t), `\`) {
			continue
		}
		syntax.Walk(t.Body, func(n syntax.Node) bool {
			if re, ok := n.(*syntax.Regexp); ok {
				if text, at, ok := patternText(re); ok && len(lostPlaces(text)) > 0 {
					out[at.File] = true
				}
			}
			return true
		})
	}
	return out
}

var (
	// a word of capitals between the b of two \b, or after one
	lostWord = regexp.MustCompile(`(?:^|[(|^])(b)[A-Z][A-Za-z]+?(b?)(?:$|[)|$: ])`)
	// the letter of a class of characters that is repeated
	lostClass = regexp.MustCompile(`(?:^|[)(|\]^:])([dsw])(?:[*+]|\{\d)`)
	// extensions of file names before the end
	extensions = regexp.MustCompile(`(.?)(\.)\(([A-Za-z0-9|-]+)\)(\.\?)?\$`)
)

// fileTypes are extensions and short types that banning rules name.
const fileTypes = " exe vbs vbe pif scr bat cmd com cpl dll lnk hta js jse wsf wsh reg chm ade adp mim b64 bhx hqx xxe uu uue " +
	"zip rar arc arj zoo rpm cpio tar gz bz2 Z 7z lha cab tnef exe-ms jar doc asc htm html png gif jpg "

// lostPlaces gives the offsets at which backslashes are missing beyond doubt.
func lostPlaces(s string) []int {
	var out []int
	for _, m := range lostWord.FindAllStringSubmatchIndex(s, -1) {
		out = append(out, m[2])
		if m[5] > m[4] {
			out = append(out, m[4])
		}
	}
	for _, m := range lostClass.FindAllStringSubmatchIndex(s, -1) {
		if m[2] == 0 || s[m[2]-1] != '\\' && !(m[2] > 1 && s[m[2]-2] == '\\') {
			out = append(out, m[2])
		}
	}
	for _, m := range extensions.FindAllStringSubmatchIndex(s, -1) {
		if m[3] > m[2] && s[m[2]] == '\\' || !allTypes(s[m[6]:m[7]]) {
			continue
		}
		out = append(out, m[4])
		if m[8] >= 0 {
			out = append(out, m[8])
		}
		if strings.HasPrefix(s, ".[^./]*") {
			out = append(out, 0)
		}
	}
	return merge(out, nil)
}

func allTypes(list string) bool {
	for _, t := range strings.Split(list, "|") {
		if !strings.Contains(fileTypes, " "+t+" ") {
			return false
		}
	}
	return true
}

// lostDots gives single dots between letters: where a file lost all its backslashes, those were literal.
func lostDots(s string) []int {
	var out []int
	class := false
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '[':
			class = true
		case ']':
			class = false
		case '.':
			if !class && i > 0 && i+1 < len(s) && wordByte(s[i-1]) && wordByte(s[i+1]) {
				out = append(out, i)
			}
		}
	}
	return out
}

func wordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
}

// merge gives the numbers of both lists in order, each once.
func merge(a, b []int) []int {
	seen := map[int]bool{}
	var out []int
	for _, list := range [][]int{a, b} {
		for _, i := range list {
			if !seen[i] {
				seen[i] = true
				out = append(out, i)
			}
		}
	}
	for i := 1; i < len(out); i++ {
		for j := i; j > 0 && out[j-1] > out[j]; j-- {
			out[j-1], out[j] = out[j], out[j-1]
		}
	}
	return out
}
