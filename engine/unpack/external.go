package unpack

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"mavis/engine/mail"
	"mavis/engine/mime"
)

// The decoders of this file lean on programs. All follow one plan: a listing first, for the quota and for encrypted members,
// then extraction into a folder of its own, from where files are renamed to parts.

// with appends arguments to a command without touching its array.
func with(cmd []string, args ...string) []string {
	return append(cmd[:len(cmd):len(cmd)], args...)
}

// alias gives the part's file another name beside it, for programs that look at suffixes.
func (t *task) alias(p *mail.Part, suffix string) (path string, remove func(), err error) {
	path = p.Path + suffix
	if err := os.Symlink(p.Path, path); err != nil {
		return "", nil, &HostError{err}
	}
	return path, func() { _ = os.Remove(path) }, nil
}

// phantom is a part that has only a name: an encrypted member.
func (t *task) phantom(p *mail.Part, name string, item int) error {
	n, err := t.add(p, true, false)
	if err != nil {
		return err
	}
	n.Placement = fmt.Sprintf("%s/%d", p.Placement, item)
	n.NameDeclared = []string{mime.Latin1(name)}
	n.Attribute("U")
	n.Attribute("C")
	return nil
}

// counting ends a listing that has more lines than there may be files.
func (t *task) counting(each func(s string) error) func(s string) error {
	n := 0
	return func(s string) error {
		if n++; t.o.MaxFiles > 0 && n > t.o.MaxFiles+20 {
			return errTooMany{t.o.MaxFiles}
		}
		return each(s)
	}
}

var cabLine = regexp.MustCompile(`^\s*(\d+)\s*\|[^|]*\|\s(.*)$`)

// doCab opens Microsoft cabinets with cabextract.
func doCab(t *task, p *mail.Part, d *Decoder) (outcome, error) {
	cmd := d.command(0)
	if cmd == nil {
		return atomic, nil
	}
	err := t.command(with(cmd, "-l", p.Path), commandOptions{ok: anyCode, each: t.sizes(cabLine, "do_cabextract-pre")})
	if err != nil {
		return kept, err
	}
	dir := filepath.Join(t.dir, "cab")
	if err := t.collect(p, with(cmd, "-q", "-d", dir, p.Path), "cab", "do_cabextract", true, commandOptions{ok: anyCode}); err != nil {
		return kept, err
	}
	return replaced, nil
}

// sizes adds up the first group of each line that matches and checks the sum against the quota.
func (t *task) sizes(line *regexp.Regexp, by string) func(string) error {
	var total int64
	return t.counting(func(s string) error {
		if m := line.FindStringSubmatch(s); m != nil {
			n, _ := strconv.ParseInt(m[1], 10, 64)
			total = plus(total, n)
			return t.quota.check(total, by)
		}
		return nil
	})
}

var (
	arjTotal     = regexp.MustCompile(`^\s*(\d+)\s*files\s*(\d+)`)
	arjEncrypted = regexp.MustCompile(`^(Extracting.*\bBad file data or bad password|File is password encrypted, Skipped)\b`)
	arjSkipped   = regexp.MustCompile(`(\bexists|^File is password encrypted|^Unsupported .*), Skipped\b`)
)

// doArj opens ARJ with arj or unarj.
func doArj(t *task, p *mail.Part, d *Decoder) (outcome, error) { return t.arj(p, d.command(0), false) }

