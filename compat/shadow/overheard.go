// Package shadow watches a filter at work: it passes SMTP dialogues on untouched between an MTA and the filter, and between the
// filter and the MTA behind it, keeps a copy of what was said, and tells what our own engine would have done with the same mail.
package shadow

import (
	"time"

	"mavis/engine/mail"
	"mavis/engine/spool"
)

// Side says which connection was listened to.
type Side int

// The sides of a filter.
const (
	In   Side = iota // the MTA hands mail to the filter
	Out              // the filter hands mail to the next MTA
	Copy             // a copy of mail that went through the filter
)

func (s Side) String() string { return [...]string{"in", "out", "copy"}[s] }

// Overheard is one mail transaction as it went over the wire.
type Overheard struct {
	Side     Side
	Client   mail.Client
	Envelope mail.Envelope
	// Refused holds the replies to recipients that were not taken, by their place in Envelope.Rcpts; nil when all were.
	Refused map[int]string
	// Task holds the copy of the message, dots unstuffed; nil when there was none, or Skipped says why there is no copy.
	Task    *spool.Task
	Skipped string
	// Replies are the answers to the end of the data, in order: one, or with LMTP one for each recipient taken. When the
	// transaction ended earlier it is the refusal of MAIL or DATA.
	Replies []string
	LMTP    bool
	// Started is when MAIL came, Sent when the message was whole, Answered when the last reply came.
	Started, Sent, Answered time.Time
}

// Close gives back what the copy took.
func (o *Overheard) Close() error {
	if o.Task == nil {
		return nil
	}
	return o.Task.Close()
}

// Taken gives the recipients that were not refused.
func (o *Overheard) Taken() []mail.Rcpt {
	var out []mail.Rcpt
	for i, r := range o.Envelope.Rcpts {
		if _, no := o.Refused[i]; !no {
			out = append(out, r)
		}
	}
	return out
}
