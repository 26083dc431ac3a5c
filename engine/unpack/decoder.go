package unpack

import (
	"os"
	"path/filepath"
	"strings"

	"mavis/engine/mail"
)

// Decoder is an entry of @decoders: for parts of any of these short types call Do with Programs.
type Decoder struct {
	Types []string
	Do    string // such as "do_gunzip"
	// Programs are the alternatives of each program argument. After Resolve there is one full command each, or none.
	Programs [][]string
	call     func(t *task, p *mail.Part, d *Decoder) (outcome, error)
}

// command is the i-th program with its arguments, nil when it was not found.
func (d *Decoder) command(i int) []string {
	if i >= len(d.Programs) || len(d.Programs[i]) == 0 {
		return nil
	}
	return strings.Fields(d.Programs[i][0])
}

// Found tells what became of one entry: for the log at start and for lint.
type Found struct {
	Decoder  Decoder
	Type     string
	Internal bool     // needs no program
	Commands []string // programs found
	Tried    []string // programs looked for when none was found
	Backup   bool     // a former entry serves this type already
	Unknown  bool     // no such decoder here
}

// Resolve finds the programs along path ($path) as amavisd does: of each argument the first alternative that is there. An entry
// that names programs of which none is there is not active; an entry all of whose types are served already is dropped.
func Resolve(list []Decoder, path string) (active []Decoder, found []Found) {
	dirs := strings.Split(path, ":")
	served := map[string]bool{}
	for _, d := range list {
		if len(d.Types) == 0 {
			continue
		}
		var commands, tried []string
		var programs [][]string
		for _, alternatives := range d.Programs {
			c := FindProgram(alternatives, dirs)
			if c == "" {
				programs = append(programs, nil)
				if len(alternatives) > 0 {
					tried = append(tried, strings.Join(alternatives, ", "))
				}
				continue
			}
			programs = append(programs, []string{c})
			commands = append(commands, c)
		}
		r := d
		r.Programs, r.call = programs, calls[strings.TrimPrefix(d.Do, "Amavis::Unpackers::")]
		internal := len(d.Programs) == 0
		use := false
		for _, typ := range d.Types {
			f := Found{Decoder: r, Type: typ, Internal: internal, Commands: commands, Backup: served[typ], Unknown: r.call == nil}
			if r.call != nil && (internal || len(commands) > 0) {
				if !served[typ] {
					use = true
					served[typ] = true
				}
			} else {
				f.Tried = tried
			}
			found = append(found, f)
		}
		if use {
			active = append(active, r)
		}
	}
	return active, found
}

// FindProgram gives the first alternative that is an executable file, with its full path and its arguments; "" when none is.
func FindProgram(alternatives, dirs []string) string {
	for _, a := range alternatives {
		f := strings.Fields(a)
		if len(f) == 0 {
			continue
		}
		if filepath.IsAbs(f[0]) {
			if executable(f[0]) {
				return strings.Join(f, " ")
			}
			continue
		}
		if strings.Contains(f[0], "/") {
			continue
		}
		for _, dir := range dirs {
			if p := dir + "/" + f[0]; dir != "" && executable(p) {
				return p + strings.TrimPrefix(strings.Join(f, " "), f[0])
			}
		}
	}
	return ""
}

func executable(p string) bool {
	st, err := os.Stat(p)
	return err == nil && st.Mode().IsRegular() && st.Mode()&0o111 != 0
}

// decoderFor is the first decoder for any of the types.
func (t *task) decoderFor(short []string) *Decoder {
	if len(short) == 0 {
		return nil
	}
	for i := range t.o.Decoders {
		d := &t.o.Decoders[i]
		if d.call == nil {
			d.call = calls[strings.TrimPrefix(d.Do, "Amavis::Unpackers::")]
		}
		for _, typ := range d.Types {
			if d.call != nil && has(short, typ) {
				return d
			}
		}
	}
	return nil
}

type decodeFunc = func(t *task, p *mail.Part, d *Decoder) (outcome, error)

// calls are the decoders by the names that configurations give them.
var calls map[string]decodeFunc

func init() {
	calls = map[string]decodeFunc{
		"do_mime_decode": doMIME,
		"do_ascii":       doASCII,
		"do_uncompress":  doUncompress,
		"do_gunzip":      doGunzip,
		"do_7zip":        do7zip,
		"do_unzip":       doUnzip,
		"do_pax_cpio":    doPaxCpio,
		"do_ar":          doAr,
		"do_tnef":        doTNEF,
		"do_tnef_ext":    doTNEFProgram,
		"do_cabextract":  doCab,
		"do_unarj":       doArj,
		"do_unrar":       doRar,
		"do_lha":         doLha,
		"do_arc":         doArc,
		"do_zoo":         doZoo,
		"do_ole":         doOLE,
		"do_unstuff":     doStuffIt,
		"do_executable":  doExecutable,
	}
}
