package av

import (
	"context"
	"errors"
	"strings"

	"mavis/engine/program"
	"mavis/rules"
)

// runner chooses how an entry is run; nil when it cannot be: its program is not on this host.
func (s *Scanner) runner(e *rules.Scanner) func(context.Context, Job) answer {
	if e.Call == "" && e.CallCode == nil {
		command, ok := program.Find(e.Programs, s.Path)
		if !ok {
			return nil
		}
		return func(ctx context.Context, job Job) answer { return s.command(ctx, e, command, job) }
	}
	if e.Call != "ask_daemon" || e.CallCode != nil {
		return func(context.Context, Job) answer {
			return answer{err: errors.New("scanner code " + e.Call + " is not supported")}
		}
	}
	return func(ctx context.Context, job Job) answer { return s.daemon(ctx, e, job) }
}

// each runs ask once for the folder, or once for each file when the template names files, and sums up.
func each(ctx context.Context, e *rules.Scanner, template string, job Job, ask func(context.Context, string) (reply, error)) answer {
	var a answer
	files := job.Files
	if !strings.Contains(template, "*") {
		files = files[:1]
	}
	for _, f := range files {
		r, err := ask(ctx, expand(template, job.Folder, f))
		if err != nil {
			return answer{err: err}
		}
		if !a.take(e, r) {
			return a
		}
	}
	return a
}

// take adds one reply; false ends the scan because of an error.
func (a *answer) take(e *rules.Scanner, r reply) bool {
	infected, clean, names, err := judge(e, r)
	switch {
	case err != nil:
		a.err = err
		return false
	case infected:
		a.infected, a.conclusive = true, true
		a.names = append(a.names, names...)
		if len(a.names) == 0 {
			a.names = []string{""}
		}
		a.output += strings.TrimSuffix(r.output, "\n") + "\n"
	case clean:
		a.conclusive = true
	}
	return true
}

// expand fills a daemon's query: {} is the folder, {}/* and * are a file's full and base name.
func expand(template, folder, file string) string {
	var b strings.Builder
	for i := 0; i < len(template); {
		switch rest := template[i:]; {
		case strings.HasPrefix(rest, "{}/*"):
			b.WriteString(folder + "/" + file)
			i += 4
		case strings.HasPrefix(rest, "{}"):
			b.WriteString(folder)
			i += 2
		case rest[0] == '*':
			b.WriteString(file)
			i++
		default:
			b.WriteByte(rest[0])
			i++
		}
	}
	return b.String()
}
