package main

import (
	"bytes"
	"fmt"
	"strings"
)

// around is how many lines of context stand around a change.
const around = 3

// unified gives the difference of two texts as diff -u writes it; nothing when they are the same.
func unified(name string, old, new []byte) []byte {
	a, b := splitLines(old), splitLines(new)
	steps := compare(a, b)
	var out bytes.Buffer
	for i := 0; i < len(steps); {
		for i < len(steps) && steps[i].kind == ' ' {
			i++
		}
		if i == len(steps) {
			break
		}
		from, end := max(0, i-around), i
		for gap := 0; end < len(steps) && gap <= 2*around; end++ {
			if steps[end].kind == ' ' {
				gap++
			} else {
				gap = 0
			}
		}
		for end > i && steps[end-1].kind == ' ' {
			end--
		}
		i = end
		end = min(len(steps), end+around)
		if out.Len() == 0 {
			fmt.Fprintf(&out, "--- %s\n+++ %s\n", name, name)
		}
		hunk(&out, steps[from:end])
	}
	return out.Bytes()
}

// step is a line that is kept (' '), taken out ('-') or put in ('+'), and how many lines of each side stand before it.
type step struct {
	kind byte
	line string
	a, b int
}

func hunk(out *bytes.Buffer, steps []step) {
	var n, m int
	for _, s := range steps {
		if s.kind != '+' {
			n++
		}
		if s.kind != '-' {
			m++
		}
	}
	first := func(at, count int) int {
		if count == 0 {
			return at
		}
		return at + 1
	}
	fmt.Fprintf(out, "@@ -%d,%d +%d,%d @@\n", first(steps[0].a, n), n, first(steps[0].b, m), m)
	for _, s := range steps {
		out.WriteByte(s.kind)
		out.WriteString(s.line)
		if !strings.HasSuffix(s.line, "\n") {
			out.WriteString("\n\\ No newline at end of file\n")
		}
	}
}

func splitLines(text []byte) []string {
	if len(text) == 0 {
		return nil
	}
	lines := strings.SplitAfter(string(text), "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

// maxEdits bounds the search for a short difference; beyond it everything between the first and last change is replaced.
const maxEdits = 1500

// compare finds a shortest way from a to b (Myers 1986), between their common beginning and end.
func compare(a, b []string) []step {
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	var steps []step
	x, y := 0, 0
	put := func(kind byte) {
		line := ""
		if kind == '+' {
			line = b[y]
		} else {
			line = a[x]
		}
		steps = append(steps, step{kind, line, x, y})
		if kind != '+' {
			x++
		}
		if kind != '-' {
			y++
		}
	}
	for range head {
		put(' ')
	}
	for _, kind := range myers(a[head:len(a)-tail], b[head:len(b)-tail]) {
		put(kind)
	}
	for range tail {
		put(' ')
	}
	return steps
}

func myers(a, b []string) []byte {
	n, m := len(a), len(b)
	limit := min(n+m, maxEdits)
	v := make([]int, 2*limit+2)
	var trace [][]int
	for d := 0; d <= limit; d++ {
		trace = append(trace, append([]int(nil), v...))
		for k := -d; k <= d; k += 2 {
			x := 0
			if k == -d || k != d && v[limit+k-1] < v[limit+k+1] {
				x = v[limit+k+1]
			} else {
				x = v[limit+k-1] + 1
			}
			for x < n && x-k < m && a[x] == b[x-k] {
				x++
			}
			v[limit+k] = x
			if x >= n && x-k >= m {
				return walkBack(trace, limit, n, m)
			}
		}
	}
	return []byte(strings.Repeat("-", n) + strings.Repeat("+", m))
}

func walkBack(trace [][]int, limit, x, y int) []byte {
	var out []byte
	for d := len(trace) - 1; d > 0; d-- {
		v, k := trace[d], x-y
		prev := k - 1
		if k == -d || k != d && v[limit+k-1] < v[limit+k+1] {
			prev = k + 1
		}
		px := v[limit+prev]
		py := px - prev
		for x > px && y > py {
			out = append(out, ' ')
			x, y = x-1, y-1
		}
		if x == px {
			out = append(out, '+')
			y--
		} else {
			out = append(out, '-')
			x--
		}
	}
	for ; x > 0; x-- {
		out = append(out, ' ')
	}
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return out
}
