package lint

import (
	"fmt"
	"strings"

	"mavis/perlconf/diag"
)

// Selection says which codes count. The zero value takes all.
type Selection struct {
	Select []string // codes or their beginnings, such as "V" or "P1"; empty takes all
	Ignore []string // the same, taken out again
}

// Check refuses what no code begins with.
func (s Selection) Check() error {
	for _, list := range [][]string{s.Select, s.Ignore} {
		for _, prefix := range list {
			if !anyCode(prefix) {
				return fmt.Errorf("no code begins with %q; mavis explain-code lists all", prefix)
			}
		}
	}
	return nil
}

func anyCode(prefix string) bool {
	for _, r := range Rules() {
		if hasPrefix(r.Code, prefix) {
			return true
		}
	}
	return false
}

func hasPrefix(code, prefix string) bool {
	return prefix != "" && strings.HasPrefix(code, strings.ToUpper(prefix))
}

// Filter gives the diagnostics that count.
func (s Selection) Filter(ds []diag.Diagnostic) []diag.Diagnostic {
	var out []diag.Diagnostic
	for _, d := range ds {
		if (len(s.Select) == 0 || within(d.Code, s.Select)) && !within(d.Code, s.Ignore) {
			out = append(out, d)
		}
	}
	return out
}

func within(code string, prefixes []string) bool {
	for _, p := range prefixes {
		if hasPrefix(code, p) {
			return true
		}
	}
	return false
}
