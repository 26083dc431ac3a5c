package regex

// Bounds of the search for exponential backtracking. A pattern beyond them is not judged.
const (
	maxPositions = 160
	maxPairEdges = 3_000_000
)

// Blowup says that a backtracking engine can need time exponential in the length of the subject: inside a repetition there
// are two ways to match the same text, and something after it can fail, as in (a+)+$ or (\s*\w*)*;. at is the byte offset
// in the pattern of such a repetition. It is a search for exponential degree of ambiguity in the pattern's automaton
// (Weideman et al. 2016); back-references and lookarounds count as empty, atomic groups as one byte.
func (r *Regexp) Blowup() (at int, found bool) {
	g := &glushkov{}
	f := g.build(r.parsed.root, -1)
	if g.over {
		return 0, false
	}
	return g.ambiguous(f)
}

// position is one place of a pattern that takes a byte, or an assertion that may fail.
type position struct {
	set    byteSet
	assert bool
	loop   int // offset of the innermost repetition without bound around it, -1 when there is none
	next   map[int]int
}

// glushkov is the automaton without empty steps: its states are the positions. An edge counts the ways that lead over it, up to 2.
type glushkov struct {
	pos  []position
	over bool
}

// part is what is known of a piece: in which positions it can begin and end, each with the number of ways, and in how many
// ways it can be empty (without those of a repetition that goes round without taking anything).
type part struct {
	first, last map[int]int
	empty       int
}

func (g *glushkov) leaf(p position) part {
	if len(g.pos) >= maxPositions {
		g.over = true
		return part{first: map[int]int{}, last: map[int]int{}, empty: 1}
	}
	p.next = map[int]int{}
	g.pos = append(g.pos, p)
	i := len(g.pos) - 1
	return part{first: map[int]int{i: 1}, last: map[int]int{i: 1}}
}

func addWays(to map[int]int, from map[int]int, times int) {
	for k, n := range from {
		if n*times > 0 {
			to[k] = min(2, to[k]+n*times)
		}
	}
}

func (g *glushkov) join(last, first map[int]int) {
	for p, n := range last {
		for q, m := range first {
			g.pos[p].next[q] = min(2, g.pos[p].next[q]+n*m)
		}
	}
}

func (g *glushkov) seq(a, b part) part {
	g.join(a.last, b.first)
	out := part{first: map[int]int{}, last: map[int]int{}, empty: min(2, a.empty*b.empty)}
	addWays(out.first, a.first, 1)
	addWays(out.first, b.first, a.empty)
	addWays(out.last, b.last, 1)
	addWays(out.last, a.last, b.empty)
	return out
}

func nothing() part { return part{first: map[int]int{}, last: map[int]int{}, empty: 1} }

func (g *glushkov) build(n *node, loop int) part {
	if g.over {
		return nothing()
	}
	switch n.kind {
	case kSet:
		return g.leaf(position{set: n.set, loop: loop})
	case kAssert:
		return g.leaf(position{assert: true, loop: loop})
	case kCat:
		out := nothing()
		for _, s := range n.subs {
			out = g.seq(out, g.build(s, loop))
		}
		return out
	case kAlt, kCond, kInCall:
		out := part{first: map[int]int{}, last: map[int]int{}}
		for _, s := range n.subs[:min(len(n.subs), altParts(n))] {
			p := g.build(s, loop)
			addWays(out.first, p.first, 1)
			addWays(out.last, p.last, 1)
			out.empty = min(2, out.empty+p.empty)
		}
		return out
	case kGroup:
		return g.build(n.subs[0], loop)
	case kAtomic:
		return g.leaf(position{set: byteSet{}.not(), loop: loop})
	case kQuant:
		return g.repeat(n, loop)
	}
	return nothing()
}

func altParts(n *node) int {
	if n.kind == kAlt {
		return len(n.subs)
	}
	return 2
}

