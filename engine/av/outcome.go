package av

import (
	"fmt"
	"strings"

	"mavis/rules"
)

// reply is what came back from one run of a scanner.
type reply struct {
	status int
	output string
}

// judge reads a reply by the entry's rules: infected is asked first, so that a pattern for clean may match as well.
func judge(e *rules.Scanner, r reply) (infected, clean bool, names []string, err error) {
	r.output = strings.TrimSuffix(r.output, "\n")
	infected, err = matches(e.Infected, r)
	if err != nil {
		return false, false, nil, err
	}
	if infected {
		names, err = virusNames(e, r.output)
		return true, false, names, err
	}
	if e.Clean.Status == nil && e.Clean.Pattern == nil {
		return false, false, nil, nil // does not vouch for anything, and says so
	}
	clean, err = matches(e.Clean, r)
	if err == nil && !clean {
		err = fmt.Errorf("unexpected exit status %d, output=%q", r.status, shorten(r.output))
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

// virusNames collects what the groups of the pattern took, over all its matches, as //g in list context gives it.
func virusNames(e *rules.Scanner, output string) ([]string, error) {
	if e.NameRE == nil {
		return nil, nil
	}
	var names []string
	for at := 0; at <= len(output); {
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

func shorten(s string) string {
	if len(s) > 800 {
		return "..." + s[len(s)-800:]
	}
	return s
}
