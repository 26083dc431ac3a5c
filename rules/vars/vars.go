// Package vars is one table of every variable that amavisd 2.13.0 exports to its configuration files: name, group,
// kind, default, history and one line of help. It is data; package load makes live variables of it.
package vars

//go:generate go run ./gen

import (
	"sort"
	"strings"
)

// Group says where a variable belongs.
type Group int

// The groups, after the export lists of the original.
const (
	Global       Group = iota // one value for the whole daemon
	Bank                      // a member of policy banks
	LegacyBank                // a member of policy banks, used by others of them for compatibility
	Legacy                    // used by newer variables for compatibility
	SpamAssassin              // a global setting of SpamAssassin
	Platform                  // computed, not meant to be set
	Hidden                    // used only by the configuration itself
	Alias                     // another name of a variable
)

// String is the name used in listings.
func (g Group) String() string {
	return [...]string{"global", "bank", "legacy-bank", "legacy", "spamassassin", "platform", "hidden", "alias"}[g]
}

// InBank says that policy banks may hold the variable.
func (g Group) InBank() bool { return g == Bank || g == LegacyBank }

// Kind says what a value means. See the constants.
type Kind string

// The kinds.
const (
	Bool       Kind = "bool"
	Int        Kind = "int"
	Number     Kind = "number"
	Bytes      Kind = "bytes"
	Seconds    Kind = "seconds"
	Score      Kind = "score" // points added or taken off
	Level      Kind = "level" // a score at which something happens; undef is never or always
	String     Kind = "string"
	Template   Kind = "template" // text with macros (README.customize)
	Method     Kind = "method"   // "smtp:[127.0.0.1]:10025" and the like, or a list of them
	Destiny    Kind = "destiny"  // a D_ constant
	Path       Kind = "path"     // a file, folder or program
	User       Kind = "user"
	Socket     Kind = "socket"   // addresses
	Ports      Kind = "ports"    // a port or a list of ports
	Maps       Kind = "maps"     // a list of lookup tables (README.lookups)
	ACL        Kind = "acl"      // one lookup table: a list with "!" for no
	RETable    Kind = "re-table" // one lookup table made by new_RE
	Networks   Kind = "networks" // a list of IP networks
	ByCCat     Kind = "byccat"   // a hash from content category to value, code or lookup tables
	Hash       Kind = "hash"     // any other hash
	List       Kind = "list"     // any other list
	Banks      Kind = "banks"    // %policy_bank
	Scanners   Kind = "scanners" // entries of @av_scanners
	Decoders   Kind = "decoders" // entries of @decoders
	DataSource Kind = "dsn"      // entries of [dsn, user, password]
)

// Var describes one variable.
type Var struct {
	Name    string // with its sigil
	Group   Group
	Kind    Kind
	Since   string // the oldest release whose notes name it; "" when none does
	Retired string // "bool", "num" or "str" when setting it only warns: how old and new value are compared before that
	AliasOf string // the newer name of the same variable, with sigil
	Help    string // one line
}

// Sigil is '$', '@' or '%'.
func (v Var) Sigil() byte { return v.Name[0] }

// Bare is the name without sigil.
func (v Var) Bare() string { return v.Name[1:] }

// All gives every variable, in the order of the original's export lists. The caller must not change the slice.
func All() []Var { return table }

// Find looks a name with sigil up.
func Find(name string) (Var, bool) {
	i, ok := index()[name]
	if !ok {
		return Var{}, false
	}
	return table[i], true
}

// Sigiled puts the sigil before the name of a variable; a name that is not known gets "$".
func Sigiled(bare string) string {
	for _, sigil := range [...]string{"$", "@", "%"} {
		if _, ok := Find(sigil + bare); ok {
			return sigil + bare
		}
	}
	return "$" + bare
}

// Similar gives known names that a misspelt name (with sigil) may have meant, best first, three at most. The same bare
// name with another sigil comes first.
func Similar(name string) []string {
	if len(name) < 2 {
		return nil
	}
	type guess struct {
		name string
		dist int
	}
	var found []guess
	limit := 1 + len(name)/6
	for _, v := range table {
		d := distance(strings.ToLower(v.Bare()), strings.ToLower(name[1:]), limit)
		if d > limit {
			continue
		}
		d *= 2
		if v.Sigil() != name[0] {
			d++
		}
		found = append(found, guess{v.Name, d})
	}
	sort.SliceStable(found, func(i, j int) bool { return found[i].dist < found[j].dist })
	var out []string
	for _, g := range found[:min(3, len(found))] {
		out = append(out, g.name)
	}
	return out
}

// distance is the number of insertions, deletions, replacements and swaps of neighbours; over limit it may be any
// number over limit.
func distance(a, b string, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	prev2, prev, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], prev2[j-2]+1)
			}
		}
		prev2, prev, cur = prev, cur, prev2
	}
	return prev[len(b)]
}
