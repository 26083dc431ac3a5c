package lint

import (
	"errors"
	"io/fs"
	"path"
	"strings"

	"mavis/perlconf/diag"
	"mavis/perlconf/source"
)

// onlyHost is why a rule about this machine has no example.
const onlyHost = "it depends on the machine: mavis lint --host looks"

// absent says that nothing is at a path of this machine. A path that cannot be looked at counts as there.
func (p *Pass) absent(name string) bool {
	_, err := p.Machine.Stat(name)
	return errors.Is(err, fs.ErrNotExist)
}

// folder says that a path of this machine is a folder, as far as it can be looked at.
func (p *Pass) folder(name string) bool {
	info, err := p.Machine.Stat(name)
	return err != nil && !errors.Is(err, fs.ErrNotExist) || err == nil && info.IsDir()
}

// installed says that a program, which may carry arguments, is in $path of the configuration.
func (p *Pass) installed(program string) bool {
	name, _, _ := strings.Cut(program, " ")
	if strings.HasPrefix(name, "/") {
		return !p.absent(name)
	}
	for _, dir := range p.Config.Paths.Search {
		if dir != "" && !p.absent(path.Join(dir, name)) {
			return true
		}
	}
	return false
}

// account looks a name up in /etc/passwd or /etc/group; known is false where the file cannot be read. The fields are
// those of its line.
func (p *Pass) account(file, name string) (fields []string, known bool) {
	text, err := p.Machine.ReadFile(file)
	if err != nil || strings.Contains(string(text), "\n+") { // entries from elsewhere
		return nil, false
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Split(strings.TrimSpace(line), ":"); f[0] == name {
			return f, true
		}
	}
	return nil, true
}

func scannerSocketAbsent() Rule {
	return Rule{
		Code: "S305", Name: "scanner-socket-absent", Severity: diag.Warning,
		Summary: "the socket of a virus scanner is not there on this machine",
		Page: Page{
			What:      "None of the Unix sockets of an entry in @av_scanners is there. It is looked for with --host only.",
			Why:       "The scanner cannot be asked: its daemon does not run, or listens elsewhere. Mail is left to the backup scanners, or waits.",
			Fix:       "Start the daemon, or write the path that it listens at (LocalSocket in clamd.conf).",
			NoExample: onlyHost,
		},
		Check: func(p *Pass) {
			if p.Machine == nil || p.bypassedEverywhere() {
				return
			}
			for _, s := range p.Config.Base().AVScanners() {
				unix, there := "", false
				for _, socket := range s.Sockets {
					_, file, _ := strings.Cut(socket, "/")
					if !strings.Contains(socket, "/") {
						there = true // on the network
						continue
					}
					unix = "/" + file
					there = there || !p.absent(unix)
				}
				if unix != "" && !there {
					p.Report(s.Origin, "scanner %s: there is no socket %s", quoted(s.Name), unix).Help = "start its daemon, or correct the path"
				}
			}
		},
	}
}

// bypassedEverywhere says that no mail is checked for viruses.
func (p *Pass) bypassedEverywhere() bool {
	for _, l := range p.layers() {
		r, ok := find(l.policy, "bypass_virus_checks_maps", someone)
		if !ok || !r.Bool() {
			return false
		}
	}
	return true
}

func folderAbsent() Rule {
	return Rule{
		Code: "D308", Name: "folder-absent", Severity: diag.Warning,
		Summary: "a folder of the configuration is not there on this machine",
		Page: Page{
			What: "$MYHOME, $TEMPBASE or $QUARANTINEDIR names a folder that does not exist, or something that is no folder. It is looked for " +
				"with --host only.",
			Why: "Without $MYHOME or $TEMPBASE no mail can be taken in. A $QUARANTINEDIR that is no folder is written to as one mailbox file " +
				"that grows with every mail held.",
			Fix:       "Make the folder, and give it to the daemon's user: install -d -o amavis -g amavis -m 750 FOLDER.",
			NoExample: onlyHost,
		},
		Check: func(p *Pass) {
			if p.Machine == nil {
				return
			}
			told := map[string]bool{}
			for _, f := range []struct{ name, path string }{{"$MYHOME", p.Config.Paths.Home}, {"$TEMPBASE", p.Config.Paths.Temp},
				{"$QUARANTINEDIR", p.Config.Paths.Quarantine}} {
				if f.path == "" || told[f.path] || p.folder(f.path) {
					continue
				}
				told[f.path] = true
				d := p.Report(p.origin(f.name), "%s: there is no folder %s", f.name, f.path)
				d.Help = "make it, and give it to " + p.Config.Identity.User
				if f.name == "$QUARANTINEDIR" {
					d.Message += "; mail is held in one file of that name"
				}
			}
		},
	}
}

func userAbsent() Rule {
	return Rule{
		Code: "D309", Name: "user-absent", Severity: diag.Warning,
		Summary: "the daemon's user or group is not there on this machine",
		Page: Page{
			What:      "$daemon_user is not in /etc/passwd, or a group of $daemon_group or @daemon_groups not in /etc/group. It is looked for with --host only.",
			Why:       "The daemon does not start.",
			Fix:       "Create the user, or name the one that the package created: amavis, vscan, amavisd.",
			NoExample: onlyHost,
		},
		Check: func(p *Pass) {
			if p.Machine == nil {
				return
			}
			check := func(file, kind, name string, at source.Span) {
				if name == "" || strings.Trim(name, "0123456789") == "" {
					return
				}
				if fields, known := p.account(file, name); known && fields == nil {
					p.Report(at, "there is no %s %s on this machine", kind, name).Help = "create it, or correct the name"
				}
			}
			check("/etc/passwd", "user", p.Config.Identity.User, p.origin("$daemon_user"))
			for _, g := range p.Config.Identity.Groups {
				check("/etc/group", "group", g, p.origin("$daemon_group", "@daemon_groups"))
			}
		},
	}
}
