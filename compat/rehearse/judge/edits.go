package judge

import (
	"bytes"
	"strings"

	"mavis/compat/rehearse/answer"
	"mavis/compat/rehearse/stored"
	"mavis/engine/flow"
	"mavis/engine/mail"
)

// maxEdits bounds what is kept of a copy's edits; broken header sections may be repaired in thousands of places.
const maxEdits = 100

// copyOf compares a copy's header with the one that came.
func copyOf(t *flow.Task, c flow.Copy) answer.Copy {
	out := answer.Copy{Body: c.Body != nil}
	for _, r := range c.Rcpts {
		out.To = append(out.To, mail.Quote(r.Internal))
	}
	had := make(map[string]int, len(t.Header))
	for _, f := range t.Header {
		had[plain(f.Raw)]++
	}
	fields, _ := stored.Header(c.Header)
	for _, f := range fields {
		raw := plain(f.Raw)
		if had[raw] > 0 {
			had[raw]--
			continue
		}
		if i := strings.LastIndexByte(raw, ';'); i > 0 && strings.EqualFold(f.Name, "Received") {
			raw = raw[:i] + "; %d" // the time of the rehearsal says nothing
		}
		if len(out.Edits) < maxEdits {
			out.Edits = append(out.Edits, "+ "+neutral(t, shown(raw)))
		}
	}
	for _, f := range t.Header {
		raw := plain(f.Raw)
		if had[raw] > 0 && len(out.Edits) < maxEdits {
			had[raw]--
			out.Edits = append(out.Edits, "- "+neutral(t, shown(raw)))
		}
	}
	return out
}

func plain(raw []byte) string {
	return string(bytes.TrimRight(bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")), "\n"))
}

// shown is a field on one line, cut where it grows too long to read.
func shown(raw string) string {
	s := strings.Join(strings.Fields(raw), " ")
	if len(s) > 400 {
		s = strings.ToValidUTF8(s[:400], "") + "…"
	}
	return s
}
