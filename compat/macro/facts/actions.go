package facts

import (
	"strings"

	"mavis/rules"
)

// Fate is what became of the mail for one recipient.
type Fate struct {
	Done     int // 0 not yet, 1 finished by us or refused by the next hop, 2 relayed
	Destiny  rules.Destiny
	Response string // the status of the message, or of this recipient where the client is told each (LMTP)
	Tagged   bool   // the header or the address was marked
	Local    bool
}

// Bounced is what became of the delivery status notification.
type Bounced int

// The values of Bounced.
const (
	NoNotice   Bounced = iota // none was due
	Sent                      // it was sent
	Suppressed                // it was due, but not sent
)

// Actions are the words in braces of the main log line, such as RelayedInbound, and the SNMP counters that go with them
// (each with InMsgsStatus before it). Done are the words of what was done before, such as Quarantined.
func Actions(originating bool, dsn Bounced, fates []Fate, done ...string) (actions, counters []string) {
	count := map[string]bool{}
	for _, f := range fates {
		status := f.status(dsn)
		count[status] = true
		if strings.HasPrefix(status, "Relayed") {
			count["Relayed"] = true
		}
		direction := map[[2]bool]string{{true, true}: "Internal", {true, false}: "Outbound", {false, true}: "Inbound", {false, false}: "OpenRelay"}
		count[status+direction[[2]bool{originating, f.Local}]] = true
		if originating {
			count[status+"Originating"] = true
		}
	}
	counters = sortedKeys(count)
	for _, c := range counters {
		for _, d := range []string{"Inbound", "Internal", "Outbound", "OpenRelay"} {
			if strings.HasSuffix(c, d) {
				actions = append(actions, strings.Replace(c, "RelayedUntagged", "Relayed", 1))
			}
		}
	}
	return append(actions, done...), counters
}

func (f Fate) status(dsn Bounced) string {
	class := byte('0')
	if f.Response != "" {
		class = f.Response[0]
	}
	switch {
	case f.Done == 0:
		return "Accepted"
	case class == '4':
		return "TempFailed"
	case class != '2' && class != '5':
		return "Unknown"
	case class == '5' && f.Destiny == rules.Reject:
		return "Rejected"
	case f.Done == 2 && f.Tagged:
		return "RelayedTagged"
	case f.Done == 2:
		return "RelayedUntagged"
	case f.Destiny == rules.Discard:
		return "Discarded"
	case f.Destiny == rules.Bounce || f.Destiny == rules.Reject && class == '2':
		switch dsn {
		case Sent:
			return "Bounced"
		case Suppressed:
			return "NoBounce"
		}
	case f.Destiny == rules.Reject:
		return "Rejected"
	}
	return "Unknown"
}
