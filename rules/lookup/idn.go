package lookup

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/unicode/rangetable"
)

// ToASCII is amavisd's idn_to_ascii: a domain of ASCII is made lower case; else each label is encoded as IDNA 2003 does
// (RFC 3490, RFC 3491, RFC 3492). A leading dot or @ stays. What cannot be encoded comes back as it was.
func ToASCII(domain string) string {
	if isASCII(domain) {
		return lower(domain)
	}
	prefix, rest := "", domain
	if rest[0] == '.' || rest[0] == '@' {
		prefix, rest = rest[:1], rest[1:]
	}
	out, ok := idnaDomain(rest)
	if !ok {
		return domain
	}
	return prefix + lower(out)
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

func idnaDomain(s string) (string, bool) {
	if !utf8.ValidString(s) {
		return "", false
	}
	var labels []string
	start := 0
	for i, r := range s {
		switch r {
		case '.', '\u3002', '\uff0e', '\uff61':
			labels = append(labels, s[start:i])
			start = i + utf8.RuneLen(r)
		}
	}
	labels = append(labels, s[start:])
	for i, l := range labels {
		last := i == len(labels)-1
		if l == "" && last && i > 0 {
			continue
		}
		a, ok := idnaLabel(l)
		if !ok {
			return "", false
		}
		labels[i] = a
	}
	return strings.Join(labels, "."), true
}

const maxLabel = 63 // bytes, RFC 1034 section 3.1

// assigned stands for the code points of Unicode 3.2, which IDNA 2003 is bound to; the nearest known table is 4.1.
var assigned = rangetable.Assigned("4.1.0")

func idnaLabel(l string) (string, bool) {
	if !isASCII(l) {
		var b strings.Builder
		for _, r := range l {
			if !mappedAway(r) {
				b.WriteRune(r)
			}
		}
		fold := cases.Fold()
		l = norm.NFKC.String(fold.String(norm.NFKC.String(fold.String(b.String()))))
		for _, r := range l {
			if r >= 0x80 && (prohibited(r) || !unicode.Is(assigned, r)) {
				return "", false
			}
		}
	}
	if !isASCII(l) {
		if strings.HasPrefix(l, "xn--") {
			return "", false
		}
		p, ok := punycode([]rune(l))
		if !ok {
			return "", false
		}
		l = "xn--" + p
	}
	return l, l != "" && len(l) <= maxLabel
}

// mappedAway are the characters of RFC 3454 table B.1.
func mappedAway(r rune) bool {
	return r == 0xad || r == 0x34f || r == 0x1806 || r >= 0x180b && r <= 0x180d || r >= 0x200b && r <= 0x200d ||
		r == 0x2060 || r >= 0xfe00 && r <= 0xfe0f || r == 0xfeff
}

// prohibited are the characters of RFC 3454 tables C.1.2 and C.2.2 to C.9.
func prohibited(r rune) bool {
	return unicode.In(r, unicode.Zs, unicode.Zl, unicode.Zp, unicode.Cc, unicode.Cs, unicode.Co) ||
		r >= 0xfdd0 && r <= 0xfdef || r&0xfffe == 0xfffe || r >= 0xfff9 && r <= 0xfffd || r >= 0x2ff0 && r <= 0x2ffb ||
		r >= 0x200c && r <= 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2060 && r <= 0x206f || r == 0x340 || r == 0x341 ||
		r == 0x6dd || r == 0x70f || r == 0x180e || r >= 0xe0000 && r <= 0xe007f || r >= 0x1d173 && r <= 0x1d17a
}

// punycode encodes one label (RFC 3492 section 6.3).
func punycode(in []rune) (string, bool) {
	const (
		base, tmin, tmax, skew, damp = 36, 1, 26, 38, 700
		limit                        = 1 << 30
		digits                       = "abcdefghijklmnopqrstuvwxyz0123456789"
	)
	if len(in) > maxLabel {
		return "", false
	}
	var out []byte
	for _, r := range in {
		if r < 0x80 {
			out = append(out, byte(r))
		}
	}
	basic := len(out)
	handled := basic
	if basic > 0 {
		out = append(out, '-')
	}
	n, delta, bias := 0x80, 0, 72
	for handled < len(in) {
		next := limit
		for _, r := range in {
			if int(r) >= n && int(r) < next {
				next = int(r)
			}
		}
		delta += (next - n) * (handled + 1)
		n = next
		for _, r := range in {
			if int(r) < n {
				delta++
			}
			if int(r) != n {
				continue
			}
			q := delta
			for k := base; ; k += base {
				t := min(max(k-bias, tmin), tmax)
				if q < t {
					break
				}
				out = append(out, digits[t+(q-t)%(base-t)])
				q = (q - t) / (base - t)
			}
			out = append(out, digits[q])
			if handled == basic {
				delta /= damp
			} else {
				delta /= 2
			}
			handled++
			delta += delta / handled
			k := 0
			for ; delta > (base-tmin)*tmax/2; k += base {
				delta /= base - tmin
			}
			bias = k + (base-tmin+1)*delta/(delta+skew)
			delta = 0
		}
		delta++
		n++
	}
	return string(out), true
}
