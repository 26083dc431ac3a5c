package regex

import (
	"strings"
	"unicode"
)

// property gives the Latin-1 part of a Unicode property, as \p{name} names it. A name that is not known gives false:
// Perl may know it, or the program may define it.
func property(name string, fold bool) (byteSet, bool) {
	key, value, isPair := strings.Cut(strings.ReplaceAll(name, ":", "="), "=")
	norm := looseName(key)
	if isPair {
		switch norm {
		case "gc", "generalcategory", "category":
			norm = looseName(value)
			if _, posix := posixProperty(norm); posix && norm != "punct" && norm != "digit" && norm != "cntrl" {
				return byteSet{}, false
			}
		case "sc", "script", "scx", "scriptextensions":
			norm = looseName(value)
			for script, table := range unicode.Scripts {
				if looseName(script) == norm || norm == "latn" && script == "Latin" || norm == "zyyy" && script == "Common" ||
					norm == "grek" && script == "Greek" {
					return setOf(0x100, func(c rune) bool { return unicode.Is(table, c) }), true
				}
			}
			return byteSet{}, false
		default:
			return byteSet{}, false
		}
	}
	if len(norm) > 2 {
		norm = strings.TrimPrefix(norm, "is")
	}
	if fold {
		switch norm {
		case "lu", "ll", "uppercaseletter", "lowercaseletter":
			norm = "lc"
		case "upper", "lower", "uppercase", "lowercase", "xposixupper", "xposixlower", "lt", "title", "titlecase", "titlecaseletter":
			norm = "cased"
		case "posixupper", "posixlower":
			return setOf(0x80, unicode.IsLetter), true
		}
	}
	if is, ok := posixProperty(norm); ok {
		return setOf(0x100, is), true
	}
	if long, ok := longCategories[norm]; ok {
		norm = long
	}
	for category, table := range unicode.Categories {
		if len(category) <= 2 && strings.ToLower(category) == norm {
			return setOf(0x100, func(c rune) bool { return unicode.Is(table, c) }), true
		}
	}
	for script, table := range unicode.Scripts {
		if looseName(script) == norm {
			return setOf(0x100, func(c rune) bool { return unicode.Is(table, c) }), true
		}
	}
	return byteSet{}, false
}

// looseName drops what Perl ignores in names of properties.
func looseName(s string) string {
	return strings.Map(func(c rune) rune {
		if c == '_' || c == '-' || c == ' ' || c == '\t' {
			return -1
		}
		return unicode.ToLower(c)
	}, s)
}

var longCategories = map[string]string{
	"letter": "l", "casedletter": "lc", "l&": "lc", "uppercaseletter": "lu", "lowercaseletter": "ll",
	"titlecaseletter": "lt", "modifierletter": "lm", "otherletter": "lo", "mark": "m", "nonspacingmark": "mn",
	"spacingmark": "mc", "enclosingmark": "me", "number": "n", "decimalnumber": "nd", "letternumber": "nl",
	"othernumber": "no", "punctuation": "p", "punct": "p", "connectorpunctuation": "pc", "dashpunctuation": "pd",
	"openpunctuation": "ps", "closepunctuation": "pe", "initialpunctuation": "pi", "finalpunctuation": "pf",
	"otherpunctuation": "po", "symbol": "s", "mathsymbol": "sm", "currencysymbol": "sc", "modifiersymbol": "sk",
	"othersymbol": "so", "separator": "z", "spaceseparator": "zs", "lineseparator": "zl",
	"paragraphseparator": "zp", "other": "c", "control": "cc", "format": "cf", "surrogate": "cs", "privateuse": "co",
}

// posixProperty gives the properties that are named like classes.
func posixProperty(norm string) (func(rune) bool, bool) {
	if ascii, ok := strings.CutPrefix(norm, "posix"); ok {
		is := posixClass(ascii)
		if is == nil || ascii == "ascii" {
			return nil, false
		}
		return func(c rune) bool { return c < 0x80 && is(c) }, true
	}
	name := strings.TrimPrefix(norm, "xposix")
	if name != norm && (name == "ascii" || posixClass(name) == nil) {
		return nil, false
	}
	switch name {
	case "any", "all", "assigned", "unicode":
		return func(rune) bool { return true }, true
	case "unassigned", "cn":
		return func(rune) bool { return false }, true
	case "alphabetic":
		return unicode.IsLetter, true
	case "uppercase":
		return unicode.IsUpper, true
	case "lowercase":
		return isLower, true
	case "titlecase", "title":
		return unicode.IsTitle, true
	case "cased":
		return func(c rune) bool { return unicode.IsUpper(c) || isLower(c) }, true
	case "whitespace", "wspace", "spaceperl", "xperlspace":
		return isSpace, true
	case "perlspace":
		return func(c rune) bool { return c < 0x80 && isSpace(c) }, true
	case "perlword":
		return func(c rune) bool { return c < 0x80 && isWord(c) }, true
	case "horizspace":
		return isBlank, true
	case "vertspace":
		return func(c rune) bool { return c >= '\n' && c <= '\r' || c == 0x85 }, true
	case "basiclatin":
		return posixClass("ascii"), true
	case "hex", "hexdigit", "asciihexdigit", "ahex":
		return isXDigit, true
	case "latin1", "latin1supplement":
		return func(c rune) bool { return c >= 0x80 }, true
	case "punct":
		if name == norm {
			return unicode.IsPunct, true
		}
	}
	is := posixClass(name)
	return is, is != nil
}
