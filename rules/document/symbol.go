package document

import (
	"strconv"
	"strings"

	"mavis/rules/vars"
)

// Context says which words stand for numbers at a place.
type Context int

// The contexts.
const (
	Plain       Context = iota
	Boolean             // true and false
	Destiny             // D_PASS ...
	CategoryKey         // keys are CC_SPAM ..., or "CC_SPAM,1"
	DestinyMap          // keys as in CategoryKey, values as in Destiny
	Banks               // %policy_bank: maps of members, whose contexts are those of the variables
)

// Of gives the context of a variable's value, by its name with sigil.
func Of(name string) Context {
	v, ok := vars.Find(name)
	switch {
	case !ok:
		return Plain
	case name == "%final_destiny_maps_by_ccat" || v.AliasOf == "%final_destiny_maps_by_ccat":
		return DestinyMap
	}
	switch v.Kind {
	case vars.Bool:
		return Boolean
	case vars.Destiny:
		return Destiny
	case vars.ByCCat:
		return CategoryKey
	case vars.Banks:
		return Banks
	}
	return Plain
}

// Member gives the context of a member of policy banks, by its bare name.
func Member(name string) Context {
	for _, sigil := range []string{"$", "@", "%"} {
		if v, ok := vars.Find(sigil + name); ok && v.Group.InBank() {
			return Of(v.Name)
		}
	}
	return Plain
}

// Items gives the context of what a map in context c holds.
func (c Context) Items() Context {
	if c == DestinyMap {
		return Destiny
	}
	return Plain
}

// HasKeys says that the keys of a map in context c are categories.
func (c Context) HasKeys() bool { return c == CategoryKey || c == DestinyMap }

var destinies = map[string]string{"D_TEMPFAIL": "-4", "D_REJECT": "-3", "D_BOUNCE": "-2", "D_DISCARD": "0", "D_PASS": "1"}

var categories = [...]string{"CC_CATCHALL", "CC_CLEAN", "CC_MTA", "CC_OVERSIZED", "CC_BADH", "CC_SPAMMY", "CC_SPAM", "CC_UNCHECKED",
	"CC_BANNED", "CC_VIRUS"}

// DestinyName gives the word for a number, such as "D_PASS" for "1".
func DestinyName(number string) (string, bool) {
	for word, n := range destinies {
		if n == number {
			return word, true
		}
	}
	return "", false
}

// DestinyNumber is the way back.
func DestinyNumber(word string) (string, bool) {
	n, ok := destinies[word]
	return n, ok
}

// CategoryName gives the words for a key, such as "CC_SPAM" for "6" and "CC_BADH,2" for "4,2".
func CategoryName(key string) (string, bool) {
	major, minor, hasMinor := strings.Cut(key, ",")
	n, err := strconv.Atoi(major)
	if err != nil || n < 0 || n >= len(categories) || strconv.Itoa(n) != major {
		return "", false
	}
	if hasMinor {
		if m, err := strconv.Atoi(minor); err != nil || strconv.Itoa(m) != minor {
			return "", false
		}
		return categories[n] + "," + minor, true
	}
	return categories[n], true
}

// CategoryKeyOf is the way back.
func CategoryKeyOf(word string) (string, bool) {
	name, minor, hasMinor := strings.Cut(word, ",")
	for i, c := range categories {
		if c == name {
			if hasMinor {
				return strconv.Itoa(i) + "," + minor, true
			}
			return strconv.Itoa(i), true
		}
	}
	return "", false
}

// Number makes a node of a text: a number where it is one in its plainest form, so that number and text are the same.
func Number(s string) *Node {
	if len(s) > 0 && len(s) < 17 {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil && strconv.FormatInt(n, 10) == s {
			return &Node{Kind: Int, Text: s}
		}
		if f, ok := plainFloat(s); ok && strconv.FormatFloat(f, 'f', -1, 64) == s {
			return &Node{Kind: Float, Text: s}
		}
	}
	return NewText(s)
}

// plainFloat reads digits, a point, digits.
func plainFloat(s string) (float64, bool) {
	whole, fraction, ok := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	if !ok || whole == "" || fraction == "" || len(whole)+len(fraction) > 14 || strings.Trim(whole+fraction, "0123456789") != "" ||
		len(fraction) > 4 && strings.Trim(whole, "0") == "" { // Perl writes 0.00001 as 1e-05
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil
}
