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

// seven opens an archive with the program: a listing first, for quota and encrypted members, then everything else.
func (t *task) seven(p *mail.Part, cmd []string) (outcome, error) {
	entries, count := 0, 0
	var bytes int64
	var list []string
	anyEncrypted := false
	var e sevenEntry
	var hidden []string // names of encrypted members
	var places []int
	block := func() error {
		defer func() { e = sevenEntry{} }()
		switch {
		case strings.HasPrefix(e.attr, "D"):
		case e.encrypted && e.hasName:
			hidden, places = append(hidden, e.name), append(places, entries)
			if t.o.MaxFiles > 0 && len(hidden) > t.o.MaxFiles {
				return errTooMany{t.o.MaxFiles}
			}
		case e.hasName || e.hasSize:
			if entries++; t.o.MaxFiles > 0 && entries > t.o.MaxFiles {
				return errTooMany{t.o.MaxFiles}
			}
			if e.hasSize && e.size > 0 {
				list = append(list, e.name)
				bytes += e.size
				count++
			}
		}
		return nil
	}
	err := t.command(append(cmd[:len(cmd):len(cmd)], "l", "-slt", "-w"+t.dir, "--", p.Path), commandOptions{merge: true, each: func(s string) error {
		key, value, ok := strings.Cut(s, " = ")
		switch {
		case strings.TrimSpace(s) == "":
			return block()
		case !ok:
			if strings.HasPrefix(s, "ERROR:") && strings.Contains(s, " Can not open encrypted archive. Wrong password?") {
				p.Attribute("U")
				p.Attribute("C")
			}
		case key == "Path":
			e.name, e.hasName = value, true
		case key == "Size":
			if n, err := strconv.ParseInt(value, 10, 64); err == nil {
				e.size, e.hasSize = n, true
			}
		case key == "Attributes":
			e.attr = value
		case key == "Encrypted" && value == "+":
			e.encrypted, anyEncrypted = true, true
		}
		return nil
	}})
	if berr := block(); berr != nil && err == nil {
		err = berr
	}
	for i, s := range hidden {
		n, aerr := t.add(p, true, false)
		if aerr != nil {
			return kept, aerr
		}
		n.Placement = fmt.Sprintf("%s/%d", p.Placement, places[i])
		n.NameDeclared = []string{mime.Latin1(s)}
		n.Attribute("U")
		n.Attribute("C")
	}
	var exit *exitError
	if err != nil && !(errors.As(err, &exit) && exit.code == 1 && count > 0) {
		return kept, fmt.Errorf("no list of members: %w", err)
	}
	if count == 0 && bytes == 0 {
		return replaced, nil
	}
	if err := t.quota.check(bytes, "do_7zip-pre"); err != nil {
		return kept, err
	}
	if !anyEncrypted {
		list = nil
	}
	argv := append(cmd[:len(cmd):len(cmd)], "x", "-bd", "-y", "-w"+t.dir, "-o"+filepath.Join(t.dir, "7zip"), "--", p.Path)
	err = t.collect(p, append(argv, boundArgs(list)...), "7zip", "do_7zip", false, commandOptions{merge: true})
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
