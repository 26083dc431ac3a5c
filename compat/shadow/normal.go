package shadow

import (
	"regexp"
	"strings"

	"mavis/engine/mail"
	"mavis/engine/origin"
)

// passing is what differs from run to run and means nothing: the ids that a filter makes up, clocks, durations, boundaries of its
// own. Answers of a rehearsal have %m for the mail id and %n for the log id already.
var passing = []struct {
	re *regexp.Regexp
	by string
}{
	{regexp.MustCompile(`\b\d{3,7}-\d\d(?:-\d+)?\b`), "%n"},
	{regexp.MustCompile(`\bid ([\w+-]{12})(\s+for|;|$)`), "id %m$2"},
	{regexp.MustCompile(`<[\w+-]{12}>`), "<%m>"},
	{regexp.MustCompile(`-+=_\d+-\d+-\d+(?:--)?`), "%boundary"},
	{regexp.MustCompile(`(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), +\d+ \w\w\w \d{4} \d\d:\d\d:\d\d [+-]\d{4}(?: \([A-Z]+\))?`), "DATE"},
	{regexp.MustCompile(`\bqueued as \S+`), "queued as ID"},
}

// normal takes out of a text what differs from run to run.
func normal(s string) string {
	for _, p := range passing {
		s = p.re.ReplaceAllString(s, p.by)
	}
	return s
}

// normalReply is normal for a reply that a filter gave or passed on. Where the next hop is, and what it said, is not the
// filter's doing: only the code of that counts.
func normalReply(s string) string {
	if m := relayed.FindStringSubmatch(s); m != nil {
		return m[1] + " from MTA: " + m[2]
	}
	return normal(s)
}

var relayed = regexp.MustCompile(`(?s)^(\d\d\d \S+) (?:id=\S+ - )?from MTA\([^()]*\): (\d\d\d).*$`)

// placed finds the id that a filter gave a mail in the Received field it added (RFC 5321 section 4.4).
var placed = regexp.MustCompile(`(?is)\(amavis(?:d-new)?[,)].*\bid ([\w+-]{12})(?:\s+for|;|$)`)

// mailID is the filter's id of a mail that it passed on, "" when it left no Received field.
func mailID(header []mail.Field) string {
	for _, f := range header {
		if strings.EqualFold(f.Name, "Received") {
			if m := placed.FindStringSubmatch(origin.Body(f)); m != nil {
				return m[1]
			}
			return ""
		}
	}
	return ""
}
