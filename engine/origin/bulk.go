package origin

import (
	"regexp"
	"strings"

	"mavis/engine/mail"
)

// Kind says why a message is taken for a mailing list's, an automatic or a bulk one; "" when it is not. Such mail gets
// no bounces.
type Kind struct {
	List, Auto, Bulk string
}

var (
	listSender = regexp.MustCompile(`(?i)^(?:[^@]+-(?:request|bounces|owner|admin)|owner-[^@]+)(?:@|$)`)
	listAuthor = regexp.MustCompile(`(?i)^(?:[^@]+-(?:request|bounces|owner)|owner-[^@]+)(?:@|$)`)
	autoSender = regexp.MustCompile(`(?i)^(?:mailer-daemon|double-bounce|mailer|autoreply)(?:@|$)`)
	bulkAuthor = regexp.MustCompile(`(?i)^(?:[^@]+-relay|postmaster|uucp)(?:@|$)`)
	precedence = regexp.MustCompile(`(?i)^[ \t]*(list|bulk|junk|auto.?reply\b)`)
	comments   = regexp.MustCompile(`\([^)]*\)`)
)

// Classify looks at the header and the envelope sender (internal form). author is the first address of From.
func Classify(fields []mail.Field, sender, author string) Kind {
	k := Kind{List: listName(fields, sender, author)}
	if body, ok := Get(fields, "Precedence"); ok {
		if m := precedence.FindStringSubmatch(body); m != nil {
			switch w := m[1]; {
			case strings.EqualFold(w, "list"):
				if k.List == "" {
					k.List = w
				}
			case len(w) > 4:
				k.Auto = w
			default:
				k.Bulk = w
			}
		}
	}
	if k.Auto == "" {
		k.Auto = automatic(fields, sender, author)
	}
	switch {
	case k.List != "":
		k.Bulk = k.List
	case k.Auto != "":
		k.Bulk = k.Auto
	case k.Bulk == "" && bulkAuthor.MatchString(author):
		k.Bulk = "From:" + author
	}
	return k
}

func listName(fields []mail.Field, sender, author string) string {
	name, ok := "", false
	for _, f := range []string{"List-Id", "List-Post", "List-Unsubscribe", "Mailing-List"} {
		if name, ok = Get(fields, f); ok {
			break
		}
	}
	switch {
	case ok:
	case listSender.MatchString(sender):
		name = "sender=" + sender
	case listAuthor.MatchString(author):
		name = "From:" + author
	default:
		return ""
	}
	if i, j := strings.IndexByte(name, '<'), strings.LastIndexByte(name, '>'); i >= 0 && j > i {
		name = name[i+1 : j]
	}
	name = strings.Join(strings.Fields(name), " ")
	if len(name) > 7 && strings.EqualFold(name[:7], "mailto:") {
		name = name[7:]
	}
	return "ml:" + name
}

func automatic(fields []mail.Field, sender, author string) string {
	if body, ok := Get(fields, "Auto-Submitted"); ok {
		if v := strings.Trim(comments.ReplaceAllString(unfold(body), ""), " \t"); !strings.EqualFold(v, "no") {
			return "Auto-Submitted:" + v
		}
		return ""
	}
	switch {
	case sender == "":
		return "sender=<>"
	case autoSender.MatchString(sender):
		return "sender=" + sender
	case autoSender.MatchString(author):
		return "From:" + author
	}
	return ""
}
