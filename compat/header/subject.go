package header

import (
	"regexp"
	"strings"

	"mavis/compat/macro"
	"mavis/compat/macro/facts"
	"mavis/rules"
)

var tagMacro = regexp.MustCompile(`_(?:SCORE|REQD|YESNO|YESNOCAPS|HOSTNAME|DATE|U|LOGID|MAILID|SUBJPREFIX)_`)

// subjectTag expands the few macros of a subject tag. They only look like those of the template language.
func (f *forwarder) subjectTag() string {
	if !f.r.Local {
		return ""
	}
	return tagMacro.ReplaceAllStringFunc(f.r.SubjectTag, func(name string) string {
		yes := f.r.in(rules.Spammy, 0)
		switch name {
		case "_SCORE_":
			if f.r.Score == nil {
				return "0"
			}
			return Number(f.r.Score)
		case "_REQD_":
			if f.r.Tag2Level == nil || f.r.BypassSpam {
				return "-"
			}
			return Number(f.r.Tag2Level)
		case "_YESNO_":
			if yes {
				return "Yes"
			}
			return "No"
		case "_YESNOCAPS_":
			if yes {
				return "YES"
			}
			return "NO"
		case "_HOSTNAME_":
			return f.s.host()
		case "_DATE_":
			return facts.RFC5322Time(f.s.Received)
		case "_U_":
			return f.s.Received.UTC().Format("20060102T150405Z")
		case "_LOGID_":
			return f.s.LogID
		case "_MAILID_":
			return f.s.MailID
		}
		return f.s.Supplementary["SUBJPREFIX"]
	})
}

// subject puts the tag in front of the Subject, once; a mail without one gets one.
func (f *forwarder) subject() {
	tag := f.subjectTag()
	if tag == "" {
		return
	}
	f.tagged = true
	if !hasField(f.s.Header, "Subject") {
		f.e.Add("Subject", strings.TrimRight(tag, " \t"), Free)
		return
	}
	f.e.Edit("Subject", func(_, body string) (string, bool, bool) {
		if body != "" && (body[0] == ' ' || body[0] == '\t') {
			body = body[1:]
		}
		text := macro.DecodeWords(body)
		if len(tag) >= 3 {
			text = strings.ReplaceAll(text, tag, "")
		}
		return " " + tag + text, false, false
	})
}
