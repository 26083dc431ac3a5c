package asperl

import "strings"

// modes are the switches of a pattern that (?...) can change.
type modes struct {
	on      map[byte]int // m s i x n p; x may be 2
	charset string       // "", a, aa, l, u
}

func (m modes) clone() modes {
	on := map[byte]int{}
	for k, v := range m.on {
		on[k] = v
	}
	return modes{on, m.charset}
}

func (m modes) String() string {
	var b strings.Builder
	b.WriteString(m.charset)
	for _, c := range "msixnp" {
		b.WriteString(strings.Repeat(string(c), m.on[byte(c)]))
	}
	return b.String()
}

// apply reads switches such as "i-x" or "^m".
func (m *modes) apply(text string) {
	on := true
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '^':
			p := m.on['p']
			m.on, m.charset = map[byte]int{'p': p}, ""
		case '-':
			on = false
		case 'd':
			m.charset = ""
		case 'l', 'u':
			m.charset = string(c)
		case 'a':
			m.charset = "a"
			if i > 0 && text[i-1] == 'a' {
				m.charset = "aa"
			}
		case 'x':
			switch {
			case !on:
				m.on['x'] = 0
			case i > 0 && text[i-1] == 'x':
				m.on['x'] = 2
			default:
				m.on['x'] = 1
			}
		case 'm', 's', 'i', 'n', 'p':
			m.on[c] = 0
			if on {
				m.on[c] = 1
			}
		}
	}
}

// finalFlags gives the switches that are in force at the end of a pattern, outside of all groups. That is what the
// original's regexp_pattern tells, where the pattern's own text tells the ones it began with.
func finalFlags(pattern, flags string) string {
	if !strings.Contains(pattern, "(?") {
		return flags
	}
	m := modes{on: map[byte]int{}}
	m.apply(flags)
	var outer []modes
	for i := 0; i < len(pattern); i++ {
		switch pattern[i] {
		case '\\':
			i++
		case '[':
			i = classEnd(pattern, i)
		case '#':
			if m.on['x'] > 0 {
				for i < len(pattern) && pattern[i] != '\n' {
					i++
				}
			}
		case ')':
			if len(outer) > 0 {
				m, outer = outer[len(outer)-1], outer[:len(outer)-1]
			}
		case '(':
			rest := pattern[i+1:]
			if strings.HasPrefix(rest, "?#") {
				end := strings.IndexByte(rest, ')')
				if end < 0 {
					return m.String()
				}
				i += 1 + end
				continue
			}
			n := 1
			for strings.HasPrefix(rest, "?") && n < len(rest) && strings.IndexByte("^-msixnpadlu", rest[n]) >= 0 {
				n++
			}
			if n < len(rest) && n > 1 && rest[n] == ')' {
				m.apply(rest[1:n])
				i += n + 1
				continue
			}
			outer = append(outer, m.clone())
			if n < len(rest) && n > 1 && rest[n] == ':' {
				m.apply(rest[1:n])
			}
		}
	}
	return m.String()
}

// classEnd is the offset of the ] that ends the character class at i.
func classEnd(s string, i int) int {
	j := i + 1
	if j < len(s) && s[j] == '^' {
		j++
	}
	if j < len(s) && s[j] == ']' {
		j++
	}
	for ; j < len(s); j++ {
		switch {
		case s[j] == '\\':
			j++
		case s[j] == ']':
			return j
		case s[j] == '[' && j+1 < len(s) && s[j+1] == ':':
			if end := strings.Index(s[j+2:], ":]"); end >= 0 {
				j += end + 3
			}
		}
	}
	return len(s)
}
