package av

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"mavis/rules"
)

// reply is what came back from one request to a scanner.
type reply struct {
	status int
	output string
	// broken says why the answer is not whole: it was cut, or it tells of files that could not be read. Such an answer
	// may convict but not acquit.
	broken error
	// told says that the output is shown when another file of the same session is infected.
	told bool
}

// errCut is the reason of an answer that went on beyond what is kept.
var errCut = errors.New("answer too long")

const maxNames = 1000 // virus names that are taken from one answer

// judge reads a reply by the entry's rules: infected is asked first, so that a pattern for clean may match as well.
func (s *Scanner) judge(e *rules.Scanner, r reply) (infected, clean bool, names []string, err error) {
	r.output = strings.TrimSuffix(r.output, "\n")
	infected, err = matches(e.Infected, r)
	if err != nil {
		return false, false, nil, err
	}
	if infected {
		names, err = s.virusNames(e, r.output)
		return true, false, names, err
	}
	if r.broken != nil {
		return false, false, nil, fmt.Errorf("%w: %q", r.broken, shorten(r.output))
	}
	if e.Clean.Status == nil && e.Clean.Pattern == nil {
		return false, false, nil, nil // does not vouch for anything, and says so
	}
	clean, err = matches(e.Clean, r)
	if err == nil && !clean {
		err = fmt.Errorf("unexpected exit %d, output=%q", r.status, shorten(r.output))
	}
	return false, clean, nil, err
}

func matches(o rules.Outcome, r reply) (bool, error) {
	for _, s := range o.Status {
		if s == r.status {
			return true, nil
		}
	}
	if o.Pattern == nil {
		return false, nil
	}
	return o.Pattern.Match(r.output)
}

// take judges replies and adds them up; false ends the scan because of an error. What convicts is taken even when other
// replies are missing.
func (a *answer) take(s *Scanner, e *rules.Scanner, files []string, replies []reply, err error) bool {
	before := len(a.names)
	hit := false
	for _, r := range replies {
		infected, clean, names, bad := s.judge(e, r)
		if bad != nil && err == nil {
			err = bad
		}
		switch {
		case infected:
			hit, a.infected, a.conclusive = true, true, true
			a.names = append(a.names, names...)
			a.output += strings.TrimSuffix(r.output, "\n") + "\n"
		case clean:
			a.conclusive = true
			if r.told {
				a.output += r.output
			}
		case bad == nil:
			s.logf(3, "run_av (%s): CLEAN, but inconclusive", e.Name)
		}
	}
	if hit {
		s.logf(2, "run_av (%s): %s INFECTED: %s", e.Name, strings.Join(files, " "), strings.Join(a.names[before:], ", "))
	}
	if a.infected && len(a.names) == 0 {
		a.names = []string{""}
	}
	a.err = err
	return err == nil
}

// virusNames collects what the groups of the pattern took, over all its matches, as //g in list context gives it.
func (s *Scanner) virusNames(e *rules.Scanner, output string) ([]string, error) {
	if e.NameCode != nil {
		return s.namesByCode(e, output)
	}
	if e.NameRE == nil {
		return nil, nil
	}
	var names []string
	for at := 0; at <= len(output) && len(names) < maxNames; {
		m, err := e.NameRE.MatchAt(output, at)
		if err != nil {
			return names, err
		}
		if m == nil {
			break
		}
		if len(m.Loc) == 2 {
			names = append(names, output[m.Loc[0]:m.Loc[1]])
		}
		for i := 2; i+1 < len(m.Loc); i += 2 {
			if m.Loc[i] >= 0 {
				names = append(names, output[m.Loc[i]:m.Loc[i+1]])
			}
		}
		if at = m.Loc[1]; m.Loc[1] == m.Loc[0] {
			at++
		}
	}
	return names, nil
}

// clamdQuery are the scan commands of clamd(8); its answer to a folder ends with OK even when files of it could not be
// read, each told by a line that ends with ERROR.
var (
	clamdQuery = regexp.MustCompile(`^[nz]?(?:CONT|MULTI|ALLMATCH|RAW)?SCAN `)
	clamdError = regexp.MustCompile(`(?m) ERROR[\x00\r]*$`)
)

// errUnread is the reason of an answer that tells of files which the scanner could not look into.
var errUnread = errors.New("the scanner could not read all files")

func shorten(s string) string {
	if len(s) > 800 {
		return "..." + s[len(s)-800:]
	}
	return s
}
