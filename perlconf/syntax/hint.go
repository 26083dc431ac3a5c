package syntax

import (
	"fmt"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"

	"mavis/perlconf/source"
)

// describe names a token for people.
func describe(t *lexer.Token) string {
	if t.EOF() {
		return "the end of the file"
	}
	short := func(s string) string {
		if i := strings.IndexByte(s, '\n'); i >= 0 {
			s = s[:i] + "..."
		}
		if r := []rune(s); len(r) > 30 {
			s = string(r[:30]) + "..."
		}
		return s
	}
	switch t.Type {
	case tScalar, tHandleVar:
		return "$" + t.Value
	case tArray:
		return "@" + t.Value
	case tHash:
		return "%" + t.Value
	case tAmp:
		return "&" + t.Value
	case tGlob:
		return "*" + t.Value
	case tArrayLen:
		return "$#" + t.Value
	case tStr:
		return "the string '" + short(t.Value) + "'"
	case tNum:
		return "the number " + t.Value
	case tQOpen:
		switch t.Value {
		case "m", "qr", "s":
			return "a pattern"
		case "qx":
			return "a command"
		}
		return "a string"
	case tQText, tQMid, tQCase, tQClose:
		return "the rest of a string"
	case tTrans:
		return "a transliteration"
	case tQW:
		return "a qw list"
	case tWord, tKey, tFunc, tMethWord, tHandle:
		return "the word " + short(t.Value)
	}
	if t.Value == "" {
		return "this"
	}
	return short(t.Value)
}

// hint gives more help when the lines around a fault show a usual kind of damage; else it gives help back.
func (p *parser) hint(at source.Span, help string) string {
	line := p.file.Line(at.Pos().Line)
	for _, m := range []string{"<%", "%>", "{{", "}}", "{%", "%}", "%%", "<?", "@@"} {
		if strings.Contains(line, m) {
			return "the line holds " + m + ", as a template does; fill the template in before it is used as a configuration"
		}
	}
	if help == "" {
		for _, m := range []string{"</", "<br", "<p>", "<b>", "&lt;", "&amp;", "&quot;"} {
			if strings.Contains(line, m) {
				return "the line holds " + m + ", as the source of a web page does"
			}
		}
	}
	return help
}

// runaway gives a hint when the newest token is a string over several lines: its end may be a quote that was meant to
// begin another string.
func (p *parser) runaway() string {
	i := p.index() - 1
	if i < 0 {
		return ""
	}
	first := i
	if p.lx.toks[i].Type == tQClose {
		for first > 0 && p.lx.toks[first].Type != tQOpen {
			first--
		}
	} else if p.lx.toks[i].Type != tStr && p.lx.toks[i].Type != tQW {
		return ""
	}
	a, b := p.line(p.lx.toks[first].Pos.Offset), p.line(max(0, p.lx.ends[i]-1))
	if b > a && !strings.HasPrefix(p.lx.quotes[first], "<<") {
		return fmt.Sprintf("the string before it began in line %d; perhaps its closing quote is missing there", a)
	}
	return ""
}
