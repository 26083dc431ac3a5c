package mime

import (
	"regexp"
	"strconv"
	"strings"
)

// finish fills what is known once the whole tree is there.
func (p *parser) finish(e *Entity, placement string) {
	e.Placement = placement
	if e.how == nil || e.Names == nil { // parts of an embedded file have their names already
		for _, f := range [][2]string{{"content-disposition", "filename"}, {"content-type", "name"}} {
			raw, _ := e.params(f[0]).Get(f[1])
			e.Names = candidateNames(e.Names, raw)
		}
	}
	e.Charset, _ = e.params("content-type").Get("charset")
	rt, _ := e.params("content-type").Get("report-type")
	e.ReportType = Latin1(rt)
	e.Encrypted = encryptedType.MatchString(e.Type) || encryptedType.MatchString(e.EffectiveType)
	p.ambiguity(e)
	e.parsed = nil
	for i, c := range e.Children {
		p.finish(c, placement+"/"+strconv.Itoa(i+1))
	}
}

var (
	encryptedType = regexp.MustCompile(`(?is)/.*encrypted`)
	multipartHead = regexp.MustCompile(`^multipart/\w+(.+)`)
	strictParam   = regexp.MustCompile(`^;\s+(\w+)=(?:\w+|"(?:\\.|[^"\\])*")`)
)

// ambiguity records what two readers of the same entity could understand differently (README.CVE-2024-28054).
func (p *parser) ambiguity(e *Entity) {
	at := e.HeaderSpan.Start
	if raw, ok := e.Header.Get("content-type"); ok && strings.HasPrefix(e.EffectiveType, "multipart") && !e.Leaf {
		if twoBoundaries(raw) {
			e.Ambiguous = true
			p.problem(TwoBoundaries, at, "")
		}
	}
	for _, name := range []string{"Content-Type", "Content-Disposition", "Content-Transfer-Encoding"} {
		if e.Header.Count(name) > 1 {
			p.problem(RepeatedField, at, name)
			e.Ambiguous = true
		}
	}
	for _, name := range []string{"content-type", "content-disposition"} {
		for _, r := range e.params(name).Repeated {
			p.problem(RepeatedParam, at, name+"."+r)
			e.Ambiguous = true
		}
	}
}

// twoBoundaries counts boundary parameters in the first line of the field, written the plain way.
func twoBoundaries(raw string) bool {
	m := multipartHead.FindStringSubmatch(raw)
	if m == nil {
		return false
	}
	n := 0
	for rest := m[1]; ; {
		p := strictParam.FindStringSubmatch(rest)
		if p == nil {
			return n > 1
		}
		if strings.EqualFold(p[1], "boundary") {
			n++
		}
		rest = rest[len(p[0]):]
	}
}

var (
	lineEnds = regexp.MustCompile(`[ \t\r]*\n+`)
	blanks   = regexp.MustCompile(`\s+`)
)

// errorText puts the errors into one line as the original shows them.
func errorText(messages []string, tooMany bool) string {
	if len(messages) == 0 {
		if tooMany {
			return "Unable to parse, perhaps message contains too many parts"
		}
		return ""
	}
	s := "error: " + strings.Join(messages, "\n; error: ")
	s = strings.TrimRight(s, whiteSpace)
	s = blanks.ReplaceAllString(lineEnds.ReplaceAllString(s, "; "), " ")
	if len(s) > 250 {
		s = s[:250] + "[...]"
	}
	return s
}
