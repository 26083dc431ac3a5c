package eval

import "strings"

// arrayElem is $x[i].
type arrayElem struct {
	at
	a   arrayNode
	key node
}

func (n *arrayElem) scalar(f *frame) Value {
	a := n.a.arr(f, toMake)
	return a.Get(clampIndex(ToInt(n.key.scalar(f))))
}

func clampIndex(i int64) int {
	const far = 1 << 40
	return int(max(-far, min(i, far)))
}

func (n *arrayElem) lv(f *frame) *Scalar {
	a := n.a.arr(f, toMake)
	return a.elem(f, clampIndex(ToInt(n.key.scalar(f))), n.at)
}

// elem gives the container of an index that may be negative or beyond the end.
func (a *Array) elem(f *frame, i int, where at) *Scalar {
	if i < 0 {
		j := i + len(a.Elems)
		if j < 0 {
			f.in.fail(CodeCannotModify, where.sp, "Modification of non-creatable array value attempted, subscript %d", i)
		}
		i = j
	}
	if i >= len(a.Elems) {
		a.resize(f.in, i+1)
	}
	return a.At(i)
}

// hashElem is $x{k}.
type hashElem struct {
	at
	h   hashNode
	key node
}

func (n *hashElem) scalar(f *frame) Value {
	h := n.h.hsh(f, toMake)
	return h.M[hashKey(n.key, f)].Get()
}

func (n *hashElem) lv(f *frame) *Scalar {
	h := n.h.hsh(f, toMake)
	k := hashKey(n.key, f)
	if s := h.M[k]; s != nil {
		return s
	}
	f.in.step(1)
	return h.At(k)
}

// hashKey evaluates a key; a list of keys is joined with $;.
func hashKey(n node, f *frame) string {
	if l, ok := n.(*listNode); ok && len(l.elems) > 1 {
		var parts []string
		for _, v := range evalList(l, f, nil) {
			parts = append(parts, ToString(v))
		}
		return strings.Join(parts, ToString(f.in.global.subSep.scalar().Get()))
	}
	return ToString(n.scalar(f))
}

// arraySlice is @x[..] and %x[..].
type arraySlice struct {
	at
	a    arrayNode
	keys node
	kv   bool
}

func (n *arraySlice) list(f *frame, out []Value) []Value {
	keys := evalList(n.keys, f, nil)
	a := n.a.arr(f, toMake)
	for _, k := range keys {
		if n.kv {
			out = append(out, k)
		}
		out = append(out, a.Get(clampIndex(ToInt(k))))
	}
	return out
}

func (n *arraySlice) scalar(f *frame) Value { return lastOf(n.list(f, nil)) }

func lastOf(vals []Value) Value {
	if len(vals) == 0 {
		return nil
	}
	return vals[len(vals)-1]
}

func (n *arraySlice) aliases(f *frame, out []*Scalar) []*Scalar {
	if n.kv {
		return wrap(n.list(f, nil), out)
	}
	keys := evalList(n.keys, f, nil)
	a := n.a.arr(f, toMake)
	for _, k := range keys {
		out = append(out, a.elem(f, clampIndex(ToInt(k)), n.at))
	}
	return out
}

// hashSlice is @x{..} and %x{..}.
type hashSlice struct {
	at
	h    hashNode
	keys node
	kv   bool
}

func (n *hashSlice) list(f *frame, out []Value) []Value {
	keys := evalList(n.keys, f, nil)
	h := n.h.hsh(f, toMake)
	for _, k := range keys {
		if n.kv {
			out = append(out, k)
		}
		out = append(out, h.M[ToString(k)].Get())
	}
	return out
}

func (n *hashSlice) scalar(f *frame) Value { return lastOf(n.list(f, nil)) }

func (n *hashSlice) aliases(f *frame, out []*Scalar) []*Scalar {
	if n.kv {
		return wrap(n.list(f, nil), out)
	}
	keys := evalList(n.keys, f, nil)
	h := n.h.hsh(f, toMake)
	for _, k := range keys {
		out = append(out, h.At(ToString(k)))
	}
	return out
}

