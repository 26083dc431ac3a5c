package macro

import (
	"fmt"
	"slices"
	"sync"
)

// frame is a macro call whose arguments are being collected. Frames nest, and so do their arguments: those of all open calls
// lie one behind the other in machine.collected, and each begins where machine.begins says.
type frame struct {
	opener tokenKind
	first  int // index in begins of the first argument
	// implied is set while the call itself quotes its arguments: all of an iterator, a selector's from the second on.
	implied bool
}

// machine is one expansion: a stack of input on which active calls put their results, calls not yet closed, and the
// quotes that are open. A quote weighs 2 when opened by [" and 1 otherwise; macros are called at weight 0 only, and
// the arguments of a self-quoting call are told apart at weight 1.
type machine struct {
	expander  *Expander
	patterns  *patterns
	cache     map[string]Value // values of functions called without arguments
	input     []token          // last element is next
	frames    []frame
	collected []token
	begins    []int
	quotes    []tokenKind
	weight    int
	out       []byte
	steps     int
	octets    int

	// What a call gives, until it is pushed or emitted.
	args    [][]token
	single  [1]token
	several []token
}

// keptTokens bounds what a machine keeps for the next expansion.
const keptTokens = 4096

var machines = sync.Pool{New: func() any { return &machine{cache: map[string]Value{}} }}

func newMachine(e *Expander, p *patterns) *machine {
	m := machines.Get().(*machine)
	m.expander, m.patterns, m.steps, m.octets, m.weight = e, p, e.limits.Steps, e.limits.Output, 0
	return m
}

// release gives the machine to the next expansion, without any text of this one.
func (m *machine) release() {
	if cap(m.input)+cap(m.collected)+cap(m.several) > keptTokens || cap(m.out) > 64<<10 || len(m.cache) > 256 {
		return
	}
	for _, ts := range []*[]token{&m.input, &m.collected, &m.several} {
		clear((*ts)[:cap(*ts)])
		*ts = (*ts)[:0]
	}
	clear(m.cache)
	clear(m.args[:cap(m.args)])
	m.expander, m.patterns, m.single[0] = nil, nil, token{}
	m.frames, m.begins, m.quotes, m.args, m.out = m.frames[:0], m.begins[:0], m.quotes[:0], m.args[:0], m.out[:0]
	machines.Put(m)
}

// one is a single token of text as a result.
func (m *machine) one(text string) []token {
	m.single[0] = token{plain, text}
	return m.single[:]
}

// arguments are those of a frame, the newest one.
func (m *machine) arguments(f frame) [][]token {
	m.args = m.args[:0]
	for i := f.first; i < len(m.begins); i++ {
		end := len(m.collected)
		if i+1 < len(m.begins) {
			end = m.begins[i+1]
		}
		m.args = append(m.args, m.collected[m.begins[i]:end])
	}
	return m.args
}

func quoteWeight(k tokenKind) int {
	if k == openQuote {
		return 2
	}
	return 1
}

// push puts tokens in front of the input.
func (m *machine) push(ts []token) {
	m.steps -= len(ts)
	if m.steps < 0 {
		return
	}
	m.input = slices.Grow(m.input, len(ts))
	for i := len(ts) - 1; i >= 0; i-- {
		m.input = append(m.input, ts[i])
	}
}

// emit adds tokens to the argument being collected, or to the result.
func (m *machine) emit(ts ...token) {
	m.steps -= len(ts)
	if len(m.frames) > 0 {
		m.collected = append(m.collected, ts...) // what ts shares with it lies behind, and moves down
		return
	}
	for _, t := range ts {
		if m.octets -= len(t.text); m.octets < 0 {
			return
		}
		m.out = append(m.out, t.text...)
	}
}

// join is flatten, on account.
func (m *machine) join(ts []token) string {
	for _, t := range ts {
		m.octets -= len(t.text)
	}
	if m.octets < 0 {
		return ""
	}
	return flatten(ts)
}

func (m *machine) openQuote(k tokenKind) {
	m.quotes = append(m.quotes, k)
	m.weight += quoteWeight(k)
}

func (m *machine) closeQuote() {
	if n := len(m.quotes); n > 0 {
		m.weight -= quoteWeight(m.quotes[n-1])
		m.quotes = m.quotes[:n-1]
	}
}

func (m *machine) run() error {
	for len(m.input) > 0 {
		t := m.input[len(m.input)-1]
		m.input = m.input[:len(m.input)-1]
		m.step(t)
		if m.steps < 0 || m.octets < 0 {
			return fmt.Errorf("%w of %d steps or %d octets", ErrTooMuch, m.expander.limits.Steps, m.expander.limits.Output)
		}
	}
	return nil
}

func (m *machine) step(t token) {
	m.steps--
	switch {
	case t.kind == plain:
		m.emit(t)
	case t.opens():
		m.open(t)
	case t.kind == separator && m.weight <= 1 && len(m.frames) > 0:
		m.nextArgument()
	case t.kind == closeCall || t.kind == closeQuote:
		m.close(t)
	case m.weight > 0:
		m.emit(t)
	case t.kind == discard:
		m.skipLine()
	case t.kind == simple:
		m.emit(m.callSimple(t)...)
	case t.kind == capitals:
		m.emit(m.callCapitals(t)...)
	default: // a separator or a newline mark outside of all calls
		m.emit(t)
	}
}

func (m *machine) open(t token) {
	switch {
	case m.weight > 0:
		m.openQuote(t.kind)
		m.emit(t)
	case t.kind == openQuote: // one level of quoting is taken off here
		m.openQuote(t.kind)
	default:
		m.frames = append(m.frames, frame{opener: t.kind, first: len(m.begins)})
		m.begins = append(m.begins, len(m.collected))
		if t.kind == openIter {
			m.imply()
		}
	}
}

func (m *machine) imply() {
	f := &m.frames[len(m.frames)-1]
	m.openQuote(f.opener)
	f.implied = true
}

func (m *machine) nextArgument() {
	f := &m.frames[len(m.frames)-1]
	m.begins = append(m.begins, len(m.collected))
	if f.opener == openSelect && len(m.begins)-f.first == 2 {
		m.imply()
	}
}

func (m *machine) close(t token) {
	if m.weight > 1 {
		m.closeQuote()
		if t.kind == closeCall || m.weight > 0 {
			m.emit(t)
		}
		return
	}
	if len(m.frames) == 0 {
		m.emit(t)
		return
	}
	if t.kind == closeQuote { // no quote is open: the " is text, the ] ends the call
		m.emit(token{plain, `"`})
	}
	f := m.frames[len(m.frames)-1]
	if f.implied && m.weight > 0 {
		m.closeQuote()
	}
	result := m.evaluate(f)
	m.frames = m.frames[:len(m.frames)-1]
	m.collected, m.begins = m.collected[:m.begins[f.first]], m.begins[:f.first]
	if f.opener == openNeutral {
		m.emit(result...)
	} else {
		m.push(result)
	}
}

// skipLine drops input up to the end of the source line.
func (m *machine) skipLine() {
	for len(m.input) > 0 {
		t := m.input[len(m.input)-1]
		m.input = m.input[:len(m.input)-1]
		if t.kind == plain && t.text == "\n" {
			return
		}
	}
}
