package av

import (
	"fmt"
	"strings"

	"mavis/perlconf/eval"
	"mavis/perlconf/source"
	"mavis/rules"
)

// Verdict is what the scanners said together.
type Verdict struct {
	Infected  bool
	Names     []string // of the first scanner that found something; never empty when Infected
	Output    string   // what that scanner said, without the folder's name
	Scanners  []string // those that found something
	Answered  []string // those that gave an answer
	Results   []Result // of all that were asked, in the order of the configuration
	Spam      []Spam   // reports of scanners whose names are only worth a score
	Origin    source.Span
	Tentative string // output of a scanner that found nothing
}

// Result is what one scanner said.
type Result struct {
	Name     string
	Answered bool // it found something or vouched for all
	Infected bool
	Viruses  []string
}

// Spam is what a scanner reported that counts as spam, not as an infection (@virus_name_to_spam_score_maps).
type Spam struct {
	Scanner string
	Names   []string
	Tests   []string // AV:NAME=SCORE
	Score   float64  // the highest; it is added once
}

// Report is the spam report of the original: all tests.
func (s Spam) Report() string { return strings.Join(s.Tests, ",") }

// Summary tells the same to a reader of mail.
func (s Spam) Summary() string {
	return fmt.Sprintf("The virus scanner %s counts this as spam, not as a virus:\n%s\n", s.Scanner, strings.Join(s.Names, ","))
}

// answer is what one scanner said. conclusive is false for a scanner that found nothing but does not vouch for it.
type answer struct {
	entry      *rules.Scanner
	infected   bool
	conclusive bool
	names      []string
	output     string
	spam       *Spam
	err        error
}

func (v *Verdict) add(a answer, folder string) {
	r := Result{Name: a.entry.Name, Infected: a.infected, Viruses: a.names, Answered: a.err == nil && (a.infected || a.conclusive)}
	v.Results = append(v.Results, r)
	if !r.Answered {
		return
	}
	if a.spam != nil {
		v.Spam = append(v.Spam, *a.spam)
	}
	v.Answered = append(v.Answered, r.Name)
	out := bare(a.output, folder)
	if !a.infected {
		if v.Tentative == "" {
			v.Tentative = out
		}
		return
	}
	v.Scanners = append(v.Scanners, r.Name)
	if !v.Infected {
		v.Infected, v.Names, v.Output, v.Origin = true, a.names, out, a.entry.Origin
	}
}

// onlySpam makes a spam report when all names have a score; nil leaves it an infection.
func (s *Scanner) onlySpam(scanner string, names []string) *Spam {
	if s.Spam == nil || len(names) == 0 {
		return nil
	}
	r := &Spam{Scanner: scanner, Names: names}
	for i, n := range names {
		score, ok := s.Spam(n)
		if !ok {
			return nil
		}
		r.Tests = append(r.Tests, "AV:"+n+"="+score)
		if x := eval.ToFloat(score); i == 0 || x > r.Score {
			r.Score = x
		}
	}
	s.logf(2, "Turning AV infection into a spam report: score=%s, %s", eval.ToString(r.Score), r.Report())
	return r
}

func unique(names []string) []string {
	seen := make(map[string]bool, len(names))
	var out []string
	for _, n := range names {
		if !seen[n] {
			seen[n] = true
			out = append(out, n)
		}
	}
	return out
}

// scannerNames lists scanners for a log line whose readers cut at commas.
func scannerNames(names []string) string {
	list := make([]string, len(names))
	for i, n := range names {
		list[i] = strings.Replace(n, ",", ";", 1)
	}
	return strings.Join(list, ", ")
}
