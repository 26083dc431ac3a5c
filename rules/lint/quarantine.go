package lint

import (
	"strings"

	"mavis/perlconf/eval"
	"mavis/perlconf/source"
	"mavis/rules"
)

// held is how mail of a category is quarantined under a policy.
type held struct {
	method, to     string // "" for none
	methodAt, toAt source.Span
}

// quarantined tells how mail of a category is held, for a recipient that no rule names.
func quarantined(pol *rules.Policy, c rules.Category) held {
	var h held
	ccats := []rules.CCat{{Major: c}}
	if s, ok, err := pol.ByCCat("quarantine_method_by_ccat", ccats); ok && err == nil {
		h.method, h.methodAt = eval.ToString(s.Value), s.Origin
	}
	if s, ok, err := pol.ByCCat("quarantine_to_maps_by_ccat", ccats); ok && err == nil && s.Tables != nil {
		h.toAt = s.Origin
		opt := *pol.Options()
		opt.Resolver = offline{pol}
		if r, ok, err := s.Tables.First(someone, &opt); ok && err == nil {
			if h.to = r.String(); !r.Origin.IsZero() {
				h.toAt = r.Origin
			}
		}
	}
	return h
}

// active says that copies are made.
func (h held) active() bool { return h.method != "" && h.to != "" }

// protocol is the word before the colon of the method.
func (h held) protocol() string {
	w, _, _ := strings.Cut(h.method, ":")
	return strings.ToLower(w)
}

// heldCategories are those with a quarantine, with the names of their settings.
var heldCategories = []struct {
	category rules.Category
	method   string
	to       string
}{
	{rules.Virus, "virus_quarantine_method", "virus_quarantine_to"},
	{rules.Banned, "banned_files_quarantine_method", "banned_quarantine_to"},
	{rules.Unchecked, "unchecked_quarantine_method", "unchecked_quarantine_to"},
	{rules.Spam, "spam_quarantine_method", "spam_quarantine_to"},
	{rules.BadHeader, "bad_header_quarantine_method", "bad_header_quarantine_to"},
	{rules.Clean, "clean_quarantine_method", "clean_quarantine_to"},
}

// wholeConfig begins the examples of rules that look at whole configurations only.
const wholeConfig = "$daemon_user = 'amavis';\n$MYHOME = '/var/lib/amavis';\n$mydomain = 'example.com';\n$inet_socket_port = 10024;\n"

// whole says that the files look like a whole configuration, not like a part that others complete.
func (p *Pass) whole() bool {
	return !p.Incomplete && !p.origin("$MYHOME").IsZero() && !p.origin("$daemon_user").IsZero() &&
		!p.origin("$inet_socket_port", "@listen_sockets", "$unix_socketname").IsZero()
}
