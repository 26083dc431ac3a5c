package unpack

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"mavis/engine/mail"
)

var (
	rarMember   = regexp.MustCompile(`^ ?([* ])\s*\S+\s+(\d+)\s+(\d+)\s+(?:\d+%|-->|<--|<->)\s+\S+\s+\S+\s+\S+\s+(.*)`)
	rarEncHead  = regexp.MustCompile(`^Details: RAR [45], (?:SFX, )?encrypted headers`)
	rarTotal    = regexp.MustCompile(`^\s*(\d+)\s+(\d+)`)
	rarOldTable = regexp.MustCompile(`^\s+Size\s+Packed Ratio\s+Date\s+Time\s+Attr\s+CRC`)
	rarOldInfo  = regexp.MustCompile(`^\s+(\d+)\s+(\d+)\s+(?:\d+%|-->|<--|<->)`)
)

// doRar opens RAR with unrar or rar.
func doRar(t *task, p *mail.Part, d *Decoder) (outcome, error) { return t.rar(p, d.command(0), false) }

func (t *task) rar(p *mail.Part, cmd []string, sfx bool) (outcome, error) {
	if cmd == nil {
		return atomic, nil
	}
	l := rarListing{t: t, p: p}
	err := t.command(with(cmd, "v", "-c-", "-p-", "-idcdp", "--", p.Path), commandOptions{merge: true, each: t.counting(l.line)})
	var exit *exitError
	switch {
	case err == nil:
	case fatal(t, err) || !errors.As(err, &exit):
		return kept, err
	case exit.code == 3:
		p.Attribute("U")
	case exit.code == 1 && len(l.names) > 0:
	case l.hiddenNames:
	default:
		return kept, fmt.Errorf("no list of members: %w", err)
	}
	if m := rarTotal.FindStringSubmatch(l.last); m != nil {
		if n, _ := strconv.ParseInt(m[2], 10, 64); n > l.bytes {
			l.bytes = n
		}
	}
	if err := t.quota.check(l.bytes, "do_unrar-pre"); err != nil {
		return kept, err
	}
	if len(l.names) == 0 {
		if sfx {
			if l.hiddenNames {
				return kept, nil
			}
			return atomic, nil
		}
		p.Attribute("U")
	} else {
		dir := filepath.Join(t.dir, "rar") + "/"
		err := t.collect(p, with(cmd, "x", "-inul", "-ver", "-o-", "-kb", "-c-", "-p-", "-idcdp", "--", p.Path, dir), "rar", "do_unrar", true, commandOptions{merge: true, ok: anyCode})
		if err != nil {
			return kept, err
		}
	}
	if l.encrypted > 0 || l.hiddenNames {
		return kept, nil
	}
	return replaced, nil
}

// rarListing follows the table that unrar prints, of version 5 or older.
type rarListing struct {
	t           *task
	p           *mail.Part
	rules       int // lines of hyphens seen
	old         bool
	lines       int
	pending     string
	hasPending  bool
	names       []string
	bytes       int64
	encrypted   int
	hiddenNames bool
	last        string
}

func (l *rarListing) line(s string) error {
	if strings.TrimSpace(s) != "" {
		l.last = s
	}
	switch {
	case l.rules >= 2 || l.hiddenNames:
	case strings.HasPrefix(s, "------"):
		l.rules++
	case l.rules == 0:
		if rarEncHead.MatchString(s) {
			l.hiddenNames = true
		}
		if l.hiddenNames || strings.HasPrefix(s, "Encrypted file:") {
			l.p.Attribute("U")
			l.p.Attribute("C")
		}
		l.old = l.old || rarOldTable.MatchString(s)
	case l.old:
		return l.oldLine(s)
	default:
		if m := rarMember.FindStringSubmatch(s); m != nil {
			return l.member(m[4], m[2], m[1] == "*")
		}
	}
	return nil
}

// oldLine: the name stands on one line, the sizes on the next.
func (l *rarListing) oldLine(s string) error {
	if l.lines++; l.lines%2 == 1 {
		if s == "" {
			return nil
		}
		l.pending, l.hasPending = s[1:], true
		if s[0] == '*' {
			l.hasPending = false
			return l.member(s[1:], "0", true)
		}
		return nil
	}
	if m := rarOldInfo.FindStringSubmatch(s); m != nil && l.hasPending {
		l.hasPending = false
		return l.member(l.pending, m[1], false)
	}
	return nil
}

func (l *rarListing) member(name, size string, encrypted bool) error {
	if encrypted {
		l.encrypted++
		return l.t.phantom(l.p, name, l.encrypted)
	}
	if n, _ := strconv.ParseInt(size, 10, 64); n > 0 {
		l.bytes = plus(l.bytes, n)
		l.names = append(l.names, name)
	}
	return nil
}
