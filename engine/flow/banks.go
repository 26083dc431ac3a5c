package flow

import "strings"

// bankNames reads a comma list of bank names; a bare 1, all that a list of addresses can say, stands for usual.
func bankNames(list, usual string) []string {
	if list == "1" {
		return []string{usual}
	}
	var out []string
	for _, n := range strings.Split(list, ",") {
		if n = strings.TrimSpace(n); n != "" {
			out = append(out, n)
		}
	}
	return out
}

// loadBanks lays banks over a task's policy; recipients are asked under the new one from then on.
func (f *Flow) loadBanks(t *Task, names []string) {
	t.Policy = f.lay(t.Policy, t.LogID, t.Steps, names...)
	t.Originating = t.Policy.Bool("originating")
	for _, r := range t.Rcpts {
		r.Query = t.Policy.Query(r.Internal)
	}
}
