// Package spam asks black and white lists and spam scanners about a message: our own spamd in place of a SpamAssassin
// within, one that already runs, rspamd. A scanner that fails is an error, never a score of nothing.
package spam

import (
	"mavis/engine/mail"
)

// Mail is a message to be scanned.
type Mail struct {
	*mail.Message
	Sender      string // of the envelope, internal form
	Originating bool   // the bank in force says so
	Rcpts       []*mail.Recipient
	Fingerprint string // of the client's operating system, "" when unknown
	ClientIP    string // of the first client, "" when unknown
	// Info are notes of earlier steps under the original's names; they are read, not changed.
	Info map[string]string
	// Report and Summary are what virus scanners said that counts as spam; they come before the scanners' own.
	Report, Summary string
}

// Result is what the scanners said together.
type Result struct {
	Shares []Share // of each recipient, in the order of Mail.Rcpts
	// Info are the notes that macros and header fields show: TESTS, TESTSSCORES, AUTOLEARN, AUTOLEARNSCORE, LANGUAGES,
	// RELAYCOUNTRY, ADDEDHEADERHAM, ADDEDHEADERSPAM, SUBJPREFIX, TIMING, VERSION, SCORE-name, VERDICT-name …
	Info            map[string]string
	Report, Summary string
}

// Share is what a scan means for one recipient. Recipients differ when they have SpamAssassin settings of their own.
type Share struct {
	Score           float64
	Tests           []string // NAME=score each, in the order of scanners; "none" when a scanner found nothing
	Report, Summary string
}

// Apply adds scores and tests to the recipients that were scanned.
func (r *Result) Apply(rcpts []*mail.Recipient) {
	for i, s := range r.Shares {
		if i >= len(rcpts) {
			return
		}
		rcpts[i].SpamLevel += s.Score
		rcpts[i].SpamScored = true
		rcpts[i].SpamTests = append(rcpts[i].SpamTests, s.Tests...)
	}
}
