package regex

import (
	"slices"
	"strconv"
)

// resolver turns names into numbers, puts the called groups in the place of their calls, and checks what can only be
// checked when the whole pattern is known.
type resolver struct {
	p     *parser
	open  []int // numbers of the groups around the node in hand, called ones too
	nodes int
	call  int // depth of calls
	local map[int]bool
}

func (r *resolver) resolve(root *node) (out *node, err error) {
	defer func() {
		switch e := recover().(type) {
		case nil:
		case *Error:
			err = e
		default:
			panic(e)
		}
	}()
	walk(root, r.link)
	root = r.expand(root)
	walk(root, r.checkLookbehind)
	return idle(root), nil
}

// link finds the groups that a node names.
func (r *resolver) link(n *node) {
	if n.name != "" && len(n.refs) == 0 || n.kind == kInCall && n.name != "" {
		nums := r.p.names[n.name]
		if len(nums) == 0 {
			r.p.fail(n.at, "there is no group named %q", n.name)
		}
		switch n.kind {
		case kCall:
			n.n = nums[0]
		default:
			n.refs = nums
		}
	}
	if n.kind == kCall && n.n > 0 && r.p.bodies[n.n] == nil {
		r.p.fail(n.at, "there is no group %s to call", strconv.Itoa(n.n))
	}
}

func (r *resolver) expand(n *node) *node {
	if r.nodes++; r.nodes > maxNodes {
		r.p.unsupported(n.at, "the calls of groups make this pattern too large")
	}
	switch n.kind {
	case kCall:
		return r.inline(n)
	case kDefine:
		r.expand(n.subs[0]) // for its errors
		return &node{kind: kEmpty, at: n.at}
	case kInCall:
		if r.inCallOf(n.refs) {
			return r.expand(n.subs[0])
		}
		return r.expand(n.subs[1])
	case kBackref, kCond:
		for _, ref := range n.refs {
			if slices.Contains(r.open, ref) {
				r.p.unsupported(n.at, "a group cannot refer to itself here")
			}
			if r.local[ref] {
				r.p.unsupported(n.at, "a called group that refers to its own captures cannot be used here")
			}
		}
	case kKeep:
		if r.call > 0 {
			r.p.unsupported(n.at, "\\K in a called group cannot be used here")
		}
	case kGroup:
		r.open = append(r.open, n.n)
		defer func() { r.open = r.open[:len(r.open)-1] }()
		if r.call > 0 {
			return r.expand(n.subs[0])
		}
	}
	if len(n.subs) == 0 {
		return n
	}
	c := *n
	c.subs = make([]*node, len(n.subs))
	for i, s := range n.subs {
		c.subs[i] = r.expand(s)
	}
	return &c
}

// idle drops the repetition of what takes no room: one look is as good as many.
func idle(n *node) *node {
	for i, s := range n.subs {
		n.subs[i] = idle(s)
	}
	if n.kind == kQuant {
		return idleQuant(n)
	}
	return n
}

func idleQuant(q *node) *node {
	inner := q.subs[0]
	if _, most := width(inner); most > 0 {
		return q
	}
	plain := true
	walk(inner, func(n *node) { plain = plain && n.kind != kGroup && n.kind != kKeep })
	switch {
	case !plain:
		return q
	case q.min == 0:
		return &node{kind: kEmpty, at: q.at}
	}
	return inner
}

func (r *resolver) inCallOf(refs []int) bool {
	if r.call == 0 {
		return false
	}
	for _, ref := range refs {
		if ref < 0 || len(r.open) > 0 && r.open[len(r.open)-1] == ref {
			return true
		}
	}
	return false
}

// inline gives the pattern of the called group, whose captures do not last. A call from within the group itself would
// have no end.
func (r *resolver) inline(n *node) *node {
	if n.n == 0 || slices.Contains(r.open, n.n) {
		r.p.unsupported(n.at, "a pattern that calls itself cannot be used here")
	}
	body := r.p.bodies[n.n]
	saved := r.local
	r.local = map[int]bool{}
	for k := range saved {
		r.local[k] = true
	}
	walk(body, func(m *node) {
		if m.kind == kGroup {
			r.local[m.n] = true
		}
	})
	r.call++
	out := r.expand(body)
	r.call--
	r.local = saved
	return out
}

func (r *resolver) checkLookbehind(n *node) {
	if n.kind == kLook && n.behind {
		if _, most := width(n.subs[0]); most > maxLookbehind {
			r.p.fail(n.at, "what is looked for behind may be %d bytes long at most", maxLookbehind)
		}
		r.checkBehind(n)
	}
}

// checkBehind refuses what depends on the direction in which it is matched: Perl goes forward from each place where a
// lookbehind may start, the engine goes backward.
func (r *resolver) checkBehind(look *node) {
	least, most := width(look.subs[0])
	walk(look.subs[0], func(n *node) {
		switch {
		case n.kind == kAtomic || n.kind == kQuant && n.mode == possessive:
			r.p.unsupported(n.at, "a possessive or atomic part cannot be used in a lookbehind")
		case n.kind == kCond:
			r.p.unsupported(n.at, "a condition cannot be used in a lookbehind")
		case n.kind == kGroup && least != most:
			r.p.unsupported(n.at, "a lookbehind of varying length cannot capture here")
		}
	})
}
