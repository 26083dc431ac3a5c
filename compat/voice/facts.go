// Package voice words what others read of a message, for the flow: replies, header fields, notices, bounces, log lines.
// It carries what the flow knows over to the packages that write.
package voice

import (
	"strings"
	"time"

	"mavis/compat/macro/facts"
	"mavis/engine/flow"
	"mavis/engine/mail"
	"mavis/perlconf/eval"
	"mavis/rules"
)

// message tells what macros may say of a task.
func message(t *flow.Task) *facts.Message {
	p, cfg := t.Policy, t.Policy.Config()
	m := &facts.Message{
		Trace: t.Trace, LogID: t.LogID, MailID: t.MailID, SecretID: t.Secret, PolicyBank: p.Path(), Hostname: p.Str("myhostname"),
		Received: t.Received, Elapsed: func() time.Duration { return time.Since(t.Received) },
		SMTPUTF8: t.Envelope.SMTPUTF8, Originating: t.Originating, Sender: mail.Quote(t.Sender), Actions: t.Actions,
		QueueID: t.Client.XIdent, Header: t.Header, CCats: t.Cats, Blocking: t.Blocking, CCatName: names(cfg),
		BodyDigest: t.BodyDigest, Quarantine: t.QuarantinedTo, QuarantineDir: cfg.Paths.Quarantine,
		BadHeaders: t.BadHeaders, Size: t.Size, Protocol: t.Client.Protocol, ClientAddr: t.ClientIP,
		ClientName: t.Client.XName, ClientHelo: t.Client.XHelo, ClientProto: t.Client.XProto, ClientPort: t.ClientPort,
		Supplementary: t.SpamInfo, SpamReport: t.SpamReport, SpamSummary: t.SpamSummary, StarChar: p.Str("sa_spam_level_char"),
		TestsLimit: int(eval.ToInt(cfg.Global('$', "macro_tests_sanity_limit"))),
	}
	if a := t.Client.Peer; a.IsValid() {
		m.PeerAddr = a.Addr().String()
	}
	if t.Virus != nil {
		m.AVOutput, m.Viruses, m.Scanners = t.Virus.Output, t.Virus.Names, t.Virus.Scanners
		if !t.Virus.Infected {
			m.AVOutput = t.Virus.Tentative
		}
		for _, r := range t.Virus.Results {
			if r.Answered {
				m.ScannerResults = append(m.ScannerResults, facts.ScannerResult{Name: r.Name, Infected: r.Infected, Viruses: r.Viruses})
			}
		}
	}
	for _, r := range t.Rcpts {
		m.Recips = append(m.Recips, recipient(t, r))
	}
	return m
}

func recipient(t *flow.Task, r *mail.Recipient) facts.Recipient {
	f := facts.Recipient{
		Addr: mail.Quote(r.Internal), Local: r.Local, Pass: r.Destiny == rules.Pass, Done: int(r.Done), Response: r.Reply, RemoteMTA: r.RemoteMTA,
		RemoteReply: r.RemoteReply, Tests: r.SpamTests, CCats: r.Cats, Blocking: r.Blocking, BypassSpam: r.BypassSpam, Notify: r.Notify,
		HeaderTagged: r.Tagged,
	}
	if r.SpamScored {
		score := r.SpamLevel
		f.Score = &score
	}
	for _, b := range r.Banned {
		if f.BannedShort == "" {
			f.BannedShort = b.Short
		}
		f.BannedParts, f.BannedAttrs = append(f.BannedParts, b.Path), append(f.BannedAttrs, b.Attrs)
		f.BannedKeys, f.BannedNotes = append(f.BannedKeys, b.Key), append(f.BannedNotes, b.Comment)
		f.BannedRHS = append(f.BannedRHS, b.Result)
	}
	if !r.BypassSpam {
		f.TagLevel, f.Tag2Level, f.KillLevel = level(t, r, "spam_tag_level_maps"), level(t, r, "spam_tag2_level_maps"), level(t, r, "spam_kill_level_maps")
	}
	return f
}

// level is a recipient's level from its tables; nil when undefined. A lookup that fails was reported when the decision asked.
func level(t *flow.Task, r *mail.Recipient, table string) *float64 {
	res, ok, err := t.Policy.Tables(table).Find(r.Query)
	if err != nil || !ok {
		return nil
	}
	n := res.Num()
	return &n
}

// names looks up %ccat_display_names of the configuration.
func names(cfg *rules.Config) func(rules.CCat) (string, bool) {
	table := cfg.GlobalMap("ccat_display_names")
	return func(c rules.CCat) (string, bool) {
		if v, ok := table.Get(c.Key()); ok {
			return eval.ToString(v), true
		}
		return facts.DefaultCCatName(c)
	}
}

// words is a text without the line ends it may come with.
func words(s string) string { return strings.TrimRight(s, "\r\n") }
