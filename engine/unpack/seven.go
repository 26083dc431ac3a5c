package unpack

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"mavis/engine/mail"
	"mavis/engine/mime"
)

// sevenEntry is one block of 7-Zip's technical listing.
type sevenEntry struct {
	name, attr       string
	size             int64
	hasName, hasSize bool
	encrypted        bool
}

// sevenListing reads 7-Zip's technical listing line by line. A hostile archive can fill it with any name.
type sevenListing struct {
	p         *mail.Part
	max       int // of members, 0 is no limit
	e         sevenEntry
	entries   int
	count     int      // members with bytes
	bytes     int64    // of them
	list      []string // their names
	encrypted bool     // any
	hidden    []string // names of encrypted members
	places    []int    // where these stand
}

// block ends an entry.
func (l *sevenListing) block() error {
	e := l.e
	l.e = sevenEntry{}
	switch {
	case strings.HasPrefix(e.attr, "D"):
	case e.encrypted && e.hasName:
		l.hidden, l.places = append(l.hidden, e.name), append(l.places, l.entries)
		if l.max > 0 && len(l.hidden) > l.max {
			return errTooMany{l.max}
		}
	case e.hasName || e.hasSize:
		if l.entries++; l.max > 0 && l.entries > l.max {
			return errTooMany{l.max}
		}
		if e.hasSize && e.size > 0 {
			l.list = append(l.list, e.name)
			l.bytes = plus(l.bytes, e.size)
			l.count++
		}
	}
	return nil
}

func (l *sevenListing) line(s string) error {
	key, value, ok := strings.Cut(s, " = ")
	switch {
	case strings.TrimSpace(s) == "":
		return l.block()
	case !ok:
		if strings.HasPrefix(s, "ERROR:") && strings.Contains(s, " Can not open encrypted archive. Wrong password?") {
			l.p.Attribute("U")
			l.p.Attribute("C")
		}
	case key == "Path":
		l.e.name, l.e.hasName = value, true
	case key == "Size":
		if n, err := strconv.ParseInt(value, 10, 64); err == nil {
			l.e.size, l.e.hasSize = n, true
		}
	case key == "Attributes":
		l.e.attr = value
	case key == "Encrypted" && value == "+":
		l.e.encrypted, l.encrypted = true, true
	}
	return nil
}

// seven opens an archive with the program: a listing first, for quota and encrypted members, then everything else.
func (t *task) seven(p *mail.Part, cmd []string) (outcome, error) {
	l := sevenListing{p: p, max: t.o.MaxFiles}
	err := t.command(append(cmd[:len(cmd):len(cmd)], "l", "-slt", "-w"+t.dir, "--", p.Path), commandOptions{merge: true, each: l.line})
	if berr := l.block(); berr != nil && err == nil {
		err = berr
	}
	for i, s := range l.hidden {
		n, aerr := t.add(p, true, false)
		if aerr != nil {
			return kept, aerr
		}
		n.Placement = fmt.Sprintf("%s/%d", p.Placement, l.places[i])
		n.NameDeclared = []string{mime.Latin1(s)}
		n.Attribute("U")
		n.Attribute("C")
	}
	var exit *exitError
	if err != nil && !(errors.As(err, &exit) && exit.code == 1 && l.count > 0) {
		return kept, fmt.Errorf("no list of members: %w", err)
	}
	if l.count == 0 && l.bytes == 0 {
		return replaced, nil
	}
	if err := t.quota.check(l.bytes, "do_7zip-pre"); err != nil {
		return kept, err
	}
	if !l.encrypted {
		l.list = nil
	}
	argv := append(cmd[:len(cmd):len(cmd)], "x", "-bd", "-y", "-w"+t.dir, "-o"+filepath.Join(t.dir, "7zip"), "--", p.Path)
	err = t.collect(p, append(argv, boundArgs(l.list)...), "7zip", "do_7zip", false, commandOptions{merge: true})
	if err != nil && fatal(t, err) {
		return kept, err
	}
	return replaced, nil
}

// boundArgs keeps a list of arguments under what the system takes.
func boundArgs(list []string) []string {
	n := 0
	for i, s := range list {
		if n += len(s) + 9; n > 100<<10 {
			return list[:i]
		}
	}
	return list
}
