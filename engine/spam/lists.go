package spam

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"mavis/engine/mail"
	"mavis/perlconf/eval"
	"mavis/rules"
	"mavis/rules/lookup"
)

// Log takes a line at one of the original's levels, -3 to 5. Nil drops it.
type Log func(level int, format string, args ...any)

func (l Log) printf(level int, format string, args ...any) {
	if l != nil {
		l(level, format, args...)
	}
}

// Lists asks black and white lists about the senders of a message, for each recipient: hard lists first
// (@blacklist_sender_maps, @whitelist_sender_maps and the two tables per recipient), then @score_sender_maps
// (README.lookups; RELEASE_NOTES on soft lists). The zero value with a Policy asks the configuration alone.
type Lists struct {
	Policy *rules.Policy
	// SQL gives what the table wblist says of a sender to a recipient, one entry for each of the recipient's user ids, in
	// order. Nil is no database.
	SQL func(r *mail.Recipient, sender string) ([]Entry, error)
	// LDAP gives the values of an attribute (amavisBlacklistSender, amavisWhitelistSender) of a recipient. Nil is no LDAP.
	LDAP func(r *mail.Recipient, attribute string) ([]string, error)
	Log  Log
}

// Entry is one row of wblist: field wb, and the id of the user that it belongs to.
type Entry struct {
	User string
	WB   string
	Null bool // wb is NULL, or there is no row
}

// Listed sums up for the whole message.
type Listed struct {
	Any bool // some recipient has the sender on a hard list
	// All says that each recipient has, so that no spam scan is needed. It is also true when no recipient was left to ask.
	All bool
}

// Check marks recipients (Whitelisted, Blacklisted) and adds soft scores to their SpamLevel and SpamTests. senders are
// the envelope sender and then the addresses of From, in internal form; each counts once. Recipients that are done are
// passed over. An error means undecided: the mail must be deferred.
func (l *Lists) Check(senders []string, rcpts []*mail.Recipient) (Listed, error) {
	senders = unique(senders)
	shown := make([]string, len(senders))
	for i, s := range senders {
		shown[i] = mail.Bracket(s)
	}
	l.Log.printf(4, "wbl: checking sender %s", strings.Join(shown, ", "))
	sum := tally{all: true}
	for _, r := range rcpts {
		if r.Done != mail.NotDone {
			continue
		}
		a := asking{Lists: l, r: r, tally: &sum, query: r.Query}
		if a.query == nil {
			a.query = l.Policy.Query(r.Internal)
		}
		for _, s := range senders {
			if err := a.sender(s); err != nil {
				return Listed{}, fmt.Errorf("lists of recipient <%s>: %w", r.Internal, err)
			}
		}
		if a.boost != nil && *a.boost != 0 {
			r.SpamLevel += *a.boost
			r.SpamScored = true
			r.SpamTests = append([]string{"AM.WBL=" + number(*a.boost)}, r.SpamTests...)
		}
		if a.wb == 0 {
			sum.all = false
		}
	}
	if text := sum.text(); text != "" {
		l.Log.printf(2, "wbl: %s sender %s", text, strings.Join(shown, ", "))
	}
	return Listed{Any: sum.white+sum.black > 0, All: sum.all}, nil
}

// tally counts over recipients; a recipient may count twice, once for each of two senders.
type tally struct {
	all                  bool
	white, black         int
	whiteRcpt, blackRcpt string
}

func (t *tally) text() string {
	switch {
	case t.all && t.white > 0 && t.black == 0:
		return "whitelisted"
	case t.all && t.black > 0 && t.white == 0:
		return "blacklisted"
	case t.all:
		return "black or whitelisted by all recips"
	case t.white+t.black == 0:
		return ""
	}
	by := func(what string, n int, rcpt string) string {
		switch {
		case n == 0:
			return ""
		case n > 1:
			rcpt = strconv.Itoa(n) + " recips"
		}
		return what + " by " + rcpt + ", "
	}
	return by("whitelisted", t.white, t.whiteRcpt) + by("blacklisted", t.black, t.blackRcpt) + "but not by all,"
}

// asking is the state of one recipient over its senders.
type asking struct {
	*Lists
	*tally
	r     *mail.Recipient
	query *lookup.Query
	// wb is the last hard answer: +1 white, -1 black, 0 none or neutral. found ends the search for further senders.
	wb    int
	found bool
	boost *float64
}

func (a *asking) sender(sender string) error {
	if a.SQL != nil {
		if err := a.sql(sender); err != nil {
			return err
		}
	}
	if !a.found && a.LDAP != nil && a.Policy.Bool("enable_ldap") {
		if err := a.ldap(sender); err != nil {
			return err
		}
	}
	if !a.found {
		if err := a.static(sender); err != nil {
			return err
		}
	}
	if a.boost != nil {
		return nil
	}
	return a.scores(sender)
}

func (a *asking) black(sender string) {
	a.found, a.wb, a.blackRcpt, a.r.Blacklisted = true, -1, a.r.Internal, true
	a.tally.black++
	a.Log.printf(5, "wbl: recip <%s> blacklisted sender <%s>", a.r.Internal, sender)
}

func (a *asking) white(sender string) {
	a.found, a.wb, a.whiteRcpt, a.r.Whitelisted = true, 1, a.r.Internal, true
	a.tally.white++
	a.Log.printf(5, "wbl: recip <%s> whitelisted sender <%s>", a.r.Internal, sender)
}

