package lookup

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// address is 128 bits; IPv4 addresses are IPv4-mapped ones, ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2).
type address struct{ hi, lo uint64 }

const v4Mapped = 0xffff << 32 // the top half of lo

func (a address) is4() bool { return a.hi == 0 && a.lo>>32 == 0xffff }

func (a address) within(net address, bits int) bool {
	switch {
	case bits <= 0:
		return true
	case bits <= 64:
		return (a.hi^net.hi)>>(64-bits) == 0
	}
	return a.hi == net.hi && (bits == 64 || (a.lo^net.lo)>>(128-bits) == 0)
}

// String is the form in which hashes hold IPv6 addresses: eight groups of four digits.
func (a address) String() string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], a.hi)
	binary.BigEndian.PutUint64(b[8:], a.lo)
	out := make([]byte, 0, 39)
	for i := 0; i < 16; i += 2 {
		if i > 0 {
			out = append(out, ':')
		}
		out = append(out, fmt.Sprintf("%02x%02x", b[i], b[i+1])...)
	}
	return string(out)
}

// dotted is the IPv4 form.
func (a address) dotted() string {
	v := uint32(a.lo)
	return fmt.Sprintf("%d.%d.%d.%d", v>>24, v>>16&255, v>>8&255, v&255)
}

// parseNet reads an address, or with mask a network: IPv4 as d.d.d.d, with /bits or /mask also shortened (10/8,
// 172.16/12); IPv6 in all forms of RFC 4291 with /bits.
func parseNet(text string, mask bool) (address, int, error) {
	s := strings.TrimRight(strings.TrimLeft(text, " \t"), " \t\r\n")
	size, hasSize := "", false
	if mask {
		s, size, hasSize = strings.Cut(s, "/")
	}
	if len(s) >= 2 && s[0] == '[' && s[len(s)-1] == ']' {
		s = s[1 : len(s)-1]
	}
	six := false
	if len(s) >= 5 && strings.EqualFold(s[:5], "IPv6:") {
		s, six = s[5:], true
	} else {
		six = hasGroup(s)
	}
	if i := strings.LastIndexByte(s, '%'); i >= 0 && isZone(s[i+1:]) {
		s = s[:i]
	}
	if !six && isShortV4(s) {
		return parseV4(s, size, hasSize)
	}
	a, err := parseV6(s, six)
	if err != nil {
		return address{}, 0, fmt.Errorf("%q: %w", text, err)
	}
	bits := 128
	if hasSize {
		n, ok := decimal(size, 3)
		if !ok {
			return address{}, 0, fmt.Errorf("%q: the prefix length is no number", text)
		}
		if bits = n; bits > 128 {
			return address{}, 0, fmt.Errorf("%q: the prefix length is over 128", text)
		}
	}
	return a, bits, nil
}

// hasGroup looks for two colons with nothing but hexadecimal digits between.
func hasGroup(s string) bool {
	last := -1
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == ':':
			if last >= 0 {
				return true
			}
			last = i
		case !isHex(s[i]):
			last = -1
		}
	}
	return false
}

func isHex(c byte) bool { return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f' }

func isZone(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || strings.IndexByte("._~-", c) >= 0 {
			continue
		}
		return false
	}
	return true
}

// decimal reads one to max digits.
func decimal(s string, max int) (int, bool) {
	if s == "" || len(s) > max {
		return 0, false
	}
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
	}
	n, err := strconv.Atoi(s)
	return n, err == nil
}

func isShortV4(s string) bool {
	fields := strings.Split(s, ".")
	if len(fields) > 4 {
		return false
	}
	for _, f := range fields {
		if _, ok := decimal(f, 3); !ok {
			return false
		}
	}
	return true
}

func quad(fields []string) (v uint32, ok bool) {
	for i := range 4 {
		n := 0
		if i < len(fields) {
			if n, ok = decimal(fields[i], 3); !ok || n > 255 {
				return 0, false
			}
		}
		v = v<<8 | uint32(n)
	}
	return v, true
}

func parseV4(s, size string, hasSize bool) (address, int, error) {
	fields := strings.Split(s, ".")
	v, ok := quad(fields)
	if !ok {
		return address{}, 0, fmt.Errorf("%q: a field is over 255", s)
	}
	if !hasSize && len(fields) < 4 {
		return address{}, 0, fmt.Errorf("%q: an IPv4 address has four fields; a shorter network needs /bits", s)
	}
	bits := 32
	if hasSize {
		n, ok := decimal(size, 9)
		if ok {
			bits = n
		} else if bits, ok = maskBits(size); !ok {
			return address{}, 0, fmt.Errorf("%q: %q is neither a prefix length nor a network mask", s, size)
		}
		if bits > 32 {
			return address{}, 0, fmt.Errorf("%q: the prefix length is over 32", s)
		}
	}
	return address{lo: v4Mapped | uint64(v)}, bits + 96, nil
}

func maskBits(s string) (int, bool) {
	fields := strings.Split(s, ".")
	if len(fields) != 4 {
		return 0, false
	}
	v, ok := quad(fields)
	bits := 0
	for ; bits < 32 && v&(1<<31) != 0; bits++ {
		v <<= 1
	}
	return bits, ok && v == 0
}

var (
	errFewFields = errors.New("an IPv6 address has eight fields, these are fewer")
	errManyField = errors.New("an IPv6 address has eight fields, these are more")
	errField     = errors.New("not an IP address")
)

func parseV6(s string, six bool) (address, error) {
	if i := strings.LastIndexByte(s, ':'); six && i >= 0 {
		if tail := strings.Split(s[i+1:], "."); len(tail) == 4 && isShortV4(s[i+1:]) {
			v, ok := quad(tail)
			if !ok {
				return address{}, errField
			}
			s = fmt.Sprintf("%s%x:%x", s[:i+1], v>>16, v&0xffff)
		}
	}
	var fields []string
	if before, after, ok := strings.Cut(s, "::"); ok {
		b, a := groups(before), groups(after)
		fields = append(fields, b...)
		for range max(1, 8-len(a)-len(b)) {
			fields = append(fields, "0")
		}
		fields = append(fields, a...)
	} else {
		fields = groups(s)
	}
	switch {
	case len(fields) < 8:
		return address{}, errFewFields
	case len(fields) > 8:
		return address{}, errManyField
	}
	var half [2]uint64
	for i, f := range fields {
		if len(f) < 1 || len(f) > 4 {
			return address{}, errField
		}
		n, err := strconv.ParseUint(f, 16, 16)
		if err != nil {
			return address{}, errField
		}
		half[i/4] = half[i/4]<<16 | n
	}
	return address{half[0], half[1]}, nil
}

func groups(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ":")
}
