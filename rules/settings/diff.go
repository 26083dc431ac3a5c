package settings

import (
	"sort"
	"strconv"
	"strings"

	"mavis/perlconf/source"
)

// Change is a setting that holds something else in the one configuration than in the other.
type Change struct {
	A, B Setting
	// Entries tells what differs within lists and hashes; it is empty when the value as a whole is another.
	Entries []Entry
}

// Entry is one difference within a value.
type Entry struct {
	What string // added, removed, changed, moved
	Path string // the way to the entry from the top: ['.'][0]
	A, B Value
	// AtA and AtB are where the entries were set; the zero Span where there is none.
	AtA, AtB source.Span
}

// Compare lists what differs, in the order of the settings. Both lists come from Read.
func Compare(a, b []Setting) []Change {
	var out []Change
	other := map[string]Setting{}
	for _, s := range b {
		other[s.Name] = s
	}
	for _, s := range a {
		t, ok := other[s.Name]
		if !ok {
			t = Setting{Name: s.Name, Kind: s.Kind, Value: Value{Kind: Undef}}
		}
		delete(other, s.Name)
		if !Equal(s.Value, t.Value) {
			out = append(out, Change{A: s, B: t, Entries: entries(s.Value, t.Value, "", 0)})
		}
	}
	var rest []string
	for name := range other {
		rest = append(rest, name)
	}
	sort.Strings(rest)
	for _, name := range rest {
		t := other[name]
		out = append(out, Change{A: Setting{Name: name, Kind: t.Kind, Value: Value{Kind: Undef}}, B: t})
	}
	return out
}

// entries compares within two values of one kind; nothing when the kinds differ.
func entries(a, b Value, path string, depth int) []Entry {
	switch {
	case a.Kind != b.Kind || a.Class != b.Class || a.Secret || depth > maxDepth:
		return nil
	case a.Kind == Hash:
		return keys(a, b, path, depth)
	case a.Kind == List, a.Kind == Table, a.Kind == Object && len(a.Items) > 0 && len(b.Items) > 0:
		return ordered(a, b, path, depth)
	}
	return nil
}

func keys(a, b Value, path string, depth int) []Entry {
	var out []Entry
	in := map[string]Item{}
	for _, i := range b.Items {
		in[i.Key] = i
	}
	for _, i := range a.Items {
		at := path + "{" + i.Key + "}"
		j, ok := in[i.Key]
		delete(in, i.Key)
		switch {
		case !ok:
			out = append(out, Entry{What: "removed", Path: at, A: i.Value, AtA: i.Origin})
		case !Equal(i.Value, j.Value):
			out = append(out, deeper(i, j, at, depth)...)
		}
	}
	for _, j := range b.Items {
		if _, left := in[j.Key]; left {
			out = append(out, Entry{What: "added", Path: path + "{" + j.Key + "}", B: j.Value, AtB: j.Origin})
		}
	}
	return out
}

// deeper is what differs within an entry that both have, or that it changed as a whole.
func deeper(i, j Item, path string, depth int) []Entry {
	if inner := entries(i.Value, j.Value, path, depth+1); len(inner) > 0 {
		return inner
	}
	return []Entry{{What: "changed", Path: path, A: i.Value, B: j.Value, AtA: i.Origin, AtB: j.Origin}}
}

// ordered compares lists: entries that only one of them has, and entries that stand in another order.
func ordered(a, b Value, path string, depth int) []Entry {
	left := map[string][]int{} // entries of b by what they mean, in order
	for j, x := range b.Items {
		c := canon(x.Value)
		left[c] = append(left[c], j)
	}
	var gone []int
	taken := make([]bool, len(b.Items))
	var common [][2]int
	for i, x := range a.Items {
		c := canon(x.Value)
		if free := left[c]; len(free) > 0 {
			left[c], taken[free[0]] = free[1:], true
			common = append(common, [2]int{i, free[0]})
		} else {
			gone = append(gone, i)
		}
	}
	var fresh []int
	for j := range b.Items {
		if !taken[j] {
			fresh = append(fresh, j)
		}
	}
	at := func(n int) string { return path + "[" + strconv.Itoa(n) + "]" }
	var out []Entry
	for len(gone) > 0 && len(fresh) > 0 && gone[0] == fresh[0] { // in one place: it was changed
		i, j := a.Items[gone[0]], b.Items[fresh[0]]
		inner := entries(i.Value, j.Value, at(gone[0]), depth+1)
		if len(inner) == 0 {
			break
		}
		out = append(out, inner...)
		gone, fresh = gone[1:], fresh[1:]
	}
	for _, i := range gone {
		out = append(out, Entry{What: "removed", Path: at(i), A: a.Items[i].Value, AtA: a.Items[i].Origin})
	}
	for _, j := range fresh {
		out = append(out, Entry{What: "added", Path: at(j), B: b.Items[j].Value, AtB: b.Items[j].Origin})
	}
	for _, p := range moved(common) {
		x, y := a.Items[p[0]], b.Items[p[1]]
		out = append(out, Entry{What: "moved", Path: at(p[0]) + " to " + at(p[1]), A: x.Value, B: y.Value, AtA: x.Origin, AtB: y.Origin})
	}
	return out
}

// moved gives the pairs outside of a longest rising run: those that changed their order.
func moved(pairs [][2]int) [][2]int {
	if len(pairs) > 2000 {
		return nil
	}
	best, prev := make([]int, len(pairs)), make([]int, len(pairs))
	last := -1
	for i := range pairs {
		best[i], prev[i] = 1, -1
		for j := range i {
			if pairs[j][1] < pairs[i][1] && best[j]+1 > best[i] {
				best[i], prev[i] = best[j]+1, j
			}
		}
		if last < 0 || best[i] > best[last] {
			last = i
		}
	}
	keep := map[int]bool{}
	for ; last >= 0; last = prev[last] {
		keep[last] = true
	}
	var out [][2]int
	for i, p := range pairs {
		if !keep[i] {
			out = append(out, p)
		}
	}
	return out
}

// canon is equal for values that mean the same. It is never shown: secrets are in it.
func canon(v Value) string {
	var b strings.Builder
	write(&b, v)
	return b.String()
}

func write(b *strings.Builder, v Value) {
	kind := v.Kind
	if plain(v) {
		kind = Text
	}
	b.WriteString(string(kind) + strconv.Quote(v.Text) + v.Flags + v.Class + "(")
	items := v.Items
	if v.Kind == Hash {
		items = append([]Item{}, items...)
		sort.Slice(items, func(i, j int) bool { return items[i].Key < items[j].Key })
	}
	for _, i := range items {
		b.WriteString(strconv.Quote(i.Key) + "=")
		write(b, i.Value)
		b.WriteByte(',')
	}
	b.WriteByte(')')
}
