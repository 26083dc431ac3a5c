package load

import (
	"path"
	"strconv"
	"strings"

	"mavis/perlconf/eval"
)

// answer gives what a command would print, for the commands by which configurations ask for names and read small
// files: hostname, uname, dnsdomainname, hostnamectl, cat and head. Everything else is ErrRefused. A lookup that is
// not nil may ask further for the full form of the host's name.
func answer(host eval.Host, line string, lookup func(string) string) ([]byte, int, error) {
	words, ok := shellWords(line)
	if !ok || len(words) == 0 {
		return nil, -1, eval.ErrRefused
	}
	args := words[1:]
	switch strings.Join(append([]string{path.Base(words[0])}, args...), " ") {
	case "hostname", "uname -n", "uname --nodename", "hostnamectl --static", "hostnamectl hostname", "hostnamectl --static hostname":
		return nameLine(host.Hostname())
	case "hostname -s", "hostname --short":
		name, err := host.Hostname()
		name, _, _ = strings.Cut(name, ".")
		return nameLine(name, err)
	case "hostname -f", "hostname --fqdn", "hostname --long", "hostname -A":
		return nameLine(fullName(host, lookup))
	case "hostname -d", "hostname --domain", "dnsdomainname":
		name, err := fullName(host, lookup)
		_, domain, _ := strings.Cut(name, ".")
		return nameLine(domain, err)
	}
	switch path.Base(words[0]) {
	case "uname":
		return uname(host, args)
	case "cat":
		return files(host, args, -1)
	case "head":
		n := 10
		if len(args) > 0 && strings.HasPrefix(args[0], "-") && args[0] != "-" {
			count := strings.TrimPrefix(strings.TrimPrefix(args[0], "-n"), "-")
			args = args[1:]
			if count == "" && len(args) > 0 {
				count, args = args[0], args[1:]
			}
			var err error
			if n, err = strconv.Atoi(count); err != nil || n < 0 {
				return nil, -1, eval.ErrRefused
			}
		}
		if len(args) != 1 {
			return nil, -1, eval.ErrRefused
		}
		return files(host, args, n)
	}
	return nil, -1, eval.ErrRefused
}

func nameLine(name string, err error) ([]byte, int, error) {
	if err != nil || name == "" {
		return nil, 1, nil
	}
	return []byte(name + "\n"), 0, nil
}

// fullName is what hostname --fqdn finds: the first name on the line of /etc/hosts that holds the host's name, else
// what lookup says, else the name itself.
func fullName(host eval.Host, lookup func(string) string) (string, error) {
	name, err := host.Hostname()
	if err != nil {
		return "", err
	}
	hosts, _ := host.ReadFile("/etc/hosts") // a host without this file has no such line
	for line := range lines(string(hosts)) {
		line, _, _ = strings.Cut(line, "#")
		f := strings.Fields(line)
		for i := 1; i < len(f); i++ {
			if strings.EqualFold(f[i], name) {
				return f[1], nil
			}
		}
	}
	if lookup != nil {
		if full := lookup(name); full != "" {
			return full, nil
		}
	}
	return name, nil
}

// files joins files, each cut after n lines when n is not negative; the status is 1 when one cannot be read.
func files(host eval.Host, names []string, n int) ([]byte, int, error) {
	if len(names) == 0 {
		return nil, -1, eval.ErrRefused
	}
	var out []byte
	status := 0
	for _, name := range names {
		if strings.HasPrefix(name, "-") {
			return nil, -1, eval.ErrRefused
		}
		text, err := host.ReadFile(name)
		if err != nil {
			status = 1
			continue
		}
		if n >= 0 {
			left := n
			for i, c := range text {
				if left == 0 {
					text = text[:i]
					break
				}
				if c == '\n' {
					left--
				}
			}
		}
		out = append(out, text...)
	}
	return out, status, nil
}

// shellWords splits a simple command line: words, quotes, and a redirection of errors to /dev/null. Anything else that
// means something to a shell gives false.
func shellWords(line string) ([]string, bool) {
	var words []string
	var word strings.Builder
	in := false
	line = strings.TrimSpace(line)
	for _, drop := range []string{"2>/dev/null", "2> /dev/null"} {
		line = strings.TrimSpace(strings.TrimSuffix(line, drop))
	}
	for i := 0; i < len(line); i++ {
		switch c := line[i]; c {
		case ' ', '\t', '\n':
			if in {
				words = append(words, word.String())
				word.Reset()
				in = false
			}
		case '\'', '"':
			end := strings.IndexByte(line[i+1:], c)
			if end < 0 || c == '"' && strings.ContainsAny(line[i+1:i+1+end], "$`\\") {
				return nil, false
			}
			word.WriteString(line[i+1 : i+1+end])
			in = true
			i += end + 1
		case '$', '`', '\\', '|', '&', ';', '<', '>', '(', ')', '{', '}', '*', '?', '[', ']', '~', '#', '!':
			return nil, false
		default:
			word.WriteByte(c)
			in = true
		}
	}
	if in {
		words = append(words, word.String())
	}
	return words, true
}

// Answer gives what a command would print when no command needs to be run for it; else eval.ErrRefused.
func Answer(host eval.Host, line string) ([]byte, int, error) { return answer(host, line, nil) }
