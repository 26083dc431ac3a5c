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
	fields, _ := stored.Header(c.Header)
	out.Edits = Edits(t.Header, fields, func(s string) string { return neutral(t, s) })
	return out
}

// Edits tells what makes one header out of another, as answer.Copy has it. Fields that only moved are not told. neutral takes out
// what differs from run to run.
func Edits(before, after []mail.Field, neutral func(string) string) []string {
	var out []string
	had := make(map[string]int, len(before))
	for _, f := range before {
		had[plain(f.Raw)]++
	}
	for _, f := range after {
		raw := plain(f.Raw)
		if had[raw] > 0 {
			had[raw]--
			continue
		}
		if i := strings.LastIndexByte(raw, ';'); i > 0 && strings.EqualFold(f.Name, "Received") {
			raw = raw[:i] + "; %d" // the time of the rehearsal says nothing
		}
		if len(out) < maxEdits {
			out = append(out, "+ "+neutral(shown(raw)))
		}
	}
	for _, f := range before {
		raw := plain(f.Raw)
		if had[raw] > 0 && len(out) < maxEdits {
			had[raw]--
			out = append(out, "- "+neutral(shown(raw)))
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
