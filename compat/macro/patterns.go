package macro

import (
	"sync"

	"mavis/perlconf/regex"
)

// patternLimit bounds what a template remembers; patterns may come from macro values.
const patternLimit = 32

// patterns are the compiled patterns of a template's regexp selectors; nil stands for one that does not compile.
type patterns struct {
	mu    sync.Mutex
	known map[string]*regex.Regexp
}

func (p *patterns) compile(pattern string) *regex.Regexp {
	p.mu.Lock()
	defer p.mu.Unlock()
	if re, ok := p.known[pattern]; ok {
		return re
	}
	re, err := regex.Compile(pattern, "")
	if err != nil {
		re = nil
	}
	if p.known == nil {
		p.known = map[string]*regex.Regexp{}
	}
	if len(p.known) < patternLimit {
		p.known[pattern] = re
	}
	return re
}

// groups matches and gives the captured groups. The empty pattern matches all.
func (p *patterns) groups(pattern, text string) ([]string, bool) {
	if pattern == "" {
		return nil, true
	}
	re := p.compile(pattern)
	if re == nil {
		return nil, false
	}
	match, err := re.MatchAt(text, 0)
	if err != nil || match == nil {
		return nil, false
	}
	var out []string
	for i := 2; i+1 < len(match.Loc); i += 2 {
		g := ""
		if match.Loc[i] >= 0 {
			g = text[match.Loc[i]:match.Loc[i+1]]
		}
		out = append(out, g)
	}
	return out, true
}
