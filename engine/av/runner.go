package av

import (
	"context"
	"fmt"
	"strings"

	"mavis/engine/program"
	"mavis/rules"
)

// runner chooses how an entry is run; nil when it cannot be: its program is not on this host.
func (s *Scanner) runner(e *rules.Scanner) func(context.Context, Job) answer {
	var run func(context.Context, Job) answer
	switch err := unusable(e); {
	case err != nil:
		return func(context.Context, Job) answer { return answer{err: err} }
	case e.CallCode != nil:
		return func(ctx context.Context, job Job) answer { return s.code(e, job) }
	case e.Call != "":
		run = func(ctx context.Context, job Job) answer { return s.daemon(ctx, e, job) }
	default:
		command, ok := program.Find(e.Programs, s.Path)
		if !ok {
			return nil
		}
		run = func(ctx context.Context, job Job) answer { return s.command(ctx, e, command, job) }
	}
	return run
}

// daemon holds the dialogue that the first socket's protocol names.
func (s *Scanner) daemon(ctx context.Context, e *rules.Scanner, job Job) (a answer) {
	if a.err = s.before(e, job); a.err != nil {
		return a
	}
	defer func() { s.after(e, job, &a) }()
	switch proto := dialogueOf(e); proto {
	case "clamd":
		s.batches(&a, e, job, func(files []string) ([]reply, error) {
			return s.persist(ctx, e, func(ctx context.Context, spec string) ([]reply, error) { return s.clamd(ctx, spec, job, files) })
		})
	case "sssp":
		s.batches(&a, e, job, func(files []string) ([]reply, error) {
			return s.persist(ctx, e, func(ctx context.Context, spec string) ([]reply, error) { return sssp(ctx, spec, files) })
		})
		if !a.infected {
			a.output = ""
		}
	case "savapi":
		s.batches(&a, e, job, func(files []string) ([]reply, error) {
			return s.persist(ctx, e, func(ctx context.Context, spec string) ([]reply, error) {
				return savapi(ctx, spec, job.Folder, extra(e), files)
			})
		})
	case "smtp", "lmtp":
		r, err := s.byMail(ctx, e)
		a.take(s, e, []string{"the message"}, r, err)
	default:
		keep := multiSession(e)
		s.each(&a, e, job, func(query string) ([]reply, error) {
			return s.persist(ctx, e, func(ctx context.Context, spec string) ([]reply, error) {
				if keep {
					return s.session(ctx, e, spec, query)
				}
				return converse(ctx, spec, query)
			})
		})
	}
	return a
}

// each runs ask once for the folder, or once for each file when the template names files, and sums up.
func (s *Scanner) each(a *answer, e *rules.Scanner, job Job, ask func(query string) ([]reply, error)) {
	template := strings.Join(e.Query, " ")
	files := job.Files
	whole := !strings.Contains(template, "*")
	if whole {
		files = files[:1]
	}
	for _, f := range files {
		query := expand(template, job.Folder, f)
		s.logf(3, "run_av Using (%s): (code) %s", e.Name, query)
		replies, err := ask(query)
		if clamdQuery.MatchString(query) {
			for i := range replies {
				if clamdError.MatchString(replies[i].output) {
					replies[i].broken = errUnread
				}
			}
		}
		name := f
		if whole {
			name = job.Folder
		}
		if !a.take(s, e, []string{name}, replies, err) {
			return
		}
	}
}

// batches runs ask with as many names as fit into one call of a program: the original's way for these dialogues.
func (s *Scanner) batches(a *answer, e *rules.Scanner, job Job, ask func(names []string) ([]reply, error)) {
	template := words(strings.Join(e.Query, " "))
	for rest := job.Files; len(rest) > 0; {
		names, n := arguments(template, 0, job.Folder, rest)
		done := rest[:n]
		rest = rest[n:]
		if !perFile(template) {
			done = []string{job.Folder}
		}
		s.logf(3, "run_av Using (%s): (code) %s", e.Name, strings.Join(names, " "))
		replies, err := ask(names)
		if len(replies) == 0 && err == nil {
			err = fmt.Errorf("nothing was asked: %q names no file", template)
		}
		if !a.take(s, e, done, replies, err) || a.infected && s.FirstInfectedStops && dialogueOf(e) == "clamd" {
			return
		}
	}
}

// expand fills a daemon's query: {} is the folder, {}/* and * are a file's full and base name.
func expand(template, folder, file string) string {
	var b strings.Builder
	b.Grow(len(template) + len(folder) + len(file))
	for i := 0; i < len(template); {
		switch rest := template[i:]; {
		case strings.HasPrefix(rest, "{}/*"):
			b.WriteString(folder)
			b.WriteByte('/')
			b.WriteString(file)
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
