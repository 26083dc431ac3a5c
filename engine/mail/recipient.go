package mail

import (
	"sort"

	"mavis/perlconf/source"
	"mavis/rules"
	"mavis/rules/lookup"
)

// Recipient is one recipient with everything that was found, decided and done for it.
type Recipient struct {
	Rcpt
	Internal string // the address without quoting: what lookup tables are asked
	Query    *lookup.Query
	Local    bool

	BypassVirus, BypassBanned, BypassSpam, BypassHeader bool

	Cats     Categories
	Blocking *rules.CCat // the category that blocks, nil when it passes
	Destiny  rules.Destiny

	SpamLevel                float64
	SpamScored               bool // SpamLevel means something: it was scored, or boosted by a table
	SpamTests                []string
	SpamReport, SpamSummary  string // of SpamAssassin, for this recipient; "" means those of the message
	Whitelisted, Blacklisted bool

	Banned         []BannedPart
	SuppressReason string // why no bounce may go out, "" when there is no reason

	Mangle string // "" or the kind of body change wanted: 1, disclaimer …
	Tagged bool   // header fields that mark it were added

	HeldFor     string // quarantine address of its copy, "" when none is held
	Done        Done
	Reply       string // SMTP reply for this recipient, code first
	RemoteMTA   string // next hop that answered
	RemoteReply string
	Method      []string // where it is forwarded to, in order of preference
	SendTo      string   // address to forward to, internal form, when it differs from Internal: an extension was added

	Trace *Trace // of the message; nil when nobody asked for it
}

// Done says how far delivery to a recipient came.
type Done int

const (
	NotDone   Done = iota
	Settled        // by us: discarded, bounced, rejected
	Forwarded      // the next hop has answered
)

// BannedPart is one part that a banning rule matched, for a recipient.
type BannedPart struct {
	Path    string // every name and type on the way to the part, "a,b | c,d"
	Attrs   string // the same in the key=value notation
	Name    string // names and types of the part itself
	Key     string // the pattern that matched, as written
	Result  string // what the rule gave: 1, DISCARD …
	Comment string // text of (?# …) in the pattern, or the pattern
	Short   string // for replies and notices: comment and name
	Origin  source.Span
}

// Categories is a set of content categories, most important first.
type Categories []rules.CCat

// Add puts a category into its place. A minor number brings its major category along, as %..._by_ccat tables expect;
// adding a category again changes nothing.
func (c *Categories) Add(major rules.Category, minor int) {
	if minor > 0 {
		c.insert(rules.CCat{Major: major, Minor: minor})
	}
	c.insert(rules.CCat{Major: major})
}

func (c *Categories) insert(n rules.CCat) {
	i := sort.Search(len(*c), func(i int) bool { return !less(n, (*c)[i]) })
	if i < len(*c) && (*c)[i] == n {
		return
	}
	*c = append(*c, rules.CCat{})
	copy((*c)[i+1:], (*c)[i:])
	(*c)[i] = n
}

// Has says whether a category is in the set, with any minor number.
func (c Categories) Has(major rules.Category) bool {
	for _, x := range c {
		if x.Major == major {
			return true
		}
	}
	return false
}

// HasMinor says whether exactly this category is in the set.
func (c Categories) HasMinor(major rules.Category, minor int) bool {
	for _, x := range c {
		if x.Major == major && x.Minor == minor {
			return true
		}
	}
	return false
}

// Main is the most important category; Clean when the set is empty.
func (c Categories) Main() rules.CCat {
	if len(c) == 0 {
		return rules.CCat{Major: rules.Clean}
	}
	return c[0]
}

func less(a, b rules.CCat) bool {
	if a.Major != b.Major {
		return a.Major < b.Major
	}
	return a.Minor < b.Minor
}