func (t *task) arj(p *mail.Part, cmd []string, sfx bool) (outcome, error) {
	if cmd == nil {
		return atomic, nil
	}
	fn, remove, err := t.alias(p, ".arj")
	if err != nil {
		return kept, err
	}
	defer remove()
	undecipherable := func() {
		if !sfx {
			p.Attribute("U")
		}
	}
	env := []string{"ARJ_SW=-i -jo -b5 -2h -jyc -ja1 -gsecret -w" + t.dir}
	last := ""
	err = t.command(with(cmd, "l", fn), commandOptions{merge: true, env: env, ok: []int{0, 1, 3}, each: t.counting(func(s string) error {
		if strings.TrimSpace(s) != "" {
			last = s
		}
		return nil
	})})
	if err != nil {
		undecipherable()
		return kept, fmt.Errorf("no ARJ archive: %w", err)
	}
	m := arjTotal.FindStringSubmatch(last)
	if m == nil {
		if !strings.Contains(last, "is not an ARJ archive") {
			undecipherable()
		}
		return kept, fmt.Errorf("no total in the listing: %.100q", last)
	}
	total, _ := strconv.ParseInt(m[2], 10, 64)
	if err := t.quota.check(total, "do_unarj-pre"); err != nil {
		return kept, err
	}
	encrypted, skipped := 0, 0
	err = t.collect(p, with(cmd, "e", fn), "arj", "do_unarj", true, commandOptions{dir: filepath.Join(t.dir, "arj"), merge: true, env: env, each: t.counting(func(s string) error {
		if arjEncrypted.MatchString(s) {
			encrypted++
		}
		if arjSkipped.MatchString(s) {
			skipped++
		}
		return nil
	})})
	var exit *exitError
	if errors.As(err, &exit) && (exit.code == 1 || exit.code == 3) {
		if exit.code == 3 {
			undecipherable()
		}
		err = nil
	}
	if encrypted+skipped > 0 {
		p.Attribute("U")
	}
	if encrypted > 0 {
		p.Attribute("C")
	}
	switch {
	case err != nil:
		return kept, err
	case encrypted+skipped > 0:
		return kept, nil
	}
	return replaced, nil
}

var (
	lhaMember  = regexp.MustCompile(`^(?:\S+\s+\d+/\d+|.{23})(?:\s+\S+){5}\s*(\S.*?)\s*$`)
	lhaTrouble = regexp.MustCompile(`^LHa: (Warning|Fatal error): `)
)

// doLha opens LHA with lha, member by member.
func doLha(t *task, p *mail.Part, d *Decoder) (outcome, error) {
	cmd := d.command(0)
	if cmd == nil {
		return atomic, nil
	}
	fn, remove, err := t.alias(p, ".exe")
	if err != nil {
		return kept, err
	}
	defer remove()
	var names []string
	bad := ""
	err = t.command(with(cmd, "lq", fn), commandOptions{merge: true, each: t.counting(func(s string) error {
		if strings.HasSuffix(s, "/") {
			return nil
		}
		if lhaTrouble.MatchString(s) {
			bad = s
		} else if m := lhaMember.FindStringSubmatch(s); m != nil {
			if i := strings.LastIndex(m[1], " -> "); i >= 0 {
				m[1] = m[1][:i]
			}
			names = append(names, m[1])
		}
		return nil
	})})
	switch {
	case err != nil:
		return kept, err
	case bad != "":
		return kept, fmt.Errorf("%.100s", bad)
	case len(names) == 0:
		p.Attribute("U")
		return kept, errors.New("no members")
	}
	if err := t.store(p, names, with(cmd, "pq", fn), "do_lha"); err != nil {
		return kept, err
	}
	return replaced, nil
}

// store has a program print each member into a part of its own.
func (t *task) store(p *mail.Part, names, cmd []string, by string) error {
	item := 0
	var first error
	for _, s := range names {
		if s == "" || strings.HasSuffix(s, "/") || strings.ContainsRune(s, 0) {
			continue
		}
		n, err := t.add(p, true, false)
		if err != nil {
			return err
		}
		item++
		n.Placement = fmt.Sprintf("%s/%d", p.Placement, item)
		n.NameDeclared = []string{mime.Latin1(s)}
		w, err := t.create(n, copying)
		if err != nil {
			return err
		}
		err = t.command(with(cmd, s), commandOptions{stdout: w})
		if cerr := w.Close(); cerr != nil {
			return cerr
		}
		if err != nil && fatal(t, err) {
			return err
		}
		if first == nil {
			first = err
		}
	}
	return first
}

// doArc opens ARC with nomarch or arc.
func doArc(t *task, p *mail.Part, d *Decoder) (outcome, error) {
	cmd := d.command(0)
	if cmd == nil {
		return atomic, nil
	}
	list, get := []string{"ln", p.Path}, []string{"p", p.Path}
	if strings.Contains(strings.ToLower(cmd[0]), "nomarch") {
		list, get = []string{"-l", "-U", p.Path}, []string{"-p", "-U", p.Path}
	}
	var names []string
	err := t.command(with(cmd, list...), commandOptions{ok: anyCode, each: t.counting(func(s string) error {
		if f := strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '\t' || r == '\r' }); len(f) > 0 && s[0] != ' ' {
			names = append(names, f[0])
		}
		return nil
	})})
	if err != nil {
		return kept, err
	}
	if err := t.store(p, names, with(cmd, get...), "do_arc"); err != nil && fatal(t, err) {
		return kept, err
	}
	return replaced, nil
}