// listSlice is (list)[..].
type listSlice struct {
	at
	x    node // nil when empty
	keys node
}

func (n *listSlice) list(f *frame, out []Value) []Value {
	var vals []Value
	if n.x != nil {
		vals = evalList(n.x, f, nil)
	}
	if len(vals) == 0 {
		return out
	}
	for _, k := range evalList(n.keys, f, nil) {
		i := clampIndex(ToInt(k))
		if i < 0 {
			i += len(vals)
		}
		if i < 0 || i >= len(vals) {
			out = append(out, nil)
		} else {
			out = append(out, vals[i])
		}
	}
	return out
}

func (n *listSlice) scalar(f *frame) Value { return lastOf(n.list(f, nil)) }

// listNode is a comma list.
type listNode struct {
	at
	elems   []node
	origins []*Origin // of the elements
}

func (n *listNode) scalar(f *frame) Value {
	var v Value
	for i, e := range n.elems {
		if i == len(n.elems)-1 {
			v = e.scalar(f)
		} else {
			evalVoid(e, f)
		}
	}
	return v
}

func (n *listNode) void(f *frame) {
	for _, e := range n.elems {
		evalVoid(e, f)
	}
}

func (n *listNode) list(f *frame, out []Value) []Value {
	for _, e := range n.elems {
		out = evalList(e, f, out)
	}
	return out
}

func (n *listNode) aliases(f *frame, out []*Scalar) []*Scalar {
	for _, e := range n.elems {
		out = evalAliases(e, f, out)
	}
	return out
}

// withOrigins evaluates a list and says of every value where it was written; a nil slice means all at n.
func withOrigins(n node, f *frame) ([]Value, []*Origin) {
	l, ok := n.(*listNode)
	if !ok {
		vals := evalList(n, f, nil)
		o := originOf(n)
		origins := make([]*Origin, len(vals))
		for i := range origins {
			origins[i] = o
		}
		return vals, origins
	}
	vals := make([]Value, 0, len(l.elems))
	origins := make([]*Origin, 0, len(l.elems))
	for i, e := range l.elems {
		vals = evalList(e, f, vals)
		for len(origins) < len(vals) {
			origins = append(origins, l.origins[i])
		}
	}
	return vals, origins
}

func originOf(n node) *Origin {
	if c, ok := n.(*constNode); ok && c.origin != nil {
		return c.origin
	}
	return &Origin{Span: n.span(), n: 1}
}

// newElems makes containers for values with their origins.
func newElems(vals []Value, origins []*Origin) []*Scalar {
	block := make([]Scalar, len(vals))
	out := make([]*Scalar, len(vals))
	for i, v := range vals {
		block[i].V = v
		block[i].Origin = origins[i]
		out[i] = &block[i]
	}
	return out
}

// anonArray is [..].
type anonArray struct {
	at
	l      *listNode
	origin *Origin
}

func (n *anonArray) scalar(f *frame) Value {
	vals, origins := withOrigins(n.l, f)
	f.in.step(len(vals) >> 2)
	return &Array{Elems: newElems(vals, origins), Origin: n.origin}
}

// anonHash is {..}.
type anonHash struct {
	at
	l      *listNode
	origin *Origin
}

func (n *anonHash) scalar(f *frame) Value {
	h := NewHash()
	h.Origin = n.origin
	vals, origins := withOrigins(n.l, f)
	h.fill(f.in, vals, origins)
	return h
}

// fill puts pairs into an empty hash; a later key replaces an earlier one, a key without value gets undef.
func (h *Hash) fill(in *Interp, vals []Value, origins []*Origin) {
	in.step(len(vals) >> 1)
	for i := 0; i < len(vals); i += 2 {
		k := ToString(vals[i])
		s := &Scalar{Origin: origins[i]}
		if i+1 < len(vals) {
			s.V, s.Origin = vals[i+1], origins[i+1]
		}
		h.put(k, s)
	}
}
