package macro

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// DecodeAddress shows an address to people: A-labels of the domain as U-labels (RFC 5890), an ASCII domain in lower case,
// angle brackets kept. With octets unset, what is no UTF-8 is read as Windows-1252, so that the result is UTF-8.
func DecodeAddress(addr string, octets bool) string {
	bracketed := len(addr) >= 2 && addr[0] == '<' && addr[len(addr)-1] == '>'
	if bracketed {
		addr = addr[1 : len(addr)-1]
	}
	toText := func(s string) string {
		if octets || utf8.ValidString(s) {
			return s
		}
		return latin(s)
	}
	if at := strings.LastIndexByte(addr, '@'); at >= 0 {
		domain := DomainToUnicode(addr[at+1:])
		if isASCII(domain) {
			domain = mapASCII(domain, 'A', 'Z')
		}
		addr = toText(addr[:at]) + "@" + toText(domain)
	} else {
		addr = toText(addr)
	}
	if bracketed {
		addr = "<" + addr + ">"
	}
	return addr
}

// latin reads octets as Windows-1252.
func latin(s string) string {
	out, err := charmap.Windows1252.NewDecoder().String(s)
	if err != nil {
		return strings.ToValidUTF8(s, "\ufffd")
	}
	return out
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// DomainToUnicode turns A-labels (xn--…) into U-labels. A label that does not decode stays.
func DomainToUnicode(domain string) string {
	if !strings.Contains(mapASCII(domain, 'A', 'Z'), "xn--") {
		return domain
	}
	labels := strings.Split(mapASCII(domain, 'A', 'Z'), ".")
	for i, l := range labels {
		if p, ok := strings.CutPrefix(l, "xn--"); ok && len(p) <= 59 {
			if u, ok := punycodeDecode(p); ok {
				labels[i] = u
			}
		}
	}
	return strings.Join(labels, ".")
}

// DomainToASCII turns U-labels into A-labels and the rest into lower case. A domain that is no UTF-8 stays.
func DomainToASCII(domain string) string {
	if isASCII(domain) {
		return mapASCII(domain, 'A', 'Z')
	}
	if !utf8.ValidString(domain) {
		return domain
	}
	labels := strings.Split(strings.ToLower(domain), ".")
	for i, l := range labels {
		if !isASCII(l) {
			labels[i] = "xn--" + punycodeEncode(l)
		}
	}
	return strings.Join(labels, ".")
}

// The parameters of RFC 3492 section 5.
const (
	punyBase, punyTMin, punyTMax, punySkew, punyDamp = 36, 1, 26, 38, 700

	punyFirst = 128
	punyBias  = 72
)

func punyAdapt(delta, points int, first bool) int {
	if first {
		delta /= punyDamp
	} else {
		delta /= 2
	}
	delta += delta / points
	k := 0
	for ; delta > (punyBase-punyTMin)*punyTMax/2; k += punyBase {
		delta /= punyBase - punyTMin
	}
	return k + (punyBase-punyTMin+1)*delta/(delta+punySkew)
}

func punyThreshold(k, bias int) int { return max(punyTMin, min(punyTMax, k-bias)) }

// punycodeDecode is RFC 3492 section 6.2.
func punycodeDecode(s string) (string, bool) {
	var out []rune
	if n := strings.LastIndexByte(s, '-'); n >= 0 {
		out = []rune(s[:n])
		s = s[n+1:]
	}
	point, pos, bias := punyFirst, 0, punyBias
	for len(s) > 0 {
		old, weight := pos, 1
		for k := punyBase; ; k += punyBase {
			if s == "" {
				return "", false
			}
			digit := strings.IndexByte("abcdefghijklmnopqrstuvwxyz0123456789", s[0])
			s = s[1:]
			if digit < 0 || pos > 1<<30 || weight > 1<<24 {
				return "", false
			}
			pos += digit * weight
			t := punyThreshold(k, bias)
			if digit < t {
				break
			}
			weight *= punyBase - t
		}
		bias = punyAdapt(pos-old, len(out)+1, old == 0)
		point += pos / (len(out) + 1)
		pos %= len(out) + 1
		if point > utf8.MaxRune || !utf8.ValidRune(rune(point)) {
			return "", false
		}
		out = append(out[:pos], append([]rune{rune(point)}, out[pos:]...)...)
		pos++
	}
	return string(out), true
}

// punycodeEncode is RFC 3492 section 6.3.
func punycodeEncode(s string) string {
	var out strings.Builder
	runes := []rune(s)
	for _, r := range runes {
		if r < utf8.RuneSelf {
			out.WriteRune(r)
		}
	}
	basic := out.Len()
	done := basic
	if basic > 0 {
		out.WriteByte('-')
	}
	point, delta, bias := rune(punyFirst), 0, punyBias
	for done < len(runes) {
		least := rune(utf8.MaxRune)
		for _, r := range runes {
			if r >= point && r < least {
				least = r
			}
		}
		delta += int(least-point) * (done + 1)
		point = least
		for _, r := range runes {
			if r < point {
				delta++
			}
			if r != point {
				continue
			}
			q := delta
			for k := punyBase; ; k += punyBase {
				t := punyThreshold(k, bias)
				if q < t {
					break
				}
				d := t + (q-t)%(punyBase-t)
				out.WriteByte("abcdefghijklmnopqrstuvwxyz0123456789"[d])
				q = (q - t) / (punyBase - t)
			}
			out.WriteByte("abcdefghijklmnopqrstuvwxyz0123456789"[q])
			bias = punyAdapt(delta, done+1, done == basic)
			delta = 0
			done++
		}
		delta++
		point++
	}
	return out.String()
}
