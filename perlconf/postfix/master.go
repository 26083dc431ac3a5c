package postfix

import (
	"strings"

	"mavis/perlconf/diag"
	"mavis/perlconf/source"
)

// Master is master.cf. A nil *Master has no services.
type Master struct {
	File     *source.File
	Services []Service // in order; of those with the same name and type the last one, at its own place
}

// Service is one entry of master.cf.
type Service struct {
	Name, Type string // "127.0.0.1:10025", "inet"
	// Private, Unprivileged, Chroot, Wakeup and MaxProc are as written; "-" is the default.
	Private, Unprivileged, Chroot, Wakeup, MaxProc string
	Command                                        string // such as "smtpd"
	Args                                           []Word // all that follows the command, options among them
	Options                                        []Setting
	At                                             source.Span // of the name
	MaxProcAt                                      source.Span
	Span                                           source.Span // of the whole entry
}

// Word is one argument. Braces around it are taken off.
type Word struct {
	Text string
	Span source.Span
}

// Option gives the -o that counts for a parameter: the last one.
func (s *Service) Option(name string) (Setting, bool) {
	for i := len(s.Options) - 1; i >= 0; i-- {
		if s.Options[i].Name == name {
			return s.Options[i], true
		}
	}
	return Setting{}, false
}

// Find gives the service of a name and type, nil when there is none.
func (m *Master) Find(name, typ string) *Service {
	if m == nil {
		return nil
	}
	for i := range m.Services {
		if s := &m.Services[i]; s.Name == name && s.Type == typ {
			return s
		}
	}
	return nil
}

const masterFields = 8

var (
	serviceTypes = map[string]bool{"inet": true, "unix": true, "unix-dgram": true, "fifo": true, "pass": true}
	yesNo        = map[string]bool{"y": true, "n": true, "-": true}
)

// ParseMaster reads master.cf. What is wrong goes into the bag.
func ParseMaster(f *source.File, bag *diag.Bag) *Master {
	if bag == nil {
		bag = &diag.Bag{}
	}
	m := &Master{File: f}
	rep := &reporter{bag: bag}
	seen := map[string]int{}
	for _, l := range lines(f, bag) {
		s, ok := parseService(f, &l, rep)
		if !ok {
			continue
		}
		key := s.Name + "\n" + s.Type
		if i, have := seen[key]; have {
			old := m.Services[i]
			rep.add(diag.Warning, CodeRepeated, old.At, []diag.Related{{Span: s.At, Message: "defined again here"}},
				"this service %s does not count: the last one does", s.Name)
			m.Services[i] = s
			continue
		}
		seen[key] = len(m.Services)
		m.Services = append(m.Services, s)
	}
	return m
}

// word is a stretch of a logical line.
type word struct{ from, to int }

// words splits at blanks outside of braces.
func words(text []byte) []word {
	var out []word
	for i := 0; i < len(text); {
		if isBlank(text[i]) {
			i++
			continue
		}
		start, level := i, 0
		for ; i < len(text) && (level > 0 || !isBlank(text[i])); i++ {
			switch text[i] {
			case '{':
				level++
			case '}':
				level = max(0, level-1)
			}
		}
		out = append(out, word{start, i})
	}
	return out
}

func parseService(f *source.File, l *logical, rep *reporter) (Service, bool) {
	all := words(l.text)
	if len(all) < masterFields {
		rep.add(diag.Error, CodeFields, l.span(f, 0, len(l.text)), nil,
			"%d fields; at least %d are wanted: name, type, private, unprivileged, chroot, wakeup, limit, command", len(all), masterFields)
		return Service{}, false
	}
	field := func(i int) string { return string(l.text[all[i].from:all[i].to]) }
	at := func(i int) source.Span { return l.span(f, all[i].from, all[i].to) }
	s := Service{Name: field(0), Type: field(1), Private: field(2), Unprivileged: field(3), Chroot: field(4), Wakeup: field(5),
		MaxProc: field(6), Command: field(7), At: at(0), MaxProcAt: at(6), Span: l.span(f, all[0].from, all[len(all)-1].to)}
	bad := func(i int, what string) (Service, bool) {
		rep.add(diag.Error, CodeField, at(i), nil, "%q is no %s; Postfix refuses this file", field(i), what)
		return s, false
	}
	switch {
	case !serviceTypes[s.Type]:
		return bad(1, "type of service")
	case !yesNo[s.Private]:
		return bad(2, "private field (y, n or -)")
	case !yesNo[s.Unprivileged]:
		return bad(3, "unprivileged field (y, n or -)")
	case !yesNo[s.Chroot]:
		return bad(4, "chroot field (y, n or -)")
	case s.Wakeup != "-" && !number(strings.TrimSuffix(s.Wakeup, "?")):
		return bad(5, "wakeup time")
	case s.MaxProc != "-" && !number(s.MaxProc):
		return bad(6, "limit of processes")
	}
	s.arguments(f, l, all[masterFields:], rep)
	return s, true
}

// arguments reads what follows the command. Options stand at its beginning: "-o NAME=VALUE", "-oNAME=VALUE",
// "-o { NAME = VALUE }"; the first word that is no option, or --, ends them.
func (s *Service) arguments(f *source.File, l *logical, list []word, rep *reporter) {
	options := true
	for i := 0; i < len(list); i++ {
		w := list[i]
		if l.text[w.from] == '{' {
			w = l.braces(f, w, rep)
		}
		text := string(l.text[w.from:w.to])
		s.Args = append(s.Args, Word{text, l.span(f, w.from, w.to)})
		switch {
		case !options:
		case text == "--" || !strings.HasPrefix(text, "-"):
			options = false
		case text == "-o" && i+1 < len(list):
			i++
			v := list[i]
			if l.text[v.from] == '{' {
				v = l.braces(f, v, rep)
			}
			s.Args = append(s.Args, Word{string(l.text[v.from:v.to]), l.span(f, v.from, v.to)})
			s.option(f, l, v)
		case len(text) > 2 && strings.HasPrefix(text, "-o"):
			s.option(f, l, word{w.from + 2, w.to})
		}
	}
}

func (s *Service) option(f *source.File, l *logical, w word) {
	if set, ok := l.setting(f, w.from, w.to); ok {
		s.Options = append(s.Options, set)
	}
}

// braces takes { and } and the blanks inside off a word.
func (l *logical) braces(f *source.File, w word, rep *reporter) word {
	end := closing(string(l.text[w.from:w.to]), 0)
	switch {
	case end < 0:
		rep.add(diag.Warning, CodeBrace, l.span(f, w.from, w.to), nil, "this { is not closed")
		end = w.to - w.from
	case end != w.to-w.from-1:
		rep.add(diag.Warning, CodeBrace, l.span(f, w.from, w.to), nil, "the text behind } is left out")
	}
	in := word{w.from + 1, w.from + end}
	for in.from < in.to && isBlank(l.text[in.from]) {
		in.from++
	}
	for in.to > in.from && isBlank(l.text[in.to-1]) {
		in.to--
	}
	return in
}

func number(s string) bool {
	if s == "" || len(s) > 9 {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
