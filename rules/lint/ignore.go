package lint

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"mavis/perlconf/diag"
	"mavis/perlconf/source"
)

// Codes of comments that take findings out.
const (
	CodeUnusedIgnore = "P190" // nothing is found there
	CodeBadIgnore    = "P191" // it cannot be read
)

// ignore is a comment `# mavis: ignore CODE[,CODE] reason`. It stands for its own line, or, alone in a line, for the next
// line that is neither empty nor a comment.
type ignore struct {
	span  source.Span // of the comment
	code  string
	at    source.Span // of the code in it
	lines [2]int
	used  bool
}

var (
	ignoreWord = regexp.MustCompile(`#\s*mavis:\s*ignore\b[ \t]*(.*)`)
	ignoreCode = regexp.MustCompile(`^[A-Za-z]\d{3}\b`)
)

// Suppress takes out what comments in the files say to leave out, and adds a finding for each such comment that does
// nothing. It belongs before any selection of codes.
func Suppress(in Input, ds []diag.Diagnostic) (kept []diag.Diagnostic, suppressed int) {
	var all []*ignore
	byFile := map[*source.File][]*ignore{}
	known := map[string]bool{}
	for _, r := range Rules() {
		known[r.Code] = true
	}
	note := func(f *source.File, start, end int) {
		found, bad := ignoresIn(f, start, end)
		for _, g := range found {
			if !known[g.code] {
				bad = append(bad, diag.Diagnostic{Code: CodeBadIgnore, Severity: diag.Warning, Span: g.at,
					Message: fmt.Sprintf("there is no code %s", g.code), Help: "mavis explain-code lists all codes"})
				continue
			}
			all, byFile[f] = append(all, g), append(byFile[f], g)
		}
		kept = append(kept, bad...)
	}
	if in.Loaded != nil {
		for _, t := range in.Loaded.Interp.Trees() {
			for _, c := range t.Comments {
				if !c.POD {
					note(t.Source, c.Place.Start, c.Place.End)
				}
			}
		}
	}
	for _, f := range in.others() {
		for n := 1; n <= f.Lines(); n++ {
			start := f.LineStart(n)
			if line := f.Line(n); strings.HasPrefix(strings.TrimLeft(line, " \t"), "#") {
				note(f, start, start+len(line))
			}
		}
	}
	for _, d := range ds {
		line, hit := d.Span.Pos().Line, false
		for _, g := range byFile[d.Span.File] {
			if g.code == d.Code && (line == g.lines[0] || line == g.lines[1]) {
				g.used, hit = true, true
			}
		}
		if hit {
			suppressed++
		} else {
			kept = append(kept, d)
		}
	}
	for _, g := range all {
		if !g.used && in.looksFor(g.code) {
			kept = append(kept, diag.Diagnostic{Code: CodeUnusedIgnore, Severity: diag.Warning, Span: g.span,
				Message: fmt.Sprintf("nothing is left out here: there is no %s in the line this comment stands for", g.code),
				Fixes:   removal(g)})
		}
	}
	return kept, suppressed
}

// others are the files beside the configuration.
func (in Input) others() []*source.File {
	var out []*source.File
	for _, c := range in.Clamd {
		out = append(out, c.File)
	}
	for _, f := range []*source.File{in.MasterCF, in.MainCF} {
		if f != nil {
			out = append(out, f)
		}
	}
	return out
}

// looksFor says that a code could have been found: what needs this machine or other files is not found without them.
func (in Input) looksFor(code string) bool {
	switch code[0] {
	case 'X':
		return len(in.others()) > 0
	case 'D':
		return in.Machine != nil || !strings.HasPrefix(code, "D91")
	}
	return true
}

// ignoresIn reads one comment; it may name several codes.
func ignoresIn(f *source.File, start, end int) (out []*ignore, bad []diag.Diagnostic) {
	m := ignoreWord.FindSubmatchIndex(f.Text[start:end])
	if m == nil {
		return nil, nil
	}
	span := source.Span{File: f, Start: start, End: end}
	line := f.Pos(start).Line
	lines := [2]int{line, line}
	if len(bytes.TrimSpace(f.Text[f.LineStart(line):start])) == 0 {
		next := line + 1
		for ; next < f.Lines(); next++ {
			if t := strings.TrimSpace(f.Line(next)); t != "" && t[0] != '#' {
				break
			}
		}
		lines[1] = next
	}
	at := start + m[2]
	rest := string(f.Text[at : start+m[3]])
	for {
		c := ignoreCode.FindString(rest)
		if c == "" {
			break
		}
		out = append(out, &ignore{span: span, code: strings.ToUpper(c), at: source.Span{File: f, Start: at, End: at + len(c)}, lines: lines})
		after := strings.TrimLeft(rest[len(c):], " \t")
		if !strings.HasPrefix(after, ",") {
			break
		}
		next := strings.TrimLeft(after[1:], " \t")
		at += len(rest) - len(next)
		rest = next
	}
	if len(out) == 0 {
		bad = append(bad, diag.Diagnostic{Code: CodeBadIgnore, Severity: diag.Warning, Span: span,
			Message: "this comment names no code to be left out", Help: "write: # mavis: ignore P101 reason"})
	}
	return out, bad
}

// removal takes a comment that names only one code out, with its line when it has one of its own.
func removal(g *ignore) []diag.Fix {
	f := g.span.File
	rest := string(f.Text[g.at.End:g.span.End])
	if strings.HasPrefix(strings.TrimLeft(rest, " \t"), ",") || strings.HasSuffix(strings.TrimRight(string(f.Text[g.span.Start:g.at.Start]), " \t"), ",") {
		return nil
	}
	cut := g.span
	for cut.Start > 0 && (f.Text[cut.Start-1] == ' ' || f.Text[cut.Start-1] == '\t') {
		cut.Start--
	}
	if cut.Start == f.LineStart(f.Pos(cut.Start).Line) && cut.End < len(f.Text) && f.Text[cut.End] == '\n' {
		cut.End++
	}
	return []diag.Fix{{Message: "remove the comment", Safe: true, Edits: []diag.Edit{{Span: cut}}}}
}
