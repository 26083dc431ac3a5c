package explain

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

// Suite is a file of cases that a configuration must meet. Its comment may name configuration files ("config: PATH", from
// the folder of the suite). Sections named *.conf are configuration files too, *.eml are mails; all others are cases.
type Suite struct {
	Config []string // files to read, from the comment
	Files  []File   // configuration files in the suite, which come after those
	Cases  []Named
}

// File is a section of a suite.
type File struct {
	Name string
	Data []byte
}

// sections reads the txtar format: text up to the first line "-- NAME --", then sections under such lines.
func sections(text string) (comment string, files []File) {
	var data strings.Builder
	end := func() {
		if len(files) == 0 {
			comment = data.String()
		} else {
			files[len(files)-1].Data = []byte(data.String())
		}
		data.Reset()
	}
	for line := range strings.Lines(text) {
		bare := strings.TrimRight(line, "\r\n")
		name, starts := strings.CutPrefix(bare, "-- ")
		name, ends := strings.CutSuffix(name, " --")
		if name = strings.TrimSpace(name); starts && ends && name != "" {
			end()
			files = append(files, File{Name: name})
			continue
		}
		data.WriteString(line)
	}
	end()
	return comment, files
}

// Named is a case with its name and what must come of it.
type Named struct {
	Name   string
	Case   Case
	Expect string
}

// ParseSuite reads a suite. folder is where its paths start; read reads a mail that is no section.
func ParseSuite(text []byte, folder string, read func(string) ([]byte, error)) (*Suite, error) {
	comment, files := sections(string(text))
	s := &Suite{}
	for line := range strings.Lines(comment) {
		if path, ok := strings.CutPrefix(line, "config:"); ok {
			s.Config = append(s.Config, rooted(folder, strings.TrimSpace(path)))
		}
	}
	mails := map[string][]byte{}
	for _, f := range files {
		if strings.HasSuffix(f.Name, ".eml") {
			mails[f.Name] = f.Data
		}
	}
	get := func(name string) ([]byte, error) {
		if m, ok := mails[name]; ok {
			return m, nil
		}
		return read(rooted(folder, name))
	}
	for _, f := range files {
		switch {
		case strings.HasSuffix(f.Name, ".conf"):
			s.Files = append(s.Files, f)
		case strings.HasSuffix(f.Name, ".eml"):
		default:
			n, err := parseCase(f, get)
			if err != nil {
				return nil, fmt.Errorf("case %s: %w", f.Name, err)
			}
			s.Cases = append(s.Cases, n)
		}
	}
	if len(s.Cases) == 0 {
		return nil, fmt.Errorf("there are no cases")
	}
	return s, nil
}

func rooted(folder, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(folder, path)
}

func parseCase(f File, read func(string) ([]byte, error)) (Named, error) {
	n := Named{Name: f.Name, Case: Case{From: "alice@sender.example", ClientIP: "192.0.2.25"}}
	var expect []string
	for i, line := range strings.Split(string(f.Data), "\n") {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, value, ok := strings.Cut(line, ":")
		if value = strings.TrimSpace(value); !ok {
			return n, fmt.Errorf("line %d: %q is not KEY: VALUE", i+1, line)
		}
		var err error
		switch strings.TrimSpace(key) {
		case "from":
			n.Case.From = strings.Trim(value, "<>")
		case "to":
			for _, to := range strings.Split(value, ",") {
				n.Case.To = append(n.Case.To, strings.Trim(strings.TrimSpace(to), "<>"))
			}
		case "client-ip":
			n.Case.ClientIP = value
		case "port":
			n.Case.Port = value
		case "mail":
			n.Case.Mail, err = read(value)
		case "virus":
			n.Case.Virus = value
		case "spam-score":
			n.Case.Score, err = strconv.ParseFloat(value, 64)
		case "banned":
			n.Case.Banned = append(n.Case.Banned, value)
		case "expect":
			if _, err = ParseExpect(value); err == nil {
				expect = append(expect, value)
			}
		default:
			err = fmt.Errorf("unknown key %q: want from, to, client-ip, port, mail, virus, spam-score, banned or expect", key)
		}
		if err != nil {
			return n, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	switch n.Expect = strings.Join(expect, ","); {
	case len(n.Case.To) == 0:
		return n, fmt.Errorf("line %q is missing", "to:")
	case n.Expect == "":
		return n, fmt.Errorf("line %q is missing", "expect:")
	}
	return n, nil
}
