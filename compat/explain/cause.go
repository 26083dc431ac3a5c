package explain

import (
	"slices"
	"strings"

	"mavis/engine/mail"
)

// cause finds where two accounts of a mail part, among the steps that bear on what changed: first the most important change
// of outcome, then the others, then any step.
func cause(a, b []mail.Step, changes []string) (x, y *mail.Step) {
	a, b = decisions(a), decisions(b)
	for _, c := range changes {
		for _, bears := range bearing(c) {
			if x, y = parting(pick(a, bears), pick(b, bears), otherOutcome); x != nil || y != nil {
				return x, y
			}
		}
	}
	if x, y = parting(a, b, otherOutcome); x != nil || y != nil {
		return x, y
	}
	return parting(a, b, func(p, q mail.Step) bool { return p.Value != q.Value || p.Rule != q.Rule })
}

// words of steps that bear on a category, in the names of settings or in what they say.
var words = map[string][]string{"CC_VIRUS": {"virus", "av_scanners"}, "CC_BANNED": {"banned"}, "CC_SPAM": {"spam", "sender"}, "CC_BADH": {"header"},
	"CC_UNCHECKED": {"taken apart", "decode"}, "CC_OVERSIZED": {"size"}, "X-Spam": {"spam", "sender"}, "X-Virus": {"virus"}, "Subject": {"spam", "sender", "tag"}}

// bearing gives, for one change of outcome, which steps to look at, the most telling first.
func bearing(change string) []func(mail.Step) bool {
	what, rest, _ := strings.Cut(change, " ")
	stages := func(list ...mail.Stage) func(mail.Step) bool {
		return func(s mail.Step) bool { return slices.Contains(list, s.Stage) }
	}
	var out []func(mail.Step) bool
	switch what {
	case "taken":
		out = append(out, stages(mail.StageAccess, mail.StageRecipient))
	case "category", "header":
		for _, name := range []string{"CC_VIRUS", "CC_BANNED", "CC_UNCHECKED", "CC_SPAM", "CC_BADH", "CC_OVERSIZED", "X-Spam", "X-Virus", "Subject"} {
			if strings.Contains(rest, name) {
				out = append(out, mentions(words[name]))
			}
		}
		if what == "header" {
			out = append(out, stages(mail.StageRecipient), stages(mail.StageHeader))
		}
	case "destiny", "delivered", "reply":
		out = append(out, wants, stages(mail.StageDestiny))
	case "quarantine":
		out = append(out, stages(mail.StageQuarantine))
	case "address":
		out = append(out, stages(mail.StageAddress))
	case "next":
		out = append(out, stages(mail.StageNext))
	case "notice":
		out = append(out, stages(mail.StageNotice))
	}
	return out
}

// mentions picks the steps up to the decision that have one of the words.
func mentions(list []string) func(mail.Step) bool {
	return func(s mail.Step) bool {
		switch s.Stage {
		case mail.StageBypass, mail.StageCheck, mail.StageFound, mail.StageLevel:
			for _, w := range list {
				if strings.Contains(s.Setting, w) || strings.Contains(s.What, w) {
					return true
				}
			}
		}
		return false
	}
}

func pick(steps []mail.Step, bears func(mail.Step) bool) []mail.Step {
	var out []mail.Step
	for _, s := range steps {
		if bears(s) {
			out = append(out, s)
		}
	}
	return out
}

func otherOutcome(p, q mail.Step) bool {
	return p.Stage != q.Stage || p.Rcpt != q.Rcpt || p.What != q.What
}

// parting gives the first steps that differ; nil for an account that ends before.
func parting(a, b []mail.Step, differs func(p, q mail.Step) bool) (x, y *mail.Step) {
	for i := 0; i < len(a) || i < len(b); i++ {
		switch {
		case i >= len(a):
			return nil, &b[i]
		case i >= len(b):
			return &a[i], nil
		case differs(a[i], b[i]):
			return &a[i], &b[i]
		}
	}
	return nil, nil
}

// decisions leaves out what tells of a run and not of a rule.
func decisions(steps []mail.Step) []mail.Step {
	var out []mail.Step
	for _, s := range steps {
		if s.Stage == mail.StageReply || strings.HasPrefix(s.What, "adds Received:") || strings.Contains(s.What, " is held at ") {
			continue
		}
		out = append(out, s)
	}
	return out
}

// wants picks the steps at which a recipient takes what would be blocked.
func wants(s mail.Step) bool {
	return s.Stage == mail.StageLover && strings.HasPrefix(s.What, "wants ")
}
