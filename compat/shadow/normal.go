package shadow

import (
	"regexp"
	"strings"

	"mavis/engine/mail"
	"mavis/engine/origin"
)

// What differs from run to run and means nothing: the ids that a filter makes up, clocks, durations, boundaries of its own.
var passing = []struct {
	re *regexp.Regexp
	by string
}{
	{regexp.MustCompile(`\b\d{3,7}-\d\d(?:-\d+)?\b`), "LOG-ID"},
	{regexp.MustCompile(`<([A-Z]{2})[\w+-]{12}@`), "<$1 MAIL-ID@"},
	{regexp.MustCompile(`\bid ([\w+-]{12})(\s+for|;|$)`), "id MAIL-ID$2"},
	{regexp.MustCompile(`<[\w+-]{12}>`), "<MAIL-ID>"},
	{regexp.MustCompile(`-+=_\d+-\d+-\d+(?:--)?`), "BOUNDARY"},
	{regexp.MustCompile(`(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), +\d+ \w\w\w \d{4} \d\d:\d\d:\d\d [+-]\d{4}(?: \([A-Z]+\))?`), "DATE"},
	{regexp.MustCompile(`\bENVID=AM\.\S+`), "ENVID=AM"},
	{regexp.MustCompile(`\bqueued as \S+`), "queued as QUEUE-ID"},
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

var relayed = regexp.MustCompile(`(?s)^(\d\d\d \S+) (?:id=\S+ - )?from MTA\([^()]*(?:\([^()]*\))?[^()]*\): (\d\d\d).*$`)

// fieldsOf gives the header fields for comparing, unfolded, in order. Received of the MTA behind is not there yet, that of the
// filter is.
func fieldsOf(header []mail.Field) []string {
	out := make([]string, len(header))
	for i, f := range header {
		out[i] = f.Name + ": " + normal(strings.TrimSpace(origin.Body(f)))
	}
	return out
}

// edits tells what was done to a header, in words: "+X-Spam-Flag: YES", "-Subject: a". Fields that only moved are not told.
func edits(before, after []string) []string {
	count := map[string]int{}
	for _, f := range before {
		count[f]--
	}
	for _, f := range after {
		count[f]++
	}
	var out []string
	for _, f := range after {
		if count[f] > 0 {
			count[f]--
			out = append(out, "+"+f)
		}
	}
	for _, f := range before {
		if count[f] < 0 {
			count[f]++
			out = append(out, "-"+f)
		}
	}
	return out
}

// placed finds the id that a filter gave a mail in the Received field it added on top (RFC 5321 section 4.4).
var placed = regexp.MustCompile(`\bid ([\w+-]{12})(?:\s+for|;|$)`)

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
