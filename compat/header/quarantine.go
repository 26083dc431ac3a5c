package header

import (
	"fmt"
	"sort"
	"strings"

	"mavis/compat/macro/facts"
	"mavis/rules"
)

// Quarantine makes the edits for the copy that is held. Return-Path and Delivered-To are left to who stores it; fields
// of that name which came with the mail: Return-Path goes away.
func Quarantine(s Settings, rcpts []Recipient) *Edits {
	e := &Edits{Format: s.Format}
	if s.allows("X-Amavis-Alert") {
		part, virus, banned, bad := "", false, false, false
		for _, r := range rcpts {
			virus = virus || r.in(rules.Virus, 0)
			banned = banned || r.in(rules.Banned, 0)
			bad = bad || r.in(rules.BadHeader, 0)
			if part == "" {
				part = r.BannedShort
			}
		}
		alerts(e, s, virus, banned && part != "", bad, part)
	}
	if s.Fingerprint != "" && s.allows("X-Amavis-OS-Fingerprint") {
		e.Add("X-Amavis-OS-Fingerprint", facts.Sanitize(s.Fingerprint, false), Free)
	}
	held := summarize(s, rcpts)
	held.fields(e)
	which := "ADDEDHEADERHAM"
	if held.tag2 {
		which = "ADDEDHEADERSPAM"
	}
	scannerFields(e, s, which, held.provided)
	if s.VerifyDKIM && s.allows("Authentication-Results") {
		for _, a := range s.AuthResults {
			e.Add("Authentication-Results", a, Marked)
		}
	}
	if s.MailID != "" {
		e.Prepend("X-Quarantine-ID", "<"+s.MailID+">", Free)
	}
	var all, blocked []string
	for _, r := range rcpts {
		all = append(all, facts.Quote(r.Addr))
		if r.Done != 0 {
			blocked = append(blocked, facts.Quote(r.Addr))
		}
	}
	e.Prepend("X-Envelope-To-Blocked", strings.Join(blocked, ",\n "), Marked)
	e.Prepend("X-Envelope-To", strings.Join(all, ",\n "), Marked)
	e.Prepend("X-Envelope-From", facts.Quote(s.Sender), Free)
	e.Add("Received", ReceivedBody(s), Marked)
	e.Delete("Return-Path")
	return e
}

// summary is the spam state of all recipients together.
type summary struct {
	s            Settings
	black, white bool
	tag2, kill   bool
	least, most  *float64
	level        [3]*float64 // least tag, tag2 and kill level
	tests        []string
	provided     map[string]bool
}

func summarize(s Settings, rcpts []Recipient) *summary {
	h := &summary{s: s, provided: map[string]bool{}}
	tests := map[string]bool{}
	lower := func(to **float64, v *float64) {
		if v != nil && (*to == nil || *v < **to) {
			*to = v
		}
	}
	for _, r := range rcpts {
		tag, tag2, kill := r.in(rules.Clean, 1), r.in(rules.Spammy, 0), r.in(rules.Spam, 0)
		if !r.BypassSpam && (tag || tag2 || kill) {
			lower(&h.level[0], r.TagLevel)
			lower(&h.level[1], r.Tag2Level)
			lower(&h.level[2], r.KillLevel)
		}
		lower(&h.least, r.Score)
		if r.Score != nil && (h.most == nil || *r.Score > *h.most) {
			h.most = r.Score
		}
		h.black, h.white = h.black || r.Blacklisted, h.white || r.Whitelisted
		h.tag2, h.kill = h.tag2 || tag2, h.kill || kill
		for _, t := range r.Tests {
			tests[t] = true
		}
	}
	for t := range tests {
		h.tests = append(h.tests, t)
	}
	sort.Strings(h.tests)
	return h
}

func (h *summary) fields(e *Edits) {
	add := func(name, body string, fold Folding, when bool) {
		if !h.s.ours(name) {
			return
		}
		h.provided[strings.ToLower(name)] = true
		if when {
			e.Add(name, body, fold)
		}
	}
	flag, yes := "NO", "No"
	if h.tag2 {
		flag = "YES"
	}
	if h.tag2 || h.kill {
		yes = "Yes"
	}
	score := Number(h.least)
	if most := Number(h.most); most != score {
		score += ".." + most
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s,\n score=%s\n tag=%s\n tag2=%s\n kill=%s\n ", yes, score, Number(h.level[0]), Number(h.level[1]), Number(h.level[2]))
	listed(&b, h.black, h.white)
	fmt.Fprintf(&b, "tests=[%s]\n autolearn=%s", strings.Join(h.tests, ",\n "), h.s.autolearn())
	add("X-Spam-Flag", flag, Free, true)
	add("X-Spam-Score", clamped(h.most, h.black, h.white), Free, true)
	add("X-Spam-Level", scoreBar(h.s.StarChar, h.most, h.black, h.white), Free, h.s.StarChar != "")
	add("X-Spam-Status", b.String(), Marked, true)
	add("X-Spam-Report", "\n"+facts.Sanitize(h.s.SpamReport, true), Kept, h.s.SpamReport != "")
}
