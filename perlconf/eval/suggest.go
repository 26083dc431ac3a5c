package eval

import "sort"

// suggest finds the declared name nearest to a misspelled one, sigil included; "" when none is near.
func (c *compiler) suggest(name string) string {
	var names []string
	for s := c.scope; s != nil; s = s.parent {
		for n := range s.vars {
			names = append(names, n)
		}
	}
	names = append(names, c.in.declared(c.pkg)...)
	return nearest(name, names)
}

// declared gives the names, with sigils, that may be used without package in pkg.
func (in *Interp) declared(pkg string) []string {
	var names []string
	for _, g := range in.globs {
		if g.Package == pkg {
			for i, ok := range g.imported {
				if ok {
					names = append(names, string("$@%"[i])+g.Name)
				}
			}
		}
	}
	return names
}

// nearest gives the candidate with the smallest edit distance, if it is small for the length of the word. The same
// name with another sigil is the nearest of all.
func nearest(word string, candidates []string) string {
	best, bestDist := "", max(1, len(word)/4)
	sort.Strings(candidates)
	for _, cand := range candidates {
		if cand == word {
			continue
		}
		if cand[1:] == word[1:] {
			return cand
		}
		limit := bestDist
		if best != "" {
			limit--
		}
		if d := distance(word, cand, limit); d <= limit {
			best, bestDist = cand, d
		}
	}
	return best
}

// distance counts insertions, deletions, changes and swaps of neighbours; more than limit comes as limit+1.
func distance(a, b string, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	var older []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next := make([]int, len(b)+1)
		next[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			next[j] = min(row[j]+1, next[j-1]+1, row[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], older[j-2]+1)
			}
			least = min(least, next[j])
		}
		if least > limit {
			return limit + 1
		}
		older, row = row, next
	}
	return row[len(b)]
}
