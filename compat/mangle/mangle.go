// Package mangle changes bodies: it wraps dangerous mail into a message of our own (defanging), or lets altermime take
// parts out of it or add a disclaimer (README.customize and amavisd.conf-sample: defang_*, $altermime,
// @altermime_args_*, allow_disclaimers).
package mangle

import "strings"

// Way is how a body is changed.
type Way int

const (
	// Wrap puts the message as an attachment behind a note that says what is wrong with it.
	Wrap Way = iota
	// Pretend changes nothing; the mail only counts as changed.
	Pretend
	// Program runs altermime.
	Program
)

// Choose gives the way for a kind of change, as %defang_maps_by_ccat names it. With altermime at hand every kind but
// "attach" goes to it; "altermime" and "disclaimer" ask for it when it is missing, too, and will fail. What would be a job
// for Anomy Sanitizer, a Perl module, is done by wrapping; anomy says that it is switched on.
func Choose(kind string, altermime, anomy bool) Way {
	switch strings.ToLower(kind) {
	case "null", "nulldisclaimer":
		return Pretend
	case "altermime", "disclaimer":
		return Program
	case "attach", "anomy":
		return Wrap
	}
	if altermime && !anomy {
		return Program
	}
	return Wrap
}

// Disclaims says that a kind adds something to harmless mail. It may fail and the mail pass as it came; the others are
// about dangerous mail, which may not.
func Disclaims(kind string) bool { return strings.EqualFold(kind, "disclaimer") }
