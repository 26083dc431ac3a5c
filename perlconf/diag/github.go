package diag

import (
	"fmt"
	"io"
	"strings"
)

// WriteGitHub writes diagnostics as workflow commands of GitHub Actions, which shows them beside the changed lines.
func WriteGitHub(w io.Writer, ds []Diagnostic) error {
	var b strings.Builder
	for _, d := range ds {
		kind := map[Severity]string{Error: "error", Warning: "warning", Info: "notice"}[d.Severity]
		b.WriteString("::" + kind + " ")
		if p := placeOf(d.Span); p != nil {
			fmt.Fprintf(&b, "file=%s,line=%d,endLine=%d,col=%d,", property(p.File), p.Line, p.EndLine, p.Column)
			if p.Line == p.EndLine {
				fmt.Fprintf(&b, "endColumn=%d,", max(p.Column, p.EndColumn))
			}
		}
		text := d.Message
		if d.Help != "" {
			text += "\n" + d.Help
		}
		fmt.Fprintf(&b, "title=%s::%s\n", property(d.Code), message(text))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

var (
	messageEscapes  = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	propertyEscapes = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

func message(s string) string  { return messageEscapes.Replace(s) }
func property(s string) string { return propertyEscapes.Replace(s) }
