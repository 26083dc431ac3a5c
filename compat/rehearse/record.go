// Package rehearse leads stored mail through one or two configurations: many mails at a time, in order, within bounded memory.
// What comes of each is a record.
package rehearse

import (
	"mavis/compat/rehearse/answer"
)

// Version is that of the record format. It changes when a reader of the old one would misread the new one.
const Version = 1

// Record is what came of one mail.
type Record struct {
	Version   int             `json:"version"`
	Mail      string          `json:"mail"`
	MessageID string          `json:"message_id,omitempty"`
	Subject   string          `json:"subject,omitempty"`
	From      string          `json:"from"`
	To        []string        `json:"to"`
	Size      int64           `json:"size"`
	Then      *answer.Answer  `json:"then,omitempty"` // of the first configuration, of the log, or of the expectation
	Now       *answer.Answer  `json:"now,omitempty"`
	Changes   []answer.Change `json:"changes,omitempty"`
	// Finding says what went wrong with the mail, "" when nothing did.
	Finding string `json:"finding,omitempty"`
	// Alone says that nothing was found to compare it with, though something should be.
	Alone bool `json:"alone,omitempty"`
}