var (
	zooMember = regexp.MustCompile(`^\s*(\d+)(?:\s+\S+){6}\s+(?:[0-7]{3,})?\s*(.*)$`)
	unzooName = regexp.MustCompile(`(?i)\bunzoo[^/]*$`)
)

// doZoo opens ZOO with zoo or unzoo.
func doZoo(t *task, p *mail.Part, d *Decoder) (outcome, error) {
	cmd := d.command(0)
	if cmd == nil {
		return atomic, nil
	}
	fn, remove, err := t.alias(p, ".zoo")
	if err != nil {
		return kept, err
	}
	defer remove()
	unzoo := unzooName.MatchString(cmd[0])
	list := "l"
	if unzoo {
		list = "-l"
	}
	var names []string
	var bytes int64
	rules := 0
	err = t.command(with(cmd, list, fn), commandOptions{merge: true, each: t.counting(func(s string) error {
		if strings.HasPrefix(s, "------") {
			rules++
		} else if m := zooMember.FindStringSubmatch(s); m != nil && rules == 1 {
			if n, _ := strconv.ParseInt(m[1], 10, 64); n > 0 {
				bytes = plus(bytes, n)
				names = append(names, m[2])
			}
		}
		return t.quota.check(bytes, "do_zoo-pre")
	})})
	if err != nil {
		return kept, fmt.Errorf("no list of members: %w", err)
	}
	if unzoo {
		err = t.collect(p, with(cmd, "-x", "-j", "X", fn, "*;*"), "zoo", "do_zoo", true, commandOptions{dir: filepath.Join(t.dir, "zoo"), merge: true, ok: anyCode})
	} else {
		err = t.store(p, names, with(cmd, "xpqqq:", fn), "do_zoo")
	}
	if err != nil && fatal(t, err) {
		return kept, err
	}
	if len(names) > 0 { // the original leaves a zoo with members where it is
		return atomic, nil
	}
	return replaced, nil
}

// doTNEFProgram opens TNEF with tnef.
func doTNEFProgram(t *task, p *mail.Part, d *Decoder) (outcome, error) {
	cmd := d.command(0)
	if cmd == nil {
		return atomic, nil
	}
	size := strconv.FormatInt(max(10<<10, t.quota.left()), 10)
	dir := filepath.Join(t.dir, "tnef")
	err := t.collect(p, with(cmd, "--number-backups", "-x", size, "-C", dir, "-f", p.Path), "tnef", "do_tnef_ext", true, commandOptions{merge: true, ok: anyCode})
	if err != nil {
		return kept, err
	}
	return replaced, nil
}

// doOLE takes embedded objects out of documents with ripole; the document always stays.
func doOLE(t *task, p *mail.Part, d *Decoder) (outcome, error) {
	cmd := d.command(0)
	if cmd == nil {
		return atomic, nil
	}
	dir := filepath.Join(t.dir, "ole")
	return kept, t.collect(p, with(cmd, "-v", "-i", p.Path, "-d", dir), "ole", "do_ole", true, commandOptions{merge: true, ok: anyCode})
}

// doStuffIt opens what unstuff opens.
func doStuffIt(t *task, p *mail.Part, d *Decoder) (outcome, error) {
	cmd := d.command(0)
	if cmd == nil {
		return atomic, nil
	}
	dir := filepath.Join(t.dir, "unstuff")
	if err := t.collect(p, with(cmd, "-d="+dir, p.Path), "unstuff", "do_unstuff", true, commandOptions{merge: true, ok: anyCode}); err != nil {
		return kept, err
	}
	return replaced, nil
}

// doExecutable tries whether a program is a self-extracting archive: RAR, then ARJ. Programs are unrar, lha (not used,
// as in the original) and unarj.
func doExecutable(t *task, p *mail.Part, d *Decoder) (outcome, error) {
	before := t.last
	if cmd := d.command(0); cmd != nil {
		res, err := t.rar(p, cmd, true)
		if err != nil && fatal(t, err) {
			return kept, err
		}
		if err == nil && res != atomic || t.last > before {
			return kept, nil
		}
	}
	if cmd := d.command(2); cmd != nil {
		res, err := t.arj(p, cmd, true)
		if err != nil && fatal(t, err) {
			return kept, err
		}
		if err == nil && res != atomic || t.last > before {
			return kept, nil
		}
	}
	return atomic, nil
}
