package lint

import (
	"mavis/perlconf/source"
	"mavis/rules"
)

// destiny is what becomes of mail of a category under a policy, for a recipient that no rule names, and where that was set.
func destiny(pol *rules.Policy, major rules.Category) (rules.Destiny, source.Span) {
	s, ok, err := pol.ByCCat("final_destiny_maps_by_ccat", []rules.CCat{{Major: major}})
	if !ok || err != nil {
		return rules.Pass, source.Span{}
	}
	value, at := s.Value, s.Origin
	if s.Tables != nil {
		opt := *pol.Options()
		opt.Resolver = offline{pol}
		r, ok, err := s.Tables.First(someone, &opt)
		if !ok || err != nil {
			return rules.Pass, at
		}
		if value = r.Value; !r.Origin.IsZero() {
			at = r.Origin
		}
	}
	d, ok := rules.DestinyOf(value)
	if !ok {
		return rules.Pass, at // V202 tells it
	}
	return d, at
}

// destinyMembers are what a bank sets to change destinies.
var destinyMembers = map[rules.Category]string{rules.Virus: "final_virus_destiny", rules.Banned: "final_banned_destiny",
	rules.Spam: "final_spam_destiny", rules.BadHeader: "final_bad_header_destiny", rules.Unchecked: "final_unchecked_destiny"}

// setsDestiny says that a layer has a word of its own about a category.
func (l layer) setsDestiny(c rules.Category) bool {
	return l.sets(destinyMembers[c], "final_destiny_maps_by_ccat")
}

// behindQueue says that mail was accepted before the filter sees it, as far as the files tell: it forwards mail itself,
// and Postfix, when its files were given, does not use it as a proxy.
func (p *Pass) behindQueue(pol *rules.Policy) bool {
	if r, ok := find(pol, "forward_method_maps", someone); !ok || r.String() == "" {
		return false
	}
	return !p.asProxy()
}
