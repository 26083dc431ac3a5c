package eval

import (
	"mavis/perlconf/source"
)

// NewScalar makes a scalar that holds v.
func NewScalar(v Value) *Scalar { return &Scalar{V: v} }

// NewArray makes an array of copies of the values.
func NewArray(vals ...Value) *Array {
	a := &Array{}
	a.Push(vals...)
	return a
}

// NewHash makes an empty hash.
func NewHash() *Hash { return &Hash{M: map[string]*Scalar{}} }

// Get reads the scalar; a nil scalar is undef.
func (s *Scalar) Get() Value {
	if s == nil {
		return nil
	}
	if s.Magic != nil {
		return s.Magic.Get()
	}
	return s.V
}

// Set writes the scalar without touching its Origin. The error is that of a read-only or refused value.
func (s *Scalar) Set(v Value) error {
	if s.Magic != nil {
		return s.Magic.Set(v)
	}
	if s.ro {
		return errReadOnly
	}
	s.V = v
	s.pos = 0
	return nil
}

// maxOrigins bounds the chain of what was overwritten, for loops that assign.
const maxOrigins = 64

// Mark notes where the present value came from; a repeated assignment at one place counts once.
func (s *Scalar) Mark(span source.Span) { s.Origin = nextOrigin(s.Origin, span) }

// Mark is Scalar.Mark for a whole array.
func (a *Array) Mark(span source.Span) { a.Origin = nextOrigin(a.Origin, span) }

// Mark is Scalar.Mark for a whole hash.
func (h *Hash) Mark(span source.Span) { h.Origin = nextOrigin(h.Origin, span) }

func nextOrigin(prev *Origin, span source.Span) *Origin {
	if prev == nil {
		return &Origin{Span: span, n: 1}
	}
	if prev.Span == span {
		return prev
	}
	if prev.n >= maxOrigins {
		return &Origin{Span: span, Prev: prev.Prev, n: prev.n}
	}
	return &Origin{Span: span, Prev: prev, n: prev.n + 1}
}

// Len is the number of elements.
func (a *Array) Len() int { return len(a.Elems) }

// Get reads element i, counted from the end when negative; undef when there is none.
func (a *Array) Get(i int) Value {
	if i < 0 {
		i += len(a.Elems)
	}
	if i < 0 || i >= len(a.Elems) {
		return nil
	}
	return a.Elems[i].Get()
}

// Values gives a copy of all elements.
func (a *Array) Values() []Value {
	out := make([]Value, len(a.Elems))
	for i, e := range a.Elems {
		out[i] = e.Get()
	}
	return out
}

// Push appends copies of the values.
func (a *Array) Push(vals ...Value) {
	block := make([]Scalar, len(vals))
	for i, v := range vals {
		block[i].V = v
		a.Elems = append(a.Elems, &block[i])
	}
}

// At gives the container of element i >= 0, making it when needed.
func (a *Array) At(i int) *Scalar {
	for len(a.Elems) <= i {
		a.Elems = append(a.Elems, nil)
	}
	if a.Elems[i] == nil {
		a.Elems[i] = &Scalar{}
	}
	return a.Elems[i]
}

// Len is the number of keys.
func (h *Hash) Len() int { return len(h.M) }

// Get reads the value of a key, undef when there is none.
func (h *Hash) Get(key string) Value { return h.M[key].Get() }

// Lookup gives the container of a key, nil when there is none.
func (h *Hash) Lookup(key string) *Scalar { return h.M[key] }

// At gives the container of a key, making it when needed.
func (h *Hash) At(key string) *Scalar {
	s := h.M[key]
	if s == nil {
		s = &Scalar{}
		h.put(key, s)
	}
	return s
}

// Put sets a key to a value, without an origin.
func (h *Hash) Put(key string, v Value) *Scalar {
	s := h.At(key)
	if s.Magic == nil {
		s.V = v
	} else {
		_ = s.Magic.Set(v)
	}
	return s
}

func (h *Hash) put(key string, s *Scalar) {
	if h.M == nil {
		h.M = map[string]*Scalar{}
	}
	if _, ok := h.M[key]; !ok {
		h.Order = append(h.Order, key)
	}
	h.M[key] = s
}

// Delete removes a key and gives its container, nil when there was none.
func (h *Hash) Delete(key string) *Scalar {
	s, ok := h.M[key]
	if !ok {
		return nil
	}
	delete(h.M, key)
	if h.stale == nil {
		h.stale = map[string]int{}
	}
	h.stale[key]++
	h.dead++
	if h.dead > 32 && h.dead > len(h.Order)/2 {
		h.Order = h.Keys()
		h.stale, h.dead = nil, 0
	}
	return s
}

// Keys gives the keys in order of insertion.
func (h *Hash) Keys() []string {
	out := make([]string, 0, len(h.M))
	if h.dead == 0 {
		return append(out, h.Order...)
	}
	seen := map[string]int{}
	for _, k := range h.Order {
		if n := h.stale[k]; n > 0 && seen[k] < n {
			seen[k]++
			continue
		}
		out = append(out, k)
	}
	return out
}

// Clear removes everything.
func (h *Hash) Clear() {
	h.M, h.Order, h.stale, h.dead, h.iter, h.inIter = map[string]*Scalar{}, nil, nil, 0, nil, false
}
