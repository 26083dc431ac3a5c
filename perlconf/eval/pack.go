package eval

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"mavis/perlconf/source"
)

// packItem is one letter of a template with its count; star counts as -1.
type packItem struct {
	letter byte
	count  int
	given  bool
	order  binary.ByteOrder
}

func (in *Interp) template(t string, span source.Span) []packItem {
	var items []packItem
	for i := 0; i < len(t); {
		c := t[i]
		i++
		if isSpace(c) {
			continue
		}
		if c == '#' {
			for i < len(t) && t[i] != '\n' {
				i++
			}
			continue
		}
		it := packItem{letter: c, count: 1, order: binary.LittleEndian}
		for i < len(t) && strings.IndexByte("<>!", t[i]) >= 0 {
			if t[i] == '>' {
				it.order = binary.BigEndian
			}
			i++
		}
		if i < len(t) && t[i] == '*' {
			it.count, it.given = -1, true
			i++
		} else {
			n := 0
			for i < len(t) && t[i] >= '0' && t[i] <= '9' {
				n = min(n*10+int(t[i]-'0'), in.opt.MaxBytes)
				it.given = true
				i++
			}
			if it.given {
				it.count = n
			}
		}
		if strings.IndexByte("aAZbBhHcCsSlLqQnNvVUwxXfdiIjJ@", c) < 0 {
			in.stop(CodeNotRun, span, "", "the letter %q of pack and unpack is not run here", c)
		}
		switch c {
		case 'n', 'N':
			it.order = binary.BigEndian
		}
		items = append(items, it)
	}
	return items
}

var packSize = map[byte]int{'c': 1, 'C': 1, 's': 2, 'S': 2, 'n': 2, 'v': 2, 'l': 4, 'L': 4, 'N': 4, 'V': 4, 'i': 4, 'I': 4,
	'q': 8, 'Q': 8, 'j': 8, 'J': 8, 'f': 4, 'd': 8}

func (in *Interp) pack(t string, vals []Value, span source.Span) Value {
	var out []byte
	next := func() Value {
		if len(vals) == 0 {
			return nil
		}
		v := vals[0]
		vals = vals[1:]
		return v
	}
	for _, it := range in.template(t, span) {
		in.bytes(len(out) + max(0, it.count))
		switch it.letter {
		case 'a', 'A', 'Z':
			s := ToString(next())
			n := it.count
			if n < 0 {
				n = len(s)
				if it.letter == 'Z' {
					n++
				}
			}
			fill := byte(0)
			if it.letter == 'A' {
				fill = ' '
			}
			if it.letter == 'Z' && len(s) >= n && n > 0 {
				s = s[:n-1]
			}
			for i := range n {
				if i < len(s) {
					out = append(out, s[i])
				} else {
					out = append(out, fill)
				}
			}
		case 'H', 'h', 'B', 'b':
			out = append(out, packDigits(it, ToString(next()))...)
		case 'x':
			for range max(it.count, 0) {
				out = append(out, 0)
			}
		case 'X':
			out = out[:max(0, len(out)-max(it.count, 0))]
		case '@':
			for len(out) < it.count {
				out = append(out, 0)
			}
			out = out[:max(0, it.count)]
		default:
			n := it.count
			if n < 0 {
				n = len(vals)
			}
			for range n {
				in.step(1)
				out = packNumber(out, it, next())
			}
		}
	}
	return string(out)
}

func packDigits(it packItem, s string) []byte {
	per, base := 2, 16
	if it.letter|0x20 == 'b' {
		per, base = 8, 2
	}
	n := it.count
	if n < 0 {
		n = len(s)
	}
	if len(s) > n {
		s = s[:n]
	}
	for len(s) < n {
		s += "0"
	}
	var out []byte
	for i := 0; i < len(s); i += per {
		piece := s[i:min(i+per, len(s))]
		for len(piece) < per {
			piece += "0"
		}
		if it.letter >= 'a' { // low end first
			r := []byte(piece)
			for a, b := 0, len(r)-1; a < b; a, b = a+1, b-1 {
				r[a], r[b] = r[b], r[a]
			}
			piece = string(r)
		}
		u, _ := strconv.ParseUint(piece, base, 8)
		out = append(out, byte(u))
	}
	return out
}

