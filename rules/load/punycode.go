package load

import "strings"

// Parameters of Punycode (RFC 3492, section 5).
const (
	punyBase, punyMin, punyMax, punySkew, punyDamp = 36, 1, 26, 38, 700
	punyBias, punyFirst                            = 72, 128
	punyLimit                                      = 1 << 30
)

func punyAdapt(delta, points int, first bool) int {
	if first {
		delta /= punyDamp
	} else {
		delta /= 2
	}
	delta += delta / points
	k := 0
	for delta > (punyBase-punyMin)*punyMax/2 {
		delta /= punyBase - punyMin
		k += punyBase
	}
	return k + (punyBase-punyMin+1)*delta/(delta+punySkew)
}

func punyThreshold(k, bias int) int { return max(punyMin, min(punyMax, k-bias)) }

// punyDecode decodes one label without its xn--.
func punyDecode(code string) (string, bool) {
	var out []rune
	if len(code) > 255 {
		return "", false
	}
	if i := strings.LastIndexByte(code, '-'); i > 0 {
		out = []rune(code[:i])
		code = code[i+1:]
	}
	n, i, bias := punyFirst, 0, punyBias
	for code != "" {
		old, w := i, 1
		for k := punyBase; ; k += punyBase {
			if code == "" {
				return "", false
			}
			d := strings.IndexByte("abcdefghijklmnopqrstuvwxyz0123456789", code[0])
			code = code[1:]
			if d < 0 || w > punyLimit/punyBase {
				return "", false
			}
			i += d * w
			if i > punyLimit {
				return "", false
			}
			t := punyThreshold(k, bias)
			if d < t {
				break
			}
			w *= punyBase - t
		}
		bias = punyAdapt(i-old, len(out)+1, old == 0)
		n += i / (len(out) + 1)
		i %= len(out) + 1
		if n > 0x10ffff || n >= 0xd800 && n < 0xe000 {
			return "", false
		}
		out = append(out[:i], append([]rune{rune(n)}, out[i:]...)...)
		i++
	}
	return string(out), true
}