func (a *asking) add(points float64) {
	if a.boost == nil {
		a.boost = new(float64)
	}
	*a.boost += points
}

var (
	softWB    = regexp.MustCompile(`^ *([+-]?[0-9]+(?:\.[0-9]*)?) *$`)
	neutralWB = regexp.MustCompile(`^[ \x00]*$`)
	blackWB   = regexp.MustCompile(`^[BbNnFf] *$`)
	whiteWB   = regexp.MustCompile(`^[WwYyTt] *$`)
)

// sql reads field wb as README.sql describes it: a number is a soft score, blank is neutral, B N F are black, all else is
// white.
func (a *asking) sql(sender string) error {
	entries, err := a.SQL(a.r, sender)
	if err != nil {
		return err
	}
	for _, e := range entries {
		a.Log.printf(4, `wbl: (SQL) recip <%s>, rid=%s, got: "%s"`, a.r.Internal, e.User, e.WB)
		if e.Null {
			a.wb = 0
			if a.found { // by an earlier sender
				return nil
			}
			continue
		}
		if m := softWB.FindStringSubmatch(e.WB); m != nil {
			n, _ := strconv.ParseFloat(strings.TrimSuffix(m[1], "."), 64)
			a.add(n)
			a.wb = 0
			a.Log.printf(2, "wbl: (SQL) soft-%slisted (%s) sender <%s> => <%s> (rid=%s)", colour(n), plain(n), sender, a.r.Internal, e.User)
			if a.found {
				return nil
			}
			continue
		}
		switch {
		case neutralWB.MatchString(e.WB):
			a.found, a.wb = true, 0
		case blackWB.MatchString(e.WB):
			a.black(sender)
		default:
			if !whiteWB.MatchString(e.WB) {
				a.Log.printf(-1, `wbl: (SQL) recip <%s>, sender <%s>: "%s" in field wb counts as whitelisted`, a.r.Internal, sender, e.WB)
			}
			a.white(sender)
		}
		return nil
	}
	return nil
}

func (a *asking) ldap(sender string) error {
	keys := lookup.NewQuery(sender, &lookup.Options{}).Keys()
	if sender == "" {
		keys = append([]string{"<>"}, keys...)
	}
	for _, list := range []struct {
		attribute string
		mark      func(string)
	}{{"amavisBlacklistSender", a.black}, {"amavisWhitelistSender", a.white}} {
		values, err := a.LDAP(a.r, list.attribute)
		if err != nil {
			return err
		}
		for _, k := range keys {
			for _, v := range values {
				if strings.EqualFold(k, v) {
					list.mark(sender)
					break
				}
			}
		}
	}
	return nil
}

// static asks the lists of the configuration. A sender may be on both: then white, asked last, decides what the message
// counts as, and the recipient carries both marks.
func (a *asking) static(sender string) error {
	for _, list := range []struct {
		perRcpt, maps string
		mark          func(string)
	}{{"per_recip_blacklist_sender_lookup_tables", "blacklist_sender_maps", a.black},
		{"per_recip_whitelist_sender_lookup_tables", "whitelist_sender_maps", a.white}} {
		own, ok, err := a.Policy.Tables(list.perRcpt).Find(a.query)
		if err != nil {
			return err
		}
		tables := a.Policy.Tables(list.maps)
		if ok { // a single table here, not a list of them
			tables = lookup.Join(a.Policy.TablesOf(eval.NewArray(own.Value)), tables)
		}
		if tables.Len() == 0 {
			continue
		}
		res, ok, err := tables.First(sender, a.Policy.Options())
		if err != nil {
			return err
		}
		if ok && res.Bool() {
			if a.r.Trace != nil {
				a.r.Note(mail.StageFound, strings.TrimSuffix(list.maps, "_sender_maps")+"ed sender <"+sender+">", "@"+list.maps, res)
			}
			list.mark(sender)
		}
	}
	return nil
}

// scores sums what the tables of all matching recipient entries say of the sender, the first entry of each.
func (a *asking) scores(sender string) error {
	all, err := a.Policy.Tables("score_sender_maps").FindAll(a.query)
	if err != nil {
		return err
	}
	for _, own := range all {
		res, ok, err := a.Policy.TablesOf(own.Value).First(sender, a.Policy.Options())
		if err != nil {
			return err
		}
		if n := res.Num(); ok && n != 0 {
			a.add(n)
			if a.r.Trace != nil {
				a.r.Note(mail.StageFound, "score of sender <"+sender+"> changes by "+res.String(), "@score_sender_maps", res)
			}
			a.Log.printf(2, `wbl: soft-%slisted (%s) sender <%s> => <%s>, recip_key="%s"`, colour(n), res.String(), sender, a.r.Internal, own.Key)
		}
	}
	return nil
}

func colour(n float64) string {
	if n < 0 {
		return "white"
	}
	return "black"
}

// number shows a score with at most three decimals, as in "AM.WBL=-1.5".
func number(v float64) string {
	v, _ = strconv.ParseFloat(strconv.FormatFloat(v, 'f', 3, 64), 64)
	return plain(v)
}

// plain shows a number as Perl does, but never "-0".
func plain(v float64) string { return eval.ToString(v + 0) }

func unique(list []string) []string {
	seen := map[string]bool{}
	var out []string
	for _, s := range list {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}
