package ingress

import (
	"bytes"
	"strings"
)

// maxCommand bounds a command line, in bytes. XFORWARD with seven values of 255 needs some 2 KiB, a SASL response up to
// 12 KiB (RFC 4954 section 4).
const maxCommand = 12<<10 + 512

// ParseCommand takes a line without CRLF apart: leading blanks, a verb of letters and digits, blanks, arguments. The verb
// comes in upper case.
func ParseCommand(line []byte) (verb, args string, ok bool) {
	line = bytes.Trim(line, " \t")
	n := 0
	for n < len(line) && (isLetter(line[n]) || n > 0 && isDigit(line[n])) {
		n++
	}
	if n == 0 || n < len(line) && line[n] != ' ' && line[n] != '\t' {
		return "", "", false
	}
	return strings.ToUpper(string(line[:n])), strings.TrimLeft(string(line[n:]), " \t"), true
}

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }
func isDigit(c byte) bool  { return '0' <= c && c <= '9' }

// parsePath reads the argument of MAIL or RCPT: the keyword ("FROM:" or "TO:"), a path in angle brackets and, after
// blanks, parameters. It takes what amavisd-new takes: any characters but blanks, with quotes in the local part and
// brackets in the domain. It does not take control characters, nor blanks in brackets, which the original lets through.
// path comes without its angle brackets, otherwise untouched.
func parsePath(args, keyword string) (path, params string, ok bool) {
	if len(args) < len(keyword) || !strings.EqualFold(args[:len(keyword)], keyword) {
		return "", "", false
	}
	s := strings.TrimLeft(args[len(keyword):], " \t")
	n := pathEnd(s)
	if n < 0 {
		return "", "", false
	}
	if rest := s[n:]; rest != "" {
		if params = strings.TrimLeft(rest, " \t"); params == rest {
			return "", "", false
		}
	}
	path = s[1 : n-1]
	for i := range len(path) {
		if path[i] < ' ' || path[i] == 0x7f {
			return "", "", false
		}
	}
	return path, params, true
}

// pathEnd gives the length of the path that s starts with, with its brackets, or -1.
func pathEnd(s string) int {
	if s == "" || s[0] != '<' {
		return -1
	}
	i := 1
	for ; i < len(s) && s[i] != '@' && s[i] != ' ' && s[i] != '\t'; i++ {
		if s[i] == '"' {
			if i = skipQuoted(s, i, '"'); i < 0 {
				return -1
			}
		}
	}
	if i == len(s) || s[i] != '@' { // no domain: the local part ran up to the bracket
		if i >= 2 && s[i-1] == '>' {
			return i
		}
		return -1
	}
	for ; i < len(s); i++ {
		switch s[i] {
		case '>':
			return i + 1
		case '[':
			from := i
			if i = skipQuoted(s, i, ']'); i < 0 || strings.ContainsAny(s[from:i], " \t<>\\") { // what the next hop might read as parameters
				return -1
			}
		case ']', '\\', ' ', '\t':
			return -1
		}
	}
	return -1
}

// skipQuoted gives the index of the closing character for the opening one at i; a backslash takes the next along.
func skipQuoted(s string, i int, closing byte) int {
	for i++; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case closing:
			return i
		}
	}
	return -1
}

// param is one name=value of MAIL or RCPT; the name in upper case.
type param struct {
	name, value string
	hasValue    bool
}

// parseParam takes a word of the parameters apart (RFC 5321 section 4.1.2, esmtp-param).
func parseParam(word string) (p param, ok bool) {
	name, value, has := strings.Cut(word, "=")
	if !isKeyword(name) || has && value == "" {
		return p, false
	}
	for i := range len(value) {
		if c := value[i]; c <= ' ' || c == '=' || c == 0x7f {
			return p, false
		}
	}
	return param{strings.ToUpper(name), value, has}, true
}

func isKeyword(s string) bool {
	for i := range len(s) {
		if !isLetter(s[i]) && !isDigit(s[i]) && (s[i] != '-' || i == 0) {
			return false
		}
	}
	return s != ""
}
