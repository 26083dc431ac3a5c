package shadow

import (
	"slices"
	"time"
)

// matcher brings together what went into a filter and what came out of it.
type matcher struct {
	out []passed // in the order of their ends
}

type passed struct {
	Sent
	started, answered time.Time
	code              byte // first digit of the reply
	whole             bool // there was a copy
}

// Bounds of what waits for its other half.
const (
	maxWaiting = 2000
	waitFor    = 15 * time.Minute // a filter may take long over a mail
)

func (m *matcher) add(p passed) {
	m.out = append(m.out, p)
	drop := 0
	for drop < len(m.out) && (len(m.out)-drop > maxWaiting || p.answered.Sub(m.out[drop].answered) > waitFor) {
		drop++
	}
	m.out = slices.Delete(m.out, 0, drop)
}

// take gives what came out of the mail in between sent and answered: the mail itself by Message-ID and recipients, and notices by
// the id that the filter gave the mail, which they carry in their Message-ID. blind says that a part of it had no copy.
func (m *matcher) take(in Sent, mailID string, sent, answered time.Time) (mails, notices []Sent, blind bool) {
	want := map[string]bool{}
	for _, r := range in.Rcpts {
		want[base(r)] = true
	}
	for i := 0; i < len(m.out); i++ {
		p := m.out[i]
		if p.started.Before(sent) || p.answered.After(answered) || p.code != '2' || p.ID != in.ID || p.Sender != in.Sender {
			continue
		}
		if slices.ContainsFunc(p.Rcpts, func(r string) bool { return !want[base(r)] }) {
			continue
		}
		for _, r := range p.Rcpts {
			delete(want, base(r)) // a second copy belongs to a second mail with the same Message-ID
		}
		mails, blind = append(mails, p.Sent), blind || !p.whole
		m.out = slices.Delete(m.out, i, i+1)
		i--
		if mailID == "" {
			mailID = p.MailID
		}
	}
	if mailID == "" {
		return mails, nil, blind
	}
	for i := 0; i < len(m.out); i++ {
		if p := m.out[i]; !p.started.Before(sent) && !p.answered.After(answered) && p.ID != in.ID && noticeOf(p.ID, mailID) {
			notices = append(notices, p.Sent)
			m.out = slices.Delete(m.out, i, i+1)
			i--
		}
	}
	return mails, notices, blind
}

// noticeOf says that a Message-ID is that of a notice about a mail: <SSmailid@host>, with two letters before the id.
func noticeOf(id, mailID string) bool {
	return len(id) > 3+len(mailID) && id[3:3+len(mailID)] == mailID
}
