package av

import (
	"context"
	"strings"

	"mavis/rules"
)

// Answer is what one entry said about a job, in a form that can be kept.
type Answer struct {
	Infected   bool     `json:",omitempty"`
	Conclusive bool     `json:",omitempty"` // false for one that found nothing but does not vouch for it
	Names      []string `json:",omitempty"`
	Output     string   `json:",omitempty"` // without the folder's name
}

// asked runs an entry, or lets Recall answer for it.
func (s *Scanner) asked(ctx context.Context, e *rules.Scanner, run func(context.Context, Job) answer, job Job) answer {
	if s.Recall == nil {
		return run(ctx, job)
	}
	got, err := s.Recall(ctx, e, job, func() (Answer, error) {
		a := run(ctx, job)
		if a.infected && a.err != nil { // whatever else went wrong, this was seen
			s.logf(-1, "%s: after an infection was found: %v", e.Name, a.err)
			a.err = nil
		}
		return Answer{a.infected, a.conclusive, a.names, bare(a.output, job.Folder)}, a.err
	})
	return answer{infected: got.Infected, conclusive: got.Conclusive, names: got.Names, output: got.Output, err: err}
}

// bare is a scanner's output without the folder's name.
func bare(output, folder string) string {
	return strings.ReplaceAll(strings.ReplaceAll(output, folder+"/", ""), folder, "")
}
