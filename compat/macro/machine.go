package macro

import (
	"fmt"
	"slices"
	"strings"
)

// frame is a macro call whose arguments are being collected.
type frame struct {
	opener tokenKind
	args   [][]token
	// implied is set while the call itself quotes its arguments: all of an iterator, a selector's from the second on.
	implied bool
}

// machine is one expansion: a stack of input on which active calls put their results, calls not yet closed, and the
// quotes that are open. A quote weighs 2 when opened by [" and 1 otherwise; macros are called at weight 0 only, and
// the arguments of a self-quoting call are told apart at weight 1.
type machine struct {
	expander *Expander
	patterns *patterns
	cache    map[string]Value // values of functions called without arguments
	input    []token          // last element is next
	frames   []frame
	quotes   []tokenKind
	weight   int
	out      strings.Builder
	steps    int
	octets   int
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
	if n := len(m.frames); n > 0 {
		f := &m.frames[n-1]
		last := len(f.args) - 1
		f.args[last] = append(f.args[last], ts...)
		return
	}
	for _, t := range ts {
		if m.octets -= len(t.text); m.octets < 0 {
			return
		}
		m.out.WriteString(t.text)
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
		m.frames = append(m.frames, frame{opener: t.kind, args: [][]token{nil}})
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
	f.args = append(f.args, nil)
	if f.opener == openSelect && len(f.args) == 2 {
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