func packNumber(out []byte, it packItem, v Value) []byte {
	switch it.letter {
	case 'U':
		return append(out, ToString(chr(max(ToInt(v), 0)))...)
	case 'w':
		u := unsigned(v)
		var b []byte
		for {
			b = append([]byte{byte(u & 0x7f)}, b...)
			if u >>= 7; u == 0 {
				break
			}
		}
		for i := range len(b) - 1 {
			b[i] |= 0x80
		}
		return append(out, b...)
	}
	var u uint64
	switch it.letter {
	case 'f':
		u = uint64(math.Float32bits(float32(ToFloat(v))))
	case 'd':
		u = math.Float64bits(ToFloat(v))
	default:
		u = unsigned(v)
	}
	var b [8]byte
	size := packSize[it.letter]
	if it.order == binary.BigEndian {
		binary.BigEndian.PutUint64(b[:], u)
		return append(out, b[8-size:]...)
	}
	binary.LittleEndian.PutUint64(b[:], u)
	return append(out, b[:size]...)
}

func (in *Interp) unpack(t, s string, span source.Span) []Value {
	var out []Value
	pos := 0
	for _, it := range in.template(t, span) {
		rest := len(s) - pos
		switch it.letter {
		case 'a', 'A', 'Z':
			n := it.count
			if n < 0 || n > rest {
				n = rest
			}
			piece := s[pos : pos+n]
			pos += n
			switch it.letter {
			case 'A':
				piece = strings.TrimRight(piece, " \x00\n\t\r")
			case 'Z':
				if i := strings.IndexByte(piece, 0); i >= 0 {
					if it.count < 0 {
						pos += i + 1 - n
					}
					piece = piece[:i]
				}
			}
			out = append(out, piece)
		case 'H', 'h', 'B', 'b':
			text, used := unpackDigits(it, s[pos:])
			pos += used
			out = append(out, text)
		case 'x':
			if it.count > rest {
				in.fail(CodeArgs, span, "'x' outside of string in unpack")
			}
			pos += max(it.count, 0)
		case 'X':
			pos = max(0, pos-max(it.count, 0))
		case '@':
			pos = min(max(it.count, 0), len(s))
		default:
			for n := it.count; n != 0; n-- {
				v, used := unpackNumber(it, s[pos:])
				if used == 0 {
					break
				}
				in.step(1)
				pos += used
				out = append(out, v)
			}
		}
	}
	return out
}

func unpackDigits(it packItem, s string) (string, int) {
	per, format := 2, "0123456789abcdef"
	bits := uint(4)
	if it.letter|0x20 == 'b' {
		per, bits = 8, 1
	}
	n := it.count
	if n < 0 || n > len(s)*per {
		n = len(s) * per
	}
	var b strings.Builder
	for i := range n {
		c := s[i/per]
		k := uint(i % per)
		if it.letter < 'a' {
			k = uint(per) - 1 - k
		}
		b.WriteByte(format[c>>(k*bits)&(1<<bits-1)])
	}
	return b.String(), (n + per - 1) / per
}

func unpackNumber(it packItem, s string) (Value, int) {
	switch it.letter {
	case 'U':
		if s == "" {
			return nil, 0
		}
		if r, size := utf8.DecodeRuneInString(s); r != utf8.RuneError {
			return int64(r), size
		}
		return int64(s[0]), 1
	case 'w':
		var u uint64
		for i := range len(s) {
			u = u<<7 | uint64(s[i]&0x7f)
			if s[i] < 0x80 {
				return fromUnsigned(u), i + 1
			}
		}
		return nil, 0
	}
	size := packSize[it.letter]
	if len(s) < size {
		return nil, 0
	}
	var b [8]byte
	var u uint64
	if it.order == binary.BigEndian {
		copy(b[8-size:], s[:size])
		u = binary.BigEndian.Uint64(b[:])
	} else {
		copy(b[:], s[:size])
		u = binary.LittleEndian.Uint64(b[:])
	}
	switch it.letter {
	case 'f':
		return float64(math.Float32frombits(uint32(u))), size
	case 'd':
		return math.Float64frombits(u), size
	case 'c':
		return int64(int8(u)), size
	case 's':
		return int64(int16(u)), size
	case 'l', 'i':
		return int64(int32(u)), size
	case 'q', 'j':
		return int64(u), size
	}
	return fromUnsigned(u), size
}