func (g *glushkov) repeat(n *node, loop int) part {
	if n.max == 0 {
		return nothing()
	}
	if n.mode == possessive {
		p := g.leaf(position{set: byteSet{}.not(), loop: loop})
		if n.min == 0 {
			p.empty = 1
		}
		return p
	}
	if n.max == infinite {
		p := g.build(n.subs[0], n.at)
		g.join(p.last, p.first)
		p.empty = min(1, p.empty)
		if n.min == 0 {
			p.empty = 1
		}
		return p
	}
	// a repetition with a bound adds no more than a factor; two rounds show what meets what
	p := g.build(n.subs[0], loop)
	if n.max > 1 {
		q := g.build(n.subs[0], loop)
		if n.min < 2 {
			q.empty = 1
		}
		p = g.seq(p, q)
	}
	if n.min == 0 {
		p.empty = 1
	}
	return p
}

func (g *glushkov) meet(p, q int) bool {
	a, b := &g.pos[p], &g.pos[q]
	if a.assert || b.assert {
		return a.assert && b.assert && p == q
	}
	return a.set.meets(b.set)
}

// ambiguous looks for a position from which two different ways lead back to itself over the same text.
func (g *glushkov) ambiguous(root part) (int, bool) {
	n := len(g.pos)
	id := func(p, q int) int { return min(p, q)*n + max(p, q) }
	edges, work := map[int][]int{}, 0
	double := map[[2]int]bool{} // edges of the pairs (p, p) that have two ways
	todo := []int{}
	for p := range g.pos {
		if g.pos[p].loop >= 0 && root.last[p] == 0 {
			todo = append(todo, id(p, p))
		}
	}
	seen := map[int]bool{}
	for len(todo) > 0 {
		v := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[v] {
			continue
		}
		seen[v] = true
		p, q := v/n, v%n
		for a, ways := range g.pos[p].next {
			for b := range g.pos[q].next {
				if work++; work > maxPairEdges {
					return 0, false
				}
				if !g.meet(a, b) {
					continue
				}
				w := id(a, b)
				edges[v] = append(edges[v], w)
				if p == q && a == b && ways > 1 {
					double[[2]int{v, w}] = true
				}
				if !seen[w] {
					todo = append(todo, w)
				}
			}
		}
	}
	comp := components(edges, seen)
	mixed := map[int]bool{} // components with a pair of different positions, or an edge with two ways
	for v := range seen {
		if v/n != v%n {
			mixed[comp[v]] = true
		}
	}
	for e := range double {
		if comp[e[0]] == comp[e[1]] {
			mixed[comp[e[0]]] = true
		}
	}
	best, found := 0, false
	for p := range g.pos {
		v := id(p, p)
		if !seen[v] || !mixed[comp[v]] || g.pos[p].loop < 0 || root.last[p] > 0 {
			continue
		}
		if !found || g.pos[p].loop < best {
			best, found = g.pos[p].loop, true
		}
	}
	return best, found
}

// components numbers the strongly connected parts of a graph (Tarjan, without recursion). A vertex that is on no cycle has a
// component of its own.
func components(edges map[int][]int, vertices map[int]bool) map[int]int {
	index, low, comp := map[int]int{}, map[int]int{}, map[int]int{}
	on := map[int]bool{}
	var stack []int
	count, parts := 0, 0
	type frame struct{ v, i int }
	for root := range vertices {
		if _, ok := index[root]; ok {
			continue
		}
		calls := []frame{{root, 0}}
		for len(calls) > 0 {
			f := &calls[len(calls)-1]
			if f.i == 0 {
				index[f.v], low[f.v] = count, count
				count++
				stack, on[f.v] = append(stack, f.v), true
			}
			if f.i < len(edges[f.v]) {
				w := edges[f.v][f.i]
				f.i++
				if _, ok := index[w]; !ok {
					calls = append(calls, frame{w, 0})
				} else if on[w] {
					low[f.v] = min(low[f.v], index[w])
				}
				continue
			}
			v := f.v
			calls = calls[:len(calls)-1]
			if len(calls) > 0 {
				up := calls[len(calls)-1].v
				low[up] = min(low[up], low[v])
			}
			if low[v] == index[v] {
				for {
					w := stack[len(stack)-1]
					stack = stack[:len(stack)-1]
					on[w] = false
					comp[w] = parts
					if w == v {
						break
					}
				}
				parts++
			}
		}
	}
	return comp
}
