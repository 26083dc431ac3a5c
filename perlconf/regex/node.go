package regex

// kind tells what a node matches.
type kind uint8

const (
	kEmpty   kind = iota
	kSet          // one byte out of set; an empty set never matches
	kCat          // subs one after the other
	kAlt          // the first of subs that lets the rest match
	kGroup        // subs[0], captured as group n
	kQuant        // subs[0], min to max times
	kAssert       // a place in the subject, see assert
	kLook         // subs[0] matches ahead of or behind this place (neg: does not)
	kAtomic       // subs[0] without going back into it
	kBackref      // what one of the groups refs captured
	kCond         // if refs captured (or the lookaround subs[2] holds) then subs[0] else subs[1]
	kCall         // the pattern of group n once more
	kKeep         // \K
	kDefine       // subs[0] is only there to be called
	kInCall       // (?(R)...): if within a call of refs[0] (-1: of any) then subs[0] else subs[1]
)

type assertion uint8

const (
	aBegin     assertion = iota // \A
	aEnd                        // \z
	aEndNL                      // \Z and $: the end, or before a newline that ends the subject
	aLineBegin                  // ^ under /m
	aLineEnd                    // $ under /m
	aWord                       // \b
	aNotWord                    // \B
	aStart                      // \G
)

type greed uint8

const (
	greedy greed = iota
	lazy
	possessive
)

// infinite is the upper bound of a quantifier without one.
const infinite = -1

// node is a piece of a pattern. Flags are already applied: sets are case-folded, dots and anchors resolved.
type node struct {
	kind      kind
	assert    assertion
	mode      greed
	neg       bool
	behind    bool
	fold      bool // a back-reference that ignores case
	linebreak bool // an atomic node that is \R
	uni       bool // by Unicode rules, not ASCII ones (\b, folding back-references)
	at        int  // byte offset in the pattern
	n         int  // group number
	min, max  int
	set       byteSet
	name      string // unresolved reference
	refs      []int
	subs      []*node
}

func cat(at int, subs []*node) *node {
	switch len(subs) {
	case 0:
		return &node{kind: kEmpty, at: at}
	case 1:
		return subs[0]
	}
	return &node{kind: kCat, at: at, subs: subs}
}

// walk visits n and all below it.
func walk(n *node, visit func(*node)) {
	visit(n)
	for _, s := range n.subs {
		walk(s, visit)
	}
}

// wide is the width of what has no bound.
const wide = 1 << 30

// width gives the least and the greatest number of bytes that n can match; wide means without bound.
func width(n *node) (least, most int) {
	switch n.kind {
	case kSet:
		return 1, 1
	case kCat:
		for _, s := range n.subs {
			l, m := width(s)
			least, most = min(wide, least+l), min(wide, most+m)
		}
	case kAlt:
		least = wide
		for _, s := range n.subs {
			l, m := width(s)
			least, most = min(least, l), max(most, m)
		}
	case kGroup, kAtomic:
		least, most = width(n.subs[0])
		if n.max == infinite { // \X, which Perl takes to be without bound
			most = wide
		}
	case kCond, kInCall:
		l1, m1 := width(n.subs[0])
		l2, m2 := width(n.subs[1])
		return min(l1, l2), max(m1, m2)
	case kQuant:
		l, m := width(n.subs[0])
		least = mulWidth(l, n.min)
		switch {
		case m == 0:
		case n.max == infinite || m >= wide: // Perl counts (a*){0} as without bound
			most = wide
		default:
			most = mulWidth(m, n.max)
		}
	case kBackref, kCall:
		return 0, wide
	}
	return least, most
}

func mulWidth(w, times int) int {
	if w == 0 || times == 0 {
		return 0
	}
	if w >= wide || times >= wide/w {
		return wide
	}
	return w * times
}
