// Package rules is the typed model of a configuration: listeners, policy banks, lookup tables, scanners, decoders,
// destinies. It is data; every rule knows the place it came from.
package rules

import (
	"strconv"

	"mavis/perlconf/eval"
	"mavis/perlconf/regex"
	"mavis/perlconf/source"
)

// Category is a content category, in increasing order of importance (README.policy-on-notifications).
type Category int

const (
	CatchAll  Category = 0
	Clean     Category = 1
	MTA       Category = 2
	Oversized Category = 3
	BadHeader Category = 4
	Spammy    Category = 5
	Spam      Category = 6
	Unchecked Category = 7
	Banned    Category = 8
	Virus     Category = 9
)

// CCat is a category with its minor number, such as BadHeader,2.
type CCat struct {
	Major Category
	Minor int
}

var categoryNames = [...]string{"CATCHALL", "CLEAN", "MTA", "OVERSIZED", "BADH", "SPAMMY", "SPAM", "UNCHECKED", "BANNED", "VIRUS"}

// String is the name of the CC_ constant, with the minor number behind a comma when there is one.
func (c CCat) String() string {
	name := strconv.Itoa(int(c.Major))
	if c.Major >= 0 && int(c.Major) < len(categoryNames) {
		name = "CC_" + categoryNames[c.Major]
	}
	if c.Minor != 0 {
		name += "," + strconv.Itoa(c.Minor)
	}
	return name
}

// Destiny is what becomes of mail in a blocking category. The numbers are those of the D_ constants.
type Destiny int

const (
	TempFail Destiny = -4
	Reject   Destiny = -3
	Bounce   Destiny = -2
	Discard  Destiny = 0
	Pass     Destiny = 1
)

// String is the name of the D_ constant.
func (d Destiny) String() string {
	switch d {
	case TempFail:
		return "D_TEMPFAIL"
	case Reject:
		return "D_REJECT"
	case Bounce:
		return "D_BOUNCE"
	case Discard:
		return "D_DISCARD"
	case Pass:
		return "D_PASS"
	}
	return strconv.Itoa(int(d))
}

// Scanner is one entry of @av_scanners or @av_scanners_backup.
type Scanner struct {
	Name   string
	Origin source.Span
	// Call is the name of the code reference given, without package: "ask_daemon", "ask_clamav", "sophos_savi", … ; "" when
	// the entry runs a program. CallCode is set for a sub of the configuration's own.
	Call     string
	CallCode *eval.Code
	// Programs are the alternatives of a command scanner, in order; the first found in $path is used.
	Programs []string
	// Args of a command scanner ("{}" stands for the files), or nil. ArgList is set when a list was given instead of a string.
	Args    string
	ArgList []string
	// Query and Sockets belong to daemon scanners: the first element and the rest of their argument list.
	Query   []string
	Sockets []string
	// Extra are further elements of that list, which the smtp: protocol uses.
	Extra []eval.Value
	// Clean and Infected decide on the outcome; Names extracts the virus names.
	Clean, Infected Outcome
	// Inconclusive: nothing was given for Clean. A file that is not infected then stays undecided by this scanner.
	Inconclusive bool
	NameRE       *regex.Regexp
	NameCode     *eval.Code
	Pre, Post    *eval.Code
}

// Outcome recognises a scanner's answer: by exit status, or by a pattern on its output. Neither set: never matches.
type Outcome struct {
	Status  []int
	Pattern *regex.Regexp
}

// Decoder is one entry of @decoders: for parts of these short types, call Do (such as "do_gunzip") with Programs.
type Decoder struct {
	Types []string // short types without dot: "zip", "tar"; as in the configuration
	Do    string   // name of the code reference without package
	Code  *eval.Code
	// Programs holds the alternatives of each program argument, in order: ['7zr','7za','7z'] is one argument with three.
	// An alternative may carry arguments ("bzip2 -d"). A program argument whose variable is undef has no alternatives.
	Programs [][]string
	Extra    []string // further plain arguments after the programs
	Origin   source.Span
}
